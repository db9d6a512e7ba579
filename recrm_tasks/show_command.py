"""`recrm data show`: records as a model sees them, with the right answer and how answers are read."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import MODES, READS, Mode, Prompt, Reads
from recrm_tasks.command_line import check_target
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.errors import NoRecords, RecrmError
from recrm_tasks.prompting import Backend, Options, load_questions
from recrm_tasks.prompting.options import declared, number, parse, refuse_list_options
from recrm_tasks.reports.answer_format import answer_text
from recrm_tasks.reports.files.writing import write_text
from recrm_tasks.reports.shown_record import Reading, ShownRecord

_PER_DIMENSION = 3
_NOT_HERE = ("limit", "shard", "thinking", "overflow", "context", "tokenizer")
"""Options that change no prompt without a model, or that `--n` replaces."""


class Source(NamedTuple):
    """What was shown."""

    name: str
    records: list[ShownRecord]
    without: list[str]
    """Dimensions that the source has no records of."""


def add_show_command(subparsers: Any) -> None:
    """Adds `show` to the subcommands of `recrm data`."""
    parser = subparsers.add_parser("show", help="records as a model sees them, and how answers to them are read")
    shared = declared(Options)
    parser.add_argument("data", nargs="?", metavar="hub|sample|PATH", help=shared["data"].help_with_default)
    parser.add_argument("dimension", nargs="?", metavar="DIMENSION", help="only this dimension; by default all")
    parser.add_argument("--n", default=_PER_DIMENSION, metavar="N", help="records per dimension (default 3)")
    parser.add_argument("--id", action="append", default=[], metavar="ID", help="only this record; repeatable")
    parser.add_argument("--answer", choices=MODES, help="how the answers would be asked for (default generate)")
    parser.add_argument(
        "--reads",
        choices=READS,
        default="letters",
        help="what a reward model scores: letters as answers to the questions, or content: responses and items",
    )
    parser.add_argument(
        "--read", action="append", default=[], metavar="TEXT", help="also show what this answer is read as; repeatable"
    )
    parser.add_argument("--to", type=Path, metavar="FILE", help="write a page (.html) instead")
    for name, option in shared.items():
        if name not in ("data", *_NOT_HERE):
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, help=option.help_with_default)
    parser.set_defaults(run=_show)


def _show(options: argparse.Namespace) -> int:
    check_target(options.to, "a page is", ".html")
    data, only = options.data, options.dimension
    if only is None and data in dimensions() and not Path(data).exists():
        data, only = None, data
    if options.id and only is None:
        raise RecrmError("--id: name the dimension too, as in `recrm data show sample factual --id ID`")
    keys = [dimension_of(only).key] if only else list(dimensions())
    given = {name: getattr(options, name) for name in declared(Options) if name not in ("data", *_NOT_HERE)}
    given = {name: value for name, value in given.items() if value is not None}
    run = replace(parse(Options, given, "--"), data=data)
    if only is not None and not is_list(dimension_of(only).record_type):
        refuse_list_options(run, only, "--")
    mode: Mode = options.answer or ("logprob" if options.reads == "content" else "generate")
    if options.reads == "content" and options.read:
        raise RecrmError("--read: a reward model that reads content writes no answer; leave it or --reads out")
    found = shown(keys, mode, run, number(1).parse(options.n, "--n"), options.id, options.read, options.reads)
    if options.to is None:
        print("\n\n".join(_as_text(record) for record in found.records))
        for key in found.without:
            print(f"\n{key}: no records")
    else:
        if find_spec("jinja2") is None:
            raise RecrmError("pages need jinja2: pip install 'recrm-tasks[page]'")
        from recrm_tasks.reports.page.records_page import records_page

        write_text(records_page(found.name, found.records), options.to)
        print(f"written: {options.to}")
    return 0


def shown(
    keys: list[str],
    mode: Mode,
    options: Options,
    count: int,
    ids: list[str],
    texts: list[str],
    reads: Reads = "letters",
) -> Source:
    """The first records of dimensions, in the order in which a run asks them.

    Args:
        keys: the dimensions.
        mode: how answers would be read.
        options: those of a run.
        count: records per dimension; all that `ids` names, where it names some.
        ids: only these records.
        texts: answers to be read, besides the right one.
        reads: what a reward model would score.

    Raises:
        RecrmError: no dimension has records, or the source cannot be read.
    """
    found = Source("", [], [])
    problem: RecrmError | None = None
    limited = options if ids else replace(options, limit=count)
    for key in keys:
        try:
            prompts, provenance = load_questions(key, mode, Backend(), limited, ids, reads)
        except NoRecords as error:
            found.without.append(key)
            problem = problem or error
            continue
        found = found._replace(name=provenance["source"])
        found.records.extend(_record(key, prompt, texts) for prompt in prompts)
    if not found.records and problem:
        raise problem
    return found


def _record(key: str, prompt: Prompt, texts: list[str]) -> ShownRecord:
    title = dimension_of(key).title
    if prompt.reads == "content":
        return ShownRecord(key, title, prompt, [], _gold(prompt))
    return ShownRecord(key, title, prompt, _readings(key, prompt, texts))


def _gold(prompt: Prompt) -> tuple[str, ...]:
    """What the score of each content is compared with."""
    if isinstance(prompt.gold, tuple):
        return tuple(f"grade {grade:g}" for grade in prompt.gold)
    return (f"label {prompt.target}{f', value {prompt.values[prompt.gold]:g}' if prompt.values else ''}",)


def _readings(key: str, prompt: Prompt, texts: list[str]) -> list[Reading]:
    kind = dimension_of(key).kind
    readings = []
    for text in (prompt.target, *texts):
        outcome = prompt.outcome(kind.read(prompt.stated(text), prompt))
        state = "unreadable" if outcome.reason else "right" if kind.right(outcome) else "wrong"
        readings.append(Reading(text, answer_text(outcome), state))
    return readings


def _as_text(record: ShownRecord) -> str:
    return "\n".join(_printable(line) for line in _lines(record))


def _lines(record: ShownRecord) -> Iterator[str]:
    prompt = record.prompt
    yield f"=== {record.dimension}: {prompt.id} ({prompt.lang}{f', {prompt.group}' if prompt.group else ''})"
    for turn in prompt.messages:
        yield f"--- {turn.role}"
        yield from turn.content.splitlines()
    for title, content, gold in record.contents:
        yield f"--- {title}: {gold}"
        yield from content.splitlines()
    if record.readings:
        yield "--- right answer"
    for reading in record.readings:
        note = "" if reading.state == "unreadable" else f" ({reading.state})"
        yield f"{reading.text} is read as {reading.read}{note}"


def _printable(line: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in line)
