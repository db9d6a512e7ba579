"""The labels of lists of candidates: grades, ranks, orders, or what was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.candidates import names_in, to_candidates
from recrm_tasks.data.formats.patterns import group_count
from recrm_tasks.data.formats.turns import answers_in
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.column_words import words_of
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.label_meaning import as_part, to_write
from recrm_tasks.data.mapping.listed_candidates import list_pair
from recrm_tasks.data.mapping.listings import is_about_one, listings_in
from recrm_tasks.data.mapping.look import Look, column_list, columns_of, distinct, few
from recrm_tasks.data.mapping.mapping_file import OPEN, LabelColumn, TextPart
from recrm_tasks.data.mapping.text_parts import CANDIDATES, candidates_of


def chosen_side(look: Look, taken: dict[str, Any]) -> LabelColumn | None:
    """The label where one of two columns has the candidates that were chosen, and the other the rest."""
    pair = list_pair(look)
    candidates = (taken.get("fields") or {}).get(CANDIDATES)
    if pair is None or taken.get("list_id") is not None or taken.get("no_lists"):
        return None
    others = look.named((*look.dimension.telling, *column_names.LABELS, *column_names.LABEL))
    if candidates == list(pair) or not set(others) - set(pair):
        return LabelColumn(column=pair[0], listed="chosen")
    return None


def inner_grades(look: Look, taken: dict[str, Any]) -> list[str]:
    """The field of each candidate, or of the object with their list, that is its grade."""
    name = (taken.get("fields") or {}).get("candidates")
    if not isinstance(name, str) or "list_id" in taken or taken.get("no_lists") or name == OPEN:
        return []
    names = (*look.dimension.telling, *column_names.LABELS, *column_names.LABEL)
    return _inner(look, name, names) or _inner(look, name, column_names.RANKS)


def _inner(look: Look, name: str, names: Sequence[str]) -> list[str]:
    wanted = {column_names.same(n) for n in names}
    for head in filter(None, (name, name.rpartition(".")[0])):
        first = next((row for row in texts.values_of(look.column(head)) if row), None)
        inner = first[0] if isinstance(first, list) else first
        found = [k for k in inner if column_names.same(k) in wanted] if isinstance(inner, dict) else []
        if len(found) == 1:
            return [f"{head}.{found[0]}"]
    return []


def list_label(look: Look, column: str, taken: dict[str, Any]) -> LabelColumn:
    candidates = (taken.get("fields") or {}).get(CANDIDATES, OPEN)
    if not taken.get("no_lists") and _has_ranks(look, column):
        return LabelColumn(column=column, listed="ranks")
    if "list_id" in taken or taken.get("no_lists") or (candidates == OPEN and is_about_one(look, column)):
        return _yes_or_no(look, column)
    if candidates == OPEN and not taken.get("messages"):
        return LabelColumn(column=column)  # what it means depends on what the candidates are
    if candidates == OPEN:
        candidates = next(iter(listings_in(look, taken["messages"])), OPEN)
    in_text = candidates == OPEN or isinstance(candidates, TextPart)
    values = answers_in(look.column(column))
    if not look.is_turns(column):
        values = texts.parsed(values)
    base = LabelColumn(column=column)
    if not pa.types.is_list(values.type):
        words = words_of(look, column, many=None)
        if words is not None and words.read == "answer":
            base = base.model_copy(update={"read": "answer", "key": words.key})
            values = texts.parsed(words.rows)
    if pa.types.is_list(values.type):
        return (
            _names(look, base, values.to_pylist(), candidates) if in_text else _grades(look, base, values, candidates)
        )
    seen = distinct(values)
    if not seen:
        look.ask(
            f"label: {column} is empty in the first rows; the columns are {column_list(look.columns)}",
            *(Choice({"label": {"column": c}}) for c in _lists(look, taken) or ["COLUMN"]),
        )
        return LabelColumn(column=OPEN)
    if in_text and all(len(names_in(v)) > 1 for v in seen) and not _name_candidates(look, values, candidates):
        rows = [names_in(v) for v in texts.plain(values).to_pylist() if v]
        return _names(look, base, rows, candidates)
    if not all(v.isdecimal() and len(v) < 10 for v in seen):
        return base
    possible = _numbers(look, candidates, values)
    if len(possible) != 1:
        said = {
            "labels": "be the ids of candidates",
            "from 0": "count them from 0",
            "from 1": "count them from 1",
        }
        ways = possible or list(said)
        look.ask(
            f"label: the numbers {few(seen)} in {column} name candidates and may " + " or ".join(said[w] for w in ways),
            *(Choice({"label": {**as_part(base), "numbers": way}}, said[way]) for way in ways),
        )
        return base.model_copy(update={"numbers": OPEN})
    return base.model_copy(update={"numbers": possible[0]}) if possible[0] != "labels" else base


def _yes_or_no(look: Look, column: str) -> LabelColumn:
    """The label of rows with one candidate each: grades, or words for yes and no."""
    if column in look.named(column_names.RANKS):
        look.ask(
            f"label: {column} has ranks, which say nothing without lists; the columns are {column_list(look.columns)}",
            Choice({"label": {"column": "COLUMN"}}),
        )
        return LabelColumn(column=OPEN)
    if all(column_names.word(value).isdecimal() for value in look.distinct(column)):
        return LabelColumn(column=column)
    words = words_of(look, column)
    if words is None:
        look.ask(
            f"label: {column} has no grades and no words for yes and no; the columns are {column_list(look.columns)}",
            Choice({"label": {"column": "COLUMN"}}),
        )
        return LabelColumn(column=OPEN)
    base = LabelColumn(column=column, read=words.read, key=words.key)
    said = {value: column_names.word(value) for value in words.seen}
    if all(word.isdecimal() for word in said.values()):
        return base
    known = {**dict.fromkeys(column_names.YES, "1"), **dict.fromkeys(column_names.NO, "0")}
    known |= {column_names.word(w): grade for grade, more in look.dimension.label_words.items() for w in more}
    values = {value: known.get(word) for value, word in said.items()}
    if all(values.values()):
        return base.model_copy(update={"values": values})
    ways = [dict(zip(words.seen, way, strict=True)) for way in (("1", "0"), ("0", "1"))] if len(values) == 2 else []
    look.ask(
        f"label: what do the values {few(words.seen)} of {column} mean? Each is a grade; 0 is not chosen",
        *(Choice({"label": as_part(base.model_copy(update={"values": way}))}) for way in ways),
        *([] if ways else to_write(base, words.seen)),
    )
    return base.model_copy(update={"values": dict.fromkeys(words.seen, OPEN)})


def _names(look: Look, base: LabelColumn, rows: list[Any], candidates: Any) -> LabelColumn:
    """A list of names for each list of candidates in a text: those that were chosen, or an order."""
    said = [[str(v) for v in row] for row in rows if row]
    if all(v in ("0", "1", "True", "False") for row in said for v in row) and any(len(row) > 1 for row in said):
        return base
    shown = _shown(look, candidates)
    full = all(len(row) == len(c) for row, c in zip(rows, shown, strict=False) if row)
    if shown and full and any(len(set(row)) < len(row) for row in said) and all(v.isdecimal() for r in said for v in r):
        return base  # a grade for each
    if any("0" in row for row in said) and not any(c["id"] == "0" for row in shown for c in row):
        base = base.model_copy(update={"numbers": "from 0"})
    if said and all(len(row) == 1 for row in said):
        return base.model_copy(update={"listed": "chosen"})
    look.ask(
        f"label: {base.column} lists candidates, such as {', '.join(said[0][:8]) if said else 'none'}: which of them "
        "did the user choose?",
        Choice(
            {"label": as_part(base.model_copy(update={"listed": "order"}))},
            "an order from the best on: the first one is what the user chose",
        ),
        Choice(
            {"label": as_part(base.model_copy(update={"listed": "chosen"}))},
            "the user chose all that are listed, and none of the others",
        ),
    )
    return base.model_copy(update={"listed": OPEN})


def _shown(look: Look, candidates: Any) -> list[list[dict[str, str]]]:
    """The candidates of each row, where it is known what they are."""
    if isinstance(candidates, TextPart):
        found = candidates_of(look.batch, candidates)[1]
    elif isinstance(candidates, str) and candidates in look.columns:
        found = look.column(candidates)
    else:
        return []
    rows: list[list[dict[str, str]]] = to_candidates(found)[0].to_pylist()
    return rows


def _numbers(look: Look, candidates: Any, values: pa.Array) -> list[str]:
    """What the numbers of the chosen candidates may be."""
    shown = _shown(look, candidates)
    rows = [(v, row) for v, row in zip(texts.plain(values).to_pylist(), shown, strict=False) if v is not None]
    # Candidates without ids have their numbers as ids, which prove nothing.
    named = any(c["id"] != str(i) for _, row in rows for i, c in enumerate(row, 1))
    if isinstance(candidates, TextPart) and group_count(candidates.looks_for) > 1:
        # The numbers that the text itself shows.
        return ["labels"] if all(any(v == c["id"] for c in row) for v, row in rows) else ["from 0", "from 1"]
    fits = {
        "labels": named and all(any(v == c["id"] for c in row) for v, row in rows),
        "from 0": all(int(v) < len(row) for v, row in rows),
        "from 1": all(0 < int(v) <= len(row) for v, row in rows),
    }
    return [way for way, fit in fits.items() if fit and rows]


def _name_candidates(look: Look, values: pa.Array, candidates: Any) -> bool:
    """Whether each value, as a whole, is the name of a candidate of its row."""
    shown = _shown(look, candidates)
    rows = zip(texts.plain(values).to_pylist(), shown, strict=False)
    return bool(shown) and all(v is None or any(v.strip() in (c["id"], c["text"]) for c in row) for v, row in rows)


def _has_ranks(look: Look, column: str) -> bool:
    """Whether a column, by its name, has the ranks of candidates: one in each row of a list, or all in one."""
    if column_names.same(column.rpartition(".")[2]) not in {column_names.same(n) for n in column_names.RANKS}:
        return False
    rows = [v for v in texts.values_of(look.column(column)) if v is not None]
    entries = [v if isinstance(v, list) else names_in(str(v)) for v in rows]
    return bool(rows) and all(str(v).isdecimal() for row in entries for v in row)


def _grades(look: Look, base: LabelColumn, values: pa.Array, candidates: Any) -> LabelColumn:
    """A label per candidate: not where the lists may as well be orders of the candidates."""
    column = base.column
    rows = [[str(v) for v in row] for row in values.to_pylist() if row]
    first = next((n for n in (0, 1) if all(set(r) == {str(i + n) for i in range(len(r))} for r in rows)), None)
    if first is not None and any(len(r) > 2 for r in rows):
        ways = [Choice({"label": {"column": column, "numbers": "labels"}}, "grades, higher is better")]
        look.ask(
            f"label: each list in {column} holds every number from {first} on once: are they "
            f"{'grades, ' if first == 0 else ''}ranks, or an order?",
            *(ways if first == 0 else []),
            Choice({"label": {"column": column, "listed": "ranks"}}, "the rank of each candidate: the first is chosen"),
            Choice(
                {"label": {"column": column, "numbers": f"from {first}", "listed": "order"}},
                "numbers of candidates from the best on: the first one is what the user chose",
            ),
        )
        return base.model_copy(update={"numbers": OPEN})
    shown = _shown(look, candidates)
    known = [{n for c in row for n in (c["id"], c["text"])} for row in shown]
    if not any(len(r) > 1 for r in rows) or len(rows) != len(shown):
        return base
    named = zip(rows, shown, known, strict=True)
    if all(len(r) == len(set(r)) == len(c) and names.issuperset(r) for r, c, names in named):
        return base.model_copy(update={"listed": "order"})  # nobody chooses all
    return base


def _lists(look: Look, taken: dict[str, Any]) -> list[str]:
    fields = {c for v in (taken.get("fields") or {}).values() if v is not None for c in columns_of(v)}
    return [c for c in look.leaves if c not in fields and pa.types.is_list(texts.parsed(look.column(c)).type)]
