"""Ready prompts: the columns that they are in, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.turns import to_turns
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.column_words import are_labels, words_of
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.fields import Fields, free_columns, gold_free, may_be_none, one, weak_fields
from recrm_tasks.data.mapping.label_columns import says_the_label
from recrm_tasks.data.mapping.listed_candidates import divided_texts
from recrm_tasks.data.mapping.look import Look, columns_of
from recrm_tasks.data.mapping.mapping_file import OPEN
from recrm_tasks.data.mapping.text_parts import CANDIDATES
from recrm_tasks.data.store.schema import required_fields
from recrm_tasks.dimensions.names import ITEM
from recrm_tasks.dimensions.record_fields import is_list, own_fields

Prompt = str | list[str]


def ready_prompt(look: Look, fields: Fields) -> Prompt | None:
    """The columns of a ready prompt, or None. Two of them are a doubt."""
    found = [c for c in look.named(column_names.COMMON["messages"]) if look.strings(c)]
    system = system_columns(look)
    if len(found) > 1:
        look.ask(
            f"messages: each of the columns {', '.join(found)} may be the prompt",
            *(Choice({"messages": [*system, c] if system else c}) for c in found),
            example=look.row(0, found),
        )
        return OPEN
    if found:
        return [*system, found[0]] if system else found[0]
    instruction, said = look.named(("instruction", "指令")), look.named(("input", "输入"))
    if instruction and said:
        return [*system, instruction[0], said[0]]
    if not fields.missing and not (fields.absent and not fields.columns):
        return None
    answers = [c for c in look.named(column_names.ANSWERS) if _answers(look, c)]
    if not answers:
        turns = [c for c in look.named(column_names.ASKED) if look.is_turns(c)]
        return turns[0] if len(turns) == 1 else None
    asked = [
        c for c in look.named(("instruction", "指令", *column_names.ASKED)) if c not in answers and look.strings(c)
    ]
    if not asked or (is_list(look.dimension.record_type) and _has_more(look, fields, asked[0])):
        return None
    return [*system, asked[0]] if system else asked[0]


def _has_more(look: Look, fields: Fields, prompt: str) -> bool:
    """Whether there is more of a list than a text: something of the user, or an item in each row."""
    found = {n for n in look.dimension.record_type.may_lack if fields.columns.get(n) not in (None, prompt)}
    return bool(found) or bool(look.named(("item", *ITEM)))


def system_columns(look: Look) -> list[str]:
    """The column of a system prompt beside the others; columns of fields are not meant."""
    names = [n for n in column_names.SYSTEM if n not in look.dimension.columns.get("instruction", ())]
    return [c for c in look.named(names) if look.strings(c)][:1]


def beside(look: Look, prompt: Prompt, given: dict[str, Any]) -> dict[str, Any]:
    """Fields beside a ready prompt that are more than its parts: categories, candidates."""
    found = dict(given)
    record = look.dimension.record_type
    for name in own_fields(record):
        if name in record.shown or name in ("label", "labels") or name in given:
            continue
        column = one(look, name, (name, *look.dimension.columns.get(name, ())))
        if column is not None and column not in columns_of(prompt):
            found[name] = divided_texts(look, column) if name == CANDIDATES else column
        elif name in required_fields(record):
            found[name] = OPEN
            if name != CANDIDATES:  # these may be in the prompt itself; see `listings`
                key = look.dimension.key
                look.ask(f"{name}: a ready prompt of {key} needs it too", Choice({"fields": {name: "COLUMN"}}))
    return found


def left_beside(look: Look, prompt: Prompt, fields: Fields, used: set[str], label: str | None) -> list[str]:
    """The columns beside a prompt that it may need: fields of the record, system prompts, long texts.

    Those whose text is in the prompt of every row are parts of it, and those that say the label have no part in it.
    """
    columns = columns_of(prompt)
    known = {c for c in fields.taken if c in look.columns}
    known |= {c for c in look.named((*column_names.SYSTEM, *column_names.ANSWERS)) if look.size(c)}
    if label == OPEN:  # it is asked which of the columns has the labels
        used = used | {c for c in look.label_like if words_of(look, c) is not None}
    known |= {c for c in look.leaves if look.is_dialogue(c)}
    wanted = [c for c in look.leaves if c not in used and c not in columns and (c in known or look.is_long(c))]
    return [c for c in wanted if not is_in(look, c, columns) and not says_the_label(look, c, label)]


def ask_for_reading(
    look: Look, prompt: Prompt, left: Sequence[str], fields: Fields, used: set[str], label: str | None
) -> None:
    """Asks whether a prompt is the whole question, a part of it, or one of the record's fields."""
    columns = columns_of(prompt)
    single = columns[-1]
    ways = [part for part in _as_fields(look, fields, used) if label not in part.values()]
    choices = [Choice({"fields": part}, "the prompt is made of the fields") for part in ways]
    said = [c for c in left if look.is_turns(c) and look.strings(f"{c}.assistant")]
    if look.is_turns(single) and len(said) == len(left) == 1:
        judged = {"messages": [*columns, said[0]], "last_turn": "keep"}
        choices.append(Choice(judged, f"the turns of {said[0]} follow, and they are what is judged"))
    if not (choices and label not in (None, OPEN) and _are_judged(look, left)):
        choices += _as_whole(look, prompt, left)
    look.ask(
        f"two readings are possible: {', '.join(columns)} may be the whole prompt, but {', '.join(left)} "
        f"{'stands' if len(left) == 1 else 'stand'} beside it and may belong to the question",
        *choices,
        example=look.row(0, [*columns, *left]),
    )


