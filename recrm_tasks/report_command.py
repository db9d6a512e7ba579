"""`recrm report`, and the paper's table that it can show: `recrm published`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from recrm_tasks.command_line import check_target, console_here, print_notes, whole_number
from recrm_tasks.errors import RecrmError

if TYPE_CHECKING:
    from rich.console import Console

    from recrm_tasks.reports.agent_groups import AgentGroup
    from recrm_tasks.reports.collect import Collected
    from recrm_tasks.reports.free_baselines import Free
    from recrm_tasks.reports.leaderboard_entries import AnswersIn, Entry
    from recrm_tasks.reports.page.chapters import Chapter
    from recrm_tasks.reports.since_baseline import Since
    from recrm_tasks.reports.stress_runs import StressRun
    from recrm_tasks.reports.tables.report_table import Table

# What a command needs is imported when it runs: `recrm --help` and `recrm data` need none of it.


def add_report_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds both."""
    report = commands.add_parser("report", help="tables of the results of both harnesses")
    report.add_argument("paths", nargs="+", metavar="PATH", help="lm-eval results, Inspect logs, or folders of them")
    report.add_argument(
        "--to",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="also write a file: .html with plots and records, .csv, .parquet or .json with every metric, .md with the "
        "tables; repeatable",
    )
    report.add_argument("--plots", type=Path, metavar="FOLDER", help="also write the page's plots as SVG and PNG")
    report.add_argument(
        "--records",
        type=whole_number,
        default=10_000,
        metavar="N",
        help="at most N records of each dimension on the page, the same ones of every run (default 10000; 0 for none)",
    )
    report.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="PATH",
        help="where the evaluated records are, for the free baselines and for what models were trained on; "
        "repeatable. They are also looked for in the sample, the hub's cache, RECRM_DATA and the working directory",
    )
    report.add_argument("--mapping", help="the mapping.yaml of --data")
    report.add_argument(
        "--no-baselines", action="store_true", help="without the free baselines, which read the evaluated records"
    )
    report.add_argument(
        "--trained-on",
        action="append",
        default=[],
        metavar="[MODEL=]PATH",
        help="a set that a model was trained on, besides those that its card names: its run is marked if evaluated "
        "records are in it, or records of their groups; repeatable",
    )
    report.add_argument("--published", action="store_true", help="also show the paper's table, by itself")
    report.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit code 3 if a metric's interval reaches below the value; DIMENSION.METRIC=VALUE for one dimension",
    )
    report.add_argument(
        "--baseline",
        metavar="RUN",
        help="earlier results on the same records (with --log_samples): the report begins with what changed since",
    )
    report.add_argument(
        "--max-drop",
        type=_drop,
        metavar="X",
        help="exit code 3 if a primary metric has a significant drop of more than X since --baseline",
    )
    report.set_defaults(run=_report)
    published = commands.add_parser("published", help="the paper's table, with the intervals that its digits allow")
    published.set_defaults(run=_published)


