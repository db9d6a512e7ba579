"""Whether prompts fit a model's context; records whose prompts do not are told, or shortened and counted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import Message, Prompt
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting.tokens import Tokens, context_of, tokens_of

OVERFLOWS = ("stop", "shorten")

_MARGIN = 16
"""Tokens that a tokenizer may add of its own."""


class Backend(NamedTuple):
    """What a harness knows of the model before a run."""

    tokenizer: str | None = None
    """Folder or name; None for models whose tokenizer is not to be had."""
    context: int | None = None
    """Tokens that a prompt and its answer may take together; by default what the model's config says."""
    options: tuple[tuple[str, Any], ...] = ()
    """Further arguments of `from_pretrained`."""


class Fit:
    """Checks the prompts of one run, and whether each answer that a log-probability is asked of is one token.

    Args:
        tokens: the model's tokenizer.
        context: tokens that a prompt and its answer may take together.
        answer: tokens of it that the answer may take.
        shorten: whether records whose prompts do not fit are shortened as far as needed.
    """

    def __init__(self, tokens: Tokens, context: int, answer: int, shorten: bool) -> None:
        self.tokens, self.context, self.answer, self.shorten = tokens, context, answer, shorten
        self.records = self.shortened = self.history = self.candidates = 0
        self.long_labels = 0
        self._misfits = 0
        self._longest = ("", 0)
        self._one_token: dict[tuple[str, ...], bool] = {}
        self._template = len(tokens.render([Message(role="user", content="?")]).encode()) + _MARGIN

    def prompts(self, kind: Dimension, record: Any, make: Callable[[Any], Sequence[Prompt]]) -> Sequence[Prompt]:
        """A record's prompts; of a shorter record, if these do not fit and that is allowed.

        Args:
            kind: the record's dimension.
            record: a checked record.
            make: puts a record as prompts.
        """
        self.records += 1
        prompts = make(record)
        if prompts[0].choices not in self._one_token:
            self._one_token[prompts[0].choices] = all(self._is_token(choice) for choice in prompts[0].choices)
        self.long_labels += not self._one_token[prompts[0].choices]
        if self._fits(prompts):
            return prompts
        steps = kind.steps(record) if self.shorten else 0
        # The first number of steps that is enough; one more than there are, if none is.
        enough = 1 + bisect_left(range(1, steps + 1), True, key=lambda n: self._fits(make(kind.shorter(record, n))))
        if enough <= steps:
            shorter = kind.shorter(record, enough)
            self.shortened += 1
            self.history += len(record.history) - len(shorter.history)
            self.candidates += len(getattr(record, "candidates", ())) - len(getattr(shorter, "candidates", ()))
            return make(shorter)
        self._misfits += 1
        longest = max(self.tokens.count(prompt.messages) for prompt in prompts)
        self._longest = max(self._longest, (record.id, longest), key=lambda pair: pair[1])
        return prompts

    def close(self) -> dict[str, Any]:
        """What was found, for the provenance, once all records were seen.

        Raises:
            DataError: prompts do not fit.
        """
        if self._misfits:
            name, size = self._longest
            way_out = (
                "they cannot be shortened further: take a model with more context"
                if self.shorten
                else "take a model with more context, or overflow=shorten (lm-eval: recrm_overflow), which drops the "
                "oldest history, then candidates from the far end, and counts them"
            )
            raise DataError(
                f"{self._misfits} of {self.records} prompts do not fit: the context has {self.context} tokens, "
                f"{self.answer} of them for the answer, and the longest prompt has {size} (record {name}); {way_out}"
            )
        return {
            "tokenizer": self.tokens.name,
            "context": self.context,
            "answer_tokens": self.answer,
            "shortened": self.shortened,
            "history_dropped": self.history,
            "candidates_dropped": self.candidates,
            "labels_of_several_tokens": self.long_labels,
        }

    def _is_token(self, choice: str) -> bool:
        # Behind a chat template an answer begins at once, in plain text behind a space.
        return len(self.tokens.of_text(choice if self.tokens.has_chat_template else f" {choice}")) == 1

    def _fits(self, prompts: Sequence[Prompt]) -> bool:
        room = self.context - self.answer
        for prompt in prompts:
            # No token is less than a byte: a prompt of few bytes fits, and a million of them need no tokenizer.
            size = sum(len(m.content.encode()) for m in prompt.messages) + self._template * len(prompt.messages)
            if size > room and self.tokens.count(prompt.messages) > room:
                return False
        return True


def fit_of(backend: Backend, tokenizer: str | None, context: int | str | None, answer: int, overflow: str) -> Fit | str:
    """The check of a run, or why there can be none.

    Args:
        backend: what the harness knows of the model.
        tokenizer: the user's choice, before the backend's.
        context: likewise.
        answer: tokens that an answer may take.
        overflow: one of `OVERFLOWS`.

    Raises:
        RecrmError: the user's choice cannot be followed.
    """
    if overflow not in OVERFLOWS:
        raise RecrmError(f"unknown overflow {overflow!r}: it is {' or '.join(OVERFLOWS)}")
    asked = overflow == "shorten" or tokenizer is not None or context is not None
    room = _number(context) if context is not None else backend.context
    tokens = tokens_by(backend, tokenizer)
    why = tokens if isinstance(tokens, str) else "the model's context is not known"
    if not isinstance(tokens, str):
        room = room or context_of(tokens.name, tokens.options)
        if room is not None:
            if room <= answer:
                raise RecrmError(f"a context of {room} tokens has no room for an answer of {answer}")
            return Fit(tokens, room, answer, overflow == "shorten")
    if asked:
        raise RecrmError(
            f"whether prompts fit cannot be told: {why}. Give both: tokenizer=PATH or name, context=tokens "
            "(lm-eval: recrm_tokenizer, recrm_context)"
        )
    return why


def tokens_by(backend: Backend, tokenizer: str | None) -> Tokens | str:
    """The tokenizer of a run's model, or why there is none.

    Args:
        backend: what the harness knows of the model.
        tokenizer: the user's choice, before the backend's.

    Raises:
        RecrmError: the user's choice cannot be followed.
    """
    if tokenizer is not None:
        return tokens_of(tokenizer)
    if backend.tokenizer is None:
        return "the model's tokenizer is not known"
    try:
        return tokens_of(backend.tokenizer, backend.options)
    except RecrmError as error:
        return str(error)


def _number(context: int | str) -> int:
    if isinstance(context, str) and context.isdecimal():
        context = int(context)
    if not isinstance(context, int) or isinstance(context, bool) or context < 1:
        raise RecrmError(f"context must be a number of tokens, not {context!r}")
    return context
