"""Inspect's room: records -> samples, scorers, metrics. The task files stand in `recrm_tasks`."""

from inspect_tasks.tasks import bench_task, dimension_task

__all__ = ["bench_task", "dimension_task"]
