"""The words of labels in sentences: which label a text begins with or claims, and whether it contradicts one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from recrm_tasks.answers.prompt import Prompt

_LATER_CONTRAST = re.compile(r"\b(?:but|however|yet|except|only)\b|但|却|不过|然而|可是|只是", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,.;:!?。！？，；\n]|\bbut\b")
_SENTENCE_END = re.compile(r"[.!?。！？\n](?:\s|$)|[。！？\n]")
_SUBJECT = re.compile(
    r"\W*(?:because |since |as )?(?:the|this|it|its|agent)\b|\W*(?:因为)?(?:该|此|这|本|回复|回答|候选项|商品|其|与)",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?:\b(?:not|no|never|without|neither|nor|hardly|cannot|none|nothing)|n['’]t)(?: [\w-]+){0,2} $"
    r"|[不没无未非]\w{0,2}$",
    re.IGNORECASE,
)

_YES = frozenset({"yes", "是", "是的", "对"})
_NO = frozenset({"no", "否", "不", "不是", "不是的"})
"""Answers to the dimension's question, for labels that declare yes or no among their words. Graded labels do not."""

_BAD = re.compile(
    r"\b(?:not|wrong|incorrect|missing|adds?|added|broken|breaks?|errors?|mistakes?|violat\w*"
    r"|contradict\w*|exceed\w*|fails?)\b|n['’]t\b|[不没错缺超]|违反|矛盾",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"\ball (?:of )?(?:the )?\w+ (?:are|is|match|were|appear)\b"
    r"|\bno (?:\w+ )?(?:rules?|violations?|contradictions?|errors?|issues?|problems?)\b"
    r"|\bevery \w+ (?:is|matches|appears)\b|全部|所有|都(?:符合|一致|正确|有)",
    re.IGNORECASE,
)
_SUMMED_UP = re.compile(
    r"(?:(?:overall|all in all|in (?:short|sum|summary|conclusion)|so|thus|therefore|hence),? "
    r"|(?:(?:经过)?综合(?:考虑|来看|判断|分析)后?|综上(?:所述)?|总的来说|总体(?:来看|而言|来说)|因此|所以|总之),?)?",
    re.IGNORECASE,
)
_CLAIM_START = re.compile(
    r"(?:(?:it|(?:all|every|each)(?: of)?(?: the| its)? (?:facts?|claims?|statements?|rules?)"
    r"|(?:the |this )(?:agent's |judged )?(?:response|reply|answer|item|candidate|result)s?)\s+"
    r"(?:(?:is|was|are|were)\s+)?(?:(?:fully|clearly|completely|only|entirely|therefore)\s+)?"
    r"|(?:该|此|这个?|本)?(?:智能体的?)?(?:回复|回答|候选项|商品|结果)(?:的内容)?"
    r"(?:与|和|跟)?(?:依据|查询|证据|要求|规则|资料)?(?:是|之间)?(?:完全)?"
    r"|(?:所有|全部|每[个条])(?:的?事实|内容|要求|规则)(?:均|都)?|[与和](?:依据|证据)"
    r"|(?:两者|二者)(?:之间)?[并完明]?[全显]?|(?:该|此|这个)?智能体(?:已经?|完全|确实)?"
    r"|(?:该|此|这[个件款篇部条]?|本)[\u4e00-\u9fff]{1,4}?[与和跟](?:用户的?)?(?:查询|搜索|依据|证据|资料)"
    r"(?:词|意图|需求)?(?:之间)?是?)[*_]*",
    re.IGNORECASE,
)
_CLAIM_END = re.compile(
    r"[*_]*\s*(?:(?:with|to|by|in|of)\s+)?"
    r"(?:(?:the|this|all|all the|all of the|every|any of the|at least one of the)?\s*"
    r"(?:evidence|query|rules?|instructions?|requirements?|user'?s? query|user'?s? request))?"
    r"|[*_]*(?:的|了?(?:全部|所有|至少一条)?(?:要求|规则|指令)?)",
    re.IGNORECASE,
)


class Words(NamedTuple):
    """The words of a prompt's labels."""

    indices: dict[str, int]
    """The label of each word, with the other forms of yes and no."""
    pattern: re.Pattern[str]
    """Every word, longest first."""
    plain: frozenset[str]
    """The words for yes and no: they answer the question and describe nothing."""


Labels: TypeAlias = tuple[tuple[str, ...], ...]


@lru_cache(maxsize=256)
def words_of(labels: Labels) -> Words:
    """The words of a prompt's labels, by `Prompt.words`."""
    indices = {word: index for index, words in enumerate(labels) for word in words}
    plain: set[str] = set()
    for family in (_YES, _NO):
        owners = {indices[word] for word in family if word in indices}
        if len(owners) == 1:
            plain |= family
            indices |= {word: index for word in family for index in owners if word not in indices}
    ordered = sorted(indices, key=len, reverse=True)
    bounded = [
        ("(?<![a-z])" if word[0].isascii() else "")
        + re.escape(word)
        + ("(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else "")
        for word in ordered
    ]
    return Words(indices, re.compile("|".join(bounded) or r"(?!)"), frozenset(plain))


def named_first(text: str, prompt: Prompt) -> int | None:
    """The label whose words a text begins with ("irrelevant: another kind of thing"), or which it is ("no")."""
    words = words_of(prompt.words)
    text = text.casefold()
    if text in words.indices:
        return words.indices[text]
    match = words.pattern.match(text)
    return words.indices[match.group()] if match and describes(match.group(), words) else None


def describes(word: str, words: Words) -> bool:
    """Whether a word within a sentence names its label: "A. No rule is broken" does not contradict A."""
    return word not in words.plain and len(word) >= (4 if word.isascii() else 2)


def contradicts(rest: str, index: int, prompt: Prompt, only_claims: bool) -> bool:
    """Whether the first sentence of an explanation says the opposite of the answer.

    Args:
        rest: the explanation.
        index: the label that was answered.
        prompt: the question.
        only_claims: only a clause about the whole answer counts ("the response is consistent"); otherwise, after a
            plain yes or no, any of the labels' words and some general ones.
    """
    ends = _CLAUSE_END if only_claims else _SENTENCE_END
    if only_claims and not _SUBJECT.match(rest):
        return False
    start = len(rest) - len(rest.lstrip(" \t\n,.:;-–—*("))
    end = ends.search(rest, start)
    sentence = rest[start : end.start() if end else len(rest)].casefold()
    words = words_of(prompt.words)
    affirmed = False
    for match in words.pattern.finditer(sentence):
        if not describes(match.group(), words):
            continue
        is_negated = _NEGATED.search(sentence[max(0, match.start() - 40) : match.start()]) is not None
        is_own = words.indices[match.group()] == index
        if is_own != is_negated:
            affirmed = True
        elif is_own or not _LATER_CONTRAST.search(rest, start + match.end()):
            return True
    if only_claims or affirmed:
        return False
    is_yes = any(word in words.plain and word in _YES and words.indices[word] == index for word in words.indices)
    return (_BAD if is_yes else _GOOD).search(sentence) is not None


def claimed(text: str, prompt: Prompt) -> int | None:
    """A sentence that is nothing but a claim: "The response is inconsistent with the evidence"."""
    begin = _SUMMED_UP.match(text)
    start = _CLAIM_START.match(text, begin.end() if begin else 0)
    if start is None or len(text.casefold()) != len(text):
        return None
    words = words_of(prompt.words)
    match = words.pattern.match(text.casefold(), start.end())
    if match is None or not describes(match.group(), words) or not _CLAIM_END.fullmatch(text, match.end()):
        return None
    return words.indices[match.group()]
