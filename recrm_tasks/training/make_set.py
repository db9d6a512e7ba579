"""A data choice -> a folder with a training set, its manifest, and the command that trains on it."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from recrm_tasks import __version__
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.data.whole_folder import is_taken, whole_folder
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting.tokens import Tokens, tokens_of
from recrm_tasks.training.choice import evaluated_splits, source_of, training_records
from recrm_tasks.training.content_pairs import content_pairs
from recrm_tasks.training.held_out import Separate
from recrm_tasks.training.lengths import Lengths
from recrm_tasks.training.manifest import MANIFEST, Contents, file_digest
from recrm_tasks.training.options import SetOptions
from recrm_tasks.training.question_rows import class_names, question_rows
from recrm_tasks.training.readme import readme
from recrm_tasks.training.rows import Row
from recrm_tasks.training.samples import names_source, of_record
from recrm_tasks.training.trainers import target as target_of
from recrm_tasks.training.trainers.trainer import Made, Target

_PART = 1_000
"""Rows of a Parquet file that are in memory at once."""

Grouped = Iterator[tuple[tuple[Any, ...], Row]]
"""Rows, each with the records that it is made of."""


class TrainingSet(NamedTuple):
    """What was written."""

    manifest: dict[str, Any]
    command: str
    """The command that trains on it; MODEL, OUT and other words in capitals are for the user to fill in."""
    notes: list[str]
    """What the user should know, warnings first."""


def make_set(trainer: str, to: Path, options: SetOptions, tokenizer: str | None = None) -> TrainingSet:
    """Writes a training set.

    Args:
        trainer: its name.
        to: a folder that does not exist yet, or is empty.
        options: what the set is made of.
        tokenizer: that of the model to be trained, a folder or a name; None counts characters.

    Raises:
        RecrmError: the trainer does not take this kind; the folder is taken; there are no records to train on, or none
            that may be; or an option does not fit the others.
    """
    chosen, kind, target = target_of(trainer, options.kind)
    _check(options, trainer, target)
    if is_taken(to):
        raise DataError(f"{to}: exists already, and holds something; name a new folder, or remove that one first")
    tokens = tokens_of(tokenizer) if tokenizer is not None else None
    separated, absent = training_records(options)
    datasets = [one.dataset for one in separated]
    plain = options.style == "completion"
    lengths, contents = Lengths(target, plain, tokens), Contents()
    with whole_folder(to) as folder:
        rows = lengths.through(_counted(_mixed(datasets, options), contents, datasets[0].provenance))
        _write(folder / target.file, rows, target, plain)
        if not contents.rows:
            raise DataError("the set would have no rows: no record is left; see --shares, --limit and --lang")
        classes = _classes(datasets[0], options) if kind == "classes" else ()
        margins = kind == "pairs" and options.pairs == "content"
        made = Made(str(to), plain, lengths.limit(), classes, margins, _trained_as(datasets, options, classes))
        here = made._replace(folder=to.resolve().name)
        for name, text in target.files(here).items():
            (folder / name).write_text(text, encoding="utf-8")
        manifest: dict[str, Any] = {
            "recrm_tasks": __version__,
            "trainer": f"{chosen.name} {chosen.version}",
            "options": _options(options),
            "dimensions": {one.dataset.dimension.key: source_of(one) for one in separated},
            **({"classes": list(classes)} if classes else {}),
            "lengths": lengths.found(),
            **contents.to_json(folder),
            "files": {file.name: file_digest(file) for file in sorted(folder.iterdir())},
        }
        notes = [*_notes(lengths, contents.rows, target, tokens, options, trainer), *_about(separated, absent)]
        after = "" if target.files(here).get("train_classes.py") else here.trained_as
        text = readme(manifest, chosen.name, kind, here.folder, target.command(here), after, notes, target.file)
        (folder / "README.md").write_text(text, encoding="utf-8")
        manifest["files"]["README.md"] = file_digest(folder / "README.md")
        said = json.dumps(manifest, ensure_ascii=False, indent=1)
        (folder / MANIFEST).write_text(said + "\n", encoding="utf-8")
    return TrainingSet(manifest, target.command(made), notes)


def _check(options: SetOptions, trainer: str, target: Target) -> None:
    """Refuses options that do not fit together."""
    content = options.kind == "pairs" and options.pairs == "content"
    if options.style == "completion" and options.kind == "pairs" and not content:
        raise RecrmError(
            "reward models are asked in turns, also by recrm-rm: --style completion is not for pairs; a tokenizer "
            "without a chat template needs one"
        )
    if options.style == "completion" and not target.plain and not content:
        raise RecrmError(f"{trainer} takes {options.kind} as turns only: --style completion is for base models")
    if options.style == "completion" and content:
        raise RecrmError("content pairs have no style: --style is of the benchmark's questions")
    if options.pairs == "content" and options.kind != "pairs":
        raise RecrmError(f"--pairs is for --as pairs, not {options.kind}")
    if content and options.shares == "balanced":
        raise RecrmError("content pairs have one better and one worse side each: --shares has no effect on them")
    if content and options.answer is not None:
        raise RecrmError("content pairs contain no answers: --answer is for other sets")
    if options.kind == "classes" and options.asked != "item":
        raise RecrmError("classes are of single candidates: with --as classes, --ask must be item")
    if options.kind == "classes" and options.mode != "logprob":
        raise RecrmError("recrm-rm asks classifiers for letters: with --as classes, --answer must be logprob")
    if options.kind == "classes" and len(options.dimensions or ()) != 1:
        raise RecrmError("a classifier has the classes of one dimension: --as classes needs one --dimension")


def _mixed(datasets: list[Dataset], options: SetOptions) -> Grouped:
    """The rows of all dimensions, spread evenly over the set, so that each part of it has all dimensions."""

    def placed(number: int, dataset: Dataset) -> Iterator[tuple[float, int, tuple[Any, ...], Row]]:
        size = _size(dataset, options) if len(datasets) > 1 else 1
        for i, (records, row) in enumerate(islice(_rows(dataset, options), options.limit)):
            yield (i + 0.5) / size, number, records, row

    several = [placed(number, dataset) for number, dataset in enumerate(datasets)]
    for place, (_, _, records, row) in enumerate(heapq.merge(*several, key=lambda one: one[:2])):
        yield records, row._replace(number=place)


def _size(dataset: Dataset, options: SetOptions) -> int:
    """How many rows a dimension has."""
    several = options.asked == "item" and is_list(dataset.dimension.record_type)
    if several or (options.kind == "pairs" and options.pairs == "content"):
        return sum(1 for _ in islice(_rows(dataset, options), options.limit))
    return min(len(dataset), options.limit or len(dataset))


def _rows(dataset: Dataset, options: SetOptions) -> Grouped:
    if options.kind == "pairs" and options.pairs == "content":
        return content_pairs(dataset, options)
    return (((record,), row) for record, row in question_rows(dataset, options))


def _counted(rows: Grouped, contents: Contents, provenance: dict[str, Any]) -> Iterator[Row]:
    for records, row in rows:
        contents.add(
            row, chain.from_iterable(of_record(one, names_source(one, provenance)).all_keys for one in records)
        )
        yield row


def _write(file: Path, rows: Iterator[Row], target: Target, plain: bool) -> None:
    """Writes the rows as they come: a set may be larger than the memory."""
    if target.schema is None:
        with file.open("w", encoding="utf-8") as stream:
            for row in rows:
                stream.write(json.dumps(target.row(row, plain), ensure_ascii=False) + "\n")
        return
    with pq.ParquetWriter(file, target.schema, compression="zstd") as writer:
        while part := [target.row(row, plain) for row in islice(rows, _PART)]:
            writer.write_table(pa.Table.from_pylist(part, schema=target.schema))


def _classes(dataset: Dataset, options: SetOptions) -> tuple[str, ...]:
    dimension = dataset.dimension
    record = next(dataset.records())
    prompt = next(dimension.prompts(record, dataset.labels, options.mode, options.prompt_lang, ask="item"))
    return class_names(dimension, prompt, dataset.labels.names if dataset.labels else ())


def _trained_as(datasets: list[Dataset], options: SetOptions, classes: tuple[str, ...]) -> str:
    """The call that writes into a reward model's config what it was trained on, so that `recrm-rm` asks it the same."""
    if options.kind not in ("classes", "pairs") or _of_generated(options):
        return ""
    reads = "content" if options.kind == "pairs" and options.pairs == "content" else "letters"
    words = [json.dumps(reads), json.dumps([one.dimension.key for one in datasets])]
    if classes:
        words.append(f"classes={json.dumps(classes, ensure_ascii=False)}")
    if options.asked == "item" and any(is_list(one.dimension.record_type) for one in datasets):
        words.append('ask="item"')
    if options.prompt_lang is not None:
        words.append(f"prompt_lang={json.dumps(options.prompt_lang)}")
    return f'write_trained_as("OUT", {", ".join(words)})'


