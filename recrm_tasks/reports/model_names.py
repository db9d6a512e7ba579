"""Runs -> the same runs, with names that tell their models apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from recrm_tasks.reports.run_info import RunInfo

R = TypeVar("R", bound=RunInfo)


class _Place(NamedTuple):
    """Where a model was loaded from."""

    parts: tuple[str, ...]
    """The folders of its path, or the parts of its name."""
    revision: str
    """Of the hub; empty if none was given."""

    @classmethod
    def of(cls, run: RunInfo) -> _Place:
        named = run.weights[0] if run.weights else run.model
        parts = tuple(part for part in named.replace("\\", "/").split("/") if part not in ("", "."))
        return cls(parts, run.harness_settings.get("model argument revision", ""))

    def is_end_of(self, other: _Place) -> bool:
        return self != other and self.revision == other.revision and other.parts[-len(self.parts) :] == self.parts

    def last(self, count: int) -> str:
        return "/".join(self.parts[-count:]) + (f"@{self.revision}" if self.revision else "")


def told_apart(runs: Sequence[R]) -> list[R]:
    """Gives different models different names.

    The harnesses' logs name a model by the last part of its path, so that `/runs/a/checkpoint-500` and
    `/runs/b/checkpoint-500` have one name, and their numbers would be taken for those of one model. As much of the path
    is added as tells them apart: `a/checkpoint-500`. A path that is the end of another one is of the same model: a
    folder seen from another working directory, or the name under which a server has it.
    """
    places: dict[str, set[_Place]] = {}
    for run in runs:
        places.setdefault(run.model, set()).add(_Place.of(run))
    names = {(model, place): name for model, found in places.items() for place, name in _names(model, found)}
    return [replace(run, model=names[run.model, _Place.of(run)]) for run in runs]


def _names(model: str, places: Collection[_Place]) -> Iterable[tuple[_Place, str]]:
    """The name of each place of models with one name."""
    whole = [place for place in places if not any(place.is_end_of(other) for other in places)]
    for place in places:
        owners = [one for one in whole if place == one or place.is_end_of(one)]
        # A short name that is the end of several paths may be any of these models.
        yield place, model if len(whole) == 1 or len(owners) > 1 else _name(model, owners[0], whole)


def _name(model: str, place: _Place, whole: Sequence[_Place]) -> str:
    counts = range(1, len(place.parts) + 1)
    told = next((n for n in counts if sum(one.last(n) == place.last(n) for one in whole) == 1), len(place.parts))
    label = place.last(told)
    return label if place.parts[-1] == model else f"{model} ({label})"
