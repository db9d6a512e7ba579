"""The tasks for Inspect, and the reward as a scorer: samples, solver, scorers, metrics and logs. The task files are in
`recrm_tasks`.

They are imported on first use: reports read logs through this package where Inspect may not be installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_tasks.reward_scorer import recrm_reward
    from inspect_tasks.tasks import bench_task, dimension_task, stress_task

__all__ = ["bench_task", "dimension_task", "recrm_reward", "stress_task"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Of `tasks` alone, which says what to install where something is missing.
    module = import_module("inspect_tasks.reward_scorer" if name == "recrm_reward" else "inspect_tasks.tasks")
    return getattr(module, name)
