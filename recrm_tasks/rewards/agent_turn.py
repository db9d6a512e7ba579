"""What an agent wrote -> fields of a case."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from recrm_tasks.answers.thinking import without_thinking
from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.errors import DataError
from recrm_tasks.scoring.outcomes import Reason

Completion: TypeAlias = "str | Sequence[Mapping[str, Any]]"
"""A text, or turns with `role` and `content` as in chat requests."""
Reading: TypeAlias = "Literal['response', 'items'] | Callable[[str, Mapping[str, Any]], Mapping[str, Any] | None]"
"""What a completion is: the response; a list of items; or what a function makes of it, from its text and the fields of
the case that the data has to fields of the case that the agent gives, or None if there is no answer."""
READINGS = ("response", "items")
"""Those that have a name."""

MOST_ITEMS = 20
"""Items of a text that count; a text may have thousands of lines."""

_MARK = re.compile(r"(\s*)(?:[-*•·]|(?:\(\d{1,3}\)|（\d{1,3}）|\d{1,3}[.)、:：](?!\d)))\s*")
_FENCE = re.compile(r"^[ \t]*```\w*[ \t]*\n(.*?)\n?[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)


def fields_of(
    completion: Any, reading: Reading, given: Mapping[str, Any], opened: str | None = None
) -> dict[str, Any] | None:
    """The fields of a case that a completion gives.

    Args:
        completion: see `Completion`. Of several turns, what the agent said is the last one of the assistant.
        reading: see `Reading`.
        given: the fields of the case that the data has.
        opened: a thinking section that the prompt left open, as `recrm_tasks.answers.thinking.left_open` returns it.

    Returns:
        The fields; None if there is no answer: an empty text, thinking that does not end, no items.

    Raises:
        DataError: the completion is neither a text nor turns, or the function returned something else than fields.
    """
    answer = without_thinking(_text(completion), opened)
    if isinstance(answer, Reason) or not answer.strip():
        return None
    if reading == "response":
        return {"response": answer}
    if reading == "items":
        items = items_in(answer)
        return {"items": items} if items else None
    fields = reading(answer, given)
    if fields is not None and not isinstance(fields, Mapping):
        raise DataError(f"the function that reads completions must return fields or None, not {fields!r}"[:300])
    return dict(fields) if fields else None


def items_in(text: str) -> tuple[Text, ...]:
    """The items that a text lists, best first, at most `MOST_ITEMS`.

    A JSON list, see `listed_in`. In other texts the lines that begin with a number or a bullet, without those that are
    indented below them; if none does, all lines.
    """
    listed = listed_in(text)
    if listed is None:
        lines = [line for line in text.splitlines() if line.strip()]
        marks = [mark for line in lines if (mark := _MARK.match(line.expandtabs(4)))]
        # One column more is still the same list: numbers of 1 and 2 digits may end in the same column.
        most = min((len(mark[1]) for mark in marks), default=0) + 1
        marked = [mark.string[mark.end() :] for mark in marks if len(mark[1]) <= most]
        listed = [line.strip() for line in marked or lines]
    return tuple(item for item in listed if item and not (isinstance(item, str) and item.isspace()))[:MOST_ITEMS]


def listed_in(text: str) -> list[Text] | None:
    """The entries of the JSON list that a text is, or that is in its only code fence (an object may have the list, if
    it has only one), or that is its last line, if that is a list of texts or objects. None if there is none of these.
    """
    fenced = _FENCE.findall(text)
    found = _parsed(fenced[0] if len(fenced) == 1 else text)
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list):
        found = _parsed(text.rstrip().rpartition("\n")[2])
        if not isinstance(found, list) or not all(isinstance(one, str | dict) for one in found):
            return None
    return [_item(one) for one in found if one is not None]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _item(found: Any) -> Text:
    """A text, or an object whose values are texts, numbers or lists of these."""
    if isinstance(found, dict):
        return {key: value if _flat(value) else json.dumps(value, ensure_ascii=False) for key, value in found.items()}
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _flat(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return not any(isinstance(one, dict | list) for one in values)


def _text(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    if not isinstance(completion, Sequence) or not all(isinstance(turn, Mapping) for turn in completion):
        raise DataError(f"a completion must be a text or a list of turns, not {_kind(completion)}")
    said = [turn.get("content") for turn in completion if turn.get("role") == "assistant"]
    if completion and not said:
        roles = ", ".join(dict.fromkeys(str(turn.get("role")) for turn in completion))
        raise DataError(f"a completion has no turn with the role assistant, only {roles}")
    return _content(said[-1]) if said else ""


def _content(content: Any) -> str:
    """The text of a turn. None if it only calls tools; a list of parts in chat data with images."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, Sequence) and all(isinstance(part, Mapping) for part in content):
        return "".join(str(part.get("text") or "") for part in content)
    raise DataError(f"the content of a turn must be a text or a list of parts, not {_kind(content)}")


def _kind(value: Any) -> str:
    inner = f" of {type(value[0]).__name__}" if isinstance(value, list | tuple) and value else ""
    return f"{type(value).__name__}{inner}"
