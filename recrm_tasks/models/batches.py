"""Which texts share a pass through the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], most: int | None, most_tokens: int | None) -> Iterator[list[int]]:
    """The places of the texts of each pass. Texts of similar length share a pass, to keep padding short.

    The longest come first, so that too little memory shows at the start of a run.

    Args:
        lengths: the number of tokens of each text.
        most: the most texts in a pass; None for no limit.
        most_tokens: the most tokens in a pass, padding included; None for no limit. A text that is longer has a pass
            of its own.

    Example:
        >>> list(batches([3, 9, 4, 2], most=None, most_tokens=10))
        [[1], [2, 0], [3]]
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    start = 0
    while start < len(order):
        sizes = [len(order) - start]
        if most is not None:
            sizes.append(most)
        if most_tokens is not None:
            sizes.append(max(1, most_tokens // max(1, lengths[order[start]])))
        yield order[start : start + min(sizes)]
        start += min(sizes)
