"""Marks runs whose model was trained on what it was asked."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.reports.evaluated_records import Choice, asked_ids, evaluated_records
from recrm_tasks.reports.in_training import InTraining, in_training_text
from recrm_tasks.reports.leaderboard_entries import AnswersIn, Entry, matching
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.model_sets import sets_of_model
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.reports.runs import Run
from recrm_tasks.scoring.outcomes import Outcome
from recrm_tasks.training.group_keys import id_key
from recrm_tasks.training.manifest_keys import ManifestKeys
from recrm_tasks.training.samples import names_source, of_record
from recrm_tasks.training.seen_records import TrainedSets

OPTION = "--trained-on"


class Named(NamedTuple):
    """A set that the user names."""

    model: str | None
    """Whose; None for all models."""
    place: Path


class _Asked(NamedTuple):
    """One dimension that a model was asked about."""

    run: RunInfo
    ids: Callable[[], frozenset[str] | None]
    """Of the questions that were asked; None for all."""
    outcomes: Callable[[], Sequence[Outcome]]
    """Read only if they are needed."""


class _Compared(NamedTuple):
    """What was found about one model."""

    found: dict[str, InTraining]
    """By dimension; without those that could not be compared."""
    names_test: bool
    """Whether its card names the evaluated data, and nothing says which part of them."""
    notes: list[str]


def named_sets(said: Sequence[str], models: Iterable[str]) -> list[Named]:
    """The sets in `--trained-on [MODEL=]PATH`.

    Args:
        said: each value of the option.
        models: those of the report.

    Raises:
        RecrmError: there is no such path or model.
    """
    known = sorted(set(models))
    found = []
    for text in said:
        model, equals, path = text.partition("=")
        if os.path.exists(text) or not equals:
            model, path = "", text
        if not os.path.exists(path):
            raise RecrmError(f"{OPTION} {text}: no such file or folder")
        if equals and model and model not in known:
            raise RecrmError(f"{OPTION} {text}: there are no results of {model!r}, only of {', '.join(known)}")
        found.append(Named(model or None, Path(path)))
    return found


def mark_trained_on(
    entries: Sequence[Entry], answers_in: AnswersIn, choice: Choice, named: Sequence[Named] = ()
) -> list[str]:
    """Compares what each model was trained on with the records that it was asked about.

    Args:
        entries: those of a report. `Entry.in_training` and `Entry.names_test` are set.
        answers_in: what the runs of a file answered.
        choice: where evaluated records may be.
        named: the sets that the user names, besides those that the models name.

    Returns:
        For each model that names a set, what they have in common, and what could not be compared.
    """
    notes = []
    for entry in entries:
        asked = {
            key: _Asked(run, partial(asked_ids, run, answers_in), partial(_outcomes, run, answers_in))
            for key, run in entry.runs.items()
        }
        compared = _compare(f"{entry.name} ({entry.harness}, {entry.mode})", asked, named, choice)
        entry.in_training, entry.names_test = compared.found, compared.names_test
        notes += compared.notes
    return notes


def _outcomes(run: Run, answers_in: AnswersIn) -> Sequence[Outcome]:
    return matching({run.dimension: run}, answers_in)[run.dimension].outcomes


def notes_of_answers(answers: Sequence[Answers], choice: Choice) -> list[str]:
    """The same notes about the models of some answers."""
    models: dict[str, dict[str, _Asked]] = {}
    for one in answers:
        ids = frozenset(outcome.of_list or outcome.id for outcome in one.outcomes)
        asked = _Asked(one, partial(_given, ids), partial(_given, one.outcomes))
        models.setdefault(f"{one.model} ({one.harness}, {one.mode})", {})[one.dimension] = asked
    return [note for who, asked in models.items() for note in _compare(who, asked, (), choice).notes]


_Value = TypeVar("_Value")


def _given(value: _Value) -> _Value:
    return value


def _compare(who: str, asked: Mapping[str, _Asked], named: Sequence[Named], choice: Choice) -> _Compared:
    """Compares the records of all dimensions that one model was asked about."""
    found: dict[str, InTraining] = {}
    names_test = False
    notes: list[str] = []
    read: dict[tuple[Path, ...], TrainedSets] = {}
    names: dict[str, None] = {}
    for key, (run, *_) in asked.items():
        model = sets_of_model(run.weights)
        given = [one.place for one in named if one.model in (None, run.model)]
        notes += model.unreadable
        absent = set(model.absent) - {name for name in model.absent for place in given if _called(name, place)}
        if run.provenance["source"] in absent and not given:
            names_test = True
            absent.remove(run.provenance["source"])
            notes.append(
                f"its card names {run.provenance['source']}, which it was evaluated on, and nothing says which "
                f"records it was trained on: {OPTION} {run.model}=PATH does, with PATH the training set"
            )
        if absent:
            notes.append(
                "its card names sets that are not here, so that they were not compared with the evaluated records: "
                f"{', '.join(sorted(absent))}; {OPTION} {run.model}=PATH says where one is"
            )
        places = {**model.places, **{str(place): place for place in given}}
        several = tuple(places.values())
        if several not in read:
            read[several] = TrainedSets(several)
        sets = read[several]
        notes += [f"a set that it was trained on was not compared: {problem}" for problem in sets.problems]
        if not sets.manifests and not sets.others:
            continue
        try:
            found[key] = _in_common(asked[key], sets, choice)
            names |= dict.fromkeys(places)
        except RecrmError as error:
            notes.append(f"what it was trained on was not compared with {key}: {error}")
    if found:
        notes.append(_summary(found, list(names)))
    return _Compared(found, names_test, [f"{who}: {note}" for note in dict.fromkeys(notes)])


def _called(name: str, place: Path) -> bool:
    """Whether a set is called like a folder, wherever that is now."""
    return Path(name).name == place.resolve().name


def _in_common(asked: _Asked, trained: TrainedSets, choice: Choice) -> InTraining:
    """Compares the records of one dimension.

    Raises:
        RecrmError: neither the records nor the answers of the log can be compared.
    """
    run = asked.run
    try:
        dataset = evaluated_records(run, asked.ids(), choice)
    except RecrmError:
        of_source = [manifest for manifest in trained.manifests if manifest.is_of(run.provenance)]
        if not of_source or trained.others:
            raise
        return _counted((_known_ids(run, outcome, of_source) for outcome in _by_record(asked.outcomes())), True)
    samples = (of_record(record, names_source(record, dataset.provenance)) for record in dataset.records())
    return _counted(trained.shared(samples), False)


def _by_record(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One outcome of each record; items and orders of a list are one."""
    names = {outcome.of_list or outcome.id for outcome in outcomes}
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        name = outcome.of_list or outcome.id
        first, _, order = name.rpartition("#")
        found.setdefault(first if order.isdecimal() and first in names else name, outcome)
    return list(found.values())


