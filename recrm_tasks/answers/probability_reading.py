"""Reads one statement of a probability: a number from 0 to 1 or a percentage, with or without an explanation."""

from __future__ import annotations

import math
import re

from recrm_tasks.answers.json_keys import inner_value
from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.reading import Forms, marker_of, row_of
from recrm_tasks.scoring.outcomes import Reason

_ENGLISH = ("probability", "prob", "likelihood", "chance", "estimate", "prediction", "answer", "p", "result", "verdict")
_CHINESE = ("概率", "机率", "可能性", "几率", "预测", "估计", "答案", "结论", "结果")
_NEGATED = r"(?:\b(?:not|no|never|without|ignor\w*|skip\w*|reject\w*|declin\w*|refus\w*|avoid\w*)\b|n['’]t\b)"
_EVENT = (
    rf"(?: (?:of|that|for)\b(?:(?!{_NEGATED})[^.:;=\n]){{0,120}}?"
    r"\b(?:act\w*|click\w*|book\w*|order\w*|buy\w*|purchas\w*|choos\w*|engag\w*|visit\w*|interact\w*)\b"
    rf"(?:(?!{_NEGATED})[^.:;=\n]){{0,60}}?)"
)
_DIGITS = r"(?:\d{1,20}(?:\.\d{0,40})?|\.\d{1,40})"
_PERCENT = r"(?:%|percent\b|per ?cent\b)"
_SHARE = re.compile(
    rf"(?<![A-Za-z0-9.~–-])({_DIGITS} ?{_PERCENT})"
    r"(?: (?:chance|probability|likelihood)\b|的?(?:概率|可能性|可能|几率|把握))"
    r"(?![^.。\n]{0,80}?(?:\b(?:not|no|never|ignore|skip|reject|decline|refuse|avoid)\b|n['’]t\b|[不没无未]))",
    re.IGNORECASE,
)
FORMS = Forms(
    keys=frozenset((*_ENGLISH, *_CHINESE, "click probability", "p(yes)")),
    marker=marker_of(
        _ENGLISH,
        _CHINESE,
        rf"(?:probability|likelihood|chance){_EVENT}(?: (?:is|would be)\b|\s?[:=])",
        r"(?:probability|likelihood|chance) (?:of|at)(?= ?(?:about|around|roughly|approximately|~|≈)? ?[\d.])",
        r"i(?:['’]d| would)? (?:estimate|say|guess|put it at)(?= (?:about |around |roughly |~)?[\d.])",
        r"(?:直接(?:写|给|说|报)(?:出|个|一个)?|我(?:给出?的?|的))(?:数字|数值|数):",
        r"my (?:number|figure|guess)(?: is\b|:)",
        r"i(?:['’]d| would)? (?:give it|go with|assign)(?: about| around)?(?= ?(?:[01]?\.\d|\d{1,3} ?%))",
        r"我的(?:判断|看法)[是为:](?= ?[\d.])|我(?:会|想)?给出?(?= ?(?:[01]?\.\d|\d{1,3} ?%))|[概机几]率取(?=[\d.])",
        r"[概机几]率(?:大约|大概|约)?(?:是|为|在)?(?=\s*\d)",
    ),
    stating=(_SHARE, row_of(_ENGLISH, _CHINESE)),
)
_INNER = FORMS.keys | {"value", "number"}

