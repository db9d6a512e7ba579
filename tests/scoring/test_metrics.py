"""Metrics against other people's implementations, against brute force, and by their properties."""

from __future__ import annotations

import itertools
import math
import random

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, Qrel, ScoredDoc, Success, nDCG
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, roc_auc_score

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.aggregate.mean import mean_score
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.metrics import ranked_list as of_lists
from recrm_tasks.scoring.metrics.calibration import reliability_curve
from recrm_tasks.scoring.metrics.estimate import Estimate, mean, total
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason

NO = Reason.NO_ANSWER.value
COUNTS = {"n", "clusters", *(f"invalid_{reason.value}" for reason in Reason)}


def outcomes(gold, values, ids=None):
    """One outcome per row; None is an unreadable answer."""
    ids = ids or [f"r{i:05}" for i in range(len(gold))]
    return [Outcome(i, g, v, NO if v is None else None) for i, g, v in zip(ids, gold, values, strict=True)]


LABELS = st.integers(2, 4).flatmap(
    lambda k: st.lists(
        st.tuples(st.integers(0, k - 1), st.one_of(st.none(), st.integers(0, k - 1))), min_size=1, max_size=40
    )
)
KNOWN = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.floats(0, 1))
PROBABILITIES = st.lists(st.tuples(st.integers(0, 1), st.one_of(st.none(), KNOWN)), min_size=1, max_size=40)


@st.composite
def lists(draw, readable=False):
    """Grades with at least one positive and one negative, and scores with ties, or None."""
    more = draw(st.lists(st.integers(0, 2), max_size=4))
    grades = draw(st.permutations([0, draw(st.integers(1, 2)), *more]))
    scores = draw(st.lists(st.integers(0, 3).map(float), min_size=len(grades), max_size=len(grades)))
    return tuple(grades), tuple(scores) if readable or draw(st.booleans()) else None


def same(a, b):
    """Bitwise, NaN being itself."""
    return {k: np.float64(v).tobytes() for k, v in a.items()} == {k: np.float64(v).tobytes() for k, v in b.items()}


# --- labels: scikit-learn --------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=LABELS)
def test_labels_against_scikit_learn(rows):
    gold, values = [g for g, _ in rows], [v for _, v in rows]
    found = flat(LABEL.measure(outcomes(gold, values)))
    predicted = [-1 if v is None else v for v in values]
    labels = sorted({*gold, *predicted} - {-1})
    assert found["acc"] == pytest.approx(accuracy_score(gold, predicted), abs=1e-15)
    assert found["f1"] == pytest.approx(f1_score(gold, predicted, average="weighted", zero_division=0), abs=1e-12)
    macro = f1_score(gold, predicted, labels=labels, average="macro", zero_division=0)
    assert found["f1_macro"] == pytest.approx(macro, abs=1e-12)
    assert found["coverage"] == pytest.approx(sum(v is not None for v in values) / len(rows), abs=1e-15)
    assert found["acc_baseline"] == max(gold.count(g) for g in gold) / len(gold)
    assert found["n"] == found["clusters"] == len(rows)
    assert found[f"invalid_{NO}"] == sum(v is None for v in values)
    kept = [(g, v) for g, v in rows if v is not None]
    if kept:
        valid_gold, valid = zip(*kept, strict=True)
        assert found["acc_valid"] == pytest.approx(accuracy_score(valid_gold, valid), abs=1e-15)
        f1_valid = f1_score(valid_gold, valid, average="weighted", zero_division=0)
        assert found["f1_valid"] == pytest.approx(f1_valid, abs=1e-12)
        f1_macro = f1_score(valid_gold, valid, average="macro", zero_division=0)
        assert found["f1_macro_valid"] == pytest.approx(f1_macro, abs=1e-12)
    else:
        assert math.isnan(found["acc_valid"])
        assert math.isnan(found["f1_valid"])


