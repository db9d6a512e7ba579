"""Orders that are said to go from the worst to the best and are written with `<`: `From worst to best: B < A`."""

from __future__ import annotations

import re

from recrm_tasks.answers.prompt import Prompt

_NAME = r"[*_`\"'(\[]{0,3}(?:[A-Za-z]|\d{1,4})[*_`\"')\]]{0,3}"
_CHAIN = rf"{_NAME}(?:[ \t]{{0,2}}[<＜][ \t]{{0,2}}{_NAME}){{1,200}}"
_END = r"(?=[*_]{0,2}[ \t]*(?:[.。,，;；(（]|\n|\Z))"
_ASCENDING = re.compile(
    r"(?:(?:ranking|ranked|order(?:ed|ing)?),? ?\(?)?(?:from )?(?:the )?"
    r"(?:(?:worst|lowest|weakest)|least(?: (?:likely|preferred|suitable|relevant|liked))?)\)?(?: one)? to (?:the )?"
    r"(?:best|highest|strongest|most(?: (?:likely|preferred|suitable|relevant|liked))?)\)?"
    r"(?: (?:match|matches|fit|choice|option|candidate|order))?"
    rf"[:：][*_ \t]{{0,4}}(?P<chain>{_CHAIN}){_END}"
    r"|(?:排序)?[(（]?从?最(?:不可能|不推荐|不喜欢|不适合|不合适|差|低)的?到最(?:可能|推荐|喜欢|适合|合适|好|高)的?[)）]?"
    rf"(?:排序|排列)?[:：][*_ \t]{{0,4}}(?P<chain_zh>{_CHAIN}){_END}",
    re.IGNORECASE,
)
_WORST = ("orst", "east", "owest", "eakest", "最")


def turned(text: str, prompt: Prompt) -> str:
    """The text with such orders of all candidates turned round: `ranking: A > B`.

    Words and signs must agree. Without `<`, and without the words, an order that begins with the worst is not read.
    """
    if any(sign in text for sign in "<＜") and any(word in text for word in _WORST):
        return _ASCENDING.sub(lambda match: _turned(match, prompt), text)
    return text


def _turned(match: re.Match[str], prompt: Prompt) -> str:
    names = re.findall(r"[A-Za-z]|\d+", match.group("chain") or match.group("chain_zh"))
    if sorted(name.upper() for name in names) != sorted(prompt.choices):
        return match.group()
    return "ranking: " + " > ".join(reversed(names))
