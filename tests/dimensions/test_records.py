"""Records: what each dimension accepts, and what the message says where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension
from recrm_tasks.dimensions.base import Label, LabelSet
from recrm_tasks.errors import DataError, HarnessError

KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")
SAMPLE = Path(__file__).resolve().parents[2] / "recrm_tasks" / "data" / "sample"
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
        ({"id": DROPPED}, "id", "Field required"),
        ({"id": ""}, "id", 'found ""'),
        ({"id": 7}, "id", "found 7"),
        ({"lang": DROPPED}, "lang", "Field required"),
        ({"lang": "de"}, "lang", 'found "de"'),
        ({"source": DROPPED}, "source", "Field required"),
        ({"split": 1}, "split", "found 1"),
        ({"meta": "x"}, "meta", 'found "x"'),
        ({"extra": 1}, "extra", "Extra inputs are not permitted, found 1"),
        ({"lable": 1}, "lable", "Extra inputs are not permitted"),
        ({"messages": []}, "messages", "at least 1 item"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role", 'found "robot"'),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0.content", "at least 1 character"),
        ({"messages": [{"role": "user"}]}, "messages.0.content", "Field required"),
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
        ("instruction", {"response": ["x"]}, "response", 'found ["x"]'),
        ("instruction", {"query": None}, "query", "found null"),
        ("instruction", {"label": DROPPED}, "label", "Field required"),
        ("instruction", {"label": 1}, "label", "found 1"),
        ("factual", {"evidence": []}, "evidence", "at least 1 item"),
        ("factual", {"evidence": "x"}, "evidence", 'found "x"'),
        ("relevance", {"item": DROPPED}, "item", "Field required"),
        ("relevance", {"category": 3}, "category", "found 3"),
        ("behavior", {"label": 2}, "label", "found 2"),
        ("behavior", {"label": "1"}, "label", 'found "1"'),
        ("behavior", {"label": DROPPED}, "label", "Field required"),
        ("behavior", {"history": "x"}, "history", 'found "x"'),
        ("behavior", {"profile": DROPPED}, "profile", "Field required"),
        ("ranking", {"candidates": [{"id": "c1", "text": "x"}], "labels": [1]}, "candidates", "at least 2 items"),
        ("ranking", {"candidates": [{"id": "", "text": "x"}] * 2, "labels": [1, 0]}, "candidates.0.id", "at least 1"),
        ("ranking", {"candidates": [{"id": "a"}] * 2, "labels": [1, 0]}, "candidates.0.text", "Field required"),
        ("ranking", {"labels": [0, 1.5, 0, 0, 0]}, "labels.1", "found 1.5"),
        ("ranking", {"labels": "01000"}, "labels", 'found "01000"'),
        ("ranking", {"query": 3}, "query", "found 3"),
    ],
)
def test_own_fields(tmp_path, key, changes, field, told):
    message = refusal(tmp_path, key, row(key, **changes))
    assert message.startswith(f"{field}: ")
    assert told in message


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
    record = load(key, "sample").records[0]
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
    prompt = load(key, "sample").prompts("logprob")[0]
    if len(logprobs) == 2:
        logprobs = [logprobs[0]] * len(prompt.choices)
    with pytest.raises(HarnessError):
        dimension(key).weigh(logprobs, prompt)


@pytest.mark.parametrize("key", KEYS)
def test_no_mass_on_any_answer_is_no_answer(key):
    prompt = load(key, "sample").prompts("logprob")[0]
    found = dimension(key).weigh([float("-inf")] * len(prompt.choices), prompt)
    assert (found.value, found.reason) == (None, "no_answer")


def test_tie_of_log_probabilities():
    """Two labels that tie are ambiguous; candidates that tie are a tie; yes and no that tie are one half."""
    found = {
        k: dimension(k).weigh([-1.0] * len(p.choices), p)
        for k in KEYS
        for p in load(k, "sample").prompts("logprob")[:1]
    }
    assert [found[k].reason for k in KEYS[:3]] == ["ambiguous"] * 3
    assert found["behavior"].value == 0.5
    assert len(set(found["ranking"].value)) == 1
