"""What a case is worth, and what was asked to find out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.rewards.judges.judge import Reply


@dataclass(frozen=True)
class Asked:
    """One question, and what was answered."""

    dimension: str
    prompt: Prompt
    reply: Reply
    verdicts: tuple[float, ...]
    """From 0 to 1, one per part that the answer decides; NaN is unreadable."""
    reason: str | None = None
    """Why the answer could not be read; None if it could."""

    def to_json(self) -> dict[str, Any]:
        """In plain JSON values, without the prompt; null is unreadable, or a log-probability of minus infinity."""
        said = self.reply.said
        return {
            "dimension": self.dimension,
            "verdicts": [_finite(verdict) for verdict in self.verdicts],
            "reason": self.reason,
            "said": [_finite(logprob) for logprob in said] if isinstance(said, tuple) else said,
        }


@dataclass(frozen=True)
class Reward:
    """What one case is worth."""

    value: float | None
    """From 0 to 1; None if parts are missing and `missing` is `none`, or the judge did not answer."""
    parts: dict[str, float | None]
    """By dimension, from 0 to 1; None is missing."""
    missing: dict[str, str]
    """Why, by dimension, a part is missing or lacks some items."""
    asked: tuple[Asked, ...] = ()
    tokens_in: int = 0
    """Tokens of all prompts, as far as the judge counted them."""
    tokens_out: int = 0
    error: str | None = None
    """Why the judge did not answer."""

    @property
    def unseen(self) -> int:
        """The number of questions with an allowed answer whose probability the judge did not report."""
        return sum(one.reply.unseen > 0 for one in self.asked)

    def to_json(self) -> dict[str, Any]:
        """All fields by name, in plain JSON values."""
        return {**vars(self), "unseen": self.unseen, "asked": [one.to_json() for one in self.asked]}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
