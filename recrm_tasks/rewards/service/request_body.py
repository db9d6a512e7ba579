"""The body of a request -> cases or episodes."""

from __future__ import annotations

import json
from typing import Any

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


def read_cases(body: bytes) -> list[Case]:
    """Those of `{"cases": [...]}`.

    Raises:
        Refusal: the body has another form; says what and where (400).
    """
    try:
        return _Cases.model_validate(read_json(body)).cases
    except ValidationError as error:
        raise Refusal(400, first_problem(error, "the body")) from None


def read_episodes(body: bytes) -> list[Episode]:
    """Those of `{"episodes": [...]}`.

    Raises:
        Refusal: the body has another form; says what and where (400).
    """
    try:
        return _Episodes.model_validate(read_json(body)).episodes
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
