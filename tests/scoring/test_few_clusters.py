"""Errors, intervals and differences count clusters and not rows; those of one cluster are undefined."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.scoring.compare.paired import of_areas, of_f1, of_shares
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.metrics.auc import auc, influences, pairs_won
from recrm_tasks.scoring.metrics.estimate import error_of
from recrm_tasks.scoring.outcomes import Outcome

VALUES = (0.0, 0.5, 1.0)


def answers(what: str, count: int, seed: int = 0) -> tuple[Kind, list[Outcome]]:
    """So many records with answers that are right more often than not, each record on its own."""
    rng = np.random.default_rng(seed)
    rows: list[Outcome] = []
    for i in range(count):
        name, label = f"r{i:03}", int(rng.integers(0, 3))
        score = round(float(np.clip(rng.normal(0.4 + 0.2 * (label > 0), 0.3), 0, 1)), 2)
        grades = tuple(rng.permutation([2, 0, 0, 0, 0, 0]).tolist())
        scores = tuple((np.array(grades) + rng.normal(0, 1.5, 6)).tolist())
        answered = label if rng.random() < 0.6 else int(rng.integers(0, 3))
        if what == "label":
            rows.append(Outcome(name, label, answered, None, None, VALUES))
        elif what == "probability":
            rows.append(Outcome(name, int(label > 0), score, None))
        elif what == "order":
            rows.append(Outcome(name, grades, scores, None))
        elif what == "by item":
            stated = (np.clip(np.array(scores) / 6 + 0.4, 0, 1)).tolist()
            rows += [
                Outcome(f"{name}.{j}", grade, one, None, name, of_list=name, candidates=6)
                for j, (grade, one) in enumerate(zip(grades, stated, strict=True))
            ]
        else:
            rows.append(Outcome(name, label, score, None, None, VALUES, question=f"q{i // 3}"))
    return {"probability": PROBABILITY, "order": ORDER, "by item": ORDER}.get(what, LABEL), rows


WHAT = ("label", "probability", "order", "by item", "content")


def of_one_user(rows: list[Outcome]) -> list[Outcome]:
    return [row._replace(group="u") for row in rows]


@pytest.mark.parametrize("what", WHAT)
def test_of_one_cluster_no_error_and_no_interval_is_known(what: str) -> None:
    kind, rows = answers(what, 40)
    found = flat(kind.measure(of_one_user(rows)))
    assert found["clusters"] == 1
    errors = [name for name in found if name.endswith("_stderr")]
    assert errors
    for name in errors:
        metric = name.removesuffix("_stderr")
        assert math.isnan(found[name]), name
        assert all(math.isnan(end) for end in kind.interval(metric, found)), metric


@pytest.mark.parametrize("what", WHAT)
def test_of_one_cluster_no_difference_is_known(what: str) -> None:
    kind, rows = answers(what, 40)
    others = [one._replace(gold=row.gold) for one, row in zip(answers(what, 40, 1)[1], rows, strict=True)]
    for metric, found in kind.compare(of_one_user(rows), of_one_user(others)).items():
        assert found.value != 0, metric
        assert all(math.isnan(x) for x in (found.stderr, found.low, found.high, found.p)), metric


@pytest.mark.parametrize("what", ["label", "probability", "content"])
@pytest.mark.parametrize("times", [2, 10])
def test_records_that_are_repeated_say_no_more(what: str, times: int) -> None:
    """Epochs that all gave the same answer. F1's error is of draws of the same number of rows."""
    kind, rows = answers(what, 60)
    once, again = flat(kind.measure(rows)), flat(kind.measure(rows * times))
    for name, value in once.items():
        if name not in ("n", "pairs"):
            assert again[name] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), name
            assert kind.interval(name, again) == pytest.approx(kind.interval(name, once), nan_ok=True), name


