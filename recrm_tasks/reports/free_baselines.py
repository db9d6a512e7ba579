"""Leaderboard entries -> the free baselines on the very records that were evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from recrm_tasks.errors import RecrmError
from recrm_tasks.reports.evaluated_records import Choice, asked_ids, evaluated_records, way_of
from recrm_tasks.reports.leaderboard_entries import AnswersIn, Entry, by_source
from recrm_tasks.reports.runs import Run

if TYPE_CHECKING:
    from recrm_tasks.baselines.result import Evaluated

Free = dict[str, dict[str, list["Evaluated"]]]
"""By source, as entries name it, and by dimension."""


def free_baselines(entries: Sequence[Entry], answers_in: AnswersIn, choice: Choice) -> tuple[Free, list[str]]:
    """The baselines of every dimension that was asked.

    Args:
        entries: of all sources.
        answers_in: what the runs of a file answered.
        choice: where else records may be.

    Returns:
        The baselines, and one line for each dimension without them and why.
    """
    if find_spec("sklearn") is None:
        return {}, ["no free baselines: they need scikit-learn: pip install 'recrm-tasks[baselines]'"]
    found: Free = {}
    notes: list[str] = []
    for source, group in by_source(entries).items():
        done: dict[tuple[object, ...], Evaluated | None] = {}
        for entry in group:
            for key, run in entry.runs.items():
                try:
                    ids = asked_ids(run, answers_in)
                    same = (key, run.provenance["sha256"], *way_of(run).values(), ids)
                    if same in done:
                        continue
                    done[same] = None
                    evaluated = _evaluated(run, ids, choice)
                except RecrmError as error:
                    notes.append(f"no free baselines of {key} ({source}): {error}")
                    continue
                found.setdefault(source, {}).setdefault(key, []).append(evaluated)
    return found, list(dict.fromkeys(notes))


def _evaluated(run: Run, ids: frozenset[str] | None, choice: Choice) -> Evaluated:
    from recrm_tasks.baselines.evaluate import evaluate

    return evaluate(evaluated_records(run, ids, choice), **way_of(run))
