"""The `recrm` command: what the harnesses do not do themselves."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from recrm_tasks import __version__
from recrm_tasks.build.build_command import add_build_command
from recrm_tasks.data.data_command import add_data_commands
from recrm_tasks.errors import RecrmError

if TYPE_CHECKING:
    from rich.console import Console

    from recrm_tasks.reports.leaderboard_entries import AnswersIn, Entry


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; a user's mistake is one message and exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except RecrmError as error:
        print(f"recrm: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `recrm … | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what Python still flushes at its end
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recrm", description="RecRM-Bench for lm-evaluation-harness and Inspect.")
    parser.add_argument("--version", action="version", version=f"recrm-tasks {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    report = commands.add_parser("report", help="a table of the results of both harnesses")
    report.add_argument("paths", nargs="+", metavar="PATH", help="lm-eval results, Inspect logs, or folders of them")
    report.add_argument(
        "--to",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="write it too: .html with plots and records, .csv, .parquet or .json with every metric, .md with the "
        "tables; repeatable",
    )
    report.add_argument("--plots", type=Path, metavar="FOLDER", help="write the page's plots there as SVG and PNG")
    report.add_argument(
        "--records",
        type=_count,
        default=10_000,
        metavar="N",
        help="so many records of each dimension in the page (10000), the same ones of every run; 0 for none",
    )
    report.add_argument("--published", action="store_true", help="the paper's table too, in a table of its own")
    report.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit code 3 if a metric's interval reaches below the value; DIMENSION.METRIC=VALUE for one dimension",
    )
    report.add_argument("--baseline", metavar="RUN", help="earlier results on the same records (with --log_samples)")
    report.add_argument(
        "--max-drop",
        type=_drop,
        metavar="X",
        help="exit code 3 if a primary metric fell by more than X since --baseline, and not by chance",
    )
    report.set_defaults(run=_report)

    card = commands.add_parser("card", help="the block for a model card: model-index YAML and tables")
    card.add_argument("paths", nargs="+", metavar="PATH", help="results of one model")
    card.set_defaults(run=_card)

    table = commands.add_parser("published", help="the paper's table, with the intervals that its digits allow")
    table.set_defaults(run=_published)

    compare = commands.add_parser(
        "compare", help="what differs between two runs on the same records, and by chance or not"
    )
    for side in ("A", "B"):
        compare.add_argument(
            side.lower(), metavar=side, help="lm-eval results (with --log_samples), an Inspect log, or a folder of them"
        )
    compare.add_argument(
        "--top", type=_count, default=5, metavar="N", help="of each dimension so many records that differ most (5)"
    )
    compare.set_defaults(run=_compare)

    logs = argparse.ArgumentParser(add_help=False)
    logs.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="lm-eval results (with --log_samples), Inspect logs, or folders of them",
    )

    aggregate = commands.add_parser(
        "aggregate", parents=[logs], help="mean score and hybrid score from finished runs of all dimensions"
    )
    aggregate.add_argument(
        "--weight", action="append", default=[], metavar="DIMENSION=NUMBER", help="another weight than 1; repeatable"
    )
    aggregate.add_argument("--to", metavar="FILE", help="write the parts of the hybrid score too, as .parquet or .csv")
    aggregate.set_defaults(run=_aggregate)

    diagnose = commands.add_parser(
        "diagnose", parents=[logs], help="confusion matrices, reliability diagrams and chosen places of finished runs"
    )
    diagnose.add_argument("--to", metavar="FILE", help="write them as JSON too, for plots")
    diagnose.set_defaults(run=_diagnose)

    add_build_command(add_data_commands(commands))
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return int(text)


def _drop(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return number


def _console() -> Console:
    if find_spec("rich") is None:
        raise RecrmError("tables need rich: pip install 'recrm-tasks[report]'")
    from rich.console import Console

    # Without a terminal the width is unknown: a log file should not cut the columns.
    return Console() if sys.stdout.isatty() else Console(width=150)


def _published(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.reports.tables.terminal import print_published

    print_published(console)
    return 0


def _compare(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.compare_runs import compare, disputed
    from recrm_tasks.reports.pairing import pair
    from recrm_tasks.reports.tables.comparison_table import print_differences, print_disputed

    first, second = collect_answers([options.a], READERS), collect_answers([options.b], READERS)
    pairs, left = pair(first, second)
    for line in left:
        print(f"left out: {line}", file=sys.stderr)
    print_differences(compare(pairs), first, second, console)
    print_disputed(disputed(pairs, options.top), console)
    return 0


def _aggregate(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.aggregate import roles_with
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.aggregate_runs import aggregates, write_parts
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.tables.aggregate_table import print_aggregates

    roles = roles_with(options.weight)
    found = aggregates(collect_answers(options.paths, READERS), roles)
    print_aggregates(found, roles, console)
    if options.to:
        count = write_parts(found, roles, Path(options.to))
        print(f"{count} parts written to {options.to}")
    return 0


def _diagnose(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.tables.diagnosis_table import diagnoses, print_diagnoses, write_diagnoses

    found = diagnoses(collect_answers(options.paths, READERS))
    print_diagnoses(found, console)
    if options.to:
        write_diagnoses(found, Path(options.to))
    return 0


def _card(options: argparse.Namespace) -> int:
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import answers_in, collect
    from recrm_tasks.reports.files.model_card import card
    from recrm_tasks.reports.leaderboard_entries import entries

    found = collect(options.paths, READERS)
    finished = [run for run in found.runs if run.wanted is None]
    if not finished:
        raise RecrmError("\n".join(["no run is finished; a card is of whole runs:", *found.incomplete]))
    listed, notes = entries(finished, lru_cache(partial(answers_in, readers=READERS)))
    print(card(listed))
    _tell({"left out": [*found.unusable, *found.incomplete], "passed over": found.passed_over, "note": notes})
    return 0


def _report(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import answers_in, collect, collect_answers
    from recrm_tasks.reports.leaderboard_entries import entries
    from recrm_tasks.reports.release_gate import FAILED, dropped, floor_of, under
    from recrm_tasks.reports.tables.terminal import print_entries, print_published

    if (options.baseline is None) != (options.max_drop is None):
        raise RecrmError("--baseline and --max-drop go together")
    _check_endings(options.to)
    page = any(file.suffix == ".html" for file in options.to)
    if (page or options.plots) and find_spec("altair") is None:
        raise RecrmError("pages and plots need altair: pip install 'recrm-tasks[page]'")
    floors = [floor_of(text) for text in options.fail_under]
    found = collect(options.paths, READERS)
    max_texts = options.records if page else 0
    answers = lru_cache(partial(answers_in, readers=READERS, max_texts=max_texts))
    listed, notes = entries(found.runs, answers)
    print_entries(listed, console)
    if options.published:
        print_published(console)
    notes += _written(options, listed, answers)
    told = {"left out": found.unusable, "incomplete": found.incomplete, "passed over": found.passed_over, "note": notes}
    _tell(told)
    failed = under(found.runs, floors)
    if options.baseline is not None:
        failed += dropped(
            collect_answers([options.baseline], READERS), collect_answers(options.paths, READERS), options.max_drop
        )
    if (found.unusable or found.incomplete) and (floors or options.baseline is not None):
        failed.append("what was left out or is incomplete cannot pass")
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return FAILED if failed else 0


def _check_endings(files: Sequence[Path]) -> None:
    """Before anything is read: a report may take a while."""
    from recrm_tasks.reports.files.metrics_file import ENDINGS

    for file in files:
        if file.suffix not in (".html", *ENDINGS):
            raise RecrmError(f"--to {file}: reports are written as .html, {', '.join(ENDINGS)}")


def _written(options: argparse.Namespace, listed: Sequence[Entry], answers: AnswersIn) -> list[str]:
    """Writes all files; what the page and the plots lack."""
    from recrm_tasks.reports.files.metrics_file import write, write_text

    pages = [file for file in options.to if file.suffix == ".html"]
    for file in options.to:
        if file not in pages:
            write(listed, file)
    if not pages and not options.plots:
        return []
    from recrm_tasks.reports.page.chapter_plots import plots_of, write_plots
    from recrm_tasks.reports.page.chapters import chapters
    from recrm_tasks.reports.page.html_page import page

    found, notes = chapters(listed, answers)
    drawn = [(chapter, plots_of(chapter)) for chapter in found]
    for file in pages:
        write_text(page(drawn, options.published), file)
    if options.plots:
        write_plots(drawn, options.plots)
    return notes


def _tell(lines: Mapping[str, Sequence[str]]) -> None:
    for told, of in lines.items():
        for line in of:
            print(f"{told}: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
