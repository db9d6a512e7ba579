"""Declarations of metrics, and what follows from them."""

from __future__ import annotations

import math
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.label import LABEL, LabelKind
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.aggregate.declared import AGGREGATES
from recrm_tasks.scoring.metric import Metric, by_name, columns, count, flat
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.outcomes import Outcome, Reason
from recrm_tasks.scoring.shared_metrics import SHARED

KINDS: list[Kind] = list({d.kind.name: d.kind for d in dimensions().values()}.values())
ROWS = {
    "label": [Outcome(f"r{i}", i % 2, (i // 2) % 2, None, None, (1.0, 0.0)) for i in range(20)],
    "probability": [Outcome(f"r{i}", i % 2, ((7 * i) % 11) / 11, None) for i in range(20)],
    "order": [Outcome(f"r{i}", (1, 0, 0), tuple(float((i + j) % 3) for j in range(3)), None) for i in range(20)],
}
BY_ITEM = [
    Outcome(f"r{i}@{j}", int(j == 0), ((7 * i + 5 * j) % 11) / 11, None, f"r{i}", (), f"r{i}", 3)
    for i in range(20)
    for j in range(3)
]
"""Of the kind `order`, where candidates were asked about one by one."""


def of_all_runs(kind: Kind) -> dict[str, Metric]:
    """The metrics of a kind without those of candidates that are asked about one by one and of scores of contents."""
    return {name: metric for name, metric in kind.declared.items() if metric.is_of("letters", False)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_measures_what_it_declares_in_that_order(kind: Kind) -> None:
    unreadable = ROWS[kind.name][0]._replace(id="x", value=None, reason="empty")
    for rows in ([], ROWS[kind.name], [*ROWS[kind.name], unreadable], [unreadable]):
        assert list(kind.measure(rows)) == list(of_all_runs(kind))
    assert [n for n in columns(of_all_runs(kind)) if not n.startswith("score")] == list(flat(kind.measure([])))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_scores_of_contents_have_the_metrics_that_need_no_threshold(kind: Kind) -> None:
    rows = [row._replace(question=f"q{i // 4}") for i, row in enumerate(ROWS[kind.name]) if row.value is not None]
    if kind.name != "order":
        rows = [row._replace(value=float(row.value) - 7) for row in rows]
    found = kind.measure(rows)
    assert list(found) == [name for name, metric in kind.declared.items() if metric.is_of("content", False)]
    for name, estimate in found.items():
        metric = kind.declared[name]
        assert metric.low <= estimate.value <= metric.high, name
        assert (estimate.stderr is None) == (metric.interval == "none"), name


def test_candidates_asked_about_one_by_one_have_every_metric() -> None:
    unreadable = BY_ITEM[0]._replace(value=None, reason="empty")
    for rows in (BY_ITEM, [*BY_ITEM[1:], unreadable], [unreadable]):
        assert list(ORDER.measure(rows)) == [n for n, m in ORDER.declared.items() if m.is_of("letters", True)]
    for name, estimate in ORDER.measure(BY_ITEM).items():
        metric = ORDER.declared[name]
        assert metric.low <= estimate.value <= metric.high or name == "position_bias", name
        assert (estimate.stderr is None) == (metric.interval == "none"), name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_values_are_in_their_declared_range(kind: Kind) -> None:
    for name, estimate in kind.measure(ROWS[kind.name]).items():
        metric = kind.declared[name]
        assert metric.low <= estimate.value <= metric.high, name
        assert (estimate.stderr is None) == (metric.interval == "none"), name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_metric_moves_the_way_that_is_called_better(kind: Kind) -> None:
    """Perfect answers are at least as good as the worst by every metric that has a better way."""
    best = {"label": lambda g: g, "probability": float, "order": lambda g: tuple(map(float, g))}[kind.name]
    worst = {"label": lambda g: 1 - g, "probability": lambda g: 1.0 - g, "order": lambda g: tuple(-float(x) for x in g)}
    rows = ROWS[kind.name]
    good = kind.measure([row._replace(value=best(row.gold)) for row in rows])
    bad = kind.measure([row._replace(value=worst[kind.name](row.gold)) for row in rows])
    moved = set()
    for name, metric in of_all_runs(kind).items():
        higher = good[name].value - bad[name].value
        moved |= {name} if higher else set()
        assert metric.better == "neither" or not (higher < 0 if metric.better == "higher" else higher > 0), name
    assert {m for m in of_all_runs(kind) if m.startswith(("acc", "auc", "f1", "brier", "ndcg"))} - moved <= {
        "acc_baseline"
    }


def test_position_bias_and_uncertainty_have_no_better_way() -> None:
    assert ORDER.declared["position_bias"].better == "neither"
    assert ORDER.declared["position_bias"].low == -1
    assert PROBABILITY.declared["uncertainty_valid"].better == "neither"
    assert {m.name: m.better for m in SHARED} == {
        "coverage": "higher",
        "acc_baseline": "neither",
        "n": "neither",
        "clusters": "neither",
        **{f"invalid_{reason.value}": "lower" for reason in Reason},
    }


def test_a_metric_declared_twice_is_refused() -> None:
    class Twice(LabelKind):
        name = "twice"
        metrics = (*LABEL.metrics, LABEL.metrics[0])

    with pytest.raises(RecrmError, match="answers of kind 'twice': the metric 'acc' is declared twice"):
        Twice()
    taken = Metric("acc", "x", itemgetter(0), over="all")
    with pytest.raises(RecrmError, match="'acc' is declared twice"):
        by_name([*AGGREGATES, taken, taken], "here")


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"low": 1.0, "high": 0.0}, "its range is empty"),
        ({"low": -1.0, "interval": "share"}, "interval 'share' is only for metrics from 0 to 1"),
        ({"name": "acc_valid"}, "are reserved"),
        ({"name": "acc_stderr"}, "are reserved"),
        ({"name": "score"}, "are reserved"),
    ],
)
def test_what_contradicts_itself_is_refused(declared: dict, said: str) -> None:
    with pytest.raises(RecrmError, match=said):
        Metric(**{"name": "m", "means": "x", "of": itemgetter(0), **declared})


