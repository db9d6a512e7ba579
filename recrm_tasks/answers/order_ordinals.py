"""Orders that a text tells with a word for each place: `I'd put A first. D comes second …`, `首先推荐A；其次是C；…`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recrm_tasks.answers.order_names import fits, most, scores_of
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.scoring.outcomes import Reason

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_PLACES = {
    **{word: i for i, word in enumerate(_ORDINALS, 1)},
    **{f"{word}ly": i for i, word in enumerate(_ORDINALS, 1)},
    **{f"第{digit}": i for i, digit in enumerate("一二三四五六七八九十", 1)},
    **dict.fromkeys(("most likely", "my top pick", "my top choice", "my first choice"), 1),
    **dict.fromkeys(("首先", "首选", "首位", "榜首", "最可能", "最可能选择", "最可能点击"), 1),
    **dict.fromkeys(("最推荐", "最合适", "最适合", "最喜欢"), 1),
}
_NEXT = frozenset({
    "next", "then", "after that", "followed by", "其次", "再其次", "次之", "再次", "再次之", "然后", "接着", "接下来",
    "随后",
})  # fmt: skip
_LAST = frozenset({
    "last", "lastly", "finally", "least likely", "最后", "末位", "垫底", "居末", "最不可能", "最不推荐", "最不合适",
    "最不适合",
})  # fmt: skip
_WORDS = sorted({*_PLACES, *_NEXT, *_LAST}, key=len, reverse=True)
_WORD = "(?:" + "|".join(word for word in _WORDS if word.isascii()) + r"|\d{1,2}(?:st|nd|rd|th))"
_WORD_ZH = "(?:" + "|".join(word for word in _WORDS if not word.isascii()) + ")"
_NAME = r"[*_\"'`(\[]{0,3}([A-Z])(?![A-Za-z'’])[*_\"'`)\]]{0,3}"
_STOP = r"(?=[ \t]*(?:[,;.。、:!(—–-]|\n|\Z|因为|由于|because\b|since\b|as\b|and\b|due to\b))"
_STEP = re.compile(
    rf"(?<![A-Za-z])(?P<before>(?i:{_WORD}))[,:]?(?: (?:comes?|is|goes|would be|should be|place|choice"
    r"|i would (?:put|rank|place)"
    rf"|i['’]d (?:put|rank|place)|to|option|candidate|item)){{0,4}}:? {_NAME}{_STOP}"
    rf"|(?P<before_zh>{_WORD_ZH})(?:,(?=我))?"
    rf"(?:推荐|应该?|会|可以|选择?|排|放|考虑|是|为|的|名|位|候选项?|选项|我|:| ){{0,6}}{_NAME}{_STOP}"
    rf"|(?<![A-Za-z]){_NAME},?(?: (?:is|comes|goes|ranks|takes|lands|would be|should be|would come|should come"
    rf"|should go|is placed|placed|in|at|the)){{0,3}} (?P<behind>(?i:{_WORD}))(?: place)?{_STOP}"
    rf"|{_NAME}(?:项|选项| )?(?:应该?|可以|则|就|会)?(?:排|放|列|居|位|在|是|为|名){{0,4}}"
    rf"(?P<behind_zh>{_WORD_ZH})(?:名|位)?{_STOP}"
)
_FIRST = ("top", "ost likely", "1st", "最", "first", "First", "FIRST", "首", "第一")
_MOST_CHARACTERS = 20_000
_UNSURE = re.compile(
    r"\b(?:if|unless|or|maybe|perhaps|might|could|either|tied?|not sure|unsure|versus)\b"
    r"|如果|若(?!干)|假如|除非|或|也许|可能会|并列|不确定|拿不准|要么",
    re.IGNORECASE,
)
_RANKED = re.compile(r"\b(?:put|rank|place|recommend|pick|order)|推荐|排|放在|首选", re.IGNORECASE)


def told_orders(text: str, prompt: Prompt) -> Iterator[tuple[int, tuple[float, ...] | Reason]]:
    """The order of all candidates that the places in a text give, if they are told from the first to the last.

    The candidates in the order in which they were shown may be a discussion: then a word such as "recommend" is needed.
    """
    if len(text) > _MOST_CHARACTERS or not any(word in text for word in _FIRST):
        return
    names: list[str] = []
    start = end = 0
    for match in _STEP.finditer(text):
        names.append(next(filter(None, (match.group(i) for i in _GROUPS))))
        if not _is_place(_word(match), len(names), len(prompt.choices)) or len(names) > most(prompt):
            return
        start, end = (match.start() if len(names) == 1 else start), match.end()
    if len(names) != len(prompt.choices) or set(names) != set(prompt.choices) or not fits(names, prompt):
        return
    begin = text.rfind("\n", 0, start) + 1
    told = text[begin:end]
    if _UNSURE.search(told) or (names == sorted(names) and not _RANKED.search(told)):
        return
    yield start, scores_of(names, prompt)


_GROUPS = [i for i in range(1, _STEP.groups + 1) if i not in _STEP.groupindex.values()]


def _word(match: re.Match[str]) -> str:
    return "".join(filter(None, match.groupdict().values())).casefold()


def _is_place(word: str, place: int, count: int) -> bool:
    """Whether a word may be said of a place, from 1 on."""
    if word in _LAST:
        return place == count
    if word in _NEXT:
        return place > 1
    if word[:1].isdigit():
        return int(re.sub(r"\D", "", word)) == place
    return _PLACES.get(word) == place
