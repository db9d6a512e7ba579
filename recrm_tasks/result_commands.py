"""The commands of `recrm` on finished runs that are not compared: card, aggregate, diagnose, rescore."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from recrm_tasks.command_line import check_target, console_here, print_notes, whole_number
from recrm_tasks.errors import RecrmError

# What a command needs is imported when it runs: `recrm --help` and `recrm data` need none of it.


def add_result_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds all of them."""
    card = commands.add_parser("card", help="the block for a model card: model-index YAML and tables")
    card.add_argument("paths", nargs="+", metavar="PATH", help="results of one model")
    card.add_argument(
        "--eval-results",
        type=Path,
        metavar="DIR",
        help="also write DIR/.eval_results/recrm-bench.yaml, from which the hub's model page and leaderboards read "
        "results of the hub's data; DIR is the model's folder",
    )
    card.add_argument(
        "--source", type=_link, metavar="URL", help="where the logs or the report are public, for --eval-results"
    )
    card.set_defaults(run=_card)
    logs = argparse.ArgumentParser(add_help=False)
    logs.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="lm-eval results (with --log_samples), Inspect logs, or folders of them",
    )
    aggregate = commands.add_parser(
        "aggregate",
        parents=[logs],
        help="mean score, hybrid score and expected dead groups of finished runs of all dimensions",
    )
    aggregate.add_argument(
        "--weight", action="append", default=[], metavar="DIMENSION=NUMBER", help="another weight than 1; repeatable"
    )
    aggregate.add_argument(
        "--to",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="also write a file: .json with the numbers, .parquet or .csv with the parts of the hybrid score; "
        "repeatable",
    )
    aggregate.set_defaults(run=_aggregate)
    diagnose = commands.add_parser(
        "diagnose", parents=[logs], help="confusion matrices, reliability diagrams and chosen places of finished runs"
    )
    diagnose.add_argument("--to", type=Path, metavar="FILE", help="also write them as JSON")
    diagnose.set_defaults(run=_diagnose)
    rescore = commands.add_parser(
        "rescore", parents=[logs], help="read the logged answers of earlier runs again, without asking the model"
    )
    rescore.add_argument(
        "--to",
        required=True,
        type=Path,
        metavar="DIR",
        help="a new or empty folder for the rescored logs, outside the folders that are read",
    )
    rescore.add_argument(
        "--examples",
        type=whole_number,
        default=3,
        metavar="N",
        help="show and log at most N changed answers of each dimension of a run (default 3)",
    )
    rescore.set_defaults(run=_rescore)


def _link(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]\S*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a link, https://…")
    return text


def _card(options: argparse.Namespace) -> int:
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import answers_in, collect
    from recrm_tasks.reports.evaluated_records import Choice
    from recrm_tasks.reports.files.model_card import model_card
    from recrm_tasks.reports.leaderboard_entries import entries
    from recrm_tasks.reports.trained_on import mark_trained_on

    if options.source and not options.eval_results:
        raise RecrmError("--source goes with --eval-results")
    found = collect(options.paths, READERS)
    if not found.runs:
        raise RecrmError(
            f"{', '.join(options.paths)}: stress runs or runs of agents only; a card is of results of the benchmark, "
            "and `recrm report` shows the others"
        )
    finished = [run for run in found.runs if run.wanted is None]
    if not finished:
        raise RecrmError("\n".join(["no run is finished; a card is of whole runs:", *found.incomplete]))
    answers = lru_cache(partial(answers_in, readers=READERS))
    listed, notes = entries(finished, answers)
    notes += mark_trained_on(listed, answers, Choice())
    notes += [note for run in finished for note in run.notes]
    card = model_card(listed)
    written: Sequence[str] = ()
    if options.eval_results:
        try:
            from recrm_tasks.reports.files.eval_results import write_eval_results
        except ImportError:  # transformers 4 needs a huggingface-hub below 1, so that this package cannot ask for it
            raise RecrmError(
                "--eval-results needs huggingface-hub 1.4: pip install -U 'huggingface-hub>=1.4'. With transformers 4, "
                "which does not take it, run this command in another environment: the logs are all that it reads"
            ) from None

        written = write_eval_results(listed, options.eval_results, options.source)
    print(card)
    print_notes({"left out": [*found.unusable, *found.incomplete], "passed over": found.passed_over, "note": notes})
    for line in written:
        print(line, file=sys.stderr)
    return 0


def _aggregate(options: argparse.Namespace) -> int:
    console = console_here()
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.aggregate_runs import aggregate_runs
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.files.aggregate_file import write_aggregates
    from recrm_tasks.reports.files.hybrid_parts_file import write_parts
    from recrm_tasks.reports.starving_forms import warnings
    from recrm_tasks.reports.tables.aggregate_table import aggregate_tables
    from recrm_tasks.reports.tables.terminal import print_tables

    for file in options.to:
        check_target(file, "an aggregate and its parts are", ".json", ".parquet", ".csv")
    answers = collect_answers(options.paths, READERS)
    print_notes({"note": [note for one in answers for note in one.notes]})
    found, incomplete = aggregate_runs(answers, options.weight)
    print_tables(aggregate_tables(found), console)
    print_notes({"left out": incomplete, "warning": warnings([one.dead_groups for one in found])})
    for file in options.to:
        if file.suffix == ".json":
            write_aggregates(found, file)
        else:
            count = write_parts(found, file)
            print(f"{count} parts written to {file}")
    return 0


def _diagnose(options: argparse.Namespace) -> int:
    console = console_here()
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect_answers
    from recrm_tasks.reports.diagnose_runs import diagnose
    from recrm_tasks.reports.files.diagnosis_file import write_diagnoses
    from recrm_tasks.reports.tables.diagnosis_table import diagnosis_tables
    from recrm_tasks.reports.tables.terminal import print_tables

    check_target(options.to, "diagnoses are", ".json")
    answers = collect_answers(options.paths, READERS)
    print_notes({"note": [note for one in answers for note in one.notes]})
    found = diagnose(answers)
    print_tables(diagnosis_tables(found), console)
    if options.to:
        write_diagnoses(found, options.to)
    return 0


def _rescore(options: argparse.Namespace) -> int:
    console = console_here()
    from recrm_tasks.data.whole_folder import is_taken, whole_folder
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.rescore_logs import check_apart, rescore_logs
    from recrm_tasks.reports.tables.rescore_table import rescore_tables
    from recrm_tasks.reports.tables.terminal import print_tables

    if is_taken(options.to):
        raise RecrmError(f"--to {options.to}: it exists and is not an empty folder; name another")
    check_apart(options.paths, options.to)
    with whole_folder(options.to) as folder:
        done = rescore_logs(options.paths, folder, READERS, options.examples)
    print_tables(rescore_tables(done.runs), console)
    changed, asked = sum(one.changed for one in done.runs), sum(one.n for one in done.runs)
    print(f"{changed:,} of {asked:,} answers are read differently now; the rescored logs are in {options.to}")
    print_notes({"incomplete": done.incomplete, "passed over": done.passed_over, "note": done.notes})
    return 0
