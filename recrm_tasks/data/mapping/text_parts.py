"""The parts of texts that a mapping names by patterns -> columns of their own, which are read as any other column."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.formats import Chunk, texts
from recrm_tasks.data.formats.paths import column_at
from recrm_tasks.data.formats.patterns import all_matches, divided, first_match, match_counts, without_matches
from recrm_tasks.data.formats.stated import stated_words
from recrm_tasks.data.formats.turns import answers_in, is_turns, part_of_turns
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.mapping_file import LabelColumn, Source, Split, TextPart, Values
from recrm_tasks.errors import DataError

CANDIDATES = "candidates"
_PLACES = ("id", "group", "list_id", "candidate_id")
_WORDS = "label of the row"
_INLINE = re.compile(r"\s*[,，、;；]\s*")


@dataclass
class Fits:
    """How often patterns fit."""

    texts: dict[str, int] = field(default_factory=dict)
    """Per place in a mapping: the texts in which it was looked for."""
    misses: dict[str, int] = field(default_factory=dict)
    """Per place: those in which it does not fit."""
    first: dict[str, tuple[TextPart, str]] = field(default_factory=dict)
    """Per place: what was looked for, and the first text."""
    first_miss: dict[str, str] = field(default_factory=dict)
    """Per place: the first text that the pattern does not fit."""

    def add(self, place: str, part: TextPart, said: pa.StringArray, found: pa.Array) -> None:
        """Counts the rows of a chunk."""
        present = len(said) - said.null_count
        if not present:
            return
        if place not in self.first:
            self.first[place] = part, said.drop_null()[0].as_py()
        without = pc.and_(said.is_valid(), found.is_null())
        missed = pc.sum(without).as_py()
        if missed:
            self.first_miss.setdefault(place, said.filter(without)[0].as_py())
        self.texts[place] = self.texts.get(place, 0) + present
        self.misses[place] = self.misses.get(place, 0) + missed

    def check(self, where: str) -> None:
        """Refuses a pattern that fits no text at all.

        Raises:
            DataError: there is one; shows it and the beginning of a text.
        """
        for place, (part, text) in self.first.items():
            if self.misses[place] == self.texts[place]:
                start = _beginning(text)
                within = f" (after {part.after!r})" if part.after is not None else ""
                raise DataError(
                    f"{where}: {place}: the pattern {part.looks_for!r}{within} fits none of "
                    f"{self.texts[place]:,} rows; the first one begins with {start!r}"
                )

    def partial(self) -> Iterator[str]:
        """For each pattern that fits some texts only: how many, and the beginning of one that it does not fit."""
        for place, text in self.first_miss.items():
            total, name = self.texts[place], place.removeprefix("fields.")
            yield (
                f"the pattern of {name} fits {total - self.misses[place]:,} of {total:,} rows "
                f"({self.first[place][0].looks_for!r}); it is missing in the others, such as {_beginning(text)!r}"
            )


def _beginning(text: str) -> str:
    return text[:200] + ("…" if len(text) > 200 else "")


def texts_of(batch: pa.RecordBatch, column: str | list[str]) -> pa.StringArray:
    """The texts that a pattern is applied to; of a column of turns, all that is said before the answer."""
    parts = [_said(column_at(batch, name)) for name in ([column] if isinstance(column, str) else column)]
    if len(parts) == 1:
        return parts[0]
    joined = pc.binary_join_element_wise(*(pc.fill_null(p, "") for p in parts), "\n\n")
    joined = pc.utf8_trim(joined, characters="\n")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def part_of(batch: pa.RecordBatch, part: TextPart) -> tuple[pa.StringArray, pa.StringArray]:
    """The texts, and the part of each that is meant: the first match, or what is left without all matches."""
    said = texts_of(batch, part.column)
    head, body, tail = divided(said, part.after, part.before)
    if part.pattern is not None:
        return said, first_match(body, part.pattern)
    assert part.without is not None
    rest = without_matches(body, part.without)
    if part.after is None and part.before is None:
        return said, rest
    whole = pc.binary_join_element_wise(pc.utf8_rtrim_whitespace(head), rest, pc.utf8_ltrim_whitespace(tail), "\n")
    return said, pc.utf8_trim_whitespace(whole)


def candidates_of(batch: pa.RecordBatch, part: TextPart) -> tuple[pa.StringArray, pa.StringArray]:
    """The texts, and the candidates that each lists, as JSON: one per match, or the entries of a list that is the only
    match. Null where the pattern does not fit."""
    assert part.pattern is not None
    said = texts_of(batch, part.column)
    rows = all_matches(divided(said, part.after, part.before).body, part.pattern)
    return said, pa.array([_listed(row) if row else None for row in rows], pa.string())


def entries_of(batch: pa.RecordBatch, part: TextPart) -> tuple[pa.StringArray, pa.StringArray]:
    """The texts, and the entries that each lists, as JSON: one per match, or one per line of the only match."""
    said, found = part_of(batch, part)
    if part.pattern is None:
        return said, found
    rows = all_matches(divided(said, part.after, part.before).body, part.pattern)
    many = [json.dumps([text for _, text in row], ensure_ascii=False) if len(row) > 1 else None for row in rows]
    return said, pc.coalesce(pa.array(many, pa.string()), found)


def with_text_parts(chunks: Iterator[Chunk], source: Source, lists: Collection[str], fits: Fits) -> Iterator[Chunk]:
    """The chunks with a column for each part of a text that a source names; for reading with `without_parts(source)`.

    Args:
        chunks: raw rows.
        source: what its columns are.
        lists: the record's fields that are lists.
        fits: counts how often the patterns fit.
    """
    parts = dict(_parts(source))
    for chunk in chunks:
        batch = chunk.batch
        for place, part in parts.items() if batch.num_rows else ():
            name = place.removeprefix("fields.")
            if name == CANDIDATES and not _by_row(source):
                said, found = candidates_of(batch, part)
            elif name in lists and name != CANDIDATES:
                said, found = entries_of(batch, part)
            else:
                said, found = part_of(batch, part)
            fits.add(place, part, said, found)
            if name == "list_id" and part.without is not None:
                found = _digests(found)
            elif name == CANDIDATES and _by_row(source):
                found = _single(batch, part, found)
            batch = batch.append_column(_column(place, part), found)
        if _has_words(source) and batch.num_rows:
            assert source.label is not None
            batch = batch.append_column(_WORDS, _words(batch, source.label, _by_row(source), fits))
        yield Chunk(batch, chunk.numbers, chunk.unit, chunk.problems)


def without_parts(source: Source) -> Source:
    """The mapping of what `with_text_parts` gives: columns only."""
    changed: dict[str, Any] = {"fields": dict(source.fields)}
    for place, part in _parts(source):
        name = _column(place, part)
        if place.startswith("fields."):
            changed["fields"][place.removeprefix("fields.")] = name
        elif place == "split":
            assert source.split is not None
            changed[place] = Values(column=name, values=source.split.values)
        else:
            changed[place] = name
    if _has_words(source):
        assert source.label is not None
        read = {"read": "value", "key": None} if _by_row(source) else {}
        changed["label"] = source.label.model_copy(update={"column": _WORDS, "pattern": None, **read})
    return source.model_copy(update=changed)


def _parts(source: Source) -> Iterator[tuple[str, TextPart]]:
    """The places of a source that name a part of a text."""
    for place in _PLACES:
        value = getattr(source, place)
        if isinstance(value, TextPart):
            yield place, value
    if isinstance(source.split, Split) and source.split.pattern is not None:
        yield "split", TextPart(column=source.split.column, pattern=source.split.pattern)
    for name, value in source.fields.items():
        if isinstance(value, TextPart):
            yield f"fields.{name}", value


def _column(place: str, part: TextPart) -> str:
    columns = part.column if isinstance(part.column, str) else " + ".join(part.column)
    return f"{place.removeprefix('fields.')} in {columns}"


def _said(column: pa.Array) -> pa.StringArray:
    if not is_turns(column):
        return texts.plain(column)
    system, others = (part_of_turns(column, part).to_pylist() for part in ("system", "user"))
    both = ("\n\n".join(filter(None, each)) or None for each in zip(system, others, strict=True))
    return pa.array(both, pa.string())


def _by_row(source: Source) -> bool:
    """Whether each row is one candidate."""
    return source.list_id is not None or source.no_lists


def _has_words(source: Source) -> bool:
    """Whether the labels are read here: those that a pattern finds, and those of rows with one candidate each."""
    label = source.label
    return label is not None and label.column is not None and (label.pattern is not None or _by_row(source))


def _words(batch: pa.RecordBatch, label: LabelColumn, read: bool, fits: Fits) -> pa.StringArray:
    """The labels that a pattern finds in texts; also, if they are to be read, the word that each text states."""
    assert label.column is not None
    words = texts.plain(answers_in(column_at(batch, label.column)))
    if label.pattern is not None:
        found = first_match(words, label.pattern)
        fits.add("label", TextPart(column=label.column, pattern=label.pattern), words, found)
        words = found
    if read and label.read == "answer":
        words = stated_words(words, label.key, label.values or (*column_names.YES, *column_names.NO))
    return words


def _single(batch: pa.RecordBatch, part: TextPart, found: pa.StringArray) -> pa.StringArray:
    """Null where the pattern fits a text more than once: nobody knows which one is the row's candidate."""
    assert part.pattern is not None
    body = divided(texts_of(batch, part.column), part.after, part.before).body
    many = pc.fill_null(pc.greater(match_counts(body, part.pattern), 1), False)
    return pc.if_else(many, pa.scalar(None, pa.string()), found)


def _digests(column: pa.StringArray) -> pa.StringArray:
    """A name for each text: whole prompts of all rows would not fit in memory."""
    names = [None if v is None else hashlib.sha256(v.encode()).hexdigest()[:16] for v in column.to_pylist()]
    return pa.array(names, pa.string())


def _listed(matches: list[tuple[str, str]]) -> str:
    if len(matches) == 1 and not matches[0][0] and matches[0][1].startswith("["):
        text = matches[0][1]
        found = texts.values_of(pa.array([text]))[0]
        if isinstance(found, list):
            return text
        if text.endswith("]"):
            return json.dumps([v for v in _INLINE.split(text[1:-1].strip()) if v], ensure_ascii=False)
    rows = [{"id": name, "text": text} if name else {"text": text} for name, text in matches]
    return json.dumps(rows, ensure_ascii=False)
