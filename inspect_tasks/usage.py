"""What a provider counted -> the counts that results have."""

from __future__ import annotations

from inspect_ai.model import ModelUsage

from recrm_tasks.models.usage import Usage


def usage_of(counted: ModelUsage | None, requests: int | None = None) -> Usage:
    """The counts of one answer, or of several.

    Args:
        counted: as the provider counted them; Inspect leaves the cached ones out of its `input_tokens`.
        requests: how many there were.
    """
    if counted is None:
        return Usage(requests)
    cached = counted.input_tokens_cache_read
    tokens_in = counted.input_tokens + (cached or 0) + (counted.input_tokens_cache_write or 0)
    return Usage(requests, tokens_in, cached, counted.output_tokens)
