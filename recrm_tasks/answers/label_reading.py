"""Reads one statement of a label: a letter or a label's words, with or without an explanation behind it."""

from __future__ import annotations

import json
import re

from recrm_tasks.answers.json_keys import inner_value
from recrm_tasks.answers.label_sentences import SENTENCES
from recrm_tasks.answers.label_words import claimed, contradicts, named_first, words_of
from recrm_tasks.answers.near_json import objects
from recrm_tasks.answers.plain_text import bare, plain
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.answers.reading import Forms, marker_of, row_of
from recrm_tasks.scoring.outcomes import Reason

_ENGLISH = (
    *("answer", "verdict", "judgment", "judgement", "decision", "conclusion", "choice", "option", "label", "result"),
    *("classification", "pick", "rating", "grade", "assessment", "relevance", "consistency", "letter"),
)
_CHINESE = (
    *("答案", "标签", "结论", "判断", "判定", "评判", "评估", "评价", "结果", "选择", "选项", "分类", "正确的", "等级"),
    *("相关性", "相关度", "相关程度", "一致性", "评级", "评定", "定级", "分级"),
)
_QUESTIONS = ("是否一致", "是否有依据", "是否遵守", "是否遵守要求", "是否符合", "是否符合要求", "是否相关")
_AHEAD = r"(?=(?:option |choice |letter |选项)?[\[(\"'“*`【]{0,4}[a-z](?![a-z]))"
"""A letter follows. Patterns of markers are matched in lower case."""
_LAST = r"(?=(?:option |choice |选项)?[\[(\"'“*`【]{0,4}[a-z][^\w\n?？]{0,8}(?:\n|\Z))"
"""A letter follows, and then the line ends."""
FORMS = Forms(
    keys=frozenset((*_ENGLISH, *_CHINESE, *_QUESTIONS)),
    marker=marker_of(
        _ENGLISH,
        _CHINESE,
        rf"i(?:['’]d| would) (?:say|answer|label (?:it|this)|call (?:it|this)) {_AHEAD}",
        rf"i(?: am|['’]m) (?:choosing|selecting|picking|going with) {_AHEAD}",
        rf"(?:(?<=\n)|\A)(?:choose|select|pick) {_AHEAD}",
        rf"属于{_AHEAD}",
        rf"(?<![被误])(?:[判评定归]为|(?:最终|最后|现在)改[为成选]|(?:所以|因此)是){_AHEAD}",
        rf"i(?:['’]d| would| will|['’]ll| have| must)? "
        rf"(?:choose|select|pick|go with|opt for|vote for|chose|selected|picked)(?: |: ?){_AHEAD}",
        rf"(?:so|therefore|thus|hence|overall)\b[,:]? {_LAST}",
        rf"tl;?dr ?[:–—-]{{1,2}}[*_ ]{{0,4}}{_AHEAD}",
        rf"(?:bottom line|long story short|in (?:short|sum|summary|conclusion)|to sum up) ?[:,–—-]{{1,2}}"
        rf"[*_ ]{{0,4}}{_LAST}",
        rf"(?:落在|属于|归[为入]|[判评定]为|判定为|算作?|视为|处于)[^,。;:?\n]{{1,12}},? ?即[为是]? ?{_LAST}",
        rf"(?:因此|所以|综上所述|综上)[,:]? ?{_LAST}",
        rf"选(?:择|取|定)?(?:的?是|为)?:? ?{_AHEAD}",
        rf"(?:answer|答案) {_LAST}",
        r"答案(?=不是[a-z],? ?而[是选])",
        rf"\[[x✓✔]\] {_AHEAD}",
    ),
    stating=(row_of(_ENGLISH, _CHINESE), *SENTENCES),
)
_INNER = FORMS.keys | {"value", "id", "name", "letter"}

