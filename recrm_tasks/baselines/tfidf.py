"""TF-IDF cosine of two parts of a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from recrm_tasks.baselines.asked import Asked
from recrm_tasks.baselines.base import Baseline
from recrm_tasks.baselines.terms import terms
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.scoring.metrics.estimate import Floats


class Tfidf(Baseline):
    """How similar claim and source are, where rare words count more."""

    name = "tfidf"
    question = "how similar are claim and source? (TF-IDF cosine; the train split says how rare a word is)"
    learns = True

    def __init__(self) -> None:
        self._weights = TfidfVectorizer(analyzer=terms, dtype=np.float64)
        self._empty = False

    @staticmethod
    def applies(dimension: Dimension) -> bool:
        """Where a dimension declares what can be compared."""
        return dimension.compared is not None

    def learn(self, train: Iterable[Asked]) -> None:
        """See `Baseline.learn`: the number of texts that each word occurs in."""
        texts = (text for one in train for text in (*one.claims, *dict.fromkeys(one.sources)))
        try:
            self._weights.fit(texts)
        except ValueError:  # its only one here: no text has a word
            self._empty = True

    def numbers(self, questions: Sequence[Asked]) -> Floats:
        """See `Baseline.numbers`: from 0 to 1. Words that the train split lacks count nothing."""
        if self._empty:
            return np.zeros(sum(len(one.claims) for one in questions))
        claims, sources = (
            self._weights.transform([text for texts in part for text in texts])
            for part in ([one.claims for one in questions], [one.sources for one in questions])
        )
        return np.asarray(claims.multiply(sources).sum(axis=1), dtype=np.float64).ravel()
