"""Cases -> rewards: a judge is asked the dimensions' questions, and their parts are combined as in the hybrid score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.background import run_anywhere
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.combine import MISSING, Missing, combine
from recrm_tasks.rewards.judges.judge import Judge, JudgeError, replies_of
from recrm_tasks.rewards.parts import part_of, read_reply
from recrm_tasks.rewards.questions import CannotAsk, questions
from recrm_tasks.rewards.reward import Asked, Reward
from recrm_tasks.scoring.aggregate.forms import DEFAULT, FORMS
from recrm_tasks.scoring.aggregate.parts import Role

OnError: TypeAlias = Literal["raise", "none"]
"""What happens where the judge does not answer: an error, or a case without a reward."""
ON_ERROR: tuple[OnError, ...] = ("raise", "none")


@dataclass(frozen=True)
class HybridReward:
    """The hybrid reward of cases.

    A part is what a dimension's verdict is worth, from 0 to 1, as in the hybrid score: a label's value, a probability,
    the normalised rank. Of several items it is a mean by place, see `recrm_tasks.rewards.places`. A part is missing if
    it could not be asked or an answer was unreadable.

    Args:
        judge: who answers the questions.
        form: how parts are combined: `stratified`, `gated`, `weighted` or `geometric`, see docs/metrics.md.
        weights: of dimensions, by key; 1 for the others.
        dimensions: which are asked; by default all of the suite `recrm`.
        missing: what a missing part does: `none` (no reward), `drop` (the form is of the other parts), `zero`.
        on_error: what happens where the judge does not answer.
        soft: whether the part of a label is the mean of the labels' values, weighted by the judge's probabilities, and
            not the value of the most probable label. Only for judges in mode `logprob`.

    Raises:
        RecrmError: one of these is not allowed.

    Example:
        >>> from recrm_tasks.rewards import Case, FunctionJudge, HybridReward
        >>> reward = HybridReward(FunctionJudge(lambda prompt: "A"), dimensions=["relevance"])
        >>> reward([Case(query="a quiet hotel", items=["Park Hotel"])])[0].value
        1.0
    """

    judge: Judge
    form: str = DEFAULT
    weights: Mapping[str, float] = field(default_factory=dict)
    dimensions: Sequence[str] = RECRM.keys
    missing: Missing = "none"
    on_error: OnError = "raise"
    soft: bool = False

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("form", self.form, tuple(FORMS)),
            ("missing", self.missing, MISSING),
            ("on_error", self.on_error, ON_ERROR),
        ):
            if value not in allowed:
                raise RecrmError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        if self.soft and self.judge.mode != "logprob":
            raise RecrmError(f"soft needs the judge's probabilities: mode logprob, not {self.judge.mode}")
        if isinstance(self.dimensions, str) or not self.dimensions:
            raise RecrmError(f"dimensions must be a list of keys, not {self.dimensions!r}")
        for key in (*self.dimensions, *self.weights):
            dimension_of(key)
        if len(set(self.dimensions)) < len(self.dimensions):
            raise RecrmError(f"dimensions: there are duplicates in {', '.join(self.dimensions)}")
        if unused := [key for key in self.weights if key not in self.dimensions]:
            raise RecrmError(f"weights: {unused[0]!r} is not one of the dimensions {', '.join(self.dimensions)}")
        if wrong := [key for key, weight in self.weights.items() if not _is_weight(weight)]:
            raise RecrmError(f"weights: {wrong[0]} must have a number from 0, not {self.weights[wrong[0]]!r}")
        # Gates have no weight in these two forms.
        counts_gates = self.form in ("stratified", "gated")
        if not any((counts_gates and role.gate) or role.weight > 0 for role in self.roles.values()):
            raise RecrmError("weights: at least one dimension needs a weight above 0")

    @property
    def roles(self) -> dict[str, Role]:
        """The role of each dimension that is asked."""
        declared = {key: dimension_of(key).role for key in self.dimensions}
        return {key: role._replace(weight=self.weights.get(key, role.weight)) for key, role in declared.items()}

    @property
    def versions(self) -> dict[str, Any]:
        """What a reward depends on, for logs."""
        return {
            "judge": self.judge.name,
            "mode": self.judge.mode,
            "form": self.form,
            "missing": self.missing,
            "soft": self.soft,
            "weights": {key: role.weight for key, role in self.roles.items()},
            "dimensions": {key: dimension_of(key).version for key in self.dimensions},
        }

    def __call__(self, cases: Sequence[Case]) -> list[Reward]:
        """The rewards of some cases, in their order; their questions are asked together.

        Raises:
            RecrmError: `cases` is not a list of cases.
            JudgeError: the judge did not answer, and `on_error` is `raise`.
        """
        return run_anywhere(self.rewards(cases))

    async def rewards(self, cases: Sequence[Case]) -> list[Reward]:
        """The same as a call, for use in a coroutine."""
        if isinstance(cases, Case) or not all(isinstance(case, Case) for case in cases):
            raise RecrmError("a reward is asked about a list of cases: reward([Case(...)])")
        return await self.rewards_about([dict.fromkeys(self.dimensions, case) for case in cases])

    async def rewards_about(self, subjects: Sequence[Mapping[str, Case]]) -> list[Reward]:
        """Rewards whose dimensions may be asked about different cases.

        Args:
            subjects: for each reward, the case that each of the dimensions is asked about. A case that several rewards
                share is asked about once.

        Raises:
            JudgeError: the judge did not answer, and `on_error` is `raise`.
        """
        posed: dict[tuple[str, int], list[Prompt] | str] = {}
        for subject in subjects:
            for key, case in subject.items():
                if (key, id(case)) not in posed:
                    posed[key, id(case)] = self._questions(case, key)
        prompts = {about: found for about, found in posed.items() if not isinstance(found, str)}
        replies = iter(await replies_of(self.judge, [prompt for found in prompts.values() for prompt in found]))
        asked = {
            about: [read_reply(prompt, next(replies), self.soft) for prompt in found]
            for about, found in prompts.items()
        }
        return [self._reward(subject, posed, asked) for subject in subjects]

    def _questions(self, case: Case, key: str) -> list[Prompt] | str:
        """The questions, or why they cannot be asked."""
        try:
            return questions(case, dimension_of(key), self.judge.mode)
        except CannotAsk as error:
            return str(error)

    def _reward(
        self,
        subject: Mapping[str, Case],
        posed: Mapping[tuple[str, int], list[Prompt] | str],
        replied: Mapping[tuple[str, int], list[Asked]],
    ) -> Reward:
        asked: list[Asked] = []
        parts: dict[str, float | None] = {}
        missing: dict[str, str] = {}
        failed: str | None = None
        for key, case in subject.items():
            found = posed[key, id(case)]
            if isinstance(found, str):
                parts[key], missing[key] = None, f"not asked: {found}"
                continue
            answered = replied[key, id(case)]
            asked += answered
            parts[key], why = part_of(answered, len(case.recommended), self.missing)
            if why is not None:
                missing[key] = why
            failed = failed or next((one.reason for one in answered if one.reply.said is None), None)
            if failed is not None and self.on_error == "raise":
                name = case.id or case.digest
                raise JudgeError(f"case {name}: the judge {self.judge.name} did not answer: {failed}")
        return Reward(
            value=None if failed is not None else combine(parts, self.roles, self.form, self.missing),
            parts=parts,
            missing=missing,
            asked=tuple(asked),
            tokens_in=sum(one.reply.tokens_in or 0 for one in asked),
            tokens_out=sum(one.reply.tokens_out or 0 for one in asked),
            error=failed,
        )


def _is_weight(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