def _drop(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return number


def _report(options: argparse.Namespace) -> int:
    console = console_here()
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.agent_groups import agent_groups
    from recrm_tasks.reports.collect import answers_in, collect, logs_under
    from recrm_tasks.reports.evaluated_records import Choice
    from recrm_tasks.reports.files.metrics_file import ENDINGS
    from recrm_tasks.reports.free_baselines import free_baselines
    from recrm_tasks.reports.leaderboard_entries import by_source, entries
    from recrm_tasks.reports.release_gate import FAILED, dropped, floor_of, under
    from recrm_tasks.reports.same_answers import TEXTS, mark_same_answers
    from recrm_tasks.reports.start_line import start_line
    from recrm_tasks.reports.stress_runs import stress_runs
    from recrm_tasks.reports.tables.agents_table import agent_tables
    from recrm_tasks.reports.tables.leaderboard_table import report_tables
    from recrm_tasks.reports.tables.since_table import since_table
    from recrm_tasks.reports.tables.stress_table import stress_tables
    from recrm_tasks.reports.tables.terminal import print_tables
    from recrm_tasks.reports.trained_on import mark_trained_on, named_sets

    if options.max_drop is not None and options.baseline is None:
        raise RecrmError("--max-drop needs --baseline, the run that it is a drop from")
    for file in options.to:
        check_target(file, "a report is", ".html", *ENDINGS, ".md")
    page = any(file.suffix == ".html" for file in options.to)
    if (page or options.plots) and find_spec("altair") is None:
        raise RecrmError("pages and plots need altair: pip install 'recrm-tasks[page]'")
    floors = [floor_of(text) for text in options.fail_under]
    if options.baseline is not None:
        logs_under([options.baseline], READERS)  # a name that is wrong should not cost a whole report
    found = collect(options.paths, READERS)
    stress = stress_runs(found.stress)
    agents, of_agents = agent_groups(found.agents)
    kept = options.records if page else 0
    answers = lru_cache(partial(answers_in, readers=READERS, max_texts=kept))
    listed, notes = entries(found.runs, answers)
    notes += [note for run in found.runs for note in run.notes]
    notes += mark_same_answers(listed, lru_cache(partial(answers_in, readers=READERS, max_texts=TEXTS)))
    choice = Choice(tuple(options.data), options.mapping)
    sets = named_sets(options.trained_on, (entry.model for entry in listed))
    notes += mark_trained_on(listed, answers, choice, sets)
    free: Free = {}
    if not options.no_baselines:
        free, left = free_baselines(listed, answers, choice)
        notes += left
    notes += [note for run in stress for note in run.notes] + of_agents
    since, problem = _since(options, found, answers, kept)
    drawn: list[Chapter] = []
    if page or options.plots:
        from recrm_tasks.reports.page.chapters import chapters

        baseline = [change.before for change in since.changes] if since else []
        drawn, left = chapters(listed, answers, free, baseline)
        notes += left
    compared = {chapter.source: chapter.differences for chapter in drawn}
    leads = {
        source: start_line(group, free.get(source, {}), compared.get(source))
        for source, group in by_source(listed).items()
    }
    tables = [since_table(since)] if since else []
    tables += [*report_tables(listed, free, leads), *stress_tables(stress), *agent_tables(agents)]
    print_tables(tables, console)
    if options.published:
        _print_published(console)
    _write(options, listed, tables, drawn, since or (str(problem) if problem else None), stress, agents)
    print_notes(
        {
            "left out": found.unusable,
            "incomplete": found.incomplete,
            "passed over": found.passed_over,
            "note": notes,
        }
    )
    failed = under(found.runs, floors)
    if problem:
        raise problem
    if since and options.max_drop is not None:
        failed += dropped(since, options.max_drop)
    if (options.fail_under or options.max_drop is not None) and (found.unusable or found.incomplete):
        failed.append("files that were left out and incomplete runs cannot pass")
    print_notes({"failed": failed})
    return FAILED if failed else 0


def _since(
    options: argparse.Namespace, found: Collected, answers: AnswersIn, kept: int
) -> tuple[Since | None, RecrmError | None]:
    """What changed since the baseline; or why it cannot be compared, which is raised once the report is written."""
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.leaderboard_entries import matching
    from recrm_tasks.reports.since_baseline import since_baseline

    if options.baseline is None:
        return None, None
    try:
        before = collect_answers([options.baseline], READERS, max_texts=kept)
        if found.unusable or found.incomplete:
            after = collect_answers(options.paths, READERS)  # raises: only whole runs are compared
        else:
            after = [one for run in found.runs for one in matching({run.dimension: run}, answers).values()]
        return since_baseline(before, after), None
    except RecrmError as error:
        return None, error


def _write(
    options: argparse.Namespace,
    listed: Sequence[Entry],
    tables: Sequence[Table],
    chapters: Sequence[Chapter],
    since: Since | str | None,
    stress: Sequence[StressRun],
    agents: Sequence[AgentGroup],
) -> None:
    """Writes all files."""
    from recrm_tasks.reports.files.metrics_file import write_metrics
    from recrm_tasks.reports.files.writing import write_text
    from recrm_tasks.reports.tables.markdown import markdown

    pages = [file for file in options.to if file.suffix == ".html"]
    for file in options.to:
        if file.suffix == ".md":
            write_text(markdown(tables), file)
        elif file not in pages:
            write_metrics(listed, agents, file)
    if not pages and not options.plots:
        return
    from recrm_tasks.reports.page.chapter_plots import plots_of, write_plots
    from recrm_tasks.reports.page.html_page import html_page

    drawn = [(chapter, plots_of(chapter)) for chapter in chapters]
    for file in pages:
        write_text(html_page(drawn, since, stress, agents, options.published), file)
    if options.plots:
        write_plots(drawn, options.plots)


def _print_published(console: Console) -> None:
    from recrm_tasks.reports.published_results import NOTES
    from recrm_tasks.reports.tables.published_table import published_table
    from recrm_tasks.reports.tables.terminal import print_tables

    print_tables([published_table()], console)
    for note in NOTES:
        console.print(f"- {note}", highlight=False)


def _published(options: argparse.Namespace) -> int:
    _print_published(console_here())
    return 0
