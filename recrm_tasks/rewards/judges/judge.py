"""What answers the questions: the interface of judges."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.errors import RecrmError

Said: TypeAlias = "str | tuple[float, ...]"
"""A text, or the log-probability (natural logarithm) of each of the prompt's choices; minus infinity is not known."""

UNFINISHED = "<think>"
"""What is said by a judge that began to think and did not finish: the reader calls it truncated."""


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
    opened: str | None = None
    """What the end of the judge's prompt left open before a text, as `thinking.left_open` returns it."""

    @property
    def unseen(self) -> int:
        """The number of allowed answers whose probability the judge did not report; each counts as 0."""
        return self.said.count(-math.inf) if isinstance(self.said, tuple) else 0


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


async def replies_of(judge: Judge, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
    """The replies of a judge, as many as there are questions.

    Raises:
        JudgeError: there are more or fewer: nobody knows which is whose.
    """
    replies = await judge.ask(prompts, heard)
    if len(replies) != len(prompts):
        raise JudgeError(f"the judge {judge.name} gave {len(replies):,} replies to {len(prompts):,} questions")
    return replies
