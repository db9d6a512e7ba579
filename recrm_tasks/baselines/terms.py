"""Texts -> the terms that baselines compare, in Chinese and English alike."""

from __future__ import annotations

import re
from functools import lru_cache

_RUN = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
"""Chinese characters in a row, or the letters and digits of a word."""


@lru_cache(maxsize=4_096)
def terms(text: str) -> tuple[str, ...]:
    """Words in lower case; of Chinese, which has no spaces, every two neighbouring characters.

    Several baselines ask for the terms of a text, and a list's candidates share one source: the last ones are kept.
    """
    found: list[str] = []
    for run in _RUN.findall(text.lower()):
        if len(run) > 1 and "\u3400" <= run[0] <= "\u9fff":
            found += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            found.append(run)
    return tuple(found)
