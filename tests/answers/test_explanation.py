"""What logs say of an answer: the words of the target, and where it was read."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.answers.explanation import of_numbers, of_text
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions


@cache
def first(key: str) -> Prompt:
    return next(iter(load(key, "sample", limit=4).prompts("generate")))


def said(key: str, text: str, prompt: Prompt | None = None, cut: bool = False) -> str:
    kind, prompt = dimension_of(key).kind, prompt or first(key)
    return of_text(kind.read(text, prompt), text, prompt, kind, cut)


@pytest.mark.parametrize("key", dimensions())
def test_a_right_answer_is_in_the_words_of_the_target(key: str) -> None:
    kind = dimension_of(key).kind
    for prompt in load(key, "sample").prompts("generate"):
        text = kind.answer(prompt, "generate")
        shown = kind.shown(kind.read(text, prompt).value, prompt)
        if isinstance(prompt.gold, tuple):
            target = json.loads(prompt.target)
            assert json.loads(shown)[: len(target)] == target
        else:
            assert shown == prompt.target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"answer": "B"}', 'B (inconsistent), read from the text: `{"answer": "B"}`'),
        ("It adds a fact.\n\nAnswer: B", "B (inconsistent), read from the last line: `Answer: B`"),
        ("Answer: B\n\nThe response adds a fact.", "B (inconsistent), read from the line: `Answer: B`"),
        ("<think>A or B?</think>\nB", "B (inconsistent), read from the text after 21 characters of thinking: `B`"),
        ("", "Unreadable (empty): there is no text"),
        ("<think>A or", "Unreadable (truncated): a thinking section or a JSON object is not closed: `<think>A or`"),
        ("I can't\nsay.", "Unreadable (no_answer): no answer in an accepted form: `I can't say.`"),
        ("Answer: A\nAnswer: B", "Unreadable (ambiguous): different answers, or one that is taken back: "
         "`Answer: A Answer: B`"),
        ('{"answer": "F"}', 'Unreadable (out_of_range): an answer that is not among those allowed: `{"answer": "F"}`'),
    ],
)  # fmt: skip
def test_of_texts(text: str, expected: str) -> None:
    assert said("factual", text) == expected


def test_a_long_text_is_shortened_and_its_marks_stay_a_quotation() -> None:
    found = said("factual", "no `code` " * 100, cut=True)
    assert len(found) < 350
    assert found.count("`") == 2
    assert "; the token limit cut it off: `no 'code' no" in found


def test_orders_without_those_that_were_not_named() -> None:
    prompt = first("ranking")
    a, b, *rest = prompt.choices
    assert said("ranking", json.dumps({"ranking": [b, a]})).startswith(f'["{b}", "{a}"], read from')
    assert len(rest) > 1


def test_of_numbers() -> None:
    kind, prompt = dimension_of("factual").kind, first("factual")

    def told(*numbers: float) -> str:
        return of_numbers(kind.read_numbers(numbers, prompt), numbers, prompt, kind)

    assert told(math.log(0.2), math.log(0.6)) == (
        "B (inconsistent). Probabilities of the allowed answers: A (consistent) 25.0%, B (inconsistent) 75.0%"
    )
    assert told(-1.0, -math.inf) == (
        "A (consistent). Probabilities of the allowed answers: A (consistent) 100.0%, B (inconsistent) not reported"
    )
    assert told(-1.0, -1.0).startswith("Unreadable (ambiguous): two answers are equally likely. Probabilities")
    assert told(-math.inf, -math.inf).startswith("Unreadable (no_answer): no allowed answer was reported. ")
    order, ranked = dimension_of("ranking").kind, first("ranking")
    numbers = [-float(i) for i in range(len(ranked.choices))]
    assert of_numbers(order.read_numbers(numbers, ranked), numbers, ranked, order).startswith('["A", "B", ')


def test_of_scores_of_contents() -> None:
    kind = dimension_of("factual").kind
    prompt = first("factual")._replace(question="q", choices=("a response",), words=())
    answer = kind.read_numbers([1.25], prompt)
    assert kind.shown(answer.value, prompt) == "1.25"
    assert of_numbers(answer, [1.25], prompt, kind) == "Scores that the model gave: 1.25"


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(sorted(dimensions())))
def test_every_text_has_one(text: str, key: str) -> None:
    found = said(key, text)
    assert "\n" not in found
    assert found.startswith("Unreadable (") == (dimension_of(key).kind.read(text, first(key)).reason is not None)
