"""A judge and a reward from the options of the command line or of a trainer's config."""

from __future__ import annotations

import asyncio
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
from marker_model import save
from stub_server import StubServer

from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import Case, FunctionJudge, HybridReward
from recrm_tasks.rewards.judges.judge_options import judge_from
from recrm_tasks.rewards.reward_options import reward_from, rewards_from

CASES = [Case(query="a quiet hotel", items=("Park Hotel",))]


def test_a_server_and_all_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values may be text, as on a command line."""
    monkeypatch.setenv("JUDGE_KEY", "secret")
    with StubServer(key="secret") as server:
        judge = judge_from({
            "judge": f"server:{server.url}", "model": "stub", "mode": "generate", "concurrency": "3", "timeout": "4.5",
            "retries": "0", "max_tokens": "99", "temperature": "none", "extra_body": '{"top_k": 1}',
            "api_key_env": "JUDGE_KEY", "name": "mine", "cache": None,
        })  # fmt: skip
        (reward,) = HybridReward(judge, dimensions=["relevance"])(CASES)
        (asked,) = server.asked
    assert reward.value == 1.0
    assert judge.name == "mine"
    assert (asked["model"], asked["max_tokens"], asked["top_k"]) == ("stub", 99, 1)
    assert "temperature" not in asked


def test_equal_questions_are_asked_once_and_kept_on_disk(tmp_path: Path) -> None:
    with StubServer() as server:
        config = {"judge": f"server:{server.url}", "model": "stub", "cache": str(tmp_path / "replies.db")}
        for _ in range(2):
            HybridReward(judge_from(config), dimensions=["relevance"])(CASES * 3)
        assert len(server.asked) == 1


def test_models_in_this_process(tmp_path: Path) -> None:
    path = save(tmp_path, ["reward"], {chr(65 + i): 26.0 - i for i in range(26)})
    reward = reward_from({"judge": f"recrm-rm:{path}", "batch_size": "2", "dimensions": "relevance"})
    assert reward(CASES)[0].value > 0.5
    copy = pickle.loads(pickle.dumps(reward))
    assert copy(CASES) == reward(CASES)
    assert copy.judge.name == path
    with pytest.raises(RecrmError, match="no tokenizer at"):
        judge_from({"judge": f"hf:{tmp_path / 'nothing'}"})


def test_a_function_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "judge_of_this_folder.py").write_text('def answer(prompt):\n    return "A"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    reward = reward_from({
        "judge": "python:judge_of_this_folder:answer", "dimensions": ["relevance", "instruction"],
        "weights": {"relevance": 2}, "missing": "drop", "form": "weighted", "on_error": "none",
    })  # fmt: skip
    assert reward(CASES)[0].parts == {"relevance": 1.0, "instruction": None}
    assert reward.judge.name == "judge_of_this_folder:answer"
    assert reward.weights == {"relevance": 2.0}
    soft = reward_from({"judge": "python:judge_of_this_folder:answer", "mode": "logprob", "soft": "true"})
    assert (soft.soft, soft.versions["soft"], reward.soft) == (True, True, False)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "--judge is missing: server:URL, hf:PATH"),
        ({"judge": "gpt"}, "--judge must be server:URL, .* not 'gpt'"),
        ({"judge": "server:"}, "--judge must be server:URL, .* not 'server:'"),
        ({"judge": "server:http://h/v1"}, "model is missing: the name that the server at http://h/v1 has"),
        ({"judge": "server:h", "model": "m"}, "url must begin with http"),
        ({"judge": "server:http://h", "model": "m", "batch_size": 1}, "--batch-size is no option of a judge server:"),
        ({"judge": "server:http://h", "model": "m", "timeout": "0"}, "--timeout must be a number above 0, not '0'"),
        ({"judge": "server:http://h", "model": "m", "timeout": "soon"}, "--timeout must be a number above 0"),
        ({"judge": "server:http://h", "model": "m", "extra_body": "{"}, "--extra-body must be an object, or one"),
        ({"judge": "server:http://h", "model": "m", "extra_body": "[1]"}, "--extra-body must be an object, or one"),
        ({"judge": "server:http://h", "model": "m", "temperature": "-1"}, "--temperature must be a number from 0"),
        ({"judge": "server:http://h", "model": "m", "mode": "best"}, "--mode must be generate or logprob, not 'best'"),
        ({"judge": "server:http://h", "model": "m", "api_key_env": "NO_SUCH"}, "no environment variable NO_SUCH"),
        ({"judge": "python:json"}, "python:json names no function"),
        ({"judge": "python:no_such_module:f"}, "python:no_such_module:f cannot be loaded: No module named"),
        ({"judge": "python:json:nothing"}, "cannot be loaded: module 'json' has no attribute 'nothing'"),
        ({"judge": "python:json:__name__"}, "is not a function"),
        ({"judge": "python:json:dumps", "color": 1}, "unknown option --color: the options are --form, .*--judge,"),
        ({"judge": "python:json:dumps", "weights": "relevance"}, "--weights must be DIMENSION=NUMBER"),
        ({"judge": "python:json:dumps", "weights": "relevance=much"}, "--weights must be DIMENSION=NUMBER"),
        ({"judge": "python:json:dumps", "weights": [1]}, "--weights must be DIMENSION=NUMBER"),
        ({"judge": "python:json:dumps", "weights": "tone=1"}, "unknown dimension 'tone'"),
        ({"judge": "python:json:dumps", "dimensions": ""}, "--dimensions must be keys of dimensions"),
        ({"judge": "python:json:dumps", "dimensions": 3}, "--dimensions must be keys of dimensions"),
        ({"judge": "python:json:dumps", "dimensions": "relevance", "weights": "relevance=0"}, "needs a weight above 0"),
        ({"judge": "python:json:dumps", "missing": "skip"}, "--missing must be none or drop or zero, not 'skip'"),
    ],
)
def test_mistakes_are_one_message(config: dict[str, Any], message: str) -> None:
    with pytest.raises(RecrmError, match=message):
        reward_from(config, "--")


def test_a_discount_that_would_have_no_effect() -> None:
    config = {"judge": "python:json:dumps", "discount": "0.5"}
    assert rewards_from({**config, "over": "discount"}).discount == 0.5
    with pytest.raises(RecrmError, match="--discount needs --over to be discount"):
        rewards_from(config, "--")


def test_a_config_names_its_options_without_dashes() -> None:
    with pytest.raises(RecrmError, match=r"^max_tokens must be a whole number of at least 1, not 0$"):
        judge_from({"judge": "server:http://h", "model": "m", "max_tokens": 0})


def test_a_coroutine_function_is_asked_several_questions_at_a_time() -> None:
    """In one loop that outlives a call, and never more than the limit over all callers."""
    now, most, loops = 0, 0, set()

    async def answer(prompt: Any) -> str:
        nonlocal now, most
        loops.add(asyncio.get_running_loop())
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return "A"

    reward = HybridReward(FunctionJudge(answer, concurrency=4), dimensions=["relevance"])
    cases = [Case(query=f"hotel {i}", items=("Park Hotel",)) for i in range(12)]

    async def together() -> list[Any]:
        return await asyncio.gather(*(reward.rewards(cases) for _ in range(3)))

    assert all(found.value == 1.0 for rewards in asyncio.run(together()) for found in rewards)
    assert all(found.value == 1.0 for found in reward(cases))
    assert most == 4
    assert len(loops) == 1


@pytest.mark.parametrize("said", [None, 7, {"answer": "A"}, ["A"], b"A", object()])
def test_a_function_that_returns_something_else(said: Any) -> None:
    reward = HybridReward(FunctionJudge(lambda prompt: said), dimensions=["relevance"], on_error="none")
    error = f"the function must return a text or log-probabilities, not {type(said).__name__}"
    assert reward(CASES)[0].error == error


def test_a_function_that_returns_a_coroutine() -> None:
    async def answer() -> str:
        return "A"

    reward = HybridReward(FunctionJudge(lambda prompt: answer()), dimensions=["relevance"], on_error="none")
    assert "not coroutine" in (reward(CASES)[0].error or "")


def test_a_plain_function_is_asked_in_turn_and_may_ask_another_judge() -> None:
    threads = []

    def inner(prompt: Any) -> str:
        threads.append(threading.current_thread())
        return "A"

    async def other(prompt: Any) -> str:
        return "B"

    within = HybridReward(FunctionJudge(other), dimensions=["relevance"])

    def outer(prompt: Any) -> str:
        inner(prompt)
        return "A" if within(CASES)[0].value == 0.5 else "C"

    reward = HybridReward(FunctionJudge(outer), dimensions=["relevance"])
    assert [one.value for one in reward([Case(query=str(i), items=("Park Hotel",)) for i in range(5)])] == [1.0] * 5
    assert len(set(threads)) == 1
    assert threads[0] is not threading.main_thread()
