"""Whether the words before a statement take it back: quotes, reports, conditions, examples and negations.

`The response says "the answer is A"` states no answer of the judge, and neither does `if the price were right, the
answer would be A`. Only words near the statement count, in the same sentence.
"""

from __future__ import annotations

import re

from recrm_tasks.answers.afterthought import is_mentioned
from recrm_tasks.scoring.outcomes import Reason

_REACH = 240
_DECORATION = " \t*_`\"'“”‘’「『【[({<$\\#-–—•"
_CONCLUSION = re.compile(
    r"\b(?:so|therefore|thus|hence|consequently|which means)\b|因此|所以|因而|故(?![事意障])|综上(?:所述)?|可见",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?。！？;]\s*(?=\S)")
_CLAUSE = re.compile(r"[,;:。！]|——|—| - ")
_OWN = re.compile(
    r"(?:\b(?:here is|here's|this is|my|final|answer|verdict|decision|output|json|ranking|probability)\b"
    r"|以下|我的|最终|最后|答案|结论|输出|判断|结果|排序|概率)[^.。]{0,40}$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"\W*(?:user|human|customer|agent|用户|人类|顾客|智能体|客服)\W{0,3}:", re.IGNORECASE)
"""The start of a line that somebody else says."""
_REPORTS = (
    r"says|said|claims|claimed|states|stated|writes|wrote|contains|contained|reads|quotes|quoted|mentions|mentioned"
    r"|includes|included|ends with|ended with|asks|asked|ask|displays"
)
_REPORTED = re.compile(
    rf"\b(?:{_REPORTS})\b(?:[ :\"'“`]+[\w'’-]+){{0,7}}[ :\"'“`({{<*]*$"
    r"|(?:写道|写着|写了|声称|宣称|提到|(?<![来能会要想敢])说(?!明)道?|包含|含有|标注|注明|里有|中有|要求|[一后]行|开头|结尾|原文)[^,。]{0,8}$"
    r"|\b(?:line|phrase|sentence|string|ending)(?: is| of)?[ :]*$"
    r"|<(?:item|response|evidence|query|rules?|user|context|document|reply|input|example)\b[^<>]*>$",
    re.IGNORECASE,
)
_LINE_ABOVE = re.compile(
    r"\b(?:line|phrase|sentence|ending)\b[^.,:;!?\n]{0,40} (?:is|was|reads|says)$"
    r"|(?:[一后]行|末尾|结尾)[^,。:;]{0,8}(?:是|为|写着?)$",
    re.IGNORECASE,
)
"""A line that says what the next one quotes: `The last line of the reply is`."""
_ANNOUNCED = re.compile(rf"(?:\b(?:{_REPORTS})|写道|写着|写了|(?<!来)说道?)\s*:", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(?:agent|assistant|response|reply|model|item|evidence|description)(?:'s|’s)?\s*(?:final)?$"
    r"|\b(?:price|cost|distance|rating|star|alphabetical|original|initial|given|previous"
    r"|base|baseline|prior|average|typical|general|historical|starting|rough|raw|default)"
    r"(?: (?:click|booking|order|purchase|conversion))?$"
    r"|\b(?:tempt\w*|easy|want\w*|unable|hesita\w+|reluctant|natural|possible|wrong|incorrect) to(?: \w+)?$"
    r"|(?:价格|距离|评分|原有|初始|基础|先验|平均|一般|历史|默认|(?:其他|其它|别的|多数|普通)(?:人|用户|顾客)?)"
    r"的?(?:点击|下单|预订|购买|转化)?$"
    r"|(?:智能体|回复|助手|客服|商品|描述)[中里]?的?$",
    re.IGNORECASE,
)
_BELIEVED = re.compile(
    r"\b(?:some(?:one|body)?|people|others?|many|one|another|he|she|they"
    r"|(?:the|a|every|most) (?:user|customer|agent|model)s?|reviewers?|raters?|readers?)"
    r"(?: (?:reviewer|rater|reader|judge|user|people)s?)?"
    r"(?: (?:may|might|could|would|will|can|also|often))*"
    r" (?:thinks?|thought|believe[sd]?|argue[sd]?|consider(?:s|ed)?|assume[sd]?|feels?|felt|suggest(?:s|ed)?"
    r"|expect(?:s|ed)?|conclude[sd]?|guess(?:es|ed)?)(?: that)?(?: the(?: \w+)?)?$"
    r"|(?:有人|有些人|一些人|某些人|其他人|别人|他人|大家|他们?|她|用户|顾客|智能体|模型|对方)[^,。;:]{0,10}"
    r"(?:认为|觉得|主张|判断|猜测?)$|以为$",
    re.IGNORECASE,
)
"""What others think."""
_EXAMPLE = re.compile(
    r"(?:\A\W*(?:output|response|reply|answer|required|expected) format"
    r"|\b(?:(?:please|must|should|you) (?:answer|reply|respond|write|output|return)\b[^.,:]{0,40}"
    r"|for (?:example|instance)|e\.g\.?|such as|like(?: this)?|instead of|rather than"
    r"|templates?|samples?|examples?(?: is| are| #?\d{1,2})?"
    r"|format(?: \w+)? (?:is|was|would be|should be|must be|of))"
    r"|例如|比如|例子是?|譬如|形如|格式[如是为]|(?:输出|回复|回答|答案)格式|示例\d{0,2}|例\s?\d{1,2}|模板|而不是|而非)[\s:,]*$"
    r"|(?:\bfor (?:example|instance)\b|\be\.g\.|例如|比如|譬如)[\s:,]*[^,.:;。]{0,30}$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|suppose|supposing|assuming|provided that|in case|otherwise|in that case|had the|were the"
    r"|should the)\b|如果|万一|当[^,。]{1,30}时|假如|若(?!干)|倘若|要是|假设|除非|的话|否则|只要"
    r"|才(?:能|可|会|算|应)|\bonly (?:when|then|after)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\W*when(?:ever)?\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"(?:\b(?:not|never|cannot|hardly|neither|nor|no (?:reason|way|evidence)|wrong to|false that|untrue that)|n['’]t)"
    r"(?: [\w'’-]+){0,6}[ \"'“]*$",
    re.IGNORECASE,
)
_NEGATION_ZH = re.compile(r"[不没无未非别莫勿]|除了|放弃|拒绝|跳过|忽略|取消")
_NOT_NEGATION_ZH = re.compile(r"不难|毫无疑问|无疑|毋庸置疑|不仅|不过|无论如何")
_HEDGE = re.compile(
    r"(?:(?<![最很较])可能|也许|或许|大概|\b(?:maybe|perhaps|possibly|probably))\s*(?:我|我会|会|应|应该|the|i)?\s*$",
    re.IGNORECASE,
)
_REVERSED = re.compile(
    r"\b(?:ascending|increasing|revers\w+|inverse)\b"
    r"|\b(?:least|lowest|worst)\b[^.\n:,]{0,20}[ -](?:to|first)\b(?! be\b)|\blow(?:er)? to high"
    r"|从最?(?:不|低|差|小)[^\n,。:]{0,8}到最?|[逆倒升]序|由低到高",
    re.IGNORECASE,
)
"""An order that starts at the wrong end."""
_BASIS = re.compile(
    r"\bby (?:the )?(?:price|cost|distance|ratings?|stars?|popularity|names?|dates?|reviews?)\b"
    r"|\A\W*(?:the )?(?:user(?:'s)? )?(?:past|previous|earlier) (?:choices|orders|bookings|rankings?)\b"
    r"|按照?(?:价格|距离|评分|人气|销量|时间|字母)|\A\W*(?:用户)?(?:的)?(?:历史|过去|此前|之前)的?(?:选择|订单|预订)",
    re.IGNORECASE,
)
"""An order by something else than what was asked for."""
_QUOTE_OPENS = re.compile(r"(?<!\w)'(?=\w)")
_QUOTE_CLOSES = re.compile(r"(?<=[\w.!?])'(?!\w)")


def doubt(text: str, start: int, end: int | None = None) -> Reason | None:
    """Why the statement at a position is not one of the writer's own.

    Args:
        text: the text.
        start: where the statement starts, with the words that introduce it.
        end: where it ends, if it is JSON: words behind it may say that it is only mentioned, as in `{…} is an example`.

    Returns:
        `ambiguous` if it is quoted, reported, conditional or an example, `no_answer` if it is negated, else None.
    """
    if end is not None and is_mentioned(text, end):
        return Reason.AMBIGUOUS
    begin = max(text.rfind("\n", 0, start) + 1, start - _REACH)
    stop = text.find("\n", start, start + _REACH)
    stop = start + _REACH if stop < 0 else stop
    colon = text.find(":", start, stop)
    if _REVERSED.search(text, begin, stop) or _BASIS.search(_SENTENCE.split(text[begin : max(start, colon)])[-1]):
        return Reason.AMBIGUOUS
    line = text[begin:start]
    if line.startswith("> "):
        above = text[:begin].rstrip().rpartition("\n")[2] if begin <= _REACH else text[begin - _REACH : begin].rstrip()
        if above and not above.startswith(">") and not _OWN.search(above):
            return Reason.AMBIGUOUS
        line = line[2:]
    before = line.rstrip(_DECORATION)
    if not before.strip():
        above = text[max(0, begin - _REACH) : begin].rstrip().rpartition("\n")[2]
        if above.rstrip("*_ ").endswith(":") and (_REVERSED.search(above) or _BASIS.search(above)):
            return Reason.AMBIGUOUS
        if not above.rstrip("*_").endswith(":") or _OWN.search(above):
            reported = _reported(above) if above.rstrip("*_ ").endswith(":") else _LINE_ABOVE.search(above)
            return Reason.AMBIGUOUS if reported else None
        before = above
    elif _is_quoted(line) and not (_OWN.search(before) and not _reported(before)):
        return Reason.AMBIGUOUS
    return _taken_back(before)


def _taken_back(before: str) -> Reason | None:
    if _SPEAKER.match(before):
        return Reason.AMBIGUOUS
    concluded = list(_CONCLUSION.finditer(before))
    if concluded:
        if not before[concluded[-1].end() :].strip(" ,:"):  # the word belongs to the statement: `it says 故选B`
            told = before[: concluded[-1].start()]
            sentence = _SENTENCE.split(told)[-1].rstrip(" ,")
            if _reported(told) or _EXAMPLE.search(told) or ("," not in sentence and _CONDITION.search(sentence)):
                return Reason.AMBIGUOUS
            if _NEGATION.search(sentence):
                return Reason.NO_ANSWER
        before = before[concluded[-1].end() :]
    if _ANNOUNCED.search(before) or _reported(before) or any(x.search(before) for x in (_EXAMPLE, _OTHERS, _BELIEVED)):
        return Reason.AMBIGUOUS
    ends = list(_SENTENCE.finditer(before))
    sentence = before[ends[-1].end() :] if ends else before
    if _WHEN.match(sentence) or _CONDITION.search(sentence):
        return Reason.AMBIGUOUS
    clauses = list(_CLAUSE.finditer(sentence))
    clause = sentence[clauses[-1].end() :] if clauses else sentence
    if _HEDGE.search(clause) or _NEGATION.search(clause) or _NEGATION_ZH.search(_NOT_NEGATION_ZH.sub("", clause)):
        return Reason.NO_ANSWER
    return None


def _reported(before: str) -> bool:
    return _REPORTED.search(before) is not None


def _is_quoted(line: str) -> bool:
    """Whether a quote that was opened on the line is still open at its end."""
    return (
        line.count('"') % 2 == 1
        or line.count("`") % 2 == 1
        or line.count("“") > line.count("”")
        or line.count("「") > line.count("」")
        or line.count("『") > line.count("』")
        or len(_QUOTE_OPENS.findall(line)) > len(_QUOTE_CLOSES.findall(line))
    )
