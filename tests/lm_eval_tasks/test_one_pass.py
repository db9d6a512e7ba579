"""Which requests of lm-eval one request answers together."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from more_itertools import distribute

from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.one_pass import Encoded, SameToken, contiguous, one_token_questions, prompts_of
from recrm_tasks.models.server_tokens import MOST


def request(context: list[int], continuation: list[int], text: str = "A") -> Encoded:
    return (str(context), text), context, continuation


def test_continuations_of_one_token_share_a_question() -> None:
    requests = [
        request([3, 1], [7]),
        request([1, 2], [7]),
        request([1, 2], [8, 9]),
        request([1, 2], [8]),
        request([1, 2], []),
        request([], [7]),
        (None, [1, 2], [9]),
    ]
    questions, others = one_token_questions(requests, longest=100)
    assert [(one.prompt, one.answers) for one in questions] == [((1, 2), {7: [1], 8: [3]}), ((3, 1), {7: [0]})]
    assert others == [2, 4, 5, 6]
    sent = prompts_of(requests, questions, others, longest=100)
    assert sent == [(3, 1), (1, 2), (1, 2, 8, 9), (1, 2), (1, 2), (7,), (1, 2, 9)]


def test_a_beginning_that_all_answers_have() -> None:
    requests = [request([1, 2], [5, 7]), request([1, 2], [5, 8]), request([3], [5, 7]), request([3], [6])]
    questions, others = one_token_questions(requests, longest=100, alike={str([1, 2])})
    assert [(one.prompt, one.answers) for one in questions] == [((1, 2, 5), {7: [0], 8: [1]}), ((3,), {6: [3]})]
    assert others == [2]
    assert prompts_of(requests, questions, others, longest=100) == [(1, 2, 5), (1, 2, 5), (3, 5, 7), (3,)]


def test_what_lm_eval_cuts_goes_its_way() -> None:
    requests = [request([1, 2, 3], [7]), request([1, 2], [7])]
    questions, others = one_token_questions(requests, longest=3)
    assert others == [0]
    assert prompts_of(requests, questions, others, longest=3) == [(2, 3, 7), (1, 2)]


def test_not_more_answers_than_an_engine_reports() -> None:
    questions, others = one_token_questions([request([1], [token]) for token in range(MOST + 2)], longest=100)
    assert len(questions[0].ids) == MOST
    assert others == [MOST, MOST + 1]


def test_two_answers_of_one_token_are_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """They get the same number, as in lm-eval's own models, so that they tie."""
    requests = [request([1], [7], "Ａ"), request([1], [7], "A"), request([1], [8], "B"), request([1], [8], "B")]
    (question,), others = one_token_questions(requests, longest=100)
    assert question.answers == {7: [0, 1], 8: [2, 3]}
    assert not others
    look = SameToken()
    with caplog.at_level(logging.WARNING):
        look.look(question, requests)
        look.look(question, requests)
    (record,) = caplog.records
    assert "one token for the answers 'A' and 'Ａ', so they get the same probability" in record.message


@given(st.lists(st.tuples(st.lists(st.integers(0, 3), max_size=5), st.lists(st.integers(0, 3), max_size=2))))
def test_every_request_is_answered_once(pairs: list[Any]) -> None:
    requests = [request(*pair) for pair in pairs]
    questions, others = one_token_questions(requests, longest=5)
    places = [*chain.from_iterable(chain(*one.answers.values()) for one in questions), *others]
    assert sorted(places) == list(range(len(requests)))
    assert [one.prompt for one in questions] == sorted({one.prompt for one in questions})


@given(st.integers(0, 40), st.integers(1, 5))
def test_each_engine_gets_prompts_that_follow_one_another(count: int, engines: int) -> None:
    order = contiguous(count, engines)
    assert sorted(order) == list(range(count))
    for part in map(list, distribute(engines, order)):  # as lm-eval deals them out
        assert part == list(range(part[0], part[0] + len(part))) if part else not count or count < engines


def test_without_vllm_one_message_says_what_is_missing() -> None:
    if find_spec("vllm") is not None:
        pytest.skip("vLLM is installed here")
    with pytest.raises(RecrmError, match="recrm-vllm needs vllm: pip install 'recrm-tasks"):
        import_module("recrm_tasks.lm_eval_tasks.vllm_model")
