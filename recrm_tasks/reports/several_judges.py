"""Several runs on the same records -> the scores of each, how far they agree, their jury, and what they dispute."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.compare_entries import Compared, EntryDifference, best_of
from recrm_tasks.reports.compare_runs import compare_pairs
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import Match, Pair
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.same_logs import same_logs
from recrm_tasks.scoring.agreement.declared import Agreed, Agreement
from recrm_tasks.scoring.outcomes import Outcome


class Judge(NamedTuple):
    """One run, or the jury, in one dimension."""

    name: str
    run: Run
    outcomes: list[Outcome]
    """In the order of the other judges'."""
    members: Sequence[str] = ()
    """Of a jury."""

    @property
    def score(self) -> float:
        """Its primary metric."""
        return self.run.metrics[self.run.primary]


class JudgesAgree(NamedTuple):
    """One measure of how far some judges agree."""

    dimension: str
    mode: str
    judges: tuple[str, ...]
    measure: Agreement[Any]
    found: Agreed
    total: int
    """The number of records that they were asked about; `found.n` of them count."""


class DisputedBySeveral(NamedTuple):
    """A record to which several judges answered differently."""

    mode: str
    dimension: str
    outcomes: dict[str, Outcome]
    """By judge."""
    credits: tuple[float, float]
    """The lowest and the highest."""


def judges_of(match: Match) -> list[Judge]:
    """The runs of one dimension with their scores."""
    return [Judge(name, Run.of(answers), match.outcomes[name]) for name, answers in match.answers.items()]


def jury_of(match: Match, all_names: Sequence[str]) -> Judge:
    """The jury of the runs that have a dimension: see `Kind.jury`.

    Args:
        match: the runs.
        all_names: of all runs; the jury's name says which are its members if these are not all.

    Raises:
        DataError: their answers cannot be put together.
    """
    members = list(match.answers)
    try:
        outcomes = dimension_of(match.dimension).kind.jury(list(match.outcomes.values()))
    except RecrmError as error:
        raise DataError(f"--jury: {match.dimension} ({match.mode}): {error}") from None
    name = "jury" if len(members) == len(all_names) else f"jury of {', '.join(members)}"
    unseen = sorted({record for answers in match.answers.values() for record in answers.unseen})
    first = next(iter(match.answers.values()))
    return Judge(name, Run.of(replace(first, model=name, outcomes=outcomes, unseen=unseen)), outcomes, members)


def jury_differences(juries: Sequence[tuple[Sequence[Judge], Judge]]) -> list[EntryDifference]:
    """Each jury's primary metric minus that of its best member, with p corrected over the dimensions.

    Args:
        juries: by dimension and answer mode, the members and their jury.
    """
    pairs: list[Pair] = []
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for members, jury in juries:
        best = max(members, key=lambda one: -math.inf if math.isnan(one.score) else one.score)
        run = jury.run
        pairs.append(Pair(run.dimension, run.mode, best.outcomes, jury.outcomes, unseen=(best.run.unseen, run.unseen)))
        names[run.dimension, run.mode] = (best.name, jury.name)
    rows = [row for row in compare_pairs(pairs) if row.primary]
    return [EntryDifference(*names[row.dimension, row.mode], row) for row in rows]


def agreements(match: Match, pairwise: Sequence[str]) -> list[JudgesAgree]:
    """How far every two runs agree, and all of them.

    Args:
        match: the runs.
        pairwise: the names of those that are taken two by two.
    """
    kind = dimension_of(match.dimension).kind
    groups = [pair for pair in combinations(match.answers, 2) if {*pair} <= {*pairwise}]
    if len(match.answers) > 2:
        groups.append(tuple(match.answers))  # type: ignore[arg-type]
    found: list[JudgesAgree] = []
    for names in groups:
        of_these = kind.agree([match.outcomes[name] for name in names])
        total = len(match.outcomes[names[0]])
        found += [
            JudgesAgree(match.dimension, match.mode, names, measure, agreed, total)
            for measure, agreed in of_these.items()
        ]
    return found


def compared(judges: Sequence[Judge], runs: Mapping[str, Sequence[Answers]]) -> tuple[list[Compared], bool]:
    """The runs that are compared two by two: at most so many, those with the highest mean of their scores.

    Args:
        judges: of all dimensions.
        runs: the answers, by name.

    Returns:
        They, in the given order, and whether some were left out.
    """
    scores: dict[str, list[float]] = {name: [] for name in runs}
    for judge in judges:
        if not math.isnan(judge.score):
            scores[judge.name].append(judge.score)
    every = [
        Compared(name, sum(scores[name]) / len(scores[name]) if scores[name] else -1.0, answers)
        for name, answers in runs.items()
    ]
    kept, fewer = best_of(every)
    return [one for one in every if one in kept], fewer


def disputed_by_several(matches: Sequence[Match], most: int) -> list[DisputedBySeveral]:
    """The records with the most different credits, at most `most` of each dimension; none with equal credits."""
    found: list[DisputedBySeveral] = []
    for match in matches:
        credit = dimension_of(match.dimension).kind.credit
        rows: list[DisputedBySeveral] = []
        for several in zip(*match.outcomes.values(), strict=True):
            credits = [credit(outcome) for outcome in several]
            if max(credits) > min(credits):
                by_judge = dict(zip(match.outcomes, several, strict=True))
                rows.append(DisputedBySeveral(match.mode, match.dimension, by_judge, (min(credits), max(credits))))
        found += sorted(rows, key=_how_disputed)[:most]
    return found


def _how_disputed(row: DisputedBySeveral) -> tuple[float, str]:
    low, high = row.credits
    return low - high, next(iter(row.outcomes.values())).id


def twice(runs: Mapping[str, Sequence[Answers]]) -> list[str]:
    """One line for each two runs that have a log in common, or a copy of one."""
    logs = {name: {file for one in answers for file in one.logs} for name, answers in runs.items()}
    copies = same_logs(file for files in logs.values() for file in files)
    log_of = {file: place for place, some in enumerate(copies) for file in some}
    seen = {name: {log_of.get(file, file) for file in files} for name, files in logs.items()}
    return [f"{one} and {other} are the same run" for one, other in combinations(seen, 2) if seen[one] & seen[other]]
