"""Lists whose candidates were asked about one by one: values by hand, and against other people's implementations."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, Qrel, ScoredDoc, Success, nDCG
from sklearn.metrics import roc_auc_score

from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.outcomes import Outcome, Reason

NO = Reason.NO_ANSWER.value
RANKING = dimension("ranking")


def asked(name: str, grades: Sequence[int], stated: Sequence[float | None]) -> list[Outcome]:
    """The outcomes of one list."""
    several = len(grades) > 1
    return [
        Outcome(
            f"{name}@{place}" if several else name,
            grade,
            value,
            NO if value is None else None,
            name if several else None,
            (),
            name,
            len(grades),
        )
        for place, (grade, value) in enumerate(zip(grades, stated, strict=True), 1)
    ]


LISTS = [
    *asked("plain", (1, 0, 0), (0.9, 0.2, 0.5)),
    *asked("tied", (0, 2, 1, 0), (0.7, 0.7, None, 0.1)),  # a positive without a readable answer
    *asked("above", (0, 1), (None, 0.6)),  # a negative without one
    *asked("equal", (0, 0), (0.4, 0.6)),
    *asked("alone", (1,), (0.8,)),
]


def numbers(outcomes: Sequence[Outcome]) -> dict[str, float]:
    return flat(RANKING.metrics(outcomes))


def same(a: dict[str, float], b: dict[str, float]) -> bool:
    """Bitwise, NaN being itself."""
    return {k: np.float64(v).tobytes() for k, v in a.items()} == {k: np.float64(v).tobytes() for k, v in b.items()}


def test_values_by_hand() -> None:
    found = numbers(LISTS)
    discount = 1 / math.log2(3)
    expected = {
        "auc": (1 + 1.5 / 4 + 0) / 3,
        "acc": (1 + 0.5 + 0) / 3,
        "hr@3": 1.0,
        "mrr": (1 + 0.75 + 0.5) / 3,
        "ndcg@3": (1 + (1 + discount) / (2 + discount) + discount) / 3,
        "acc_pooled": 7 / 12,
        "acc_pooled_baseline": 7 / 12,
        "acc_baseline": (1 / 3 + 2 / 4 + 1 / 2) / 3,
        "lists": 3,
        "n": 12,
        "clusters": 5,
        "coverage": 10 / 12,
        f"invalid_{NO}": 2,
        # The readable candidates of each list, where a positive and a negative are left.
        "lists_valid": 2,
        "auc_valid": (1 + 0.75) / 2,
        "acc_valid": (1 + 0.5) / 2,
        "acc_pooled_valid": 7 / 10,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found["score"] == found["auc"]
    assert math.isnan(found["position_bias"])


def test_an_unreadable_answer_loses_every_pair() -> None:
    gold = [int(o.gold > 0) for o in LISTS]
    lost = [(-1.0 if g else 2.0) if o.value is None else o.value for g, o in zip(gold, LISTS, strict=True)]
    kept = [o for o in LISTS if o.value is not None]
    found = numbers(LISTS)
    assert found["auc_pooled"] == pytest.approx(roc_auc_score(gold, lost), abs=1e-12)
    expected = roc_auc_score([int(o.gold > 0) for o in kept], [o.value for o in kept])
    assert found["auc_pooled_valid"] == pytest.approx(expected, abs=1e-12)
    nothing = numbers(asked("a", (1, 0, 2), (None, None, None)))
    assert all(nothing[name] == 0 for name in ("auc", "acc", "hr@3", "hr@5", "ndcg@3", "mrr", "auc_pooled"))


@pytest.mark.parametrize("place", range(3))
def test_an_answer_that_becomes_unreadable_raises_nothing(place: int) -> None:
    rng = random.Random(place)
    for _ in range(200):
        grades = rng.sample([0, 1, rng.choice([0, 2])], 3)
        stated: list[float | None] = [rng.choice([0.1, 0.5, 0.5, 0.9]) for _ in grades]
        before = numbers(asked("a", grades, stated))
        stated[place] = None
        after = numbers(asked("a", grades, stated))
        for name in ("auc", "acc", "hr@3", "hr@5", "ndcg@3", "ndcg@5", "mrr", "auc_pooled", "acc_pooled"):
            assert after[name] <= before[name] + 1e-12, (name, grades, stated)


@pytest.mark.parametrize("seed", range(3))
def test_against_ir_measures_and_scikit_learn(seed: int) -> None:
    """Without ties, which trec_eval breaks by id."""
    rng = random.Random(seed)
    rows, qrels, run, aucs = [], [], [], []
    for q in range(40):
        length = rng.randint(2, 12)
        grades = [0, 1] + [rng.choice([0, 0, 1, 2]) for _ in range(length - 2)]
        stated = [x / 1000 for x in rng.sample(range(1000), length)]
        rows += asked(f"q{q:02}", grades, stated)
        qrels += [Qrel(f"q{q:02}", f"d{i}", g) for i, g in enumerate(grades)]
        run += [ScoredDoc(f"q{q:02}", f"d{i}", s) for i, s in enumerate(stated)]
        aucs.append(roc_auc_score([g > 0 for g in grades], stated))
    theirs = {"ndcg@3": nDCG @ 3, "hr@3": Success @ 3, "hr@5": Success @ 5, "mrr": RR, "acc": Success @ 1}
    expected = ir_measures.pytrec_eval.calc_aggregate(theirs.values(), qrels, run)
    found = numbers(rows)
    for name, measure in theirs.items():
        assert found[name] == pytest.approx(expected[measure], abs=1e-9), name
    assert found["auc"] == pytest.approx(sum(aucs) / len(aucs), abs=1e-12)
    gold = [int(row.gold > 0) for row in rows]
    assert found["auc_pooled"] == pytest.approx(roc_auc_score(gold, [row.value for row in rows]), abs=1e-12)
    shuffled = rng.sample(rows, len(rows))
    assert same(found, numbers(shuffled))


def test_it_is_the_metric_of_whole_lists() -> None:
    """An order by probability and the same order as one answer have the same numbers."""
    rng = random.Random(0)
    whole, single = [], []
    for q in range(30):
        grades = (0, 1, *(rng.choice([0, 1, 2]) for _ in range(4)))
        stated = tuple(rng.choice([0.0, 0.25, 0.5, 1.0]) for _ in grades)
        whole.append(Outcome(f"q{q}", grades, stated, None))
        single += asked(f"q{q}", grades, stated)
    one, other = flat(ORDER.measure(whole)), flat(ORDER.measure(single))
    of_lists = [m.name for m in ORDER.metrics if m.trials == "lists"]
    assert len(of_lists) == 7
    for name in of_lists:
        assert (one[name], one[f"{name}_stderr"]) == (other[name], other[f"{name}_stderr"]), name
        assert ORDER.interval(name, one) == ORDER.interval(name, other)
    assert other["lists"] == one["n"] == 30
    assert set(other) - set(one) == {
        name for name in other if "pooled" in name or name.startswith("lists") or name == "clusters_rarer"
    }
    assert ORDER.compare(single, single)["auc_pooled"].value == 0
    assert "auc_pooled" not in ORDER.compare(whole, whole)


def test_without_lists_the_score_is_pooled() -> None:
    rows = [one for i in range(8) for one in asked(f"r{i}", (i % 2,), (i / 8,))]
    found = numbers(rows)
    as_behavior = flat(PROBABILITY.measure([row._replace(of_list=None, candidates=0) for row in rows]))
    for name in ("auc", "acc"):
        assert found[f"{name}_pooled"] == as_behavior[name]
        assert found[f"{name}_pooled_stderr"] == as_behavior[f"{name}_stderr"]
        assert ORDER.interval(f"{name}_pooled", found) == PROBABILITY.interval(name, as_behavior)
    assert found["score"] == found["auc_pooled"]
    assert RANKING.primary_of(found) == "auc_pooled"
    assert found["lists"] == 0
    undefined = ("auc", "acc", "hr@3", "hr@5", "ndcg@3", "ndcg@5", "mrr", "acc_baseline")
    assert all(math.isnan(found[name]) for name in undefined)
    assert math.isnan(ORDER.compare(rows, rows)["auc"].value)
    assert RANKING.primary_of(numbers(rows[:1])) == "auc", "both are undefined"


def test_a_list_that_was_asked_in_part_is_no_list() -> None:
    """A harness's own limit may end within a list."""
    found = numbers(LISTS[:6])
    assert (found["lists"], found["n"]) == (1, 6)
    assert found["auc"] == 1


