"""Runs -> the entries of a leaderboard: one model, asked by one harness in one way, with all its dimensions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.suites import Suite, complete_suite
from recrm_tasks.errors import DataError
from recrm_tasks.reports.in_training import InTraining, in_training_text
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.runs import Run
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.aggregate.forms import DEFAULT, FORMS
from recrm_tasks.scoring.aggregate.mean import mean_score
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.outcomes import Outcome


@dataclass
class Entry:
    """One line of a leaderboard."""

    source: str
    """Where the records are from, to be shown."""
    model: str
    harness: str
    mode: str
    setting: tuple[str, ...] = ()
    """How it was asked, where that was not the default."""
    number: int = 1
    """Which of several runs of the same it is."""
    runs: dict[str, Run] = field(default_factory=dict)
    """By dimension."""
    overall: dict[str, float] = field(default_factory=dict)
    """`mean_score` and `hybrid` of the suite, flat, with what their intervals need; empty without one."""

    same_as: list[str] = field(default_factory=list)
    """Other models with the same answers, to the last digit."""

    in_training: dict[str, InTraining] = field(default_factory=dict)
    """What the evaluated records have in common with the model's training sets, by dimension, where that is known."""
    names_test: bool = False
    """Whether its model card names the evaluated data as its training set, and not which part of them."""

    @property
    def name(self) -> str:
        """The model, numbered if it has several runs."""
        return self.model if self.number == 1 else f"{self.model} ({self.number})"

    @property
    def suite(self) -> Suite | None:
        """The suite whose dimensions were all asked, out of those that the logs name."""
        return complete_suite((run.suite for run in self.runs.values()), self.runs.keys())

    @property
    def unseen(self) -> int:
        """Records of all dimensions with an allowed answer whose log-probability was not reported."""
        return sum(run.unseen for run in self.runs.values())

    @property
    def marks(self) -> list[str]:
        """What a reader of the numbers must know."""
        runs = self.runs.values()
        return [
            *self.setting,
            *(
                mark
                for mark, holds in (
                    ("incomplete", any(run.wanted is not None for run in runs)),
                    ("older task version", any(run.outdated for run in runs)),
                    ("rescored", any(run.rescored for run in runs)),
                    ("asked by an older task version", any(run.asked_by_older for run in runs)),
                    ("part of the records", any(run.limited for run in runs)),
                    ("data files not checked", any("files" in run.provenance for run in runs)),
                    ("trained on the evaluated data, as its card says", self.names_test),
                )
                if holds
            ),
            *filter(None, [in_training_text(self.in_training.values())]),
            *(f"same answers as {name}" for name in self.same_as),
        ]

    def interval(self, metric: str) -> tuple[float, float]:
        """95 % interval of one of the overall scores."""
        return DECLARED[metric].reach(metric, self.overall)


OVERALL = tuple(name for name, metric in DECLARED.items() if metric.headline)
"""The scores of all dimensions together that tables show."""

AnswersIn = Callable[[tuple[Path, ...]], Sequence[Answers]]
"""What was answered in the runs of some files: of one log, or of those of all shards of a run."""


def entries(runs: Sequence[Run], answers_in: AnswersIn) -> tuple[list[Entry], list[str]]:
    """Puts the runs of one model, harness, answer mode and data source together.

    A second run of a dimension opens another entry. So does a run that was asked in another way or with another
    precision, chat template or system prompt, is of an older task version or is rescored: all runs of an entry were
    asked and read alike. The hybrid score is the harness's own if the results have it, or else computed from the
    answers; the mean score is computed from the primary metrics.

    Returns:
        The entries, by model, and notes: why a hybrid score is missing, and which files several runs of a model are.
    """
    found: dict[tuple[object, ...], list[Entry]] = {}
    for run in runs:
        source = source_of(run)
        asked = (run.setting, json.dumps(run.model_settings, sort_keys=True, default=str))
        alike = (source, run.model, run.harness, run.mode, asked, run.outdated, bool(run.rescored))
        same = found.setdefault(alike, [])
        entry = next((entry for entry in same if run.dimension not in entry.runs), None)
        if entry is None:
            entry = Entry(source, run.model, run.harness, run.mode, run.setting)
            same.append(entry)
        entry.runs[run.dimension] = run
    listed = sorted((e for same in found.values() for e in same), key=lambda e: (e.source, e.model, e.mode, e.harness))
    notes = _number(listed)
    for entry in listed:
        entry.runs = {key: entry.runs[key] for key in dimensions() if key in entry.runs}
        if suite := entry.suite:
            notes += _overall(entry, suite, answers_in)
    return listed, notes


def source_of(run: Run) -> str:
    """Where its records are from, to be shown."""
    if run.provenance["data"] == "sample":
        return "the sample of this package (not RecRM-Bench)"
    revision = run.provenance["revision"]
    return f"{run.provenance['source']}" + (f" at {revision}" if revision else "")