_ABOUT = r"(?:about|around|approximately|approx\.?|roughly|circa|~|≈|大约|约|大概|大致|在|为|是|a|an)"
_NUMBER = rf"({_DIGITS})(?:e([+-]?\d{{1,3}}))?(?:\s?({_PERCENT}))?"
_STATED = re.compile(
    rf"(?:(?P<word>[A-Za-z ]{{1,20}}?|[^\W\dA-Za-z_]{{1,6}}?)[ ,:(]{{1,4}})??[\[(]?(?:{_ABOUT}\s*){{0,3}}\+?"
    rf"{_NUMBER}[\])]?(?:\s*(?:左右|上下|or so))?(?P<rest>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_REST = re.compile(
    r"(?:\s*(?:a )?(?:chance|likely|likelihood|probability|probable)\b)?[*_`\"'”]*"
    r"(?P<mark>\Z|\s*[.,;:。、!—→](?!\d)|\s*\(|\s+[-–—]\s|\s*\n|\s*(?:because|since|as|given)\b|\s*是?因为|\s*//)(?P<why>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_CHINESE_PERCENT = re.compile(
    r"(?:约|大约|大概)?百分之(?:(\d{1,3}(?:\.\d{1,10})?)"
    r"|([一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九零百]))"
)
_HAN = {"零": 0, **{digit: i for i, digit in enumerate("一二三四五六七八九", 1)}}
_RANGE = re.compile(
    rf"(?:{_ABOUT}|between|from|from about)?\s*({_DIGITS})\s?({_PERCENT})?\s*"
    rf"(?:-|–|—|~|to|or|and|到|至|或者?|和|/|,|、|;)\s*(?:about|maybe|perhaps)?\s*"
    rf"({_DIGITS})\s?({_PERCENT})?\s*(?:之间|左右|\.)?",
    re.IGNORECASE,
)
_OTHER_SHARE = re.compile(
    rf"(?<![\d.])(0?\.\d{{1,40}}(?![\d%])|\d{{1,3}}(?:\.\d{{1,40}})?(?=\s?%))\s?({_PERCENT})?", re.IGNORECASE
)
_SURE = re.compile(
    rf"{_DIGITS} ?(?:{_PERCENT})? (?:confiden\w+|sure|certain)\b"
    rf"|(?:confidence|置信度|把握)(?: is|为|是)?[ :=]{{0,3}}{_DIGITS} ?{_PERCENT}?",
    re.IGNORECASE,
)
"""How sure the writer is of the answer: no second probability."""
_EVENT_DENIED = re.compile(
    r"(?:won['’]t|(?:will|would|does|do|did) not|doesn['’]t|not(?: to)?|never|no)(?: \w+)? "
    r"(?:act|click|book|order|buy|purchas|choos|engag|visit|interact|tak)"
    r"|\b(?:reject|declin|skip|refus|ignor)|[不未没](?:会|有|大会|太会)?(?:采取|点击|下单|预订|预定|购买|行动|选)",
    re.IGNORECASE,
)
"""The opposite of what was asked: `0.9 (will not click)`."""
_OTHER_EVENT = re.compile(
    r"\W*(?:the )?(?:probability|chance|likelihood)\b|\W*(?:that|of)\b|[^,。]{0,12}的?[概机几]率", re.IGNORECASE
)
_BECAUSE = re.compile(r"\W*(?:because|since|as|given|是?因为)", re.IGNORECASE)
_CONTRAST = re.compile(r"\W*(?:but|however|maybe|perhaps|or|以[上下]|或)", re.IGNORECASE)
_UNLIKELY = re.compile(r"unlikely|improbable|not likely|low\b|不太?可能|可能性[较很]?低|\bno\b|否", re.IGNORECASE)
_LIKELY = re.compile(r"likely|probable|probably|\byes\b|high\b|可能|是|会", re.IGNORECASE)
_WORD = re.compile(
    r"(?:(?:very|quite|highly|rather|somewhat|fairly) )?(?:un)?likely|yes|no|(?:很|较|比较|不太?|极)?可能|是|否",
    re.IGNORECASE,
)
_OUT_OF_RANGE = re.compile(rf"[-+]?\d{{1,40}}(?:\.\d{{1,40}})?[ ]?{_PERCENT}?", re.IGNORECASE)


def read_probability(stated: object) -> float | Reason | None:
    """Reads one statement: a number, a percentage with its sign, or such with `about`, a word or an explanation.

    Args:
        stated: text or a JSON value.

    Returns:
        The probability, the reason why the statement is invalid, or None if it is not an answer.
    """
    stated = inner_value(stated, _INNER)
    if isinstance(stated, bool):
        return None
    if isinstance(stated, int | float):
        return _in_range(stated, 1)
    if isinstance(stated, list):
        held = (inner_value(item, _INNER) for item in stated[:100])
        several = [read_probability(item) for item in held if isinstance(item, str | int | float)]
        return Reason.AMBIGUOUS if any(found is not None for found in several) else None
    if not isinstance(stated, str):
        return None
    plain = read_probability_line(stated)
    if plain is not None:
        return plain
    span = _RANGE.fullmatch(stated) if len(stated) < 200 else None
    if span is not None:
        return _spanned(*span.groups())
    return _explained(stated)


