"""Ready prompts of lists whose candidates are only in the text: proposed patterns that find them.

Either a prompt lists all candidates, or it asks about one of them, and the prompts of a list are equal but for that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import pyarrow.compute as pc

from recrm_tasks.answers.prompt import LETTERS
from recrm_tasks.data.formats.candidates import names_in, to_candidates
from recrm_tasks.data.formats.patterns import match_counts
from recrm_tasks.data.formats.texts import values_of
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.column_words import words_of
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.look import Look
from recrm_tasks.data.mapping.mapping_file import TextPart
from recrm_tasks.data.mapping.text_parts import CANDIDATES, candidates_of, part_of, texts_of

LETTERED = r"(?m)^[ \t]*([A-Z])[.)、．:：][ \t]*(.+)$"
_LINES = (
    r"(?m)^[ \t]*(\d{1,3})[.)、．:：][ \t]*(.+)$",
    LETTERED,
    r"(?m)^[ \t]*(?:[-*•·][ \t]*)?[\[【(（]([\w-]{1,24})[\])】）][ \t]*[:：]?[ \t]*(.+)$",
    r"(?m)^[ \t]*[-*•·][ \t]+(.+)$",
)
"""Listings with a candidate per line: by number, letter, a name in brackets, or bullet."""
_LISTS = (
    r"(?i)(?:候选|candidate|items|options)[^\[\n]{0,40}(\[[^\n]*\])",
    r"(?is)(?:候选|candidate|items|options)[^\[\n]{0,40}(\[.*?\n[ \t]*\])",
)
"""Listings as a list in brackets, on one line or several."""
_NAME_OF_LIST = (
    r"(?i)(?:会话|请求|列表|曝光|session|request|impression|list)[ _-]?(?:id|编号|号)?[ \t]*[:：][ \t]*([\w-]+)"
)
_SAYS_CANDIDATES = re.compile(r"候选|选项|candidate|\bitems\b|\boptions\b", re.IGNORECASE)
_MOST = 0.9
"""The share of texts that a proposed pattern has to fit."""
_LOOKED_AT = 300
_HEADINGS = 6
"""Different headings of the candidates in one file, at most."""
_FIELDS_OF_AN_ITEM = 20
"""Lines of an item, at most."""
_ALIKE = 0.6
"""The share of a prompt that those of one list have in common, at least."""

Prompt = str | list[str]


class _Listing(NamedTuple):
    """A way in which prompts may list something."""

    part: TextPart
    headed: bool
    """Whether a heading says that these are candidates."""


class _Run(NamedTuple):
    """Lines of a listing that follow one another."""

    heading: str
    """The line above."""
    lines: int
    below: str
    """The line below."""


def listings_in(look: Look, prompt: Prompt, answers: Sequence[Sequence[str]] = ()) -> list[TextPart]:
    """The ways in which the prompts may list their candidates, the likeliest first.

    Args:
        look: the rows.
        prompt: the columns of the prompt.
        answers: the names in the answer to each row.
    """
    said = [t for t in texts_of(look.batch, prompt).to_pylist()[:_LOOKED_AT] if t]
    found = [listing for pattern in _LINES if (listing := _of_lines(said, prompt, pattern)) is not None]
    found += [_Listing(TextPart(column=prompt, pattern=pattern), True) for pattern in _LISTS]
    fitting = [(listing, named) for listing in found if (named := _named(look, listing.part, answers)) is not None]
    # A history and rules are lists as well: a heading tells them from candidates, or the names in the answers do.
    headed = [pair for pair in fitting if pair[0].headed] or fitting
    return [listing.part for listing, _ in sorted(headed, key=lambda pair: -pair[1])]


def is_about_one(look: Look, label: str) -> bool:
    """Whether labels say yes or no: then each row asks about one candidate."""
    words = words_of(look, label)
    known = {*column_names.YES, *column_names.NO, *(w for said in look.dimension.label_words.values() for w in said)}
    return words is not None and all(column_names.word(w) in known for w in words.seen)


def ask_for_candidates(
    look: Look, prompt: Prompt, label: str | None, left: Sequence[str], pair: tuple[str, str] | None = None
) -> None:
    """Asks where in a ready prompt the candidates are.

    Args:
        look: the rows.
        prompt: the columns of the prompt.
        label: the column of the label, where it is known. A yes or no means that each row is one candidate.
        left: columns beside the prompt that it may need.
        pair: the columns of the chosen candidates and of the others, where there are such.
    """
    if pair is not None and isinstance(prompt, str):
        look.ask(
            f"{CANDIDATES}: {pair[0]} and {pair[1]} have them. The order in which {prompt} shows them is not known",
            Choice(
                {"fields": {CANDIDATES: list(pair), "context": prompt}}, "the prompt is the context of our question"
            ),
            example=look.row(0, [prompt]),
        )
        return
    about_one = label is not None and is_about_one(look, label)
    answers = answers_of(look, label)[:_LOOKED_AT] if label is not None and not about_one else []
    lists = [] if about_one else listings_in(look, prompt, answers)
    choices = _of_lists(look, prompt, lists, left)
    named = bool(lists) and 2 * (_named(look, lists[0], answers) or 0) > len(answers)
    if not named or not answers:
        choices = [*_of_rows(look, prompt, left), *([] if about_one else choices)]
    in_column = {"messages": prompt, "fields": {CANDIDATES: "COLUMN"}}
    choices.append(Choice(in_column, f"they are in a column: A, B, …{_not_needed(left)}"))
    look.ask(
        f"{CANDIDATES}: a ready prompt of {look.dimension.key} needs them too. Where are they in "
        f"{prompt if isinstance(prompt, str) else ' and '.join(prompt)}?",
        *choices,
        example=look.row(0, [prompt] if isinstance(prompt, str) else prompt),
    )


def _not_needed(left: Sequence[str]) -> str:
    return f"; {', '.join(left)} not needed" if left else ""


def _of_rows(look: Look, prompt: Prompt, left: Sequence[str]) -> Iterator[Choice]:
    says = "a row is one candidate: the rows of a list are equal without what this finds"
    found = _items(look, prompt)
    for pattern in found or ["REGULAR EXPRESSION OF (THE ITEM)"]:
        yield Choice({"list_id": {"column": prompt, "without": pattern}}, says)
    names: list[str | dict[str, Prompt]] = [*look.named(column_names.LIST_ID)]
    said, named = part_of(look.batch, TextPart(column=prompt, pattern=_NAME_OF_LIST))
    if len(named) - named.null_count >= _MOST * (len(said) - said.null_count) and len(pc.unique(named)) < len(named):
        names.append({"column": prompt, "pattern": _NAME_OF_LIST})
    for name in names:
        part = {"column": prompt, "pattern": found[0] if found else "REGULAR EXPRESSION OF (THE ITEM)"}
        yield Choice({"list_id": name, "fields": {CANDIDATES: part}}, "a row is one candidate of the list named so")
    alone = {"messages": prompt, "no_lists": True, "fields": {CANDIDATES: None}}
    yield Choice(alone, f"no list: each prompt is a question of its own (ask=item){_not_needed(left)}")


def _of_lists(look: Look, prompt: Prompt, lists: Sequence[TextPart], left: Sequence[str]) -> list[Choice]:
    says = "each match is a candidate, and the rest of the prompt the context"
    choices = []
    for part in lists:
        listed = {CANDIDATES: part.model_dump(mode="json", exclude_defaults=True)}
        choices.append(Choice({"fields": listed}, says))
        if part.pattern == LETTERED and _in_order(look, part):
            as_it_is = f"the same, but the prompt is asked as it is{_not_needed(left)}"
            choices.append(Choice({"messages": prompt, "fields": listed}, as_it_is))
    if not lists:
        unknown = {"column": prompt, "pattern": "REGULAR EXPRESSION OF (ID) AND (TEXT)"}
        choices.append(Choice({"fields": {CANDIDATES: unknown}}, says))
    return choices


def answers_of(look: Look, label: str) -> list[list[str]]:
    """The names in the answer to each row."""
    words = words_of(look, label, many=None)
    rows = values_of(words.rows) if words is not None else []
    return [[str(v) for v in row] if isinstance(row, list) else names_in(str(row or "")) for row in rows]


def _named(look: Look, part: TextPart, answers: Sequence[Sequence[str]]) -> int | None:
    """In how many rows the answers name candidates that a pattern finds; None if it does not find a list of different
    candidates in nearly all texts."""
    said, found = candidates_of(look.batch.slice(0, _LOOKED_AT), part)
    lists = to_candidates(found)[0].to_pylist()
    good = sum(1 for row in lists if len(row) > 1 and len({c["id"] for c in row}) == len(row))
    if not good or good < _MOST * (len(said) - said.null_count):
        return None
    known = [{name for c in row for name in (c["id"], c["text"])} for row in lists]
    return sum(1 for names, words in zip(known, answers, strict=False) if words and names.issuperset(words))


def _in_order(look: Look, part: TextPart) -> bool:
    """Whether all lists have the letters from A on, as candidates of a ready prompt have them."""
    lists = to_candidates(candidates_of(look.batch, part)[1])[0].to_pylist()
    return all([c["id"] for c in row] == list(LETTERS[: len(row)]) for row in lists)


def _of_lines(said: Sequence[str], prompt: Prompt, pattern: str) -> _Listing | None:
    """A listing with a line for each candidate, cut off from other lines of the same form (a history, rules)."""
    line = re.compile(pattern)
    headings, below = Counter[str](), Counter[str]()
    earlier = later = fits = headed = 0
    for text in said:
        runs = _runs(text, line)
        lists = [i for i, run in enumerate(runs) if run.lines > 1]
        if not lists:
            continue
        fits += 1
        named = [i for i in lists if _SAYS_CANDIDATES.search(runs[i].heading)]
        headed += bool(named)
        place = (named or lists[-1:])[0]
        headings[_form(runs[place].heading)] += 1
        below[_form(runs[place].below)] += 1
        earlier += place > 0
        later += place + 1 < len(runs)
    if fits < _MOST * len(said) or not fits:
        return None
    after = _any_of(headings) if earlier else None
    before = _any_of(below) if later else None
    if (earlier and after is None) or (later and before is None):
        return None
    part = TextPart(column=prompt, pattern=pattern, after=after, before=before)
    return _Listing(part, headed >= _MOST * fits)


def _runs(text: str, line: re.Pattern[str]) -> list[_Run]:
    runs: list[_Run] = []
    above, count = "", 0
    for said in [*(s for s in text.splitlines() if s.strip()), ""]:
        if said and line.match(said):
            count += 1
            continue
        if count:
            runs.append(_Run(above, count, said))
        above, count = said, 0
    return runs


def _form(heading: str) -> str:
    """A heading as a pattern, with any number in place of numbers."""
    return re.sub(r"\d+", r"\\d+", _literal(heading.strip()))


def _literal(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text).replace("\n", r"\n")


def _any_of(headings: Counter[str]) -> str | None:
    """A pattern of whole lines; None if there are none, or too many to be headings."""
    if "" in headings or len(headings) > _HEADINGS:
        return None
    return rf"(?m)^[ \t]*(?:{'|'.join(headings)})[ \t\r]*$"


def _items(look: Look, prompt: Prompt) -> list[str]:
    """Patterns of the item in prompts about one candidate each, the likeliest first.

    Two prompts of one list differ in the item alone. What stands before the place where they differ is its heading.
    """
    said = list(dict.fromkeys(t for t in texts_of(look.batch, prompt).to_pylist() if t))
    ends: dict[str, Counter[str]] = {}
    for one, other in [*pairwise(sorted(said)), *pairwise(sorted(said, key=lambda t: t[::-1]))]:
        for end, heading in _heading(one, other):
            ends.setdefault(end, Counter())[heading] += 1
    found: dict[str, int] = {}
    for end, counts in ends.items():
        headings = [heading for heading, _ in counts.most_common(_HEADINGS)]
        for start in range(min(3, len(headings))):
            chosen, best = [headings[start]], _fit(look, prompt, headings[start] + end)
            for heading in (h for h in headings if h not in chosen):  # of prompts in other words
                fit = _fit(look, prompt, _any(*chosen, heading) + end)
                if fit.once > best.once:
                    chosen, best = [*chosen, heading], fit
            if best.once >= _MOST * len(look.batch) and best.lists < len(said):
                found[_any(*chosen) + end] = best.lists
    return sorted(found, key=lambda pattern: found[pattern])[:2]


class _Fit(NamedTuple):
    """What a pattern of the item finds."""

    once: int
    """Rows in which it fits once."""
    lists: int
    """Different rests."""


def _fit(look: Look, prompt: Prompt, pattern: str) -> _Fit:
    said, rest = part_of(look.batch, TextPart(column=prompt, without=pattern))
    times = pc.equal(match_counts(said, pattern), 1)
    return _Fit(pc.sum(times).as_py() or 0, len(pc.unique(rest.drop_null())))


def _any(*headings: str) -> str:
    """A pattern of several, in one order, so that the same headings are one proposal."""
    headings = tuple(sorted(headings, key=lambda heading: (-len(heading), heading)))
    return headings[0] if len(headings) == 1 else f"(?:{'|'.join(headings)})"


_LINE = r"(.+)"
_PARAGRAPH = r"((?s:.+?))(?:\n[ \t]*\n|\z)"
_FIELD = r"[^\n:：]{1,20}[:：].*"
_FIELDS = rf"((?:{_FIELD}\n)*{_FIELD})"
_HEADING = re.compile(r"[ \t]*(?:【[^】\n]*】|\[[^\]\n]*\]|#+ .*|[^:：]*[:：])[ \t]*")


def _heading(one: str, other: str) -> Iterator[tuple[str, str]]:
    """Patterns of an item and of what stands before it, from two prompts that differ in the item."""
    start = _common(one, other)
    same = _common(one[start:][::-1], other[start:][::-1])
    if start + same < _ALIKE * min(len(one), len(other)):
        return
    begin = one.rfind("\n", 0, start) + 1
    end = one.find("\n", len(one) - same)
    lines = one[begin : end if end >= 0 else len(one)].strip().splitlines()
    above = one[:begin].rstrip("\n").rpartition("\n")[2].strip()
    within = re.match(r".*[:：】\]]", one[begin:start])
    if len(lines) == 1 and within:
        yield _LINE, rf"{_literal(within[0].strip())}[ \t]*"
    elif len(lines) == 1 and above:
        yield _LINE, rf"{_literal(above)}[ \t]*\n[ \t]*"
    heading = _heading_of_fields(one[:begin])
    if heading is not None and all(re.fullmatch(_FIELD, line) for line in lines):
        yield _FIELDS, rf"{_literal(heading)}[ \t]*\n"
    first = one[:begin].rpartition("\n\n")[2].strip().split("\n")[0] or (lines[0].strip() if lines else "")
    if re.search(r"[:：】\]]$|^[【\[#]", first):
        yield _PARAGRAPH, rf"{_literal(first)}[ \t]*\n"


def _heading_of_fields(above: str) -> str | None:
    """The line that stands above lines of `name: value`, of which the last may be part of what is given."""
    for line in reversed(above.removesuffix("\n").split("\n")[-_FIELDS_OF_AN_ITEM:]):
        if _HEADING.fullmatch(line):
            return line.strip()
        if not re.fullmatch(_FIELD, line):
            return None
    return None


def _common(one: str, other: str) -> int:
    """The length of the beginning that two texts share; by halves, because prompts are long and alike."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least
