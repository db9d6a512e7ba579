"""Second thoughts behind an answer, and the answer that replaces one that was clearly withdrawn.

`Wait, that is wrong` takes an answer back. If the writer withdraws it in clear words (`I was wrong`, `刚才的判断作废`)
and exactly one other answer follows, that is the answer. A second answer without such words stays ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recrm_tasks.answers.doubt import doubt

_CLAUSE = re.compile(r"[.!?。…\n;,:—}-][.!?。…\n;,:—}\s*_\"'”’)(-]*")
"""What comes between two clauses."""
_AND = (
    r"(?:(?:so|and|but|no|oh|sorry|oops|wait|actually|on reflection|on second thoughts?|抱歉|对不起|不好意思|不对)"
    r"[ ,:.!]{1,3}){0,3}"
)
_STATED = r"(?:answer|verdict|ranking|order|figure|number|estimate|probability|label|grade|choice|judge?ment|pick)"
_EARLIER = rf"(?:(?:first|earlier|previous|initial|original|old|above) {_STATED}|{_STATED} (?:above|before|i gave))"
_WRONG = r"(?:is|was) (?:void|wrong|mistaken|withdrawn|invalid|incorrect|an? (?:mistake|error))\b"
_STATED_ZH = r"(?:判断|答案|结论|排序|排名|顺序|评级|等级|概率|数字|估计|预测|选择|标签)"
_EARLIER_ZH = r"(?:刚才|刚刚|前面|上面|之前|先前|上述|以上|此前|最初)"
_WRONG_ZH = r"(?:作废|不算数?|无效|不成立|有误|是错的|错了|撤回|收回|我?[写弄搞看说算判]错)"
_WITHDRAWAL = (
    r"(?:i (?:was|am) (?:wrong|mistaken)\b|i(?:['’]ve| have)? made (?:a|an|my) (?:mistake|error)\b"
    rf"|i (?:take|took|retract|withdraw) (?:that|it|this|(?:that|my|the) (?:\w+ )?{_STATED})(?: back)?\b"
    rf"|(?:please )?(?:disregard|ignore) (?:that\b|the above|(?:my|the|that) {_EARLIER}|(?:my|that) {_STATED})"
    rf"|(?:the (?={_EARLIER})|my |that )(?:{_EARLIER}|{_STATED}) {_WRONG}"
    rf"|i(?:['’]m| am|['’]ve| have|['’]ll| will)? (?:chang|revis|correct)(?:e|ed|ing) (?:my|the) {_STATED}\b"
    r"|no,? (?:that|this|it)(?:['’]s| is| was) (?:wrong|incorrect|not right)\b"
    r"|(?:scratch|strike) that\b|correction ?[:—-]|(?:let me|i have to) (?:correct|fix) (?:that|this|it|myself|my)\b"
    r"|我?(?:要|来|需要)?(?:更正|纠正|修正)(?:一下|如下)?(?=[,:。;!])"
    rf"|{_EARLIER_ZH}的?(?:我)?(?:给出|写|说|选)?的?(?:{_STATED_ZH}|[a-z\d.%]{{1,6}})(?:都|已经?|应该?)?{_WRONG_ZH}"
    rf"|{_EARLIER_ZH}的?(?:作废|不算数?)"
    rf"|(?:我{_EARLIER_ZH}?|{_EARLIER_ZH}我?)(?:把[^,。;\n]{{1,20}}?)?都?[看弄搞写记算判说选想](?:错|反|岔)了?"
    rf"|我?(?:{_EARLIER_ZH})?[把将]?{_STATED_ZH}(?:要|应该?)?[改更][为成正]"
    rf"|请?(?:忽略|无视)我?{_EARLIER_ZH}的)"
)
"""The answer is withdrawn in clear words."""
_SECOND_THOUGHT = (
    r"(?:(?:edit|update)\s?:|wait\s?(?:[,.!…—-]|\Z)|hold on|hmm+\b|oops|my mistake"
    r"|on (?:second thoughts?|reflection)|correction\b|let(?:'s| me) (?:re-?|double|check (?:again|that|this))"
    r"|i (?:need|have|should|must) (?:to )?re-?(?:consider|think|check|evaluate|assess)"
    r"|i(?:['’]d| would| will|['’]ll)? have to start (?:over|again)"
    r"|actually,? (?:no\b|wait|i\b|the (?:correct|right|answer|better)|(?:option )?[a-z] (?:is|was)\b"
    r"|(?:that|this|it)(?:'s|’s| is| was) (?:too|wrong|incorrect|not|an? (?:mistake|error)))"
    r"|(?:or|alternatively),? (?:rather |perhaps |maybe |option |candidate ){0,2}"
    r"(?:[b-hj-z](?![a-z'’])|a(?=\s*(?:[,.;>\n]|\Z)))"
    r"|更正|修正|不对(?=[,。:;!…])|等等(?=[,。!…])|等一下|再想想|我(?:搞|弄|说|写)错"
    r"|我?还?(?:需要?|应该|要|得)?重新(?:检查|考虑|审视|思考|评估|阅读|核对)"
    rf"|(?:抱歉|对不起|不好意思),{_EARLIER_ZH}的?(?:回答|答复|说法){_WRONG_ZH}|请?当作没有?(?:看到|说))"
)
"""Weaker words, which leave no answer but do not say that it is withdrawn."""
_TAKEN_BACK = re.compile(rf"{_AND}(?:{_WITHDRAWAL}|{_SECOND_THOUGHT})")
_REPLACED = re.compile(_AND + _WITHDRAWAL)
"""Both are matched in lower case, where a clause starts."""
_STARTS = frozenset({
    "i ", "i'", "i’", "so", "an", "bu", "no", "oh", "oo", "wa", "ac", "pl", "di", "ig", "th", "my", "sc", "st", "co",
    "le", "ed", "up", "ho", "hm", "on", "or", "al",
})  # fmt: skip
"""How English words of these patterns start."""
_SPEAKER = re.compile(r"^\W{0,4}(?:user|human|customer|用户|人类|顾客) ?:", re.IGNORECASE | re.MULTILINE)
_MAX_EXAMINED = 50

REPLACING = re.compile(
    r"(?:应该?(?:改)?[为是成选]|改[为成选]|[更修]正(?:为|一下|如下)?:|纠正(?:为|如下)?:"
    r"|correction ?[:—-]|should(?: instead)? be|make (?:it|that))[ \t]*:?"
    r"(?=[ \t*\"'“`\[(【]{0,4}(?:(?:option |选项)?[a-z](?![a-z])|[01]?\.\d|\d{1,3}(?:\.\d+)? ?%))"
)
"""What introduces the new answer behind a withdrawal, besides the usual words; matched in lower case."""


def is_withdrawn(text: str, start: int) -> bool:
    """Whether the text from a position on takes back what was said before: `Wait, that is wrong`."""
    behind = text[start:].lower()
    begins = start == 0 or text[start - 1] in "}])\n"
    return any(_TAKEN_BACK.match(behind, at) for at in _clauses(behind) if at or begins)


def replacement(text: str, spans: Sequence[tuple[int, int]]) -> str | None:
    """The text from the first clear withdrawal on, where the answer that counts may be.

    Args:
        text: the text, with its JSON.
        spans: where JSON is: words within it withdraw nothing.

    Returns:
        None if nothing is clearly withdrawn, or if somebody else speaks in the text, who may have asked for another
        answer.
    """
    lower = text.lower()
    if len(lower) != len(text):
        return None
    examined = 0
    for at in _clauses(lower):
        if _REPLACED.match(lower, at) is None or any(low <= at < high for low, high in spans):
            continue
        examined += 1
        if examined > _MAX_EXAMINED:
            break
        if doubt(text, at) is None:
            return None if _SPEAKER.search(text) else text[at:]
    return None


def _clauses(text: str) -> Iterator[int]:
    """Where the clauses of a text start that may take something back."""
    yield 0
    for gap in _CLAUSE.finditer(text):
        at = gap.end()
        if not text[at : at + 1].isascii() or text[at : at + 2] in _STARTS:
            yield at
