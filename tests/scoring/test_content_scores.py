"""Scores of contents: pairs by hand, AUC by scikit-learn, and what is undefined without a threshold."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.content_scores import Scores
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.metrics.pair_accuracy import pairs_of
from recrm_tasks.scoring.outcomes import Outcome

GRADES = (1.0, 0.5, 0.0)
NEED_A_THRESHOLD = ("acc", "f1", "f1_macro", "brier", "ece", "acc_valid", "reliability_valid", "acc_pooled")


def content(name: str, gold: int, score: float, question: str, group: str | None = None, **more: Any) -> Outcome:
    return Outcome(name, gold, score, None, group or question, question=question, **more)


def graded(rows: list[tuple[int, float, str]], values: tuple[float, ...] = GRADES) -> list[Outcome]:
    return [content(f"r{i}", g, s, q, values=values) for i, (g, s, q) in enumerate(rows)]


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([-3.5, -1.0, 0.0, 0.25, 700.0]), st.sampled_from("abcd")), max_size=30
)


@given(ROWS)
@settings(max_examples=60)
def test_pairs_are_those_counted_by_hand(rows: list[tuple[int, float, str]]) -> None:
    worth = [GRADES[g] for g, _, _ in rows]
    won, count = [0] * len(rows), [0] * len(rows)
    for i, j in combinations(range(len(rows)), 2):
        if rows[i][2] != rows[j][2] or worth[i] == worth[j]:
            continue
        better, worse = (i, j) if worth[i] > worth[j] else (j, i)
        point = 2 if rows[better][1] > rows[worse][1] else 1 if rows[better][1] == rows[worse][1] else 0
        for row in (i, j):
            won[row] += point
            count[row] += 1
    found = pairs_of(
        np.array(worth), np.array([s for _, s, _ in rows]), np.array([ord(q) for _, _, q in rows], dtype=np.int64)
    )
    assert found.won.tolist() == won
    assert found.met.tolist() == count
    assert found.total == sum(count) // 2


def test_the_numbers_of_a_small_set() -> None:
    """Three questions: one with a right pair, a wrong one and a tie; one that is always right; one without a pair."""
    rows = [
        (0, 2.0, "a"), (1, 1.0, "a"), (2, 2.0, "a"),
        (0, -5.0, "b"), (2, -6.0, "b"),
        (0, 9.0, "c"), (0, 8.0, "c"),
    ]  # fmt: skip
    numbers = flat(dimension_of("relevance").metrics(graded(rows)))
    assert numbers["pairs"] == 4
    assert numbers["pair_questions"] == 2
    assert numbers["pair_acc"] == numbers["score"] == (1 + 0.5 + 0 + 1) / 4
    # Two clusters with (won, pairs) of (1.5, 3) and (1, 1): the linearised ratio by hand.
    residuals = [(1.5 - 0.625 * 3) / 4, (1 - 0.625) / 4]
    assert numbers["pair_acc_stderr"] == pytest.approx(math.sqrt(2 * sum(r * r for r in residuals)))
    low, high = dimension_of("relevance").kind.interval("pair_acc", numbers)
    assert 0 <= low < 0.625 < high <= 1
    assert numbers["n"] == 7
    assert numbers["coverage"] == 1.0


@pytest.mark.parametrize("key", ["factual", "instruction", "behavior"])
def test_auc_is_scikit_learns(key: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(3)
    best = dimension_of(key).kind.has_labels
    golds = generator.integers(0, 2, 200).tolist()
    scores = np.round(generator.normal(size=200) + np.array(golds) * (-0.7 if best else 0.7), 1).tolist()
    values = (1.0, 0.0) if best else ()
    outcomes = [
        content(f"r{i}", g, s, f"q{i // 4}", values=values) for i, (g, s) in enumerate(zip(golds, scores, strict=True))
    ]
    numbers = flat(dimension_of(key).metrics(outcomes))
    worth = [1 - g for g in golds] if best else golds
    assert numbers["auc"] == pytest.approx(metrics.roc_auc_score(worth, scores), abs=1e-12)
    assert 0.5 < numbers["auc"] < 1
    assert 0 < numbers["auc_stderr"] < 0.1
    low, high = dimension_of(key).kind.interval("auc", numbers)
    assert low < numbers["auc"] < high


def test_auc_of_several_grades_is_that_of_all_pairs() -> None:
    generator = np.random.default_rng(5)
    golds = generator.integers(0, 3, 60)
    rows = [(int(g), float(np.round(generator.normal() - g, 1)), f"q{i}") for i, g in enumerate(golds)]
    numbers = flat(dimension_of("relevance").metrics(graded(rows)))
    won = pairs = 0.0
    for one, other in combinations(rows, 2):
        if one[0] != other[0]:
            better, worse = sorted((one, other))[:2]
            pairs += 1
            won += 1.0 if better[1] > worse[1] else 0.5 if better[1] == worse[1] else 0.0
    assert numbers["auc"] == pytest.approx(won / pairs)
    assert math.isnan(numbers["pair_acc"])
    assert numbers["pairs"] == 0
    assert numbers["score"] == numbers["auc"]
    assert dimension_of("relevance").primary_of(numbers) == "auc"


def test_the_error_of_a_graded_auc_is_its_spread() -> None:
    """The mean of the estimated errors against the spread over simulated sets."""
    generator = np.random.default_rng(11)
    values, errors = [], []
    for _ in range(300):
        golds = generator.integers(0, 3, 120)
        scores = generator.normal(size=120) + golds
        table = Scores(golds.astype(np.float64), scores, np.arange(120), np.arange(120))
        estimate = table.area()
        values.append(estimate.value)
        errors.append(estimate.stderr)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_the_error_of_pair_accuracy_is_its_spread() -> None:
    generator = np.random.default_rng(12)
    values, errors = [], []
    for _ in range(300):
        questions = np.repeat(np.arange(60), 4)
        golds = generator.integers(0, 2, 240)
        scores = generator.normal(size=240) + golds
        outcomes = [
            content(f"r{i}", int(g), float(s), f"q{q}")
            for i, (g, s, q) in enumerate(zip(golds, scores, questions, strict=True))
        ]
        found = flat(dimension_of("behavior").metrics(outcomes))
        values.append(found["pair_acc"])
        errors.append(found["pair_acc_stderr"])
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


@pytest.mark.parametrize("key", ["factual", "relevance", "behavior"])
def test_the_same_bits_in_any_order(key: str) -> None:
    generator = np.random.default_rng(1)
    values = () if key == "behavior" else GRADES
    outcomes = [
        content(f"r{i}", int(gold), float(generator.normal()), f"q{i % 9}", f"u{i % 9 % 4}", values=values)
        for i, gold in enumerate(generator.integers(0, 2, 80))
    ]
    numbers = flat(dimension_of(key).metrics(outcomes))
    for _ in range(5):
        generator.shuffle(outcomes)  # type: ignore[arg-type]
        assert repr(flat(dimension_of(key).metrics(outcomes))) == repr(numbers)


def test_what_needs_a_threshold_is_not_there() -> None:
    single = graded([(0, 1.0, "a"), (1, 0.5, "a")])
    lists = [Outcome(f"l{i}", (1, 0, 0), (0.5, 800.0, -900.0), None, None, question=f"q{i}") for i in range(4)]
    for key, outcomes in {"factual": single, "relevance": single, "ranking": lists}.items():
        names = set(flat(dimension_of(key).metrics(outcomes)))
        assert {"pair_acc", "auc", "pairs", "n", "score"} <= names
        left = NEED_A_THRESHOLD if key != "ranking" else ("acc_pooled", "position_bias")
        assert not names & set(left)
    yes = [content("a", 1, 40.0, "q"), content("b", 0, -3.0, "q")]
    assert not set(flat(dimension_of("behavior").metrics(yes))) & set(NEED_A_THRESHOLD)


def test_answers_have_no_metrics_of_contents() -> None:
    answers = [Outcome("a", 0, 1, None, values=(1.0, 0.0)), Outcome("b", 1, 1, None, values=(1.0, 0.0))]
    names = set(flat(dimension_of("factual").metrics(answers)))
    assert not names & {"pair_acc", "pairs", "auc"}


def test_lists_are_ordered_by_scores_of_any_size() -> None:
    """Softmax would make ties of the last two."""
    scores = [(-900.0, -800.0, 5.0), (3.0, 3.0, -1.0)]
    lists = [Outcome(f"l{i}", (0, 1, 2), s, None, f"u{i}", question=f"q{i}") for i, s in enumerate(scores)]
    numbers = flat(dimension_of("ranking").metrics(lists))
    assert numbers["pairs"] == 6
    assert numbers["pair_acc"] == pytest.approx((3 + 0.5) / 6)
    assert numbers["auc"] == pytest.approx((1 + (0.5 + 0) / 2) / 2)
    assert numbers["ndcg@3"] < 1
    assert numbers["acc"] == (1 + 0.5) / 2


def test_candidates_scored_one_by_one_make_the_same_lists() -> None:
    generator = np.random.default_rng(2)
    whole, single = [], []
    for i in range(20):
        grades = tuple(int(x) for x in generator.permutation([1, 0, 0, 0]))
        scores = tuple(float(x) for x in 30 * generator.normal(size=4))
        whole.append(Outcome(f"l{i}", grades, scores, None, f"u{i}", question=f"q{i}"))
        single += [
            content(f"l{i}@{k}", g, s, f"q{i}", f"u{i}", of_list=f"l{i}", candidates=4)
            for k, (g, s) in enumerate(zip(grades, scores, strict=True), 1)
        ]
    one, other = (flat(dimension_of("ranking").metrics(found)) for found in (whole, single))
    for name in ("auc", "acc", "ndcg@3", "mrr", "pair_acc", "pairs", "score"):
        assert one[name] == other[name], name
    assert "auc_pooled" in other
    assert "acc_pooled" not in other
    assert other["lists"] == 20


def test_clusters_hold_every_question_as_a_whole() -> None:
    """Two groups that answer one question are one cluster."""
    rows = [("a", "u1"), ("a", "u2"), ("b", "u2"), ("c", "u3")]
    outcomes = [content(f"r{i}", i % 2, float(i), q, u) for i, (q, u) in enumerate(rows)]
    assert flat(dimension_of("behavior").metrics(outcomes))["clusters"] == 2


@pytest.mark.parametrize("score", [math.nan, math.inf, "1.0", True, None, (1.0,)])
def test_scores_that_no_model_gives_stop_the_run(score: object) -> None:
    outcomes = [content("a", 0, 1.0, "q"), content("b", 1, score, "q")]  # type: ignore[arg-type]
    if score is None:
        outcomes[1] = outcomes[1]._replace(reason="empty")
    with pytest.raises(HarnessError, match="record b"):
        dimension_of("behavior").metrics(outcomes)


def test_answers_and_scores_are_never_mixed() -> None:
    with pytest.raises(HarnessError, match="1 of 2 values are scores of contents"):
        dimension_of("behavior").metrics([Outcome("a", 0, 0.5, None), content("b", 1, 0.5, "q")])
    one, other = [Outcome("a", 0, 0.5, None)], [content("a", 0, 0.5, "q")]
    with pytest.raises(HarnessError, match="cannot be compared with answers"):
        dimension_of("behavior").kind.compare(one, other)


def test_a_better_run_is_better_in_the_paired_comparison() -> None:
    generator = np.random.default_rng(4)
    for key, values in {"relevance": GRADES, "factual": (1.0, 0.0), "behavior": ()}.items():
        count = len(values) or 2
        golds = [int(g) for g in generator.integers(0, count, 240)]
        worth = [values[g] if values else float(g) for g in golds]
        weak, strong = (
            [content(f"r{i}", g, float(w * gain + generator.normal()), f"q{i // 6}", values=values)
             for i, (g, w) in enumerate(zip(golds, worth, strict=True))]
            for gain in (0.0, 3.0)
        )  # fmt: skip
        found = dimension_of(key).kind.compare(weak, strong)
        before, after = (flat(dimension_of(key).metrics(run)) for run in (weak, strong))
        for name in ("pair_acc", "auc"):
            assert found[name].first == before[name]
            assert found[name].second == after[name]
            assert found[name].p < 0.001
            assert 0 < found[name].low < found[name].value < found[name].high
        assert "acc" not in found
        again = dimension_of(key).kind.compare(weak, weak)
        assert again["pair_acc"].value == 0
        assert again["pair_acc"].p == 1


def test_logs_keep_the_question() -> None:
    outcome = content("a", 1, -2.5, "abc", "g", values=(1.0, 0.0))
    assert Outcome.from_json(outcome.to_json()) == outcome
    assert "question" not in Outcome("a", 1, 0, None).to_json()


def test_one_score_is_neither_right_nor_wrong() -> None:
    for key in ("factual", "behavior"):
        kind = dimension_of(key).kind
        found = content("a", 1, 1.0, "q", values=(1.0, 0.0) if key == "factual" else ())
        assert kind.credit(found) == 0.5
        assert not kind.right(found)


def test_the_hybrid_score_of_contents_is_undefined() -> None:
    outcomes = {
        "instruction": graded([(0, 1.0, "a"), (1, 0.0, "a")], (1.0, 0.0)),
        "factual": graded([(0, 1.0, "a"), (1, 2.0, "a")], (1.0, 0.0)),
        "relevance": graded([(0, 1.0, "a"), (1, 0.0, "a")]),
        "behavior": [content("a", 1, 3.0, "q"), content("b", 0, -3.0, "q")],
        "ranking": [Outcome(f"l{i}", (1, 0), (0.5, 8.0 * i), None, f"u{i}", question=f"q{i}") for i in range(2)],
    }
    numbers = RECRM.aggregate(outcomes)
    assert math.isnan(numbers["hybrid"].value)
    scores = {key: dimension_of(key).metrics(found)["score"].value for key, found in outcomes.items()}
    assert numbers["mean_score"].value == pytest.approx(sum(scores.values()) / 5)
    assert scores["factual"] == 0


def test_the_diagnosis_has_the_pairs_by_grade() -> None:
    rows = [(0, 2.0, "a"), (2, 1.0, "a"), (1, 3.0, "a"), (0, 2.0, "b"), (1, 1.0, "b")]
    found = dimension_of("relevance").kind.diagnose(graded(rows), {})
    assert found.name == "pairs"
    assert {(row["better"], row["worse"]): (row["pairs"], row["won"]) for row in found.rows} == {
        (0.5, 0.0): (1, 1.0), (1.0, 0.0): (1, 1.0), (1.0, 0.5): (2, 0.5),
    }  # fmt: skip
