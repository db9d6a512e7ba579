"""The hybrid score against an enumeration of all pairs, and the properties that make it worth trusting."""

from __future__ import annotations

import itertools
import math
import random

import lean
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lean import few_pairs  # noqa: F401

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import HarnessError, RecrmError
from recrm_tasks.scoring.aggregate.forms import FORMS
from recrm_tasks.scoring.aggregate.hybrid import hybrid_differences, hybrids
from recrm_tasks.scoring.aggregate.parts import Parts, Role
from recrm_tasks.scoring.metrics.ranked_list import normalised_ranks
from recrm_tasks.scoring.outcomes import Outcome

ROLES = list(RECRM.roles.values())
NAN = math.nan


def parts_of(gold: list, verdict: list, sizes: list[int] | None = None) -> Parts:
    sizes = sizes or [1] * len(gold)
    return Parts(
        ids=tuple(f"r{i}" for i in range(len(sizes))),
        clusters=np.arange(len(sizes)),
        starts=np.cumsum([0, *sizes]),
        gold=np.array(gold, dtype=float),
        verdict=np.array(verdict, dtype=float),
    )


def reward(values: tuple[float, ...], form: str, weights: list[float]) -> float:
    """By the formulas of the docs, one response at a time; instruction and factual come first."""
    rest = sum(w * v for w, v in zip(weights[2:], values[2:], strict=True)) / sum(weights[2:])
    held = [v > 0.5 for v in values[:2]]
    if form == "stratified":
        return (sum(held) + rest) / 3
    if form == "gated":
        return rest if all(held) else 0.0
    if form == "weighted":
        return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    return math.prod(v ** (w / sum(weights)) for w, v in zip(weights, values, strict=True))


def exact(parts: list[Parts], form: str, weights: list[float]) -> float:
    """All pairs of all responses, each with its probability."""
    singles = []
    for part in parts:
        sizes = np.diff(part.starts)
        chances = np.repeat(1 / (sizes * len(sizes)), sizes)
        singles.append(list(zip(part.gold, part.verdict, chances, strict=True)))
    responses = []
    for drawn in itertools.product(*singles):
        gold = reward(tuple(g for g, _, _ in drawn), form, weights)
        unreadable = any(math.isnan(v) for _, v, _ in drawn)
        verdict = NAN if unreadable else reward(tuple(v for _, v, _ in drawn), form, weights)
        responses.append((gold, verdict, math.prod(c for _, _, c in drawn)))
    won = counted = 0.0
    for (g1, v1, c1), (g2, v2, c2) in itertools.product(responses, responses):
        if abs(g1 - g2) < 1e-9:
            continue
        counted += c1 * c2
        if math.isnan(v1) or math.isnan(v2):
            continue
        won += c1 * c2 * (0.5 if abs(v1 - v2) < 1e-9 else float((v1 > v2) == (g1 > g2)))
    return won / counted


SMALL = [
    parts_of([1, 0, 1], [1, 0, NAN]),
    parts_of([1, 0], [0, 0]),
    parts_of([1, 0.5, 0], [0.5, 1, 0]),
    parts_of([1, 0], [0.7, 0.2]),
    parts_of([0.5, 0, 1, 0, 0], [1, 0, 0.5, 1, 0], [2, 3]),
]


@pytest.mark.slow
@pytest.mark.parametrize("weights", [[1, 1, 1, 1, 1], [2, 1, 0.5, 0, 3]])
@pytest.mark.parametrize("form", FORMS)
def test_equals_the_enumeration_of_all_pairs(form: str, weights: list[float]) -> None:
    roles = [role._replace(weight=weight) for role, weight in zip(ROLES, weights, strict=True)]
    with lean.pairs(lean.ALL):
        found = hybrids(SMALL, roles, {form: FORMS[form]})[form]
    assert 0 < found.mc_error <= 0.5 / 1024
    assert found.value == pytest.approx(exact(SMALL, form, weights), abs=4 * found.mc_error)