@pytest.mark.parametrize("right", [0, 1, 5, 148, 296, 297])
def test_f1_of_one_gold_class_follows_from_the_accuracy(right):
    """The identity that shows that the published FC figures are weighted F1 (DESIGN.md)."""
    found = flat(LABEL.measure(outcomes([0] * 297, [0] * right + [1] * (297 - right))))
    assert found["f1"] == pytest.approx(2 * found["acc"] / (1 + found["acc"]), abs=1e-15)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=LABELS, names=st.permutations(range(4)))
def test_names_of_labels_do_not_matter(rows, names):
    one = flat(LABEL.measure(outcomes([g for g, _ in rows], [v for _, v in rows])))
    renamed = [(names[g], None if v is None else names[v]) for g, v in rows]
    two = flat(LABEL.measure(outcomes([g for g, _ in renamed], [v for _, v in renamed])))
    for name in ("acc", "acc_stderr", "coverage", "acc_baseline", "n", "acc_valid"):
        assert one[name] == pytest.approx(two[name], abs=1e-15, nan_ok=True), name
    for name in ("f1", "f1_macro", "f1_valid"):
        assert one[name] == pytest.approx(two[name], abs=1e-12, nan_ok=True), name


# --- probabilities ---------------------------------------------------------------------------------------------------


def pairs_won(rows):
    """AUC by all pairs: an unreadable answer loses each of its pairs."""
    won, pairs = 0.0, 0
    for gold, value in rows:
        for other_gold, other in rows:
            if gold == 1 and other_gold == 0:
                pairs += 1
                if value is not None and other is not None:
                    won += 1.0 if value > other else 0.5 if value == other else 0.0
    return won / pairs if pairs else math.nan


def naive_ece(rows):
    """The documented bins: equal mass over the readable rows, equal probabilities together; unreadable costs 1."""
    known = sorted((v, g) for g, v in rows if v is not None)
    bins = {}
    for value, gold in known:
        first = min(i for i, (v, _) in enumerate(known) if v == value)
        bins.setdefault(first * 10 // len(known), []).append(value - gold)
    return (sum(abs(sum(gaps)) for gaps in bins.values()) + len(rows) - len(known)) / len(rows)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=PROBABILITIES)
def test_probabilities_against_brute_force(rows):
    found = flat(PROBABILITY.measure(outcomes([g for g, _ in rows], [v for _, v in rows])))
    valid = [(g, v) for g, v in rows if v is not None]
    assert found["auc"] == pytest.approx(pairs_won(rows), abs=1e-12, nan_ok=True)
    assert found["auc_valid"] == pytest.approx(pairs_won(valid), abs=1e-12, nan_ok=True)
    losses = [1.0 if v is None else (v - g) ** 2 for g, v in rows]
    assert found["brier"] == pytest.approx(sum(losses) / len(rows), abs=1e-12)
    assert found["ece"] == pytest.approx(naive_ece(rows), abs=1e-12)
    hits = [v is not None and (v >= 0.5) == (g == 1) for g, v in rows]
    assert found["acc"] == pytest.approx(sum(hits) / len(rows), abs=1e-15)
    if valid:
        assert found["ece_valid"] == pytest.approx(naive_ece(valid), abs=1e-12)
        parts = [found[f"{part}_valid"] for part in ("reliability", "resolution", "uncertainty")]
        assert parts[0] - parts[1] + parts[2] == pytest.approx(found["brier_valid"], abs=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.integers(0, 1), KNOWN), min_size=2, max_size=60))
def test_probabilities_against_scikit_learn(rows):
    gold, values = zip(*rows, strict=True)
    found = flat(PROBABILITY.measure(outcomes(gold, values)))
    assert found["brier"] == pytest.approx(brier_score_loss(gold, values, pos_label=1), abs=1e-12)
    assert found["brier"] == found["brier_valid"]
    assert found["auc"] == pytest.approx(found["auc_valid"], abs=0, nan_ok=True)
    if len(set(gold)) == 2:
        assert found["auc"] == pytest.approx(roc_auc_score(gold, values), abs=1e-12)
    else:
        assert math.isnan(found["auc"])
        assert math.isnan(found["auc_stderr"])


