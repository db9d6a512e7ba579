"""The form in which OpenRLHF asks a remote reward: `--reward.remote_url http://host:5000/get_reward`.

From its source (0.11.2): `SingleTurnAgentExecutor._fetch_rewards_via_http` (openrlhf/utils/agent.py) sends `query`,
`prompts` and `labels`, and reads `rewards`, `scores` and `extra_logs`; openrlhf/cli/serve_rm.py is its own server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from recrm_tasks.answers.thinking import left_open
from recrm_tasks.errors import DataError
from recrm_tasks.rewards.batch_reward import BatchReward
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.columns import fields
from recrm_tasks.rewards.problem import first_problem
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.rewards.service.refusal import Refusal
from recrm_tasks.rewards.service.request_body import read_json
from recrm_tasks.rewards.trainer_metrics import row_metrics
from recrm_tasks.rewards.trainers.recrm_openrlhf import END, answer_of


class _Asked(BaseModel):
    query: list[str]
    prompts: list[str]
    labels: list[Any]


def read_queries(body: bytes, batch: BatchReward) -> list[Case | None]:
    """The cases; None is a completion without an answer. The label of a query has the fields of its case.

    Raises:
        Refusal: the body has another form; says what and where (400).
    """
    try:
        asked = _Asked.model_validate(read_json(body))
    except ValidationError as error:
        raise Refusal(400, first_problem(error, "the body")) from None
    if not len(asked.query) == len(asked.prompts) == len(asked.labels):
        lengths = f"{len(asked.query)}, {len(asked.prompts)} and {len(asked.labels)}"
        raise Refusal(400, f"query, prompts and labels must have the same length, not {lengths}")
    cases = []
    for number, (query, prompt, label) in enumerate(zip(asked.query, asked.prompts, asked.labels, strict=True)):
        try:
            given = fields(label, f"labels.{number}")
            cases.append(batch.case(answer_of(query, prompt), given, f"query.{number}", left_open(prompt[-END:])))
        except DataError as error:
            raise Refusal(400, str(error)) from None
    return cases


def answered(rewards: Sequence[Reward], batch: BatchReward, no_reward: float) -> dict[str, Any]:
    """The response: `rewards` and `scores`, and the numbers of `row_metrics` for the log.

    OpenRLHF wants numbers. `no_reward` stands for none, and `recrm_failed` or `recrm_missing` counts it. A number for
    the log is in no list if there is one query, as OpenRLHF sends them: it puts a list around it.
    """
    values = [no_reward if reward.value is None else reward.value for reward in rewards]
    rows = [row_metrics(reward, batch, no_reward) for reward in rewards]
    logs: dict[str, Any] = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    if len(rows) == 1:
        logs = dict(rows[0])
    return {"rewards": values, "scores": values, "extra_logs": logs}
