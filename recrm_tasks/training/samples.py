"""Records, and rows of training sets that other tools wrote -> what a leak check compares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record import Record
from recrm_tasks.dimensions.record_fields import field_type, own_fields
from recrm_tasks.training.group_keys import GroupKey, group_keys
from recrm_tasks.training.normal_text import Lines, digest, field_texts, normal

TEXT = "text"
"""The kind of leak that is a whole record: all its texts."""
_PROMPTS = ("system", "instruction", "input", "prompt", "messages", "conversations", "query", "question")
_ANSWERS = ("text", "completion", "response", "answer", "output", "chosen", "rejected", "rejected_response")
_TELLING = frozenset({"messages", "conversations", "prompt", "text", "chosen", "rejected", "completion"})


@dataclass(frozen=True)
class Sample:
    """One record or row."""

    name: str
    """Its id, or its file and line."""
    dimension: str | None
    """Of a record; None of a row."""
    keys: frozenset[GroupKey]
    texts: Mapping[str, tuple[str, ...]]
    """Normal texts by what they are: those that groups consist of, and under `TEXT` all that are asked about."""
    prompt: Lines | None = field(default=None, repr=False)
    """All that a row or a ready prompt says, in which the texts of records may be found. None for a record whose prompt
    is made here."""

    @property
    def whole(self) -> str:
        """All its texts as one."""
        return self.prompt.text if self.prompt is not None else " ".join(self.texts[TEXT])

    @property
    def identity(self) -> str:
        """Equal for samples that ask the same."""
        return digest(self.texts[TEXT])

    @property
    def all_keys(self) -> frozenset[GroupKey]:
        """Its keys, and one for all its texts together."""
        return self.keys | {GroupKey(TEXT, self.identity)}


def of_record(record: Record, source_known: bool) -> Sample:
    """What is compared of a record.

    Args:
        record: a checked record of any dimension.
        source_known: see `group_keys`.
    """
    keys = frozenset(group_keys(record, source_known))
    here = {key.kind for key in keys}
    said = {name: tuple(field_texts(getattr(record, name))) for name in own_fields(type(record))}
    texts = {
        kind: tuple(text for name in shared.fields for text in said[name])
        for kind, shared in record.shared.items()
        if kind in here
    }
    turns = [turn.content for turn in record.messages or ()]
    asked = tuple(text for name in _asked(type(record), record.dimension) for text in said[name])
    texts[TEXT] = tuple(filter(None, map(normal, turns))) or asked
    return Sample(record.id, record.dimension, keys, texts, Lines.of(turns) if turns else None)


def names_source(record: Record, provenance: Mapping[str, Any]) -> bool:
    """Whether a record's `source` names its data, and is not only the name of the file that it was read from.

    Args:
        record: of a data set.
        provenance: of that data set.
    """
    return bool(provenance["data"] != "path" or record.source != provenance["source"])


@cache
def _asked(kind: type[Record], dimension: str) -> tuple[str, ...]:
    """The fields of texts that a question consists of: neither the right answer nor a category."""
    registered = dimension_of(dimension)
    answers = set(registered.kind.gold_fields) - {"candidates"}
    types = {name: field_type(kind, name) for name in own_fields(kind) if name not in answers}
    return tuple(
        name
        for name, found in types.items()
        if found.kind in ("text", "object", "items") and (found.is_list or name not in registered.strata)
    )


def is_training_set(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of a form that trainers read."""
    if {"dimension", "lang", "source"} <= set(columns):  # records in the project's own form
        return False
    return not _TELLING.isdisjoint(columns) or {"instruction", "output"} <= set(columns)


def of_row(row: Mapping[str, Any], name: str) -> Sample | None:
    """What is compared of a row of a training set; None if it has no text.

    Args:
        row: with columns such as `messages`, `prompt`, `text`, `chosen` and `rejected`.
        name: its file and line.
    """
    asked = [text for column in _PROMPTS for text in _said(row.get(column), with_answer=False)]
    if not asked:  # the prompt is the turns before the answers, or there is none
        asked = [text for column in ("chosen", "text") for text in _said(row.get(column), with_answer=False)]
    everything = [text for column in (*_PROMPTS, *_ANSWERS) for text in _said(row.get(column), with_answer=True)]
    prompt = Lines.of(everything)
    if not prompt.text:
        return None
    texts = tuple(filter(None, map(normal, asked))) or (prompt.text,)
    return Sample(name, None, frozenset(), {TEXT: texts}, prompt)


def _said(value: Any, with_answer: bool) -> list[str]:
    """The texts of a column of a row: of a text or of turns."""
    if isinstance(value, str):
        return [value]
    turns = value if isinstance(value, list) else []
    if turns and not with_answer and isinstance(turns[-1], dict) and _role(turns[-1]) in ("assistant", "gpt"):
        turns = turns[:-1]
    return [text for turn in turns for text in _texts(turn)]


def _role(turn: Mapping[str, Any]) -> object:
    return turn.get("role") or turn.get("from")


def _texts(turn: Any) -> Iterator[str]:
    """The texts of a turn in OpenAI's form, with a text or with parts, or in ShareGPT's; or of a text."""
    if isinstance(turn, str):
        yield turn
    elif isinstance(turn, dict):
        yield from _texts(turn.get("content") or turn.get("value") or turn.get("text"))
    elif isinstance(turn, list):
        for part in turn:
            yield from _texts(part)
