"""`recrm compare`: two or more runs on the same records, how far they agree, and their jury."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recrm_tasks.command_line import check_target, console_here, print_notes, whole_number
from recrm_tasks.errors import RecrmError

if TYPE_CHECKING:
    from recrm_tasks.reports.pairing import Match
    from recrm_tasks.reports.tables.report_table import Table

# What the command needs is imported when it runs: `recrm --help` needs none of it.


def add_compare_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `recrm compare`."""
    compare = commands.add_parser(
        "compare", help="differences of two or more runs on the same records, with paired tests; how far they agree"
    )
    compare.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="lm-eval results (with --log_samples), an Inspect log, or a folder of them; at least two",
    )
    compare.add_argument(
        "--jury",
        action="store_true",
        help="also what all runs are worth together: by majority, mean probability or mean rank",
    )
    compare.add_argument(
        "--top",
        type=whole_number,
        default=5,
        metavar="N",
        help="show at most N records of each dimension, those that differ most (default 5)",
    )
    compare.add_argument("--to", type=Path, metavar="FILE", help="also write every number as JSON")
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> int:
    if len(options.runs) < 2:
        what = "a jury needs at least two members" if options.jury else "compare needs at least two runs"
        raise RecrmError(f"{what}, each a file or folder of its own; {options.runs[0]} is one")
    check_target(options.to, "the numbers are", ".json")
    console = console_here()
    from rich.markup import escape

    from recrm_tasks.answers.prompt import choice_names
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.comparison import comparison
    from recrm_tasks.reports.evaluated_records import Choice
    from recrm_tasks.reports.files.comparison_file import write_comparison
    from recrm_tasks.reports.pairing import match
    from recrm_tasks.reports.several_judges import twice
    from recrm_tasks.reports.tables.judges_table import comparison_tables
    from recrm_tasks.reports.tables.terminal import print_tables
    from recrm_tasks.reports.trained_on import notes_of_answers

    names = choice_names(len(options.runs))
    runs = {name: collect_answers([path], READERS) for name, path in zip(names, options.runs, strict=True)}
    matches, left = match(runs)
    same = twice(runs)
    if same and options.jury:
        raise RecrmError("\n".join(["--jury: no member votes twice:", *same]))
    notes = [note for side in runs.values() for run in side for note in run.notes]
    sets = {name: notes_of_answers(side, Choice()) for name, side in runs.items()}
    print_notes({"left out": left, "note": [*same, *notes], **sets})
    for name, side in runs.items():
        for line in dict.fromkeys(f"{run.model} in {run.harness}, {run.named}" for run in side):
            console.print(f"{name}: {escape(line)}", highlight=False, soft_wrap=True)
    found = comparison(runs, matches, options.jury)
    print_tables(comparison_tables(found), console)
    print_notes({"note": found.notes})
    if shown := _disputed(matches, options.top):
        print_tables([shown], console)
    elif options.top:
        console.print(f"{'Both' if len(runs) == 2 else 'All'} runs scored the same on every record.")
    if options.to is not None:
        write_comparison(runs, found, options.to)
    return 0


def _disputed(matches: Sequence[Match], most: int) -> Table | None:
    """The records that the runs scored most differently; None if there is none."""
    from recrm_tasks.reports.compare_runs import disputed
    from recrm_tasks.reports.several_judges import disputed_by_several
    from recrm_tasks.reports.tables.comparison_table import disputed_table
    from recrm_tasks.reports.tables.judges_table import disputed_by_several_table

    if all(list(match.answers) == ["A", "B"] for match in matches):
        records = disputed([match.pair("A", "B") for match in matches], most)
        return disputed_table(records) if records else None
    several = disputed_by_several(matches, most)
    return disputed_by_several_table(several) if several else None