def test_a_new_metric_that_may_be_negative_has_an_interval() -> None:
    """It died in a square root, where every metric was taken for a share."""
    margin = Metric("margin", "right minus wrong", lambda t: Estimate(-0.25, 0.1), low=-1.0)

    class WithMargin(LabelKind):
        name = "margin"
        metrics = (*LABEL.metrics, margin)

    kind = WithMargin()
    numbers = flat(kind.measure(ROWS["label"]))
    assert numbers["margin"] == -0.25
    low, high = kind.interval("margin", numbers)
    assert (low, high) == pytest.approx((-0.25 - 0.195996, -0.25 + 0.195996), abs=1e-5)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_an_interval_stays_in_its_range_whatever_the_numbers(value: float, stderr: float) -> None:
    metric = Metric("m", "x", itemgetter(0), low=-3.0, high=math.inf)
    low, high = metric.reach("m", {"m": max(value, -3.0), "m_stderr": stderr})
    assert -3 <= low <= max(value, -3.0) <= high


def test_counts_have_no_interval() -> None:
    metric = count("shown", "things shown", of=len)
    assert metric.of([1, 2]) == Estimate(2.0, None)
    assert all(math.isnan(x) for x in metric.reach("shown", {"shown": 2.0, "shown_stderr": 1.0}))
    assert all(math.isnan(x) for x in LABEL.interval("nothing", {}))


def test_cancelling_rows_of_clusters_do_not_overflow() -> None:
    """The rows' slopes add up to a rounding error in each cluster: there is no design effect to divide by."""
    cells = [(1, 1), (1, 0), (0, 0), (0, 0)]
    rows = [
        Outcome(f"{g}{i}", gold, value, None, f"g{g}", (1.0, 0.0))
        for g in range(2)
        for i, (gold, value) in enumerate(cells)
    ]
    assert 0 < LABEL.measure(rows)["f1"].stderr < 1
