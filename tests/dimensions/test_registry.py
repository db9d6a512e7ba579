"""What makes a dimension, and what is refused with a reason before it fails somewhere else."""

from __future__ import annotations

from typing import Any

import pytest

import recrm_tasks.dimensions as registry
from recrm_tasks.answers.label import LABEL, LabelKind
from recrm_tasks.answers.order import ORDER
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.dimensions.base import Compared, Dimension
from recrm_tasks.dimensions.record import Record
from recrm_tasks.errors import RecrmError


class TasteRecord(Record):
    label: str
    dish: str


class _Without(LabelKind):
    metrics = tuple(metric for metric in LABEL.metrics if metric.reads == "letters")


def REQUEST(self: Any, record: Any, lang: str) -> str:
    return "What is to eat?"


WITHOUT = _Without()
LABELS = dimension("factual").default_labels
WHOLE: dict[str, Any] = {
    "key": "taste",
    "title": "taste",
    "column": "TA",
    "position": 6,
    "version": 1,
    "kind": LABEL,
    "asks": "is it good?",
    "question_text": {"en": "Is it good?", "zh": "好吗？"},
    "record_type": TasteRecord,
    "default_labels": LABELS,
    "body": lambda self, record, lang: record.dish,
}


def refusal(**changes: Any) -> str:
    """What is said of a dimension with these changes; None takes an entry away."""
    dimensions()  # known before the class below exists, so that no other test sees it
    cls = type("TasteDimension", (Dimension,), {k: v for k, v in (WHOLE | changes).items() if v is not None})
    try:
        with pytest.raises(RecrmError) as found:
            registry._check(cls, dict(dimensions()))
        return str(found.value)
    finally:
        cls.key = "gone"


@pytest.mark.parametrize("compared", [Compared("dish", ("place",)), Compared("taste", ("dish",))])
def test_what_is_compared_must_be_fields(compared: Compared) -> None:
    lacking = "place" if compared.claim == "dish" else "taste"
    assert refusal(compared=compared).endswith(f"compared: its records have no field {lacking}")


def test_a_whole_dimension_is_taken() -> None:
    cls = type("TasteDimension", (Dimension,), WHOLE)
    registry._check(cls, dict(dimensions()))
    made = cls()
    assert (made.primary, made.strata) == (LABEL.primary, LABEL.strata)
    record = TasteRecord(id="1", dimension="taste", lang="en", source="s", label="consistent", dish="soup")
    (prompt,) = made.prompts(record, LABELS, "generate")
    assert prompt.messages[0].content.startswith("Is it good?\n\nOptions:\nA. ")
    assert made.kind.read('{"answer": "A"}', prompt).value == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": None}, "it has no kind of answer: kind = LABEL, PROBABILITY or ORDER"),
        ({"kind": "label"}, "it has no kind of answer"),
        ({"key": "factual"}, "the key 'factual' is already used by FactualDimension"),
        ({"kind": ORDER}, "need a record with candidates, labels; TasteRecord has id,"),
        ({"default_labels": None}, "need default_labels"),
        ({"primary": "auc"}, "its primary metric 'auc' is not one of acc, f1,"),
        ({"primary": "n"}, "its primary metric 'n' must have a standard error"),
        ({"primary": "invalid_empty"}, "'invalid_empty' must have a standard error, higher must be better, and every"),
        ({"item_question": {"en": "Will she?"}}, "item_question has no text in zh"),
        ({"strata": ("label", "price")}, "its records have no field price"),
        ({"title": None, "asks": None}, "it has no title, asks"),
        ({"body": None}, "it does not define body"),
        ({"question_text": {"en": "Is it good?"}}, "question_text has no text in zh"),
        ({"request": REQUEST}, "a request needs `judged`, the field that answers it"),
        ({"request": REQUEST, "judged": "meal"}, "judged: its records have no field 'meal'"),
        ({"request": REQUEST, "judged": "dish", "kind": WITHOUT}, "needs the metrics pair_acc and auc of contents"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], said: str) -> None:
    found = refusal(**changes)
    assert said in found
    assert "TasteDimension" in found


def test_an_unknown_dimension_names_those_there_are() -> None:
    with pytest.raises(RecrmError, match="unknown dimension 'taste': the dimensions are instruction, factual"):
        dimension("taste")