def _are_judged(look: Look, columns: Sequence[str]) -> bool:
    """Whether columns have what a model continued a prompt with, where that is what a label beside it judges."""
    names = column_names.MAYBE.get(look.dimension.judged or "", ())
    return set(columns) <= set(look.named([n for n in column_names.CONTINUED if n in names]))


def _as_whole(look: Look, prompt: Prompt, left: Sequence[str]) -> Iterator[Choice]:
    """The ways in which a prompt has what stands beside it, or does not need it."""
    *first, single = columns_of(prompt)
    before = [c for c in left if look.is_dialogue(c)]
    if not look.is_turns(single):
        yield _one_after_the_other(look, [*first, single], left)
    elif before == left and not look.strings(f"{single}.system"):
        yield Choice({"messages": [*first, *before, single]}, f"{', '.join(before)} was said before")
    yield Choice({"messages": prompt}, f"it is the whole prompt; {', '.join(left)} not needed")


def _one_after_the_other(look: Look, prompt: Sequence[str], left: Sequence[str]) -> Choice:
    """All texts as one prompt. What was said before comes behind the system's text, and before all others."""
    before = [c for c in left if look.is_dialogue(c)]
    whole = [c for c in look.leaves if c in left or c in prompt]
    if not before:
        return Choice({"messages": whole}, "these texts are the prompt, one after the other")
    system = [c for c in system_columns(look) if c in whole]
    rest = [c for c in whole if c not in before and c not in system]
    return Choice(
        {"messages": [*system, *before, *rest]}, f"{', '.join(before)} was said before; then {', '.join(rest)}"
    )


def ask_for_last_turn(look: Look, prompt: Prompt, label: str, fields: Fields, used: set[str]) -> None:
    """Asks what a last turn is: it is no label, and a label stands beside it."""
    turns = columns_of(prompt)[-1]
    choices = [Choice({"fields": part}, "the prompt is made of the fields") for part in _as_fields(look, fields, used)]
    choices += [
        Choice({"last_turn": "keep"}, "the turns are the prompt, and the last one is what is judged"),
        Choice({"last_turn": "answer"}, "the last turn is an answer to the prompt, and is left out"),
    ]
    look.ask(
        f"last_turn: {turns} ends with what the assistant says, and the label is in {label}: what is the last turn?",
        *choices,
        example=look.row(0, [turns, label]),
    )


def _as_fields(look: Look, fields: Fields, used: set[str]) -> list[dict[str, Any]]:
    """The ways to read the columns as a record's fields."""
    known = {n: c for n, c in fields.columns.items() if c not in (None, OPEN)}
    free = [c for c in free_columns(look, set(columns_of(list(known.values())))) if c not in used]
    answers = look.named(column_names.ANSWERS)
    free += [c for c in answers if c not in free and c not in used and c not in columns_of(list(known.values()))]
    weak = weak_fields(look, fields.missing, free)
    rest = [n for n in fields.missing if n not in weak]
    if rest:
        others = [c for c in free if c not in weak.values() and look.size(c) and not look.is_turns(c)]
        if len(rest) > 1 or not (others or (weak and rest[0] in look.dimension.record_type.shown)):
            return []
        if not others:
            # One text may be this field or another; the other one is none then.
            same = [n for n in weak if n != look.dimension.judged and may_be_none(look, n)]
            ways: list[dict[str, str | None]] = [{**weak, rest[0]: weak[n], n: None} for n in same]
            ways += [{**weak, rest[0]: None}] if may_be_none(look, rest[0]) else []
            return [{n: {**known, **way}.get(n) for n in gold_free(look) if n in {**known, **way}} for way in ways]
        weak |= {rest[0]: others[0]}
    named = {*fields.columns, *fields.missing, *fields.absent}
    whole = {n: {**known, **weak}.get(n) for n in gold_free(look) if n in named}
    if not fields.absent or fields.missing:
        return [whole]
    asked = [c for c in free if look.size(c)]
    return [whole | {name: asked[0]} for name in reversed(fields.absent)] if asked else []


def _answers(look: Look, column: str) -> bool:
    """Whether a column holds answers."""
    if is_list(look.dimension.record_type):
        return words_of(look, column, many=None) is not None
    return are_labels(look, words_of(look, column))


def is_in(look: Look, column: str, prompt: Sequence[str]) -> bool:
    """Whether the prompt of every row has all texts of a column in it."""
    rows, _ = to_turns([look.column(c) for c in prompt], keep_last=True)
    prompts = ["\n".join(t["content"] for t in turns or ()) for turns in rows.to_pylist()]
    parts = texts.entries(look.column(column)).to_pylist()
    return all(entry in prompt for prompt, said in zip(prompts, parts, strict=True) for entry in said)
