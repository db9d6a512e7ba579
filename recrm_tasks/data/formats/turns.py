"""Ready prompts of any common form -> turns of `role` and `content`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.formats.chat_marks import with_turns, without_end_marks
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

    Lists of turns (`role` and `content`, or `from` and `value`) and texts with the marks of a chat template are turns.
    A turn of the assistant at the end is the answer and no part of the question. Lists of pairs are what the user and
    the assistant said before. Texts become one turn of the user; several columns follow each other in it. Texts before
    a column of turns are the system's, those behind it the user's, and the turns of several columns follow each other.

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
    rows = _read(columns[0]) if len(columns) == 1 else _in_sequence(columns)
    turns: list[list[Turn] | None] = []
    problems = []
    for index, row in enumerate(rows):
        read = _turns(row, keep_last)
        if isinstance(read, str):
            problems.append((index, read))
            read = None
        turns.append(read)
    return pa.array(turns, TURNS), problems


def as_text(columns: Sequence[pa.Array]) -> pa.StringArray:
    """What is said in several columns, one after the other, with the names of the speakers where there are several."""
    rows = to_turns(columns, keep_last=True)[0].to_pylist()
    return pa.array([None if row is None else _with_speakers(row) for row in rows], pa.string())


def _joined(columns: Sequence[pa.Array]) -> list[Any]:
    texts = zip(*(plain(c).to_pylist() for c in columns), strict=True)
    return ["\n\n".join(t for t in row if t) or None for row in texts]


def _in_sequence(columns: Sequence[pa.Array]) -> list[Any]:
    """The turns of several columns as one list in each row, or one text where no column has turns."""
    of_turns = [has_turns(c) for c in columns]
    if not any(of_turns):
        return _joined(columns)
    parts = [_read(c) if turns else plain(c).to_pylist() for c, turns in zip(columns, of_turns, strict=True)]
    return [_one_after_the_other(row, of_turns) for row in zip(*parts, strict=True)]


def _one_after_the_other(row: Sequence[Any], of_turns: Sequence[bool]) -> Any:
    """The turns of one row; a value that should be a list of turns, and is none, as it is."""
    said: list[Any] = []
    texts: list[str] = []
    begun = False

    def take_texts() -> None:
        """Texts that follow each other are one turn."""
        if texts:
            said.append({"role": "user" if begun else "system", "content": "\n\n".join(texts)})
            texts.clear()

    for value, turns in zip(row, of_turns, strict=True):
        if turns:
            take_texts()
            begun = True
        if isinstance(value, list):
            said += value
        elif isinstance(value, str):
            texts += [value] if value.strip() else []
        elif value is not None:
            return value
    take_texts()
    asked = any(not isinstance(turn, dict) or turn.get("role") != "system" for turn in said)
    return said if asked else None


def _read(column: pa.Array) -> list[Any]:
    """The values of a column, with turns in place of JSON text, of marked texts and of pairs."""
    rows = values_of(column)
    if pa.types.is_string(column.type):
        rows = with_turns(column, rows)
    return [_turns_of_pairs(row) if _are_pairs(row) else row for row in rows]


def _are_pairs(row: Any) -> bool:
    """Whether a value is a list of what the user said and what the assistant answered."""
    return isinstance(row, list) and bool(row) and all(_is_pair(pair) for pair in row)


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(v is None or isinstance(v, str) for v in pair)


def _turns_of_pairs(row: list[list[str | None]]) -> list[Turn]:
    roles = ("user", "assistant")
    return [{"role": role, "content": text} for pair in row for role, text in zip(roles, pair, strict=True) if text]


def is_dialogue(column: pa.Array) -> bool:
    """Whether a column has lists of pairs of texts: what was said before, as ms-swift's `history` has it."""
    rows = [row for row in _lists(column) if row not in (None, [], "")]
    return bool(rows) and all(map(_are_pairs, rows))


def has_turns(column: pa.Array) -> bool:
    """Whether some row has turns, pairs of them, or an empty list: a part of a file may have no others."""
    return is_turns(column) or any(row == [] or _are_pairs(row) for row in _lists(column))


def _lists(column: pa.Array) -> list[Any]:
    kind = column.type
    return values_of(column) if pa.types.is_list(kind) or pa.types.is_string(kind) else []


def is_turns(column: pa.Array) -> bool:
    """Whether a column has lists of turns, or texts that are made of the marked turns of a chat template."""
    kind = column.type
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return any(kind.value_type.get_field_index(name) >= 0 for name in ("role", "from"))
    rows = with_turns(column, values_of(column)) if pa.types.is_string(kind) else []
    turns = (turn for row in rows if isinstance(row, list) for turn in row)
    return any(isinstance(turn, dict) and ("role" in turn or "from" in turn) for turn in turns)


def answers_in(column: pa.Array) -> pa.Array:
    """The values of a column of answers: of turns, what the assistant says last; of texts, without an end mark."""
    if is_turns(column):
        return last_answers(column)
    return without_end_marks(column) if pa.types.is_string(column.type) else column


def last_answers(column: pa.Array) -> pa.StringArray:
    """What the assistant says in the last turn; null where the last turn is another's."""
    if (said := _Said.of(column)) is not None:
        return said.last_answers()
    rows = _read(column)
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
    return pa.array([_part(row, part) for row in _read(column)], pa.string())


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
    return _with_speakers([t for t in said if t["role"] != "system"]) or None


def _with_speakers(turns: Sequence[Turn]) -> str:
    """What is said, with the names of the speakers where there is more than one turn."""
    if len(turns) == 1:
        return turns[0]["content"]
    return "\n\n".join(f"{t['role']}: {t['content']}" for t in turns)


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
