"""Which column has the labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.candidates import names_in, to_candidates
from recrm_tasks.data.formats.patterns import group_count
from recrm_tasks.data.formats.turns import answers_in, last_answers
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.column_words import are_labels, is_listing, words_of
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.label_meaning import Meaning, allowed_labels, as_part, graded, meaning_of, to_write
from recrm_tasks.data.mapping.listed_candidates import list_pair
from recrm_tasks.data.mapping.listings import is_about_one, listings_in
from recrm_tasks.data.mapping.look import LOOKED_AT, Look, column_list, columns_of, distinct, few
from recrm_tasks.data.mapping.mapping_file import OPEN, LabelColumn, TextPart
from recrm_tasks.data.mapping.text_parts import CANDIDATES, candidates_of
from recrm_tasks.dimensions.record_fields import is_list

_OFFERED = 12
"""Columns that are offered at most: of more, none is likelier than the others."""
_OFTEN = 5
"""Rows per word from which on it is no chance that each word stands beside one label."""


def find_label(look: Look, taken: dict[str, Any]) -> tuple[LabelColumn, LabelSet | None]:
    """The label column and what its values mean; asks where either is not certain.

    Args:
        look: the rows.
        taken: the keys of a source that were found.
    """
    texts_with_parts = [v for v in (taken.get("fields") or {}).values() if isinstance(v, TextPart)]
    prompt = [c for c in columns_of(taken.get("messages") or texts_with_parts) if c != OPEN]
    fields = {c for v in (taken.get("fields") or {}).values() if v is not None for c in columns_of(v)} | set(prompt)
    lists = is_list(look.dimension.record_type)
    names = column_names.LABELS + column_names.LABEL if lists else column_names.LABEL
    if lists and (chosen := _chosen_side(look, taken)) is not None:
        return chosen, None
    says = [c for c in look.named((*look.dimension.telling, *look.dimension.contrary)) if c not in fields]
    if not lists:
        spans = look.named(column_names.with_spans(look.dimension.contrary))
        says += [c for c in spans if c not in fields and c not in says and is_listing(look, c)]
    plain = [c for c in look.named(names) if c not in fields]
    if not lists:
        plain = [c for c in plain if c in look.label_like]  # no answer that a score judges
        # A column of texts is no label, if another one has labels.
        readable = [c for c in (*says, *plain) if are_labels(look, words_of(look, c))]
        says, plain = ([c for c in each if not readable or c in readable] for each in (says, plain))
    found = [*says, *(c for c in plain if c not in says)]
    if not found and prompt:
        found = [c for c in prompt if look.is_turns(c) and last_answers(look.column(c)).null_count == 0]
    if lists:
        found = _inner_grades(look, taken) or found
        found = found or [c for c in look.named((*column_names.RANKS, *column_names.ORDERS)) if c not in fields][:1]
    elif found:
        found = [*found, *_scores_beside(look, found, fields, prompt)]
    if len(found) > 1 and not lists and _agree(look, found):
        found = found[:1]
    if len(found) == 1:
        if lists:
            return _list_label(look, found[0], taken), None
        return _asked(look, meaning_of(look, found[0]), prompt or sorted(fields))
    _ask_which(look, found, fields, prompt, lists)
    return LabelColumn(column=OPEN), None


def _chosen_side(look: Look, taken: dict[str, Any]) -> LabelColumn | None:
    """The label where one of two columns has the candidates that were chosen, and the other the rest."""
    pair = list_pair(look)
    candidates = (taken.get("fields") or {}).get(CANDIDATES)
    if pair is None or taken.get("list_id") is not None or taken.get("no_lists"):
        return None
    others = look.named((*look.dimension.telling, *column_names.LABELS, *column_names.LABEL))
    if candidates == list(pair) or not set(others) - set(pair):
        return LabelColumn(column=pair[0], listed="chosen")
    return None


def _scores_beside(look: Look, found: Sequence[str], fields: set[str], prompt: Sequence[str]) -> list[str]:
    """The columns of scores beside an answer or a last turn, which may be what they judge."""
    if not set(found) <= {*look.named(column_names.ANSWERS), *prompt}:
        return []
    scores = [c for c in look.named(column_names.SCORES) if c not in fields and c not in found]
    return [c for c in scores if are_labels(look, words_of(look, c))]


def complete_label(
    look: Look, given: LabelColumn, taken: dict[str, Any], shown: list[str], skip: bool
) -> tuple[LabelColumn, LabelSet | None]:
    """The meaning of a column that a person named without saying what its values mean.

    Args:
        look: the rows.
        given: what the person said.
        taken: the keys of a source that were found.
        shown: the columns of the prompt, for an example.
        skip: whether rows that cannot be used are left out, so that a value that is no label is no question.
    """
    if given.grades:
        return given, graded(given.grades)
    said = given.model_fields_set - {"column", "read", "key"}
    if given.column is None or said:
        return given, None
    if is_list(look.dimension.record_type):
        in_text = isinstance((taken.get("fields") or {}).get(CANDIDATES), TextPart)
        seen = look.distinct(given.column)
        ranks = given.column in look.named(column_names.RANKS)
        if taken.get("list_id") is not None or taken.get("no_lists"):
            # Beside grades, a word is a mistake in its row.
            asked = ranks or not any(column_names.word(v).isdecimal() for v in seen)
        else:
            asked = in_text or ranks or pa.types.is_list(texts.parsed(look.column(given.column)).type)
        return (_list_label(look, given.column, taken) if asked and seen else given), None
    if not look.strings(given.column):  # some files of several: their rows are refused one by one
        return given, None
    meaning = meaning_of(look, given.column, given)
    if meaning.doubt and skip and set(look.distinct(given.column)) & set(allowed_labels(look)):
        return given, None
    return _asked(look, meaning, shown)


def _asked(look: Look, meaning: Meaning, shown: list[str]) -> tuple[LabelColumn, LabelSet | None]:
    if meaning.doubt:
        look.ask(meaning.doubt, *meaning.choices, example=_example(look, meaning, shown))
    return meaning.column, meaning.labels


def _example(look: Look, meaning: Meaning, shown: list[str]) -> str:
    """A whole prompt, or the fields of a record, with its label."""
    column = meaning.column.column
    words = words_of(look, column) if column is not None and column != OPEN else None
    if words is None or not shown:
        return ""
    wanted = next((v for v in ("1", "是", "yes", "true") if v in words.seen), words.seen[-1])
    index = next(i for i, v in enumerate(words.rows.to_pylist()) if v is not None and v.strip() == wanted.strip())
    columns = [c for c in shown if c in look.columns or "." in c]
    return f"{look.row(index, columns)}\n=> the label in {column}: {wanted}"


def says_the_label(look: Look, column: str, label: str | None) -> bool:
    """Whether a column, or the last turn of one with turns, has the answer that the label column has.

    Other words than the label's must be known ones, or each stand beside one label in many rows.
    """
    said = words_of(look, column)
    labels = words_of(look, label) if label is not None and label != OPEN else None
    if said is None or labels is None:
        return False
    both = zip(said.rows.to_pylist(), labels.rows.to_pylist(), strict=True)
    rows = [(column_names.word(a), column_names.word(b)) for a, b in both if a and b]
    pairs = set(rows)
    if all(a == b for a, b in pairs):
        return bool(pairs)
    if not len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}):
        return False
    # The grades of a list have no words of a known meaning.
    known = not is_list(look.dimension.record_type) and not meaning_of(look, column).doubt
    return known or len(rows) >= _OFTEN * len(pairs)


def _agree(look: Look, found: list[str]) -> bool:
    """Whether all of several label columns say the same of every row."""
    rows = []
    for column in found:
        words = words_of(look, column)
        if words is None:
            return False
        rows.append([None if v is None else column_names.word(v) for v in words.rows.to_pylist()])
    if all(row == rows[0] for row in rows):
        return True
    if meaning_of(look, found[0]).doubt:
        return False
    # Other words for the same: each of one column stands beside one of the other, and there are at least two.
    pairs = [set(zip(rows[0], row, strict=True)) for row in rows[1:]]
    kinds = len(set(rows[0]))
    return kinds > 1 and all(len(p) == kinds == len({b for _, b in p}) for p in pairs)


def _ask_which(look: Look, found: list[str], fields: set[str], prompt: list[str], lists: bool) -> None:
    what = f"label: each of the columns {', '.join(found)} may be it" if found else "label: no column for it"
    ids = _ids(look)
    rest = [c for c in look.leaves if c not in fields and c not in ids][:LOOKED_AT]
    others = found or [c for c in rest if lists or are_labels(look, words_of(look, c))]
    choices: list[Choice] = []
    for column in others if len(others) <= _OFFERED else []:
        if lists:
            choices.append(Choice({"label": {"column": column}}))
        else:
            choices += meaning_of(look, column).answers if found else _either_way(look, column)
    if not lists:
        choices += [
            Choice({"label": as_part(LabelColumn(column=c))}, "what the assistant says last")
            for c in dict.fromkeys((*prompt, *rest))
            if not found and look.is_turns(c) and not meaning_of(look, c).doubt
        ]
    look.ask(
        f"{what}; the columns are {column_list(look.columns)}",
        *(choices or [Choice({"label": {"column": "COLUMN"}})]),
        example=look.row(0, prompt) if prompt else "",
    )


def _either_way(look: Look, column: str) -> tuple[Choice, ...]:
    """The meanings of a column whose name is not known: a yes in it may be a no to the dimension's question."""
    meaning, words = meaning_of(look, column), words_of(look, column)
    if meaning.doubt or words is None or look.labels is not None:
        return meaning.answers
    best, *_, worst = allowed_labels(look)
    meant = meaning.column.values or {value: value for value in words.seen}
    other = {value: worst if label == best else best for value, label in meant.items()}
    return (*meaning.answers, Choice({"label": as_part(meaning.column.model_copy(update={"values": other}))}))


def _ids(look: Look) -> set[str]:
    return {c for name in ("id", "group", "split", "lang") for c in look.named(column_names.COMMON[name])}


def _inner_grades(look: Look, taken: dict[str, Any]) -> list[str]:
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


def _list_label(look: Look, column: str, taken: dict[str, Any]) -> LabelColumn:
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