@pytest.mark.parametrize("form", FORMS)
def test_rewards_are_those_of_the_formulas(form: str) -> None:
    values = np.random.default_rng(1).choice([0.0, 0.25, 0.5, 1.0], size=(5, 50))
    weights = [1.0, 2.0, 3.0, 0.5, 1.5]
    roles = [role._replace(weight=weight) for role, weight in zip(ROLES, weights, strict=True)]
    ours = FORMS[form](values, roles)
    assert ours == pytest.approx([reward(tuple(column), form, weights) for column in values.T], abs=1e-12)
    assert ((ours >= 0) & (ours <= 1)).all()


def random_parts(n: int, seed: int) -> list[Parts]:
    """Perfect verdicts on golds of every kind."""
    rng = np.random.default_rng(seed)
    golds = [
        rng.choice([0, 1], n),
        rng.choice([0, 1], n, p=[0.3, 0.7]),
        rng.choice([0, 1 / 3, 2 / 3, 1], n),
        rng.choice([0, 1], n, p=[0.8, 0.2]),
    ]
    lists = np.concatenate([rng.permutation([1, 0, 0, 0]) for _ in range(n)])
    return [*(parts_of(list(g), list(g)) for g in golds), parts_of(list(lists), list(lists), [4] * n)]


def test_perfect_verdicts_give_1() -> None:
    for found in hybrids(random_parts(60, 0), ROLES).values():
        assert found.value == 1.0
        assert found.stderr == 0.0


def test_reversed_verdicts_of_the_weighted_form_give_0() -> None:
    reverse = [part._replace(verdict=1 - part.gold) for part in random_parts(60, 0)]
    assert hybrids(reverse, ROLES)["weighted"].value == 0.0


def test_constant_verdicts_give_one_half() -> None:
    constant = [part._replace(verdict=np.full(len(part.gold), 0.75)) for part in random_parts(60, 0)]
    for found in hybrids(constant, ROLES).values():
        assert found.value == 0.5


@pytest.mark.parametrize("form", FORMS)
def test_independent_verdicts_give_one_half(form: str) -> None:
    """Every gold value with every verdict equally often: independent exactly, not only on average."""
    verdicts = [0.1, 0.4, 0.6, 0.8]
    crossed = [
        parts_of(*zip(*itertools.product(golds, verdicts), strict=True))  # type: ignore[arg-type]
        for golds in ([0, 1], [0, 1], [0, 0.5, 1], [0, 1], [0, 0.25, 1])
    ]
    with lean.pairs(lean.ALL):
        found = hybrids(crossed, ROLES, {form: FORMS[form]})[form]
    assert found.value == pytest.approx(0.5, abs=4 * found.mc_error)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", range(5))
