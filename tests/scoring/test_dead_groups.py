"""The expected share of dead groups against an enumeration of all groups, and against groups that were drawn."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.rewards.combine import combine
from recrm_tasks.scoring.aggregate import dead_groups as module
from recrm_tasks.scoring.aggregate.dead_groups import SIZES, dead_groups
from recrm_tasks.scoring.aggregate.forms import FORMS
from recrm_tasks.scoring.aggregate.parts import Parts, Role

ROLES = list(RECRM.roles.values())
NAN = math.nan


def parts_of(verdict: list[float], sizes: list[int] | None = None, clusters: list[int] | None = None) -> Parts:
    sizes = sizes or [1] * len(verdict)
    return Parts(
        ids=tuple(f"r{i}" for i in range(len(sizes))),
        clusters=np.arange(len(sizes)) if clusters is None else np.array(clusters),
        starts=np.cumsum([0, *sizes]),
        gold=np.zeros(len(verdict)),
        verdict=np.array(verdict, dtype=float),
    )


def chances_of_rewards(parts: list[Parts], form: str, roles: list[Role]) -> Counter[float | None]:
    """Of every virtual response, by the function that trainers' rewards are combined with."""
    singles = []
    for part in parts:
        sizes = np.diff(part.starts)
        chances = np.repeat(1 / (sizes * len(sizes)), sizes)
        singles.append(list(zip(part.verdict.tolist(), chances.tolist(), strict=True)))
    found: Counter[float | None] = Counter()
    for drawn in itertools.product(*singles):
        values = {key: None if math.isnan(v) else v for key, (v, _) in zip(RECRM.keys, drawn, strict=True)}
        reward = combine(values, dict(zip(RECRM.keys, roles, strict=True)), form, "none")
        found[None if reward is None else round(reward, 9)] += math.prod(c for _, c in drawn)  # type: ignore[assignment]
    return found


def enumerated(parts: list[Parts], form: str, roles: list[Role], size: int) -> float:
    """All groups of all rewards, each with its probability."""
    chances = chances_of_rewards(parts, form, roles)
    return sum(
        math.prod(chances[one] for one in group)
        for group in itertools.product(chances, repeat=size)
        if len({one for one in group if one is not None}) < 2
    )


SMALL = [
    parts_of([1, 0, NAN]),
    parts_of([0, 1]),
    parts_of([0.5, 1, 0]),
    parts_of([0.7, 0.2]),
    parts_of([1, 0, 0.5, 1, 0], [2, 3]),
]


@pytest.mark.parametrize("weights", [[1, 1, 1, 1, 1], [2, 1, 0.5, 0, 3]])
@pytest.mark.parametrize("form", FORMS)
def test_equals_the_enumeration_of_all_groups(form: str, weights: list[float]) -> None:
    roles = [role._replace(weight=weight) for role, weight in zip(ROLES, weights, strict=True)]
    found = dead_groups(SMALL, roles, {form: FORMS[form]}, (2, 3))[form]
    for size, share in found.items():
        assert share.value == pytest.approx(enumerated(SMALL, form, roles, size), abs=1e-12)
        assert share.mc_error == 0
        assert share.clusters == 2


VERDICT = st.one_of(st.sampled_from([0.0, 0.5, 1.0, NAN]), st.integers(0, 64).map(lambda number: number / 64))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_equals_it_for_any_verdicts(data: st.DataObject) -> None:
    parts = [parts_of(data.draw(st.lists(VERDICT, min_size=1, max_size=3))) for _ in range(4)]
    sizes = data.draw(st.lists(st.integers(1, 2), min_size=1, max_size=2))
    verdicts = data.draw(st.lists(VERDICT, min_size=sum(sizes), max_size=sum(sizes)))
    parts.append(parts_of(verdicts, sizes))
    form = data.draw(st.sampled_from(sorted(FORMS)))
    found = dead_groups(parts, ROLES, {form: FORMS[form]}, (2,))[form][2]
    assert found.value == pytest.approx(enumerated(parts, form, ROLES, 2), abs=1e-9)
    assert 0 <= found.value <= 1
    assert math.isnan(found.stderr) == (found.clusters < 2)


