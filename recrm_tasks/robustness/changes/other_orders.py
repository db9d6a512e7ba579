"""What is shown comes in another order, which says nothing."""

from __future__ import annotations

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.robustness.change import Change, Posing, Subject, has_evidence

_TURNS = range(1, 9)


def _evidence(subject: Subject) -> Posing | None:
    """The evidence from the last piece to the first."""
    if not has_evidence(subject.dimension):
        return None
    return subject.changed(evidence=list(reversed(subject.record.evidence)))


def _options(subject: Subject) -> Posing | None:
    """The labels from the last to the first, so that each has another letter; the candidates in another seeded order.

    Examples show their answers by letter: with them, labels keep their letters.
    """
    labels = subject.posing.labels
    if is_list(subject.dimension.record_type):
        plain = subject.ask(subject.posing).messages
        turns = (subject.posing._replace(turn=turn) for turn in _TURNS)
        return next((posing for posing in turns if subject.ask(posing).messages != plain), None)
    if labels is None or subject.form.examples:
        return None
    return subject.posing._replace(labels=LabelSet(labels=tuple(reversed(labels.labels))))


OTHER_ORDERS = (
    Change("evidence_order", "evidence in the opposite order", _evidence, "same"),
    Change("option_order", "options in another order", _options, "same"),
)
