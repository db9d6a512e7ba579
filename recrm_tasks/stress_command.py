"""`recrm stress`: what planted changes did to the verdicts of finished stress runs."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from recrm_tasks.command_line import check_target, console_here, print_notes, whole_number
from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.aggregate.forms import DEFAULT, FORMS

if TYPE_CHECKING:
    from recrm_tasks.reports.logged_answers import Logged
    from recrm_tasks.reports.stress_runs import Flip

# What the command needs is imported when it runs: `recrm --help` needs none of it.

_ALL = sys.maxsize


def add_stress_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `recrm stress`."""
    parser = commands.add_parser("stress", help="can a judge be fooled: the verdicts of finished stress runs")
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="results of lm-eval's recrm_stress (with --log_samples), Inspect logs of stress, or folders of them",
    )
    parser.add_argument("--by-dimension", action="store_true", help="also a table for each dimension")
    parser.add_argument(
        "--form", choices=tuple(FORMS), default=DEFAULT, help=f"of the hybrid reward (default {DEFAULT})"
    )
    parser.add_argument(
        "--show",
        type=whole_number,
        default=0,
        metavar="N",
        help="also the texts of N flips of each dimension and change: what was changed, and both answers",
    )
    parser.add_argument("--to", type=Path, metavar="FILE", help="also write every figure as JSON")
    parser.set_defaults(run=_stress)


def _stress(options: argparse.Namespace) -> int:
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.files.stress_file import write_stress
    from recrm_tasks.reports.stress_runs import flips, stress_runs
    from recrm_tasks.reports.tables.stress_table import stress_tables
    from recrm_tasks.reports.tables.terminal import print_tables

    console = console_here()
    check_target(options.to, "the figures are", ".json")
    answers = collect_answers(options.paths, READERS, stress=True, max_texts=_ALL if options.show else 0)
    runs = stress_runs(answers, options.form)
    notes = [note for run in runs for note in run.notes]
    if not any(run.readable for run in runs):
        raise RecrmError("\n".join(["no plain verdict can be read, and only a verdict that was read can flip", *notes]))
    print_tables(stress_tables(runs, options.by_dimension), console)
    for run in runs if options.show else ():
        for flip in flips(run, options.show):
            print("\n".join(_shown(flip)), end="\n\n")
    if options.to is not None:
        write_stress(runs, options.to)
    print_notes({"note": notes})
    return 0


def _shown(flip: Flip) -> Iterator[str]:
    """A flip: what was changed, as lines with - and +, and both answers."""
    from recrm_tasks.reports.answer_format import answer_text
    from recrm_tasks.robustness.changes import CHANGES

    yield f"{flip.dimension}, record {flip.record}, {CHANGES[flip.change].title}: {flip.before:.4g} -> {flip.after:.4g}"
    before, after = (logged.turns[-1][1].splitlines() for logged in (flip.plain, flip.changed))
    named = difflib.unified_diff(before, after, lineterm="", n=0)
    lines = (line for line in islice(named, 2, None) if not line.startswith("@@"))
    yield from (f"    {line}" for line in lines if line[1:].strip())
    for name, logged in (("plain", flip.plain), ("changed", flip.changed)):
        yield f"  {name}: {answer_text(logged.outcome)}, read from {logged.said!r} ({_of(logged)})"


def _of(logged: Logged) -> str:
    """What the answer is compared with: the right one; of a list, the candidate that is changed."""
    return f"{'changed candidate' if isinstance(logged.outcome.gold, tuple) else 'right'}: {logged.target}"