def test_ece_of_ten_equal_bins():
    """By hand: 20 rows, two a bin; every bin's gap is |0.05 - 0.5| at p = 0.05 …, all labels alternate."""
    values = [0.05 + 0.1 * (i // 2) for i in range(20)]
    found = flat(PROBABILITY.measure(outcomes([i % 2 for i in range(20)], values)))
    by_hand = sum(abs(0.05 + 0.1 * b - 0.5) for b in range(10)) / 10
    assert found["ece"] == pytest.approx(by_hand, abs=1e-12)


def test_perfect_and_inverted_probabilities():
    gold = [0, 1] * 10
    perfect = flat(PROBABILITY.measure(outcomes(gold, [float(g) for g in gold])))
    inverted = flat(PROBABILITY.measure(outcomes(gold, [1.0 - g for g in gold])))
    assert [perfect[m] for m in ("auc", "acc", "f1", "brier", "ece")] == [1, 1, 1, 0, 0]
    assert [inverted[m] for m in ("auc", "acc", "f1", "brier", "ece")] == [0, 0, 0, 1, 1]
    constant = flat(PROBABILITY.measure(outcomes(gold, [0.5] * 20)))
    assert constant["auc"] == 0.5
    assert constant["ece"] == 0


# --- rankings --------------------------------------------------------------------------------------------------------

MEASURES = {
    "auc": of_lists.list_auc,
    "acc": of_lists.top_hit,
    "hr@3": lambda g, s: of_lists.hit_rate(g, s, 3),
    "hr@5": lambda g, s: of_lists.hit_rate(g, s, 5),
    "ndcg@3": lambda g, s: of_lists.ndcg(g, s, 3),
    "ndcg@5": lambda g, s: of_lists.ndcg(g, s, 5),
    "mrr": of_lists.reciprocal_rank,
}


def of_one_order(ranked):
    """All metrics of a strict order of grades, straight from their definitions."""
    positives = [i for i, g in enumerate(ranked, 1) if g > 0]
    negatives = [i for i, g in enumerate(ranked, 1) if g == 0]

    def dcg(grades, k):
        return sum(g / math.log2(i + 1) for i, g in enumerate(grades[:k], 1))

    best = sorted(ranked, reverse=True)
    return {
        "auc": sum(p < n for p in positives for n in negatives) / (len(positives) * len(negatives)),
        "acc": float(ranked[0] > 0),
        "hr@3": float(positives[0] <= 3),
        "hr@5": float(positives[0] <= 5),
        "ndcg@3": dcg(ranked, 3) / dcg(best, 3),
        "ndcg@5": dcg(ranked, 5) / dcg(best, 5),
        "mrr": 1 / positives[0],
    }


@settings(max_examples=60, deadline=None, derandomize=True)
@given(one=lists(readable=True))
def test_ties_count_at_their_expected_value(one):
    """The mean over every order in which the ties may be broken."""
    grades, scores = one
    orders = [
        [grades[i] for i in order]
        for order in itertools.permutations(range(len(grades)))
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order))
    ]
    expected = [of_one_order(ranked) for ranked in orders]
    for name, measure in MEASURES.items():
        assert measure(grades, scores) == pytest.approx(sum(e[name] for e in expected) / len(expected), abs=1e-12), name


