"""A case -> the questions of a dimension, as the benchmark asks them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import own_fields
from recrm_tasks.rewards.case import Case

_SOURCE = "case"


class CannotAsk(Exception):
    """A case lacks what a dimension asks about; the message says what."""


def questions(case: Case, dimension: Dimension, mode: Mode) -> list[Prompt]:
    """The questions about one case: one, or one per item where the dimension's records have an `item`.

    The gold answers of these prompts mean nothing; only an order's are used, see `Kind.ungraded`.

    Raises:
        CannotAsk: the case lacks something, or its record would not be valid.
    """
    return [prompt for record in _records(case, dimension) for prompt in [_prompt(record, dimension, mode)]]


def _prompt(record: Any, dimension: Dimension, mode: Mode) -> Prompt:
    return dimension.prompt(record, dimension.default_labels, mode)


def _records(case: Case, dimension: Dimension) -> Iterator[Any]:
    names = [name for name in own_fields(dimension.record_type) if name not in ("label", "labels")]
    shared = {name: value for name in names if (value := _value(case, name)) is not None}
    # Once: both read the whole case, which may be long and have many items.
    digest, shared["lang"] = case.digest, case.spoken
    if "item" in names:
        if not case.items:
            raise CannotAsk("no items")
        for place, item in enumerate(case.items):
            yield _record(dimension, {**shared, "item": item}, f"{digest}.{place}", 1)
        return
    if "candidates" in names:
        offered = case.items if case.candidates is None else case.candidates
        if missing := [item for item in case.items if item not in offered]:
            raise CannotAsk(f"an item is not among the candidates: {str(missing[0])[:80]!r}")
        if len(offered) < 2 or not case.items:
            raise CannotAsk("an order needs two candidates, and an item that is recommended")
        ordered = [*case.items, *(one for one in offered if one not in case.items)]
        shared["candidates"] = [{"id": str(place), "text": text} for place, text in enumerate(ordered)]
        yield _record(dimension, shared, digest, len(ordered))
        return
    yield _record(dimension, shared, digest, 1)


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
        return dimension.record_type.model_validate(_encodable(given))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(map(str, detail["loc"])) or "record"
        raise CannotAsk(f"{where}: {detail['msg']}") from None


def _encodable(value: Any) -> Any:
    """Without lone surrogates, which a model may write and no encoding has: U+FFFD stands for each."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _encodable(one) for key, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list | tuple) else value
