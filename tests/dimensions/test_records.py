"""Records: what each dimension accepts, and what the message says where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import DataError, HarnessError

KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")
SAMPLE = Path(__file__).resolve().parents[2] / "recrm_tasks" / "data" / "sources" / "sample"
DROPPED = object()


def row(key, **changes):
    """A good record of the sample, changed; DROPPED takes a field away."""
    good = json.loads((SAMPLE / f"{key}.jsonl").read_text(encoding="utf-8").splitlines()[0])
    return {name: value for name, value in {**good, **changes}.items() if value is not DROPPED}


def refusal(tmp_path, key, changed):
    """The message for a file of one good line and one bad one."""
    file = tmp_path / "rows.jsonl"
    good = row(key, id="good")
    file.write_text("\n".join(json.dumps(r) for r in (good, changed)), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(key, str(file))
    message = str(caught.value)
    assert f"{file}, line 2: " in message
    assert message.startswith("1 of 2 rows")
    return message.partition("line 2: ")[2].partition("\n")[0]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"id": DROPPED}, "id", "no id"),
        ({"id": None}, "id", "no id"),
        ({"id": ""}, "id", "no id"),
        ({"lang": DROPPED}, "lang", "found None"),
        ({"lang": "de"}, "lang", "found 'de'"),
        ({"meta": "x"}, "meta", 'expected an object, found "x"'),
        ({"meta": 0}, "meta", 'found "0"'),
        ({"meta": []}, "meta", "found []"),
        ({"extra": 1}, "extra", "no such field"),
        ({"lable": 1}, "lable", "no such field"),
        ({"messages": []}, "messages", "no turn"),
        ({"messages": " "}, "messages", "an empty prompt"),
        ({"messages": {"role": "user", "content": "x"}}, "messages", "expected a list of turns or a text, found dict"),
        ({"messages": ["x"]}, "messages", "expected a turn with role and content, found str"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages", "found 'robot'"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages", "the turn of user has no text"),
        ({"messages": [{"role": "user"}]}, "messages", "the turn of user has no text"),
    ],
)
def test_common_fields(tmp_path, key, changes, field, told):
    message = refusal(tmp_path, key, row(key, **changes))
    assert message.startswith(f"{field}: ")
    assert told in message


@pytest.mark.parametrize(
    ("key", "changes", "field", "told"),
    [
        ("instruction", {"instruction": DROPPED}, "instruction", "Field required"),
        ("instruction", {"query": None}, "query", "Field required"),
        ("instruction", {"response": DROPPED}, "response", "Field required"),
        ("instruction", {"label": DROPPED}, "label", "no label"),
        ("instruction", {"label": 1}, "label", "'1' is not in the declared set"),
        ("instruction", {"label": ["follows"]}, "label", "is not in the declared set"),
        ("factual", {"evidence": []}, "evidence", "needs at least 1, found none"),
        ("factual", {"evidence": [None]}, "evidence", "needs at least 1, found none"),
        ("factual", {"evidence": DROPPED}, "evidence", "Field required"),
        ("relevance", {"item": DROPPED}, "item", "Field required"),
        ("behavior", {"label": 2}, "label", "'2' is not in the declared set 0, 1"),
        ("behavior", {"label": 0.5}, "label", "'0.5' is not in the declared set 0, 1"),
        ("behavior", {"label": True}, "label", "'true' is not in the declared set 0, 1"),
        ("behavior", {"label": DROPPED}, "label", "no label"),
        ("behavior", {"history": DROPPED}, "history", "Field required"),
        ("behavior", {"profile": DROPPED}, "profile", "Field required"),
        ("ranking", {"candidates": DROPPED}, "candidates", "Field required"),
        ("ranking", {"candidates": "x"}, "candidates", "expected a list, found str"),
        ("ranking", {"candidates": [{"id": "c1", "text": "x"}], "labels": [1]}, "candidates", "at least 2, found 1"),
        (
            "ranking",
            {"candidates": [{"id": "", "text": "x"}] * 2, "labels": [1, 0]},
            "candidates",
            "number 1 has no id",
        ),
        ("ranking", {"candidates": [{"id": "a"}] * 2, "labels": [1, 0]}, "candidates", "number 1 has no text"),
        ("ranking", {"labels": DROPPED}, "labels", "no label"),
        ("ranking", {"labels": [0, 1.5, 0, 0, 0]}, "labels", "'1.5' is not a grade"),
        ("ranking", {"labels": [0, None, 1, 0, 0]}, "labels", "is not a grade"),
        ("ranking", {"labels": [0, 1 << 64, 0, 0, 0]}, "labels", "is not a grade"),
        ("ranking", {"labels": "01000"}, "labels", "'01000' names none"),
        ("ranking", {"labels": 7}, "labels", "'7' names none"),
    ],
)
def test_own_fields(tmp_path, key, changes, field, told):
    message = refusal(tmp_path, key, row(key, **changes))
    assert message.startswith(f"{field}: ")
    assert told in message


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("key", "changes", "same"),
    [
        ("factual", {"id": 7}, {"id": "7"}),
        ("instruction", {"response": 4.0}, {"response": "4"}),
        ("instruction", {"response": True}, {"response": "true"}),
        ("instruction", {"response": ["x", 1]}, {"response": '["x",1]'}),
        ("instruction", {"response": {"x": None}}, {"response": "{}"}),
        ("relevance", {"item": {"a": 4.0, "b": None, "c": [1, "x"]}}, {"item": "a: 4\nc: 1, x"}),
        ("relevance", {"category": 3}, {"category": "3"}),
        ("factual", {"evidence": "x\n\n y"}, {"evidence": ["x", "y"]}),
        ("factual", {"evidence": '["x", {"a": 1, "b": 2}]'}, {"evidence": ["x", "a: 1; b: 2"]}),
        ("behavior", {"history": 5}, {"history": ["5"]}),
        ("behavior", {"label": "1"}, {"label": 1}),
        ("behavior", {"label": 1.0}, {"label": 1}),
        ("ranking", {"query": 3}, {"query": "3"}),
    ],
)
def test_values_of_other_types_are_the_text_that_is_shown(tmp_path, key, changes, same, first):
    """Whatever the other rows of the file hold, and whichever row is read first."""
    file = tmp_path / "rows.jsonl"
    both = [row(key, id="good"), row(key, **changes)]
    file.write_text("\n".join(json.dumps(r) for r in (both if first else both[::-1])), encoding="utf-8")
    expected = row(key, **same)
    (found,) = (r for r in load(key, str(file)).records() if r.id == expected["id"])
    assert {name: getattr(found, name) for name in same} == same


def test_a_missing_source_is_the_files_name(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row("factual", source=DROPPED)), encoding="utf-8")
    assert [r.source for r in load("factual", str(file)).records()] == ["rows.jsonl"]


@pytest.mark.parametrize("key", KEYS)
def test_columns_that_begin_late_are_seen(tmp_path, key):
    """What is recognised rests on the first rows; the last line has fields that no other has."""
    late = {"id": "late", "group": "g", "split": "dev", "messages": [{"role": "user", "content": "?"}]}
    rows = [row(key, id=f"r{i}", split=DROPPED, meta=DROPPED) for i in range(1_200)]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(r) for r in [*rows, row(key, **late)]), encoding="utf-8")
    data = load(key, str(file), split="all")
    assert len(data) == 1_201
    (found,) = (r for r in data.records() if r.id == "late")
    assert (found.group, found.split, found.messages[0].content) == ("g", "dev", "?")
    assert found.meta == row(key)["meta"]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([1, 0], "labels: 2 labels for 5 candidates"),
        ([0, 0, 0, 0, 0], "at least one positive"),
        ([1, 1, 1, 1, 2], "one negative"),
        ([1, 0, 0, 0, -1], "grades cannot be negative"),
        ([], "labels: 0 labels for 5 candidates"),
    ],
)
def test_unusable_lists(tmp_path, labels, told):
    assert told in refusal(tmp_path, "ranking", row("ranking", labels=labels))


def test_candidates_with_one_id(tmp_path):
    twins = [{"id": "c1", "text": "x"}, {"id": "c1", "text": "y"}]
    assert "ids must differ" in refusal(tmp_path, "ranking", row("ranking", candidates=twins, labels=[0, 1]))


@pytest.mark.parametrize("key", KEYS[:3])
def test_label_outside_the_set(tmp_path, key):
    message = refusal(tmp_path, key, row(key, label="fine"))
    assert message.startswith("label: 'fine' is not in the declared set ")
    assert all(name in message for name in dimension(key).default_labels.names)
    assert "labels.json" in message


@pytest.mark.parametrize("key", KEYS)
def test_records_cannot_be_changed(key):
    record = next(load(key, "sample").records())
    with pytest.raises(ValidationError):
        record.id = "other"


LABEL = {"name": "a name", "value": 1, "zh": "甲", "en": "first"}
OTHER = {"name": "other", "value": 0, "zh": "乙", "en": "second"}


@pytest.mark.parametrize(
    "labels",
    [
        [LABEL],
        [LABEL, LABEL],
        [LABEL, {**OTHER, "name": "A NAME"}],
        [LABEL, {**OTHER, "zh": "甲"}],
        [LABEL, {**OTHER, "en": "First"}],
        [LABEL, {**OTHER, "value": 1.5}],
        [LABEL, {**OTHER, "value": -0.5}],
        [LABEL, {**OTHER, "value": float("nan")}],
        [LABEL, {**OTHER, "name": ""}],
        [LABEL, {**OTHER, "note": "x"}],
        [LABEL] + [{"name": f"n{i}", "value": 0, "zh": f"z{i}", "en": f"e{i}"} for i in range(26)],
    ],
)
def test_unusable_label_sets(labels):
    with pytest.raises(ValidationError):
        LabelSet.model_validate({"labels": labels})


@pytest.mark.parametrize(
    "labels",
    [
        [{**LABEL, "words": ["yes"]}, {**OTHER, "words": ["Yes"]}],
        [LABEL, {**OTHER, "words": ["甲"]}],
        [LABEL, {**OTHER, "name": "first"}],
        [LABEL, {**OTHER, "name": "甲。"}],
        [LABEL, {**OTHER, "name": "Ａ name"}],
        [LABEL, {**OTHER, "name": "a"}],
        [{**LABEL, "name": "b"}, OTHER],
        [LABEL, {**OTHER, "words": ["A"]}],
    ],
    ids=[
        "same word",
        "word is a meaning",
        "name is a meaning",
        "full stop",
        "full width",
        "letter",
        "other's letter",
        "letter as word",
    ],
)
def test_words_that_could_mean_two_labels_are_refused(labels):
    """An answer `yes`, or `A`, would be read as the first that fits: a guess."""
    with pytest.raises(ValidationError):
        LabelSet.model_validate({"labels": labels})


def test_a_letter_that_names_its_own_label_is_fine():
    """Labels called A and B in that order are no riddle."""
    found = LabelSet(labels=(Label(**{**LABEL, "name": "A"}), Label(**{**OTHER, "name": "B"})))
    assert found.names == ("A", "B")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("logprobs", [[], [0.0], [float("nan")] * 2, [float("inf"), 0.0], [0.0] * 30])
def test_broken_log_probabilities_are_the_harness_fault(key, logprobs):
    prompt = next(load(key, "sample").prompts("logprob"))
    if len(logprobs) == 2:
        logprobs = [logprobs[0]] * len(prompt.choices)
    with pytest.raises(HarnessError):
        dimension(key).kind.weigh(logprobs, prompt)


@pytest.mark.parametrize("key", KEYS)
def test_no_mass_on_any_answer_is_no_answer(key):
    prompt = next(load(key, "sample").prompts("logprob"))
    found = dimension(key).kind.weigh([float("-inf")] * len(prompt.choices), prompt)
    assert (found.value, found.reason) == (None, "no_answer")


def test_tie_of_log_probabilities():
    """Two labels that tie are ambiguous; candidates that tie are a tie; yes and no that tie are one half."""
    found = {
        k: dimension(k).kind.weigh([-1.0] * len(p.choices), p)
        for k in KEYS
        for p in [next(load(k, "sample").prompts("logprob"))]
    }
    assert [found[k].reason for k in KEYS[:3]] == ["ambiguous"] * 3
    assert found["behavior"].value == 0.5
    assert len(set(found["ranking"].value)) == 1
