"""verl's own loader, reward managers and GDPO take the functions."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judged import BROKEN, CASE
from stub_server import StubServer

from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import JudgeError

pytestmark = [pytest.mark.slow, pytest.mark.trainer]

KEYS = ["score", "recrm_instruction", "recrm_factual", "recrm_missing", "recrm_failed"]


@pytest.fixture
def config(doc: Callable[..., str]) -> Any:
    """verl's config of the docs; the judge's config is that of the docs, written inline."""
    from omegaconf import OmegaConf

    doc("reward.yaml")
    found = OmegaConf.create(doc("verl.yaml", (r"/shared/reward\.yaml", "reward.yaml")))
    rest = {"reward": {"reward_manager": {"source": "register", "name": "naive"}}, "trainer": {"experiment_name": "x"}}
    return OmegaConf.merge(OmegaConf.create(rest), found)


def data(policy: str, infos: list[Any], answers: list[str]) -> Any:
    """Rollouts as verl's trainer hands them over."""
    import torch
    import transformers
    from verl import DataProto

    tokenizer = transformers.AutoTokenizer.from_pretrained(policy)
    tokenizer.padding_side = "right"
    prompts = tokenizer(["a hotel?"] * len(infos), return_tensors="pt")
    responses = tokenizer(answers, return_tensors="pt", padding=True)
    mask = torch.cat([prompts["attention_mask"], responses["attention_mask"]], dim=1)
    tensors = {"prompts": prompts["input_ids"], "responses": responses["input_ids"], "attention_mask": mask}
    columns = {
        "data_source": ["recrm"] * len(infos),
        "reward_model": [{"style": "rule", "ground_truth": ""}] * len(infos),
        "extra_info": infos,
        "uid": ["0"] * len(infos),
    }
    arrays = {}
    for name, values in columns.items():
        arrays[name] = np.empty(len(values), dtype=object)
        arrays[name][:] = values
    return DataProto.from_dict(tensors, non_tensors=arrays)


def rewards(config: Any, policy: str, infos: list[Any], answers: list[str], manager: str = "naive") -> list[Any]:
    """Through verl's loader and reward manager, one sample at a time, as its reward workers do."""
    import transformers
    from verl.trainer.ppo.reward import load_reward_manager

    config.reward.reward_manager.name = manager
    batch = data(policy, infos, answers)

    async def run() -> list[Any]:
        made = load_reward_manager(config, transformers.AutoTokenizer.from_pretrained(policy))
        return await asyncio.gather(*(made.run_single(batch[i : i + 1]) for i in range(len(batch))))

    return asyncio.run(run())


@pytest.mark.parametrize("manager", ["naive", "dapo", "gdpo"])
def test_one_sample(config: Any, policy: str, server: StubServer, manager: str) -> None:
    """Cases as JSON text, as an object, as fields of `extra_info`, and with the arrays of Parquet files."""
    arrays = {**CASE, "evidence": np.array(CASE["evidence"], dtype=object)}
    infos: list[Any] = [
        {"case": json.dumps(CASE), "index": 0},
        {"case": CASE},
        {**CASE, "split": "train"},
        {"case": arrays},
    ]
    found = rewards(config, policy, infos, ["Park Hotel is quiet."] * 4, manager)
    assert [list(one["reward_extra_info"]) for one in found] == [KEYS] * 4
    assert len({one["reward_score"] for one in found}) == 1
    assert all(type(value) is float for one in found for value in one["reward_extra_info"].values())
    assert len(server.tries) == 2


def test_every_sample_has_all_keys(config: Any, policy: str, server: StubServer) -> None:
    """A judge that fails, a case without evidence, an empty answer: numbers that can be told from a bad answer."""
    config.reward.custom_reward_function.reward_kwargs.config = {
        "judge": f"server:{server.url}", "model": "stub", "dimensions": ["instruction", "factual"], "no_reward": -1,
        "on_error": "none", "retries": 0,
    }  # fmt: skip
    infos = [{**CASE, "evidence": [BROKEN]}, {**CASE, "evidence": None}, dict(CASE), dict(CASE)]
    found = [one["reward_extra_info"] for one in rewards(config, policy, infos, ["x", "x", "", "x"])]
    assert [list(one) for one in found] == [KEYS] * 4
    assert [one["score"] == -1 for one in found] == [True, True, False, False]
    assert [one["recrm_factual"] == -1 for one in found] == [True, True, False, False]
    assert [one["recrm_failed"] for one in found] == [1, 0, 0, 0]
    assert [one["recrm_missing"] for one in found] == [1, 1, 2, 0]
    assert found[2]["score"] == 0


