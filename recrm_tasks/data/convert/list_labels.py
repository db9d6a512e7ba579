"""The grades of candidate lists, from lists of labels or from the chosen one; lists that cannot be ranked."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.answers.order import BY_ITEM
from recrm_tasks.answers.prompt import LETTERS
from recrm_tasks.data.convert.scalars import in_64_bits
from recrm_tasks.data.formats.candidates import Problems, name_of, names_in
from recrm_tasks.data.formats.texts import values_of
from recrm_tasks.data.mapping.mapping_file import LabelColumn
from recrm_tasks.dimensions.rendering import render

_GRADES = pa.list_(pa.int64())


def chosen_labels(column: pa.Array, candidates: pa.ListArray, wanted: LabelColumn) -> tuple[pa.ListArray, Problems]:
    """One grade per candidate: from lists of them, or from the number, letter, id or text of the chosen one.

    Returns:
        Lists of grades (empty where there is a problem), and the problems.
    """
    grades = wanted.listed == "labels" and not wanted.values
    if grades and pa.types.is_list(column.type) and pa.types.is_integer(column.type.value_type):
        with suppress(pa.ArrowInvalid):  # a number beyond 64 bits, which is reported below with its row
            if not column.null_count and not column.values.null_count:
                return column.cast(_GRADES), []
    problems: Problems = []
    labels = []
    for index, (value, shown) in enumerate(zip(values_of(column), candidates.to_pylist(), strict=True)):
        found: list[int] | str | None = None
        if wanted.listed == "ranks":
            found = _best_ranked(value, wanted)
        elif wanted.listed != "labels":
            found = _listed(value, shown, wanted)
        elif isinstance(value, str) and len(shown) > 1 and len(grades_in := names_in(value)) == len(shown):
            found = _chosen(value, shown, wanted)
            if isinstance(found, str):  # no name that has separators in it
                found = _graded(grades_in, wanted)
        elif isinstance(value, list):
            found = (None if wanted.values else _named(value, shown)) or _graded(value, wanted)
        else:
            found = _chosen(value, shown, wanted)
        if isinstance(found, str):
            problems.append((index, f"{wanted.column}: {found}"))
            found = []
        labels.append(found)
    return pa.array(labels, _GRADES), problems


def list_problems(candidates: pa.ListArray, labels: pa.ListArray, ordered: bool = True) -> Problems:
    """The lists that cannot be asked about; see `recrm_tasks.dimensions.ranking.RankingRecord`.

    Args:
        candidates: of each list.
        labels: their grades.
        ordered: whether lists must have something to put in order: a positive and a negative.
    """
    items, grades = _lengths(candidates), _lengths(labels)
    problems: Problems = []
    for index in np.flatnonzero(items != grades).tolist():
        problems.append((index, f"labels: {grades[index]} labels for {items[index]} candidates"))
    sound = items == grades
    least, way_out = (2, f"; {BY_ITEM}") if ordered else (1, "")
    for index in np.flatnonzero(sound & (items < least)).tolist():
        hint = way_out if items[index] else ""
        problems.append((index, f"candidates: a list needs at least {least}, found {items[index]}{hint}"))
    sound &= items >= least
    positive, negative, below = grade_counts(labels)
    for index in np.flatnonzero(sound & (below > 0)).tolist():
        problems.append((index, "labels: grades cannot be negative"))
    sound &= (below == 0) & ordered
    for index in np.flatnonzero(sound & ((positive == 0) | (negative == 0))).tolist():
        said = f"labels: a list needs at least one positive (above 0) and one negative (0); {BY_ITEM}"
        problems.append((index, said))
    return problems + [(i, "candidates: ids must differ") for i in _repeated(candidates)]


def _lengths(lists: pa.ListArray) -> Any:
    return pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)


def grade_counts(labels: pa.ListArray) -> tuple[Any, Any, Any]:
    """Per list: how many grades are above 0, 0, and below."""
    parents = pc.list_parent_indices(labels).to_numpy()
    grades = pc.fill_null(labels.flatten(), -1).to_numpy(zero_copy_only=False)
    size = len(labels)
    positive, negative, below = (
        np.bincount(parents[test], minlength=size) for test in (grades > 0, grades == 0, grades < 0)
    )
    return positive, negative, below


def _repeated(candidates: pa.ListArray) -> list[int]:
    """The lists with a duplicate id."""
    items = candidates.flatten()
    ids = pc.struct_field(items, ["id"]).dictionary_encode().indices.to_numpy()
    pairs = np.stack([pc.list_parent_indices(candidates).to_numpy(), ids])
    unique, times = np.unique(pairs, axis=1, return_counts=True)
    return sorted(set(unique[0, times > 1].tolist()))


def _named(values: list[Any], shown: list[dict[str, str]]) -> list[int] | None:
    """The grades where a list has the ids or texts of the chosen candidates; None if it does not.

    A list of numbers, one per candidate, has grades.
    """
    words = [name_of(v) for v in values]
    if not words or (len(words) == len(shown) and all(re.fullmatch(r"-?\d{1,19}|true|false", w) for w in words)):
        return None
    chosen = [[i for i, c in enumerate(shown) if word in (c["id"], c["text"])] for word in words]
    if any(len(places) != 1 for places in chosen):
        return None
    positive = {places[0] for places in chosen}
    return [int(i in positive) for i in range(len(shown))]


def _graded(values: list[Any], wanted: LabelColumn) -> list[int] | str:
    known = {k.strip().casefold(): v for k, v in wanted.values.items()}
    grades = []
    for value in values:
        word = render(value).strip().casefold()
        said = known.get(word) if known else {"true": "1", "false": "0"}.get(word, word)
        if said is None or not re.fullmatch(r"-?\d{1,19}", said) or not in_64_bits(int(said)):
            return f"{render(value)!r} is not a grade; its meaning has to be declared under `values`"
        grades.append(int(said))
    return grades


def _listed(value: Any, shown: list[dict[str, str]], wanted: LabelColumn) -> list[int] | str:
    """The grades where a label lists the chosen candidates, or candidates from the best on."""
    if value is None:
        return "no label"
    words = [name_of(v) for v in value] if isinstance(value, list) else _names_in(value, shown)
    places = [_place(word, shown, wanted) for word in words]
    wrong = next((place for place in places if isinstance(place, str)), None)
    if wrong is not None:
        return wrong
    if not places or len(set(places)) < len(places):
        return f"expected different candidates, found {render(value)[:80]!r}"
    positive = set(places[:1] if wanted.listed == "order" else places)
    return [int(i in positive) for i in range(len(shown))]


def _names_in(value: Any, shown: list[dict[str, str]]) -> list[str]:
    """The names in a text, which may be that of a single candidate."""
    word = name_of(value)
    return [word] if any(word in (c["id"], c["text"]) for c in shown) else names_in(word)


def _best_ranked(value: Any, wanted: LabelColumn) -> list[int] | str:
    """The grades where a label has a rank per candidate: 1 for the lowest number."""
    if value is None:
        return "no label"
    ranks = _graded(value if isinstance(value, list) else names_in(render(value)), wanted)
    return ranks if isinstance(ranks, str) else [int(rank == min(ranks)) for rank in ranks]


def _chosen(value: Any, shown: list[dict[str, str]], wanted: LabelColumn) -> list[int] | str:
    if value is None:
        return "no label"
    place = _place(name_of(value), shown, wanted)
    return place if isinstance(place, str) else [int(i == place) for i in range(len(shown))]


def _place(word: str, shown: list[dict[str, str]], wanted: LabelColumn) -> int | str:
    """The place of the candidate that a word names, or why it names none."""
    if wanted.numbers != "labels" and re.fullmatch(r"\d{1,6}", word):
        place = int(word) - (wanted.numbers == "from 1")
    elif re.fullmatch(r"[A-Z]", word) and not any(c["id"] == word for c in shown):
        place = LETTERS.index(word)
    else:
        places = [i for i, c in enumerate(shown) if word in (c["id"], c["text"])]
        if len(places) != 1:
            return f"{word!r} names {len(places) or 'none'} of the {len(shown)} candidates"
        place = places[0]
    return place if 0 <= place < len(shown) else f"{word!r} is none of the {len(shown)} candidates"
