r"""Reads the answer that a completion states: strict, total, and in time linear in the length of the text.

A reader never guesses. It collects every statement of an answer, in the forms that people and models really use: the
requested JSON or nearly JSON, JSON in a code fence, `Answer: B`, `I choose B`, `故选B`, `**B**`, `\boxed{B}`, `[[B]]`,
`<answer>B</answer>`, a line that is nothing but an answer; in Chinese and English, with full-width punctuation. If all
statements have one value, that is the answer. Two different values are ambiguous, and without a statement there is no
answer. A statement that is quoted, conditional or an example is not the writer's own (`doubt`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from recrm_tasks.answers.corrections import REPLACING, is_withdrawn, replacement
from recrm_tasks.answers.doubt import doubt
from recrm_tasks.answers.json_keys import answers_in, key_of
from recrm_tasks.answers.near_json import Found, objects
from recrm_tasks.answers.plain_text import bare, plain
from recrm_tasks.scoring.outcomes import Answer, Reason, Value

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
"""Lower case of ASCII letters alone keeps every position; patterns that ignore case are much slower."""

_BOXED = re.compile(r"\\f?box(?:ed)?\s*\{([^{}]*)\}")
_DOUBLE_BRACKETS = re.compile(r"\[\[([^\[\]\n]{1,400})\]\]")
_TAG = re.compile(r"<(/?)([A-Za-z_ \u4e00-\u9fff]{1,30})>")
_BULLET = re.compile(r"\A(?:[-*+•·‣▪–—→⇒]|=>|->)[ \t]+")
_JOINED = re.compile(r"[ \t\n\"'`]*(?:\b(?:or|and)\b|[/,|]|或者?|和|及|、)[ \t\n\"'`]*")
_NO_NEGATION = r"(?![^()\n]{0,40}(?:\b(?:no|not|non|never|without|skip\w*|ignor\w*|reject\w*)\b|n['’]t\b|[不未非无没]))"
"""A note in brackets must not turn the answer round: `P(no click)`, `probability (of not booking)`."""
_LONE = re.compile(r"[^\W\d]{1,12}|[01]?\.\d{1,10}|\d{1,3}(?:\.\d{1,10})? ?%")
"""A line that is a lone answer even if the text has explicit statements; a lone number may be a list's."""
_MAX_STATEMENTS = 500
_MAX_DOUBTFUL = 100
"""More different statements, or more that are taken back, are no answer: nobody writes so, and time stays linear."""

Parse: TypeAlias = Callable[[object], "Value | Reason | None"]
"""Reads one statement (text or JSON value): the value, the reason why it is invalid, or None if it is not an answer."""

Listed: TypeAlias = Callable[[str], "Iterable[tuple[int, Value | Reason]]"]
"""Reads the answers that a whole text gives as lists of several lines, with their positions."""


class Forms(NamedTuple):
    """The words that introduce a kind's answers."""

    keys: frozenset[str]
    """JSON keys and tags, in lower case, without `final` and the like."""
    marker: re.Pattern[str]
    """What introduces a statement up to the end of the line; matched in lower case."""
    stating: tuple[re.Pattern[str], ...] = ()
    """Whole statements; group 1 is the statement."""
    ordered: bool = False
    """Whether the answers are orders."""


class Parses(NamedTuple):
    """What reads one statement, by where it is."""

    any: Parse
    """One that is introduced, and a text of one line."""
    line: Parse
    """A line of a longer text."""
    end: Parse
    """Its first and its last line."""