@pytest.mark.parametrize("seed", range(5))
def test_rankings_against_ir_measures(seed):
    """The trec_eval code behind ir_measures breaks ties by id, so these lists have none."""
    rng = random.Random(seed)
    rows, qrels, run = [], [], []
    for q in range(40):
        length = rng.randint(2, 12)
        grades = [0, 1] + [rng.choice([0, 0, 1, 2]) for _ in range(length - 2)]
        scores = [float(x) for x in rng.sample(range(100), length)]
        rows.append(Outcome(f"q{q:02}", tuple(grades), tuple(scores), None))
        qrels += [Qrel(f"q{q:02}", f"d{i}", g) for i, g in enumerate(grades)]
        run += [ScoredDoc(f"q{q:02}", f"d{i}", s) for i, s in enumerate(scores)]
    theirs = {
        "ndcg@3": nDCG @ 3,
        "ndcg@5": nDCG @ 5,
        "hr@3": Success @ 3,
        "hr@5": Success @ 5,
        "mrr": RR,
        "acc": Success @ 1,
    }
    expected = ir_measures.pytrec_eval.calc_aggregate(theirs.values(), qrels, run)
    found = flat(ORDER.measure(rows))
    for name, measure in theirs.items():
        assert found[name] == pytest.approx(expected[measure], abs=1e-9), name
    aucs = [roc_auc_score([g > 0 for g in r.gold], r.value) for r in rows]
    assert found["auc"] == pytest.approx(np.mean(aucs), abs=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=st.lists(lists(), min_size=1, max_size=8))
def test_ranking_means(rows):
    """An unreadable list counts 0 in the plain metric and not at all in the `_valid` one."""
    found = flat(ORDER.measure(outcomes([g for g, _ in rows], [s for _, s in rows])))
    for name, measure in MEASURES.items():
        values = [0.0 if s is None else measure(g, s) for g, s in rows]
        assert found[name] == pytest.approx(sum(values) / len(values), abs=1e-12), name
    for name in MEASURES:
        values = [MEASURES[name](g, s) for g, s in rows if s is not None]
        expected = sum(values) / len(values) if values else math.nan
        assert found[f"{name}_valid"] == pytest.approx(expected, abs=1e-12, nan_ok=True)
    share = [sum(g > 0 for g in grades) / len(grades) for grades, _ in rows]
    assert found["acc_baseline"] == pytest.approx(sum(share) / len(share), abs=1e-12)


def test_candidates_left_out_share_the_bottom():
    """The one positive is not named: it is at a random place behind the three that are."""
    scores = (6.0, 5.0, 4.0, 0.0, 0.0, 0.0)
    assert of_lists.reciprocal_rank((0, 0, 0, 1, 0, 0), scores) == pytest.approx((1 / 4 + 1 / 5 + 1 / 6) / 3)
    assert of_lists.list_auc((0, 0, 0, 1, 0, 0), scores) == pytest.approx(1 / 5)
    assert of_lists.hit_rate((0, 0, 0, 1, 0, 0), scores, 5) == pytest.approx(2 / 3)
    assert of_lists.hit_rate((0, 0, 0, 1, 0, 0), scores, 3) == 0


# --- properties of all kinds -----------------------------------------------------------------------------------------

