"""A case -> the questions of a dimension, as the benchmark asks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import own_fields
from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.rewards.case import Case, distinct
from recrm_tasks.rewards.problem import first_problem

_SOURCE = "case"


class CannotAsk(Exception):
    """A case lacks what a dimension asks about; the message says what."""


def questions(case: Case, dimension: Dimension, mode: Mode) -> list[Prompt]:
    """The questions about one case: one, or one per item where the dimension's records have an `item`.

    The gold answers of these prompts mean nothing; only an order's are used, see `Kind.ungraded`.

    Raises:
        CannotAsk: the case lacks something, or its record would not be valid.
    """
    return [dimension.prompt(record, dimension.default_labels, mode) for record in _records(case, dimension)]


def number_of_questions(case: Case, dimension: Dimension) -> int:
    """How many `questions` there are at most, without making them."""
    return len(case.items) if "item" in own_fields(dimension.record_type) else 1


def _records(case: Case, dimension: Dimension) -> Iterator[Any]:
    names = [name for name in own_fields(dimension.record_type) if name not in ("label", "labels")]
    # Once for all items: these read the whole case, which may be long.
    shared = {name: _encodable(value) for name in names if (value := _value(case, name)) is not None}
    digest, shared["lang"], items = case.digest, case.spoken, case.recommended
    if "item" in names:
        if not items:
            raise CannotAsk("no items")
        for place, item in enumerate(items):
            yield _record(dimension, {**shared, "item": _encodable(item)}, f"{digest}.{place}", 1)
        return
    if "candidates" in names:
        ordered = _candidates(case, items)
        shared["candidates"] = [{"id": str(place), "text": _encodable(text)} for place, text in enumerate(ordered)]
        yield _record(dimension, shared, digest, len(ordered))
        return
    yield _record(dimension, shared, digest, 1)


def _candidates(case: Case, items: Sequence[Text]) -> Sequence[Text]:
    """What the agent could have recommended, first the items."""
    offered = items if case.candidates is None else distinct(case.candidates)
    ordered = distinct([*items, *offered])
    if len(ordered) > len(offered):
        strange = distinct([*offered, *items])[len(offered)]
        raise CannotAsk(f"an item is not among the candidates: {str(strange)[:80]!r}")
    if len(ordered) < 2 or not items:
        raise CannotAsk("an order needs two candidates, and an item that is recommended")
    return ordered


def _value(case: Case, name: str) -> Any:
    if name in case.more:
        return case.more[name]
    value = getattr(case, name, None) if name in Case.model_fields and name not in ("items", "candidates") else None
    return list(value) if isinstance(value, tuple) else value


def _record(dimension: Dimension, fields: dict[str, Any], name: str, candidates: int) -> Any:
    wanted = [f for f, field in dimension.record_type.model_fields.items() if field.is_required()]
    gold = dimension.kind.ungraded(dimension.default_labels, candidates)
    given = {"id": name, "dimension": dimension.key, "source": _SOURCE, **gold, **fields}
    if absent := [field for field in wanted if field not in given]:
        raise CannotAsk(f"no {', '.join(absent)}")
    try:
        return dimension.record_type.model_validate(given)
    except ValidationError as error:
        raise CannotAsk(first_problem(error, "record")) from None


def _encodable(value: Any) -> Any:
    """Without lone surrogates, which a model may write and no encoding has: U+FFFD stands for each."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _encodable(one) for key, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list | tuple) else value