def marker_of(english: Sequence[str], chinese: Sequence[str], *others: str) -> re.Pattern[str]:
    """The pattern of `Answer: …`, `the answer is …`, `【答案】…`, `答案是…` for these nouns.

    Args:
        english: nouns, in lower case.
        chinese: nouns; a following 结果 or a note in brackets is allowed.
        others: further patterns; what follows a match is the statement.
    """
    nouns, words = ("|".join(map(re.escape, sorted(group, key=len, reverse=True))) for group in (english, chinese))
    close = r"[*_`\"'\]】 \t]{0,8}"
    return re.compile(
        rf"(?:{nouns})(?: letter| option)?(?: ?\({_NO_NEGATION}[^()\n]{{0,60}}\))?{close}"
        rf"(?:[:=≈→]|->| [-–—] |\b(?:is|would be|should be|will be|remains|stays|can only be)\b(?: that\b)?|[是为])"
        rf"[ \t]*:?"
        rf"|\[(?:{nouns})\]|(?:change|changed|changing|revise|revised) (?:my|the) (?:{nouns}) to\b"
        rf"|(?:{words})(?:结果|值)?(?: ?\({_NO_NEGATION}[^()\n]{{0,20}}\))?{close}"
        rf"(?:[:=≈→]|应[该当]?[是为]?选?|(?:就|也就|只能|必然|显然|自然|当然|无疑|仍然?)?[是为]|只能选|改[为成选]|定为|选(?!项)|如下"
        rf"|约(?=[\d ])|在(?=[\d.]))[ \t]*:?"
        rf"|【(?:{words})(?:结果)?】"
        rf"|答:|final: ?" + "".join(f"|{other}" for other in others)
    )


def row_of(english: Sequence[str], chinese: Sequence[str]) -> re.Pattern[str]:
    """The pattern of a table's row that has nothing but one of these nouns and a statement: `| **Answer** | B |`."""
    nouns = "|".join(map(re.escape, sorted((*english, *chinese), key=len, reverse=True)))
    return re.compile(
        r"^[ \t]*\|[ \t]*[*_]{0,3}"
        r"(?:(?:my|the|final|overall|predicted|estimated|click|最终|最后|我的|综合|预测|预估|点击|购买|总体)的? ?){0,3}"
        rf"(?:{nouns})(?:结果|值)?[*_]{{0,3}}[ \t]*\|[ \t]*([^|\n]{{1,60}})\|?[ \t]*$",
        re.IGNORECASE | re.MULTILINE,
    )


def read(
    completion: object,
    forms: Forms,
    parse: Parse,
    parse_line: Parse | None = None,
    parse_end: Parse | None = None,
    listed: Listed | None = None,
) -> Answer:
    """Reads the one answer that a completion states.

    Explicit statements (JSON, "Answer: …", a box, a tag) take precedence. A line or the whole text is read as the
    answer only if there is no explicit statement; otherwise it is an explanation. A word within a sentence is never an
    answer, bold or not.

    Args:
        completion: what `Prompt.stated` returns: text without thinking, or the reason why there is none. Anything else
            counts as empty.
        forms: the words that introduce answers.
        parse: reads one statement.
        parse_line: the same for one line of a longer text, if that must be stricter.
        parse_end: the same for its first and its last line.
        listed: reads lists of several lines, if nothing else was read.

    Returns:
        The answer, or invalid with one reason. Never raises, whatever the text.
    """
    if isinstance(completion, Reason):
        return Answer.invalid(completion)
    if not isinstance(completion, str) or not completion.strip():
        return Answer.invalid(Reason.EMPTY)
    text = plain(completion)
    parts = objects(text)
    if isinstance(parts, Reason):
        return Answer.invalid(parts)
    parse_line = parse_line or parse
    parses = Parses(parse, parse_line, parse_end or parse_line)
    answer = _read(text, parts, forms, parses, listed)
    if answer.reason == Reason.AMBIGUOUS:
        rest = replacement(text, [(item.start, item.end) for item in parts[0]])
        parts = objects(rest) if rest is not None else Reason.NO_ANSWER
        if rest is not None and not isinstance(parts, Reason):
            replaced = _read(rest, parts, forms, parses, listed, is_replacement=True)
            return replaced if replaced.value is not None else answer
    return answer