KINDS = {
    "labels": (LABEL.measure, LABELS),
    "probabilities": (PROBABILITY.measure, PROBABILITIES),
    "rankings": (ORDER.measure, st.lists(lists(), min_size=1, max_size=15)),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_order_of_outcomes_does_not_matter_to_the_last_bit(kind, data):
    measure, strategy = KINDS[kind]
    rows = data.draw(strategy)
    ids = [f"r{data.draw(st.integers(0, len(rows)))}" for _ in rows] if data.draw(st.booleans()) else None
    if ids is not None:  # epochs: rows of one id have one gold
        gold_of = dict(zip(ids, [g for g, _ in rows], strict=True))
        rows = [(gold_of[i], v) for i, (_, v) in zip(ids, rows, strict=True)]
        if kind == "rankings":
            rows = [(g, v if v and len(v) == len(g) else None) for g, v in rows]
    all_rows = outcomes([g for g, _ in rows], [v for _, v in rows], ids)
    shuffled = data.draw(st.permutations(all_rows))
    assert same(flat(measure(all_rows)), flat(measure(shuffled)))
    logged = [Outcome.from_json([list(x) if isinstance(x, tuple) else x for x in o]) for o in all_rows]
    assert same(flat(measure(all_rows)), flat(measure(logged)))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_ranges(kind, data):
    measure, strategy = KINDS[kind]
    rows = data.draw(strategy)
    found = measure(outcomes([g for g, _ in rows], [v for _, v in rows]))
    declared = measure.__self__.declared
    for name, (value, stderr) in found.items():
        if name not in COUNTS and not name.startswith("resolution") and not math.isnan(value):
            assert declared[name].low <= value <= declared[name].high, name
            assert stderr is None or not stderr < 0, name


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_an_unreadable_answer_never_helps(kind, data):
    """Nobody gains in a strict figure by not answering; losses never fall."""
    measure, strategy = KINDS[kind]
    rows = data.draw(strategy)
    which = data.draw(st.integers(0, len(rows) - 1))
    before = flat(measure(outcomes([g for g, _ in rows], [v for _, v in rows])))
    silent = [None if i == which else v for i, (_, v) in enumerate(rows)]
    after = flat(measure(outcomes([g for g, _ in rows], silent)))
    for name in ("acc", "auc", "hr@3", "hr@5", "ndcg@3", "ndcg@5", "mrr", "coverage"):
        if name in before and not math.isnan(before[name]):
            assert after[name] <= before[name] + 1e-12, name
    if "brier" in before:
        assert after["brier"] >= before["brier"] - 1e-12
    for name in ("acc", "auc"):
        if name in after and not math.isnan(after[f"{name}_valid"]):
            assert after[name] <= after[f"{name}_valid"] + 1e-12, name


@pytest.mark.parametrize("key", list(dimensions()))
def test_no_outcomes_and_one_outcome(key):
    kind = dimension(key)
    nothing = flat(kind.metrics([]))
    assert nothing["n"] == 0
    counts = COUNTS | {"clusters_rarer"} & nothing.keys()
    assert all(math.isnan(v) for name, v in nothing.items() if name not in counts)
    assert all(nothing[name] == 0 for name in counts)
    gold = (0, 1) if key == "ranking" else 1
    for answer in (Answer((2.0, 1.0) if key == "ranking" else 1.0 if key == "behavior" else 1), Answer(None, NO)):
        one = flat(kind.metrics([Outcome.of("a", gold, answer)]))
        assert set(one) == set(nothing)
        assert one["n"] == 1
        assert one["coverage"] == float(answer.reason is None)
        assert math.isnan(one["acc_stderr"])


@pytest.mark.parametrize("key", list(dimensions()))
def test_score_repeats_the_primary_metric(key):
    kind = dimension(key)
    rows = {
        "ranking": outcomes([(0, 1), (1, 0), (0, 0, 1)], [(1.0, 2.0), None, (3.0, 2.0, 1.0)]),
        "behavior": outcomes([0, 1, 1, 0], [0.3, 0.8, None, 0.8]),
    }.get(key, outcomes([0, 1, 1], [0, 0, None]))
    found = kind.metrics(rows)
    assert next(iter(found)) == "score"
    assert found["score"] == found[kind.primary]
    assert found["score"].stderr is not None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(values=st.lists(st.floats(0, 1), min_size=2, max_size=20), times=st.integers(2, 4))
def test_repeated_rows_are_clusters(values, times):
    """Asking the same records again gives no information about others: the standard error of the mean stays."""
    once = mean(np.array(values), None)
    again = mean(np.repeat(values, times), np.repeat(np.arange(len(values)), times))
    assert again.value == pytest.approx(once.value, abs=1e-15)
    assert again.stderr == pytest.approx(once.stderr, abs=1e-12)
    assert once.stderr == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)), abs=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=2, max_size=20))
def test_clustered_standard_error_has_the_stated_form(rows):
    """sqrt(G / (G - 1) · Σ_g (Σ_i residual)²) / n, rows being in any order."""
    found = mean(np.array([v for _, v in rows]), np.array([i for i, _ in rows]))
    centre = np.mean([v for _, v in rows])
    sums = [sum(v - centre for i, v in rows if i == g) for g in {i for i, _ in rows}]
    if len(sums) < 2:
        assert math.isnan(found.stderr)
    else:
        expected = math.sqrt(len(sums) / (len(sums) - 1) * sum(s * s for s in sums)) / len(rows)
        assert found.stderr == pytest.approx(expected, abs=1e-12)


