"""Runs -> the entries of a leaderboard: a model as one harness asked it, with all dimensions side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recrm_tasks.aggregate import hybrid_scores
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.runs import Run
from recrm_tasks.scoring.aggregate.forms import DEFAULT
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.metrics.intervals import interval
from recrm_tasks.scoring.metrics.tables import flat, mean_score


@dataclass
class Entry:
    """One line of a leaderboard."""

    source: str
    """Where the records are from, for a person's eyes."""
    model: str
    harness: str
    mode: str
    setting: tuple[str, ...] = ()
    """How it was asked, where that was not the usual way."""
    number: int = 1
    """Which of several runs of the same it is."""
    runs: dict[str, Run] = field(default_factory=dict)
    """By dimension."""
    overall: dict[str, float] = field(default_factory=dict)
    """`mean_score` and `hybrid`, flat, with what their intervals need; only of entries with all dimensions."""

    @property
    def name(self) -> str:
        """The model, told apart from its other runs."""
        return self.model if self.number == 1 else f"{self.model} ({self.number})"

    @property
    def complete(self) -> bool:
        """Whether every dimension was asked."""
        return self.runs.keys() >= dimensions().keys()

    @property
    def marks(self) -> list[str]:
        """What a reader of its numbers must know."""
        runs = self.runs.values()
        return [
            *self.setting,
            *(
                mark
                for mark, holds in (
                    ("incomplete", any(run.wanted is not None for run in runs)),
                    ("older task version", any(run.outdated for run in runs)),
                    ("part of the records", any(run.limited for run in runs)),
                )
                if holds
            ),
        ]

    def interval(self, metric: str) -> tuple[float, float]:
        """95 % interval of one of the overall scores."""
        return interval(metric, self.overall)


AnswersIn = Callable[[Path], Sequence[Answers]]
"""What was answered in the runs of a file."""


def entries(runs: Sequence[Run], answers_in: AnswersIn) -> tuple[list[Entry], list[str]]:
    """Puts the runs of one model, harness, answer mode and data source together.

    A second run of a dimension opens another entry, and so does one that was asked in another way or is of an older
    task version: what stands in a line was asked alike. The hybrid score is the harness's own where it is in the
    results, or else computed from the answers; the mean score is made of the runs' primary metrics.

    Returns:
        The entries, by model, and a line for every hybrid score that is not known and why, and every second run.
    """
    found: dict[tuple[object, ...], list[Entry]] = {}
    for run in runs:
        source = source_of(run)
        same = found.setdefault((source, run.model, run.harness, run.mode, run.setting, run.outdated), [])
        entry = next((entry for entry in same if run.dimension not in entry.runs), None)
        if entry is None:
            entry = Entry(source, run.model, run.harness, run.mode, run.setting)
            same.append(entry)
        entry.runs[run.dimension] = run
    listed = sorted((e for same in found.values() for e in same), key=lambda e: (e.source, e.model, e.mode, e.harness))
    told = _number(listed)
    for entry in listed:
        entry.runs = {key: entry.runs[key] for key in dimensions() if key in entry.runs}
        if entry.complete:
            told += _overall(entry, answers_in)
    return listed, told


def source_of(run: Run) -> str:
    """Where its records are from: numbers of the sample never stand beside those of the benchmark."""
    if run.provenance["data"] == "sample":
        return "the sample of this package (not RecRM-Bench)"
    revision = run.provenance["revision"]
    return f"{run.provenance['source']}" + (f" at {revision}" if revision else "")


def matching(entry: Entry, answers_in: AnswersIn) -> dict[str, Answers]:
    """What the entry's runs answered, by dimension.

    Raises:
        DataError: a file does not say.
    """
    found = {}
    for key, run in entry.runs.items():
        answers = [one for one in answers_in(run.file) if (one.dimension, one.mode) == (key, run.mode)]
        if not answers:
            raise DataError(f"{run.file}: it has the numbers of {key}, and no samples of it")
        found[key] = answers[0]
    return found


def _number(listed: Sequence[Entry]) -> list[str]:
    """Tells entries of one name apart, and says which files they are of."""
    same: dict[tuple[object, ...], list[Entry]] = {}
    for entry in listed:
        same.setdefault((entry.source, entry.model, entry.harness, entry.mode, entry.setting), []).append(entry)
    told = []
    for group in same.values():
        for number, entry in enumerate(group, 1):
            entry.number = number
            if len(group) > 1:
                files = ", ".join(dict.fromkeys(str(run.file) for run in entry.runs.values()))
                told.append(f"several runs of {entry.model} ({entry.harness}, {entry.mode}): {entry.name} is {files}")
    return told


def _overall(entry: Entry, answers_in: AnswersIn) -> list[str]:
    """Fills in the overall scores; says why if the hybrid one cannot be had."""
    scores = [
        Estimate(run.metrics[run.primary], run.metrics[f"{run.primary}_stderr"])
        for _, run in sorted(entry.runs.items())
    ]
    clusters = min(run.metrics["clusters"] for run in entry.runs.values())
    entry.overall = {**flat({"mean_score": mean_score(scores)}), "clusters": clusters}
    of_harness: Mapping[str, float] = next(iter(entry.runs.values())).overall
    if "hybrid" in of_harness and len({run.file for run in entry.runs.values()}) == 1:
        entry.overall.update({name: of_harness[name] for name in ("hybrid", "hybrid_stderr")})
        return []
    try:
        outcomes = {key: one.outcomes for key, one in matching(entry, answers_in).items()}
    except DataError as error:
        return [f"no hybrid score of {entry.name} ({entry.harness}, {entry.mode}): {error}"]
    score = hybrid_scores(outcomes)[DEFAULT]
    entry.overall.update(flat({"hybrid": Estimate(score.value, score.stderr)}))
    return []
