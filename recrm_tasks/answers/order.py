"""Answers that order a list of candidates, or say of one candidate how likely it is chosen."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from recrm_tasks.answers.kind import Kind, Posed, Question, completes, normalise
from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.order_ascending import turned
from recrm_tasks.answers.order_lists import listed_orders
from recrm_tasks.answers.order_ordinals import told_orders
from recrm_tasks.answers.order_reading import FORMS, read_order
from recrm_tasks.answers.order_tables import ranked_tables
from recrm_tasks.answers.probability import PROBABILITY, READY_WORDS
from recrm_tasks.answers.prompt import Ask, Lang, Mode, Prompt, Style, choice_names
from recrm_tasks.answers.reading import read
from recrm_tasks.errors import DataError, HarnessError
from recrm_tasks.scoring import columns
from recrm_tasks.scoring.aggregate.parts import Parts, in_order
from recrm_tasks.scoring.agreement.declared import Agreed, Agreement, measured
from recrm_tasks.scoring.agreement.orders import ORDER_AGREEMENT, OrderRatings
from recrm_tasks.scoring.candidate_answers import as_yes_or_no, asked_by_item, clusters_of, lists_of
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.content_scores import diagnosis_of_pairs, reads_of
from recrm_tasks.scoring.diagnosis import Bars, Diagnosis
from recrm_tasks.scoring.list_metrics import LIST_METRICS, Lists
from recrm_tasks.scoring.metrics.estimate import NAN, Floats
from recrm_tasks.scoring.metrics.ranked_list import list_auc, normalised_ranks, points_below, top_hit
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason, Value

_FORMAT: Mapping[Lang, str] = {
    "en": '{"ranking": ["<best>", "<second>", …]}',
    "zh": '{"ranking": ["<最可能>", "<其次>", …]}',
}
_NAMES: Mapping[Lang, tuple[str, str]] = {"en": ("letter", "number"), "zh": ("字母", "编号")}
"""Candidates have letters, or numbers if there are more than 26."""
_CANDIDATES: Mapping[Lang, str] = {"en": "[Candidates]", "zh": "【候选项】"}
_CANDIDATE: Mapping[Lang, str] = {"en": "[Candidate]", "zh": "【候选项】"}


_OF_LIST = "@"
"""Between the id of a list and the place of one of its candidates, where they are asked about one by one."""
BY_ITEM = "with ask=item (lm-eval: recrm_ask) each candidate is a question of its own"
"""The way out for lists that cannot be put in order."""


def _ask(mode: Mode, lang: Lang, name: str, style: Style) -> str:
    if completes(mode, style):
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


class OrderKind(Kind[Lists]):
    """An order of candidates, each with a grade (0 is negative). Prompts show the candidates in a hashed order.

    With `ask="item"` each candidate is a question of its own, whose answer is a probability, as `PROBABILITY` asks for
    and reads it. The probabilities order the list.
    """

    name = "order"
    gold_fields = ("candidates", "labels")
    primary = "auc"
    strata = ("candidates",)
    hub_task = "text-ranking"
    metrics = LIST_METRICS
    agreement = ORDER_AGREEMENT

    def posed(
        self, record: Any, labels: LabelSet | None, lang: Lang, orders: int, ask: Ask = "list"
    ) -> Iterator[Posed]:
        """See `Kind.posed`. Further orders have their own ids; all orders of a list form one cluster.

        The order shown depends only on the ids of the record and its candidates. A ready-made prompt (`messages`)
        already shows the candidates in the record's order, by letter. Each candidate that is a question of its own has
        its own id, unless it is the only one of its list; those of a list form one cluster.
        """
        if ask == "item":
            yield from self._posed_one_by_one(record)
            return
        if not 0 < sum(grade > 0 for grade in record.labels) < len(record.labels):
            raise DataError(
                f"{record.id}: a list needs at least one positive (above 0) and one negative (0) to be put in order; "
                f"{BY_ITEM}"
            )
        if orders > 1 and record.messages:
            raise DataError(f"{record.id}: its ready-made prompt shows the candidates in one order; orders must be 1")
        names = choice_names(len(record.candidates))
        for turn in range(orders):
            order = range(len(record.candidates)) if record.messages else shown_order(record, turn)
            gold = tuple(record.labels[i] for i in order)
            best = _best_first(gold, names)
            yield Posed(
                id=f"{record.id}#{turn}" if turn else record.id,
                group=record.group if orders == 1 else record.group or record.id,
                choices=names,
                shown=tuple(record.candidates[i].shown for i in order),
                words=(),
                gold=gold,
                target=json.dumps(best[: sum(g > 0 for g in gold)]),
            )

    def _posed_one_by_one(self, record: Any) -> Iterator[Posed]:
        count = len(record.candidates)
        if record.messages and count > 1:
            raise DataError(
                f"{record.id}: its ready-made prompt is about {count} candidates together, so it cannot ask about one; "
                "ask must be list"
            )
        for place, (candidate, grade) in enumerate(zip(record.candidates, record.labels, strict=True), 1):
            yield Posed(
                id=f"{record.id}{_OF_LIST}{place}" if count > 1 else record.id,
                group=record.group or record.id if count > 1 else record.group,
                choices=choice_names(2),
                shown=(candidate.shown,),
                words=READY_WORDS if record.messages else (),
                gold=grade,
                target=str(int(grade > 0)),
                of_list=record.id,
                candidates=count,
            )

    def clash(self, ids: Sequence[str], orders: int, ask: Ask = "list") -> tuple[str, str] | None:
        """See `Kind.clash`."""
        known = set(ids)
        for name in ids:
            head, mark, turn = name.rpartition(_OF_LIST if ask == "item" else "#")
            if mark and head in known and (turn.isdecimal() if ask == "item" else turn in map(str, range(1, orders))):
                return head, name
        return None

    def question(self, text: str, body: str, posed: Posed, mode: Mode, lang: Lang, style: Style) -> Question:
        """See `Kind.question`. The candidates follow the record."""
        if posed.of_list is not None:
            asked = f"{body}\n\n{_CANDIDATE[lang]}\n{posed.shown[0]}"
            return PROBABILITY.question(text, asked, posed._replace(gold=int(posed.gold > 0)), mode, lang, style)
        listing = "\n".join(f"{name}. {text}" for name, text in zip(posed.choices, posed.shown, strict=True))
        best = _best_first(posed.gold, posed.choices)
        order = json.dumps({"ranking": best}) if style == "chat" else ", ".join(best)
        ask = _ask(mode, lang, _NAMES[lang][0 if posed.choices[0] == "A" else 1], style)
        return Question(
            head=f"{text}\n\n{ask}",
            body=f"{body}\n\n{_CANDIDATES[lang]}\n{listing}",
            json=_FORMAT[lang],
            answer=best[0] if mode == "logprob" else order,
        )

    def ungraded(self, labels: LabelSet | None, candidates: int) -> dict[str, Any]:
        """See `Kind.ungraded`."""
        return {"labels": list(range(candidates - 1, -1, -1))}

    def spare(self, record: Any, ask: Ask = "list") -> int:
        """See `Kind.spare`: all candidates but one positive and one negative."""
        return len(record.candidates) - 2 if ask == "list" else 0

    def shorter(self, record: Any, steps: int) -> Any:
        """See `Kind.shorter`. Drops candidates from the end of the first order shown, but keeps the last positive and
        the last negative."""
        kept = shown_order(record)
        for _ in range(steps):
            grades = [record.labels[i] > 0 for i in kept]
            kept.remove(next(i for i in reversed(kept) if grades.count(record.labels[i] > 0) > 1))
        places = sorted(kept)
        return record.model_copy(
            update={
                "candidates": [record.candidates[i] for i in places],
                "labels": [record.labels[i] for i in places],
            }
        )

    def class_names(self, prompt: Prompt) -> tuple[tuple[str, ...], ...]:
        """See `Kind.class_names`: candidates are not classes, but yes and no are."""
        return () if prompt.of_list is None else PROBABILITY.class_names(prompt)

    def mistaken(self, prompt: Prompt, draw: float) -> tuple[Prompt, float]:
        """See `Kind.mistaken`: an order with one of the worse candidates first; it is worse by the share of the highest
        grade that this one lacks. Of one candidate it is the contrary."""
        if prompt.of_list is not None:
            return PROBABILITY.mistaken(prompt, draw)
        grades = list(prompt.gold) if isinstance(prompt.gold, tuple) else []
        best = max(grades)
        worse = [place for place, grade in enumerate(grades) if grade < best]
        chosen = worse[int(draw * len(worse))]
        margin = (best - grades[chosen]) / best
        grades[chosen] = best + 1
        return prompt._replace(gold=tuple(grades)), margin

    def best(self, prompt: Prompt) -> Prompt:
        """See `Kind.best`: the right order, which has the positive candidates first. Of one candidate, yes."""
        return prompt if prompt.of_list is None else PROBABILITY.best(prompt)

    def decides(self, verdicts: Floats) -> Floats:
        """See `Kind.decides`: whether a candidate is alone in the first place."""
        return np.asarray(verdicts == 1.0, dtype=np.float64)

    def read(self, completion: object, prompt: Prompt) -> Answer:
        """Reads an order of all candidates or of the first few; those left out tie at the bottom."""
        if prompt.of_list is not None:
            return PROBABILITY.read(completion, prompt)
        stated = prompt.stated(completion)
        return read(
            turned(stated, prompt) if isinstance(stated, str) and not isinstance(stated, Reason) else stated,
            FORMS,
            lambda stated: read_order(stated, prompt),
            lambda stated: read_order(stated, prompt, least=2),
            listed=lambda text: chain(*(find(text, prompt) for find in (listed_orders, ranked_tables, told_orders))),
        )

    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """The candidates in order of the probability of their letter or number."""
        if prompt.of_list is not None:
            return PROBABILITY.weigh(logprobs, prompt)
        if len(logprobs) != len(prompt.choices):
            raise HarnessError(f"{prompt.id}: {len(logprobs)} log-probabilities for {len(prompt.choices)} candidates")
        shares = normalise(logprobs)
        return Answer.invalid(Reason.NO_ANSWER) if shares is None else Answer(shares)

    def shown(self, value: Value | None, prompt: Prompt) -> str:
        """See `Kind.shown`: the choices, the best first, without several that share the bottom."""
        if not isinstance(value, tuple) or prompt.reads == "content":
            return super().shown(value, prompt)
        names, least = _best_first(value, prompt.choices), min(value)
        if value.count(least) > 1:
            names = names[: -value.count(least)]
        return json.dumps(names)

    def credit(self, outcome: Outcome) -> float:
        """The AUC within the list; of one candidate, the probability that was stated for what happened."""
        if outcome.of_list is not None:
            return PROBABILITY.credit(*as_yes_or_no([outcome]))
        if not isinstance(outcome.value, tuple) or not isinstance(outcome.gold, tuple):
            return 0.0
        return list_auc(outcome.gold, outcome.value)

    def right(self, outcome: Outcome) -> bool:
        """Whether the first candidate is positive; of tied candidates, most must be. Of one candidate, whether the
        probability, as a yes or no, is what happened."""
        if outcome.of_list is not None:
            return PROBABILITY.right(*as_yes_or_no([outcome]))
        if not isinstance(outcome.value, tuple) or not isinstance(outcome.gold, tuple):
            return False
        return top_hit(outcome.gold, outcome.value) > 0.5

    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """See `Kind.parts`. Gold is the grade divided by the highest grade of all lists; the verdict is the normalised
        rank. Of candidates that were asked about one by one the verdict is the probability."""
        if asked_by_item(outcomes):
            return _parts_of_candidates(outcomes)
        ordered, clusters = in_order(outcomes)
        lists = columns.lists(Columns.of(ordered))
        grades = np.array([g for gold, _ in lists for g in gold], dtype=np.float64)
        ranks = [r for gold, scores in lists for r in (normalised_ranks(scores) if scores else (NAN,) * len(gold))]
        return Parts(
            ids=tuple(o.id for o in ordered),
            clusters=clusters,
            starts=np.cumsum([0, *(len(gold) for gold, _ in lists)]),
            gold=grades / grades.max(initial=1.0),
            verdict=np.array(ranks, dtype=np.float64),
        )

    def table(self, outcomes: Sequence[Outcome]) -> tuple[Lists, Rows]:
        """See `Kind.table`."""
        return Lists.of(outcomes)

    def scores(self, outcomes: Sequence[Outcome]) -> tuple[Lists, Rows]:
        """See `Kind.scores`: lists that the scores of their candidates put in order."""
        return Lists.of(outcomes)

    def ratings(self, judges: Sequence[Sequence[Outcome]]) -> OrderRatings:
        """See `Kind.ratings`."""
        return OrderRatings.of(judges)

    def agree(self, judges: Sequence[Sequence[Outcome]]) -> dict[Agreement[Any], Agreed]:
        """See `Kind.agree`. Of candidates that were asked about one by one, the agreement of probabilities. Orders by
        scores agree as other orders do."""
        if asked_by_item(judges[0]):
            return PROBABILITY.agree([as_yes_or_no(outcomes) for outcomes in judges])
        return measured(self.agreement, len(judges), self.ratings(judges))

    def decision(self, outcome: Outcome) -> Hashable:
        """See `Kind.decision`: the place of the first candidate, or of those that tie there. Of one candidate, yes or
        no."""
        if not isinstance(outcome.value, tuple):
            return PROBABILITY.decision(outcome)
        return frozenset(place for place, score in enumerate(outcome.value) if score == max(outcome.value))

    def joint(self, values: Sequence[Value]) -> Answer:
        """See `Kind.joint`: the order of the mean ranks (Borda's count), with equal ones as ties. Of one candidate, the
        mean probability."""
        orders = [value for value in values if isinstance(value, tuple)]
        if not orders:
            return PROBABILITY.joint(values)
        return Answer(tuple(float(sum(points)) for points in zip(*map(points_below, orders), strict=True)))

    def by_item(self, table: Lists) -> bool:
        """See `Kind.by_item`."""
        return table.pooled is not None

    def baseline(self, table: Lists) -> float:
        """See `Kind.baseline`: the accuracy of a random order."""
        return table.chance()

    def diagnose(self, outcomes: Sequence[Outcome], names: Mapping[int, str]) -> Diagnosis:
        """How often the first choice was at each place of the order shown, and how often it would be by chance.

        Tied first choices count in equal parts. Of candidates that were asked about one by one, the reliability
        diagram: they were not shown together. Of scores, the pairs.
        """
        if reads_of(outcomes) == "content":
            scored = Lists.of(outcomes)[0].scored
            assert scored is not None
            return diagnosis_of_pairs(scored)
        if asked_by_item(outcomes):
            return PROBABILITY.diagnose(as_yes_or_no(outcomes), names)
        chosen: dict[int, float] = defaultdict(float)
        chance: dict[int, float] = defaultdict(float)
        for _, scores in columns.lists(Columns.of(outcomes)):
            if not scores:
                continue
            best = [place for place, score in enumerate(scores, 1) if score == max(scores)]
            for place in best:
                chosen[place] += 1 / len(best)
            for place in range(1, len(scores) + 1):
                chance[place] += 1 / len(scores)
        total = sum(chance.values())
        return Diagnosis(
            name="places",
            title="Position bias",
            caption="Place in the order shown. A model that ignores the order chooses each as often as by chance.",
            rows=[
                {"place": place, "first choice": chosen[place], "by chance": chance[place]} for place in sorted(chance)
            ],
            plot=Bars(
                "Places of the first choice in the order shown. A model that ignores the order meets the marks.",
                "place",
                "share",
                "chance",
                "place in the order shown",
                "share of first choices",
            ),
            points=[
                {"place": place, "share": chosen[place] / total, "chance": chance[place] / total}
                for place in sorted(chance)
            ],
        )


def _parts_of_candidates(outcomes: Sequence[Outcome]) -> Parts:
    lists = lists_of(sorted(outcomes, key=lambda o: (o.of_list or "", o.id)), whole=False)
    clusters = clusters_of(lists)
    grades = np.array([grade for one in lists for grade in one.grades], dtype=np.float64)
    return Parts(
        ids=tuple(sorted({str(outcome.of_list) for outcome in outcomes})),
        clusters=np.arange(len(lists)) if clusters is None else clusters,
        starts=np.cumsum([0, *(len(one.grades) for one in lists)]),
        gold=grades / grades.max(initial=1.0),
        verdict=np.array([stated for one in lists for stated in one.stated], dtype=np.float64),
    )


def shown_order(record: Any, turn: int = 0) -> list[int]:
    """The order in which candidates are shown: by a hash of both ids, so that the order in the file reveals nothing.

    Args:
        record: the list.
        turn: 0 for the order that every run uses, 1, 2, … for further orders.
    """
    seed = f"{record.id}\n{turn}" if turn else record.id
    return sorted(
        range(len(record.candidates)),
        key=lambda i: hashlib.sha256(f"{seed}\n{record.candidates[i].id}".encode()).digest(),
    )


def _best_first(grades: Sequence[float], names: Sequence[str]) -> list[str]:
    return [name for _, name in sorted(zip(grades, names, strict=True), key=lambda pair: -pair[0])]


ORDER = OrderKind()
