"""How many tokens the questions and answers of a run are: lm-eval does not count any.

Counted with the model's own tokenizer where it is known; where it is not, results have no such numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from recrm_tasks.answers.prompt import Message
from recrm_tasks.prompting.tokens import Tokens

_PART = 4_096

_tokenizer: list[Tokens] = []
"""That of this process's model: lm-eval has one per process, and hands none to a task's functions."""


def count_questions(documents: Iterator[dict[str, Any]], tokens: Tokens) -> Iterator[dict[str, Any]]:
    """Fills in `tokens` of each document: the length of its prompt, in the model's chat template where it has one."""
    _tokenizer[:] = [tokens]
    while part := list(islice(documents, _PART)):
        for document, length in zip(part, tokens.count_all([turns_of(document) for document in part]), strict=True):
            yield {**document, "tokens": length}


def cost_of(document: dict[str, Any], completion: object = "") -> dict[str, int]:
    """The metrics of one document that are summed up over a run, none if its prompt was not counted.

    Args:
        document: with the length of its prompt.
        completion: what the model wrote; nothing where log-probabilities were read.
    """
    if document["tokens"] is None:
        return {}
    written = completion if isinstance(completion, str) else ""
    return {"tokens_in": document["tokens"], "tokens_out": len(_tokenizer[0].of_text(written)) if written else 0}


def total(items: Sequence[int]) -> int:
    """The aggregation of both."""
    return sum(items)


def turns_of(document: dict[str, Any]) -> list[Message]:
    """The prompt of a document."""
    before = [Message(role="system", content=document["system"])] if document["system"] else []
    return [*before, Message(role="user", content=document["prompt"])]
