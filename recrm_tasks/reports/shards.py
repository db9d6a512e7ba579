"""Runs of shards -> the runs that they are parts of. Whole runs stay as they are."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.reports.runs import Run

Part = TypeVar("Part", Run, Answers)

_OF_A_PART = (
    "shard",
    "questions",
    "lists_without_order",
    "letters_not_shown",
    "fit",
    "thinking_in_prompt",
    "files",
    "rescored",
)
"""Entries of the provenance that may differ between the shards of one run."""
_DIVISION = "division"
"""The entry of a shard that is equal for all shards of one run: how the records were divided."""
_COUNTS = ("questions", "lists_without_order", "letters_not_shown")
_COUNTS_OF_FIT = ("shortened", "history_dropped", "candidates_dropped", "labels_of_several_tokens")


@dataclass(frozen=True)
class Parts(Generic[Part]):
    """The shards of one dimension of one run."""

    chosen: list[Part]
    """One log of each shard, by its number."""
    turn: int
    """Which run of this dimension it is in each of their files, where a file has several."""
    missing: str
    """What is missing from the run, in words; empty if nothing is."""
    notes: list[str]
    """One line for each log of a shard that does not count, as another log of the same shard does."""

    @property
    def info(self) -> RunInfo:
        """What is known of the whole run."""
        first = self.chosen[0]
        return RunInfo(
            file=first.file,
            harness=first.harness,
            model=first.model,
            dimension=first.dimension,
            mode=first.mode,
            provenance=_provenance(self.chosen),
            weights=first.weights,
            harness_settings=first.harness_settings,
            repeats=first.repeats,
            began=min((one.began for one in self.chosen if one.began), default=None),
            parts=tuple(one.file for one in self.chosen),
        )

    @property
    def share(self) -> float:
        """The share of the run's records that are in these shards."""
        return _rows(self.chosen) / int(self.chosen[0].provenance["rows"])


class _Key(NamedTuple):
    """What the shards of one run have in common, besides what was asked."""

    harness: str
    model: str
    dimension: str
    mode: str
    of: int
    turn: int


