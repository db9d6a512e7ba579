"""Leaderboard entries of one data source -> what they say, in a sentence or two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from recrm_tasks.baselines.result import Evaluated
from recrm_tasks.reports.compare_entries import EntryDifference
from recrm_tasks.reports.entry_labels import labels
from recrm_tasks.reports.leaderboard_entries import Entry
from recrm_tasks.reports.number_format import p_value, short_interval, signed_interval
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.without_model import Standing, bar_name, standing

_MEAN = "mean_score"


def start_line(
    group: Sequence[Entry],
    free: Mapping[str, Sequence[Evaluated]],
    differences: Sequence[EntryDifference] | None = None,
) -> list[str]:
    """How good the best entry is and against what; with several, whether its lead is more than chance.

    The best one has the highest mean score, or the highest metric where only one dimension was asked.

    Args:
        group: the entries of the source.
        free: its free baselines, by dimension.
        differences: the paired comparisons of entries by their labels; None if none were made.
    """
    names = dict(zip(map(id, group), labels(group), strict=True))
    ranked = _ranked(group)
    best = ranked[0] if ranked else max(group, key=lambda entry: len(entry.runs))
    lines = [_of_best(best, names[id(best)], free)]
    if len(ranked) > 1:
        lines.append(_of_lead(ranked, names, differences))
    elif len(group) > 1:
        lines.append("The other entries are of other dimensions or ways of scoring: none is ranked with it.")
    return lines


def _ranked(group: Sequence[Entry]) -> list[Entry]:
    """The entries that have a score of as many dimensions as the widest one and are comparable, best first."""
    most = max(len(entry.runs) for entry in group)
    wide = [entry for entry in group if len(entry.runs) == most and not math.isnan(score_of(entry)[1])]
    wide.sort(key=_of_contents)
    alike = [
        entry
        for entry in wide
        if entry.runs.keys() == wide[0].runs.keys() and _of_contents(entry) == _of_contents(wide[0])
    ]
    return sorted(alike, key=lambda entry: -score_of(entry)[1])


def _of_contents(entry: Entry) -> bool:
    """Whether a reward model scored contents, which is not comparable with answers."""
    return any(run.of_content for run in entry.runs.values())


def score_of(entry: Entry) -> tuple[str, float]:
    """What entries are ranked by: the mean score, or the metric of the only dimension; NaN if there is neither."""
    if _MEAN in entry.overall:
        return _MEAN, entry.overall[_MEAN]
    if len(entry.runs) == 1:
        (run,) = entry.runs.values()
        return run.primary, run.metrics[run.primary]
    return _MEAN, math.nan


def _of_best(entry: Entry, name: str, free: Mapping[str, Sequence[Evaluated]]) -> str:
    named = name if entry.mode in name else f"{name} ({entry.mode})"
    runs = list(entry.runs.values())
    parts = [_how_good(entry, runs), *_against(runs, free)]
    n = sum(run.metrics["n"] for run in runs)
    readable = sum(run.metrics["n"] * run.metrics["coverage"] for run in runs)
    parts.append(f"{readable:,.0f} of {n:,.0f} answers readable")
    if any(not run.finished for run in runs):
        parts.append("the run is incomplete")
    if any(run.limited for run in runs):
        parts.append("only a part of the records was asked")
    return f"{named}: {'; '.join(parts)}."


def _how_good(entry: Entry, runs: Sequence[Run]) -> str:
    count = len(runs)
    if _MEAN in entry.overall and not math.isnan(entry.overall[_MEAN]):
        reach = short_interval(entry.interval(_MEAN))
        return f"mean score {entry.overall[_MEAN]:.3f} ({reach}) over {count} dimensions"
    known = [run for run in runs if not math.isnan(run.metrics[run.primary])]
    scores = ", ".join(
        f"{run.dimension} {run.primary} {run.metrics[run.primary]:.3f} ({short_interval(run.interval())})"
        for run in known
    )
    if count == 1:
        return scores or f"{runs[0].dimension} {runs[0].primary} undefined"
    return f"no mean score; {scores}" if scores else "no score is defined"


def _against(runs: Sequence[Run], free: Mapping[str, Sequence[Evaluated]]) -> list[str]:
    """Where the runs stand against what needs no model, as at most one part of a sentence."""
    found = {run.dimension: standing(run, free) for run in runs}
    known = sum(one is not None for one in found.values())
    parts: list[str] = []
    for place in Standing:
        keys = [key for key, one in found.items() if one is place]
        if keys:
            what = f" {bar_name(free)}" if not parts else " it" if place is Standing.LEVEL else ""
            parts.append(f"{place.value}{what} in {len(keys)} of {known} ({', '.join(keys)})")
    return [", ".join(parts)] if parts else []


def _of_lead(ranked: Sequence[Entry], names: Mapping[int, str], differences: Sequence[EntryDifference] | None) -> str:
    """The best against the next, and against all that it was compared with."""
    best, following = ranked[0], ranked[1]
    score, value = score_of(best)
    name, other = names[id(best)], names[id(following)]
    behind = value - score_of(following)[1]
    if differences is None:
        reach = short_interval(_reach(following))
        return (
            f"Next of {len(ranked)} is {other} with {score_of(following)[1]:.3f} ({reach}); `recrm compare` and the "
            "page test whether that is less by more than chance."
        )
    tested = {
        two - {name}: one
        for one in differences
        if one.row.metric == score and name in (two := frozenset((one.first, one.second)))
    }
    pair = tested.get(frozenset((other,)))
    if pair is None:
        return f"Next of {len(ranked)} is {other}, {behind:.3f} lower; they cannot be compared record by record."
    low, high = pair.row.difference.low, pair.row.difference.high
    if pair.second != name:
        low, high = -high, -low
    verdict = "significant" if pair.row.significant else "not significant, so neither leads for sure"
    said = (
        f"It leads {other}, the next of {len(ranked)}, by {behind:.3f} in {score} ({signed_interval(low, high)}, "
        f"p {p_value(pair.row.adjusted)} after Holm's correction): {verdict}."
    )
    if len(tested) > 1:
        clear = sum(one.row.significant for one in tested.values())
        said += f" It is significantly ahead of {clear} of the {len(tested)} that it was compared with."
    return said


def _reach(entry: Entry) -> tuple[float, float]:
    if _MEAN in entry.overall:
        return entry.interval(_MEAN)
    (run,) = entry.runs.values()
    return run.interval()
