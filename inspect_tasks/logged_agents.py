"""Inspect's logs of any task that `recrm_reward` scores -> runs of agents."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ModelUsage
from inspect_ai.scorer import Score

from inspect_tasks.harness_name import HARNESS
from inspect_tasks.log_file import BULK, read_samples, seconds_of, unfinished
from inspect_tasks.usage import usage_of
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.models.usage import Usage, total
from recrm_tasks.reports.agent_runs import AgentRun, Place, Sample
from recrm_tasks.reports.logged_answers import prompt_hash
from recrm_tasks.rewards.reward_metrics import Judged, numbers

SCORER = "recrm_reward"


class _Group(NamedTuple):
    """The samples that one judge judged in one way."""

    samples: dict[Place, Sample]
    judges: list[Usage]


class _Run:
    """What is known of a log's samples, whoever judged them."""

    def __init__(self) -> None:
        self.groups: dict[tuple[str, str], _Group] = defaultdict(lambda: _Group({}, []))
        self.limits: Counter[str] = Counter()
        self.errors = 0
        self.used: list[Mapping[str, ModelUsage]] = []

    def add(self, file: Path, sample: EvalSample) -> None:
        """Counts one sample."""
        self.limits.update([sample.limit.type] if sample.limit else [])
        self.errors += sample.error is not None
        self.used.append(sample.model_usage)
        for name, score in (sample.scores or {}).items():
            entry = score.metadata or {}
            if "judged" not in entry and name != SCORER:  # of another scorer of the task
                continue
            judged, setting = _judged(file, sample, score)
            group = self.groups[name, setting]
            group.samples[str(sample.id), sample.epoch] = Sample(judged, _asked(sample))
            group.judges.append(Usage(None, entry.get("tokens_in"), None, entry.get("tokens_out")))


def is_of_agents(log: EvalLog) -> bool:
    """Whether a log, of which the header is enough, has scores of `recrm_reward`."""
    named = [one.name for one in log.eval.scorers or []]
    named += [one.scorer for one in log.results.scores] if log.results else []
    return any(name.rpartition("/")[2] == SCORER for name in named)


def agent_runs_of(file: Path, log: EvalLog) -> list[AgentRun]:
    """The runs of agents in a log whose header is read: one for each judge and way of making the reward.

    Args:
        file: the log.
        log: its header.

    Raises:
        DataError: the samples are broken, were not logged, are of a version with other scores, or none has a score.
    """
    if log.eval.config.log_samples is False:
        raise DataError(f"{file}: its samples were not logged (--no-log-samples), and only they say who judged them")
    found = _Run()
    for sample in read_samples(file, log, BULK | {"output"}):
        if sample.invalidation is None:
            found.add(file, sample)
    missing = unfinished(log) or ""
    if not found.groups:
        raise DataError(f"{file}: no sample of this run of an agent has a score ({missing or 'it has no samples'})")
    wanted = len(log.eval.dataset.sample_ids or []) * (log.eval.config.epochs or 1)
    try:
        return [
            AgentRun(
                file=file,
                harness=HARNESS,
                task=log.eval.task.rpartition("/")[2],
                source=log.eval.dataset.name or "",
                agent=_agent(log, found),
                judge=str(json.loads(setting)["judge"]),
                versions=json.loads(setting),
                samples=group.samples,
                numbers=numbers([one.judged for one in group.samples.values()]),
                wanted=max(wanted, len(group.samples)),
                unfinished=missing,
                limits=found.limits,
                errors=found.errors,
                usage=total(usage_of(one) for used in found.used for one in used.values()),
                of_judge=total(group.judges),
                seconds=_seconds(log),
                price=_price(found),
            )
            for (_, setting), group in found.groups.items()
        ]
    except (LookupError, TypeError, ValueError, AttributeError, RecrmError):
        raise DataError(f"{file}: its rewards are of a form that this version cannot read") from None


def _judged(file: Path, sample: EvalSample, score: Score) -> tuple[Judged, str]:
    """What the metrics need of a sample, and how its reward was made, as JSON."""
    try:
        entry = score.metadata or {}
        return Judged(**entry["judged"]), json.dumps({**entry["versions"], "judge": entry["judge"]}, sort_keys=True)
    except (LookupError, TypeError):
        raise DataError(f"{file}: sample {sample.id} has a reward that this version cannot read") from None


def _asked(sample: EvalSample) -> str:
    given = sample.input
    return prompt_hash([("user", given)] if isinstance(given, str) else [(turn.role, turn.text) for turn in given])


def _agent(log: EvalLog, found: _Run) -> str:
    """The models of the agent: those that the samples used, without judges that are not the agent's own."""
    judges = {
        json.loads(setting)["judge"]
        for (_, setting), group in found.groups.items()
        if not any(one.judged.judge_is_agent for one in group.samples.values())
    }
    used = dict.fromkeys(name for one in found.used for name in one)
    names = [name for name in used if name not in judges] or [log.eval.model]
    return " + ".join(sorted(names, key=lambda name: name != log.eval.model))


def _seconds(log: EvalLog) -> float | None:
    """None if the run has not ended."""
    try:
        return seconds_of(log)
    except ValueError:
        return None


def _price(found: _Run) -> float | None:
    prices: list[Any] = [one.total_cost for used in found.used for one in used.values() if one.total_tokens]
    return math.fsum(prices) if prices and None not in prices else None