def test_epochs_of_a_label_task_keep_the_errors():
    rng = np.random.default_rng(1)
    gold = rng.integers(0, 2, 60)
    predicted = np.where(rng.random(60) < 0.7, gold, 1 - gold)
    once = LABEL.measure(outcomes(gold.tolist(), predicted.tolist()))
    twice = LABEL.measure(outcomes(gold.tolist(), predicted.tolist()) * 2)
    for name in ("acc", "coverage", "f1", "f1_macro", "acc_valid", "f1_valid", "mcc", "kappa", "acc_balanced"):
        assert twice[name].value == pytest.approx(once[name].value, abs=1e-15), name
        assert twice[name].stderr == pytest.approx(once[name].stderr, rel=1e-9, abs=1e-15), name
    assert twice["n"].value == 120


def test_mean_score():
    found = mean_score({"a": Estimate(0.5, 0.03), "b": Estimate(0.7, 0.04)})
    assert found.value == pytest.approx(0.6)
    assert found.stderr == pytest.approx(0.025)
    assert all(math.isnan(x) for x in mean_score({}))
    assert math.isnan(mean_score({"a": Estimate(0.5, 0.1), "b": Estimate(math.nan, math.nan)}).value)
    assert math.isnan(mean_score({"a": Estimate(0.5, None)}).stderr)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values=st.lists(st.floats(-1e6, 1e6), max_size=60), data=st.data())
def test_sums_are_exact_and_blind_to_order(values, data):
    found = total(np.array(values, dtype=float))
    largest = max((abs(v) for v in values), default=0)
    assert found == pytest.approx(math.fsum(values), rel=1e-15, abs=largest * 2.0**-90)
    assert total(np.array(data.draw(st.permutations(values)), dtype=float)) == found


@pytest.mark.parametrize("scale", [1e-310, 1e-190, 1.0, 1e190, 1e250])
def test_sums_of_any_scale(scale):
    values = np.array([0.1, 0.2, -0.3, 0.7]) * scale
    assert total(values) == pytest.approx(math.fsum(values), rel=1e-14)


def test_murphys_decomposition_where_each_bin_has_one_probability():
    """By hand (Murphy 1973): ten probabilities, each stated a hundred times."""
    rng = np.random.default_rng(2)
    stated = np.repeat(np.arange(10) / 10 + 0.05, 100)
    gold = (rng.random(1000) < stated**2).astype(int)
    found = flat(PROBABILITY.measure(outcomes(gold.tolist(), stated.tolist())))
    shares, over_all = gold.reshape(10, 100).mean(axis=1), gold.mean()
    assert found["reliability_valid"] == pytest.approx(np.mean((stated[::100] - shares) ** 2), abs=1e-12)
    assert found["resolution_valid"] == pytest.approx(np.mean((shares - over_all) ** 2), abs=1e-12)
    assert found["uncertainty_valid"] == pytest.approx(over_all * (1 - over_all), abs=1e-12)


@pytest.mark.slow
def test_errors_of_the_decomposition_agree_with_a_bootstrap():
    rng = np.random.default_rng(4)
    stated = rng.beta(2, 3, 600)
    gold = (rng.random(600) < stated**1.5).astype(int)
    names = ("reliability_valid", "resolution_valid", "uncertainty_valid")
    found = PROBABILITY.measure(outcomes(gold.tolist(), stated.tolist()))
    draws = []
    for _ in range(300):
        rows = rng.integers(0, 600, 600)
        drawn = PROBABILITY.measure(outcomes(gold[rows].tolist(), stated[rows].tolist()))
        draws.append([drawn[name].value for name in names])
    for name, spread in zip(names, np.std(draws, axis=0, ddof=1), strict=True):
        assert found[name].stderr == pytest.approx(spread, rel=0.25), name


