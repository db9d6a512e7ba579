"""Runs of agents -> rows of the file of metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recrm_tasks.models.usage import FIELDS as USAGE
from recrm_tasks.reports.agent_groups import AgentGroup

_BESIDE = ("_stderr", "_low", "_high")
"""Endings of numbers that belong to a metric."""


def agent_rows(groups: Sequence[AgentGroup]) -> Iterator[dict[str, Any]]:
    """One row per run and metric; the part of a dimension is of this dimension, and all other metrics are of `all`."""
    for one in (one for group in groups for one in group.runs):
        run = one.run
        versions = run.versions.get("dimensions", {})
        for name, value in run.numbers.items():
            if name.endswith(_BESIDE):
                continue
            key = name.removesuffix("_n")
            yield {
                "model": run.agent,
                "judge": run.judge,
                "run": one.number,
                "harness": run.harness,
                "answers": run.versions.get("mode"),
                "setting": ", ".join(run.setting),
                "dimension": key if key in run.parts else "all",
                "metric": name,
                "primary": name == "reward",
                "value": value,
                "stderr": run.numbers.get(f"{name}_stderr"),
                "low": run.numbers.get(f"{name}_low"),
                "high": run.numbers.get(f"{name}_high"),
                "n": run.n,
                "coverage": run.numbers["coverage"],
                "unseen": int(run.numbers.get("unseen", 0)),
                "source": run.source or run.task,
                "prompt_version": versions.get(key),
                "outdated": run.outdated,
                "wanted": None if run.finished else run.wanted,
                "run_records": run.n,
                "run_seconds": run.seconds,
                **{f"run_{field}": getattr(run.usage, field) for field in USAGE},
            }
