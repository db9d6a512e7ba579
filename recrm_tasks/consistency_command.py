"""`recrm consistency`: how often a model answers the same record in the same way."""

from __future__ import annotations

import argparse
from pathlib import Path

from recrm_tasks.command_line import check_target, console_here, print_notes
from recrm_tasks.errors import RecrmError

# What the command needs is imported when it runs: `recrm --help` needs none of it.


def add_consistency_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `recrm consistency`."""
    parser = commands.add_parser(
        "consistency", help="repeated answers of one model: how often they differ, and how often all are right"
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="Inspect logs with --epochs, or several runs of one model: lm-eval results (with --log_samples), Inspect "
        "logs, or folders of them",
    )
    parser.add_argument("--to", type=Path, metavar="FILE", help="also write every figure as JSON")
    parser.set_defaults(run=_consistency)


def _consistency(options: argparse.Namespace) -> int:
    check_target(options.to, "the numbers are", ".json")
    console = console_here()
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.consistency_runs import consistency_of
    from recrm_tasks.reports.files.comparison_file import write_consistency
    from recrm_tasks.reports.same_logs import same_logs
    from recrm_tasks.reports.tables.consistency_table import consistency_table
    from recrm_tasks.reports.tables.terminal import print_tables

    answers = collect_answers(options.paths, READERS)
    for one, other, *_ in same_logs(file for run in answers for file in run.logs):
        raise RecrmError(f"{other} is a copy of {one}, and its answers are no repetitions; leave it out")
    found, notes = consistency_of(answers)
    print_tables([consistency_table(found)], console)
    print_notes({"note": [*(note for one in answers for note in one.notes), *notes]})
    if options.to is not None:
        write_consistency(found, options.to)
    return 0
