"""Agreement of judges against scikit-learn, statsmodels, scipy, a published example and resampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.agreement.declared import Agreed
from recrm_tasks.scoring.agreement.labels import LabelRatings, cohen, fleiss, krippendorff, observed
from recrm_tasks.scoring.agreement.numbers import NumberRatings, interval_alpha, spearman
from recrm_tasks.scoring.agreement.orders import concordance, kendall, same_first
from recrm_tasks.scoring.outcomes import Outcome

NAN = math.nan
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
        [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
    ]
).T
"""Four observers of twelve units, -1 is missing: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011)."""


def judged(kind: Kind, *judges: list) -> dict[str, Agreed]:
    """The measures of some judges' answers; None is unreadable."""
    golds = {"label": 0, "probability": 1, "order": (1, *[0] * 3)}
    values = (1.0, 0.5, 0.0) if kind is LABEL else ()
    rows = [
        [Outcome(f"r{i}", golds[kind.name], v, "empty" if v is None else None, None, values) for i, v in enumerate(one)]
        for one in judges
    ]
    return {one.name: found for one, found in kind.agree(rows).items()}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), min_size=3, max_size=40))
def test_two_judges_of_labels(rows: list[tuple[int, int]]) -> None:
    rated = np.array(rows)
    both = rated[(rated >= 0).all(axis=1)]
    for of in (observed, cohen):
        assert of(LabelRatings(rated, None)).n == len(both)
    if not len(both):
        assert math.isnan(cohen(LabelRatings(rated, None)).value)
        return
    assert observed(LabelRatings(rated, None)).value == pytest.approx((both[:, 0] == both[:, 1]).mean())
    found = cohen(LabelRatings(rated, None))
    table = np.zeros((3, 3))
    np.add.at(table, tuple(both.T), 1)
    with np.errstate(all="ignore"):
        known = cohens_kappa(table)
    assert found.value == pytest.approx(known.kappa, nan_ok=True, abs=1e-9)
    if len(both) > 1 and not math.isnan(found.value):
        factor = math.sqrt(len(both) / (len(both) - 1))
        assert found.stderr == pytest.approx(factor * math.sqrt(max(0.0, known.var_kappa)), abs=1e-6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=2, max_size=30))
def test_fleiss_is_that_of_statsmodels(rows: list[list[int]]) -> None:
    rated = np.array(rows)
    found = fleiss(LabelRatings(rated, None))
    with np.errstate(all="ignore"):
        theirs = fleiss_kappa(aggregate_raters(rated, n_cat=4)[0])
    assert found.value == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    # With all answers, alpha is Fleiss' kappa with a correction for small samples.
    alpha = krippendorff(LabelRatings(rated, None))
    assert 1 - alpha.value == pytest.approx((1 - found.value) * (1 - 1 / rated.size), abs=1e-9, nan_ok=True)


def test_alpha_of_the_published_example() -> None:
    assert krippendorff(LabelRatings(KRIPPENDORFF, None)).value == pytest.approx(0.743, abs=5e-4)
    assert krippendorff(LabelRatings(KRIPPENDORFF, None)).n == 11
    numbers = np.where(KRIPPENDORFF < 0, NAN, KRIPPENDORFF)
    assert interval_alpha(NumberRatings(numbers, None)).value == pytest.approx(0.849, abs=5e-4)
    assert interval_alpha(NumberRatings(1000 + numbers, None)).value == pytest.approx(0.849, abs=5e-4)


def made(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of three judges, some of them unreadable."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    rated = np.stack([np.where(rng.random(n) < 0.7, truth, rng.integers(-1, 3, n)) for _ in range(3)], axis=1)
    stated = np.round(np.clip(truth[:, None] * 0.25 + rng.random((n, 3)) * 0.6, 0, 1), 1)
    return rated, np.where(rng.random((n, 3)) < 0.1, NAN, stated)


@pytest.mark.parametrize("of", [cohen, fleiss, krippendorff, spearman, interval_alpha])
def test_errors_are_the_spread_of_resamples(of) -> None:
    rated, stated = made(250)

    def found(rows: np.ndarray) -> Agreed:
        if of is spearman:
            return of(NumberRatings(stated[rows, :2], None))
        if of is interval_alpha:
            return of(NumberRatings(stated[rows], None))
        return of(LabelRatings(rated[rows], None))

    rng = np.random.default_rng(1)
    spread = np.std([found(rng.integers(0, 250, 250)).value for _ in range(600)], ddof=1)
    assert found(np.arange(250)).stderr == pytest.approx(spread, rel=0.1)


def test_the_same_records_in_clusters_say_no_more() -> None:
    rated, stated = made(150)
    clusters = np.tile(np.arange(150), 2)
    for of in (observed, cohen, fleiss, krippendorff):
        once, twice = of(LabelRatings(rated, None)), of(LabelRatings(np.tile(rated, (2, 1)), clusters))
        assert twice.stderr == pytest.approx(once.stderr, rel=0.02)
        assert (twice.n, twice.clusters) == (2 * once.n, once.n)
    for of, some in ((spearman, stated[:, :2]), (interval_alpha, stated)):
        once, twice = of(NumberRatings(some, None)), of(NumberRatings(np.tile(some, (2, 1)), clusters))
        assert twice.stderr == pytest.approx(once.stderr, rel=0.02)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=2, max_size=40))
def test_spearman_is_that_of_scipy(rows: list[tuple[int, int]]) -> None:
    stated = np.array(rows) / 10
    found = spearman(NumberRatings(stated, None))
    if len(set(stated[:, 0])) == 1 or len(set(stated[:, 1])) == 1:
        assert math.isnan(found.value)
        return
    assert found.value == pytest.approx(stats.spearmanr(stated[:, 0], stated[:, 1]).statistic, abs=1e-9)


