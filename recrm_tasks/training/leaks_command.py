"""`recrm data leaks`: what a training set has in common with the records that a model is evaluated on."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.training.compared_sets import ROLES, ComparedSet, Role, compared_set
from recrm_tasks.training.leaks import Leaks, Part, Shared, leaks
from recrm_tasks.training.near_equal import need_datasketch

_NEAR = 0.8
_OFF = "off"


def add_leaks_command(commands: Any, help_of: Mapping[str, str]) -> None:
    """Adds `leaks` to the subcommands of `recrm data`.

    Args:
        commands: these subcommands.
        help_of: what the options `mapping`, `revision` and `split` do, which tasks have too.
    """
    parser = commands.add_parser(
        "leaks",
        help="what a training set has in common with test records",
        description="Exit code 1 if a group (user, query, evidence, …) or a text of TEST is in TRAIN, 0 if none is.",
    )
    what = "hub, sample, a file or a folder: records, or rows with messages, prompt, text, chosen, …"
    parser.add_argument("train", metavar="TRAIN", help=f"The training set: {what}")
    parser.add_argument("test", metavar="TEST", help="What the model is evaluated on: the same choices.")
    parser.add_argument("--train-split", metavar="SPLIT", help="Of TRAIN; by default train.")
    parser.add_argument("--test-split", metavar="SPLIT", help=f"Of TEST. {help_of['split']}")
    parser.add_argument("--dimension", action="append", help="Only this dimension; may be repeated.")
    parser.add_argument("--train-mapping", metavar="FILE", help=f"Of TRAIN. {help_of['mapping']}")
    parser.add_argument("--test-mapping", metavar="FILE", help=f"Of TEST. {help_of['mapping']}")
    parser.add_argument("--revision", help=help_of["revision"])
    parser.add_argument(
        "--near",
        default=str(_NEAR),
        metavar="SHARE",
        help="Texts that have this share of their character 5-grams in common are near-equal, which is only reported; "
        f"`off` does not look for them. By default {_NEAR}.",
    )
    parser.add_argument("--to", type=Path, metavar="FILE", help="Also write the result as JSON.")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    near = _threshold(options.near)
    if options.to is not None and options.to.suffix != ".json":
        raise RecrmError(f"--to {options.to}: the result is written as .json")
    keys = [dimension_of(key).key for key in options.dimension or ()] or None
    if options.revision is not None and "hub" not in (options.train, options.test):
        raise RecrmError("--revision is of the data choice hub, and neither TRAIN nor TEST is that")
    train, test = (_read(role, options, keys) for role in ROLES)
    _refuse_the_same(options, train, test)
    found = leaks(train, list(test), near, train.keys)
    if options.to is not None:
        result = {**found.as_json(), "near": near, "train_set": train.provenance, "test_set": test.provenance}
        _write(json.dumps(result, ensure_ascii=False, indent=1) + "\n", options.to)
    print("\n".join(_lines(found, train, test, near)))
    return 1 if found.found else 0


def _read(role: Role, options: argparse.Namespace, keys: list[str] | None) -> ComparedSet:
    data, split, mapping = (getattr(options, name) for name in (role, f"{role}_split", f"{role}_mapping"))
    try:
        return compared_set(role, data, split, keys, mapping, options.revision if data == "hub" else None)
    except RecrmError as error:
        raise type(error)(f"{role.upper()}: {error}") from None


def _threshold(said: str) -> float | None:
    if said == _OFF:
        return None
    try:
        near = float(said)
    except ValueError:
        near = 0.0
    if not 0 < near <= 1:
        raise RecrmError(f"--near {said}: a number above 0 and up to 1, or {_OFF}")
    need_datasketch()
    return near


def _refuse_the_same(options: argparse.Namespace, train: ComparedSet, test: ComparedSet) -> None:
    """Refuses to compare a set with itself, which is a mistake and no finding."""
    same = options.train == options.test or (
        os.path.exists(options.train) and os.path.exists(options.test) and os.path.samefile(options.train, options.test)
    )
    if same and train.content == test.content:
        said = ", ".join(train.splits) or "all records"
        raise DataError(
            f"TRAIN and TEST are the same set, {options.train} ({said}): name two splits of it, such as "
            "--train-split hash-train --test-split hash-test"
        )


def _write(text: str, file: Path) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: cannot be written: {error.strerror or error}") from None


def _lines(found: Leaks, train: ComparedSet, test: ComparedSet, near: float | None) -> Iterator[str]:
    """The result for people."""
    total = sum(part.records for part in found.parts)
    for title, of, count in (("train", train, found.train), ("test", test, total)):
        unit = "rows" if of.files else "records"
        yield f"{title:<6} {of.name} ({', '.join(of.splits) or 'no split'}): {count:,} {unit}"
    for part in found.parts:
        yield ""
        yield f"{part.dimension or 'rows without a dimension'}: {part.records:,}"
        for kind, shared in part.shared.items():
            yield from _shared_lines(kind, shared, part)
        if part.near_equal is not None and part.near_equal.records:
            yield from _shared_lines("near-equal", part.near_equal, part)
        elif not part.shared:
            yield "  nothing in common"
        if part.without_group:
            yield f"  no group: {part.without_group:,}, of which only the whole texts were compared"
    yield ""
    if (train.files and train.keys is None) or test.files:
        yield "ids: not compared, since rows of prompts name no user, query or other group; only their texts were"
    if near is not None:
        yield f"near-equal: {near:g} or more of all character 5-grams in common (estimated)"
    yield "leak: TRAIN has groups or texts of TEST" if found.found else "no leak"


def _shared_lines(kind: str, shared: Shared, part: Part) -> Iterator[str]:
    share = shared.records / part.records
    yield f"  {kind:<11} {shared.records:,} of {part.records:,} ({share:.1%}) in the training set"
    for pair in shared.examples:
        yield f"    {pair.test} and {pair.train}: {pair.text}"