def _known_ids(run: RunInfo, outcome: Outcome, manifests: Iterable[ManifestKeys]) -> set[str]:
    """What a log alone says: the ids of a record and its group, of the same source as the sets."""
    record_type = dimension_of(run.dimension).record_type
    name = outcome.of_list or outcome.id
    keys = [] if outcome.group is None else [id_key(outcome.group, run.dimension, record_type.group_is, "")]
    found = set()
    for manifest in manifests:
        found |= manifest.shared(keys) | ({"id"} if manifest.has(run.dimension, name) else set())
    return found


def _counted(shared: Iterable[set[str]], only_ids: bool) -> InTraining:
    records, some, kinds = 0, 0, Counter[str]()
    for found in shared:
        records += 1
        some += bool(found)
        kinds.update(found)
    return InTraining(records, some, dict(sorted(kinds.items())), only_ids)


def _summary(found: Mapping[str, InTraining], sets: Sequence[str]) -> str:
    """One line on all dimensions."""
    named = ", ".join(sets)
    here = "" if not any(one.only_ids for one in found.values()) else " (the records are not here: only ids compared)"
    said = in_training_text(found.values())
    if said is None:
        records = sum(one.records for one in found.values())
        return f"nothing in common of the {records:,} evaluated records and what it was trained on: {named}{here}"
    parts = [
        f"{key} {one.text} ({', '.join(f'{kind} {count:,}' for kind, count in one.kinds.items())})"
        for key, one in found.items()
        if one.shared
    ]
    return f"{said}: {'; '.join(parts)}; {named}{here}"
