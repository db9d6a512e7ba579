"""The `recrm` command: what the harnesses do not do themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
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
        return int(options.run(options))
    except RecrmError as error:
        print(f"recrm: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recrm", description="RecRM-Bench for lm-evaluation-harness and Inspect.")
    parser.add_argument("--version", action="version", version=f"recrm-tasks {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    report = commands.add_parser("report", help="a table of the results of both harnesses")
    report.add_argument("paths", nargs="+", metavar="PATH", help="lm-eval results, Inspect logs, or folders of them")
    report.set_defaults(run=_report)

    table = commands.add_parser("published", help="the paper's table, with the intervals that its digits allow")
    table.set_defaults(run=_published)

    add_data_commands(commands)
    return parser


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


def _report(options: argparse.Namespace) -> int:
    console = _console()
    from recrm_tasks.reports.collect import collect
    from recrm_tasks.reports.table import print_table

    runs, told = collect(options.paths)
    print_table(runs, console)
    for line in told:
        print(f"left out: {line}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
