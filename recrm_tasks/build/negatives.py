"""Items that a user never acted on, drawn from the catalogue."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence


def sample(catalogue: Sequence[str], avoid: Collection[str], count: int, seed: str) -> list[str] | None:
    """Draws `count` different items at random, each as likely as any other.

    Args:
        catalogue: ids in a fixed order.
        avoid: ids that are not drawn: all that the user acted on, before or later, and what the list has already.
        count: how many.
        seed: the same seed draws the same items.

    Returns:
        The items, or None if there are too few.
    """
    draw = random.Random(seed)
    if len(catalogue) < 4 * (len(avoid) + count):
        left = [item for item in catalogue if item not in avoid]
        return draw.sample(left, count) if len(left) >= count else None
    # Few of many are avoided: drawing again is faster than making a list of the rest.
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        item = catalogue[draw.randrange(len(catalogue))]
        if item not in avoid:
            drawn[item] = None
    return list(drawn)