def test_reliability_curve():
    gold, stated = np.array([0, 1] * 10), np.repeat([0.2, 0.8], 10)
    assert reliability_curve(gold, stated) == [(10, pytest.approx(0.2), 0.5), (10, pytest.approx(0.8), 0.5)]
    assert sum(one.n for one in reliability_curve(gold, np.linspace(0, 1, 20))) == 20
    assert reliability_curve(np.array([], dtype=int), np.array([])) == []


def test_position_bias():
    first = [((0, 1, 0), (3.0, 1.0, 2.0))] * 10
    last = [((0, 1, 0), (1.0, 2.0, 3.0))] * 10
    tied = [((0, 1, 0), (1.0, 1.0, 1.0))] * 10
    for rows, expected in ((first, 1), (last, -1), (first + last, 0), (tied, 0)):
        found = ORDER.measure(outcomes([g for g, _ in rows], [s for _, s in rows]))["position_bias"]
        assert found.value == pytest.approx(expected)
    rng = np.random.default_rng(9)
    blind = [((0, 1, 0, 0, 1), tuple(rng.permutation(5).astype(float).tolist())) for _ in range(400)]
    found = ORDER.measure(outcomes([g for g, _ in blind], [s for _, s in blind]))["position_bias"]
    assert abs(found.value) < 3 * found.stderr


BROKEN = {
    "NaN": (PROBABILITY.measure, [Outcome("r7", 1, math.nan, None)], "r7: probability nan"),
    "infinite": (PROBABILITY.measure, [Outcome("r7", 1, math.inf, None)], "r7: probability inf"),
    "too high": (
        PROBABILITY.measure,
        [Outcome("r1", 0, 0.5, None), Outcome("r7", 1, 1.2, None)],
        "r7: probability 1.2",
    ),
    "text": (PROBABILITY.measure, [Outcome("r7", 1, "0.5", None)], "r7: probability '0.5'"),
    "gold": (PROBABILITY.measure, [Outcome("r7", 2, 0.5, None)], "r7: gold 2"),
    "two golds": (PROBABILITY.measure, [Outcome("r7", 0, 0.5, None), Outcome("r7", 1, 0.5, None)], "r7 has two gold"),
    "no reason": (PROBABILITY.measure, [Outcome("r7", 0, None, None)], "r7: value None with reason None"),
    "both": (LABEL.measure, [Outcome("r7", 0, 1, "empty")], "r7: value 1 with reason 'empty'"),
    "unknown reason": (LABEL.measure, [Outcome("r7", 0, None, "tired")], "r7: value None with reason 'tired'"),
    "label": (LABEL.measure, [Outcome("r7", 0, 2, None, None, (1.0, 0.0))], "r7: label 2 is outside its set (0 to 1)"),
    "gold label": (LABEL.measure, [Outcome("r7", -1, 0, None)], "r7: label -1 is outside its set"),
    "fraction": (LABEL.measure, [Outcome("r7", 0, 0.5, None)], "r7: label 0.5 is outside its set"),
    "no positives": (ORDER.measure, [Outcome("r7", (0, 0), (1.0, 2.0), None)], "r7: grades (0, 0) lack"),
    "no negatives": (ORDER.measure, [Outcome("r7", (1, 2), (1.0, 2.0), None)], "r7: grades (1, 2) lack"),
    "scores": (ORDER.measure, [Outcome("r7", (0, 1), (1.0,), None)], "r7: scores (1.0,) for 2 candidates"),
    "NaN score": (ORDER.measure, [Outcome("r7", (0, 1), (1.0, math.nan), None)], "r7: scores (1.0, nan) contain NaN"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_outcomes_raise_and_are_named(kind):
    """A run that hands these over is broken; no number may be made of it."""
    measure, rows, told = BROKEN[kind]
    with pytest.raises(HarnessError) as error:
        measure(rows)
    assert told in str(error.value)