def _read(
    text: str,
    parts: tuple[list[Found], str],
    forms: Forms,
    parses: Parses,
    listed: Listed | None,
    is_replacement: bool = False,
) -> Answer:
    """Reads plain text whose objects were found; the rest of a text behind a withdrawal has more forms."""
    found, around = parts
    tally = _Tally(parses.any, forms.ordered)
    start = behind = 0
    for item in found:
        if not (behind and _JOINED.fullmatch(text, behind, item.start)):
            start = item.start  # `such as {…} or {…}` are both examples
        behind = item.end
        for statement in answers_in(item.value, forms.keys):
            tally.add(statement, text, start, behind)
    for start, said in _statements(around, forms):
        tally.add(said, around, start)
    if is_replacement:
        for start, said in _introduced(around, REPLACING):
            tally.add(said, around, start)
    if tally.stated:
        _read_lone_ends(around, tally, parses.line)
    else:
        _read_lines(around, tally, parses.line, parses.end)
    if not tally.stated and listed is not None:
        for start, result in listed(around):
            tally.count(result, around, start)
    tally.withdraw(around)
    return tally.decide()


class _Tally:
    """What the statements of one text say."""

    def __init__(self, parse: Parse, ordered: bool) -> None:
        self._parse = parse
        self._ordered = ordered
        self._seen: dict[tuple[Parse | None, str] | None, Value | Reason | None] = {}
        self.results: set[Value | Reason] = set()
        self.settled = False
        """Whether no further statement can change the result."""
        self._doubtful = False
        self._taken_back = 0
        self._behind = sys.maxsize
        """The length of the text behind the last statement that counts."""
        self._repeated: tuple[int, str, int, int | None] | None = None
        """The last statement of a value that is known already, with the length of the text behind it."""

    @property
    def stated(self) -> bool:
        """Whether there is an answer, or one that is not allowed."""
        return bool(self.results)

    def add(self, statement: object, text: str, start: int, end: int | None = None, parse: Parse | None = None) -> bool:
        """Reads a statement from a position of a text to another one, and says whether it is taken back there."""
        if self.settled:
            return False
        key = (parse, statement) if isinstance(statement, str) else None
        if key is None or key not in self._seen:
            self._seen[key] = (parse or self._parse)(bare(statement) if isinstance(statement, str) else statement)
            self.settled = self._overflows()
        result = self._seen[key]
        return result is not None and not self.count(result, text, start, end)

    def count(self, result: Value | Reason, text: str, start: int, end: int | None = None) -> bool:
        """Counts what a statement says, unless it is taken back; returns whether it counts or says nothing new."""
        behind = len(text) - (start + 1 if end is None else end)
        if result in self.results:
            if self._repeated is None or behind < self._repeated[0]:
                self._repeated = behind, text, start, end
            return True
        taken_back = doubt(text, start, end, self._ordered)
        if taken_back is None:
            self.results.add(result)
            self._behind = min(self._behind, behind)
            self.settled = self.settled or len(self.results - {Reason.AMBIGUOUS}) > 1
            return True
        self._taken_back += 1
        self._doubtful = self._doubtful or taken_back is Reason.AMBIGUOUS
        self.settled = self.settled or self._overflows()
        return False

    def withdraw(self, text: str) -> None:
        """Takes the last statement back if the rest of the text does: `{…} Wait, that is wrong.`"""
        if not self.results or self.settled:
            return
        behind = self._behind
        if (
            self._repeated is not None
            and self._repeated[0] < behind
            and doubt(*self._repeated[1:], self._ordered) is None
        ):
            behind = self._repeated[0]
        if is_withdrawn(text, max(0, len(text) - behind)):
            self.results.add(Reason.AMBIGUOUS)

    def _overflows(self) -> bool:
        return len(self._seen) > _MAX_STATEMENTS or self._taken_back > _MAX_DOUBTFUL

    def decide(self) -> Answer:
        """One value without any reason against it is an answer; anything else is invalid."""
        values = {x for x in self.results if not isinstance(x, Reason)}
        reasons = self.results - values
        if self._overflows():
            return Answer.invalid(Reason.AMBIGUOUS if self.results else Reason.NO_ANSWER)
        if len(values) == 1 and not reasons:
            return Answer(values.pop())
        if len(values) > 1 or Reason.AMBIGUOUS in reasons or (values and reasons):
            return Answer.invalid(Reason.AMBIGUOUS)
        for reason in (Reason.DUPLICATE, Reason.OUT_OF_RANGE):
            if reason in reasons:
                return Answer.invalid(reason)
        return Answer.invalid(Reason.AMBIGUOUS if self._doubtful else Reason.NO_ANSWER)


