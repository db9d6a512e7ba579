"""Whether the words before a statement take it back: quotes, reports, conditions, examples and negations.

`The response says "the answer is A"` states no answer of the judge, and neither does `if the price were right, the
answer would be A`. Only words near the statement count, in the same sentence.
"""

from __future__ import annotations

import re

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
    r"|\b(?:says|said|claims|claimed|writes|wrote),$|\b(?:line|phrase|sentence|string|ending)(?: is| of)?[ :]*$"
    r"|<(?:item|response|evidence|query|rules?|user|context|document|reply|input|example)\b[^<>]*>$",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"\b(?:agent|assistant|model|system|platform|baseline|clerk|seller|shop|response|reply)(?:'s|’s) (?:\w+ )?"
    r"(?:ranking|order|list|answer|verdict|grade|label|probability|estimate)\b"
    r"|(?:智能体|店员|平台|系统|模型|商家|卖家|专家)的?(?:排序|顺序|答案|判断|评级|概率|预测)",
    re.IGNORECASE,
)
"""A line above a statement that says whose it is: `The agent's ranking:`."""
_LINE_ABOVE = re.compile(
    r"\b(?:line|phrase|sentence|ending)\b[^.,:;!?\n]{0,40} (?:is|was|reads|says)$"
    r"|(?:[一后]行|末尾|结尾)[^,。:;]{0,8}(?:是|为|写着?)$",
    re.IGNORECASE,
)
"""A line that says what the next one quotes: `The last line of the reply is`."""
_ANNOUNCED = re.compile(rf"(?:\b(?:{_REPORTS})|写道|写着|写了|(?<!来)说道?)\s*:", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(?:agent|assistant|response|reply|model|baseline|system|platform|algorithm|item|evidence|description)(?:'s|’s)?\s*(?:final)?$"
    r"|\b(?:price|cost|distance|rating|star|alphabetical|original|initial|given|previous"
    r"|base|baseline|prior|average|typical|general|historical|starting|rough|raw|default)"
    r"(?: (?:click|booking|order|purchase|conversion))?$"
    r"|\b(?:tempt\w*|easy|want\w*|unable|hesita\w+|reluctant|natural|possible|wrong|incorrect) to(?: \w+)?$"
    r"|(?:价格|距离|评分|原有|初始|基础|先验|平均|一般|历史|默认|(?:其他|其它|别的|多数|普通)(?:人|用户|顾客)?)"
    r"的?(?:点击|下单|预订|购买|转化)?$"
    r"|(?:智能体|回复|助手|客服|描述|(?<![买击选订购])(?<![买击选订购][此该这本])(?<![买击选订购]这[个款件])商品)[中里]?的?$",
    re.IGNORECASE,
)
_BELIEVED = re.compile(
    r"\b(?:some(?:one|body)?|people|others?|many|one|another|he|she|they"
    r"|(?:the|a|every|most) (?:user|customer|agent|model)s?|reviewers?|raters?|readers?)"
    r"(?: (?:reviewer|rater|reader|judge|user|people)s?)?"
    r"(?: (?:may|might|could|would|will|can|also|often))*"
    r" (?:says?|thinks?|thought|believe[sd]?|argue[sd]?|consider(?:s|ed)?|assume[sd]?|feels?|felt|suggest(?:s|ed)?"
    r"|expect(?:s|ed)?|conclude[sd]?|guess(?:es|ed)?)(?: that)?(?: the(?: \w+)?)?$"
    r"|(?:the|a|an|another|old|older|previous|other|baseline|platform'?s?|system'?s?|crowd|in-house) "
    r"(?:model|system|algorithm|recommender|baseline|clerk|worker|annotator|rater|colleague|seller|shop)s?"
    r"(?: (?:has|had|would|may|might|could))?"
    r" (?:gives?|gave|given|assign(?:s|ed)|predict(?:s|ed)|outputs?|returns?|returned|estimate[sd]"
    r"|labell?(?:s|ed)|puts?|ranks?|places?|chose|picks?|picked|recommends?|recommended)(?: (?:it|this|a|an|the))*$"
    r"|(?:有人|有些人|一些人|某些人|其他人|别人|他人|大家|他们?|她|用户|顾客|智能体|模型|对方)[^,。;:]{0,10}"
    r"(?:认为|觉得|主张|判断|猜测?)$|以为$"
    r"|(?:平台|系统|模型|算法|基线|同事|标注员|评审员?|店员|店家|商家|卖家|专家|其他人|别人|他人|有人|他们|大家|网友)"
    r"(?:[^,。;:]{0,8}(?:给出?|预测|估计|计算|得出|算出|输出|标注?|打|评|选|排)(?:了|出来?)?)?的?$",
    re.IGNORECASE,
)
"""What others think."""
_EXAMPLE = re.compile(
    r"(?:\A\W*(?:output|response|reply|answer|required|expected) format"
    r"|\b(?:(?:please|must|should|you) (?:answer|reply|respond|write|output|return)\b[^.,:]{0,40}"
    r"|for (?:example|instance)|e\.g\.?|such as|like(?: this)?|instead of|rather than"
    r"|templates?|samples?|examples?(?: is| are| #?\d{1,2})?"
    r"|format(?: \w+)? (?:is|was|would be|should be|must be|of))"
    r"|例如|比如|例子是?|譬如|形如|格式[如是为]|(?:输出|回复|回答|答案)格式|示例\d{0,2}|例\s?\d{1,2}|模板|而不是|而非|请(?:你|您)?(?:直接|务必)?(?:把|将)?(?:你的|您的)?"
    r"|即便|即使|哪怕|就算|随便|任意)[\s:,]*$"
    r"|(?:\bfor (?:example|instance)\b|\be\.g\.|例如|比如|譬如)[\s:,]*[^,.:;。]{0,30}$",
    re.IGNORECASE,
)
_ILLUSTRATED = re.compile(
    r"\W*(?:举个?例子?|举例(?:来说|而言)?|打个比方|比方说|to illustrate|as an example|by way of example"
    r"|suppose|imagine|假设|设想"
    r"|(?:for example|for instance),? (?:if|suppose|a|an)\b"
    r"|(?:例如|比如|譬如)[,:]?(?:查询|用户|某|有人|有个|问题|一[个条]))",
    re.IGNORECASE,
)
"""The start of a sentence about an invented case; those behind it may be about it too, unless the writer comes back."""
_COMES_BACK = re.compile(
    r"\b(?:now|here|in (?:our|this) case|as for|back to|at hand)\b|现在|本题|本例|回到|对于[本该这]", re.IGNORECASE
)
_CONDITION = re.compile(
    r"\b(?:if|unless|suppose|supposing|assuming|provided that|in case|otherwise|in that case|had the|were the"
    r"|should the)\b|如果|万一|当[^,。]{1,30}时|假如|若(?!干)|倘若|要是|假设|除非|的话|否则|只要"
    r"|才(?:能|可|会|算|应)|\bonly (?:when|then|after)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\W*when(?:ever)?\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\bi (?:highly |seriously |really )?doubt(?: that)?$"
    r"|(?:\b(?:not|never|cannot|hardly|neither|nor|no (?:reason|way|evidence)|wrong to|false that|untrue that)|n['’]t)"
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
    r"\b(?:by|on|given|considering|weighing|from) (?:the |their |its )?"
    r"(?:price|cost|distance|ratings?|stars?|popularity|names?|dates?|reviews?)s?\b"
    r"(?! and\b[^:\n]{0,60}\b(?:wish|want|taste|prefer\w*|user|history|interests?|likes)\b)"
    r"|\A\W*(?:the )?(?:user(?:'s)? )?(?:past|previous|earlier) (?:choices|orders|bookings|rankings?)\b"
    r"|(?:按照?|根据|依照?|依据)(?:价格|距离|评分|人气|销量|时间|字母)|(?:价格|距离|评分|人气|销量|时间)(?:上|方面|来看|而言)"
    r"|\A\W*(?:用户)?(?:的)?(?:历史|过去|此前|之前)的?(?:选择|订单|预订)",
    re.IGNORECASE,
)
"""An order by something else than what was asked for."""
_MENTIONED = re.compile(
    r"[ \t\"'`”’)}]*(?:(?:is|was|were|would(?: be)?|could be|means?|indicates?|represents?|denotes?|stands for)\b"
    r"(?! (?:my|(?:the )?(?:\w+ )?(?:answer|verdict|option|choice|correct|right|final|best))\b)"
    r"|,? ?(?:only )?(?:if|unless|when|whenever|provided)\b"
    r"|[,;]? ?(?:只[是有]|仅|表示|意味|代表|是(?:一?[个种]|格式|示例|例子|错|不)|不[对是]|如果|若|除非))",
    re.IGNORECASE,
)
"""Words behind JSON that say that it is no answer: `{…} is an example`, `{…} if every rule is met`."""
_REQUIRED = re.compile(
    r"[选答][择取定]?\s?[A-Z]\s?,?\s?(?:就(?:得|必须|要|需|意味|等于)|必须|得先|需要?先?|才|的话|意味)"
)
_WANTED = re.compile(r"(?:\A|[,。;:!?])\s*(?:要|想要?|若要|真要)$")
"""`要选B，就得找出…` says what B would take."""
_QUOTE_OPENS = re.compile(r"(?<!\w)'(?=\w)")
_QUOTE_CLOSES = re.compile(r"(?<=[\w.!?])'(?!\w)")


def doubt(text: str, start: int, end: int | None = None, ordered: bool = False) -> Reason | None:
    """Why the statement at a position is not one of the writer's own.

    Args:
        text: the text.
        start: where the statement starts, with the words that introduce it.
        end: where it ends, if it is JSON: words behind it may say that it is only mentioned, as in `{…} is an example`.
        ordered: whether the statement is an order, which may begin at the wrong end or be by something else.

    Returns:
        `ambiguous` if it is quoted, reported, conditional or an example, `no_answer` if it is negated, else None.
    """
    if end is not None and _MENTIONED.match(text, end) is not None:
        return Reason.AMBIGUOUS
    begin = max(text.rfind("\n", 0, start) + 1, start - _REACH)
    stop = text.find("\n", start, start + _REACH)
    stop = start + _REACH if stop < 0 else stop
    if _WANTED.search(text[begin:start]) and _REQUIRED.match(text, start):
        return Reason.AMBIGUOUS
    colon = text.find(":", start, stop)
    if ordered and (
        _REVERSED.search(text, begin, stop) or _BASIS.search(_SENTENCE.split(text[begin : max(start, colon)])[-1])
    ):
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
        if ordered and above.rstrip("*_ ").endswith(":") and (_REVERSED.search(above) or _BASIS.search(above)):
            return Reason.AMBIGUOUS
        if not above.rstrip("*_").endswith(":") or _OWN.search(above):
            is_heading = above.rstrip("*_ ").endswith(":")
            reported = (_reported(above) or _OF_OTHERS.search(above)) if is_heading else _LINE_ABOVE.search(above)
            return Reason.AMBIGUOUS if reported else None
        before = above
    elif _is_quoted(line) and not (_OWN.search(before) and not _reported(before)):
        return Reason.AMBIGUOUS
    return _taken_back(before)


def _taken_back(before: str) -> Reason | None:
    if _SPEAKER.match(before) or _is_illustrated(before):
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


def _is_illustrated(before: str) -> bool:
    """Whether the last sentence of a line is about an invented case."""
    for sentence in reversed(_SENTENCE.split(before)):
        if _ILLUSTRATED.match(sentence):
            return True
        if _COMES_BACK.search(sentence):
            return False
    return False


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
