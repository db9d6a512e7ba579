"""`recrm cost`: what a run will ask an engine for, before it is started."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recrm_tasks.answers.prompt import ASKS, Ask
from recrm_tasks.command_line import check_target, console_here
from recrm_tasks.data.sources.origin import origin_of
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.errors import NoRecords, RecrmError
from recrm_tasks.prompting.expected_cost import Counting, Expected, expected_costs
from recrm_tasks.prompting.options import Options, declared, number, parse, refuse_list_options
from recrm_tasks.prompting.questions import Pose, plain_questions
from recrm_tasks.prompting.tokens import Tokens, tokens_of
from recrm_tasks.robustness.stress_options import check_options, keys_of

if TYPE_CHECKING:
    from recrm_tasks.reports.tables.expected_cost_table import Prices

_LEFT = ("data", "tokenizer", "thinking", "thinking_marks", "close_thinking")
"""Options of a run that are given in another way here, or change no prompt."""
_RECORDS, _ANSWER_TOKENS = 1_000, 20


def add_cost_command(commands: Any) -> None:
    """Adds `cost` to the subcommands of `recrm`."""
    parser = commands.add_parser("cost", help="how many requests and tokens a run will take, and at what price")
    shared = declared(Options)
    parser.add_argument("data", nargs="?", metavar="hub|sample|PATH", help=shared["data"].help_with_default)
    parser.add_argument(
        "--tokenizer", required=True, metavar="MODEL", help="The model's tokenizer: a folder or a name."
    )
    parser.add_argument("--dimension", action="append", metavar="DIMENSION", help="Only this one; may be repeated.")
    parser.add_argument(
        "--stress",
        action="store_true",
        help="Of a stress run: each record is asked about as it is and once with each planted change.",
    )
    for name, option in shared.items():
        if name not in _LEFT:
            text = f"{option.help} By default both." if name == "ask" else option.help_with_default
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, help=text)
    parser.add_argument(
        "--counted",
        metavar="N",
        help=f"Count at most this many records of a dimension, and scale up. By default {_RECORDS}, balanced as by "
        "--limit; for the grouped order, whole groups.",
    )
    parser.add_argument(
        "--cached-prompts", metavar="N", help="How many prompts the engine's prefix cache holds. By default 1."
    )
    parser.add_argument(
        "--answer-tokens", metavar="N", help=f"Tokens of a generated answer. By default {_ANSWER_TOKENS}."
    )
    for name, what in (("in", "prompts"), ("cached", "prompts from the cache"), ("out", "answers")):
        more = " By default as --price-in." if name == "cached" else ""
        parser.add_argument(f"--price-{name}", metavar="X", help=f"Price of a million tokens of {what}.{more}")
    parser.add_argument("--to", type=Path, metavar="FILE", help="Also write a file: .json.")
    parser.set_defaults(run=_cost)


def _cost(options: argparse.Namespace) -> int:
    console = console_here()
    from recrm_tasks.reports.files.expected_cost_file import write_expected_costs
    from recrm_tasks.reports.tables.expected_cost_table import expected_cost_table
    from recrm_tasks.reports.tables.terminal import print_tables

    check_target(options.to, "costs are", ".json")
    given = {name: getattr(options, name) for name in declared(Options) if name not in _LEFT}
    run = replace(parse(Options, {n: v for n, v in given.items() if v is not None}, "--"), data=options.data)
    prices = _prices(options)
    counting = Counting(
        tokens=_tokens(options.tokenizer, run),
        records=_number(options.counted, _RECORDS, "--counted"),
        cached_prompts=_number(options.cached_prompts, 1, "--cached-prompts"),
        answer_tokens=_number(options.answer_tokens, _ANSWER_TOKENS, "--answer-tokens"),
    )
    if run.overflow == "shorten" or run.context is not None:
        run = replace(run, tokenizer=options.tokenizer)
    keys = [dimension_of(key).key for key in options.dimension or (keys_of(None) if options.stress else dimensions())]
    asks: Sequence[Ask] = ASKS if options.ask is None else (run.ask,)
    pose = plain_questions
    if options.stress:
        from recrm_tasks.robustness.stress_questions import stress_questions

        check_options(run, "--")
        asks, pose = ("list",), stress_questions
    elif not any(is_list(dimension_of(key).record_type) for key in keys):
        refuse_list_options(run, " and ".join(keys), "--")
    found = _expected(keys, run, counting, asks, pose)
    source = origin_of(run.data, run.revision).name
    title = "expected cost of a stress run" if options.stress else "expected cost"
    table = expected_cost_table(f"{title}: {source}", found, counting, prices)
    print_tables([table], console)
    if options.to is not None:
        write_expected_costs(found, source, options.stress, counting, prices, options.to)
    return 0


def _expected(keys: Sequence[str], run: Options, counting: Counting, asks: Sequence[Ask], pose: Pose) -> list[Expected]:
    """The costs of dimensions. Those without records are left out, and reported."""
    found: list[Expected] = []
    absent: list[NoRecords] = []
    for key in keys:
        try:
            of_one = list(expected_costs(key, run, counting, asks, pose))
        except NoRecords as error:
            absent.append(error)
            print(f"left out: {key}, which has no records", file=sys.stderr)
            continue
        if any(one.counted < one.records for one in of_one):
            one = of_one[0]
            print(f"scaled up: {key}: {one.counted:,} of {one.records:,} records were counted", file=sys.stderr)
            if not one.grouped:
                print(
                    f"{key}: its records name no groups, so what a sample of them shares in the grouped order is less "
                    "than what all of them share",
                    file=sys.stderr,
                )
        found += of_one
    if not found:
        raise absent[0]
    return found


def _tokens(name: str, run: Options) -> Tokens:
    tokens = tokens_of(name)
    if not tokens.has_chat_template and run.style == "chat":
        raise RecrmError(
            f"{name} has no chat template, so it is of a base model: add --style completion, as its runs need too"
        )
    return tokens


def _number(given: str | None, default: int, name: str) -> int:
    return default if given is None else number(1).parse(given, name)


def _prices(options: argparse.Namespace) -> Prices | None:
    from recrm_tasks.reports.tables.expected_cost_table import Prices

    given = {name: getattr(options, f"price_{name}") for name in ("in", "cached", "out")}
    known = {name: _price(value, f"--price-{name}") for name, value in given.items() if value is not None}
    if not known:
        return None
    if not {"in", "out"} <= known.keys():
        raise RecrmError("a price needs both --price-in and --price-out")
    return Prices(known["in"], known.get("cached", known["in"]), known["out"])


def _price(given: str, name: str) -> float:
    try:
        price = float(given)
    except ValueError:
        price = math.nan
    if not 0 <= price < math.inf:
        raise RecrmError(f"{name} must be a price of a million tokens, not {given!r}")
    return price
