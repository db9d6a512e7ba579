"""Short names of leaderboard entries, for plots and sentences."""

from __future__ import annotations

from collections.abc import Sequence

from recrm_tasks.reports.leaderboard_entries import Entry


def labels(group: Sequence[Entry]) -> list[str]:
    """Short names that differ: the model; harness, answer mode and setting only where they differ."""
    parts = [(entry.harness, entry.mode, ", ".join(entry.setting)) for entry in group]
    differ = [len(set(values)) > 1 for values in zip(*parts, strict=True)]
    return [
        " · ".join([entry.name, *(value for value, shown in zip(values, differ, strict=True) if shown and value)])
        for entry, values in zip(group, parts, strict=True)
    ]
