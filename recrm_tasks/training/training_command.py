"""`recrm data export --as`: options of training sets, beside those of the plain export."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from recrm_tasks.answers.prompt import ASKS, LANGS, MODES, STYLES
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import TEXT, Option, named, number, one_of
from recrm_tasks.training.make_set import make_set
from recrm_tasks.training.options import PAIRS, SHARES, SetOptions
from recrm_tasks.training.rows import SET_KINDS
from recrm_tasks.training.trainers import TRAINERS, target

OPTIONS = named(
    pairs=Option(
        one_of(PAIRS),
        "What pairs differ in: `verdict` (the answer to one question) or `content` (the response or item in one "
        "situation).",
        "verdict",
    ),
    better=Option(number(1), "With how many better ones each worse response or item is paired.", "1"),
    shares=Option(
        one_of(SHARES),
        "How often each label occurs: `natural`, as in the data, or `balanced`, equally often within each language.",
        "natural",
    ),
    limit=Option(number(1), "At most this many rows of each dimension.", "all"),
    seed=Option(number(), "Seed of the order of the rows, of `--limit` and of the wrong answers.", "0"),
    lang=Option(one_of(LANGS), "Only records in this language: `zh` or `en`.", "both languages"),
    prompt_lang=Option(one_of(LANGS), "The language of the prompts.", "each record's own language"),
    style=Option(one_of(STYLES), "`chat`, or `completion` for base models.", "chat"),
    answer=Option(
        one_of(MODES),
        "How answers are written: `generate`, as the tasks ask for them, or `logprob`, as the letter that the "
        "`_logprob` tasks and recrm-rm ask for.",
        "logprob for classes and pairs, else generate",
    ),
    ask=Option(
        one_of(ASKS),
        "One question for each `list`, or one for each `item` in it.",
        "item for classes, else list",
    ),
    tokenizer=Option(
        TEXT, "The tokenizer of the model to be trained: counts tokens, and writes the limit into the command."
    ),
)
"""By name. Their defaults are those of `SetOptions`."""


def add_training_options(export: argparse.ArgumentParser) -> None:
    """Adds the options of training sets to `recrm data export`, which writes plain records without `--as`."""
    group = export.add_argument_group("training sets")
    group.add_argument("--as", dest="kind", metavar="KIND", help=f"Write a training set: {', '.join(SET_KINDS)}.")
    group.add_argument("--for", dest="trainer", metavar="TRAINER", help=f"Its trainer: {', '.join(TRAINERS)}.")
    for name, option in OPTIONS.items():
        group.add_argument(f"--{name.replace('_', '-')}", dest=name, help=option.help_with_default)
    plain = export.get_default("run")
    export.set_defaults(run=lambda options: _export(options, plain))


def _export(options: argparse.Namespace, plain: Callable[[argparse.Namespace], int]) -> int:
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    if options.kind is None:
        if options.trainer is not None or given:
            name = "for" if options.trainer is not None else next(iter(given)).replace("_", "-")
            raise RecrmError(f"--{name} is for training sets: say which kind with --as {'|'.join(SET_KINDS)}")
        return plain(options)
    if options.trainer is None:
        raise RecrmError(f"--as {options.kind} needs a trainer: --for {'|'.join(TRAINERS)}")
    _, kind, _ = target(options.trainer, options.kind)
    values: dict[str, Any] = {
        name: OPTIONS[name].values.parse(value, f"--{name.replace('_', '-')}") for name, value in given.items()
    }
    if "pairs" in values and kind != "pairs":
        raise RecrmError(f"--pairs is for --as pairs, not --as {kind}")
    if "better" in values and values.get("pairs") != "content":
        raise RecrmError("--better is for --pairs content")
    tokenizer = values.pop("tokenizer", None)
    chosen = SetOptions(
        kind=kind,
        data=options.data,
        dimensions=tuple(dict.fromkeys(options.dimension)) if options.dimension else None,
        split=options.split,
        mapping=options.mapping,
        revision=options.revision,
        **values,
    )
    made = make_set(options.trainer, options.to, chosen, tokenizer)
    for key, langs in made.manifest["counts"].items():
        for lang, labels in langs.items():
            print(f"{key} {lang}: " + ", ".join(f"{label} ({count:,})" for label, count in labels.items()))
    lengths = [f"{name} {count:,}" for name, count in made.manifest["lengths"].items() if isinstance(count, int)]
    print(f"{made.manifest['lengths']['unit']} of a row: {', '.join(lengths)}")
    for note in made.notes:
        print(f"{note}.", file=sys.stderr)
    print(f"written: {options.to}, {made.manifest['rows']:,} rows", file=sys.stderr)
    print(made.command)
    return 0
