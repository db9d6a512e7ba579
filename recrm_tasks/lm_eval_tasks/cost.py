"""Counts the tokens of the prompts and answers of a run, since lm-eval does not.

They are counted with the model's own tokenizer. If it is not known, results have no token counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from recrm_tasks.answers.prompt import Message
from recrm_tasks.prompting.tokens import Tokens

_PART = 4_096

_tokenizer: list[Tokens] = []
"""The tokenizer of this process's model: lm-eval has one model per process and does not pass it to tasks."""


def count_questions(documents: Iterator[dict[str, Any]], tokens: Tokens) -> Iterator[dict[str, Any]]:
    """Sets `tokens` of each document: the length of its prompt, in the model's chat template if it has one."""
    _tokenizer[:] = [tokens]
    while part := list(islice(documents, _PART)):
        for document, length in zip(part, tokens.count_all([turns_of(document) for document in part]), strict=True):
            yield {**document, "tokens": length}


def cost_of(document: dict[str, Any], completion: object = "") -> dict[str, int]:
    """The token metrics of one document, which are summed over a run; none if its prompt was not counted.

    Args:
        document: with the length of its prompt.
        completion: what the model wrote; empty in log-probability mode.
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