def _statements(text: str, forms: Forms) -> Iterator[tuple[int, str]]:
    """The explicit statements of a text, with their positions."""
    for pattern in (_BOXED, _DOUBLE_BRACKETS, *forms.stating):
        for match in pattern.finditer(text):
            yield match.start(), match.group(1)
    yield from _tagged(text, forms.keys)
    yield from _introduced(text, forms.marker)


def _introduced(text: str, marker: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """What follows each match of a marker, up to the next one or the end of the line."""
    lower = text.translate(_LOWER)
    start = end = -1
    for match in marker.finditer(lower):
        begin = match.start()
        if begin and lower[begin].isascii() and lower[begin].isalpha() and _is_letter(lower[begin - 1]):
            continue
        if end >= 0:
            yield start, _line(text, end, begin)
        start, end = begin, match.end()
    if end >= 0:
        yield start, _line(text, end, len(text))


def _is_letter(mark: str) -> bool:
    return mark.isascii() and mark.isalpha()


def _line(text: str, start: int, end: int) -> str:
    """The text from a position to the end of its line, or to `end` if that comes first."""
    stop = text.find("\n", start, end)
    return text[start : end if stop < 0 else stop]


def _tagged(text: str, keys: frozenset[str]) -> Iterator[tuple[int, str]]:
    """The contents of `<answer>…</answer>`. Without a closing tag the line counts."""
    opened: re.Match[str] | None = None
    for tag in _TAG.finditer(text):
        if key_of(tag.group(2)) not in keys:
            continue
        if opened is not None:
            start, end = opened.start(), opened.end()
            yield start, text[end : tag.start()] if tag.group(1) else _line(text, end, tag.start())
        opened = None if tag.group(1) else tag
    if opened is not None:
        yield opened.start(), _line(text, opened.end(), len(text))


def _read_lone_ends(text: str, tally: _Tally, parse_line: Parse) -> None:
    """Reads the first and the last line of a text that has explicit statements, if nothing but an answer is there.

    It may be another answer: `B`, and then a further question that the model wrote itself, with its answer.
    """
    first, last = _line(text, 0, len(text)), text[text.rfind("\n") + 1 :]
    for line, start in ((first, 0), (last, len(text) - len(last))):
        lone = _LONE.fullmatch(bare(line)) if len(line) < 40 else None
        if lone is not None and not isinstance(parse_line(lone.group()), Reason):
            tally.add(line, text, start, parse=parse_line)


def _read_lines(text: str, tally: _Tally, parse_line: Parse, parse_end: Parse) -> None:
    """Reads each line of a text as a statement. Lines that are equal are read once, unless they are taken back.

    A text that begins with a bullet is a list, whose items are read alike.
    """
    lines = text.splitlines(keepends=True)
    listed = _BULLET.match(text) is not None
    done: set[str] = set()
    position = 0
    for place, line in enumerate(lines):
        start, position = position, position + len(line)
        if place in (0, len(lines) - 1):
            tally.add(_BULLET.sub("", line), text, start, parse=parse_end if len(lines) > 1 else None)
        elif line not in done and not line.isspace():
            item = _BULLET.sub("", line) if listed else line
            if not tally.add(item, text, start, parse=parse_line):
                done.add(line)
        if tally.settled:
            return
