"""Questions of several callers become one batch."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.rewards import CachedJudge, Case, GatheringJudge, HybridReward, JudgeError, Reply, Reward
from recrm_tasks.rewards.questions import questions


class Slow:
    """A model: one batch at a time; the first waits until the test lets it go."""

    mode = "generate"
    name = "slow"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.first = threading.Event()
        self.busy = False

    async def ask(self, prompts: Sequence[Prompt], heard: Any = None) -> list[Reply]:
        assert not self.busy
        self.busy = True
        self.batches.append(len(prompts))
        if len(self.batches) == 1:
            while not self.first.is_set():
                await asyncio.sleep(0.005)
        self.busy = False
        return [Reply(prompt.messages[-1].content.partition("hotel ")[2].split()[0]) for prompt in prompts]


def prompts(*numbers: int) -> list[Prompt]:
    relevance = dimension_of("relevance")
    cases = [Case(query=f"hotel {number}", items=("Park Hotel",)) for number in numbers]
    return [questions(case, relevance, "generate")[0] for case in cases]


def until(condition: Any) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise TimeoutError


def test_what_was_asked_meanwhile_is_one_batch() -> None:
    slow = Slow()
    judge = GatheringJudge(slow)
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(asyncio.run, judge.ask(prompts(0)))
        until(lambda: slow.batches)
        rest = [pool.submit(asyncio.run, judge.ask(prompts(i, i + 100))) for i in range(1, 21)]
        until(lambda: len(judge._waiting) == 40)
        slow.first.set()
        assert first.result(10) == [Reply("0")]
        assert [one.result(10) for one in rest] == [[Reply(str(i)), Reply(str(i + 100))] for i in range(1, 21)]
    assert slow.batches == [1, 40]
    assert asyncio.run(judge.ask([])) == []


def test_a_reply_is_heard_as_soon_as_it_is_there() -> None:
    go = threading.Event()

    class Batches(Slow):
        async def ask(self, prompts: Sequence[Prompt], heard: Any = None) -> list[Reply]:
            heard(1, Reply("second"))
            while not go.is_set():
                await asyncio.sleep(0.005)
            heard(0, Reply("first"))
            return [Reply("first"), Reply("second")]

    found: dict[int, Reply] = {}
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(asyncio.run, GatheringJudge(Batches()).ask(prompts(0, 1), found.__setitem__))
        until(lambda: found)
        assert found == {1: Reply("second")}
        go.set()
        assert done.result(10) == [Reply("first"), Reply("second")]
    assert found[0] == Reply("first")


def test_a_caller_that_is_cancelled_costs_the_others_nothing() -> None:
    slow = Slow()
    judge = GatheringJudge(slow)

    async def callers() -> list[Any]:
        first = asyncio.ensure_future(judge.ask(prompts(0)))
        while not slow.batches:
            await asyncio.sleep(0.005)
        gone, stays = (asyncio.ensure_future(judge.ask(prompts(i))) for i in (1, 2))
        await asyncio.sleep(0.01)
        gone.cancel()
        first.cancel()
        await asyncio.gather(gone, first, return_exceptions=True)
        slow.first.set()
        return [await stays, await judge.ask(prompts(3))]

    assert asyncio.run(callers()) == [[Reply("2")], [Reply("3")]]
    assert slow.batches == [1, 1, 1]


def test_whatever_happens_to_the_judge_every_caller_gets_replies() -> None:
    class Broken(Slow):
        async def ask(self, prompts: Sequence[Prompt], heard: Any = None) -> list[Reply]:
            raise ZeroDivisionError("x")

    judge = GatheringJudge(Broken())
    for _ in range(2):
        assert asyncio.run(judge.ask(prompts(0, 1))) == [Reply(None, error="ZeroDivisionError: x")] * 2


class Always(Slow):
    async def ask(self, prompts: Sequence[Prompt], heard: Any = None) -> list[Reply]:
        return [Reply("A")] * len(prompts)


def test_it_pickles_and_has_the_judges_name() -> None:
    judge = pickle.loads(pickle.dumps(GatheringJudge(Always.__new__(Always))))
    assert (judge.mode, judge.name) == ("generate", "slow")
    reward = HybridReward(judge, dimensions=["relevance"])
    assert reward([Case(query="q", items=("Park Hotel",))])[0].value == pytest.approx(1.0)


@pytest.mark.parametrize("around", [lambda judge: judge, CachedJudge, GatheringJudge])
def test_a_judge_that_gives_another_number_of_replies(around: Any) -> None:
    """Nobody knows which is whose, and nobody waits for ever."""

    class Short:
        mode = "generate"
        name = "short"

        async def ask(self, prompts: Sequence[Prompt], heard: Any = None) -> list[Reply]:
            return [Reply("A")]

    async def run() -> list[Reward]:
        reward = HybridReward(around(Short()), dimensions=["relevance"])
        return await asyncio.wait_for(reward.rewards([Case(query="q", items=("x", "y"))]), 10)

    with pytest.raises(JudgeError, match="the judge short gave 1 replies to 2 questions"):
        asyncio.run(run())