def read_probability_line(stated: object) -> float | Reason | None:
    """Reads text that is nothing but a number."""
    assert isinstance(stated, str)
    share = _han_share(stated)
    if share is not None:
        return share
    found = re.fullmatch(
        rf"(?:{_ABOUT}\s*)?[\[(]?\+?{_NUMBER}[\])]?(?:左右|上下|\s?/\s?1(?:\.0)?)?", stated, re.IGNORECASE
    )
    if found is None or re.match("[ai是为在]", stated, re.IGNORECASE):
        return Reason.OUT_OF_RANGE if _OUT_OF_RANGE.fullmatch(stated) else None
    return _number(*found.groups())


def _han_share(stated: str) -> float | None:
    """`百分之七十`, `七成`."""
    tenths = re.fullmatch("(?:约|大约|大概|差不多)?([一二三四五六七八九])成", stated)
    if tenths is not None:
        return _HAN[tenths.group(1)] / 10
    match = _CHINESE_PERCENT.fullmatch(stated)
    if match is None:
        return None
    if match.group(1):
        number = float(match.group(1))
        return number / 100 if number <= 100 else None
    text = match.group(2)
    if text == "百":
        return 1.0
    if "十" not in text:
        return _HAN[text] / 100
    tens, _, ones = text.partition("十")
    return (10 * _HAN.get(tens, 1) + _HAN.get(ones, 0)) / 100


def _number(digits: str, exponent: str | None, percent: str | None) -> float | Reason:
    number = float(f"{digits}e{exponent}" if exponent else digits)
    return _in_range(number, 100 if percent else 1)


def _in_range(number: float, scale: int) -> float | Reason:
    if isinstance(number, float) and not math.isfinite(number):
        return Reason.OUT_OF_RANGE
    return number / scale if 0 <= number <= scale else Reason.OUT_OF_RANGE


def _spanned(low: str, low_percent: str | None, high: str, high_percent: str | None) -> Reason | None:
    """Two numbers that both could be the probability: `0.6-0.7`, `60-70%`."""
    scale = 100 if high_percent else 1
    both = (_in_range(float(low), 100 if low_percent else scale), _in_range(float(high), scale))
    return None if any(isinstance(x, Reason) for x in both) else Reason.AMBIGUOUS


def _explained(stated: str) -> float | Reason | None:
    """A number with a word before it or an explanation behind it: `0.7 (likely)`, `likely: 70 %`."""
    match = _STATED.match(stated)
    if match is None:
        return None
    word, rest = match.group("word"), match.group("rest")
    behind = _REST.match(rest)
    if (word and not _WORD.fullmatch(word.strip())) or behind is None:
        return None
    digits, exponent, percent = match.groups()[1:4]
    number = _number(digits, exponent, percent)
    if isinstance(number, Reason):
        return number if behind.group("mark") == "" else None
    why = behind.group("why")
    if behind.group("mark") and "." not in digits and not percent:
        return None  # "1. The user …" is a list item
    others = {_number(other, None, sign) for other, sign in _OTHER_SHARE.findall(_SURE.sub("", why))} - {number}
    if _CONTRAST.match(why) or (others and not _BECAUSE.match(behind.group("mark") + why)):
        return Reason.AMBIGUOUS
    first = re.split(r"[.。;\n]", why[:120], maxsplit=1)[0]
    if _EVENT_DENIED.search(first) and (number >= 0.5 or _OTHER_EVENT.match(first)):
        return Reason.AMBIGUOUS
    said = (word or "") + bare(why)[:20]
    if _UNLIKELY.search(said):
        return number if number < 0.5 and (word or "").strip().casefold() not in ("no", "否") else Reason.AMBIGUOUS
    if (word or len(why) < 20) and _LIKELY.search(said) and number < 0.5:
        return Reason.AMBIGUOUS
    return number
