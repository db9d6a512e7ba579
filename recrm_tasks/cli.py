"""The `recrm` command: what the harnesses do not do themselves."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from recrm_tasks import __version__
from recrm_tasks.data.command import add_data_commands
from recrm_tasks.errors import RecrmError

if TYPE_CHECKING:
    from rich.console import Console


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
        help="write it too: .csv, .parquet or .json with every metric, .md with the tables; repeatable",
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

    add_data_commands(commands)
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
    from recrm_tasks.reports.table import print_published

    print_published(console)
    return 0


def _compare(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.compare import compare, disputed
    from recrm_tasks.reports.compare_table import print_differences, print_disputed
    from recrm_tasks.reports.pairing import pair

    first, second = collect_answers([options.a]), collect_answers([options.b])
    pairs, left = pair(first, second)
    for line in left:
        print(f"left out: {line}", file=sys.stderr)
    print_differences(compare(pairs), first, second, console)
    print_disputed(disputed(pairs, options.top), console)
    return 0


def _aggregate(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.aggregate import roles_with
    from recrm_tasks.reports.aggregate_table import print_aggregates
    from recrm_tasks.reports.aggregates import aggregates, write_parts
    from recrm_tasks.reports.collect import collect_answers

    roles = roles_with(options.weight)
    found = aggregates(collect_answers(options.paths), roles)
    print_aggregates(found, roles, console)
    if options.to:
        count = write_parts(found, roles, Path(options.to))
        print(f"{count} parts written to {options.to}")
    return 0


def _diagnose(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.diagnosis_table import diagnoses, print_diagnoses, write_diagnoses

    found = diagnoses(collect_answers(options.paths))
    print_diagnoses(found, console)
    if options.to:
        write_diagnoses(found, Path(options.to))
    return 0


def _card(options: argparse.Namespace) -> int:
    from recrm_tasks.reports.card import card
    from recrm_tasks.reports.collect import collect

    runs, told = collect(options.paths)
    print(card(runs))
    for line in told:
        print(f"left out: {line}", file=sys.stderr)
    return 0


def _report(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.reports.collect import collect, collect_answers
    from recrm_tasks.reports.files import write
    from recrm_tasks.reports.gate import FAILED, dropped, floor_of, under
    from recrm_tasks.reports.table import print_published, print_runs

    if (options.baseline is None) != (options.max_drop is None):
        raise RecrmError("--baseline and --max-drop go together")
    floors = [floor_of(text) for text in options.fail_under]
    runs, told = collect(options.paths)
    print_runs(runs, console)
    if options.published:
        print_published(console)
    for file in options.to:
        write(runs, file)
    for line in told:
        print(f"left out: {line}", file=sys.stderr)
    failed = under(runs, floors)
    if options.baseline is not None:
        failed += dropped(collect_answers([options.baseline]), collect_answers(options.paths), options.max_drop)
    if told and (floors or options.baseline is not None):
        failed.append("what was left out cannot pass")
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main())
