"""Measures the time of metrics with their errors, compared with other packages in the same run.

    python benchmarks/metrics.py [--rows 1000000]

Prints one line per comparison; `ratio` is our time divided by that of the other package. Needs the `dev` extra.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import ir_measures
import numpy as np
from ir_measures import RR, Qrel, ScoredDoc, Success, nDCG
from lm_eval.api.metrics import bootstrap_stderr
from sklearn.metrics import f1_score, roc_auc_score

from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.scoring.metrics.f1 import f1
from recrm_tasks.scoring.outcomes import Outcome

_BOOTSTRAP_ROWS, _BOOTSTRAP_DRAWS, _DEFAULT_DRAWS = 1_000, 1_000, 100_000


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def behavior(rows: int) -> None:
    """All behavior metrics, compared with scikit-learn's AUC alone."""
    rng = np.random.default_rng(0)
    gold = (rng.random(rows) < 0.2).astype(int)
    exact = np.clip(rng.beta(2, 5, rows) + 0.1 * gold, 0, 1)
    for kind, stated in (("log-probabilities", exact), ("two digits", exact.round(2))):
        made = [Outcome(f"r{i}", int(g), float(p), None) for i, (g, p) in enumerate(zip(gold, stated, strict=True))]
        some = [o if i % 20 else o._replace(value=None, reason="empty") for i, o in enumerate(made)]
        theirs = best(lambda stated=stated: roc_auc_score(gold, stated))
        for name, outcomes in (("all readable", made), ("5 % unreadable", some)):
            ours = best(lambda outcomes=outcomes: PROBABILITY.measure(outcomes))
            print(f"behavior, {rows:,} rows, {kind}, {name}: all metrics {ours:.3f} s, roc_auc_score {theirs:.3f} s, "
                  f"ratio {ours / theirs:.2f}")  # fmt: skip


def _weighted(items: list[tuple[int, int]]) -> float:
    """scikit-learn's F1; a function of the module, because lm-eval's bootstrap calls it in other processes."""
    return float(f1_score(*zip(*items, strict=True), average="weighted"))


def labels(rows: int) -> None:
    """F1 with its error, compared with lm-eval's bootstrap of rows, which is timed on fewer rows and draws."""
    rng = np.random.default_rng(1)
    gold = rng.integers(0, 3, rows)
    answered = np.where(rng.random(rows) < 0.7, gold, rng.integers(0, 3, rows))
    ours = best(lambda: f1(gold, answered, "weighted", None))
    pairs = list(zip(gold[:_BOOTSTRAP_ROWS].tolist(), answered[:_BOOTSTRAP_ROWS].tolist(), strict=True))
    part = best(lambda: bootstrap_stderr(_weighted, pairs, iters=_BOOTSTRAP_DRAWS), times=1)
    whole = part * _DEFAULT_DRAWS / _BOOTSTRAP_DRAWS * rows / _BOOTSTRAP_ROWS
    print(f"f1, {rows:,} rows: {ours:.3f} s; lm-eval's bootstrap {part:.1f} s for {_BOOTSTRAP_ROWS:,} rows and "
          f"{_BOOTSTRAP_DRAWS:,} draws, extrapolated to {_DEFAULT_DRAWS:,} draws {whole:,.0f} s, "
          f"{whole / ours:,.0f} times ours")  # fmt: skip


def lists(count: int) -> None:
    """All ranking metrics with errors, compared with ir_measures (trec_eval's code) without errors."""
    rng = np.random.default_rng(2)
    outcomes, qrels, run = [], [], []
    for q in range(count):
        grades = (1, 0, *rng.integers(0, 2, 8).tolist())
        scores = tuple(rng.permutation(10).astype(float).tolist())
        outcomes.append(Outcome(f"q{q}", grades, scores, None))
        qrels += [Qrel(f"q{q}", f"d{i}", g) for i, g in enumerate(grades)]
        run += [ScoredDoc(f"q{q}", f"d{i}", s) for i, s in enumerate(scores)]
    measures = [nDCG @ 3, nDCG @ 5, Success @ 1, Success @ 3, Success @ 5, RR]
    ours = best(lambda: ORDER.measure(outcomes), times=1)
    theirs = best(lambda: ir_measures.pytrec_eval.calc_aggregate(measures, qrels, run), times=1)
    print(f"ranking, {count:,} lists of 10: {ours:.2f} s, ir_measures {theirs:.2f} s, ratio {ours / theirs:.2f}")


def aggregated(rows: int) -> None:
    """The hybrid score by all forms, and the time of sorting and checking in it."""
    rng = np.random.default_rng(3)
    count = max(10, rows // 5)
    outcomes: dict[str, list[Outcome]] = {}
    for key in RECRM.keys:
        if key == "ranking":
            grades = [tuple(rng.permutation([1, 0, 0, 0, 0]).tolist()) for _ in range(count)]
            made = [(g, tuple(rng.permutation(5).astype(float).tolist())) for g in grades]
        elif key == "behavior":
            made = [(int(g), float(p)) for g, p in zip(rng.integers(0, 2, count), rng.random(count), strict=True)]
        else:
            made = list(zip(rng.integers(0, 2, count).tolist(), rng.integers(0, 2, count).tolist(), strict=True))
        values = () if key in ("ranking", "behavior") else (1.0, 0.0)
        outcomes[key] = [Outcome(f"{key}-{i}", g, v, None, None, values) for i, (g, v) in enumerate(made)]
    parts = best(lambda: [dim.kind.parts(outcomes[key]) for key, dim in RECRM.dimensions.items()], times=1)
    whole = best(lambda: RECRM.hybrid(outcomes), times=1)
    print(f"hybrid, {5 * count:,} outcomes, four forms: {whole:.1f} s, of which parts {parts:.1f} s")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    behavior(rows)
    labels(rows)
    lists(max(10, rows // 13))  # RecRM-Bench has 13 behavior rows per list
    aggregated(rows)


if __name__ == "__main__":
    main()
