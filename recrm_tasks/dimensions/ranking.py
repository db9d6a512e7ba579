"""Item ranking (IR): in which order would this user want the candidates?"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recrm_tasks.answers.reading import bare, marker_of, read
from recrm_tasks.dimensions.base import (
    PLAIN,
    Dimension,
    Form,
    LabelSet,
    Lang,
    Mode,
    Prompt,
    Question,
    Style,
    Text,
    choice_names,
    messages_of,
    render,
)
from recrm_tasks.dimensions.names import QUERY, USER
from recrm_tasks.dimensions.user import UserRecord
from recrm_tasks.errors import DataError, HarnessError
from recrm_tasks.scoring.aggregate.parts import Parts, list_parts
from recrm_tasks.scoring.compare.tables import Differences, ranking_differences
from recrm_tasks.scoring.metrics.diagnoses import Diagnosis, place_rows
from recrm_tasks.scoring.metrics.ranking import list_auc, top_hit
from recrm_tasks.scoring.metrics.tables import Metrics, ranking_metrics
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason, normalise

_KEYS = ("ranking", "answer", "order", "排序", "答案")
_MARKER = marker_of(_KEYS)
_BETWEEN = re.compile(r"[\s>,、;→-]+")
_ITEM = re.compile(r"\d{1,4}[.):、]\s+(.*)|\d{1,4}[):、](.*)|\d{1,4}\.([^\d].*)")
_FIRST = re.compile(r"([A-Za-z]|\d{1,4})(?:[.):、].*)?")
_HEADING = re.compile(r"\A[^\n]{0,80}:[ \t]*\n")
_NAMED = re.compile(r"[\[(]?([A-Za-z]|\d{1,4})[\])]?")

_QUESTION: Mapping[Lang, str] = {
    "en": (
        "You order the candidates that a platform for local services shows to a user. Below are the user's profile "
        "and history, the present context and the candidates. Weigh recent habits above old ones, and mind what the "
        "context rules out. Order the candidates from the one that this user is most likely to choose to the least "
        "likely one."
    ),
    "zh": (
        "你负责为本地生活平台的用户给候选项排序。下面是用户画像、历史行为、当前情境和候选项。"
        "近期习惯比早先习惯更重要，并注意情境排除了什么。请把候选项从该用户最可能选择的到最不可能选择的排序。"
    ),
}
_FORMAT: Mapping[Lang, str] = {
    "en": '{"ranking": ["<best>", "<second>", …]}',
    "zh": '{"ranking": ["<最可能>", "<其次>", …]}',
}
_NAMES: Mapping[Lang, tuple[str, str]] = {"en": ("letter", "number"), "zh": ("字母", "编号")}
"""What candidates are called by: letters, and numbers where those run out."""


def _ask(mode: Mode, lang: Lang, name: str, style: Style) -> str:
    if mode == "generate" and style == "completion":
        if lang == "zh":
            return f"按你的顺序列出全部候选项的{name}，用逗号隔开。"
        return f"Answer with the {name}s of all candidates in your order, with commas between them."
    if lang == "zh":
        if mode == "logprob":
            return f"只回复该用户最可能选择的那一个候选项的{name}，不要写别的内容。"
        return f"只回复 JSON，按你的顺序列出全部候选项的{name}，不要写别的内容：{_FORMAT[lang]}"
    if mode == "logprob":
        return f"Reply with the {name} of the one candidate that this user is most likely to choose and nothing else."
    return f"Reply with JSON only, the {name}s of all candidates in your order and nothing else: {_FORMAT[lang]}"


class Candidate(BaseModel):
    """One candidate of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    text: Text


class RankingRecord(UserRecord):
    """A user, the moment, and a list of candidates with a grade each (0 is negative)."""

    query: str | None = None
    candidates: list[Candidate] = Field(min_length=2)
    labels: list[int]

    shown = {"profile": "", "history": [], "context": ""}

    @model_validator(mode="after")
    def _usable(self) -> RankingRecord:
        if len(self.labels) != len(self.candidates):
            raise ValueError(f"labels: {len(self.labels)} labels for {len(self.candidates)} candidates")
        if min(self.labels) < 0:
            raise ValueError("labels: grades cannot be negative")
        if max(self.labels) == 0 or min(self.labels) > 0:
            raise ValueError("labels: a list needs at least one positive (above 0) and one negative (0)")
        if len({c.id for c in self.candidates}) != len(self.candidates):
            raise ValueError("candidates: ids must differ")
        return self