ORDERS = st.integers(2, 6).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 4).map(float), min_size=k, max_size=k), min_size=3, max_size=3)
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(orders=ORDERS)
def test_orders_are_those_of_scipy(orders: list[list[float]]) -> None:
    one, other, _ = orders
    theirs = stats.kendalltau(one, other).statistic
    assert kendall((tuple(one), tuple(other))) == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    k = len(one)
    found = concordance([tuple(order) for order in orders])
    if any(len(set(order)) > 1 for order in orders) and k > 2:  # scipy wants three candidates
        with np.errstate(all="ignore"):
            chi = stats.friedmanchisquare(*np.array(orders).T).statistic
        assert found == pytest.approx(chi / (3 * (k - 1)), abs=1e-9)
    assert math.isnan(concordance([(1.0, 1.0), (0.0, 0.0)]))


def test_ties_for_the_first_place_are_broken_at_random() -> None:
    assert same_first([(3.0, 3.0, 1.0), (2.0, 1.0, 0.0)]) == 0.5
    assert same_first([(3.0, 3.0, 1.0), (2.0, 2.0, 0.0)]) == 0.5
    assert same_first([(3.0, 3.0, 1.0), (0.0, 0.0, 1.0)]) == 0


def test_each_kind_declares_its_agreement() -> None:
    same = [0, 1, 2, 1]
    found = judged(LABEL, same, same)
    assert {name: one.value for name, one in found.items()} == {"agreement": 1, "kappa": 1, "kappa_quadratic": 1}
    assert judged(LABEL, same, [0, 1, 1, 1])["kappa_quadratic"].value == pytest.approx(
        cohen_kappa_score(same, [0, 1, 1, 1], weights="quadratic")
    )
    assert set(judged(LABEL, same, same, same)) == {"kappa_fleiss", "alpha"}
    found = judged(PROBABILITY, [0.1, 0.6, None, 0.9], [0.2, 0.7, 0.9, 0.9])
    assert {name: (one.value, one.n) for name, one in found.items()} == {
        "spearman": (1, 3), "agreement": (1, 3), "kappa": (1, 3),
    }  # fmt: skip
    orders = [(3.0, 2.0, 1.0, 0.0), None, (1.0, 1.0, 1.0, 1.0)]
    found = judged(ORDER, orders, [(3.0, 2.0, 0.0, 1.0), (1.0, 2.0, 3.0, 4.0), (1.0, 0.0, 0.0, 0.0)])
    assert (found["tau"].value, found["tau"].n) == (pytest.approx(2 / 3), 1)  # a list with one tie has no tau
    assert (found["agreement"].value, found["agreement"].n) == (pytest.approx((1 + 0.25) / 2), 2)
    assert set(judged(ORDER, orders, orders, orders)) == {"w"}


def test_candidates_asked_about_one_by_one_and_scores_of_contents() -> None:
    rows = [
        Outcome(f"l{i}@{j}", int(j == 0), (i + j) / 9, None, f"l{i}", (), f"l{i}", 3)
        for i in range(4)
        for j in range(3)
    ]
    assert {one.name for one in ORDER.agree([rows, rows])} == {"spearman", "agreement", "kappa"}
    scored = [Outcome(f"r{i}", i % 2, float(i), None, None, (1.0, 0.0), question="q") for i in range(6)]
    ((measure, found),) = LABEL.agree([scored, scored]).items()
    assert (measure.name, found.value) == ("spearman", 1)
    with pytest.raises(RecrmError, match="no common scale"):
        LABEL.jury([scored, scored, scored])


@pytest.mark.parametrize("judges", [2, 3])
def test_what_has_no_value_is_undefined(judges: int) -> None:
    """One label only is 0 / 0: neither agreement nor chance. No answer at all is nothing."""
    for kind, same in ((LABEL, [1] * 5), (PROBABILITY, [0.7] * 5)):
        for name, found in judged(kind, *[same] * judges).items():
            if name == "agreement":
                assert found.value == 1
            else:
                assert math.isnan(found.value), name
    for kind in (LABEL, PROBABILITY, ORDER):
        for found in judged(kind, *[[None] * 4] * judges).values():
            assert math.isnan(found.value)
            assert found.n == 0


@pytest.mark.parametrize(
    ("kind", "answers", "verdict"),
    [
        (LABEL, [1, 1, 2], 1),
        (LABEL, [1, 1, 2, 2, 0], "ambiguous"),
        (LABEL, [0, None, None], 0),
        (LABEL, [0, 1, None], "ambiguous"),
        (LABEL, [None, None, None], "no_answer"),
        (PROBABILITY, [0.2, 0.6], 0.4),
        (PROBABILITY, [0.2, None, 0.6], 0.4),
        (PROBABILITY, [None, None], "no_answer"),
        (ORDER, [(9.0, 5.0, 1.0, 0.0), (3.0, 2.0, 1.0, 0.0), (0.0, 3.0, 2.0, 1.0)], (12.0, 14.0, 8.0, 2.0)),
        (ORDER, [(2.0, 1.0, 0.0, 0.0), (1.0, 2.0, 0.0, 0.0), None], (10.0, 10.0, 2.0, 2.0)),
        (ORDER, [None, None], "no_answer"),
    ],
)
def test_a_jury(kind: Kind, answers: list, verdict: object) -> None:
    judges = [[Outcome("r", 0, value, "empty" if value is None else None)] for value in answers]
    (found,) = kind.jury(judges)
    assert (found.value if found.value is not None else found.reason) == pytest.approx(verdict)
    assert kind.jury(judges[::-1]) == [found]
