"""Ready prompts of any common form -> turns of `role` and `content`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.formats.texts import plain, values_of
from recrm_tasks.data.store.schema import TURNS

_ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
"""OpenAI's names of the speakers, and those of ShareGPT."""

PARTS = ("system", "user", "assistant")
"""The parts of turns that have a path: `messages.system`, …; see `part_of_turns`."""

Turn = dict[str, str]
Places = npt.NDArray[np.int64]


def to_turns(columns: Sequence[pa.Array], keep_last: bool = False) -> tuple[pa.ListArray, list[tuple[int, str]]]:
    """One or several columns -> the prompt of each row.

    Lists of turns (`role` and `content`, or `from` and `value`) stay turns; a turn of the assistant at the end is the
    answer and no part of the question. Texts become one turn of the user; several columns follow each other in it.
    Texts before a list of turns are the system's, and the turns of several columns follow each other.

    Args:
        columns: of one prompt.
        keep_last: whether a turn of the assistant at the end stays: it is what is judged, or the prompts are those of
            records in the project's own form.

    Returns:
        The turns (null where all columns are), and the rows that have none: their index, and why.
    """
    if len(columns) == 1 and (plain_turns := _Said.of(columns[0])) is not None:
        found = plain_turns.turns(keep_last)
        if found is not None:
            return found, []
    if len(columns) > 1 and is_turns(columns[-1]):
        start = next(i for i in range(len(columns), -1, -1) if i == 0 or not is_turns(columns[i - 1]))
        turns_of_rows = [_one_after_the_other(row) for row in zip(*map(values_of, columns[start:]), strict=True)]
        said = _joined(columns[:start]) if start else [None] * len(turns_of_rows)
        rows = [_with_system(*row) for row in zip(said, turns_of_rows, strict=True)]
    elif len(columns) > 1:
        rows = _joined(columns)
    else:
        rows = values_of(columns[0])
    turns: list[list[Turn] | None] = []
    problems = []
    for index, row in enumerate(rows):
        read = _turns(row, keep_last)
        if isinstance(read, str):
            problems.append((index, read))
            read = None
        turns.append(read)
    return pa.array(turns, TURNS), problems


def _joined(columns: Sequence[pa.Array]) -> list[Any]:
    texts = zip(*(plain(c).to_pylist() for c in columns), strict=True)
    return ["\n\n".join(t for t in row if t) or None for row in texts]


def _one_after_the_other(row: Sequence[Any]) -> Any:
    """The turns of several columns as one list; a single value as it is."""
    lists = [turns for turns in row if turns is not None]
    if len(lists) > 1 and all(isinstance(turns, list) for turns in lists):
        return [turn for turns in lists for turn in turns]
    return lists[0] if lists else None


def _with_system(said: str | None, turns: Any) -> Any:
    return [{"role": "system", "content": said}, *turns] if said and isinstance(turns, list) else turns


def is_turns(column: pa.Array) -> bool:
    """Whether a column has lists of turns."""
    kind = column.type
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return any(kind.value_type.get_field_index(name) >= 0 for name in ("role", "from"))
    rows = values_of(column) if pa.types.is_string(kind) else []
    turns = (turn for row in rows if isinstance(row, list) for turn in row)
    return any(isinstance(turn, dict) and ("role" in turn or "from" in turn) for turn in turns)


def last_answers(column: pa.Array) -> pa.StringArray:
    """What the assistant says in the last turn; null where the last turn is another's."""
    if (said := _Said.of(column)) is not None:
        return said.last_answers()
    rows = values_of(column)
    last = [_turn(row[-1]) if isinstance(row, list) and row else None for row in rows]
    return pa.array(
        [t["content"] if isinstance(t, dict) and t["role"] == "assistant" else None for t in last], pa.string()
    )


