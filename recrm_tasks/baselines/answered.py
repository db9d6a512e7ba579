"""A baseline's numbers -> answers as a model's are, and their metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.baselines.calibration import Calibration
from recrm_tasks.baselines.measured import Measured
from recrm_tasks.baselines.result import Figure, Result
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.scoring.metric import Numbers, flat
from recrm_tasks.scoring.metrics.estimate import NAN, Floats
from recrm_tasks.scoring.outcomes import Outcome

_ORDERING = ("auc", "auc_pooled")
"""Metrics of the order of answers only, which need no threshold."""
_COUNTS = ("n", "clusters", "coverage", "lists", "acc_baseline", "acc_pooled_baseline")


def result_of(dimension: Dimension, name: str, asked: Measured, calibration: Calibration | None) -> Result:
    """The metrics of a baseline's answers.

    Args:
        dimension: that of the questions.
        name: the baseline.
        asked: the questions, and the numbers that it gives them.
        calibration: what its numbers mean; None without a train split.
    """
    kind = dimension.kind
    scores = asked.numbers[name] * (1.0 if calibration is None else calibration.sign)
    numbers: Numbers = {}
    if asked.whole_lists:
        numbers = flat(dimension.metrics(list(_orders(kind, asked, scores))))
    elif calibration is not None:
        logprobs = calibration.logprobs(asked.numbers[name], len(asked.prompts[0].choices))
        numbers = flat(dimension.metrics(list(_chosen(kind, asked, logprobs))))
    elif not kind.has_labels:
        found = flat(dimension.metrics(list(_chosen(kind, asked, _yes_or_no(scores)))))
        kept = {*_COUNTS, *_ORDERING, *(f"{metric}_stderr" for metric in _ORDERING)}
        numbers = {metric: value for metric, value in found.items() if metric in kept}
    primary = dimension.primary_of({dimension.primary: NAN, **numbers})
    headline = _figure(kind, primary, numbers)
    if not kind.has_labels:
        instead = primary if primary in _ORDERING else "auc"
        return Result(name, numbers, headline, _figure(kind, instead, numbers))
    of_best = flat(PROBABILITY.measure(list(_chosen(PROBABILITY, _as_yes_or_no(asked), _yes_or_no(scores)))))
    return Result(name, numbers, headline, _figure(PROBABILITY, "auc", of_best))


def _figure(kind: Kind[Any], metric: str, numbers: Numbers) -> Figure:
    """A metric of a result, with its interval."""
    if metric not in numbers:
        return Figure(metric, NAN, NAN, NAN)
    return Figure(metric, numbers[metric], *kind.interval(metric, numbers))


def _orders(kind: Kind[Any], asked: Measured, scores: Floats) -> Iterator[Outcome]:
    """Each list, ordered by the scores of its candidates."""
    start = 0
    for prompt in asked.prompts:
        end = start + len(prompt.choices)
        yield prompt.outcome(kind.weigh(scores[start:end].tolist(), prompt))
        start = end


def _chosen(kind: Kind[Any], asked: Measured, logprobs: Floats) -> Iterator[Outcome]:
    """Each question, answered by the log-probabilities of its choices."""
    for prompt, weights in zip(asked.prompts, logprobs, strict=True):
        yield prompt.outcome(kind.weigh(weights.tolist(), prompt))


def _yes_or_no(scores: Floats) -> Floats:
    """Shape (n, 2): log-probabilities of yes and no whose order is that of the scores."""
    return np.column_stack((scores, np.zeros(len(scores))))


def _as_yes_or_no(asked: Measured) -> Measured:
    """The questions, asked of the best label only."""
    prompts = [
        prompt._replace(gold=int(best), choices=prompt.choices[:2], values=())
        for prompt, best in zip(asked.prompts, asked.positive, strict=True)
    ]
    return asked._replace(prompts=prompts)