def test_clusters() -> None:
    """The candidates of a list, and the lists of a group."""
    apart = numbers([*asked("a", (1, 0), (0.9, 0.1)), *asked("b", (1, 0), (0.1, 0.9))])
    together = [o._replace(group="u") for o in [*asked("a", (1, 0), (0.9, 0.1)), *asked("b", (1, 0), (0.1, 0.9))]]
    assert (apart["clusters"], apart["auc_stderr"]) == (2, 0.5)
    assert (numbers(together)["clusters"], math.isnan(numbers(together)["auc_stderr"])) == (1, True)


def test_credit_and_diagnosis() -> None:
    assert [ORDER.credit(o) for o in LISTS[:7]] == pytest.approx([0.9, 0.8, 0.5, 0.3, 0.7, 0, 0.9])
    assert [ORDER.right(o) for o in LISTS[:7]] == [True, True, False, False, True, False, True]
    found = ORDER.diagnose(LISTS, {})
    assert found.name == "reliability"
    assert sum(point["n"] for point in found.points) == 10


def test_parts_of_the_hybrid_reward() -> None:
    parts = ORDER.parts(random.Random(0).sample(LISTS, len(LISTS)))
    assert parts.ids == ("above", "alone", "equal", "plain", "tied")
    assert parts.starts.tolist() == [0, 2, 3, 5, 8, 12]
    assert parts.gold.tolist() == [0, 0.5, 0.5, 0, 0, 0.5, 0, 0, 0, 1, 0.5, 0]
    assert np.nan_to_num(parts.verdict, nan=-1).tolist() == [-1, 0.6, 0.8, 0.4, 0.6, 0.9, 0.2, 0.5, 0.7, 0.7, -1, 0.1]


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([*LISTS, Outcome("a", (0, 1), (0.1, 0.2), None)], "12 of 13 answers are about one candidate each: two runs"),
        ([*LISTS, LISTS[0]], "record plain@1: two answers about one candidate of the list plain"),
        ([LISTS[0]._replace(gold=-1)], "record plain@1: grade -1 is not a whole number from 0"),
        ([LISTS[0]._replace(value=1.5)], "record plain@1: probability 1.5 is not a number from 0 to 1"),
    ],
)
def test_outcomes_that_no_run_has(outcomes: list[Outcome], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        ORDER.measure(outcomes)


def test_an_outcome_as_it_is_logged() -> None:
    for outcome in LISTS:
        assert Outcome.from_json(outcome.to_json()) == outcome
    assert LISTS[0].to_json() == {
        "id": "plain@1", "gold": 1, "value": 0.9, "group": "plain", "of_list": "plain", "candidates": 3
    }  # fmt: skip
