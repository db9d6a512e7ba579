"""Rewards of many runs of an agent -> metrics: the reward by each form, each part, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from recrm_tasks.rewards.batch_reward import EMPTY
from recrm_tasks.rewards.combine import Missing, combine
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.scoring.aggregate.forms import FORMS
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metric import Metric, by_name, count, flat
from recrm_tasks.scoring.metrics.auc import auc
from recrm_tasks.scoring.metrics.estimate import Clusters, Estimate, Ints, mean

Known: TypeAlias = "float | None"


class Judged(NamedTuple):
    """What metrics need of one run of an agent. Plain JSON values."""

    cluster: str
    """Runs of one cluster are not independent: those of one sample, or of one user."""
    reward: Known
    """By the chosen form; None if there is none."""
    forms: Mapping[str, Known]
    """By every form."""
    parts: Mapping[str, Known]
    """By dimension; None is missing."""
    no_answer: bool
    """The agent gave no answer."""
    failed: bool
    """The judge did not answer."""
    judge_is_agent: bool
    hit: bool | None = None
    """Whether it recommends what the user took; None if that is not known."""
    not_offered: bool | None = None
    """Whether it recommends something that it was not offered; None if it was offered nothing."""
    unseen: int = 0
    """See `Reward.unseen`."""

    @classmethod
    def of(cls, reward: Reward, roles: Mapping[str, Role], missing: Missing, **others: Any) -> Judged:
        """What a reward says, and `others`, which it does not."""
        failed = reward.error is not None
        return cls(
            reward=reward.value,
            forms={form: None if failed else combine(reward.parts, roles, form, missing) for form in FORMS},
            parts=reward.parts,
            no_answer=EMPTY in reward.missing.values(),
            failed=failed,
            unseen=reward.unseen,
            **others,
        )


@dataclass(frozen=True)
class _Table:
    rows: Sequence[Judged]
    clusters: Ints

    def mean(self, of: Callable[[Judged], Known | bool]) -> Estimate:
        """The mean over the runs of which it is known."""
        values = [of(row) for row in self.rows]
        known = [place for place, value in enumerate(values) if value is not None]
        numbers = np.array([values[place] for place in known], dtype=np.float64)
        return mean(numbers, self._of(known))

    def hit_auc(self) -> Estimate:
        """The AUC of the rewards, with the hits as gold."""
        known = [place for place, row in enumerate(self.rows) if row.hit is not None and row.reward is not None]
        hits = np.array([self.rows[place].hit for place in known], dtype=np.int64)
        rewards = np.array([self.rows[place].reward for place in known], dtype=np.float64)
        return auc(hits, rewards, self._of(known))

    def _of(self, places: Sequence[int]) -> Clusters:
        clusters = self.clusters[list(places)]
        return None if len(np.unique(clusters)) == len(clusters) else clusters


def declared(keys: Sequence[str]) -> dict[str, Metric[_Table]]:
    """The metrics over runs of an agent, by name.

    Args:
        keys: the dimensions that the judge was asked about.
    """
    return by_name(
        [
            _share("reward", "mean of the rewards, by the chosen form", lambda row: row.reward, trials="reward_n"),
            _share("coverage", "share of runs with a reward", lambda row: row.reward is not None),
            _share("missing", "share of parts that are missing", _missing, better="lower"),
            _share("hit", "share of runs that recommend what the user took", lambda row: row.hit, trials="hit_n"),
            count("n", "number of runs", of=lambda table: len(table.rows)),
            *(
                _share(f"reward_{form}", f"mean of the rewards by the form {form}", _form(form), trials="reward_n")
                for form in FORMS
            ),
            count("reward_n", "number of runs with a reward", of=_counted(lambda row: row.reward is not None)),
            *(metric for key in keys for metric in _of_part(key)),
            count("hit_n", "number of runs of which it is known what the user took", of=_counted(_has_hit)),
            Metric(
                "hit_auc",
                "how often a run that recommends what the user took has the higher reward than one that does not",
                _Table.hit_auc,
                over="all",
                interval="normal",
            ),
            _share(
                "no_answer", "share of runs without an answer; all their parts are 0", lambda row: row.no_answer,
                better="lower",
            ),
            _share(
                "not_offered",
                "share of runs that recommend something that no tool and no list of candidates offered, of those that "
                "were offered something",
                lambda row: row.not_offered,
                better="lower",
            ),
            count("failed", "number of runs about which the judge did not answer", "lower", of=_counted(_failed)),
            count("judge_is_agent", "number of runs whose judge is the agent's own model", of=_counted(_own)),
            count("unseen", "number of questions with an answer whose probability was not reported", of=_unseen),
            count("clusters", "number of independent groups of runs", of=lambda table: len(np.unique(table.clusters))),
        ],
        "metrics of rewards",
    )  # fmt: skip


def _of_part(key: str) -> list[Metric[_Table]]:
    return [
        _share(key, f"mean of the part {key}", lambda row: row.parts[key], trials=f"{key}_n"),
        count(f"{key}_n", f"number of runs with the part {key}", of=_counted(lambda row: row.parts[key] is not None)),
    ]


def _share(name: str, means: str, of: Callable[[Judged], Known | bool], **more: Any) -> Metric[_Table]:
    return Metric(name, means, lambda table: table.mean(of), over="all", **more)


def _counted(holds: Callable[[Judged], bool]) -> Callable[[_Table], int]:
    return lambda table: sum(holds(row) for row in table.rows)


def _form(form: str) -> Callable[[Judged], Known]:
    return lambda row: row.forms[form]


def _missing(row: Judged) -> float:
    return sum(part is None for part in row.parts.values()) / len(row.parts)


def _has_hit(row: Judged) -> bool:
    return row.hit is not None


def _failed(row: Judged) -> bool:
    return row.failed


def _own(row: Judged) -> bool:
    return row.judge_is_agent


def _unseen(table: _Table) -> int:
    return sum(row.unseen for row in table.rows)


HEADLINE = ("reward", "judge_is_agent", "coverage", "missing", "hit", "n")
"""They come first: Inspect's view shows the first five above the samples."""
IF_ANY = ("failed", "judge_is_agent", "unseen")
"""Counts that are left out where they are 0."""


def numbers(rows: Sequence[Judged]) -> dict[str, float]:
    """The metrics over runs: `reward`, `reward_stderr`, and the 95 % interval `reward_low` to `reward_high`, …

    Args:
        rows: of any order, all with the same dimensions.

    Returns:
        By name, without those that are undefined for these runs; none without runs.
    """
    if not rows:
        return {}
    ordered = sorted(rows, key=lambda row: (row.cluster, repr(row)))
    places = {cluster: place for place, cluster in enumerate(dict.fromkeys(row.cluster for row in ordered))}
    table = _Table(ordered, np.array([places[row.cluster] for row in ordered]))
    metrics = declared(tuple(ordered[0].parts))
    estimates = {name: metric.of(table) for name, metric in metrics.items()}
    plain = flat(estimates)
    found: dict[str, float] = {}
    for name, metric in metrics.items():
        low, high = metric.reach(name, plain) if estimates[name].stderr is not None else (math.nan, math.nan)
        own = {**flat({name: estimates[name]}), f"{name}_low": low, f"{name}_high": high}
        if plain[name] or name not in IF_ANY:
            found |= {key: value for key, value in own.items() if not math.isnan(value)}
    return {name: found[name] for name in HEADLINE if name in found} | found
