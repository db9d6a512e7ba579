"""The columns of a source -> a mapping of them. What is not certain is left open, with a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import LANGS
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.doubts import Choice, Doubt
from recrm_tasks.data.mapping.fields import Fields, ask_for_dialogue, ask_for_missing, decided, find_fields, one
from recrm_tasks.data.mapping.label_columns import complete_label, find_label, says_the_label
from recrm_tasks.data.mapping.layout import splits_of
from recrm_tasks.data.mapping.listed_candidates import list_pair
from recrm_tasks.data.mapping.listings import ask_for_candidates
from recrm_tasks.data.mapping.look import Look, columns_of
from recrm_tasks.data.mapping.mapping_file import OPEN, LabelColumn, Source, Split, Values
from recrm_tasks.data.mapping.pairs import Pair, find_pair, group_of, sides_of
from recrm_tasks.data.mapping.prompts import (
    Prompt,
    ask_for_last_turn,
    ask_for_reading,
    beside,
    left_beside,
    ready_prompt,
)
from recrm_tasks.data.mapping.text_parts import CANDIDATES
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import own_fields

_LANGS = {
    "zh": "zh",
    "cn": "zh",
    "zh-cn": "zh",
    "chinese": "zh",
    "中文": "zh",
    "en": "en",
    "en-us": "en",
    "english": "en",
    "英文": "en",
}


@dataclass
class Proposal:
    """The proposed mapping of some files."""

    sources: list[Source]
    """Usually one; for pairs, one per side."""
    labels: LabelSet | None = None
    """Where the labels are not the dimension's default ones."""
    doubts: list[Doubt] = field(default_factory=list)
    """What a person has to decide."""
    unused: list[str] = field(default_factory=list)
    complete: bool = False
    """Whether every field has its column; what the labels mean is another question."""


def recognise(
    batch: pa.RecordBatch,
    dimension: Dimension,
    files: dict[str, list[str]],
    declared: LabelSet | None,
    given: Source | None = None,
    skip: bool = False,
) -> Proposal:
    """Proposes a mapping for rows of one dimension.

    Args:
        batch: the first rows of every file that has these columns.
        dimension: the dimension.
        files: patterns of their names by split, which become part of the mapping.
        declared: a label set that is declared beside the files.
        given: what a person decided; the rest is recognised.
        skip: whether rows that cannot be used are left out.
    """
    return _Recognition(Look(batch, dimension, declared), given, skip).run(files)


def is_own_form(names: Sequence[str], dimension: Dimension) -> bool:
    """Whether columns are those of the project's own records."""
    own = {"id", "lang", *own_fields(dimension.record_type)}
    return {"id", "dimension", "lang", "source"} <= set(names) or own <= set(names)


