"""Whether the prompts of a run fit the model's context. If not, they stop the run, or are shortened and counted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import Ask, Message, Prompt
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.tokens import Tokens, context_of, tokens_of

_MARGIN = 16
"""Tokens that a tokenizer may add by itself."""


class Backend(NamedTuple):
    """What a harness knows about the model before the run."""

    tokenizer: str | None = None
    """A folder or a name; None if the model's tokenizer is not available."""
    context: int | None = None
    """Tokens that a prompt and its answer may have together; None for what the model's config says."""
    options: tuple[tuple[str, Any], ...] = ()
    """Further arguments of `from_pretrained`."""
    template: tuple[tuple[str, Any], ...] = ()
    """Arguments of the chat template; `chat_template` replaces the template itself."""


class Fit:
    """Checks whether the prompts of a run fit, and whether each allowed short answer is one token.

    Args:
        tokens: the model's tokenizer.
        context: tokens that a prompt and its answer may have together.
        answer: tokens that the answer may have.
        shorten: whether records whose prompts do not fit are shortened, by as little as is enough.
    """

    def __init__(self, tokens: Tokens, context: int, answer: int, shorten: bool) -> None:
        self.tokens, self.context, self.answer, self.shorten = tokens, context, answer, shorten
        self.records = self.shortened = self.history = self.candidates = 0
        self.long_labels = 0
        self._misfits = 0
        self._longest = ("", 0)
        self._one_token: dict[tuple[str, ...], bool] = {}
        self._template = len(tokens.render([Message(role="user", content="?")]).encode()) + _MARGIN

    def prompts(
        self, dimension: Dimension, record: Any, make: Callable[[Any], Sequence[Prompt]], ask: Ask = "list"
    ) -> Sequence[Prompt]:
        """The prompts of a record, or of the record shortened, where they do not fit and that is allowed.

        Args:
            dimension: the record's dimension.
            record: a checked record.
            make: makes a record's prompts.
            ask: whether a list is asked about as a whole: else no candidate is left out.
        """
        self.records += 1
        prompts = make(record)
        if prompts[0].reads == "letters":
            if prompts[0].choices not in self._one_token:
                self._one_token[prompts[0].choices] = all(self._is_token(choice) for choice in prompts[0].choices)
            self.long_labels += not self._one_token[prompts[0].choices]
        if self._fits(prompts):
            return prompts
        steps = dimension.steps(record, ask) if self.shorten else 0
        # The smallest number of steps that is enough; one more than there are if none is.
        tried = range(1, steps + 1)
        enough = 1 + bisect_left(tried, True, key=lambda n: self._fits(make(dimension.shorter(record, n))))
        if enough <= steps:
            shorter = dimension.shorter(record, enough)
            self.shortened += 1
            self.history += _dropped("history", record, shorter)
            self.candidates += _dropped("candidates", record, shorter)
            return make(shorter)
        self._misfits += 1
        longest = max(self.tokens.count(turns) for prompt in prompts for turns in _texts(prompt))
        self._longest = max(self._longest, (record.id, longest), key=lambda pair: pair[1])
        return prompts

    def close(self) -> dict[str, Any]:
        """The result for the provenance, after the last record.

        Raises:
            DataError: some prompts do not fit.
        """
        if self._misfits:
            name, size = self._longest
            way_out = (
                "they cannot be shortened further: use a model with a longer context"
                if self.shorten
                else "use a model with a longer context, or overflow=shorten (lm-eval: recrm_overflow), which drops "
                "and counts the oldest entries of the history, then candidates from the end of the list"
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
        # After a chat template the answer starts at once; in plain text it follows a space.
        return len(self.tokens.of_text(choice if self.tokens.has_chat_template else f" {choice}")) == 1

    def _fits(self, prompts: Sequence[Prompt]) -> bool:
        room = self.context - self.answer
        for turns in (turns for prompt in prompts for turns in _texts(prompt)):
            # A token has at least one byte, so a prompt of few bytes fits. It need not be tokenized, which takes long.
            size = sum(len(m.content.encode()) for m in turns) + self._template * len(turns)
            if size > room and self.tokens.count(turns) > room:
                return False
        return True


def fit_of(backend: Backend, options: Options, answer: int) -> Fit | str:
    """The check of a run's prompts, or the reason why they cannot be checked.

    Args:
        backend: what the harness knows about the model.
        options: the run's; its `tokenizer` and `context` take precedence over the backend's.
        answer: tokens that an answer may have.

    Raises:
        RecrmError: the options ask for the check, and it is not possible.
    """
    tokens = tokens_by(backend, options.tokenizer)
    why = tokens if isinstance(tokens, str) else "the model's context is not known"
    if not isinstance(tokens, str):
        context = options.context or backend.context or context_of(tokens.name, tokens.options)
        if context is not None:
            if context <= answer:
                raise RecrmError(f"a context of {context} tokens has no room for an answer of {answer}")
            return Fit(tokens, context, answer, options.overflow == "shorten")
    if options.overflow == "shorten" or options.tokenizer is not None or options.context is not None:
        raise RecrmError(
            f"prompts cannot be checked against the context: {why}. Give both tokenizer=PATH or name and "
            "context=tokens (lm-eval: recrm_tokenizer, recrm_context)"
        )
    return why


def tokens_by(backend: Backend, tokenizer: str | None) -> Tokens | str:
    """The tokenizer of a run's model, or the reason why there is none.

    Args:
        backend: what the harness knows about the model.
        tokenizer: the user's choice; it takes precedence over the backend's.

    Raises:
        RecrmError: the user's choice cannot be loaded.
    """
    if tokenizer is not None:
        return tokens_of(tokenizer, template=backend.template)
    if backend.tokenizer is None:
        return "the model's tokenizer is not known"
    try:
        return tokens_of(backend.tokenizer, backend.options, backend.template)
    except RecrmError as error:
        return str(error)


def _texts(prompt: Prompt) -> Iterator[Sequence[Message]]:
    """The texts that a model gets: the prompt, or the prompt with each content that is scored."""
    if prompt.reads == "letters":
        yield prompt.messages
        return
    for content in prompt.choices:
        yield (*prompt.messages, Message.model_construct(role="assistant", content=content))


def _dropped(field: str, record: Any, shorter: Any) -> int:
    """Entries of a list that a shorter record no longer has; 0 where records have no such list."""
    return len(getattr(record, field, ())) - len(getattr(shorter, field, ()))
