"""What the questions of a run cost: as the engine counted, else the tokens of prompts and answers.

lm-eval counts no tokens, and does not pass its model to tasks. The models of this package report what their engine
counted (`count_request`). For other models the tasks count prompts and answers with the model's own tokenizer. If that
is not known, results have no counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias

from recrm_tasks.answers.prompt import Message, Mode
from recrm_tasks.models.usage import FIELDS, Usage
from recrm_tasks.models.usage import total as total_of
from recrm_tasks.prompting.tokens import Tokens

_PART = 4_096

_tokenizer: list[Tokens] = []
"""The tokenizer of this process's model: lm-eval has one model per process."""

_Question: TypeAlias = tuple[Mode, str, str]
"""Mode, dimension and id. If two tasks of a run ask the same, the first one gets the counts of both."""


class _Counts:
    """What the engine counted for questions that have no result yet. lm-eval asks all questions first, and scores a
    document in the process that asked about it."""

    def __init__(self) -> None:
        self._by_question: dict[_Question, Usage] = {}
        self._whole: Usage | None = None

    def add(self, question: _Question, usage: Usage) -> None:
        """Adds the counts of some requests about a question."""
        known = self._by_question.get(question)
        self._by_question[question] = usage if known is None else total_of([known, usage])
        self._whole = usage if self._whole is None else total_of([self._whole, usage])

    def take(self, question: _Question) -> dict[str, int] | None:
        """The counts that are known of the whole run; 0 for an answer that needed no request. None if the engine does
        not count."""
        if self._whole is None:
            return None
        known = [name for name in FIELDS if getattr(self._whole, name) is not None]
        usage = self._by_question.pop(question, Usage())
        return {name: getattr(usage, name) or 0 for name in known}


_counts = _Counts()


def count_request(request: Any, usage: Usage) -> None:
    """Adds to the cost of a document what the engine counted. A model calls it before it returns its answers.

    Args:
        request: lm-eval's `Instance` that was asked about. For one with several requests, or several instances of one
            document that share a request, each request is reported once, in any number of calls.
        usage: what the engine counted.
    """
    mode: Mode = "generate" if request.request_type == "generate_until" else "logprob"
    _counts.add((mode, request.doc["dimension"], request.doc["id"]), usage)


def forget_requests() -> None:
    """Removes the counts of an earlier run in this process. Tasks call it when they load their documents."""
    global _counts
    _counts = _Counts()


def count_questions(documents: Iterator[dict[str, Any]], tokens: Tokens) -> Iterator[dict[str, Any]]:
    """Sets `tokens` of each document: the length of its prompt, in the model's chat template if it has one."""
    _tokenizer[:] = [tokens]
    while part := list(islice(documents, _PART)):
        for document, length in zip(part, tokens.count_all([turns_of(document) for document in part]), strict=True):
            yield {**document, "tokens": length}


def cost_of(document: Mapping[str, Any], mode: Mode, completion: object = "") -> dict[str, int]:
    """What one document cost, to be summed over a run: names of `Usage`, as far as they are known.

    Without the engine's counts these are `tokens_in`, each prompt once however often the engine got it, and
    `tokens_out`.

    Args:
        document: with the length of its prompt.
        mode: how it was asked.
        completion: what the model wrote; empty in log-probability mode.
    """
    counted = _counts.take((mode, document["dimension"], document["id"]))
    if counted is not None:
        return counted
    if document["tokens"] is None:
        return {}
    written = completion if isinstance(completion, str) else ""
    return {"tokens_in": document["tokens"], "tokens_out": len(_tokenizer[0].of_text(written)) if written else 0}


def turns_of(document: Mapping[str, Any]) -> list[Message]:
    """The prompt of a document."""
    before = [Message(role="system", content=document["system"])] if document["system"] else []
    return [*before, Message(role="user", content=document["prompt"])]