def test_a_growing_share_of_random_verdicts_lowers_it(place: int, form: str) -> None:
    perfect = random_parts(1500, 3)
    part = perfect[place]
    rng = np.random.default_rng(4)
    order = rng.permutation(len(part.gold))
    guesses = rng.permutation(part.gold)
    seen = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        verdict = part.gold.copy()
        chosen = order[: round(share * len(order))]
        verdict[chosen] = guesses[chosen]
        mixed = [*perfect[:place], part._replace(verdict=verdict), *perfect[place + 1 :]]
        with lean.pairs(lean.ALL >> 3):
            seen.append(hybrids(mixed, ROLES, {form: FORMS[form]})[form])
    for before, after in itertools.pairwise(seen):
        assert after.value < before.value - 2 * (before.mc_error + after.mc_error)


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_an_unreadable_verdict_never_helps(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    wrong_often = [p._replace(verdict=rng.permutation(p.gold)) for p in random_parts(20, 5)]
    part = wrong_often[place]
    verdict = part.verdict.copy()
    lost = data.draw(st.integers(0, len(part.ids) - 1))
    verdict[part.starts[lost] : part.starts[lost + 1]] = NAN
    fewer = [*wrong_often[:place], part._replace(verdict=verdict), *wrong_often[place + 1 :]]
    form = data.draw(st.sampled_from(sorted(FORMS)))
    chosen = {form: FORMS[form]}
    assert hybrids(fewer, ROLES, chosen)[form].value <= hybrids(wrong_often, ROLES, chosen)[form].value


def test_nothing_readable_gives_0() -> None:
    blank = [part._replace(verdict=np.full(len(part.gold), NAN)) for part in random_parts(20, 0)]
    assert {found.value for found in hybrids(blank, ROLES).values()} == {0.0}


def test_undefined_where_no_gold_rewards_differ() -> None:
    alike = [part._replace(gold=np.ones(len(part.gold))) for part in random_parts(20, 0)]
    for found in hybrids(alike, ROLES).values():
        assert all(math.isnan(x) for x in found)


def test_a_difference_is_that_of_the_values() -> None:
    before = random_parts(50, 6)
    rng = np.random.default_rng(7)
    after = [p._replace(verdict=np.where(rng.random(len(p.gold)) < 0.2, 1 - p.verdict, p.verdict)) for p in before]
    first, second, change = hybrids(before, ROLES), hybrids(after, ROLES), hybrid_differences(before, after, ROLES)
    for form in FORMS:
        assert change[form].change.value == pytest.approx(second[form].value - first[form].value, abs=1e-12)
        assert change[form].change.stderr > 0
        assert (change[form].first, change[form].second) == (first[form].value, second[form].value)
    for same in hybrid_differences(after, after, ROLES).values():
        assert same.change == (0.0, 0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_the_error_is_the_spread_over_samples(form: str) -> None:
    rng = np.random.default_rng(8)
    values, errors = [], []
    for seed in range(120):
        noisy = [
            p._replace(verdict=np.where(rng.random(len(p.gold)) < 0.25, rng.permutation(p.verdict), p.verdict))
            for p in random_parts(100, seed)
        ]
        with lean.pairs(lean.ALL >> 4):
            found = hybrids(noisy, ROLES, {form: FORMS[form]})[form]
        values.append(found.value)
        errors.append(found.stderr)
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.2)


@pytest.mark.slow
def test_records_that_hang_together_count_once() -> None:
    """Every record twice, as two clusters of one or as one of two: the error knows."""
    noisy = [p._replace(verdict=np.roll(p.verdict, 3)) for p in random_parts(80, 9)]

    def twice(part: Parts, together: bool) -> Parts:
        n = len(part.ids)
        return Parts(
            ids=part.ids * 2,
            clusters=np.tile(np.arange(n), 2) if together else np.arange(2 * n),
            starts=np.concatenate([part.starts, part.starts[1:] + part.starts[-1]]),
            gold=np.tile(part.gold, 2),
            verdict=np.tile(part.verdict, 2),
        )

    with lean.pairs(lean.ALL):
        once, apart, joined = (
            hybrids(p, ROLES, {"weighted": FORMS["weighted"]})["weighted"]
            for p in (noisy, [twice(p, False) for p in noisy], [twice(p, True) for p in noisy])
        )
    assert joined.stderr == pytest.approx(once.stderr, rel=0.03)
    assert apart.stderr == pytest.approx(once.stderr / math.sqrt(2), rel=0.05)


def outcomes(seed: int = 0, n: int = 12) -> dict[str, list[Outcome]]:
    rng = random.Random(seed)
    found: dict[str, list[Outcome]] = {}
    for key in dimensions():
        rows = []
        for i in range(n):
            if key == "ranking":
                gold: object = tuple(rng.sample([1, 0, 0, 2], 4))
                value: object = tuple(float(x) for x in rng.sample(range(4), 4))
            elif key == "behavior":
                gold, value = rng.randrange(2), rng.random()
            else:
                gold, value = rng.randrange(2), rng.randrange(2)
            reason = "no_answer" if i % 5 == 4 else None
            worth = () if key in ("ranking", "behavior") else (1.0, 0.0)
            rows.append(Outcome(f"{key}-{i}", gold, None if reason else value, reason, None, worth))  # type: ignore[arg-type]
        found[key] = rows
    return found


def test_the_order_of_outcomes_does_not_change_a_bit() -> None:
    given_order = outcomes()
    doubled = {
        key: rows + [row._replace(value=None, reason="empty") for row in rows] for key, rows in given_order.items()
    }
    shuffled = {key: random.Random(1).sample(rows, len(rows)) for key, rows in doubled.items()}
    assert RECRM.aggregate(doubled) == RECRM.aggregate(dict(reversed(shuffled.items())))


def test_the_aggregate() -> None:
    found = RECRM.aggregate(outcomes())
    primary = [dimension.metrics(outcomes()[key])["score"].value for key, dimension in dimensions().items()]
    assert found["mean_score"].value == pytest.approx(sum(primary) / 5)
    assert found["hybrid"].value == RECRM.hybrid(outcomes())["stratified"].value
    assert found["n"].value == 60
    assert found["clusters"].value == 12
    assert found["coverage"].value == 50 / 60
    assert set(found) == {
        "hybrid", "hybrid_gated", "hybrid_weighted", "hybrid_geometric", "mean_score", "coverage", "n", "clusters",
    }  # fmt: skip


def test_no_hybrid_without_every_dimension() -> None:
    some = {key: rows for key, rows in outcomes().items() if key != "ranking"}
    found = RECRM.aggregate(some)
    assert math.isnan(found["hybrid"].value)
    assert found["mean_score"].value > 0


def test_parts_of_each_kind() -> None:
    labels = LABEL.parts(
        [Outcome("b", 2, 1, None, None, (1.0, 0.4, 0.0)), Outcome("a", 0, None, "empty", None, (1.0, 0.0))]
    )
    assert labels.ids == ("a", "b")
    assert labels.gold.tolist() == [1.0, 0.0]
    assert math.isnan(labels.verdict[0])
    assert labels.verdict[1] == 0.4
    stated = PROBABILITY.parts([Outcome("a", 1, 0.3, None, "u"), Outcome("b", 0, 0.1, None, "u")])
    assert (stated.gold.tolist(), stated.verdict.tolist(), stated.cluster_count) == ([1, 0], [0.3, 0.1], 1)
    lists = ORDER.parts(
        [
            Outcome("a", (2, 0, 1), (0.0, 2.0, 2.0), None),
            Outcome("b", (4, 0), None, "truncated"),
        ]
    )
    assert lists.starts.tolist() == [0, 3, 5]
    assert lists.gold.tolist() == [0.5, 0, 0.25, 1, 0]
    assert lists.verdict.tolist()[:3] == [0.0, 0.75, 0.75]
    assert np.isnan(lists.verdict[3:]).all()


def test_labels_without_values_are_told() -> None:
    with pytest.raises(HarnessError, match="record a: its log has no values of the labels"):
        LABEL.parts([Outcome("a", 0, 1, None)])


@given(st.lists(st.integers(0, 5), min_size=2, max_size=9))
def test_normalised_ranks(scores: list[int]) -> None:
    ranks = normalised_ranks(scores)
    for i, rank in enumerate(ranks):
        beaten = [0.5 if s == scores[i] else float(scores[i] > s) for j, s in enumerate(scores) if j != i]
        assert rank == pytest.approx(sum(beaten) / len(beaten))


def test_weights_of_a_command_line() -> None:
    roles = RECRM.roles_with(["relevance=2", "behavior=0"])
    assert roles["relevance"] == Role(gate=False, weight=2.0)
    assert roles["behavior"].weight == 0
    assert roles["factual"] == Role(gate=True, weight=1.0)
    for wrong in ("relevance", "relevance=x", "relevance=-1", "relevance=nan", "relevance=inf"):
        with pytest.raises(RecrmError, match="DIMENSION=NUMBER"):
            RECRM.roles_with([wrong])
    with pytest.raises(RecrmError, match="unknown dimension 'taste'"):
        RECRM.roles_with(["taste=1"])
    with pytest.raises(RecrmError, match="needs a weight above 0"):
        RECRM.roles_with(["relevance=0", "behavior=0", "ranking=0"])
