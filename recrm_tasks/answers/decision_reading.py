"""Reads a yes or no that stands beside a probability: `{"prediction": "no", "probability": 0.9}`.

A model that writes both may mean by the number how sure it is of its no. Nothing says which it means, so a decision on
the other side of one half makes the answer ambiguous.
"""

from __future__ import annotations

import re
from itertools import product

from recrm_tasks.answers.json_keys import inner_value
from recrm_tasks.answers.reading import Forms, marker_of, read, row_of

_ENGLISH = (
    *("prediction", "answer", "decision", "verdict", "judgment", "judgement", "label", "result", "outcome"),
    *("conclusion", "choice", "classification"),
)
_CHINESE = ("预测", "答案", "决定", "判断", "判定", "标签", "结果", "结论", "选择")
_VERBS = (
    *("act", "action", "click", "clicks", "clicked", "book", "booked", "order", "ordered", "buy", "bought"),
    *("purchase", "purchased", "choose", "chosen", "engage", "visit", "interact", "convert"),
)
_VERBS_ZH = ("点击", "下单", "购买", "预订", "预定", "行动", "采取行动", "选择", "互动", "转化")
_EVENTS = frozenset(
    ("".join(parts) for parts in product(("", "will ", "would ", "did ", "is ", "user will "), _VERBS)),
) | frozenset("".join(parts) for parts in product(("", "会", "是否", "是否会", "会否", "会不会"), _VERBS_ZH))
"""Keys that say of what a value is the yes or no: `will_click`, `是否点击`."""
FORMS = Forms(
    keys=frozenset((*_ENGLISH, *_CHINESE)) | _EVENTS,
    marker=marker_of(_ENGLISH, _CHINESE),
    stating=(row_of(_ENGLISH, _CHINESE),),
)
_INNER = FORMS.keys | {"value"}

_ACT = (
    r"(?:(?:act|click|book|order|buy|purchas|choos|engag|visit|interact|convert)\w*|take (?:it|(?:any |this )?action))"
)
_ACT_ZH = rf"(?:{'|'.join(_VERBS_ZH)})"
_SUBJECT = r"(?:(?:the |this )?(?:user|customer|he|she|they|person) )?(?:(?:most |very )?(?:likely|probably) )?"
_NOT = r"(?:(?:wo|would|does|did)n['’]t|(?:will|would|does|did|is) (?:probably |likely )?not|not|never|no|non)"
_END = r"(?=\Z|[*_`\"'”’】]*\s*(?:[.,;:!。—–(\n-]|\b(?:because|since|as|given)\b|是?因为))(?!\.\s?\d)"
_NO = re.compile(
    rf"(?:{_SUBJECT}{_NOT}(?: likely to| going to)?[ -]{_ACT}|no|n|false|negative|(?:very |highly )?unlikely|improbable"
    rf"|not likely|(?:用户)?(?:很可能|大概率|应该|多半)?(?:不会?|未|没有?|不太可能|不大可能|不可能)(?:去)?{_ACT_ZH}?"
    rf"|否|不是|否定){_END}",
    re.IGNORECASE,
)
_YES = re.compile(
    rf"(?:{_SUBJECT}(?:(?:will|would|is (?:very |quite |highly )?likely to|is going to) (?:probably |likely )?)?{_ACT}"
    rf"|yes|y|true|positive|(?:very |highly |quite )?likely|probable"
    rf"|(?:用户)?(?:很可能|大概率|应该|多半)?会(?:去)?{_ACT_ZH}?|(?:很|极有?)可能|{_ACT_ZH}|是的?|肯定){_END}",
    re.IGNORECASE,
)


def contradicts(stated: object, probability: float) -> bool:
    """Whether a completion that states a probability also states a yes or no on the other side of one half."""
    decided = read(stated, FORMS, _decision).value
    return isinstance(decided, int) and probability != 0.5 and bool(decided) != (probability > 0.5)


def _decision(stated: object) -> int | None:
    """1 for a yes, 0 for a no, None for anything else."""
    stated = inner_value(stated, _INNER)
    if isinstance(stated, bool) or (isinstance(stated, int) and stated in (0, 1)):
        return int(stated)
    if not isinstance(stated, str):
        return None
    if _NO.match(stated):
        return 0
    return 1 if _YES.match(stated) else None
