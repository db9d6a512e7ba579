"""Examples and the completion style: what the prompts say, that examples are never evaluated, how answers are read."""

from __future__ import annotations

import json

import pytest

from recrm_tasks.answers.prompt import LANGS, MODES, STYLES
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting import Backend, Options, load_questions

CUE = {"en": "Answer:", "zh": "答案："}


def asked(key, mode="generate", **options):
    options = Options(**{"data": "sample", "split": "hash-test", **options})
    return list(load_questions(key, mode, Backend(), options)[0])


def text_of(prompt):
    return prompt.messages[-1].content


def answers_of(text, lang):
    """The examples' answers: the text after every cue but the last."""
    return [line.removeprefix(CUE[lang]).strip() for line in text.splitlines() if line.startswith(CUE[lang])][:-1]


@pytest.mark.parametrize("key", dimensions())
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("style", STYLES)
def test_examples_are_right_balanced_and_never_evaluated(key, mode, style):
    dim = dimension(key)
    plain = {p.id: p for p in asked(key, mode, style=style)}
    prompts = asked(key, mode, style=style, fewshot=4)
    assert [p.id for p in prompts] == list(plain)
    train = load(key, "sample", split="hash-train")
    for lang in LANGS:
        mine = [p for p in prompts if p.lang == lang]
        assert mine
        stated = {tuple(answers_of(text_of(p), lang)) for p in mine}
        assert len(stated) == 1  # the same for all, so that prefix caches hold them
        (given,) = stated
        assert len(given) == 4
        # Each is the body of a train record with that record's own right answer.
        found = []
        for record in train.records():
            example = dim.example(record, train.labels, mode, None, style)
            if all(f"\n\n{example}\n\n" in text_of(p) for p in mine):
                found.append(record)
        assert len(found) == 4
        assert {r.id for r in found}.isdisjoint(plain)
        assert all(r.lang == lang for r in found)
        if key != "ranking":
            assert len({r.label for r in found}) > 1
        for record in found:
            prompt = dim.prompt(record, train.labels, mode)._replace(style=style)
            answer = dim.example(record, train.labels, mode, None, style).rpartition(CUE[lang])[2].strip()
            if mode == "logprob":
                assert answer in prompt.choices
            else:
                outcome = prompt.outcome(dim.kind.read(answer, prompt))
                assert outcome.reason is None
                assert dim.kind.credit(outcome) == 1


def test_examples_depend_on_the_seed_and_not_on_the_limit():
    def beginning(**options):
        return text_of(asked("behavior", lang="en", fewshot=3, **options)[0])[:900]

    assert asked("behavior", fewshot=2, limit=4) == asked("behavior", fewshot=2)[:4]
    assert beginning() == beginning(limit=1)
    assert beginning() != beginning(seed=1)


def test_examples_follow_the_prompts_language():
    for prompt in asked("relevance", fewshot=2, prompt_lang="en"):
        assert text_of(prompt).count("\nAnswer:") == 3
        assert "答案" not in text_of(prompt)


@pytest.mark.parametrize("split", [None, "all"])
def test_no_examples_where_all_records_are_evaluated(split):
    with pytest.raises(RecrmError, match="this run evaluates all records: add split=hash-test"):
        asked("factual", fewshot=1, split=split)
    with pytest.raises(RecrmError, match="evaluates the split 'hash-train'"):
        asked("factual", fewshot=1, split="hash-train")


def test_more_examples_than_there_are():
    with pytest.raises(DataError, match=r"not enough records for 500 examples .*split 'hash-train' has only \d+ in"):
        asked("factual", fewshot=500)


def pair(number, split, query, item, **more):
    return {
        "id": f"r{number}", "dimension": "relevance", "lang": "en", "source": "test", "split": split, "query": query,
        "item": item, "label": ("relevant", "partial", "irrelevant")[number % 3], **more,
    }  # fmt: skip


