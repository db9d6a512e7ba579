"""Runs of recommender agents whose answers a judge gave a hybrid reward, whichever harness made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from recrm_tasks.dimensions import dimensions
from recrm_tasks.models.usage import Usage
from recrm_tasks.scoring.aggregate.forms import DEFAULT

if TYPE_CHECKING:  # rewards import judges, which no report needs
    from recrm_tasks.rewards.reward_metrics import Judged

Place: TypeAlias = "tuple[str, int]"
"""A sample's id, and its epoch from 1."""


_UNKNOWN = Usage()


class Sample(NamedTuple):
    """What an agent did in one sample."""

    judged: Judged
    asked: str
    """A hash of what the agent was asked."""


@dataclass(frozen=True)
class AgentRun:
    """What one judge makes of one run of an agent."""

    file: Path
    harness: str
    task: str
    """The task's name."""
    source: str
    """The name of its data set; empty if it has none."""
    agent: str
    """The agent's model, or several with ` + ` between them."""
    judge: str
    versions: Mapping[str, Any]
    """How the reward was made: `HybridReward.versions`."""
    samples: Mapping[Place, Sample]
    """Those with a score."""
    numbers: Mapping[str, float]
    """The metrics over them, as `rewards.reward_metrics.numbers` names them."""
    wanted: int
    """How many samples were to be scored, each epoch counted."""
    unfinished: str = ""
    """What is missing from the run, in words; empty if nothing is."""
    limits: Counter[str] = field(default_factory=Counter)
    """How many samples each kind of limit ended."""
    errors: int = 0
    """Samples that ended with an error."""
    usage: Usage = _UNKNOWN
    """Of all models of the run: the judge's too, if the harness asked it during the run."""
    of_judge: Usage = _UNKNOWN
    """Of the judge."""
    seconds: float | None = None
    price: float | None = None
    """In dollars, if the harness knows the prices of all models."""

    @property
    def n(self) -> int:
        """The number of samples with a score."""
        return len(self.samples)

    @property
    def finished(self) -> bool:
        """Whether every sample has a score."""
        return not self.unfinished and self.n == self.wanted

    @property
    def own_judge(self) -> int:
        """In how many samples the judge is the agent's own model."""
        return int(self.numbers.get("judge_is_agent", 0))

    @property
    def outdated(self) -> bool:
        """Whether a dimension has another version now than the one that asked."""
        now = {key: one.version for key, one in dimensions().items()}
        asked: Mapping[str, Any] = self.versions.get("dimensions", {})
        return any(now.get(key) != version for key, version in asked.items())

    @property
    def setting(self) -> tuple[str, ...]:
        """How the reward was made, where that was not the default."""
        given = self.versions.get
        weights: Mapping[str, float] = given("weights") or {}
        found = (
            f"form {given('form')}" if given("form") not in (None, DEFAULT) else "",
            f"missing {given('missing')}" if given("missing") not in (None, "drop") else "",
            "weights " + ", ".join(f"{key} {weight:g}" for key, weight in weights.items())
            if set(weights.values()) - {1}
            else "",
        )
        return tuple(one for one in found if one)

    @property
    def marks(self) -> list[str]:
        """What a reader of the numbers must know."""
        own = "" if self.own_judge == self.n else f" in {self.own_judge} of {self.n}"
        found = (
            ("incomplete", not self.finished),
            ("older task version", self.outdated),
            (f"judge is the agent{own}", self.own_judge > 0),
        )
        return [*self.setting, *(mark for mark, holds in found if holds)]

    @property
    def parts(self) -> list[str]:
        """The dimensions that the judge was asked about."""
        return list(next(iter(self.samples.values())).judged.parts)


class Listed(NamedTuple):
    """A run with the name that tables show."""

    run: AgentRun
    number: int = 1
    """Which of several runs of the same agent and judge it is."""

    @property
    def name(self) -> str:
        """The agent, numbered if it has several runs."""
        return self.run.agent if self.number == 1 else f"{self.run.agent} ({self.number})"

    @property
    def compared(self) -> str:
        """The same, with what a comparison must say."""
        return f"{self.name} (judge is the agent)" if self.run.own_judge else self.name
