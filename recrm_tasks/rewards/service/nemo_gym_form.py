"""The form in which agents of NeMo Gym ask a resources server: `POST /verify`.

From its source: `BaseVerifyRequest` and `BaseMultiRewardVerifyResponse` (nemo_gym/base_resources_server.py), and what
its simple agent sends (responses_api_agents/simple_agent/app.py): the row of the data set, with the field `response`.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from recrm_tasks.errors import DataError
from recrm_tasks.rewards.batch_reward import BatchReward
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.columns import fields
from recrm_tasks.rewards.problem import first_problem
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.rewards.rollout import Turn, fields_of_turns
from recrm_tasks.rewards.service.refusal import Refusal
from recrm_tasks.rewards.service.request_body import read_json


class _Part(BaseModel):
    text: str | None = None


class _Turn(BaseModel):
    """A message, a tool's output, or another item of OpenAI's Responses API."""

    role: str | None = None
    content: str | list[_Part] | None = None
    output: str | list[_Part] | None = None


class _Asked(BaseModel):
    input: str | list[_Turn] = []
    instructions: str | None = None


class _Response(BaseModel):
    output: list[_Turn]


class _Row(BaseModel):
    responses_create_params: _Asked
    response: _Response
    verifier_metadata: dict[str, Any] = {}


def read_rollout(body: bytes, batch: BatchReward) -> tuple[dict[str, Any], Case | None]:
    """The row, and its case; None if the agent gave no answer.

    The last message of the assistant is the completion. The fields of the case that it does not give are those of
    `verifier_metadata` in the row; those that are not there either come from the rollout, see `fields_of_turns`;
    `instructions` stands before system messages.

    Raises:
        Refusal: the body has another form; says what and where (400).
    """
    whole = read_json(body)
    try:
        row = _Row.model_validate(whole)
        given = {**_of_rollout(row), **fields(row.verifier_metadata, "verifier_metadata")}
        said = next((_text(turn.content) for turn in reversed(row.response.output) if turn.role == "assistant"), None)
        return whole, batch.case(said or "", given, "verifier_metadata")
    except ValidationError as error:
        raise Refusal(400, first_problem(error, "the body")) from None
    except DataError as error:
        raise Refusal(400, str(error)) from None


def verified(row: dict[str, Any], reward: Reward) -> dict[str, Any]:
    """The row with its reward.

    NeMo Gym wants numbers. Where there is no reward it is 0, `mask_sample` is true, so that the sample is left out, and
    `failure_reason` says why. A part that is missing is 0 too.
    """
    why = reward.error or "; ".join(f"{key}: {why}" for key, why in reward.missing.items())
    return {
        **row,
        "reward": reward.value or 0.0,
        "reward_components": {key: part or 0.0 for key, part in reward.parts.items()},
        "mask_sample": reward.value is None,
        "failure_reason": why or None,
    }


def _of_rollout(row: _Row) -> dict[str, Any]:
    asked = row.responses_create_params
    messages = [_Turn(role="user", content=asked.input)] if isinstance(asked.input, str) else asked.input
    given = [Turn(turn.role or "", _text(turn.content) or "") for turn in messages]
    rules = [Turn("system", asked.instructions)] if asked.instructions else []
    return fields_of_turns([*rules, *given], [Turn("tool", _text(turn.output) or "") for turn in row.response.output])


def _text(content: str | list[_Part] | None) -> str | None:
    return "".join(part.text or "" for part in content) if isinstance(content, list) else content
