"""Several turns: the reward of each step of an episode, and of the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.background import run_anywhere
from recrm_tasks.rewards.case import Case, More, language_of
from recrm_tasks.rewards.hybrid_reward import HybridReward
from recrm_tasks.rewards.reward import Asked, Reward

Over: TypeAlias = Literal["sum", "mean", "last", "discount"]
"""How the rewards of the steps make that of the whole: `discount` is the return, sum of discount ** step * reward."""
OVER: tuple[Over, ...] = ("sum", "mean", "last", "discount")

_TURN: dict[Lang, str] = {"en": "[Turn {}]", "zh": "【第{}轮】"}


class Episode(BaseModel):
    """A dialogue, or another task of several steps. What holds for all steps need not be repeated in each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Case, ...] = Field(min_length=1)
    """From the first to the last."""
    id: str = ""
    """For messages and logs."""
    lang: Lang | None = None
    """Language of the questions about the whole, and of steps that have none; by default that of most of the texts."""
    instruction: str | None = None
    """The rules that hold over all steps."""
    profile: Text | None = None
    history: tuple[Text, ...] | None = None
    """The user's actions before the first step."""
    context: Text | None = None
    more: More = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_instruction(self) -> Episode:
        """Rules are asked about once: those of one step alone would not be asked about at all."""
        given = [self.instruction, *(step.instruction for step in self.steps)]
        if len(self.steps) > 1 and len({one for one in given if one is not None}) > 1:
            raise ValueError("the steps have different instructions: give the episode one with all rules")
        return self

    def cases(self) -> list[Case]:
        """The steps, each with what holds for all; its own fields win."""
        return [self._with_shared(step, number) for number, step in enumerate(self.steps)]

    def whole(self) -> Case:
        """All steps as one case: its query and its response are those of all steps, numbered.

        The instruction is the episode's own, or else that of its steps. An episode of one step is that step. A text
        that no step has is not given.
        """
        cases = self.cases()
        if len(cases) == 1:
            return cases[0]
        lang = self.lang or language_of(text for case in cases for text in (case.query, case.response) if text)
        instruction = next((case.instruction for case in cases if case.instruction is not None), None)
        return Case(
            id=self.id,
            lang=lang,
            instruction=instruction if self.instruction is None else self.instruction,
            query=_numbered([case.query for case in cases], lang),
            response=_numbered([case.response for case in cases], lang),
            profile=self.profile,
            history=self.history,
            context=self.context,
            more=self.more,
        )

    def _with_shared(self, step: Case, number: int) -> Case:
        shared = {
            name: value
            for name in ("lang", "instruction", "profile", "history", "context")
            if (value := getattr(self, name)) is not None and getattr(step, name) is None
        }
        name = step.id or (f"{self.id}, step {number}" if self.id else "")
        return step.model_copy(update={**shared, "id": name, "more": {**self.more, **step.more}})


def _numbered(texts: Sequence[str | None], lang: Lang) -> str | None:
    if all(text is None for text in texts):
        return None
    turns = (f"{_TURN[lang].format(number)}\n{text or ''}" for number, text in enumerate(texts, 1))
    return "\n\n".join(turns)


@dataclass(frozen=True)
class EpisodeReward:
    """What one episode is worth."""

    value: float | None
    """Of the whole. A sum may be above 1. None if there is none."""
    steps: tuple[Reward, ...]
    """Of each step. The parts that are about the whole dialogue are the same in all of them."""
    tokens_in: int
    """Tokens of all prompts; one that steps share counts once."""
    tokens_out: int
    error: str | None
    """Why the judge did not answer."""

    def to_json(self) -> dict[str, Any]:
        """All fields by name, in plain JSON values."""
        return {**vars(self), "steps": [step.to_json() for step in self.steps]}


@dataclass(frozen=True)
class EpisodeRewards:
    """The rewards of episodes.

    A dimension whose question is about a dialogue (`Dimension.of_dialogue`: instruction following) is asked once, about
    all steps. The other dimensions are asked about each step. The reward of a step combines both.

    Args:
        reward: how a step is judged.
        over: how the rewards of the steps make that of the whole: `sum`, `mean`, `last` or `discount`.
        discount: of `discount`, from 0 to 1.

    A step without a reward leaves the whole without one. If `reward.missing` is `drop`, such a step is left out; then
    `last` is the last step that has one, and the others keep their exponents.

    Raises:
        RecrmError: an argument is not allowed.

    Example:
        >>> from recrm_tasks.rewards import Case, Episode, EpisodeRewards, FunctionJudge, HybridReward
        >>> reward = HybridReward(FunctionJudge(lambda prompt: "A"), dimensions=["relevance"])
        >>> steps = [Case(query="a hotel", items=["Park Hotel"]), Case(query="a cheaper one", items=["Hill Hotel"])]
        >>> EpisodeRewards(reward, over="sum")([Episode(steps=steps)])[0].value
        2.0
    """

    reward: HybridReward
    over: Over = "mean"
    discount: float = 0.99

    def __post_init__(self) -> None:
        if self.over not in OVER:
            raise RecrmError(f"over must be one of {', '.join(OVER)}, not {self.over!r}")
        if not 0 <= self.discount <= 1:
            raise RecrmError(f"discount must be a number from 0 to 1, not {self.discount!r}")

    @property
    def versions(self) -> dict[str, Any]:
        """What the reward of an episode depends on, for logs."""
        return {**self.reward.versions, "over": self.over, "discount": self.discount}

    def __call__(self, episodes: Sequence[Episode]) -> list[EpisodeReward]:
        """The rewards of some episodes, in their order; the questions about all their steps are asked together.

        Raises:
            RecrmError: `episodes` is not a list of episodes.
            JudgeError: the judge did not answer, and the reward's `on_error` is `raise`.
        """
        return run_anywhere(self.rewards(episodes))

    async def rewards(self, episodes: Sequence[Episode]) -> list[EpisodeReward]:
        """The same as a call, for use in a coroutine."""
        if isinstance(episodes, Episode) or not all(isinstance(episode, Episode) for episode in episodes):
            raise RecrmError("rewards are asked about a list of episodes: rewards([Episode(...)])")
        of_dialogue = [key for key in self.reward.dimensions if dimension_of(key).of_dialogue]
        subjects = []
        for episode in episodes:
            whole = episode.whole()
            for case in episode.cases():
                subjects.append({key: whole if key in of_dialogue else case for key in self.reward.dimensions})
        found = iter(await self.reward.rewards_about(subjects))
        return [self._whole([next(found) for _ in episode.steps]) for episode in episodes]

    def _whole(self, steps: Sequence[Reward]) -> EpisodeReward:
        error = next((step.error for step in steps if step.error is not None), None)
        asked: dict[int, Asked] = {id(one): one for step in steps for one in step.asked}
        return EpisodeReward(
            value=None if error is not None else self._value([step.value for step in steps]),
            steps=tuple(steps),
            tokens_in=sum(one.reply.tokens_in or 0 for one in asked.values()),
            tokens_out=sum(one.reply.tokens_out or 0 for one in asked.values()),
            error=error,
        )

    def _value(self, values: Sequence[float | None]) -> float | None:
        known = [(number, value) for number, value in enumerate(values) if value is not None]
        if not known or (len(known) < len(values) and self.reward.missing != "drop"):
            return None
        if self.over == "last":
            return known[-1][1]
        if self.over == "discount":
            return math.fsum(self.discount**number * value for number, value in known)
        total = math.fsum(value for _, value in known)
        return total if self.over == "sum" else total / len(known)
