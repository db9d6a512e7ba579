"""Model answers -> outcomes, and outcomes -> the numbers in lm-eval's table."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.lm_eval_tasks.cost import cost_of
from recrm_tasks.scoring.metric import columns, flat
from recrm_tasks.scoring.outcomes import Answer, Outcome

UNSEEN = "unseen"
"""The metric that counts records with an allowed answer whose log-probability was not reported."""
Item: TypeAlias = dict[str, Any]
"""One outcome with named fields and its `dimension`: the entry of sample logs under `score`."""


class Shared:
    """A reference to the item under `score`, so that sample logs contain it once and not for each of fifty metrics."""

    __slots__ = ("item",)

    def __init__(self, item: Item) -> None:
        self.item = item

    def __repr__(self) -> str:
        return "see score"


def generated(doc: dict[str, Any], results: Sequence[object]) -> dict[str, Item | Shared | int]:
    """`process_results` for generated answers: `results` contains one completion."""
    return {**of_dimension(read(doc, results)), **cost_of(doc, "generate", results[0])}


def weighed(doc: dict[str, Any], results: Sequence[tuple[float, bool]]) -> dict[str, Item | Shared | int]:
    """`process_results` for log-probability answers: `results` contains (log-likelihood, is greedy) per choice."""
    return {**of_dimension(weigh(doc, results)), **unseen_of(results), **cost_of(doc, "logprob")}


def unseen_of(results: Sequence[tuple[object, object]]) -> dict[str, int]:
    """The metric of a record with an allowed answer whose log-probability the server did not report; else nothing."""
    return {UNSEEN: 1} if any(float(str(logprob)) == -math.inf for logprob, _ in results) else {}


def read(doc: dict[str, Any], results: Sequence[object]) -> Item:
    """Reads the only completion in `results`."""
    prompt = prompt_of(doc)
    return _item(doc, prompt, dimension_of(doc["dimension"]).kind.read(results[0], prompt))


def weigh(doc: dict[str, Any], results: Sequence[tuple[float, bool]]) -> Item:
    """Reads `results`, (log-likelihood, is greedy) per choice."""
    prompt = prompt_of(doc)
    numbers = [float(logprob) for logprob, _ in results]
    return _item(doc, prompt, dimension_of(doc["dimension"]).kind.read_numbers(numbers, prompt))


def by_dimension(items: Sequence[Item]) -> dict[str, list[Outcome]]:
    """The outcomes of items, by dimension."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for item in items:
        outcomes[item["dimension"]].append(outcome_of(item))
    return outcomes


def outcome_of(item: Item) -> Outcome:
    """The outcome of one item."""
    return Outcome.from_json({name: value for name, value in item.items() if name not in _NOT_OUTCOME})


_NOT_OUTCOME = ("dimension", "suite", "answer")
"""Fields of an item that do not belong to the outcome; `suite` is in those of the hybrid tasks."""


def _item(doc: dict[str, Any], prompt: Prompt, answer: Answer) -> Item:
    """The outcome, with the answer in the words of the document's target for people who look at the samples."""
    shown = answer.reason or dimension_of(doc["dimension"]).kind.shown(answer.value, prompt)
    return {"dimension": doc["dimension"], "answer": shown, **prompt.outcome(answer).to_json()}


class LastRun:
    """All metrics of one run, computed once: lm-eval requests them one by one, each time with the same outcomes."""

    def __init__(self, measure: Callable[[Sequence[Item]], dict[str, float]]) -> None:
        self._measure = measure
        self._items: list[Item] = []
        self._numbers: dict[str, float] = {}

    def __call__(self, items: list[Item]) -> dict[str, float]:
        """The metrics of these items."""
        if items != self._items:  # cheap: equal items are the same objects, unless they come from other processes
            self._numbers = self._measure(items)
            self._items = items
        return self._numbers


class Aggregation:
    """The aggregation of one metric: outcomes of a run -> its number. A class, so that logs can show its name."""

    def __init__(self, path: str, metric: str, measure: LastRun) -> None:
        self.path = path
        self.metric = metric
        self.measure = measure

    def __call__(self, items: Sequence[Item | Shared]) -> float:
        return self.measure([item.item if isinstance(item, Shared) else item for item in items])[self.metric]

    def __repr__(self) -> str:
        return self.path


def __getattr__(name: str) -> Aggregation:
    """A metric's aggregation by its name, for YAML like `!function recrm_tasks.lm_eval_tasks.results.acc`.

    lm-eval needs one function per metric, and these differ only in their names. Function names cannot contain `@`:
    `hr@3` is `hr_at_3`.
    """
    metric = name.replace("_at_", "@")
    if metric not in _metric_names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return Aggregation(f"{__name__}.{metric}", metric, _last_run)


def measure(items: Sequence[Item]) -> dict[str, float]:
    """The metrics of a task of one dimension."""
    ((key, outcomes),) = by_dimension(items).items()
    return flat(dimension_of(key).metrics(outcomes))


_last_run = LastRun(measure)


@lru_cache(maxsize=1)
def _metric_names() -> frozenset[str]:
    return frozenset(name for d in dimensions().values() for name in columns(d.kind.declared))


@lru_cache(maxsize=16)
def _names(dimension: str, reads: str, by_item: bool) -> tuple[str, ...]:
    declared = dimension_of(dimension).kind.declared
    return tuple(columns({name: metric for name, metric in declared.items() if metric.is_of(reads, by_item)}))


def of_dimension(item: Item) -> dict[str, Item | Shared]:
    """The metrics of one document in a task of one dimension."""
    return for_every_metric(
        item, _names(item["dimension"], "content" if "question" in item else "letters", "of_list" in item)
    )


def for_every_metric(item: Item, names: Sequence[str]) -> dict[str, Item | Shared]:
    """What `process_results` returns: the item under `score`, and a reference to it under each other name."""
    return {**dict.fromkeys(names, Shared(item)), "score": item}


def prompt_of(doc: dict[str, Any]) -> Prompt:
    """The part of the prompt that reading an answer needs."""
    return Prompt.from_json({**doc, **json.loads(doc["scoring"])})
