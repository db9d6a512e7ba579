"""`recrm baselines`: what answers without a model are worth on some records."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recrm_tasks.command_line import check_target, console_here
from recrm_tasks.data.dataset import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import NoRecords, RecrmError
from recrm_tasks.prompting.options import Options, declared, number, parse

if TYPE_CHECKING:
    from recrm_tasks.baselines.result import Evaluated

_OPTIONS = ("split", "lang", "limit", "seed", "mapping", "revision", "ask")


def add_baselines_command(commands: Any) -> None:
    """Adds `baselines` to the subcommands of `recrm`."""
    parser = commands.add_parser("baselines", help="what answers without a model are worth, such as word overlap")
    shared = declared(Options)
    parser.add_argument("data", nargs="?", metavar="hub|sample|PATH", help=shared["data"].help_with_default)
    parser.add_argument("--dimension", action="append", metavar="DIMENSION", help="Only this one; may be repeated.")
    for name in _OPTIONS:
        parser.add_argument(f"--{name}", help=shared[name].help_with_default)
    parser.add_argument(
        "--learn-from",
        metavar="N",
        help="Learn from at most this many records of the train split. By default 50000, balanced as by --limit.",
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="FILE",
        help="Also write a file: .md with the table, .csv, .parquet or .json with every metric.",
    )
    parser.set_defaults(run=_baselines)


def _baselines(options: argparse.Namespace) -> int:
    check_scikit_learn()
    console = console_here()
    from recrm_tasks.reports.files.baselines_file import ENDINGS, write_baselines
    from recrm_tasks.reports.files.writing import write_text
    from recrm_tasks.reports.tables.baselines_table import baselines_table
    from recrm_tasks.reports.tables.markdown import markdown
    from recrm_tasks.reports.tables.terminal import print_tables

    check_target(options.to, "baselines are", ".md", *ENDINGS)
    found = _evaluated(options)
    source = found[0].provenance["source"]
    table = baselines_table(found, f"free baselines: {source}", level=2)
    print_tables([table], console)
    for one in found:
        for name, why in one.left_out.items():
            print(f"left out: {one.dimension}: {name}: {why}", file=sys.stderr)
        if one.provenance["rows"] < one.provenance["rows_available"]:
            print(f"sample: {one.dimension}: the first records in the order of seed {one.provenance['seed']}",
                  file=sys.stderr)  # fmt: skip
    if options.to is not None:
        if options.to.suffix == ".md":
            write_text(markdown([table]), options.to)
        else:
            write_baselines(found, options.to)
    return 0


def check_scikit_learn() -> None:
    """Refuses to go on without it.

    Raises:
        RecrmError: it is not installed.
    """
    if find_spec("sklearn") is None:
        raise RecrmError("free baselines need scikit-learn: pip install 'recrm-tasks[baselines]'")


def _evaluated(options: argparse.Namespace) -> list[Evaluated]:
    from recrm_tasks.baselines.evaluate import MOST, evaluate

    keys = [dimension_of(key).key for key in options.dimension or dimensions()]
    given = {name: getattr(options, name) for name in _OPTIONS if getattr(options, name) is not None}
    run = replace(parse(Options, given, "--"), data=options.data)
    most = MOST if options.learn_from is None else number(1).parse(options.learn_from, "--learn-from")
    found = []
    absent: list[NoRecords] = []
    for key in keys:
        try:
            dataset = load(
                key,
                run.data,
                split=run.split,
                lang=run.lang,
                limit=run.limit,
                seed=run.seed,
                mapping=run.mapping,
                revision=run.revision,
                ask=run.ask,
            )
        except NoRecords as error:
            absent.append(error)
            print(f"left out: {key}, which has no records", file=sys.stderr)
            continue
        found.append(evaluate(dataset, ask=run.ask, most=most))
    if not found:
        raise absent[0]
    return found
