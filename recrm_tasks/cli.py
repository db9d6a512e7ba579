"""The `recrm` command: what the harnesses do not do themselves."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec

from recrm_tasks import __version__
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
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

    data = commands.add_parser("data", help="look at data").add_subparsers(required=True, metavar="COMMAND")
    inspect = data.add_parser("inspect", help="check records and say what is there")
    inspect.add_argument("data", nargs="?", metavar="hub|sample|PATH", help="by default RECRM_DATA, else hub")
    inspect.add_argument("--dimension", action="append", help="only this one; may be repeated")
    inspect.set_defaults(run=_inspect)
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


def _inspect(options: argparse.Namespace) -> int:
    for key in options.dimension or dimensions():
        kind = dimension_of(key)
        dataset = load(key, options.data)
        where = dataset.provenance
        langs = Counter(str(r.lang) for r in dataset.records)
        strata = Counter(" ".join(x for x in kind.stratum(r) if x) for r in dataset.records)
        print(f"{key}: {len(dataset.records)} records from {where['source']} (revision {where['revision'] or '-'})")
        print(f"  sha256     {where['sha256']}")
        print(f"  languages  {_counts(langs)}")
        print(f"  balance    {_counts(strata)}")
        if dataset.labels:
            print(f"  labels     {', '.join(f'{x.name} ({x.value:g})' for x in dataset.labels.labels)}")
    return 0


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counter.items()))


if __name__ == "__main__":
    sys.exit(main())
