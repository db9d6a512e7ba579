"""The `recrm` command: what the harnesses do not do themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from recrm_tasks import __version__
from recrm_tasks.data.command import add_data_commands
from recrm_tasks.errors import RecrmError


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

    add_data_commands(commands)
    return parser


def _report(options: argparse.Namespace) -> int:
    if find_spec("rich") is None:
        raise RecrmError("the report needs rich: pip install 'recrm-tasks[report]'")
    from rich.console import Console

    from recrm_tasks.reports.collect import collect
    from recrm_tasks.reports.table import print_table

    runs, told = collect(options.paths)
    # Without a terminal the width is unknown: a log file should not cut the columns.
    print_table(runs, Console() if sys.stdout.isatty() else Console(width=150))
    for line in told:
        print(f"left out: {line}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
