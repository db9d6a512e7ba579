"""Records -> what baselines see of their questions: texts, and for the train split the right answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from recrm_tasks.answers.kind import Posed
from recrm_tasks.answers.prompt import Ask, Prompt
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list


class Asked(NamedTuple):
    """One question. It is about one text, or about the texts of all candidates of a list."""

    prompt: Prompt
    """Without its turns: only what answers are read and scored with."""
    judged: tuple[str, ...]
    """Shape (t,): the text that the question is about, or the candidates as they are shown. Empty texts where the
    dimension names no judged field."""
    claims: tuple[str, ...]
    """Shape (t,): see `Compared`."""
    sources: tuple[str, ...]
    """Shape (t,): see `Compared`."""

    @property
    def whole_list(self) -> bool:
        """Whether the answer is an order: each text is one of the choices."""
        return isinstance(self.prompt.gold, tuple)

    @property
    def positive(self) -> tuple[bool, ...]:
        """Shape (t,): whether each text has the best label, is acted on, or has a grade above 0."""
        gold, values = self.prompt.gold, self.prompt.values
        if isinstance(gold, tuple):
            return tuple(grade > 0 for grade in gold)
        return (values[gold] == max(values) if values else gold > 0,)

    @property
    def right(self) -> int:
        """The place of the right answer among the choices; for a list, of its first positive."""
        gold = self.prompt.gold
        if isinstance(gold, tuple):
            return self.positive.index(True)
        return gold if self.prompt.values else int(gold == 0)  # of yes and no, yes comes first


def questions(dataset: Dataset, orders: int = 1, ask: Ask = "list") -> Iterator[Asked]:
    """The questions of a run about these records, in its order.

    Args:
        dataset: the records.
        orders: in how many seeded orders each list is asked.
        ask: whether each list is asked about as a whole, or each of its candidates.

    Raises:
        DataError: a list cannot be asked about in this way.
    """
    dimension = dataset.dimension
    for record in dataset.records():
        for posed in dimension.kind.posed(record, dataset.labels, record.lang, orders, ask):
            yield _asked(dimension, record, posed)


def _asked(dimension: Dimension, record: Any, posed: Posed) -> Asked:
    if is_list(dimension.record_type):
        judged = posed.shown
    else:
        judged = (_text(record, dimension.judged) if dimension.judged else "",)
    compared = dimension.compared
    claims = sources = ("",) * len(judged)
    if compared is not None:
        claims = tuple(_of(record, (compared.claim,), text) for text in judged)
        sources = tuple(_of(record, compared.source, text) for text in judged)
    return Asked(posed.prompt(dimension.key, record.lang), judged, claims, sources)


def _of(record: Any, fields: tuple[str, ...], candidate: str) -> str:
    return "\n".join(candidate if name == "candidates" else _text(record, name) for name in fields)


def _text(record: Any, field: str) -> str:
    """A field's text; stored records have texts and lists of texts."""
    value = getattr(record, field)
    return "\n".join(value) if isinstance(value, list) else value or ""
