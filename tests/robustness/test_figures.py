"""Pairs of verdicts -> figures, against sums by hand and other people's implementations."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.figures import DECLARED
from recrm_tasks.robustness.measured import figure_names, measured, numbers_of, shown_names
from recrm_tasks.robustness.stress_questions import PLAIN, question_id, record_and_change
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.outcomes import Outcome

BEST, WORST, UNREADABLE = 0, 1, None
VALUES = (1.0, 0.0)


def judged(record: str, change: str, label: int | None, values: tuple[float, ...] = VALUES) -> Outcome:
    reason = None if label is not None else "no_answer"
    return Outcome(question_id(record, change), 0, label, reason, group=record, values=values)


def run(change: str, *pairs: tuple[int | None, int | None]) -> list[Outcome]:
    """Outcomes of records whose plain and changed verdicts are these."""
    return [
        outcome
        for place, (before, after) in enumerate(pairs)
        for outcome in (judged(f"r{place}", PLAIN, before), judged(f"r{place}", change, after))
    ]


FOUR = [(BEST, BEST), (BEST, WORST), (WORST, BEST), (WORST, WORST), (UNREADABLE, BEST), (BEST, UNREADABLE)]


@pytest.mark.parametrize(
    ("key", "change", "tried", "fooled"),
    [
        ("factual", "praise", 2, 1 / 2),  # must not rise: the two that were at the bottom
        ("factual", "numbers", 2, 1 / 2),  # must fall: the two that were at the top
        ("factual", "evidence_order", 4, 2 / 4),  # must stay
        ("instruction", "empty", 2, 1 / 2),
    ],
)
def test_by_hand(key: str, change: str, tried: int, fooled: float) -> None:
    found = measured({key: run(change, *FOUR)})
    numbers = flat(found.by_change[change])
    counts = {name: numbers[name] for name in ("pairs", "n", "tried", "plain_unreadable", "silenced", "clusters")}
    assert counts == {"pairs": 6, "n": 4, "tried": tried, "plain_unreadable": 1, "silenced": 1, "clusters": 6}
    assert (numbers["flip"], numbers["raised"], numbers["lowered"]) == (0.5, 0.25, 0.25)
    assert (numbers["shift"], numbers["coverage"], numbers["fooled"]) == (0.0, 4 / 6, fooled)
    assert found.by_dimension[key][change]["flip"] == found.by_change[change]["flip"]


def test_another_letter_for_the_same_label_is_no_flip() -> None:
    """The letters of labels are turned, and so are their values."""
    outcomes = [
        judged("r1", PLAIN, 0), judged("r1", "option_order", 1, VALUES[::-1]),
        judged("r2", PLAIN, 0), judged("r2", "option_order", 0, VALUES[::-1]),
    ]  # fmt: skip
    assert flat(measured({"factual": outcomes}).by_change["option_order"])["flip"] == 0.5


def test_a_probability_flips_at_one_half() -> None:
    def said(record: str, change: str, value: float) -> Outcome:
        return Outcome(question_id(record, change), 0, value, None, group=record)

    stated = {"a": (0.2, 0.4), "b": (0.4, 0.6), "c": (0.9, 0.5)}
    outcomes = [said(r, c, v) for r, pair in stated.items() for c, v in zip((PLAIN, "praise"), pair, strict=True)]
    numbers = flat(measured({"behavior": outcomes}).by_change["praise"])
    assert numbers["raised"] == numbers["lowered"] == 1 / 3
    assert numbers["shift"] == pytest.approx((0.2 + 0.2 - 0.4) / 3)
    assert (numbers["tried"], numbers["fooled"]) == (2, 1 / 2)


def test_a_list_is_about_its_changed_candidate() -> None:
    """It flips where this candidate comes to the first place or loses it; its rank is the verdict."""

    def order(change: str, scores: tuple[float, ...], gold: tuple[int, ...]) -> Outcome:
        return Outcome(question_id("r", change), gold, scores, None, group="r")

    outcomes = [
        order(PLAIN, (3.0, 2.0, 1.0), (0, 1, 0)),
        order("praise", (2.0, 3.0, 1.0), (0, 1, 0)),
        order("query", (2.0, 2.0, 1.0), (0, 1, 0)),  # tied at the top is not first
        order("option_order", (2.0, 1.0, 3.0), (1, 0, 0)),
    ]
    found = measured({"ranking": outcomes}).by_change
    assert {change: flat(one)["raised"] for change, one in found.items()} == {
        "praise": 1.0, "query": 0.0, "option_order": 0.0,
    }  # fmt: skip
    assert {change: flat(one)["shift"] for change, one in found.items()} == {
        "praise": 0.5, "query": 0.25, "option_order": 0.0,
    }  # fmt: skip


labels = st.sampled_from([BEST, WORST, UNREADABLE])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(labels, labels), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_shares_add_up_in_any_order_with_wilsons_interval(
    pairs: list[tuple[int | None, int | None]], rng: random.Random
) -> None:
    outcomes = run("praise", *pairs)
    numbers = numbers_of(measured({"factual": outcomes}))
    rng.shuffle(outcomes)
    assert repr(numbers_of(measured({"factual": outcomes}))) == repr(numbers)
    known = [pair for pair in pairs if None not in pair]
    assert numbers["n"] == len(known)
    assert numbers["plain_unreadable"] == sum(before is None for before, _ in pairs)
    if not known:
        assert math.isnan(numbers["flip"])
        return
    flips = sum(before != after for before, after in known)
    assert numbers["flip"] == flips / len(known)
    assert numbers["raised"] + numbers["lowered"] == pytest.approx(numbers["flip"])
    if len(known) > 1:
        expected = proportion_confint(flips, len(known), method="wilson")
        assert DECLARED["flip"].reach("flip", numbers) == pytest.approx(expected, abs=1e-9)


def test_every_run_has_all_names() -> None:
    numbers = numbers_of(measured({"factual": run("praise", *FOUR)}))
    assert numbers.keys() == figure_names() == numbers_of(measured({"factual": []})).keys()
    assert set(shown_names()) <= figure_names()
    assert math.isnan(numbers["longer_flip"])
    assert numbers["score"] == numbers["praise_fooled"] == numbers["fooled"]


def test_dimensions_without_a_readable_plain_verdict_are_named() -> None:
    found = measured({
        "factual": run("praise", (UNREADABLE, BEST)),
        "relevance": run("praise", (WORST, BEST)),
    })  # fmt: skip
    assert found.left_out == ("factual",)
    assert found.all["reward"].value == 1.0, "the reward is of the others"


def test_the_largest_rise_is_one_that_a_response_can_make() -> None:
    """An order of options is nothing that an agent chooses."""
    found = measured({"factual": [*run("praise", (WORST, WORST)), judged("r0", "option_order", BEST)]})
    assert found.by_change["option_order"]["reward"].value == 1.0
    assert found.all["reward"].value == found.by_change["praise"]["reward"].value == 0.0


def test_ids_may_contain_the_mark() -> None:
    for name in ("a", "a~b", "~", "a~plain"):
        assert record_and_change(question_id(name, "praise")) == (name, "praise")
    outcomes = [judged(name, change, label) for name in ("r", "r~m", "r~plain") for change, label in
                ((PLAIN, WORST if name == "r" else BEST), ("answer_line", BEST))]  # fmt: skip
    assert flat(measured({"factual": outcomes}).by_change["answer_line"])["raised"] == 1 / 3


def test_keys_are_names() -> None:
    for key, change in CHANGES.items():
        assert key == change.key
        assert key.replace("_", "").isalpha()
        assert key != PLAIN
