"""The body of a request -> cases or episodes."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.episode import Episode
from recrm_tasks.rewards.problem import first_problem
from recrm_tasks.rewards.service.refusal import Refusal

_SHOWN = 40
"""Characters of a number that a refusal shows."""


class _Cases(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cases: list[Case]


class _Episodes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    episodes: list[Episode]


_Form = TypeVar("_Form", bound=BaseModel)


def read_cases(body: bytes) -> list[Case]:
    """Those of `{"cases": [...]}`.

    Raises:
        Refusal: the body has another form; says what and where (400).
    """
    return _read(_Cases, body).cases


def read_episodes(body: bytes) -> list[Episode]:
    """Those of `{"episodes": [...]}`.

    Raises:
        Refusal: the body has another form; says what and where (400).
    """
    return _read(_Episodes, body).episodes


def _read(form: type[_Form], body: bytes) -> _Form:
    try:
        return form.model_validate(read_json(body))
    except ValidationError as error:
        raise Refusal(400, first_problem(error, "the body")) from None


def read_json(body: bytes) -> Any:
    """A body of JSON.

    Raises:
        Refusal: it is not JSON (400), or has NaN, an infinity or a number too large for a float (422): Python's reader
            takes them, but no answer can have them.
    """
    # Not pydantic's reader: it refuses lone surrogates, which an agent may write.
    try:
        found = json.loads(body, parse_float=_finite, parse_constant=_finite)
    except _NotFinite as error:
        where = ".".join(_path(json.loads(body))) or "the body"
        raise Refusal(422, f"{where}: {error} is not a finite number: send null, or leave the field out") from None
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not valid JSON: {error}") from None
    return found


class _NotFinite(Exception):
    """The number as it was written."""


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NotFinite(text[:_SHOWN])
    return number


def _path(value: Any) -> tuple[str, ...]:
    """Where the first number is that is not finite. Without recursion: what is read may be nested deeply."""
    left: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while left:
        path, value = left.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return path
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        left += [((*path, str(name)), one) for name, one in reversed(list(inner))]
    return ()
