"""Runs of agents -> the groups that are shown together: those of one task on one data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.reports.agent_runs import AgentRun, Listed
from recrm_tasks.reports.compare_agents import compare_agents
from recrm_tasks.reports.compare_entries import EntryDifference


class AgentGroup(NamedTuple):
    """The runs of one task on one data set. Rewards of different tasks are not compared."""

    task: str
    source: str
    """The name of the data set; empty if it has none."""
    runs: list[Listed]
    differences: list[EntryDifference]

    @property
    def name(self) -> str:
        """Task and data set."""
        return f"{self.task}, data: {self.source}" if self.source else self.task


def agent_groups(runs: Sequence[AgentRun]) -> tuple[list[AgentGroup], list[str]]:
    """Puts runs of one task together, by judge and agent.

    Returns:
        The groups, and notes: which files several runs of an agent are, and which runs are not compared and why.
    """
    same: dict[tuple[str, str], list[AgentRun]] = {}
    for run in sorted(runs, key=lambda run: (run.task, run.source, run.judge, run.agent, str(run.file))):
        same.setdefault((run.task, run.source), []).append(run)
    found: list[AgentGroup] = []
    notes: list[str] = []
    for (task, source), group in same.items():
        listed, several = _numbered(group)
        differences, left = compare_agents(listed)
        found.append(AgentGroup(task, source, listed, differences))
        notes += several + left
    return found, notes


def _numbered(runs: Sequence[AgentRun]) -> tuple[list[Listed], list[str]]:
    """Numbers the runs of one agent and judge, and says which files they are."""
    same: dict[tuple[object, ...], list[AgentRun]] = {}
    for run in runs:
        same.setdefault((run.judge, run.agent, run.setting), []).append(run)
    listed = [[Listed(run, number) for number, run in enumerate(group, 1)] for group in same.values()]
    notes = [
        f"several runs of the agent {one.run.agent}, judged by {one.run.judge}: {one.name} is {one.run.file}"
        for group in listed
        for one in group
        if len(group) > 1
    ]
    return [one for group in listed for one in group], notes