@pytest.mark.parametrize("what", ["label", "probability", "content"])
def test_two_runs_on_repeated_records_differ_by_no_less(what: str) -> None:
    kind, rows = answers(what, 60)
    others = [one._replace(gold=row.gold) for one, row in zip(answers(what, 60, 1)[1], rows, strict=True)]
    same = list(rows)
    for second in (others, same):
        once, again = kind.compare(rows, second), kind.compare(rows * 10, second * 10)
        for name, found in once.items():
            assert again[name][:6] == pytest.approx(found[:6], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("rare", [0, 1])
@pytest.mark.parametrize("epochs", [1, 10])
def test_the_area_needs_two_clusters_of_either_class(rare: int, epochs: int) -> None:
    """One record of a class, asked again and again, says nothing of others like it."""
    rng = np.random.default_rng(0)
    rows = [
        Outcome(f"r{i}", rare if i == 0 else 1 - rare, float(rng.random()), None)
        for i in range(10)
        for _ in range(epochs)
    ]
    found = flat(PROBABILITY.measure(rows))
    assert found["clusters_rarer"] == 1
    assert math.isnan(found["auc_stderr"])
    assert all(math.isnan(end) for end in PROBABILITY.interval("auc", found))
    change = PROBABILITY.compare(rows, [row._replace(value=1 - row.value) for row in rows])["auc"]
    assert all(math.isnan(x) for x in (change.stderr, change.low, change.high, change.p))


def test_of_several_values_too() -> None:
    """The area of scores of contents: ten users with the value 0, and one with both others."""
    rows = [Outcome(f"r{i}", 0, i / 10, None, f"u{i}", VALUES, question="q") for i in range(10)]
    rows += [Outcome(f"s{i}", 1 + i % 2, 0.3 + i / 10, None, "u", VALUES, question="q") for i in range(6)]
    rows = [row._replace(question=f"q{i}") for i, row in enumerate(rows)]
    found = flat(LABEL.measure(rows))
    assert (found["clusters"], found["clusters_rarer"]) == (11, 1)
    assert math.isnan(found["auc_stderr"])
    change = LABEL.compare(rows, [row._replace(value=-row.value) for row in rows])["auc"]
    assert math.isnan(change.stderr)
    assert math.isnan(change.p)


def wilson(clusters: int) -> tuple[float, float]:
    found = binomtest(clusters, clusters).proportion_ci(method="wilson")
    return found.low, found.high


@pytest.mark.parametrize("epochs", [1, 20])
def test_a_perfect_area_counts_the_clusters_of_the_rarer_class(epochs: int) -> None:
    rows = [Outcome(f"r{i}", i % 2, 0.9 if i % 2 else 0.1, None) for i in range(10) for _ in range(epochs)]
    for one, interval in ((rows, wilson(5)), ([row._replace(value=1 - row.value) for row in rows], wilson(5)[::-1])):
        found = flat(PROBABILITY.measure(one))
        expected = interval if found["auc"] == 1 else tuple(1 - end for end in interval)
        assert PROBABILITY.interval("auc", found) == pytest.approx(expected)


def test_a_perfect_area_of_three_users() -> None:
    rows = [Outcome(f"r{i}", i % 2, 0.9 if i % 2 else 0.1, None, f"u{i % 3}") for i in range(600)]
    found = flat(PROBABILITY.measure(rows))
    assert found["auc"] == 1
    assert PROBABILITY.interval("auc", found) == pytest.approx(wilson(3)) == PROBABILITY.interval("acc", found)


def test_a_perfect_area_of_candidates_counts_lists() -> None:
    """Each list has a positive, so that there are as many clusters of positives as lists."""
    rows = [
        Outcome(f"l{i}.{j}", int(j == 0), 0.9 if j == 0 else 0.1, None, f"l{i}", of_list=f"l{i}", candidates=8)
        for i in range(12)
        for j in range(8)
    ]
    found = flat(ORDER.measure(rows))
    assert (found["auc_pooled"], found["clusters_rarer"]) == (1, 12)
    assert ORDER.interval("auc_pooled", found) == pytest.approx(wilson(12))


def test_results_of_earlier_versions_do_not_count_rows_either() -> None:
    """They do not have the number of clusters of the rarer class: it is estimated from its share of the rows."""
    rows = [Outcome(f"r{i}", i % 2, 0.9 if i % 2 else 0.1, None) for i in range(10) for _ in range(20)]
    found = flat(PROBABILITY.measure(rows))
    del found["clusters_rarer"]
    assert PROBABILITY.interval("auc", found) == pytest.approx(wilson(5))


@given(
    golds=st.lists(st.integers(0, 1), min_size=1, max_size=60),
    scores=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan]), min_size=60, max_size=60),
)
@settings(deadline=None)
def test_rows_on_their_own_keep_every_bit(golds: list[int], scores: list[float]) -> None:
    """The formulas of DeLong et al. with rows, which are those with clusters of one row each."""
    gold, stated = np.array(golds), np.array(scores[: len(golds)])
    positive = gold == 1
    p, n = int(positive.sum()), int((~positive).sum())
    value, influence = influences(gold, stated, None)
    if p < 2 or n < 2:
        assert np.isnan(influence).all()
        return
    twice = pairs_won(positive, stated)
    won_more = (twice / (2 * n) - value) / math.sqrt(p * (p - 1))
    lost_less = (twice / (2 * p) - value) / math.sqrt(n * (n - 1))
    assert influence.tolist() == np.where(positive, won_more, lost_less).tolist()
    assert influence.tolist() == influences(gold, stated, np.arange(len(gold)))[1].tolist()


@given(positives=st.integers(2, 60), negatives=st.integers(2, 60))
@settings(deadline=None)
def test_the_interval_of_rows_on_their_own_keeps_every_bit(positives: int, negatives: int) -> None:
    rows = [Outcome(f"r{i}", int(i < positives), float(i < positives), None) for i in range(positives + negatives)]
    found = flat(PROBABILITY.measure(rows))
    assert found["clusters_rarer"] == min(positives, negatives)
    without = {name: value for name, value in found.items() if name != "clusters_rarer"}
    assert PROBABILITY.interval("auc", found) == PROBABILITY.interval("auc", without)
    theirs = proportion_confint(min(positives, negatives), min(positives, negatives), method="wilson")
    assert PROBABILITY.interval("auc", found) == pytest.approx((theirs[0], min(1, theirs[1])))