def drawn(rng: np.random.Generator, n: int) -> list[Parts]:
    return [
        parts_of(list(rng.choice([0, 1, NAN], n, p=[0.6, 0.35, 0.05]))),
        parts_of(list(rng.choice([0, 1], n))),
        parts_of(list(rng.choice([0, 0.5, 1], n))),
        parts_of(list(rng.choice([0, 1], n, p=[0.8, 0.2]))),
        parts_of(list(rng.choice([0, 0.5, 1], 2 * n)), [2] * n),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_the_share_of_groups_that_were_drawn(form: str) -> None:
    """Groups of 4 of 80 records, counted as a trainer counts them."""
    rng = np.random.default_rng(1)
    parts = drawn(rng, 80)
    groups = 20_000
    picked = np.stack([rng.choice(part.verdict, (groups, 4)) for part in parts])  # all lists have two candidates
    rewards = FORMS[form](np.nan_to_num(picked).reshape(5, -1), ROLES).reshape(groups, 4)
    rewards[np.isnan(picked).any(axis=0)] = NAN
    low, high = (pick(np.nan_to_num(rewards, nan=default), axis=1) for pick, default in ((np.min, 2), (np.max, -1)))
    counted = (high - low < 1e-9).mean()
    expected = dead_groups(parts, ROLES, {form: FORMS[form]}, (4,))[form][4].value
    assert counted == pytest.approx(expected, abs=4 * math.sqrt(0.25 / groups))


def test_drawn_responses_give_the_exact_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Value and error, within the Monte Carlo error that is said."""
    parts = drawn(np.random.default_rng(2), 80)
    forms = {form: FORMS[form] for form in ("gated", "weighted")}
    exact = dead_groups(parts, ROLES, forms)
    monkeypatch.setattr(module, "MOST_COMBINATIONS", 1)
    monkeypatch.setattr(module, "_DRAWS", 1 << 16)
    monkeypatch.setattr(module, "_DRAWS_AGAIN", 1 << 13)
    found = dead_groups(parts, ROLES, forms)
    for form, size in itertools.product(forms, SIZES):
        one, other = exact[form][size], found[form][size]
        assert 0 < other.mc_error < other.stderr
        assert other.value == pytest.approx(one.value, abs=4 * other.mc_error + 1e-9)
        assert other.stderr == pytest.approx(one.stderr, rel=0.4, abs=2 * other.mc_error + 1e-9)
        assert other.missing == pytest.approx(one.missing)
    assert dead_groups(parts, ROLES, forms) == found


def test_the_error_is_the_spread_over_samples() -> None:
    rng = np.random.default_rng(3)
    forms = {form: FORMS[form] for form in ("gated", "geometric")}
    found = [dead_groups(drawn(rng, 80), ROLES, forms, (4,)) for _ in range(200)]
    for form in forms:
        shares = [one[form][4] for one in found]
        assert np.mean([one.stderr for one in shares]) == pytest.approx(np.std([one.value for one in shares]), rel=0.2)


def test_the_error_where_a_linear_one_would_be_0() -> None:
    """All verdicts are equally frequent, which is where the share is least."""
    equal = [parts_of([0, 1] * 20)] * 4 + [parts_of([0, 0.5, 1] * 13)]
    share = dead_groups(equal, ROLES, {"weighted": FORMS["weighted"]}, (4,))["weighted"][4]
    assert share.stderr > share.value / 10


def test_records_that_hang_together_count_once() -> None:
    parts = drawn(np.random.default_rng(4), 40)

    def twice(part: Parts, together: bool) -> Parts:
        n = len(part.ids)
        return Parts(
            part.ids * 2,
            np.tile(np.arange(n), 2) if together else np.arange(2 * n),
            np.concatenate([part.starts, part.starts[1:] + part.starts[-1]]),
            np.tile(part.gold, 2),
            np.tile(part.verdict, 2),
        )

    once, apart, joined = (
        dead_groups(p, ROLES)["gated"][8]
        for p in (parts, [twice(p, False) for p in parts], [twice(p, True) for p in parts])
    )
    assert once.value == pytest.approx(apart.value) == pytest.approx(joined.value)
    assert joined.stderr == pytest.approx(once.stderr)
    assert apart.stderr == pytest.approx(once.stderr / math.sqrt(2), rel=0.25)


def test_larger_groups_are_rarely_dead() -> None:
    for by_size in dead_groups(drawn(np.random.default_rng(5), 60), ROLES).values():
        values = [by_size[size].value for size in SIZES]
        assert values == sorted(values, reverse=True)


def test_verdicts_that_never_differ() -> None:
    same = [parts_of([0.75] * 20)] * 5
    for by_size in dead_groups(same, ROLES).values():
        for share in by_size.values():
            assert share.value == pytest.approx(1, abs=1e-12)
            assert share.stderr == 0
            assert 0.8 < share.interval[0] < share.interval[1] == pytest.approx(1)


def test_nothing_readable() -> None:
    """No response has a reward."""
    for by_size in dead_groups([parts_of([NAN, NAN]), *SMALL[1:]], ROLES).values():
        assert {share[:3] for share in by_size.values()} == {(1.0, 0.0, 0.0)}


def test_hard_verdicts_starve_the_geometric_form() -> None:
    """By hand: it is 0 unless all parts are above; with halves that is 1 response in 32, and these differ or not."""
    halves = [parts_of([0, 1])] * 5
    found = dead_groups(halves, ROLES, FORMS, (8,))
    assert found["geometric"][8].value == pytest.approx((31 / 32) ** 8 + (1 / 32) ** 8)
    assert found["weighted"][8].value == pytest.approx(sum((math.comb(5, k) / 32) ** 8 for k in range(6)))