def _of_generated(options: SetOptions) -> bool:
    """Whether pairs are of answers that `recrm-rm` does not ask reward models about."""
    return options.kind == "pairs" and options.pairs == "verdict" and options.mode == "generate"


def _options(options: SetOptions) -> dict[str, Any]:
    """What the user chose, for the manifest, with the defaults of the kind."""
    given = {name: value for name, value in vars(options).items() if name not in ("data", "mapping", "revision")}
    given |= {
        "dimensions": options.dimensions and list(options.dimensions),
        "answer": options.mode,
        "ask": options.asked,
    }
    if options.kind != "pairs":
        del given["pairs"], given["better"]
    return given


def _notes(
    lengths: Lengths, rows: int, target: Target, tokens: Tokens | None, options: SetOptions, trainer: str
) -> Iterator[str]:
    """What the form of the answers and the lengths mean for the trainer."""
    if _of_generated(options):
        yield (
            "Warning: the answers are JSON, as language models write them, for preference training such as DPO. "
            "recrm-rm asks reward models about letters: leave out --answer generate to train one"
        )
    limit, default = lengths.limit(), target.default_length
    if limit is None:
        where = f"Its default limit is {default:,} tokens" if default else "Its limit is the model's context"
        yield (
            f"Lengths are in characters. {trainer} {target.too_long} if rows are longer than its limit in tokens. "
            f"{where}: --tokenizer MODEL counts tokens, and writes the limit into the command"
        )
        return
    if tokens is not None and not tokens.has_chat_template and options.style == "chat":
        instead = (
            "The classifier then reads plain text"
            if options.kind == "classes"
            else "The trainer cannot write the turns as text: give the tokenizer a template, or use --style completion"
        )
        yield f"Warning: the tokenizer {tokens.name} has no chat template. {instead}"
    if default is not None and (over := lengths.over(default)):
        silently = "" if target.too_long.startswith("stops") else " without an error"
        yield (
            f"Warning: {over:,} of {rows:,} rows are longer than the {default:,} tokens that are "
            f"{trainer}'s default; it {target.too_long}{silently}. The command has {target.length_option} {limit}"
        )
    elif not target.length_option:
        yield f"The longest prompt has {limit:,} tokens: the model's context must hold it and the completion"


def _about(separated: list[Separate], absent: list[str]) -> Iterator[str]:
    """Where a model trained on the set may be evaluated."""
    if absent:
        yield f"Left out: {', '.join(absent)}, which the source has no records of"
    for dataset, left_out, _ in separated:
        if left_out:
            said = ", ".join(f"{name} ({count:,})" for name, count in left_out.items())
            yield (
                f"Left out: {sum(left_out.values()):,} records of {dataset.dimension.key} that share something with "
                f"records of other splits: {said}"
            )
    by_splits: dict[tuple[str, ...], list[str]] = {}
    for one in separated:
        by_splits.setdefault(evaluated_splits(one), []).append(one.dataset.dimension.key)
    for splits, several in by_splits.items():
        keys = ", ".join(several)
        if splits:
            yield (
                f"Evaluate {keys} on split={' or '.join(splits)} (lm-eval: recrm_split), never on the split that was "
                "trained on"
            )
        else:
            yield (
                f"Warning: all records of {keys} that the source has are trained on, so evaluate the model on another "
                "source: on this one its figures would mean nothing"
            )