def test_a_judge_that_fails_stops_by_default(config: Any, policy: str, server: StubServer) -> None:
    from omegaconf import OmegaConf

    own = {"judge": f"server:{server.url}", "model": "stub", "dimensions": ["factual"], "retries": 0}
    config.reward.custom_reward_function.reward_kwargs.config = OmegaConf.create(own)
    with pytest.raises(JudgeError, match="did not answer") as caught:
        rewards(config, policy, [{**CASE, "evidence": [BROKEN]}], ["x"])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_the_parts_normalised_by_verl(config: Any, policy: str) -> None:
    """GDPO reads the parts by their keys."""
    import torch
    from omegaconf import OmegaConf
    from verl.trainer.ppo.core_algos import compute_gdpo_outcome_advantage

    infos, answers = [dict(CASE) for _ in range(6)], [f"Park Hotel number {i} is quiet." for i in range(6)]
    found = [one["reward_extra_info"] for one in rewards(config, policy, infos, answers)]
    batch = data(policy, infos, answers)
    mask = batch.batch["attention_mask"][:, batch.batch["prompts"].shape[1] :]
    arrays = {key: np.array([one[key] for one in found]) for key in KEYS}
    assert len({*arrays["recrm_factual"]}) == 2
    advantages, _ = compute_gdpo_outcome_advantage(
        torch.zeros(mask.shape), mask, batch.non_tensor_batch["uid"],
        config=OmegaConf.create(config.algorithm), non_tensor_batch=arrays, batch=batch.batch,
    )  # fmt: skip
    assert advantages.isfinite().all()
    assert advantages.abs().sum() > 0


def test_a_batch(doc: Callable[..., str], config: Any, policy: str, server: StubServer) -> None:
    """verl's manager for batches: one burst."""
    import transformers
    from verl.trainer.ppo.reward import get_custom_reward_fn
    from verl.workers.reward_manager.batch import BatchRewardManager

    config.reward.custom_reward_function.name = "compute_scores"
    function = get_custom_reward_fn(config)
    tokenizer = transformers.AutoTokenizer.from_pretrained(policy)
    manager = BatchRewardManager(tokenizer, num_examine=0, compute_score=function)
    answers = ["Park Hotel is quiet.", "", "Hill Hotel."]
    found = manager(data(policy, [dict(CASE) for _ in answers], answers), return_dict=True)
    assert list(found["reward_extra_info"]) == KEYS
    assert found["reward_tensor"].shape[0] == 3
    assert found["reward_tensor"].sum().item() == pytest.approx(sum(found["reward_extra_info"]["score"]))
    assert pickle.loads(pickle.dumps(function)).args == function.args


def test_a_judge_that_each_worker_would_load(config: Any, policy: str, byte_tokenizer: str) -> None:
    kwargs = config.reward.custom_reward_function.reward_kwargs
    kwargs.config = {"judge": f"hf:{policy}", "dimensions": ["instruction"], "mode": "logprob"}
    with pytest.raises(RecrmError, match=r"each of verl's reward workers .* would load the judge's model: serve it"):
        rewards(config, policy, [CASE], ["x"])
    kwargs.in_process = True
    (found,) = rewards(config, policy, [CASE], ["x"])
    assert 0 <= found["reward_score"] <= 1


def test_bad_input(config: Any, policy: str) -> None:
    for info, message in (
        ({"case": "{"}, "extra_info.case: not valid JSON"),
        ({"case": {"evidences": []}}, "extra_info.case: a case has no field 'evidences'"),
        ({**CASE, "response": "x"}, "extra_info: both the data and the completion have response"),
        ({**CASE, "query": 3}, "extra_info: query: Input should be a valid string"),
    ):
        with pytest.raises(RecrmError, match=message):
            rewards(config, policy, [info], ["x"])