_OPENING = re.compile(
    r"\A(?:[❌✗✘⚠\ufe0f ]+(?=\w\w))?(?:that )?(?:the (?=(?:letter|option|label|choice) ))?"
    r"(?:(?:not|不是|不选)\s*[A-Za-z]\s*,?\s*(?:but|而是|而选)\s*)?",
    re.IGNORECASE,
)
"""What may come before an answer: `the letter B`, `not A but B`."""
_LETTER = re.compile(
    r"(?:option\s|choice\s|letter\s|label\s|answer\s|选项|选择|选)?\s?[(\[]?([A-Za-z])(?:[)\]]?\s?(?:选项|[项类级档]))?"
    r"(?:\s(?:here|then|in this case)(?=\W*\Z))?(.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
"""A letter, and what follows it."""
_MARK = re.compile(
    r"[*\"'`”’】]*(?:\s?[.,:;、。!)(\]–—→]|\s-\s|\s*\n|(?:(?<=】)|(?<=】\*\*))\s*(?=回复|回答|答复|智能体|客服|助手|该(?!选?项)|此[商条回]|这[条个件款](?!选?项)|商品|候选|查询"
    r"|用户|资料|依据|证据|因为|由于|理由|原因|全部|所有|每|两者|两条|内容|文章))(.*)\Z",
    re.DOTALL,
)
"""A mark, and the explanation behind it."""
_BECAUSE = re.compile(
    r"[*\"'`”’】]*\s?(?:(?:because|since|as|due to|given|not|over|rather than|instead of)\b"
    r"|是?因为|由于|而不是|而非)(.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_OPEN = re.compile(r"\s*(?:if|unless|when|provided)\b|\s*(?:如果|若)|\W*(?:\bor|还是|或者?|要么)\W*\Z", re.IGNORECASE)
"""A condition, or the start of another option, behind a letter."""
_EITHER = re.compile(
    r"(?:either|both|between|介于|在)?\s*(.+?)\s*(?:\bor\b|\band\b|/|&|\||、|或者?|还是|和|与)\s*(.+?)(?:之间|都可以?)?",
    re.IGNORECASE,
)
_NUMERO = re.compile(r"\.\s?\d")
"""`No. 1 in the evidence` begins with no answer."""
_ACRONYM = re.compile(r"\s*[A-Z]\.(?: |\w)")
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?")

_CONTRAST = re.compile(
    r"\W*(?:but|however|although|though|except|yet|wait|hold on|但|不过|然而|可是|只是|除了|等等|不对)", re.IGNORECASE
)
_HEDGE = re.compile(
    r"\W*(?:i )?(?:maybe|perhaps|possibly|probably|might|cannot|can't|unable|unclear|not sure|not certain"
    r"|可能|也许|大概|或许|无法|不确定)",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"\W*(?:is |was |选?项)?(?:wrong|incorrect|false|not|不对|错误?|错的|不成立|不正确|不合适|不合理|不行)"
    r"\W*(?:\Z|[.。,;\n])",
    re.IGNORECASE,
)
"""`A: wrong` is no answer if A is the best label; otherwise the response is wrong."""
_OTHER_LETTER = re.compile(r"(?<![A-Za-z'’])([A-Z])(?![A-Za-z'’])")
_SET_ASIDE = re.compile(
    r"(?:\b(?:not|over|than|instead of)|而不是|而非|不是|不选|排除)\s*(?:option |选项)?[\"'(*]*$", re.IGNORECASE
)
_ARTICLE = re.compile(r" (?!(?:is|was|would|or|and|because|as|but|if|could|can|may|seems|has|in|for|to|with)\b)[a-z]")
_JUDGES = re.compile(
    r"\b(?:response|reply|answer|agent|evidence|sources?|rules?|instructions?|requirements?|constraints?|facts?|claims?"
    r"|statements?)\b|回复|回答|智能体|依据|证据|要求|规则|指令|事实|第.条",
    re.IGNORECASE,
)
"""What an explanation of a plain yes or no is about; without it, it may be the answer to the user's question."""
_AFFIRMED = frozenset({"yes", "true", "是", "是的", "y", "1"})
_DENIED = frozenset({"no", "false", "否", "不", "none", "nothing", "n/a", "无", "没有", "n", "0", "nil"})


def read_label(stated: object, prompt: Prompt) -> int | Reason | None:
    """Reads one statement: a letter or a label's words, an explanation behind it or not, or a sentence that is a claim.

    Args:
        stated: text or a JSON value.
        prompt: the question.

    Returns:
        The label's index, the reason why the statement is invalid, or None if it is not an answer.
    """
    stated = inner_value(stated, _INNER)
    if isinstance(stated, list):
        held = (inner_value(item, _INNER) for item in stated[:100])
        several = [read_label(item, prompt) for item in held if isinstance(item, str | int | float)]
        return Reason.AMBIGUOUS if any(found is not None for found in several) else None
    if isinstance(stated, dict):
        meant = [f"{key}: {text}" for key, text in stated.items() if isinstance(text, str)]
        return read_label(meant[0], prompt) if len(meant) == len(stated) == 1 else None
    if isinstance(stated, bool) or not isinstance(stated, str | int | float):
        return None
    text = _OPENING.sub("", str(stated))
    for read in (_exact, _lettered, _worded, claimed, _two):
        found = read(text, prompt)
        if found is not None:
            return found
    return Reason.OUT_OF_RANGE if _NUMBER.fullmatch(text) else None


def read_label_line(stated: object, prompt: Prompt) -> int | Reason | None:
    """The same for a line between other lines: a letter, with or without an explanation, or a label's words alone."""
    assert isinstance(stated, str)
    exact = _exact(stated, prompt)
    found = _lettered(stated, prompt) if exact is None else exact
    return Reason.OUT_OF_RANGE if found is None and _NUMBER.fullmatch(stated) else found


def read_only_label(stated: object, prompt: Prompt) -> int | None:
    """The label that one value of a JSON object is, if the text has nothing else, and no other value is a label.

    For example `{"reason": "…", "violates": 1}`.
    """
    parts = objects(plain(stated)) if isinstance(stated, str) else Reason.NO_ANSWER
    if isinstance(parts, Reason) or len(parts[0]) != 1 or re.sub(r"```\w*|\s", "", parts[1]):
        return None
    value = parts[0][0].value
    values = [v for v in value.values() if isinstance(v, str | int | float)] if isinstance(value, dict) else []
    words = [bare(v if isinstance(v, str) else json.dumps(v)) for v in values]
    labels = [label for word in words if (label := _exact(word, prompt)) is not None]
    return labels[0] if len(labels) == 1 else None


def _exact(text: str, prompt: Prompt) -> int | None:
    return words_of(prompt.words).indices.get(text.casefold())


def _lettered(text: str, prompt: Prompt) -> int | Reason | None:
    """A letter, with or without an explanation."""
    match = _LETTER.match(text)
    if match is None:
        return None
    letter, behind = match.group(1).upper(), match.group(2).strip("*\"'`”’】)]✅✓✔~啦哦呀喽咯噢了 ")
    if not behind:
        return prompt.choices.index(letter) if letter in prompt.choices else Reason.OUT_OF_RANGE
    if match.group(1) != letter:
        return None  # "a. something" is a list item, not a choice
    if _OPEN.match(match.group(2)):
        return Reason.AMBIGUOUS if letter in prompt.choices else None
    explained = _MARK.match(match.group(2)) or _BECAUSE.match(match.group(2))
    if explained is None or letter not in prompt.choices or _ACRONYM.match(explained.group(1)):
        return None
    index = prompt.choices.index(letter)
    rest = explained.group(1)
    aside = (explained.re is _BECAUSE and match.group(2)[: explained.start(1)]) or ""
    if _CONTRAST.match(rest) or _HEDGE.match(rest):
        return Reason.AMBIGUOUS
    if prompt.values and prompt.values[index] == max(prompt.values) and _REJECTED.match(rest):
        return Reason.AMBIGUOUS
    if _names_another_letter(aside + rest, len(aside), set(prompt.choices) - {letter}):
        return Reason.AMBIGUOUS
    named = named_first(bare(rest), prompt)
    if named not in (None, index) or contradicts(rest, index, prompt, only_claims=True):
        return Reason.AMBIGUOUS
    return index


def _names_another_letter(text: str, start: int, others: set[str]) -> bool:
    """Whether an explanation names another option, other than to set it aside (`B, not A`) or as an article."""
    for match in _OTHER_LETTER.finditer(text):
        letter = match.group(1)
        if letter not in others or _SET_ASIDE.search(text[max(0, match.start() - 24) : match.start()]):
            continue
        if letter == "A" and _ARTICLE.match(text, match.end()):
            continue
        return True
    return False


def _worded(text: str, prompt: Prompt) -> int | Reason | None:
    """A label's words with an explanation behind them."""
    words = words_of(prompt.words)
    match = words.pattern.match(text.casefold()) if len(text.casefold()) == len(text) else None
    if match is None:
        return None
    word, index = match.group(), words.indices[match.group()]
    behind = text[match.end() :]
    explained = _MARK.match(behind) or _BECAUSE.match(behind)
    if explained is None or (len(word) == 1 and word.isascii()) or (word == "no" and _NUMERO.match(behind)):
        return None
    if explained.re is _BECAUSE and explained.group().lstrip().casefold().startswith(
        ("not", "over", "rather", "instead")
    ):
        return None
    rest = explained.group(1)
    short = bare(rest).strip("()[] ").casefold()
    if _CONTRAST.match(rest) or _HEDGE.match(rest):
        return Reason.AMBIGUOUS
    if word not in words.plain:
        if short in _AFFIRMED:
            return index
        if short in _DENIED:
            return Reason.AMBIGUOUS
    elif short not in _AFFIRMED | _DENIED and not _JUDGES.search(rest) and named_first(short, prompt) is None:
        return None  # "No. 3 is closed", "Yes, on Thursdays it stays open"
    other = _lettered(short.upper(), prompt) if len(short) <= 3 else None
    named = named_first(bare(rest), prompt)
    if other not in (None, index, Reason.OUT_OF_RANGE) or named not in (None, index):
        return Reason.AMBIGUOUS
    return Reason.AMBIGUOUS if contradicts(rest, index, prompt, only_claims=word not in words.plain) else index


def _two(text: str, prompt: Prompt) -> Reason | None:
    """Two answers: `A or B`, `consistent / inconsistent`."""
    if len(text) > 200:
        return None
    match = _EITHER.fullmatch(text)
    if match is None:
        return None
    both = [_short(bare(part), prompt) for part in match.groups()]
    return Reason.AMBIGUOUS if None not in both else None


def _short(text: str, prompt: Prompt) -> int | None:
    index = _exact(text, prompt)
    match = _LETTER.fullmatch(text) if index is None else None
    if match is None or match.group(2).strip(")] "):
        return index
    letter = match.group(1).upper()
    return prompt.choices.index(letter) if letter in prompt.choices else None
