"""Reward functions for verl: `reward.custom_reward_function`.

    reward.custom_reward_function.path=pkg://recrm_tasks.rewards.trainers.recrm_verl
    reward.custom_reward_function.name=compute_score
    +reward.custom_reward_function.reward_kwargs.config=/shared/reward.yaml

The fields of a case are those of `extra_info["case"]` (an object, or JSON text of one), or else those of `extra_info`
itself. Each sample has the same keys, with a number under each: verl takes the keys of the first sample for all, and no
None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.columns import CASE, fields
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.rewards.trainer_metrics import row_metrics
from recrm_tasks.rewards.trainer_options import Config, TrainerReward, read_config


async def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    *,
    config: Config | None = None,
    in_process: bool = False,
    **_: Any,
) -> dict[str, float]:
    """The reward of one sample.

    Args:
        data_source: not used.
        solution_str: what the agent wrote.
        ground_truth: not used.
        extra_info: has the fields of the case.
        config: the path of a reward.yaml or what is in it; by default the environment variable RECRM_REWARD names it.
        in_process: allows judges that each of verl's workers (`reward.num_workers`, 8) loads for itself.

    Returns:
        `score`, and the numbers of `row_metrics`.

    Raises:
        RecrmError: the config, the case or the judge cannot be used.
        JudgeError: the judge did not answer, and `on_error` is `raise`.
    """
    declared = _declared(config, in_process)
    case = declared.batch.case(solution_str, _given(extra_info, "extra_info"), "extra_info")
    (found,) = await declared.batch.of_cases_async([case])
    return _row(found, declared)


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Mapping[str, Any] | None],
    *,
    config: Config | None = None,
    in_process: bool = False,
    **_: Any,
) -> list[dict[str, float]]:
    """The rewards of a batch in one burst, for reward managers that hand over batches (`batch`).

    The arguments are lists of those of `compute_score`.
    """
    declared = _declared(config, in_process)
    cases: list[Case | None] = []
    for row, (text, extra_info) in enumerate(zip(solution_strs, extra_infos, strict=True)):
        where = f"extra_infos, row {row}"
        cases.append(declared.batch.case(text, _given(extra_info, where), where))
    return [_row(found, declared) for found in declared.batch.of_cases(cases)]


def _declared(config: Config | None, in_process: bool) -> TrainerReward:
    found = read_config(config)
    if found.loads_a_model and not in_process:
        raise RecrmError(
            f"{found.source}: each of verl's reward workers (reward.num_workers, 8 by default) would load the judge's "
            "model: serve it and write server:URL, or set reward.num_workers=1 and reward_kwargs.in_process=true"
        )
    return found.reward()


def _given(extra_info: Mapping[str, Any] | None, where: str) -> dict[str, Any]:
    info = extra_info or {}
    if not isinstance(info, Mapping):
        raise DataError(f"{where}: must be an object with the fields of the case, not {type(info).__name__}")
    if info.get(CASE) is not None:
        return fields(info[CASE], f"{where}.{CASE}")
    return fields({name: value for name, value in info.items() if name in Case.model_fields}, where)


def _row(reward: Reward, declared: TrainerReward) -> dict[str, float]:
    score = declared.no_reward if reward.value is None else reward.value
    return {"score": score, **row_metrics(reward, declared.batch, declared.no_reward)}
