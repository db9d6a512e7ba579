"""Answers that cost nothing: baselines beside which a model's figures are read. Each `Baseline` here is registered.

`recrm_tasks.baselines.evaluate` measures them. They need scikit-learn (`recrm-tasks[baselines]`).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from recrm_tasks.baselines.base import Baseline


@cache
def baselines() -> dict[str, type[Baseline]]:
    """All baselines by name: first those that say the same of every record, then in alphabetical order."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    found = sorted(Baseline.__subclasses__(), key=lambda one: (not one.constant, one.name))
    return {one.name: one for one in found}
