"""Reads one statement of an order: names with separators, a list of names or of objects, or one name per line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from recrm_tasks.answers.json_keys import inner_value, key_of
from recrm_tasks.answers.order_lists import HEADING, listed_orders, plain_lines
from recrm_tasks.answers.order_names import NAMED, all_named, fits, item, most, scores_of
from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.answers.reading import Forms, marker_of, row_of
from recrm_tasks.scoring.outcomes import Reason

_ENGLISH = (
    *("ranking", "ranked list", "ranked candidates", "ranked", "rank", "order", "ordering", "sequence", "answer"),
    *("result", "sorted list", "sorted", "verdict"),
)
_CHINESE = ("优先级", "排序", "排名", "顺序", "次序", "答案", "结果", "结论")
_CHAIN_AHEAD = r"(?=[ \t*_`\"'(\[]{0,6}[a-z][*_`\"')\]]{0,3} ?(?:>|→|≻|->))"
"""A chain follows; markers are matched in lower case."""
FORMS = Forms(
    keys=frozenset((*_ENGLISH, *_CHINESE)),
    marker=marker_of(
        _ENGLISH,
        _CHINESE,
        r"i(?:['’]d| would| will)? (?:rank|order|sort) (?:them|these|the (?:candidates|items|options|list))"
        r"(?: as(?: follows)?| like this)?:?(?= ?[*_`\"'(\[]{0,3}[a-z][^a-z'’])",
        r"(?:ranking|ranked|order|ordering|list)(?: (?:from|of|for|by|in|with)\b[^:\n.]{0,80}):",
        r"(?:可能性?|概率|意愿|偏好|喜[欢好]|感?兴趣|推荐|适合|匹配|符合|契合)的?(?:程度|大小|概率|可能性?|度)?(?:的?排序)?(?:由|从)[高大强]到[低小弱](?:排序|排列)?[:为是]",
        rf"(?:综合|结合|根据|按照?|依照?)(?=[^:\n。]{{0,40}}(?:综合|用户|历史|偏好|兴趣|喜好|需求|画像|以上|上述))"
        rf"(?:(?![仅只单])[^:\n。]){{0,40}}:{_CHAIN_AHEAD}",
        rf"(?:overall|altogether|all in all),?(?: i[^:\n.]{{1,12}})?:{_CHAIN_AHEAD}",
        rf"(?:going by|based on|judging (?:by|from)|weighing|considering|given)\b"
        rf"(?=[^:\n.]{{0,80}}\b(?:user|wish|tastes?|preferences?|history|interests?|habits?|profile|everything)\b)"
        rf"(?:(?!\bonly\b|criteri|\baspect|\bfactor|\bdimension|\bbudget)[^:\n.]){{0,80}}:{_CHAIN_AHEAD}",
        r"从最[^:\n。]{1,12}到最[^:\n。]{1,14}:",
    ),
    stating=(row_of(_ENGLISH, _CHINESE),),
    ordered=True,
)
_INNER = FORMS.keys
_NAME_KEYS = frozenset(
    {"id", "candidate", "letter", "name", "item", "option", "choice", "label", "value", "candidate id", "item id"}
    | {"候选项", "候选", "选项", "字母", "编号"}
)
_RANK_KEYS = frozenset({"rank", "position", "place", "排名", "名次", "位置"})
_SCORE_KEYS = frozenset({"score", "probability", "likelihood", "得分", "分数", "概率"})

_STRONG = re.compile(r"\s*(?:>{1,3}=?|≥|≻|⪰|→|⇒|->|=>|»)\s*")
_BETWEEN = re.compile(r"[\s>,、;→|-]+")
_AND = re.compile(r",\s*(?:and|then)\s+|(?<=[A-Z])[和及](?=[A-Z])|(?<=, [A-Z]) and (?=[A-Z]\W*\Z)")
_ITEM = re.compile(r"\d{1,4}[.):、]\s+(.*)|\d{1,4}[):、](.*)|\d{1,4}\.([^\d].*)")
_TAIL = re.compile(
    r"[.。;](?=\s|$|[^\x00-\x7f])|[ \t](?:because|since|as)\b"
    r"|,?\s*因为|,\s?(?:其中|其余|其他|剩下|理由|原因|考虑到)|[ \t][-–—][ \t]?"
    r"|[ \t]?\((?=[^()\n]*(?:\)(?![ \t]*[,、>→;])|\n|\Z))"
    r"|,[ \t](?:because|since|as|where|with|the (?:rest|others?))\b|\n",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"(?:\b(?:option|candidate|item)s? |选项|候选项?)(?=[A-Z]\b)", re.IGNORECASE)
_FIRST = re.compile(r"\W*(?:first(?:ly)?\b|首先|首选|第一|1st\b)", re.IGNORECASE)
_ORDINAL = re.compile(
    r"(?:\band )?\b(?:first(?:ly)?|second(?:ly)?|third(?:ly)?|fourth|fifth|sixth|then|next|after that"
    r"|followed by|finally|last(?:ly)?|\d{1,2}(?:st|nd|rd|th))\b"
    r"(?: (?:is|comes))?\s*:?"
    r"|(?:首先|首选|其次|然后|再次|再次之|接着|最后|第[一二三四五六七八九十]|再)(?:是|为|名|位|选|:)*\s*:?",
    re.IGNORECASE,
)
_LAST = re.compile(r"\b(?:finally|last(?:ly)?)\b|最后", re.IGNORECASE)
_INLINE = re.compile(r"(\d{1,2})[.):、]\s?([A-Z])(?![A-Za-z])\s*[,;]?\s*")
_NOTE = re.compile(r"(?<=[A-Za-z0-9])([*_`\"'\])]{0,3}) ?\(([^()\n]{1,80})\)")
_OF_RANK = re.compile(
    r"(?-i:(?<![A-Za-z'’])[A-Z](?![A-Za-z'’]))|\b(?:first|last|best|worst|top|bottom|least|most|not|no|never|tie[sd]?|exclud\w*|skip\w*|\d{1,2}(?:st|nd|rd|th))\b|第|最|不|并列|末",
    re.IGNORECASE,
)
_OR = re.compile(r"\s+or\s+|\s*或者?\s*", re.IGNORECASE)


def read_order(stated: object, prompt: Prompt, least: int = 1) -> tuple[float, ...] | Reason | None:
    """Reads one statement of at least `least` names.

    `>=` is read as `>`: the names are given from the first to the last.

    Args:
        stated: text or a JSON value.
        prompt: the question.
        least: a single name on one of several lines may be a list item, so that 2 are needed there.

    Returns:
        One score per candidate, the reason why the statement is invalid, or None if it is not an answer. Candidates
        that are left out tie at the bottom.
    """
    limit = most(prompt)
    if isinstance(stated, dict):
        inner = inner_value(stated, _INNER)
        stated = _by_place(stated) if inner is stated else inner
    if isinstance(stated, list):
        if len(stated) > limit:
            return Reason.DUPLICATE if all(isinstance(x, str | int) for x in stated) else None
        names = _of_list(stated)
    elif isinstance(stated, str):
        names = _of_text(stated, prompt, limit, least)
    else:
        return None
    if isinstance(names, Reason) or names is None:
        return names
    return scores_of(names, prompt) if len(names) >= least and fits(names, prompt) else None


def _of_list(values: Sequence[Any]) -> list[str] | Reason | None:
    """The names in a JSON list of texts, numbers or objects, which may have a rank or a score."""
    if values and all(isinstance(x, dict) for x in values):
        return _of_objects(values)
    if not all(isinstance(x, str | int) and not isinstance(x, bool) for x in values):
        return None
    if len(values) == 1 and isinstance(values[0], str) and _STRONG.search(values[0]):
        return _chain(values[0])
    names = [item(str(x)) for x in values]
    return [x for x in names if x is not None] if names and None not in names else None


def _of_objects(values: Sequence[dict[str, Any]]) -> list[str] | Reason | None:
    names: list[str] = []
    ranks: list[object] = []
    scores: list[float] = []
    for fields in values:
        if len(fields) == 1 and isinstance(next(iter(fields.values())), str) and NAMED.fullmatch(next(iter(fields))):
            names.append(next(iter(fields)).upper())
            continue
        fields = {key: inner_value(x, _NAME_KEYS) for key, x in fields.items()}
        named = {name for key, x in fields.items() if key_of(key) in _NAME_KEYS and (name := item(str(x))) is not None}
        if len(named) != 1:
            return None
        names += named
        ranks += [x for key, x in fields.items() if str(key).strip().casefold() in _RANK_KEYS]
        scores += [
            x for key, x in fields.items() if str(key).strip().casefold() in _SCORE_KEYS and type(x) in (int, float)
        ]
    if ranks:
        if sorted(map(str, ranks)) != sorted(map(str, range(1, len(names) + 1))):
            return Reason.AMBIGUOUS
        return [name for _, name in sorted(zip(map(int, map(str, ranks)), names, strict=True))]
    return Reason.AMBIGUOUS if scores != sorted(scores, reverse=True) else names


def _by_place(fields: dict[str, Any]) -> list[Any] | None:
    """The values of an object whose keys are the places 1, 2, …, in their order."""
    if sorted(fields, key=lambda key: (len(key), key)) != [str(i + 1) for i in range(len(fields))]:
        return None
    return [fields[str(i + 1)] for i in range(len(fields))]


def _of_text(text: str, prompt: Prompt, limit: int, least: int) -> list[str] | Reason | None:
    text = HEADING.sub("", text.strip().removeprefix("[").removesuffix("]"))
    if "\n" in text.strip():
        found = {order for _, order in listed_orders(text, prompt)}
        if found:
            first = found.pop()
            if found or isinstance(first, Reason):
                return Reason.AMBIGUOUS if found else first  # type: ignore[return-value]
            return _names_of(first, prompt)
        return plain_lines(text, prompt)
    if len(text) > 400 * limit:
        return None
    if _ITEM.fullmatch(text) and not _INLINE.match(text):
        return None  # one item of a list: the whole list is the order
    if _joined(text, prompt):
        return list(text)
    for read in (_inline, _spoken, _sequence, _noted):
        names = read(text, prompt, limit)
        if names is not None:
            return names
    either = _OR.split(text, maxsplit=2)
    if len(either) == 2 and all(_sequence(part, prompt, limit) is not None for part in either):
        return Reason.AMBIGUOUS
    tail = _TAIL.search(text)
    if tail is None:
        return None
    head = bare(text[: tail.start()])
    names = list(head) if _joined(head, prompt) else _sequence(head, prompt, limit)
    if names is None or isinstance(names, Reason) or len(names) < 2 or (least > 1 and len(names) < len(prompt.choices)):
        return None
    again = re.search(r"(?<!\w)[A-Z]\s*[>→≻,、]\s*[A-Z](?!\w)", text[tail.end() :])
    return Reason.AMBIGUOUS if again else names


def _joined(text: str, prompt: Prompt) -> bool:
    """Whether a text is every candidate once, without separators: `BCA`."""
    return len(text) == len(prompt.choices) > 1 and set(text) == set(prompt.choices)


def _names_of(scores: Sequence[float], prompt: Prompt) -> list[str]:
    ordered = sorted((-score, name) for score, name in zip(scores, prompt.choices, strict=True) if score)
    return [name for _, name in ordered]


def _inline(text: str, prompt: Prompt, limit: int) -> list[str] | None:
    """`1. B 2. C 3. A`."""
    found: list[str] = []
    position = 0
    while match := _INLINE.match(text, position):
        if int(match.group(1)) != len(found) + 1 or len(found) > limit:
            return None
        found.append(match.group(2))
        position = match.end()
    return found if len(found) > 1 and position == len(text) else None


def _spoken(text: str, prompt: Prompt, limit: int) -> list[str] | Reason | None:
    """`First B, then C, and finally A`. "Last" without all candidates leaves the places between open."""
    if not _FIRST.match(text):
        return None
    names = all_named([bare(part) for part in re.split(r"[,;、]", _ORDINAL.sub(",", text)) if part.strip(" .")], prompt)
    if names is None or len(names) > limit:
        return None
    return Reason.AMBIGUOUS if _LAST.search(text) and len(names) < len(prompt.choices) else names


def _sequence(text: str, prompt: Prompt, limit: int) -> list[str] | None:
    """Names with separators and nothing else; with `>` and the like each name may have a description."""
    if _STRONG.search(text):
        chained = _chain(text)
        if chained is not None and fits(chained, prompt):
            return chained
        return all_named([bare(part) for part in _STRONG.split(text, maxsplit=limit)], prompt)
    text = _PREFIX.sub("", text)
    parts = [bare(part) for part in _BETWEEN.split(_AND.sub(",", text), maxsplit=limit)]
    return all_named(parts, prompt)


def _noted(text: str, prompt: Prompt, limit: int) -> list[str] | None:
    """All candidates, with a note in brackets behind some: `B (close by), A (new)`; not in the order shown."""
    notes = _NOTE.findall(text)
    if not notes or any(_OF_RANK.search(note) for _, note in notes):
        return None
    names = _sequence(_NOTE.sub(r"\1", text), prompt, limit)
    if names is None or len(names) < len(prompt.choices) or names == sorted(names):
        return None
    return names


def _chain(text: str) -> list[str] | None:
    parts = [bare(part) for part in _STRONG.split(text, maxsplit=2000)]
    names = [item(part) for part in parts]
    if len(parts) < 2 or None in names:
        return None
    if not NAMED.fullmatch(parts[-1]) and all(map(NAMED.fullmatch, parts[:-1])):
        return None  # what follows the last name alone explains the order
    return [name for name in names if name is not None]
