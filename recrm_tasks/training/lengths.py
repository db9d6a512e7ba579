"""How long the rows of a set are, and the limit that its trainer needs so that none is shortened or dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recrm_tasks.prompting.tokens import Tokens
from recrm_tasks.training.rows import Row
from recrm_tasks.training.trainers.trainer import Target

_PART = 256
_STEP = 8
"""Limits are multiples of it."""
_QUANTILES = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "longest": 1.0}


class Lengths:
    """The lengths of rows, with the answer where the trainer's limit counts it: of pairs the longer of both answers.

    Args:
        target: how the trainer takes the rows.
        plain: whether rows are plain text.
        tokens: the tokenizer of the model that is trained; None counts characters.
    """

    def __init__(self, target: Target, plain: bool, tokens: Tokens | None) -> None:
        self.target, self.plain, self.tokens = target, plain, tokens
        self._lengths: list[np.ndarray[Any, Any]] = []

    @property
    def unit(self) -> str:
        """What lengths are counted in."""
        return "characters" if self.tokens is None else "tokens"

    def through(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The same rows; their lengths are known after the last."""
        part: list[Row] = []
        for row in rows:
            part.append(row)
            if len(part) == _PART:
                self._count(part)
                part = []
            yield row
        self._count(part)

    def found(self) -> dict[str, Any]:
        """Quantiles of the lengths, for the manifest."""
        lengths = self._all()
        if not len(lengths):
            return {"unit": self.unit}
        quantiles = {name: int(np.quantile(lengths, q, method="higher")) for name, q in _QUANTILES.items()}
        counted = {"tokenizer": self.tokens.name} if self.tokens is not None else {}
        return {"unit": self.unit, **counted, **quantiles}

    def limit(self) -> int | None:
        """The limit in tokens that the longest row needs; None if tokens were not counted."""
        lengths = self._all()
        if self.tokens is None or not len(lengths):
            return None
        return -(-(int(lengths.max()) + self.target.room) // _STEP) * _STEP

    def over(self, most: int) -> int:
        """How many rows need a higher limit."""
        return int((self._all() + self.target.room > most).sum())

    def _all(self) -> np.ndarray[Any, Any]:
        return np.concatenate(self._lengths) if self._lengths else np.array([], dtype=np.int32)

    def _count(self, rows: list[Row]) -> None:
        if not rows:
            return
        answers = [[row.answer, row.rejected] if row.rejected else [row.answer] for row in rows]
        if not self.target.with_answer:
            answers = [[""]] * len(rows)
        counts = self._counts([(row, answer) for row, several in zip(rows, answers, strict=True) for answer in several])
        per_row = iter(counts)
        longest = [max(next(per_row) for _ in several) for several in answers]
        self._lengths.append(np.array(longest, dtype=np.int32))

    def _counts(self, texts: list[tuple[Row, str]]) -> list[int]:
        if self.tokens is None:
            return [len(row.text) + len(answer) for row, answer in texts]
        if self.plain:
            joined = [row.text + (f" {answer}" if answer else "") for row, answer in texts]
            # And the end of the text, which trainers add.
            return [count + 1 for count in self.tokens.count_texts(joined)]
        return self.tokens.count_exchanges([(row.messages, answer or None) for row, answer in texts])