def columns_of(entries: Sequence[Entry]) -> list[str]:
    """The dimensions that a table of entries has a column for: those of their suites, and what else was asked."""
    runs = [run for entry in entries for run in entry.runs.values()]
    keys = {key for run in runs for key in (run.dimension, *(run.suite.keys if run.suite else ()))}
    return [key for key in dimensions() if key in keys]


def by_source(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The entries by data source. Results of the sample are never shown in one table with those of the benchmark."""
    sources: dict[str, list[Entry]] = {}
    for entry in entries:
        sources.setdefault(entry.source, []).append(entry)
    return sources


def runs_of(entries: Sequence[Entry]) -> list[tuple[Entry, Run]]:
    """The runs of entries, by model, answer mode and dimension."""
    order = list(dimensions())
    found = [(entry, run) for entry in entries for run in entry.runs.values()]
    return sorted(found, key=lambda pair: (pair[0].model, pair[0].mode, order.index(pair[1].dimension)))


def model_of(entries: Sequence[Entry]) -> str:
    """The model that a card is of.

    Raises:
        DataError: the entries are of several.
    """
    models = sorted({entry.model for entry in entries})
    if len(models) > 1:
        raise DataError(f"a card is of one model, but these runs are of {', '.join(models)}; name the files of one")
    return models[0]


def matching(runs: Mapping[str, Run], answers_in: AnswersIn) -> dict[str, Answers]:
    """What some runs answered, by dimension.

    Raises:
        DataError: a file has no answers.
    """
    found = {}
    for key, run in runs.items():
        answers = [one for one in answers_in(run.logs) if (one.dimension, one.mode) == (key, run.mode)]
        if not answers:
            raise DataError(f"{run.file}: it has the metrics of {key}, but no samples")
        found[key] = answers[0]
    return found


def mean_of(suite: Suite, runs: Mapping[str, Run]) -> dict[str, float]:
    """The mean score of runs of all dimensions of a suite, flat, with what its interval needs."""
    kept = {key: runs[key] for key in suite.keys}
    scores = {
        key: Estimate(run.metrics[run.primary], run.metrics[f"{run.primary}_stderr"]) for key, run in kept.items()
    }
    return {
        **flat({"mean_score": mean_score(scores)}),
        "clusters": min(run.metrics["clusters"] for run in kept.values()),
    }


def hybrid_of(suite: Suite, outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, float]:
    """The hybrid score of outcomes of all dimensions of a suite, flat."""
    score = suite.hybrid(outcomes, forms={DEFAULT: FORMS[DEFAULT]})[DEFAULT]
    return flat({"hybrid": Estimate(score.value, score.stderr)})


def _number(listed: Sequence[Entry]) -> list[str]:
    """Numbers the entries of one name, and says which files they are."""
    same: dict[tuple[object, ...], list[Entry]] = {}
    for entry in listed:
        same.setdefault((entry.source, entry.model, entry.harness, entry.mode, entry.setting), []).append(entry)
    notes = []
    for group in same.values():
        for number, entry in enumerate(group, 1):
            entry.number = number
            if len(group) > 1:
                files = ", ".join(dict.fromkeys(run.named for run in entry.runs.values()))
                notes.append(f"several runs of {entry.model} ({entry.harness}, {entry.mode}): {entry.name} is {files}")
        notes += _unlike(group)
    return notes


def _unlike(group: Sequence[Entry]) -> list[str]:
    """Which settings differ between the entries of one name."""
    first, *others = [next(iter(entry.runs.values())) for entry in group]
    names = {
        name
        for other in others
        for name in {**first.model_settings, **other.model_settings}
        if first.model_settings.get(name) != other.model_settings.get(name)
    }
    if not names:
        return []
    return [f"these runs of {first.model} ({first.harness}, {first.mode}) differ in {', '.join(sorted(names))}"]


def _overall(entry: Entry, suite: Suite, answers_in: AnswersIn) -> list[str]:
    """Fills in the overall scores; says why if there is no hybrid score."""
    runs = {key: entry.runs[key] for key in suite.keys}
    entry.overall = mean_of(suite, entry.runs)
    of_harness: Mapping[str, float] = next(iter(runs.values())).overall
    if "hybrid" in of_harness and len({run.file for run in runs.values()}) == 1:
        entry.overall.update({name: of_harness[name] for name in ("hybrid", "hybrid_stderr")})
        return []
    try:
        outcomes = {key: one.outcomes for key, one in matching(runs, answers_in).items()}
    except DataError as error:
        return [f"no hybrid score of {entry.name} ({entry.harness}, {entry.mode}): {error}"]
    entry.overall.update(hybrid_of(suite, outcomes))
    return []
