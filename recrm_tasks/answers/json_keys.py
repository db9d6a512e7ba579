"""The keys under which a JSON answer may be, and what is found under them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from recrm_tasks.answers.plain_text import bare

_KEY_WORDS = re.compile(
    r"^(?:(?:the|my|final|correct|right|best|selected|chosen|overall|predicted|estimated|click|action|booking|order|user"
    r"|candidate|item)[ _-]+|(?:最终|最后|我的|正确|预测|估计|点击|下单|行为)(?=.))"
)
_KEY_ENDS = re.compile(
    r"(?: (?:label|grade|level|letter|option|choice|text|words?|meaning)"
    r"| of (?:an? )?(?:action|acting|click|clicking|booking|purchase)"
    r"|结果|值|文本|文字|含义)$"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ECHOES = frozenset({"text", "meaning", "含义", "意思", "释义", "文字"})
"""What the answer means, in words; it may say the opposite of the letter beside it."""
_WRAPPERS = frozenset({"result", "output", "response", "data", "json", "final", "evaluation", "结果", "输出"})


def answers_in(value: Any, keys: frozenset[str], depth: int = 0) -> Iterator[object]:
    """The values of the answer keys of an object; a list of objects may be an answer itself."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield from answers_in(item, keys, depth)
        yield value
        return
    stated = [item for key, item in value.items() if key_of(key) in keys]
    if not stated and depth < 3:
        for key, item in value.items():
            if isinstance(item, dict) and key_of(key) in _WRAPPERS:
                yield from answers_in(item, keys, depth + 1)
    yield from stated
    if stated:
        yield from (item for key, item in value.items() if key_of(key) in _ECHOES)


def key_of(key: str) -> str:
    """A JSON key or tag in the form in which keys are compared: `Final_Answer` is `answer`."""
    key = _CAMEL.sub(" ", bare(key)).casefold()
    while (short := _KEY_WORDS.sub("", key)) != key:
        key = short
    key = key.replace("_", " ").replace("-", " ").strip()
    return _KEY_ENDS.sub("", key) or key


def inner_value(value: object, keys: frozenset[str]) -> object:
    """What a list of one element or an object under an answer key holds: `["B"]`, `{"label": "B", "reason": …}`.

    Several different values come back as a list.
    """
    for _ in range(4):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict):
            held = [item for key, item in value.items() if key_of(key) in keys]
            if not held:
                return value
            value = held if len(held) > 1 else held[0]
        else:
            break
    return value