@dataclass
class _Said:
    """A column of turns as columns: row by row, a million prompts take minutes."""

    roles: pa.StringArray
    """Of all turns, one after the other."""
    contents: pa.StringArray
    ends: Places
    """For each row the place behind its last turn."""

    @classmethod
    def of(cls, column: pa.Array) -> _Said | None:
        """The turns of a column whose rows all have some, with texts only; None for any other column."""
        kind = column.type
        if not (pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)) or column.null_count:
            return None
        for names in (("role", "content"), ("from", "value")):
            if sorted(field.name for field in kind.value_type) == sorted(names):
                break
        else:
            return None
        turns = column.flatten()
        roles, contents = (pc.struct_field(turns, [name]) for name in names)
        if turns.null_count or not all(pa.types.is_string(part.type) for part in (roles, contents)):
            return None
        lengths = pc.list_value_length(column).to_numpy()
        encoded = roles.dictionary_encode()
        meant = pa.array([_ROLES.get(role) for role in encoded.dictionary.to_pylist()], pa.string())
        roles = meant.take(encoded.indices)
        if roles.null_count or contents.null_count or not lengths.all() or pc.any(pc.equal(contents, "")).as_py():
            return None
        return cls(roles, contents, np.cumsum(lengths, dtype=np.int64))

    def turns(self, keep_last: bool) -> pa.ListArray | None:
        """The prompts; None if nothing would be left of one."""
        kept = np.ones(len(self.roles), dtype=bool)
        if not keep_last:
            kept[self.ends - 1] = ~self._ends_with_answer()
        starts = np.concatenate([[0], np.cumsum(kept)])[np.concatenate([[0], self.ends])]
        if not np.diff(starts).all():
            return None
        mask = pa.array(kept)
        turns = pa.StructArray.from_arrays(
            [self.roles.filter(mask), self.contents.filter(mask)], fields=list(TURNS.value_type)
        )
        return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), turns).cast(TURNS)

    def last_answers(self) -> pa.StringArray:
        """See `last_answers`."""
        last = self.contents.take(pa.array(self.ends - 1))
        return pc.if_else(pa.array(self._ends_with_answer()), last, pa.scalar(None, pa.string()))

    def _ends_with_answer(self) -> npt.NDArray[np.bool_]:
        last = self.roles.take(pa.array(self.ends - 1))
        answers: npt.NDArray[np.bool_] = pc.equal(last, "assistant").to_numpy(zero_copy_only=False)
        return answers


def part_of_turns(column: pa.Array, part: str) -> pa.StringArray:
    """What one speaker says in each row; null where nothing is said.

    `system`: the system's turns. `assistant`: the last turn, where it is the assistant's. `user`: what is said between
    the two; several turns are shown with the names of their speakers.
    """
    return pa.array([_part(row, part) for row in values_of(column)], pa.string())


def _part(row: Any, part: str) -> str | None:
    turns = [_turn(t) for t in row] if isinstance(row, list) else []
    said = [t for t in turns if isinstance(t, dict)]
    if not said or len(said) < len(turns):
        return None
    last = said.pop()["content"] if said[-1]["role"] == "assistant" else None
    if part == "assistant":
        return last
    if part == "system":
        return "\n\n".join(t["content"] for t in said if t["role"] == "system") or None
    others = [t for t in said if t["role"] != "system"]
    if len(others) == 1:
        return others[0]["content"]
    return "\n\n".join(f"{t['role']}: {t['content']}" for t in others) or None


def _turns(row: Any, keep_last: bool) -> list[Turn] | str | None:
    if row is None:
        return None
    if isinstance(row, str):
        return [{"role": "user", "content": row}] if row.strip() else "an empty prompt"
    if not isinstance(row, list):
        return f"expected a list of turns or a text, found {type(row).__name__}"
    turns = [_turn(t) for t in row]
    for turn in turns:
        if isinstance(turn, str):
            return turn
    said = [t for t in turns if isinstance(t, dict)]
    if not keep_last and said and said[-1]["role"] == "assistant":
        said.pop()
    return said or "no turn that asks anything"


def _text_of_parts(parts: list[Any]) -> str | None:
    """The text of OpenAI's content parts; None where one is an image or the like."""
    said = []
    for part in parts:
        text = part.get("text") if isinstance(part, dict) else part
        if not isinstance(text, str):
            return None
        said.append(text)
    return "\n".join(said)


def _turn(turn: Any) -> Turn | str:
    if not isinstance(turn, dict):
        return f"expected a turn with role and content, found {type(turn).__name__}"
    role, content = turn.get("role") or turn.get("from"), turn.get("content") or turn.get("value")
    if role not in _ROLES:
        return f"a turn's role should be one of {', '.join(_ROLES)}, found {role!r}"
    if isinstance(content, dict | list):
        content = _text_of_parts(content if isinstance(content, list) else [content])
        if content is None:
            return f"the turn of {role} has parts that are no text"
    if not isinstance(content, str) or not content:
        return f"the turn of {role} has no text"
    return {"role": _ROLES[role], "content": content}
