"""What an engine counted while it answered: metrics of the same names in the results of both harnesses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Usage(NamedTuple):
    """The counts of some requests. None is not known: nothing else is put in its place."""

    requests: int | None = None
    """Requests that were answered. One that was sent again after an error counts once."""
    tokens_in: int | None = None
    """Tokens of all prompts, whether they were computed or came from a cache."""
    tokens_cached: int | None = None
    """Those of `tokens_in` that the engine took from its prefix cache. The rest was computed."""
    tokens_out: int | None = None
    """Tokens that were generated, thinking included."""


FIELDS = Usage._fields
"""The names of the metrics. They are sums over the records of a run."""


def total(several: Iterable[Usage]) -> Usage:
    """The sum. What is not known of one is not known of the sum; but `tokens_cached` is known if it is known of any:
    vLLM's server omits it where it is 0."""
    found = list(several)
    cached = [one.tokens_cached for one in found if one.tokens_cached is not None]
    return Usage(
        requests=_sum([one.requests for one in found]),
        tokens_in=_sum([one.tokens_in for one in found]),
        tokens_cached=sum(cached) if cached else None,
        tokens_out=_sum([one.tokens_out for one in found]),
    )


def _sum(counts: list[int | None]) -> int | None:
    known = [one for one in counts if one is not None]
    return sum(known) if known and len(known) == len(counts) else None