def sort_out(runs: Sequence[Part]) -> tuple[list[Part], list[Parts[Part]]]:
    """Whole runs, and the shards by the run that they are parts of.

    Shards belong together if model, data, options, the harness's settings and versions are equal. If there are several
    logs of one shard, one of them counts: one that is finished, else the one with the most answers, else the last by
    its file's name, which begins with the time.
    """
    whole: list[Part] = []
    found: dict[_Key, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    turns: Counter[tuple[object, ...]] = Counter()
    for run in runs:
        if run.shard is None:
            whole.append(run)
            continue
        place = run.file, run.dimension, run.mode
        key = _Key(run.harness, run.model, run.dimension, run.mode, run.shard.of, turns[place])
        turns[place] += 1
        found[key][_asked(run)].append(run)
    return whole, [
        _parts(key, same, [one for asked, others in alike.items() if asked != of for one in others])
        for key, alike in found.items()
        for of, same in alike.items()
    ]


def joined_answers(parts: Parts[Answers]) -> Answers:
    """The answers of a run."""
    return Answers.joined(parts.chosen, parts.info, parts.missing, parts.notes)


def _parts(key: _Key, same: Sequence[Part], others: Sequence[Part]) -> Parts[Part]:
    """The shards of one run.

    Args:
        key: what they have in common.
        same: all logs of them.
        others: shards of the same model that were asked something else.
    """
    by_number: dict[int, list[Part]] = defaultdict(list)
    for run in same:
        assert run.shard is not None
        by_number[run.shard.number].append(run)
    chosen: list[Part] = []
    notes: list[str] = []
    for _, logs in sorted(by_number.items()):
        ranked = sorted(logs, key=lambda one: (one.finished, one.n, one.file.name))
        chosen.append(ranked[-1])
        notes += [_note(ranked[-1], one) for one in ranked[:-1]]
    lacking = sorted(set(range(1, key.of + 1)) - by_number.keys())
    missing = [_lacking(lacking, key.of, chosen[0], others)] if lacking else []
    missing += [f"shard {one.shard} is not finished" for one in chosen if not one.finished]
    cut = [one for one in chosen if one.finished and one.n < one.provenance["questions"]]
    if len(cut) < len(chosen):  # all of them are as one run with a limit of the harness, which reports mark
        missing += [f"shard {one.shard} has {one.n} of its {one.provenance['questions']} questions" for one in cut]
    missing += _shortened(chosen)
    return Parts(chosen, key.turn, "; ".join(missing), notes)


def _shortened(chosen: Sequence[Part]) -> list[str]:
    """That records were shortened in some shards and not, or less, in others."""
    fits = [one.provenance["fit"] for one in chosen if isinstance(one.provenance["fit"], dict)]
    rooms = sorted({fit["context"] - fit["answer_tokens"] for fit in fits})
    if len(rooms) < 2 or not any(fit["shortened"] for fit in fits):
        return []
    return [f"records were shortened to {' and to '.join(map(str, rooms))} tokens"]


def _note(taken: Part, left: Part) -> str:
    if taken.same_as(left):
        why = "it has the same answers"
    elif left.finished != taken.finished:
        why = "it is not finished"
    elif left.n != taken.n:
        why = "it has fewer answers"
    else:
        why = "its name comes before the other's"
    return (
        f"shard {taken.shard} of {taken.dimension} by {taken.model}: {taken.file} counts, {left.file} does not: {why}"
    )


def _lacking(numbers: Sequence[int], of: int, first: Part, others: Sequence[Part]) -> str:
    """Which shards are missing, and whether there are such shards of something else."""
    named = ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
    said = f"shard{'s' if len(numbers) > 1 else ''} {named} of {of} {'are' if len(numbers) > 1 else 'is'} missing"
    for other in others:
        if other.shard is not None and other.shard.number in numbers:
            return f"{said} ({other.file} is shard {other.shard}, but of another run: {_difference(first, other)})"
    return said


def _difference(one: Part, other: Part) -> str:
    """The first thing in which two shards differ that are not of one run."""
    here: dict[str, Any] = json.loads(_asked(one))
    there: dict[str, Any] = json.loads(_asked(other))
    if here["sha256"] != there["sha256"]:
        return f"its data has the sha256 {str(there['sha256'])[:12]}, not {str(here['sha256'])[:12]}"
    if here[_DIVISION] != there[_DIVISION]:
        return "its records were divided in another way, since other records of it have a user or query in common"
    name = next(name for name in (*here, *there) if here.get(name) != there.get(name))
    return f"its {name} is {there.get(name)}, not {here.get(name)}"


def _asked(run: Part) -> str:
    """What a run was asked, and by which versions: equal for all shards of one run."""
    asked = {name: value for name, value in run.provenance.items() if name not in _OF_A_PART} | run.harness_settings
    asked[_DIVISION] = run.provenance["shard"].get(_DIVISION)
    versions = {"reader version": run.reader_version, "times rescored": len(run.rescored)}
    return json.dumps({**asked, **versions}, sort_keys=True)


def _rows(chosen: Sequence[Part]) -> int:
    return sum(one.shard.rows for one in chosen if one.shard is not None)


def _provenance(chosen: Sequence[Part]) -> dict[str, Any]:
    """That of the whole run. What depends on the records is added up."""
    every = [one.provenance for one in chosen]
    found = {**every[0], "shard": None}
    for name in _COUNTS:
        if any(name in entry for entry in every):
            found[name] = sum(entry.get(name, 0) for entry in every)
    found["questions"] = round(found["questions"] * found["rows"] / _rows(chosen))
    fits = [entry["fit"] for entry in every]
    if all(isinstance(fit, dict) for fit in fits):
        found["fit"] = {**fits[0], **{name: sum(fit[name] for fit in fits) for name in _COUNTS_OF_FIT}}
    for name in ("thinking_in_prompt", "files"):
        if said := next((entry[name] for entry in every if entry.get(name) is not None), None):
            found[name] = said
    return found
