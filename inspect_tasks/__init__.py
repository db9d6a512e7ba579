"""The tasks for Inspect: samples, solver, scorers and metrics. The task files that users run are in `recrm_tasks`."""

from inspect_tasks.tasks import bench_task, dimension_task

__all__ = ["bench_task", "dimension_task"]
