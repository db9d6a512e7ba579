"""The options of a stress run: those of every run, and which dimensions it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import Option, Options, Values, declared


def _read(value: object) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError
    keys = tuple(name.strip() for name in names)
    try:
        for key in keys:
            dimension_of(key)
    except RecrmError:
        raise ValueError from None
    return tuple(dict.fromkeys(keys))


DimensionsOption: TypeAlias = Annotated[
    tuple[str, ...] | None,
    Option(
        Values("str", f"keys of dimensions with commas between them, such as {RECRM.keys[0]}", _read),
        "Which dimensions are asked, with commas between them.",
        f"those of the suite `{RECRM.name}`",
    ),
]


@dataclass(frozen=True)
class StressOptions(Options):
    """The checked options of a stress run."""

    dimensions: DimensionsOption = None


def keys_of(dimensions: tuple[str, ...] | None) -> tuple[str, ...]:
    """The dimensions that a stress run asks, by its option."""
    return RECRM.keys if dimensions is None else dimensions


def check_options(options: Options, prefix: str) -> None:
    """Refuses options of lists, which a stress run asks about as a whole, in one order and in another.

    Args:
        options: the run's.
        prefix: what the user writes before an option's name.

    Raises:
        RecrmError: one was given.
    """
    for name, option in declared(type(options)).items():
        if option.for_lists and getattr(options, name) != option.default:
            raise RecrmError(
                f"{prefix}{name}: a stress run asks about each list as a whole, in its usual order and once in "
                "another; leave it out"
            )
