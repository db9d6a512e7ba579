"""Answers of one token to the same prompt, which one request for one token can answer together."""

from __future__ import annotations

import logging
from collections.abc import Collection, Hashable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from recrm_tasks.lm_eval_tasks.cost import count_request
from recrm_tasks.models.server_tokens import MOST
from recrm_tasks.models.usage import Usage

_log = logging.getLogger(__name__)

Encoded: TypeAlias = tuple[Any, list[int], list[int]]
"""A request as lm-eval passes it to `_loglikelihood_tokens`: its key in the cache of answers (None for a part of a
rolling log-likelihood), the tokens of its context, and those of its continuation."""
Answer: TypeAlias = tuple[float, bool]
"""The log-likelihood of a continuation, and whether it is the most likely token of all."""


class Question(NamedTuple):
    """A prompt and the tokens whose log-probabilities are wanted."""

    prompt: tuple[int, ...]
    answers: dict[int, list[int]]
    """The places of the requests, by the token of their continuation."""

    @property
    def ids(self) -> list[int]:
        """The tokens of the answers."""
        return list(self.answers)


def one_token_questions(
    requests: Sequence[Encoded], longest: int, alike: Collection[str] = ()
) -> tuple[list[Question], list[int]]:
    """Puts requests together that differ in the last token of their continuation only.

    The tokens are lm-eval's own: of the context, and of what the continuation adds to it. lm-eval counts white space at
    the end of a context as a part of the continuation, so that a chat template that ends with a line break makes two
    tokens of a letter. The log-likelihood of such a beginning is left out: it is the same for all answers.

    Args:
        requests: in any order.
        longest: the most tokens of a context with its continuation. lm-eval cuts longer ones.
        alike: the contexts whose answers, all of them, begin with the same tokens. Of others only continuations of one
            token are asked for together.

    Returns:
        The questions, ordered by their tokens, so that equal beginnings follow one another and the engine finds them in
        its prefix cache; and the places of the requests that have to go lm-eval's own way.
    """
    found: dict[tuple[int, ...], Question] = {}
    others: list[int] = []
    for place, (key, context, continuation) in enumerate(requests):
        prompt = (*context, *continuation[:-1])
        one = len(continuation) == 1 or (key is not None and key[0] in alike)
        if key is None or not one or not continuation or not context or len(prompt) >= longest:
            others.append(place)
            continue
        question = found.setdefault(prompt, Question(prompt, {}))
        token = continuation[-1]
        if token not in question.answers and len(question.answers) == MOST:
            others.append(place)
        else:
            question.answers.setdefault(token, []).append(place)
    return [found[prompt] for prompt in sorted(found)], others


def prompts_of(
    requests: Sequence[Encoded], questions: Sequence[Question], others: Collection[int], longest: int
) -> list[tuple[int, ...]]:
    """The tokens that were sent for each request.

    Args:
        requests: as for `one_token_questions`, which made the questions of them.
        questions: what was asked together.
        others: the places of the requests that went lm-eval's own way.
        longest: the most tokens that lm-eval sends.
    """
    together = {place: one.prompt for one in questions for places in one.answers.values() for place in places}
    return [
        tuple([*context, *continuation][-longest:]) if place in others else together[place]
        for place, (_, context, continuation) in enumerate(requests)
    ]


def contiguous(count: int, engines: int) -> list[int]:
    """An order in which each engine gets prompts that follow one another, although lm-eval deals them out in turns."""
    parts = (part.tolist() for part in np.array_split(np.arange(count), engines))
    return [place for row in zip_longest(*parts) for place in row if place is not None]


class SameToken:
    """Warns once of two answers that are one token: they get the same probability, as in lm-eval's own models."""

    def __init__(self) -> None:
        self._said = False

    def look(self, question: Question, requests: Sequence[Encoded]) -> None:
        """Looks at the answers to one question."""
        if self._said:
            return
        for places in question.answers.values():
            texts = sorted({requests[place][0][1] for place in places})
            if len(texts) > 1:
                self._said = True
                _log.warning(
                    "this tokenizer has one token for the answers %s, so they get the same probability, and nothing "
                    "can tell them apart. Use other labels, or generated answers",
                    " and ".join(map(repr, texts)),
                )


class Meter:
    """What the engine counted for each prompt, until it is known which documents it was for."""

    def __init__(self) -> None:
        self._by_prompt: dict[int, list[Usage]] = {}
        self._asked: list[int] = []

    def add(self, prompt: Hashable, usage: Usage) -> None:
        """Adds a request with this prompt."""
        self._by_prompt.setdefault(hash(prompt), []).append(usage)

    def asks(self, prompts: Sequence[Hashable]) -> None:
        """The prompts of the requests that are asked next, in the order of those. The first of several with the same
        prompt gets what it cost."""
        self._asked = [hash(prompt) for prompt in prompts]

    def charge(self, requests: Sequence[Any]) -> None:
        """Adds what was counted to the costs of the documents.

        Args:
            requests: lm-eval's instances, in the order of `asks`. What was counted for a prompt that is none of these,
                since lm-eval cut it, is added to the first one.
        """
        ours = [request for request in requests if "dimension" in request.doc]
        for request, prompt in zip(requests, self._asked, strict=True):
            usages = self._by_prompt.pop(prompt, ())
            for usage in usages if "dimension" in request.doc else ():
                count_request(request, usage)
        for usages in self._by_prompt.values() if ours else ():
            for usage in usages:
                count_request(ours[0], usage)
        self.forget()

    def forget(self) -> None:
        """Removes what was counted for requests of other tasks."""
        self._by_prompt.clear()
        self._asked = []
