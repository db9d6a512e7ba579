"""Suites: what they are of, when their version rises, and what is refused."""

from __future__ import annotations

import math

import pytest

import recrm_tasks.dimensions.suites as registry
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.dimensions.suites import RECRM, Suite, suite, suite_of, suites
from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.outcomes import Outcome


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch):
    """Replaces the suites that there are."""

    def replaced(*these: Suite) -> None:
        monkeypatch.setattr(registry, "SUITES", these)
        suites.cache_clear()

    yield replaced
    monkeypatch.undo()
    suites.cache_clear()


def test_the_papers_suite_is_of_its_five_dimensions_in_its_order() -> None:
    assert RECRM.keys == ("instruction", "factual", "relevance", "behavior", "ranking")
    assert suite("recrm") is RECRM
    assert RECRM.to_json() == {"name": "recrm", "version": RECRM.version, "keys": list(RECRM.keys)}


@pytest.mark.parametrize("key", RECRM.keys)
def test_its_version_rises_with_any_dimension_and_with_its_own_revision(key: str, monkeypatch) -> None:
    before = RECRM.version
    monkeypatch.setattr(type(dimension(key)), "version", dimension(key).version + 1)
    assert RECRM.version == before + 1
    assert Suite(RECRM.name, RECRM.revision + 1, RECRM.keys).version == before + 2


def test_a_dimension_names_the_first_suite_that_it_is_in(known) -> None:
    known(RECRM, Suite("small", 1, ("factual", "ranking")))
    assert suite_of("factual") is RECRM
    known(Suite("small", 1, ("factual", "ranking")), RECRM)
    assert suite_of("factual").name == "small"
    assert suite_of("behavior") is RECRM
    known(Suite("small", 1, ("ranking",)))
    assert suite_of("factual") is None


def test_what_is_refused(known) -> None:
    known(Suite("plus", 1, ("factual", "taste")))
    with pytest.raises(RecrmError, match="suite 'plus': unknown dimension 'taste': the dimensions are instruction"):
        suites()
    known(RECRM, Suite("recrm", 2, ("factual",)))
    with pytest.raises(RecrmError, match="two suites are called 'recrm'"):
        suites()
    known(Suite("plus", 1, ("factual", "factual")))
    with pytest.raises(RecrmError, match="suite 'plus' names a dimension twice: factual"):
        suites()
    known(RECRM)
    with pytest.raises(RecrmError, match="unknown suite 'plus': the suites are recrm"):
        suite("plus")


def test_an_aggregate_is_of_the_suite_alone() -> None:
    """A suite without gates, of two of the dimensions: what else is installed has no say."""
    small = Suite("small", 1, ("behavior", "ranking"))
    outcomes = {
        "behavior": [Outcome(f"b{i}", i % 2, 0.9 if i % 2 else 0.1, None) for i in range(8)],
        "ranking": [Outcome(f"r{i}", (1, 0), (2.0, 1.0), None) for i in range(8)],
    }
    found = small.aggregate(outcomes)
    assert found["hybrid"].value == 1
    assert found["mean_score"].value == 1
    assert found["n"].value == 16
    alone = small.aggregate({"behavior": outcomes["behavior"]})
    assert math.isnan(alone["hybrid"].value)
    assert list(found) == list(DECLARED)


def test_every_dimension_is_in_a_suite() -> None:
    assert all(suite_of(key) is not None for key in dimensions())
