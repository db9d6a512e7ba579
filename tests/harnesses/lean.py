"""Makes runs of the harnesses cheap in tests. What is run, and how the metrics are computed, stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from recrm_tasks.scoring.aggregate import draws

ALL = draws.PAIRS
FEW = ALL >> 6
_BLOCK = draws._BLOCK


@contextmanager
def pairs(count: int) -> Iterator[None]:
    """Hybrid scores are estimated from `count` pairs of virtual responses: a power of 2, at most `ALL`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, "PAIRS", count)
        patch.setattr(draws, "_BLOCK", min(count, _BLOCK))
        yield


@pytest.fixture(scope="module", autouse=True)
def few_pairs() -> Iterator[None]:
    """For tests that compare hybrid scores of the same outcomes, which are equal with any number of pairs."""
    with pairs(FEW):
        yield


@pytest.fixture(scope="session", autouse=True)
def machine_described_once() -> Iterator[None]:
    """At the end of each run lm-eval starts a dozen programs to describe the machine. Here the first run's is kept."""
    try:
        from torch.utils import collect_env
    except ModuleNotFoundError:  # an environment without models
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect_env, "get_pretty_env_info", cache(collect_env.get_pretty_env_info))
        yield