def users(rng: np.random.Generator, count: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of users; how well the scores of one fit depends on the user."""
    user = np.repeat(np.arange(count), rows)
    gold = rng.integers(0, 2, count * rows)
    return gold, (2 * gold - 1) * rng.normal(0.4, 0.5, count)[user] + rng.normal(0, 1, count * rows), user


def test_the_area_of_few_users_spreads_as_its_error_says() -> None:
    """By simulation. The error by rows is a third of it."""
    rng = np.random.default_rng(1)
    found = [auc(*users(rng, 8, 40)) for _ in range(500)]
    spread = np.std([one.value for one in found], ddof=1)
    assert math.sqrt(np.mean([one.stderr**2 for one in found])) == pytest.approx(spread, rel=0.08)
    assert np.mean([auc(*users(rng, 8, 40)[:2], None).stderr for _ in range(20)]) < spread / 1.8


def test_the_area_of_few_records_asked_often_spreads_as_its_error_says() -> None:
    """By simulation: three positive records, ten epochs."""
    rng = np.random.default_rng(2)
    gold = np.repeat(np.arange(20) < 3, 10).astype(np.int64)
    record = np.repeat(np.arange(20), 10)
    found = []
    for _ in range(1500):
        of_record = rng.normal((np.arange(20) < 3) * 0.8, 1.0)
        found.append(auc(gold, of_record[record] + rng.normal(0, 0.1, 200), record))
    spread = np.std([one.value for one in found], ddof=1)
    assert math.sqrt(np.mean([one.stderr**2 for one in found])) == pytest.approx(spread, rel=0.06)


@pytest.mark.parametrize("pattern", [(1, 0), (1, 0, 0), (1, 1, 0), (1, 0, 0, 0, 0)])
def test_rows_that_cancel_out_within_clusters_leave_no_error_of_rounding(pattern: tuple[int, ...]) -> None:
    """Every user has the same share: their spread is 0, not 1e-17, and each user is a trial."""
    rows = [
        Outcome(f"r{user}.{j}", 1, right, None, f"u{user}", (0.0, 1.0))
        for user in range(7)
        for j, right in enumerate(pattern)
    ]
    found = flat(LABEL.measure(rows))
    assert found["acc_stderr"] == found["acc_balanced_stderr"] == 0
    low, high = proportion_confint(7 * found["acc"], 7, method="wilson")
    assert LABEL.interval("acc", found) == pytest.approx((low, high))


def test_areas_that_are_the_same_for_all_users_leave_no_error_of_rounding() -> None:
    of_user = [(1, 0.3), (1, 0.9), (0, 0.5), (0, 0.1), (0, 0.7)]
    rows = [Outcome(f"r{u}.{j}", g, p, None, f"u{u}") for u in range(7) for j, (g, p) in enumerate(of_user)]
    found = flat(PROBABILITY.measure(rows))
    assert found["auc_stderr"] == found["brier_stderr"] == found["ece_stderr"] == 0
    low, high = proportion_confint(7 * found["auc"], 7, method="wilson")
    assert PROBABILITY.interval("auc", found) == pytest.approx((low, high))
    change = PROBABILITY.compare(rows, [row._replace(value=1 - row.value) for row in rows])["auc"]
    assert change.stderr == 0


@given(
    rows=st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 5)), min_size=2, max_size=60),
)
@settings(deadline=None)
def test_the_error_is_that_of_the_sums_of_clusters(rows: list[tuple[float, int]]) -> None:
    """By loops. An error that is not of rounding stays."""
    rows.sort(key=lambda row: row[1])
    values, clusters = (np.array(column) for column in zip(*rows, strict=True))
    sums = [math.fsum(value for value, _ in group) for _, group in groupby(rows, key=lambda row: row[1])]
    found = error_of(values, clusters)
    if len(sums) < 2:
        assert math.isnan(found)
    else:
        expected = math.sqrt(len(sums) / (len(sums) - 1) * math.fsum(x * x for x in sums))
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("second", [True, False], ids=["no difference", "all fell"])
def test_shares_without_a_spread_have_the_interval_of_clusters(second: bool) -> None:
    """600 rows of three users, all right in the first run and all alike in the second: three trials, not 600."""
    clusters = np.arange(600) % 3
    found = of_shares(np.ones(600, dtype=bool), np.full(600, second), clusters)
    three = of_shares(np.ones(3, dtype=bool), np.full(3, second), None)
    assert (found.low, found.high) == pytest.approx((three.low, three.high))


def test_one_cluster_with_and_without_a_difference() -> None:
    gold = np.tile([0, 1], 20)
    first, second = np.where(np.arange(40) < 30, gold, 1 - gold), np.where(np.arange(40) < 10, gold, 1 - gold)
    one = np.zeros(40, dtype=np.int64)
    for other in (first, second):
        for found in (
            of_f1(gold, first, other, "weighted", one),
            of_shares(gold == first, gold == other, one),
            of_areas(gold, first.astype(float), other.astype(float), one),
        ):
            assert all(math.isnan(x) for x in (found.stderr, found.low, found.high, found.p)), found