class _Recognition:
    def __init__(self, look: Look, given: Source | None, skip: bool) -> None:
        self.look, self.dimension, self.skip = look, look.dimension, skip
        self.given: dict[str, Any] = (
            {name: getattr(given, name) for name in given.model_fields_set if name != "files"} if given else {}
        )

    def run(self, files: dict[str, list[str]]) -> Proposal:
        look = self.look
        if not self.given and is_own_form(look.batch.schema.names, self.dimension):
            return Proposal([self._own(files)], complete=True)
        taken = dict(self.given) if self.given else self._common()
        fields = dict(self.given.get("fields", {}))
        pair = find_pair(look) if not {"label", "messages"} & set(self.given) else None
        if pair is not None:
            return self._pairs(files, taken, pair, fields)
        before = len(look.doubts)
        found = find_fields(look, fields)
        prompt = self._prompt(found, fields)
        complete = not found.missing and not found.absent
        open_prompt = False
        if "messages" in self.given and prompt is not None:
            del look.doubts[before:]
            taken["fields"] = beside(look, prompt, fields)
        elif prompt is None:
            ask_for_missing(look, found)
            ask_for_dialogue(look, found, fields)
            taken |= found.source()
        elif self._is_whole(found, prompt):
            self._ask_which(prompt, found)
            taken |= {**found.source(), "messages": OPEN}
            del taken["fields"]
            open_prompt = True
        else:
            kept = [d for d in look.doubts[before:] if d.what.startswith("messages")]
            look.doubts[before:] = kept  # not about fields that are not there as a whole
            taken |= {"messages": prompt, "fields": beside(look, prompt, fields)}
        seen = {**taken, "fields": found.columns, "messages": prompt} if open_prompt else taken
        taken["label"], labels = self._label(seen)
        if prompt is not None and not open_prompt and taken["fields"].get(CANDIDATES) == OPEN:
            self._ask_for_candidates(taken, prompt, found)
        elif prompt is not None and not open_prompt and prompt != OPEN:
            self._beside(taken, prompt, found)
        taken = {k: v for k, v in taken.items() if v is not None and v != {}}
        source = _opened(Source(files=files, **taken), look.doubts)
        return Proposal([source], labels, look.doubts, self._unused([source]), complete and prompt is None)

    def _prompt(self, found: Fields, fields: dict[str, Any]) -> Prompt | None:
        if "messages" in self.given:
            prompt: Prompt | None = self.given["messages"]
            return prompt
        return None if decided(self.look, fields) else ready_prompt(self.look, found)

    def _is_whole(self, found: Fields, prompt: Prompt) -> bool:
        """Whether the record's fields are there as well, without the prompt's columns."""
        columns = set(columns_of(prompt))
        lacking = [n for n in self.dimension.record_type.may_lack if found.columns.get(n) is None]
        return (
            not found.missing
            and bool(found.taken - columns)
            and not (self.dimension.record_type.may_lack and len(lacking) == len(self.dimension.record_type.may_lack))
        )

    def _ask_which(self, prompt: Prompt, found: Fields) -> None:
        columns = columns_of(prompt)
        fields = {**found.columns, **dict.fromkeys(found.absent)}
        shown = [c for v in found.columns.values() if v is not None for c in columns_of(v)]
        self.look.ask(
            f"two readings are possible: the columns {', '.join(shown)} as fields, or {', '.join(columns)} as a ready "
            "prompt",
            Choice({"messages": prompt}, "it is the whole prompt"),
            Choice({"fields": fields}, "the prompt is made of the fields"),
            example="" if OPEN in columns else self.look.row(0, columns),
        )

    def _label(self, taken: dict[str, Any]) -> tuple[LabelColumn, LabelSet | None]:
        given = self.given.get("label")
        if given is None:
            return find_label(self.look, taken)
        shown = columns_of(taken.get("messages")) or sorted(
            c for v in (taken.get("fields") or {}).values() if v is not None for c in columns_of(v)
        )
        return complete_label(self.look, given, taken, shown, self.skip)

    def _ask_for_candidates(self, taken: dict[str, Any], prompt: Prompt, found: Fields) -> None:
        """Asks for candidates that no column has; the answer says whether the prompt stays as it is."""
        look, label = self.look, taken["label"].column
        if OPEN in columns_of(prompt):
            look.ask(f"{CANDIDATES}: no column for them", Choice({"fields": {CANDIDATES: "COLUMN"}}))
            return
        if "messages" in self.given:
            left = []
        else:
            left = left_beside(look, prompt, found, self._used(taken), label)
            taken["messages"] = OPEN
        ask_for_candidates(look, prompt, None if label == OPEN else label, left, list_pair(look))

    def _used(self, taken: dict[str, Any]) -> set[str]:
        """The columns that were found, without those of the prompt."""
        used = {c for k, v in taken.items() if k not in ("messages", "label") for c in columns_of(v)}
        return used | set(columns_of(taken["label"].column))

    def _beside(self, taken: dict[str, Any], prompt: Prompt, found: Fields) -> None:
        """Asks about what stands beside a prompt that nobody decided: texts that it may need, and a last turn."""
        look, label, used = self.look, taken["label"].column, self._used(taken)
        if "messages" not in self.given:
            left = left_beside(look, prompt, found, used, label)
            if left:
                ask_for_reading(look, prompt, left, found, used, label)
                taken["messages"] = OPEN
                return
        turns = columns_of(prompt)[-1]
        if "last_turn" in self.given or label in (None, OPEN, turns) or not look.is_turns(turns):
            return
        if look.strings(f"{turns}.assistant") and not says_the_label(look, turns, label):
            ask_for_last_turn(look, prompt, label, found, used)
            taken["last_turn"] = OPEN

    def _pairs(
        self, files: dict[str, list[str]], taken: dict[str, Any], pair: Pair, fields: dict[str, Any]
    ) -> Proposal:
        sides = sides_of(self.look, pair, fields)
        if self.look.doubts:
            # One source as long as something is open: with the answer, both sides are recognised again.
            judged = self.dimension.judged
            open_fields = {n: c for n, c in sides[0].fields.items() if n != judged}
            taken = {k: v for k, v in {**taken, "fields": open_fields}.items() if v is not None}
            return Proposal([_opened(Source(files=files, **taken), self.look.doubts)], None, self.look.doubts)
        shared = {**taken, "group": group_of(self.look, taken, sides), "id": None}
        shared = {k: v for k, v in shared.items() if v is not None}
        sides_only = ({"fields": s.fields, "label": s.label} | ({"each": s.each} if s.each else {}) for s in sides)
        sources = [Source(files=files, **{**shared, **side}) for side in sides_only]
        return Proposal(sources, None, [], self._unused(sources), complete=sides[0].named)

    def _unused(self, sources: Sequence[Source]) -> list[str]:
        if any(OPEN in (s.messages, s.last_turn) for s in sources):
            return []
        used = {c for s in sources for k, v in s if k not in ("files", "label") for c in columns_of(v)}
        used |= {s.label.column for s in sources if s.label is not None and s.label.column is not None}
        heads = {u.partition(".")[0] for u in used}
        return [n for n in self.look.batch.schema.names if n not in used and n not in heads]

    def _common(self) -> dict[str, Any]:
        taken: dict[str, Any] = {name: one(self.look, name, column_names.COMMON[name]) for name in ("id", "group")}
        for name in ("split", "lang"):
            column = one(self.look, name, column_names.COMMON[name])
            if column is not None:
                taken[name] = self._values_of(name, column)
        return taken

    def _values_of(self, name: str, column: str) -> Values | None:
        seen = self.look.distinct(column)
        if name == "split":
            return Split(column=column, values={v: s for v, s in splits_of(seen).items() if s != v})
        meant = {v: _LANGS.get(v.strip().casefold()) for v in seen}
        if not all(meant.values()):
            return None
        return Values(column=column, values={v: m for v, m in meant.items() if m and v not in LANGS})

    def _own(self, files: dict[str, list[str]]) -> Source:
        names = self.look.batch.schema.names
        own = (name for name in own_fields(self.dimension.record_type) if name not in ("label", "labels"))
        fields: dict[str, Any] = {name: name for name in own}
        present: dict[str, Any] = {n: n for n in ("group", "source", "meta", "messages") if n in names}
        if "split" in names:
            present["split"] = Split(column="split")
        label = LabelColumn(column="labels" if "candidates" in fields else "label")
        return Source(files=files, own=True, id="id", lang=Values(column="lang"), fields=fields, label=label, **present)


def _opened(source: Source, doubts: Sequence[Doubt]) -> Source:
    """The source with a `?` at each field that some answer to a question would change."""
    fields = dict(source.fields)
    for doubt in doubts:
        for choice in doubt.choices:
            for name, column in choice.part.get("fields", {}).items():
                if name in fields and fields[name] != column:
                    fields[name] = OPEN
    return source.model_copy(update={"fields": fields})
