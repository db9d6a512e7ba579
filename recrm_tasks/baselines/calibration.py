"""A baseline's numbers and the right answers of the train split -> what a number says about each choice."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recrm_tasks.scoring.metrics.estimate import Floats


class Calibration:
    """A logistic regression of the right choice on the number: of two labels, one threshold. And the numbers'
    direction.

    Args:
        numbers: shape (t,), of the train split; at least one.
        positive: shape (t,).
        right: shape (t,), the place of the right choice for each number. Of whole lists, whose numbers are only
            compared with each other, shape (q,).
        directed: whether it is known that positives have the higher numbers.
    """

    def __init__(self, numbers: Floats, positive: Sequence[bool], right: Sequence[int], directed: bool = True) -> None:
        both = len(set(positive)) == 2
        # An AUC of exactly one half is that but for rounding.
        self.sign = -1.0 if both and not directed and roc_auc_score(positive, numbers) < 0.5 - 1e-9 else 1.0
        """Of the numbers as scores: higher ones speak for a positive."""
        self._places = sorted(set(right))
        self._model = None
        if len(right) == len(numbers) and len(self._places) > 1:
            self._model = make_pipeline(StandardScaler(), LogisticRegression())
            self._model.fit(numbers.reshape(-1, 1), right)

    def logprobs(self, numbers: Floats, choices: int) -> Floats:
        """Log-probabilities of each choice; minus infinity for one that is never right in the train split. Of equally
        likely choices the first one wins.

        Args:
            numbers: shape (n,).
            choices: their count c.

        Returns:
            Shape (n, c).
        """
        found = np.full((len(numbers), choices), -math.inf)
        if self._model is None:
            found[:, self._places] = 0.0
        else:
            with np.errstate(divide="ignore"):  # the logarithm of 0 is what it should be
                found[:, self._places] = self._model.predict_log_proba(numbers.reshape(-1, 1))
        best = found == found.max(axis=1, keepdims=True)
        tied = best.sum(axis=1) > 1
        found[tied, best.argmax(axis=1)[tied]] += _EDGE
        return found


_EDGE = 1e-9
"""What the first of several equally likely choices is given, so that there is an answer."""
