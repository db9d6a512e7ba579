"""The body of a request -> cases or episodes."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.episode import Episode
from recrm_tasks.rewards.problem import first_problem
from recrm_tasks.rewards.service.refusal import Refusal


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
        Refusal: it is not JSON (400).
    """
    # Not pydantic's reader: it refuses lone surrogates, which an agent may write.
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not valid JSON: {error}") from None