def test_the_sources_train_split_without_the_same_text_or_user(tmp_path):
    """Of six train records two are the test's: one says the same, one is of the same user."""
    rows = [
        pair(0, "test", "noodles", "Noodle Bar", group="anna"),
        pair(1, "test", "tea", "Tea House"),
        pair(0, "train", "noodles", "Noodle Bar", group="zoe") | {"id": "same-text"},
        pair(2, "train", "coffee", "Cafe", group="anna") | {"id": "same-user"},
        *(pair(n, "train", f"query {n}", f"item {n}", group=f"user {n}") for n in range(10, 14)),
    ]
    file = tmp_path / "relevance.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    prompts = asked("relevance", data=str(file), split=None, fewshot=4)
    assert len(prompts) == 2
    for prompt in prompts:
        assert all(f"query {n}" in text_of(prompt) for n in range(10, 14))
        assert "coffee" not in text_of(prompt)
    with pytest.raises(DataError, match="split 'train' has only 4 in 'en'"):
        asked("relevance", data=str(file), split=None, fewshot=5)


@pytest.mark.parametrize("key", dimensions())
@pytest.mark.parametrize("lang", LANGS)
def test_completion_prompts_ask_for_the_bare_answer(key, lang):
    for prompt in asked(key, style="completion", prompt_lang=lang):
        text = text_of(prompt)
        assert "JSON" not in text
        assert "{" not in text.partition("\n\n")[0]
        assert text.endswith(f"\n\n{CUE[lang]}")
        assert prompt.style == "completion"
    assert asked(key, "logprob", style="completion") == [
        p._replace(style="completion") for p in asked(key, "logprob")
    ]  # a letter is asked for anyway


def test_a_base_models_answer_is_its_first_line():
    dim = dimension("factual")
    (prompt, *_) = asked("factual", style="completion")
    for text, value in [
        (" B\n\n[User query]\nAnother?\n\nAnswer: A", 1),
        ("\nA. consistent\nAnswer: B", 0),
        (" A", 0),
    ]:
        assert dim.kind.read(text, prompt).value == value
    # Of a chat model all lines count: these are two answers.
    assert dim.kind.read(" B\nAnswer: A", prompt._replace(style="chat")).reason == "ambiguous"
    assert dim.kind.read(" C", prompt).reason == "out_of_range"
    assert dim.kind.read("\n\n", prompt).reason == "empty"
    assert dim.kind.read("The answer\nB", prompt).reason == "no_answer"
    # A list of options, repeated or invented, has chosen none.
    for text in [
        "A. fully supported\nB. contradicts the evidence\n\nAnswer with",
        "A. 8 people\n\nB. 6\nC. 570",
        "- yes\n- no\n\nEnd",
    ]:
        assert dim.kind.read(text, prompt).reason == "ambiguous"
    for text in [
        "B. it adds a fact\nB. it adds a fact",
        "- B\n- the reply adds a fact",
        "B. it adds a fact\n\n[User query]\nA. x",
    ]:
        assert dim.kind.read(text, prompt).value == 1
    (prompt, *_) = asked("ranking", style="completion")
    order = ", ".join(reversed(prompt.choices))
    assert dim.kind.read(None, prompt).reason == "empty"
    assert dimension("ranking").kind.read(f" {order}\nA, B", prompt).reason is None
    (prompt, *_) = asked("behavior", style="completion")
    assert dimension("behavior").kind.read(" 0.25\n0.9", prompt).value == 0.25


def test_ready_prompts_take_no_other_form(tmp_path):
    row = {"dimension": "factual", "lang": "en", "source": "test", "label": "consistent"}
    rows = [
        {**row, "id": name, "split": split, "messages": [{"role": "user", "content": f"{name}? A or B"}]}
        for name, split in (("a", "test"), ("b", "train"))
    ]
    file = tmp_path / "factual.jsonl"
    file.write_text("\n".join(json.dumps(r) for r in rows))
    assert text_of(asked("factual", data=str(file), split=None)[0]) == "a? A or B"
    with pytest.raises(DataError, match="a: its prompt is ready-made; neither style nor fewshot"):
        asked("factual", data=str(file), split=None, style="completion")
    with pytest.raises(DataError, match="b: its prompt is ready-made, so it cannot be an example"):
        asked("factual", data=str(file), split=None, fewshot=1)