class RankingDimension(Dimension):
    """Item ranking."""

    key = "ranking"
    title = "item ranking"
    column = "IR"
    position = 5
    version = 4
    primary = "auc"
    record_type = RankingRecord
    strata = ("candidates",)
    aliases = (
        "ranking",
        "rank",
        "item rank",
        "rerank",
        "reranking",
        "recommendation ranking",
        "user behavior ranking",
        "behavior ranking",
        "物品排序",
        "商品排序",
        "排序",
    )
    columns = {
        **USER,
        "query": QUERY,
        "candidates": (
            "candidate_items", "candidate_list", "item_list", "items", "候选", "候选项", "候选列表", "候选商品",
        ),
    }  # fmt: skip
    telling = (
        "click",
        "clicked",
        "is_click",
        "order",
        "ordered",
        "is_order",
        "purchase",
        "purchased",
        "是否点击",
        "是否下单",
    )

    def prompt(
        self,
        record: RankingRecord,
        labels: LabelSet | None,
        mode: Mode,
        lang: Lang | None = None,
        form: Form = PLAIN,
    ) -> Prompt:
        """See `Dimension.prompt`. Candidates are shown in an order that depends on their ids and the record's alone.

        A ready prompt (`messages`) shows them in the record's order already, by letter.
        """
        return self._prompt(record, mode, lang or record.lang, 0, form)

    def prompts(
        self,
        record: RankingRecord,
        labels: LabelSet | None,
        mode: Mode,
        lang: Lang | None = None,
        orders: int = 1,
        form: Form = PLAIN,
    ) -> Iterator[Prompt]:
        """See `Dimension.prompts`. Later orders have ids of their own; all of a list hang together."""
        if orders > 1 and record.messages:
            raise DataError(f"{record.id}: its ready prompt shows the candidates in one order; orders must be 1")
        for turn in range(orders):
            prompt = self._prompt(record, mode, lang or record.lang, turn, form)
            yield prompt if orders == 1 else prompt._replace(group=record.group or record.id)

    def _prompt(self, record: RankingRecord, mode: Mode, lang: Lang, turn: int, form: Form) -> Prompt:
        order = range(len(record.candidates)) if record.messages else shown_order(record, turn)
        names = choice_names(len(record.candidates))
        gold = tuple(record.labels[i] for i in order)
        best = _best_first(gold, names)
        return Prompt(
            id=f"{record.id}#{turn}" if turn else record.id,
            lang=lang,
            messages=messages_of(record, lambda: _question(record, order, mode, lang, form.style), mode, lang, form),
            choices=names,
            words=(),
            gold=gold,
            target=json.dumps(best[: sum(g > 0 for g in gold)]),
            group=record.group,
            style=form.style,
        )

    def question(
        self, record: RankingRecord, labels: LabelSet | None, mode: Mode, lang: Lang, style: Style
    ) -> Question:
        """See `Dimension.question`."""
        return _question(record, shown_order(record), mode, lang, style)

    def steps(self, record: RankingRecord) -> int:
        """See `Dimension.steps`."""
        return 0 if record.messages else len(record.history) + len(record.candidates) - 2

    def shorter(self, record: RankingRecord, steps: int) -> RankingRecord:
        """See `Dimension.shorter`. Candidates go from the end of the first shown order, but for the last positive and
        the last negative."""
        entries = min(steps, len(record.history))
        kept = shown_order(record)
        for _ in range(steps - entries):
            grades = [record.labels[i] > 0 for i in kept]
            kept.remove(next(i for i in reversed(kept) if grades.count(record.labels[i] > 0) > 1))
        places = sorted(kept)
        return record.without_oldest(entries).model_copy(
            update={
                "candidates": [record.candidates[i] for i in places],
                "labels": [record.labels[i] for i in places],
            }
        )

    def read(self, completion: object, prompt: Prompt) -> Answer:
        """An order of all candidates or of the first few; those left out share the bottom."""
        return read(
            prompt.stated(completion),
            _KEYS,
            _MARKER,
            lambda stated: _parse(stated, prompt),
            # One name in a line of many is no order: it may be an item of a list, or an explanation.
            lambda stated: _parse(stated, prompt, least=2),
        )

    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """The candidates by the probability of their name."""
        if len(logprobs) != len(prompt.choices):
            raise HarnessError(f"{prompt.id}: {len(logprobs)} log-probabilities for {len(prompt.choices)} candidates")
        shares = normalise(logprobs)
        return Answer.invalid(Reason.NO_ANSWER) if shares is None else Answer(shares)

    def credit(self, outcome: Outcome) -> float:
        """The AUC within the list."""
        if not isinstance(outcome.value, tuple) or not isinstance(outcome.gold, tuple):
            return 0.0
        return list_auc(outcome.gold, outcome.value)

    def right(self, outcome: Outcome) -> bool:
        """The first place is a positive's; of candidates that share it, most are."""
        if not isinstance(outcome.value, tuple) or not isinstance(outcome.gold, tuple):
            return False
        return top_hit(outcome.gold, outcome.value) > 0.5

    def measure(self, outcomes: Sequence[Outcome]) -> Metrics:
        """See `Dimension.measure`."""
        return ranking_metrics(outcomes)

    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """See `Dimension.parts`."""
        return list_parts(outcomes)

    def compare(self, first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
        """See `Dimension.compare`."""
        return ranking_differences(first, second)

    def diagnose(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """See `Dimension.diagnose`."""
        return place_rows(outcomes)


def shown_order(record: RankingRecord, turn: int = 0) -> list[int]:
    """The order in which candidates are shown: by a hash of both ids, so that file order gives nothing away.

    Args:
        record: the list.
        turn: 0 for the order that every run uses, 1, 2, … for further ones.
    """
    seed = f"{record.id}\n{turn}" if turn else record.id
    return sorted(
        range(len(record.candidates)),
        key=lambda i: hashlib.sha256(f"{seed}\n{record.candidates[i].id}".encode()).digest(),
    )


def _question(record: RankingRecord, order: Sequence[int], mode: Mode, lang: Lang, style: Style) -> Question:
    query_title, listing_title = ("【用户查询】", "【候选项】") if lang == "zh" else ("[User query]", "[Candidates]")
    query = f"\n\n{query_title}\n{record.query}" if record.query else ""
    names = choice_names(len(record.candidates))
    listing = "\n".join(f"{name}. {render(record.candidates[i].text)}" for name, i in zip(names, order, strict=True))
    best = _best_first([record.labels[i] for i in order], names)
    order_text = json.dumps({"ranking": best}) if style == "chat" else ", ".join(best)
    return Question(
        head=f"{_QUESTION[lang]}\n\n{_ask(mode, lang, _NAMES[lang][0 if names[0] == 'A' else 1], style)}",
        body=f"{record.show_user(lang)}{query}\n\n{listing_title}\n{listing}",
        json=_FORMAT[lang],
        answer=best[0] if mode == "logprob" else order_text,
    )


def _best_first(grades: Sequence[int], names: Sequence[str]) -> list[str]:
    return [name for _, name in sorted(zip(grades, names, strict=True), key=lambda pair: -pair[0])]


def _parse(stated: object, prompt: Prompt, least: int = 1) -> tuple[float, ...] | Reason | None:
    """One stated order of at least `least` names: a JSON list, names with marks between them, or one per line."""
    names = _split(stated, prompt)
    if names is None or len(names) < least:
        return None
    places = {name: i for i, name in enumerate(prompt.choices)}
    if any(name not in places for name in names):
        return Reason.OUT_OF_RANGE
    if len(set(names)) != len(names):
        return Reason.DUPLICATE
    scores = [0.0] * len(prompt.choices)
    for rank, name in enumerate(names):
        scores[places[name]] = float(len(prompt.choices) - rank)
    return tuple(scores)


def _split(stated: object, prompt: Prompt) -> list[str] | None:
    """The names in one statement, in its order; None if it is anything but names."""
    if isinstance(stated, list):
        if not all(isinstance(x, str | int) and not isinstance(x, bool) for x in stated):
            return None
        parts = [bare(str(x)) for x in stated]
    elif isinstance(stated, str):
        text = _HEADING.sub("", stated.removeprefix("[").removesuffix("]"))
        if "\n" in text:
            parts = [_place(line) for line in text.splitlines() if line.strip()]
        elif _ITEM.fullmatch(text):
            return None  # one place of a list: the list as a whole is the order
        elif len(text) == len(prompt.choices) and set(text) == set(prompt.choices):
            parts = list(text)  # "BCA": every candidate once, nothing between
        else:
            parts = [bare(part) for part in _BETWEEN.split(text)]
    else:
        return None
    named = [_NAMED.fullmatch(part) for part in parts]
    names = [m.group(1).upper() for m in named if m]
    if not names or len(names) < len(parts):
        return None
    # A number where candidates have letters is a rank or a count, no name.
    return None if prompt.choices[0] == "A" and any(n.isdigit() for n in names) else names


def _place(line: str) -> str:
    """The candidate that a line of a list names: "1. B. name" is a place in an order.

    "B. name" is left as it is, and so is no name: it may be a copy of the list as it was shown.
    """
    line = bare(line)
    item = _ITEM.fullmatch(line)
    if item is None:
        return line
    rest = bare(next(part for part in item.groups() if part is not None))
    named = _FIRST.fullmatch(rest)
    return named.group(1) if named else rest
