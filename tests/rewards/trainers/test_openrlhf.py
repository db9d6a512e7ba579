"""OpenRLHF's own executor loads the file, asks for one query at a time from threads, and takes the tensors."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from judged import BROKEN, CASE
from reward_service import running
from stub_server import StubServer

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards import EpisodeRewards, HybridReward, ServerJudge
from recrm_tasks.rewards.trainers.recrm_openrlhf import answer_of

pytestmark = [pytest.mark.slow, pytest.mark.trainer]

PROMPT = "<user>a hotel?</><go>"
KEYS = ["recrm_instruction", "recrm_factual", "recrm_missing", "recrm_failed"]


@pytest.fixture
def executor(doc: Callable[..., str], tmp_path: Path) -> Any:
    """OpenRLHF's executor after it has loaded reward.py of the docs."""
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    doc("reward.yaml")
    doc("reward.py")
    return SingleTurnAgentExecutor(str(tmp_path / "reward.py"))


class Engine:
    """Answers what it is given, in the place of vLLM's engine, which runs in another process."""

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = tokens

    async def generate(self, prompt: Any, params: Any, multi_modal_data: Any = None) -> Any:
        return SimpleNamespace(outputs=[SimpleNamespace(token_ids=self.tokens, finish_reason="stop", logprobs=None)])


def executed(executor: Any, policy: str, answers: list[str], labels: list[Any], length: int = 4000) -> list[Any]:
    """The responses of OpenRLHF's executor, all at a time."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(policy)
    params = SimpleNamespace(max_tokens=10, logprobs=None)

    async def run() -> list[Any]:
        tokens = [tokenizer(answer, add_special_tokens=False)["input_ids"] for answer in answers]
        return await asyncio.gather(*(
            executor.execute(PROMPT, label, params, length, tokenizer, Engine(one))
            for one, label in zip(tokens, labels, strict=True)
        ))  # fmt: skip

    return asyncio.run(run())


def test_queries_from_threads(executor: Any, policy: str, server: StubServer) -> None:
    """Labels as JSON text and as objects. The judge's server sees their questions at the same time."""
    server.delay = 0.3
    answers = [f"Park Hotel number {i}.!" for i in range(6)]
    found = executed(executor, policy, answers, [json.dumps(CASE), CASE] * 3)
    assert server.most >= 6
    for one in found:
        assert one["reward"].shape == one["scores"].shape == (1,)
        assert 0 <= one["reward"].item() <= 1
        assert list(one["extra_logs"]) == KEYS
    asked = "\n".join(asked["messages"][-1]["content"] for asked in server.asked)
    assert PROMPT not in asked
    assert all(answer in asked for answer in answers)


def test_over_http(executor: Any, policy: str, server: StubServer) -> None:
    """The same numbers from `recrm reward serve`, with the token in the URL; two of them share the queries."""
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    answers, labels = [f"Park Hotel number {i}.!" for i in range(6)], [json.dumps(CASE), CASE] * 3
    labels[4] = {**CASE, "evidence": None}
    of_file = executed(executor, policy, answers, labels)
    rewards = EpisodeRewards(
        HybridReward(ServerJudge("Qwen/Qwen3-8B", server.url), dimensions=["instruction", "factual"])
    )
    with running(rewards, token="t0ken") as one, running(rewards, token="t0ken") as other:
        urls = [f"http://any:t0ken@127.0.0.1:{service.port}/get_reward" for service in (one, other)]
        of_http = executed(SingleTurnAgentExecutor(urls), policy, answers, labels)
        assert one.metric("recrm_reward_cases_total") == other.metric("recrm_reward_cases_total") == 3
    assert [one["reward"] for one in of_http] == [one["reward"].tolist() for one in of_file]
    logs = [{name: value.item() for name, value in one["extra_logs"].items()} for one in of_file]
    assert [one["extra_logs"] for one in of_http] == logs
    assert [one["recrm_missing"] for one in logs] == [0, 0, 0, 0, 1, 0]


def test_nothing_is_raised(executor: Any, policy: str, caplog: pytest.LogCaptureFixture) -> None:
    """A judge that fails, a label that is no case, one without evidence, an empty answer: a number, and counted."""
    labels = [{**CASE, "evidence": [BROKEN]}, "{", {**CASE, "evidence": None}, CASE, CASE]
    with caplog.at_level(logging.WARNING):
        found = executed(executor, policy, ["x", "x", "x", "", "x"], labels)
    logs = [{name: value.item() for name, value in one["extra_logs"].items()} for one in found]
    assert [list(one) for one in logs] == [KEYS] * 5
    assert [one["recrm_failed"] for one in logs] == [1, 1, 0, 0, 0]
    assert [one["recrm_missing"] for one in logs] == [1, 2, 1, 2, 0]
    assert [one["reward"].item() for one in found[:4]] == [0.0] * 4
    assert "label: not valid JSON" in caplog.text


def test_what_the_trainer_makes_of_it(executor: Any, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenRLHF turns a response into an experience; the parts are among what it logs."""
    import sys
    from unittest.mock import MagicMock

    # What its module imports and the function does not use.
    for name in ("ray", "vllm", "openrlhf.trainer.ray.vllm_engine", "openrlhf.trainer.ray"):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    from openrlhf.trainer.ppo_utils.samples_generator import SamplesGenerator

    (response,) = executed(executor, policy, ["Park Hotel."], [CASE])
    experience = SamplesGenerator._process_response_into_experience(None, response, max_len=4000)
    assert experience.rewards.flatten().tolist() == response["reward"].tolist()
    assert {*KEYS, "reward", "score"} <= set(experience.info)
    assert all(experience.info[key].shape == (1,) for key in KEYS)


def test_a_prompt_that_was_cut(executor: Any, policy: str, server: StubServer) -> None:
    """OpenRLHF cuts the beginning of prompts that are too long: here all but 18 tokens."""
    executed(executor, policy, ["Park Hotel."], [CASE], length=28)
    shown = [asked["messages"][-1]["content"] for asked in server.asked]
    assert all("Park Hotel." in one and "<go>" not in one for one in shown)
    assert len(shown) == 2


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (PROMPT + "Park Hotel.<|im_end|>", "Park Hotel.<|im_end|>"),
        (PROMPT, ""),
        (PROMPT[3:] + "x", "x"),
        # The first character was cut in its middle.
        ("\ufffd" + PROMPT[1:] + "x", "x"),
        # The answer repeats the prompt's end.
        (PROMPT[2:] + PROMPT[2:], PROMPT[2:]),
    ],
)
def test_the_answer_in_a_query(query: str, answer: str) -> None:
    assert answer_of(query, PROMPT) == answer


@pytest.mark.parametrize("query", ["", "x", "<go>x", PROMPT.replace("hotel", "hostel") + "x"])
def test_a_query_without_its_prompt(query: str) -> None:
    """A few characters could be there by chance."""
    with pytest.raises(DataError, match="the query does not begin with its prompt"):
        answer_of(query, PROMPT)


def test_mistakes_stop_it_when_it_is_loaded(doc: Callable[..., str], tmp_path: Path) -> None:
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    doc("reward.yaml", (r"judge: .*", "judge: qwen"))
    doc("reward.py")
    with pytest.raises(RecrmError, match=r"reward\.yaml: judge must be server:URL"):
        SingleTurnAgentExecutor(str(tmp_path / "reward.py"))


def test_it_pickles(executor: Any) -> None:
    found = pickle.loads(pickle.dumps(executor.reward_func))([PROMPT + "x"], [PROMPT], [CASE])
    assert found["rewards"].shape == (1,)
