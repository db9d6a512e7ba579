"""Everything that a page shows, as sections in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.reports.agent_groups import AgentGroup
from recrm_tasks.reports.page.chapter_plots import Plot, Plots, stress_plots
from recrm_tasks.reports.page.chapters import Chapter, dead_groups_of
from recrm_tasks.reports.published_results import NOTES
from recrm_tasks.reports.start_line import start_line
from recrm_tasks.reports.stress_runs import StressRun
from recrm_tasks.reports.tables.agents_table import agent_tables
from recrm_tasks.reports.tables.dead_groups_table import dead_groups_table
from recrm_tasks.reports.tables.entry_differences_table import entry_differences_table
from recrm_tasks.reports.tables.leaderboard_table import cost_table, costly_runs, leaderboard_table
from recrm_tasks.reports.tables.published_table import published_table
from recrm_tasks.reports.tables.report_table import Table
from recrm_tasks.reports.tables.stress_table import fooled_sentence, stress_tables


class Section(NamedTuple):
    """One part of a page."""

    name: str
    """For its anchor and the look of its tables."""
    title: str
    lead: Sequence[str] = ()
    """What it says, in a sentence or more."""
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    plots_first: bool = False
    """Whether the plots come before the tables."""
    notes: Sequence[str] = ()
    """At its end."""


def sections_of(chapter: Chapter, plots: Plots) -> list[Section]:
    """What is shown of all dimensions of one data source together."""
    entries = [line.entry for line in chapter.lines]
    leaderboard = leaderboard_table(
        "leaderboard", entries, chapter.free, start_line(entries, chapter.free, chapter.differences)
    )
    found = [Section("leaderboard", "Leaderboard", leaderboard.lead, [leaderboard], plots["all"])]
    if chapter.differences:
        found.append(Section("differences", "Differences", tables=[entry_differences_table(chapter.differences)]))
    if dead := dead_groups_of(chapter):
        table = dead_groups_table(dead)
        found.append(Section("dead-groups", table.title, tables=[table]))
    if costs := costly_runs(entries):
        found.append(Section("cost", "Cost", tables=[cost_table(costs)]))
    return found


def sections_before(since: Table | str | None) -> list[Section]:
    """What comes before all data sources.

    Args:
        since: what changed since a baseline, or why that is not known; None without a baseline.
    """
    if since is None:
        return []
    title = "What changed since the baseline"
    if isinstance(since, str):
        return [Section("since", title, [f"Not compared: {since}"])]
    return [Section("since", title, since.lead, [since])]


def sections_behind(stress: Sequence[StressRun], agents: Sequence[AgentGroup], with_published: bool) -> list[Section]:
    """What comes behind all data sources.

    Args:
        stress: the stress runs.
        agents: the runs of agents.
        with_published: whether the paper's table is shown.
    """
    found = []
    if stress:
        title = "Stress: can the judge be fooled?"
        tables = [table.titled(table.title.removeprefix("stress: ")) for table in stress_tables(stress)]
        lead = [fooled_sentence(run) for run in stress]
        found.append(Section("stress", title, lead, tables, stress_plots(stress), plots_first=True))
    if agents:
        tables = [table.titled(table.title.removeprefix("agents: ")) for table in agent_tables(agents)]
        found.append(Section("agents", "Agents: the hybrid reward of what they did", tables=tables))
    if with_published:
        table = published_table()
        lead = ["Other prompts, records and answer reading: not comparable with the tables above."]
        found.append(Section("published", f"{table.title[0].upper()}{table.title[1:]}", lead, [table], notes=NOTES))
    return found
