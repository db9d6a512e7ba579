"""Whether the words behind an answer take it back: second thoughts, or words that say that it is only mentioned."""

from __future__ import annotations

import re

_WITHDRAWN = re.compile(
    r"(?:\A|[.!?。！？…\n;,—-])[\s*_\"'”’)(]{0,8}"
    r"(?:(?:edit|update)\s?:|wait\s?(?:[,.!…—-]|\Z)|hold on|scratch that|strike that|hmm+\b|oops|my mistake"
    r"|on (?:second thoughts?|reflection)|i (?:made|was) (?:a mistake|wrong|mistaken)|i take (?:that|it) back"
    r"|disregard (?:that|the above)|correction\b"
    r"|let(?:'s| me) (?:re-?|double|correct (?:that|this|my)|fix (?:that|this|my)|check (?:again|that|this))"
    r"|i (?:need|have|should|must) (?:to )?re-?(?:consider|think|check|evaluate|assess)"
    r"|actually,? (?:no\b|wait|i\b|the (?:correct|right|answer|better)"
    r"|(?:that|this|it)(?:'s|’s| is| was) (?:too|wrong|incorrect|not|an? (?:mistake|error)))"
    r"|更正|修正|不对(?=[,。:;!…])|等等(?=[,。!…])|等一下|再想想|我(?:搞|弄|说|写)错"
    r"|我?(?:需要|应该|要)?重新(?:检查|考虑|审视|思考|评估))",
    re.IGNORECASE,
)
_MENTIONED = re.compile(
    r"[ \t\"'`”’)}]*(?:(?:is|was|were|would(?: be)?|could be|means?|indicates?|represents?|denotes?|stands for)\b"
    r"(?! (?:my|(?:the )?(?:\w+ )?(?:answer|verdict|option|choice|correct|right|final|best))\b)"
    r"|,? ?(?:only )?(?:if|unless|when|whenever|provided)\b"
    r"|[,;]? ?(?:只[是有]|仅|表示|意味|代表|是(?:一?[个种]|格式|示例|例子|错|不)|不[对是]|如果|若|除非))",
    re.IGNORECASE,
)


def is_withdrawn(text: str, start: int) -> bool:
    """Whether the text from a position on takes back what was said before: `Wait, that is wrong`."""
    return _WITHDRAWN.search(text, start) is not None


def is_mentioned(text: str, end: int) -> bool:
    """Whether the words behind JSON say that it is no answer: `{…} is an example`, `{…} if every rule is met`."""
    return _MENTIONED.match(text, end) is not None
