"""What answers the questions: the interface of judges, and a judge that is a function."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.errors import RecrmError

Said: TypeAlias = "str | tuple[float, ...]"
"""A text, or the log-probability (natural logarithm) of each of the prompt's choices."""


class JudgeError(RecrmError):
    """A judge did not answer, after its retries."""


class Reply(NamedTuple):
    """What a judge said to one question."""

    said: Said | None
    """None if it did not answer."""
    tokens_in: int | None = None
    """Tokens of the prompt; None if nobody counted."""
    tokens_out: int | None = None
    error: str | None = None
    """Why it did not answer."""


Heard: TypeAlias = Callable[[int, Reply], None]


class Judge(Protocol):
    """A model that answers questions."""

    @property
    def mode(self) -> Mode:
        """`generate`: it writes its answers. `logprob`: it gives the log-probability of each allowed answer."""

    @property
    def name(self) -> str:
        """What results call it. Answers of judges with one name may be taken for each other's."""

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """The replies to some questions, in their order. An answer that fails is a reply with an error.

        Args:
            prompts: the questions.
            heard: called with the place of a question and its reply as soon as there is one, from any thread. So what
                was answered is not lost if the rest is cancelled.
        """


class FunctionJudge:
    """A plain function as a judge.

    Args:
        function: gives the answer to a prompt: a text, or in mode `logprob` a log-probability per choice. It may be a
            coroutine function.
        mode: which of the two.
        name: what results call it.

    Example:
        >>> judge = FunctionJudge(lambda prompt: '{"answer": "A"}')
    """

    def __init__(
        self,
        function: Callable[[Prompt], Said | Awaitable[Said]],
        mode: Mode = "generate",
        name: str | None = None,
    ) -> None:
        self._function = function
        self.mode: Mode = mode
        self.name = name or getattr(function, "__name__", type(function).__name__)

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`. An exception of the function is an error of its reply."""
        replies = []
        for place, prompt in enumerate(prompts):
            replies.append(await self._reply(prompt))
            if heard is not None:
                heard(place, replies[place])
        return replies

    async def _reply(self, prompt: Prompt) -> Reply:
        try:
            said = self._function(prompt)
            return Reply(await said if inspect.isawaitable(said) else said)
        except Exception as error:  # a function may raise anything
            return Reply(None, error=f"{type(error).__name__}: {error}")
