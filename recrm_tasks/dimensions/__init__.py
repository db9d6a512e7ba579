"""The dimensions of the benchmark, one file each. A new file with a `Dimension` in it is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from inspect import isabstract

from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import check_record_type
from recrm_tasks.errors import RecrmError


@cache
def dimensions() -> dict[str, Dimension]:
    """All dimensions by key, in the order of the paper's table."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    found = [cls() for cls in _descendants(Dimension) if not isabstract(cls)]
    for kind in found:
        check_record_type(kind.record_type)
    return {d.key: d for d in sorted(found, key=lambda d: d.position)}


def dimension(key: str) -> Dimension:
    """The dimension of that key.

    Raises:
        RecrmError: there is none.
    """
    try:
        return dimensions()[key]
    except KeyError:
        raise RecrmError(f"unknown dimension {key!r}: the dimensions are {', '.join(dimensions())}") from None


def _descendants(cls: type) -> list[type[Dimension]]:
    subclasses: Sequence[type[Dimension]] = cls.__subclasses__()
    return [found for sub in subclasses for found in (sub, *_descendants(sub))]
