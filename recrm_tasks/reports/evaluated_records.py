"""Runs -> the very records that were evaluated, where they are here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.data.dataset import Dataset, load
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.leaderboard_entries import AnswersIn, matching
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.reports.runs import Run


class Choice(NamedTuple):
    """Where a user says that records are, besides what the logs say."""

    paths: tuple[str, ...] = ()
    mapping: str | None = None


def way_of(run: RunInfo) -> dict[str, Any]:
    """The options of a run that decide which questions its records make."""
    return {"orders": run.provenance.get("orders") or 1, "ask": run.provenance.get("ask") or "list"}


def asked_ids(run: Run, answers_in: AnswersIn) -> frozenset[str] | None:
    """The ids of the questions that were asked; None if all were.

    Raises:
        DataError: only some were, and the log does not say which.
    """
    given = run.provenance
    asked = given.get("questions") or given.get("rows", given["rows_available"])
    if run.metrics["n"] >= asked:
        return None
    answers = matching({run.dimension: run}, answers_in)[run.dimension]
    return frozenset(outcome.of_list or outcome.id for outcome in answers.outcomes)


def evaluated_records(run: RunInfo, ids: frozenset[str] | None, choice: Choice) -> Dataset:
    """The records that were asked.

    They are taken from the sample, from the hub's cache, from the paths that the user names, from `RECRM_DATA`, and
    from the file or folder with the source's name in the working directory; the content hash of the log says whether
    they are the evaluated ones.

    Args:
        run: one dimension of a run.
        ids: those of the questions that were asked; None if all were.
        choice: where else records may be.

    Raises:
        RecrmError: they are not here.
    """
    dataset = _dataset(run, choice)
    if ids is None:
        return dataset
    known = set(dataset.ids())
    # Further orders of a list have a number behind its id.
    return dataset.only({name if name in known else name.rpartition("#")[0] for name in ids})


def _dataset(run: RunInfo, choice: Choice) -> Dataset:
    """The records of a run.

    Raises:
        RecrmError: they are not here.
    """
    given = run.provenance
    problems = []
    for place in _places(given, choice):
        of_hub = place == "hub"
        try:
            with _cached_hub() if of_hub else nullcontext():
                dataset = load(
                    run.dimension,
                    place,
                    split=given["split"],
                    lang=given.get("lang"),
                    limit=given.get("limit"),
                    seed=given.get("seed", 0),
                    mapping=choice.mapping,
                    revision=given["revision"] if of_hub else None,
                    ask=way_of(run)["ask"],
                )
        except RecrmError as error:
            problems.append(f"{place}: {str(error).splitlines()[0]}")
            continue
        if dataset.provenance["sha256"] == given["sha256"]:
            return dataset
        problems.append(f"{place}: its records are not those that were evaluated")
    here = f" ({'; '.join(problems)})" if problems else ""
    if given["data"] == "sample":
        raise DataError(f"this version of the package has no such sample{here}")
    raise DataError(f"the evaluated records are not here{here}; --data PATH says where they are")


def _places(given: dict[str, Any], choice: Choice) -> Iterator[str]:
    """Where the records of a run may be."""
    if given["data"] in ("sample", "hub"):
        yield from dict.fromkeys((*choice.paths, given["data"]) if given["data"] == "hub" else ("sample",))
        return
    of_environment = os.environ.get("RECRM_DATA") or ""
    named = [place for place in (of_environment, given["source"]) if Path(place).name == given["source"]]
    yield from dict.fromkeys((*choice.paths, *(place for place in named if os.path.exists(place))))


def _cached_hub() -> Any:
    from recrm_tasks.data.sources.hub import only_cached

    return only_cached()
