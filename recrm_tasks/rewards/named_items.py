"""Which of the items that an agent was offered its answer recommends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from recrm_tasks.dimensions.rendering import Text, render, show_scalar
from recrm_tasks.rewards.agent_turn import MOST_ITEMS, listed_in

_END_OF_NAME = re.compile(r"[：，、|｜,;；\n(（]|:\s|\s[-–—]\s")
_QUOTES = " \t'\"“”‘’«»「」『』《》*`."
_NAMES = ("name", "title", "名称", "店名", "门店", "标题")
"""Keys of objects whose value is the name; other objects are called by their first text."""


def named_items(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A `Reading`: the response, and the items that it recommends, best first, at most `MOST_ITEMS`.

    If the text has a JSON list, see `listed_in`, these are the items: an entry that is the name, the id or the text of
    an offered item is that item, and any other stays as it was written. In other texts they are the offered items that
    it names, in the order in which it first names them. So an item counts that the text advises against: ask your agent
    for a list.

    Args:
        text: what the agent said.
        given: fields of the case; offered are its `candidates`, and without them its `evidence`.
    """
    offered = offered_in(given)
    listed = listed_in(text)
    items = _named(text, offered) if listed is None else [resolved(entry, offered) for entry in listed]
    return {"response": text, "items": tuple(items[:MOST_ITEMS])}


def offered_in(given: Mapping[str, Any]) -> list[Text]:
    """What the agent could recommend: the `candidates` of a case, and without them its `evidence`."""
    found = given.get("candidates")
    return list(found if found is not None else given.get("evidence") or [])


def resolved(entry: Text, offered: Sequence[Text]) -> Text:
    """The offered item that an entry means, by its text, its id or its name; the entry itself if that is none or not
    clear."""
    said = {_key(entry), _key(name_of(entry))}
    for keys in (lambda item: {_key(item)}, _ids, lambda item: {_key(name_of(item))}):
        meant = [item for item in offered if said & keys(item)]
        if meant:
            return meant[0] if all(_key(item) == _key(meant[0]) for item in meant) else entry
    return entry


def name_of(item: Text) -> str:
    """What people call an item: its `name` or `title`, else its first text; of a text what is before the first
    punctuation: `Park Hotel: quiet, by the station`."""
    if isinstance(item, dict):
        texts = [value for value in item.values() if isinstance(value, str) and value.strip()]
        named = [value for key in _NAMES if isinstance(value := item.get(key), str) and value.strip()]
        return (named or texts or [render(item)])[0].strip(_QUOTES)
    begins = _END_OF_NAME.split(item.strip(_QUOTES), maxsplit=1)[0]
    return (begins or item).strip(_QUOTES)


def _named(text: str, offered: Sequence[Text]) -> list[Text]:
    """The offered items whose name is in a text. A name that several of them have says nothing."""
    by_name: dict[str, list[Text]] = {}
    for item in _distinct(offered):
        by_name.setdefault(_key(name_of(item)), []).append(item)
    items = {name: found[0] for name, found in by_name.items() if len(found) == 1 and len(name) > 1}
    if not items:
        return []
    # The longest first: `Green Coast` is not `Coast`. A name in Latin letters is not a part of a word.
    several = "|".join(re.escape(name) for name in sorted(items, key=len, reverse=True))
    found = re.findall(rf"(?<![a-z0-9])(?:{several})(?![a-z0-9])", text.casefold())
    return [items[name] for name in dict.fromkeys(found)]


def _distinct(items: Iterable[Text]) -> list[Text]:
    return list({_key(item): item for item in items}.values())


def _ids(item: Text) -> set[str]:
    return {_key(show_scalar(item["id"]))} if isinstance(item, dict) and item.get("id") is not None else set()


def _key(item: Text) -> str:
    text = item if isinstance(item, str) else json.dumps(item, sort_keys=True, ensure_ascii=False)
    return text.strip(_QUOTES).casefold()
