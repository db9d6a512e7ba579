"""The dimensions of the benchmark, one file each. Every `Dimension` in a file of this package is registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from inspect import isabstract

from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.prompt import LANGS
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import check_record_type, is_list
from recrm_tasks.errors import RecrmError


@cache
def dimensions() -> dict[str, Dimension]:
    """All dimensions by key, in the order of the paper's table.

    Raises:
        RecrmError: a dimension is incomplete, or two have the same key.
    """
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    found: dict[str, Dimension] = {}
    for cls in _descendants(Dimension):
        if hasattr(cls, "key") or not isabstract(cls):
            _check(cls, found)
            found[cls.key] = cls()
    return dict(sorted(found.items(), key=lambda entry: entry[1].position))


def dimension(key: str) -> Dimension:
    """The dimension with this key.

    Raises:
        RecrmError: no dimension has it.
    """
    try:
        return dimensions()[key]
    except KeyError:
        raise RecrmError(f"unknown dimension {key!r}: the dimensions are {', '.join(dimensions())}") from None


def _check(cls: type[Dimension], earlier: dict[str, Dimension]) -> None:
    """Refuses an incomplete dimension with the reason, instead of an error during a run."""
    where = f"{cls.__module__}.{cls.__name__}"
    needed = ("key", "title", "column", "position", "version", "asks", "question_text", "record_type")
    if missing := [name for name in needed if not hasattr(cls, name)]:
        raise RecrmError(f"dimension {where}: it has no {', '.join(missing)}; docs/adding-a-dimension.md explains each")
    if isabstract(cls):
        raise RecrmError(f"dimension {where}: it does not define {', '.join(sorted(cls.__abstractmethods__))}")
    if cls.key in earlier:
        raise RecrmError(f"dimension {where}: the key {cls.key!r} is already used by {type(earlier[cls.key]).__name__}")
    if not isinstance(getattr(cls, "kind", None), Kind):
        raise RecrmError(f"dimension {where}: it has no kind of answer: kind = LABEL, PROBABILITY or ORDER")
    fields = cls.record_type.model_fields
    if absent := [name for name in cls.kind.gold_fields if name not in fields]:
        raise RecrmError(
            f"dimension {where}: answers of kind {cls.kind.name!r} need a record with {', '.join(absent)}; "
            f"{cls.record_type.__name__} has {', '.join(fields)}"
        )
    try:
        check_record_type(cls.record_type)
    except RecrmError as error:
        raise RecrmError(f"dimension {where}: {error}") from None
    if cls.kind.has_labels and cls.default_labels is None:
        raise RecrmError(f"dimension {where}: answers of kind {cls.kind.name!r} need default_labels")
    if cls.primary not in cls.kind.declared:
        raise RecrmError(
            f"dimension {where}: its primary metric {cls.primary!r} is not one of {', '.join(cls.kind.declared)}"
        )
    primary = cls.kind.declared[cls.primary]
    if primary.interval == "none" or primary.better != "higher" or primary.by_item:
        raise RecrmError(
            f"dimension {where}: its primary metric {cls.primary!r} must have a standard error, higher must be better, "
            "and every run must have it"
        )
    asked = {"question_text": cls.question_text, **({"item_question": cls.item_question} if cls.item_question else {})}
    for name, texts in asked.items():
        if silent := [lang for lang in LANGS if lang not in texts]:
            raise RecrmError(f"dimension {where}: {name} has no text in {', '.join(silent)}")
    if cls.request is not Dimension.request and cls.judged is None and not is_list(cls.record_type):
        raise RecrmError(f"dimension {where}: a request needs `judged`, the field that answers it")
    if cls.judged is not None and cls.judged not in fields:
        raise RecrmError(f"dimension {where}: judged: its records have no field {cls.judged!r}")
    if unknown := [name for name in cls.strata if name not in fields]:
        raise RecrmError(f"dimension {where}: strata: its records have no field {', '.join(unknown)}")


def _descendants(cls: type) -> list[type[Dimension]]:
    subclasses: Sequence[type[Dimension]] = cls.__subclasses__()
    return [found for sub in subclasses for found in (sub, *_descendants(sub))]
