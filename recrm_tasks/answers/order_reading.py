"""Reads one statement of an order: names with separators, a list of names or of objects, or one name per line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.answers.reading import Forms, bare, inner_value, key_of, marker_of
from recrm_tasks.scoring.outcomes import Reason

_ENGLISH = (
    *("ranking", "ranked list", "ranked candidates", "ranked", "rank", "order", "ordering", "sequence", "answer"),
    *("result", "sorted list", "sorted", "verdict"),
)
_CHINESE = ("排序", "排名", "顺序", "次序", "答案", "结果", "结论")
FORMS = Forms(
    keys=frozenset((*_ENGLISH, *_CHINESE)),
    marker=marker_of(
        _ENGLISH,
        _CHINESE,
        r"(?:ranking|ranked|order|ordering|list)(?: (?:from|of|for|by|in|with)\b[^:\n.]{0,80}):",
        r"(?:可能性|概率|意愿|偏好)(?:由|从)[高大]到[低小]:",
        r"从最[^:\n。]{1,12}到最[^:\n。]{1,14}:",
    ),
)
_INNER = FORMS.keys
_NAME_KEYS = frozenset(
    {"id", "candidate", "letter", "name", "item", "option", "choice", "label", "value", "candidate id", "item id"}
    | {"候选项", "候选", "选项", "字母", "编号"}
)
_RANK_KEYS = frozenset({"rank", "position", "place", "排名", "名次", "位置"})
_SCORE_KEYS = frozenset({"score", "probability", "likelihood", "得分", "分数", "概率"})

_NAME = r"(?:(?:option|candidate|item|choice|选项|候选项|候选)\s?)?[\[(#]?([A-Za-z]|\d{1,4})[\])]?"
_NAMED = re.compile(rf"{_NAME}(?:项|选项)?", re.IGNORECASE)
_DESCRIBED = re.compile(
    rf"{_NAME}[*\"'`]*(?:\s?[.):、,(|]|\s[-–—]\s|:|(?<=\])\s|\s(?-i:(?=[A-Z\u4e00-\u9fff])))(?!\s*[>=]).*",
    re.IGNORECASE | re.DOTALL,
)
"""A name with a description behind it: `B. noodle shop`, `B (close by)`."""
_STRONG = re.compile(r"\s*(?:>{1,3}=?|≥|≻|⪰|→|⇒|->|=>|»)\s*")
_BETWEEN = re.compile(r"[\s>,、;→|-]+")
_AND = re.compile(r",\s*(?:and|then)\s+|(?<=[A-Z])[和及](?=[A-Z])")
_HEADING = re.compile(r"\A[^\n]{0,80}:[ \t]*\n")
_ITEM = re.compile(r"\d{1,4}[.):、]\s+(.*)|\d{1,4}[):、](.*)|\d{1,4}\.([^\d].*)")
_TAIL = re.compile(
    r"[.。;](?=\s|$|[^\x00-\x7f])|[ \t](?:because|since|as)\b"
    r"|,?\s*因为|[ \t][-–—(][ \t]?|,[ \t](?:because|since|as)\b|\n",
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
_OR = re.compile(r"\s+or\s+|\s*或者?\s*", re.IGNORECASE)
_LISTED = re.compile(
    r"^[ \t]*(?:[#*_-]{1,4}[ \t]*)?(?:[(|][ \t]*)?(?:第?(?:rank |no\.? ?|place )?"
    r"(?P<number>\d{1,4}|[一二三四五六七八九十①-⑩])[名位]?"
    r"(?:st|nd|rd|th)?(?:[.):、,]|选|[ \t][-–—|][ \t]|(?<=[①-⑩]))|(?P<bullet>[-*+•·‣▪–]))"
    r"(?P<rest>[^\n]*)$",
    re.MULTILINE | re.IGNORECASE,
)
_HAN = {digit: i for digits in ("一二三四五六七八九十", "①②③④⑤⑥⑦⑧⑨⑩") for i, digit in enumerate(digits, 1)}
_RANKED = re.compile(r"rank|order|most likely|排序|顺序|排名", re.IGNORECASE)


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
    limit = _most(prompt)
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
    return _scores(names, prompt) if len(names) >= least and _fits(names, prompt) else None


def listed_orders(text: str, prompt: Prompt) -> Iterator[tuple[float, ...] | Reason]:
    """The orders that a text gives as numbered lines or bullets, with or without reasons.

    Numbers must run from 1, and every item of the list must be a candidate. Bullets with reasons in the order in which
    the candidates were shown may be a discussion; they count only under a heading that says so.
    """
    runs: list[tuple[str, int, list[str]]] = []
    for match in _LISTED.finditer(text):
        number = match.group("number")
        if number is None:
            if not runs or runs[-1][0] != "bullet":
                runs.append(("bullet", match.start(), []))
        else:
            value = _HAN.get(number) or int(number)
            numbered = [run for run in runs[-2:] if run[0] == "number"]
            if value == 1:
                runs.append(("number", match.start(), []))
            elif numbered and value == len(numbered[-1][2]) + 1:
                numbered[-1][2].append(match.group("rest"))
                continue
            else:
                runs.append(("broken", match.start(), []))
        runs[-1][2].append(match.group("rest"))
        if len(runs) > 1000 or len(runs[-1][2]) > _most(prompt):
            return
    if not runs:
        plain = _plain_lines(text, prompt)
        if plain is not None and len(plain) > 1:
            yield _scores(plain, prompt)
    for kind, start, items in [run for run in runs if run[0] == "number"] or runs:
        named = [name for rest in items if (name := _item(rest)) is not None]
        if kind == "broken" or len(named) < max(2, len(items)) or not _fits(named, prompt):
            continue
        if kind == "bullet" and named == sorted(named) and any(not _NAMED.fullmatch(bare(rest)) for rest in items):
            heading = text[:start].rstrip().rpartition("\n")[2]
            if not (heading.rstrip("*_ ").endswith(":") and _RANKED.search(heading)):
                continue
        yield _scores(named, prompt)


def _plain_lines(text: str, prompt: Prompt) -> list[str] | None:
    """One name per line and nothing else, but a heading."""
    lines: list[str] = []
    for line in _HEADING.sub("", text.strip()).splitlines():
        if line.strip():
            lines.append(bare(line))
        if len(lines) > _most(prompt):
            return None
    return _all_named(lines, prompt)


def _most(prompt: Prompt) -> int:
    """More names than this are no order, however they are written."""
    return 4 * len(prompt.choices) + 16


def _scores(names: Sequence[str], prompt: Prompt) -> tuple[float, ...] | Reason:
    places = {name: i for i, name in enumerate(prompt.choices)}
    if any(name not in places for name in names):
        return Reason.OUT_OF_RANGE
    if len(set(names)) != len(names):
        return Reason.DUPLICATE
    scores = [0.0] * len(prompt.choices)
    for rank, name in enumerate(names):
        scores[places[name]] = float(len(prompt.choices) - rank)
    return tuple(scores)


def _fits(names: Sequence[str], prompt: Prompt) -> bool:
    """Whether these are names as the prompt has them: if candidates have letters, a number is a rank or a count."""
    return not (prompt.choices[0] == "A" and any(name.isdigit() for name in names))


def _item(text: str) -> str | None:
    """The candidate that a list item names, with or without a reason."""
    text = bare(text.strip("| "))
    match = _NAMED.fullmatch(text) or _DESCRIBED.fullmatch(text)
    return match.group(1).upper() if match else None


def _of_list(values: Sequence[Any]) -> list[str] | Reason | None:
    """The names in a JSON list of texts, numbers or objects, which may have a rank or a score."""
    if values and all(isinstance(x, dict) for x in values):
        return _of_objects(values)
    if not all(isinstance(x, str | int) and not isinstance(x, bool) for x in values):
        return None
    if len(values) == 1 and isinstance(values[0], str) and _STRONG.search(values[0]):
        return _chain(values[0])
    names = [_item(str(x)) for x in values]
    return [x for x in names if x is not None] if names and None not in names else None


def _of_objects(values: Sequence[dict[str, Any]]) -> list[str] | Reason | None:
    names: list[str] = []
    ranks: list[object] = []
    scores: list[float] = []
    for fields in values:
        if len(fields) == 1 and isinstance(next(iter(fields.values())), str) and _NAMED.fullmatch(next(iter(fields))):
            names.append(next(iter(fields)).upper())
            continue
        fields = {key: inner_value(x, _NAME_KEYS) for key, x in fields.items()}
        named = {name for key, x in fields.items() if key_of(key) in _NAME_KEYS and (name := _item(str(x))) is not None}
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
    text = _HEADING.sub("", text.strip().removeprefix("[").removesuffix("]"))
    if "\n" in text.strip():
        found = set(listed_orders(text, prompt))
        if found:
            first = found.pop()
            if found or isinstance(first, Reason):
                return Reason.AMBIGUOUS if found else first  # type: ignore[return-value]
            return _names_of(first, prompt)
        return _plain_lines(text, prompt)
    if len(text) > 400 * limit:
        return None
    if _ITEM.fullmatch(text) and not _INLINE.match(text):
        return None  # one item of a list: the whole list is the order
    if len(text) == len(prompt.choices) and set(text) == set(prompt.choices):
        return list(text)  # "BCA": every candidate once, without separators
    for read in (_inline, _spoken, _sequence):
        names = read(text, prompt, limit)
        if names is not None:
            return names
    either = _OR.split(text, maxsplit=2)
    if len(either) == 2 and all(_sequence(part, prompt, limit) is not None for part in either):
        return Reason.AMBIGUOUS
    tail = _TAIL.search(text)
    if tail is None:
        return None
    names = _sequence(text[: tail.start()], prompt, limit)
    if names is None or isinstance(names, Reason) or len(names) < 2 or (least > 1 and len(names) < len(prompt.choices)):
        return None
    again = re.search(r"(?<!\w)[A-Z]\s*[>→≻,、]\s*[A-Z](?!\w)", text[tail.end() :])
    return Reason.AMBIGUOUS if again else names


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
    names = _all_named(
        [bare(part) for part in re.split(r"[,;、]", _ORDINAL.sub(",", text)) if part.strip(" .")], prompt
    )
    if names is None or len(names) > limit:
        return None
    return Reason.AMBIGUOUS if _LAST.search(text) and len(names) < len(prompt.choices) else names


def _sequence(text: str, prompt: Prompt, limit: int) -> list[str] | None:
    """Names with separators and nothing else; with `>` and the like each name may have a description."""
    if _STRONG.search(text):
        chained = _chain(text)
        if chained is not None and _fits(chained, prompt):
            return chained
        return _all_named([bare(part) for part in _STRONG.split(text, maxsplit=limit)], prompt)
    text = _PREFIX.sub("", text)
    parts = [bare(part) for part in _BETWEEN.split(_AND.sub(",", text), maxsplit=limit)]
    return _all_named(parts, prompt)


def _chain(text: str) -> list[str] | None:
    parts = [bare(part) for part in _STRONG.split(text, maxsplit=2000)]
    names = [_item(part) for part in parts]
    if len(parts) < 2 or None in names:
        return None
    if not _NAMED.fullmatch(parts[-1]) and all(map(_NAMED.fullmatch, parts[:-1])):
        return None  # what follows the last name alone explains the order
    return [name for name in names if name is not None]


def _all_named(parts: Sequence[str], prompt: Prompt) -> list[str] | None:
    named = [_NAMED.fullmatch(part) for part in parts]
    names = [match.group(1).upper() for match in named if match]
    return names if names and len(names) == len(parts) and _fits(names, prompt) else None
