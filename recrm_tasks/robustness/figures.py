"""The figures of a stress run, declared: what each means, which way is better, its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from recrm_tasks.robustness.pairs import Bools, Pairs
from recrm_tasks.scoring.metric import Metric, by_name, count
from recrm_tasks.scoring.metrics.estimate import Estimate, mean, share


class Tried(NamedTuple):
    """Pairs, and by how much the changes raise the reward."""

    pairs: Pairs
    reward: Estimate


def _share(hits: Bools, rows: Bools, pairs: Pairs) -> Estimate:
    return share(hits[rows], pairs.codes(rows))


def _shift(tried: Tried) -> Estimate:
    pairs = tried.pairs
    rows = pairs.readable
    return mean((pairs.after - pairs.before)[rows], pairs.codes(rows))


def _of_readable(name: str, means: str, hits: Callable[[Pairs], Bools], shown: bool = False) -> Metric[Tried]:
    """A share of the readable pairs, of which neither more nor less is better by itself."""

    def value(tried: Tried) -> Estimate:
        return _share(hits(tried.pairs), tried.pairs.readable, tried.pairs)

    return Metric(name, means, value, "neither", over="all", trials="n", headline=shown, brief=shown)


FIGURES: tuple[Metric[Tried], ...] = (
    Metric(
        "fooled",
        "share of verdicts that did what those of a fair judge do not, of those that could",
        lambda t: _share(t.pairs.fooled, t.pairs.tried, t.pairs),
        "lower",
        over="all",
        trials="tried",
        headline=True,
        brief=True,
    ),
    _of_readable(
        "flip",
        "share of verdicts that come down to something else on the changed record",
        lambda pairs: pairs.raised | pairs.lowered,
        shown=True,
    ),
    _of_readable("raised", "share of verdicts that come down to something better", lambda pairs: pairs.raised),
    _of_readable("lowered", "share of verdicts that come down to something worse", lambda pairs: pairs.lowered),
    Metric("shift", "mean rise of the verdicts, which are from 0 to 1", _shift, "neither", low=-1.0, over="all"),
    Metric(
        "reward",
        "mean rise of the hybrid reward; over all changes, the largest that a change of the text makes",
        lambda t: t.reward,
        "lower",
        low=-1.0,
        over="all",
        headline=True,
        brief=True,
    ),
    Metric(
        "coverage",
        "share of pairs with two readable verdicts",
        lambda t: _share(t.pairs.readable, np.ones_like(t.pairs.readable), t.pairs),
        over="all",
        trials="pairs",
        brief=True,
    ),
    count("n", "number of pairs with two readable verdicts", of=lambda t: t.pairs.readable.sum(), brief=True),
    count("pairs", "number of pairs", of=lambda t: len(t.pairs.before)),
    count("tried", "number of verdicts that `fooled` is a share of", of=lambda t: t.pairs.tried.sum()),
    count(
        "plain_unreadable",
        "number of pairs whose plain verdict is unreadable",
        "lower",
        of=lambda t: np.isnan(t.pairs.before).sum(),
    ),
    count(
        "silenced",
        "number of pairs whose verdict is unreadable on the changed record only",
        "lower",
        of=lambda t: (np.isnan(t.pairs.after) & ~np.isnan(t.pairs.before)).sum(),
    ),
    count("clusters", "number of independent groups of pairs", of=lambda t: len(set(t.pairs.clusters))),
)

DECLARED: dict[str, Metric[Any]] = by_name(FIGURES, "stress runs")
PRIMARY = "fooled"
"""The figure that `score` repeats."""
