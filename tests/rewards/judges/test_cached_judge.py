"""Equal questions are asked once: in a batch, at the same time, later, and by other processes."""

from __future__ import annotations

import asyncio
import importlib
import math
import pickle
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import CachedJudge, Case, FunctionJudge, GatheringJudge, HybridReward, Reply
from recrm_tasks.rewards.judges import reply_store
from recrm_tasks.rewards.judges.judge import Heard
from recrm_tasks.rewards.judges.reply_store import ReplyStore
from recrm_tasks.rewards.questions import questions


class Counting:
    """A judge that keeps what it was asked, and answers when it may."""

    mode: Mode = "generate"
    name = "counting"

    def __init__(self, error: str | None = None) -> None:
        self.asked: list[str] = []
        self.error = error
        self.may = threading.Event()
        self.may.set()

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        self.asked += [prompt.messages[-1].content for prompt in prompts]
        while not self.may.is_set():
            await asyncio.sleep(0.002)
        replies = [Reply(None if self.error else "A", 5, 1, self.error) for _ in prompts]
        for place, reply in enumerate(replies):
            if heard is not None:
                heard(place, reply)
        return replies


def prompts(*numbers: int, mode: Mode = "generate") -> list[Prompt]:
    relevance = dimension_of("relevance")
    return [questions(Case(query=f"hotel {i}", items=("Park Hotel",)), relevance, mode)[0] for i in numbers]


def ask(judge: Any, *numbers: int) -> list[Reply]:
    return asyncio.run(judge.ask(prompts(*numbers)))


def test_equal_questions_are_asked_once() -> None:
    judge = Counting()
    cached = CachedJudge(judge)
    heard: list[int] = []
    replies = asyncio.run(cached.ask(prompts(1, 2, 1, 1), lambda place, reply: heard.append(place)))
    assert replies == [Reply("A", 5, 1)] * 4
    assert sorted(heard) == [0, 1, 2, 3]
    assert len(judge.asked) == 2
    assert ask(cached, 2, 3) == [Reply("A", 5, 1)] * 2
    assert len(judge.asked) == 3
    assert (cached.name, cached.mode) == ("counting", "generate")


def test_cases_that_differ_in_their_id_only() -> None:
    judge = Counting()
    cases = [Case(id=str(i), query="a hotel", items=("Park Hotel",)) for i in range(5)]
    assert [r.value for r in HybridReward(CachedJudge(judge), dimensions=["relevance"])(cases)] == [1.0] * 5
    assert len(judge.asked) == 1


def test_what_makes_questions_differ() -> None:
    """Turns, allowed answers, mode and judge."""
    (prompt,) = prompts(1)
    judge = Counting()
    cached = CachedJudge(judge)
    other = prompt._replace(choices=(*prompt.choices, "Z"))
    asyncio.run(cached.ask([prompt, other, *prompts(1, mode="logprob"), *prompts(2)]))
    assert len(judge.asked) == 4
    judge.name = "another"
    ask(cached, 1)
    assert len(judge.asked) == 5


def test_errors_are_not_kept() -> None:
    judge = Counting(error="down")
    cached = CachedJudge(judge)
    assert ask(cached, 1, 1) == [Reply(None, 5, 1, "down")] * 2
    judge.error = None
    assert ask(cached, 1) == [Reply("A", 5, 1)]
    assert len(judge.asked) == 2


def test_the_memory_is_bounded() -> None:
    """What was not used for the longest time goes first."""
    judge = Counting()
    cached = CachedJudge(judge, most=3)
    for number in (1, 2, 3, 1, 4):
        ask(cached, number)
    assert len(judge.asked) == 4
    ask(cached, 1)
    assert len(judge.asked) == 4
    ask(cached, 2)
    assert len(judge.asked) == 5
    # A batch of more than that is answered all the same.
    assert len(ask(cached, *range(10, 20))) == 10


def test_callers_at_the_same_time_in_threads() -> None:
    judge = Counting()
    judge.may.clear()
    cached = CachedJudge(judge)
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(ask, cached, 1, 2, 3) for _ in range(8)]
        while len(judge.asked) < 3:
            pass
        judge.may.set()
        assert all(one.result() == [Reply("A", 5, 1)] * 3 for one in running)
    assert len(judge.asked) == 3


@pytest.mark.parametrize(("cancelled", "asked"), [("the one who waits", 1), ("the one who asks", 2)])
def test_one_of_two_is_cancelled(cancelled: str, asked: int) -> None:
    """The other one gets the answer, and asks itself if it must."""
    judge = Counting()
    judge.may.clear()
    cached = CachedJudge(judge)

    async def both() -> list[Reply]:
        first, second = (asyncio.create_task(cached.ask(prompts(1))) for _ in range(2))
        gone, left = (second, first) if cancelled == "the one who waits" else (first, second)
        await asyncio.sleep(0.02)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        judge.may.set()
        return await left

    assert asyncio.run(both()) == [Reply("A", 5, 1)]
    assert len(judge.asked) == asked


def test_a_judge_that_raises() -> None:
    class Broken(Counting):
        async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
            raise OSError("broken")

    cached = CachedJudge(Broken())
    for _ in range(2):
        with pytest.raises(OSError, match="broken"):
            ask(cached, 1)


def test_what_was_answered_is_kept_if_the_rest_is_cancelled(tmp_path: Path) -> None:
    asked = []

    async def slowly(prompt: Prompt) -> str:
        asked.append(prompt)
        await asyncio.sleep(0 if len(asked) <= 3 else 60)
        return "A"

    async def cut() -> None:
        answered: dict[int, Reply] = {}
        task = asyncio.create_task(cached.ask(prompts(1, 2, 3, 4, 5), answered.__setitem__))
        while len(answered) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    for file in (None, tmp_path / "replies.db"):
        asked.clear()
        cached = CachedJudge(FunctionJudge(slowly, name="slow"), path=file)
        asyncio.run(cut())
        again = CachedJudge(FunctionJudge(lambda prompt: "B", name="slow"), path=file) if file else cached
        assert [reply.said for reply in ask(again, 1, 2, 3)] == ["A"] * 3


def test_it_pickles(tmp_path: Path) -> None:
    cached = CachedJudge(FunctionJudge(len_of, name="f"), path=tmp_path / "replies.db")
    ask(cached, 1)
    other = pickle.loads(pickle.dumps(cached))
    assert ask(other, 1) == ask(cached, 1)


def len_of(prompt: Prompt) -> str:
    return str(len(prompt.messages))


class Letter:
    """A callable object, and a function that belongs to it."""

    def __init__(self, letter: str) -> None:
        self.letter = letter

    def __call__(self, prompt: Prompt) -> str:
        return self.letter

    def said(self, prompt: Prompt) -> str:
        return self.letter


def local() -> Any:
    def said(prompt: Prompt) -> str:
        return "A"

    return said


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda prompt: "A", f"<{__name__}.<lambda>>"),
        (local(), f"<{__name__}.local.<locals>.said>"),
        (Letter("A"), f"<{__name__}.Letter>"),
        (Letter("A").said, f"<{__name__}.Letter.said>"),
        (partial(len_of), "<functools.partial>"),
    ],
)
def test_functions_that_others_may_be_taken_for_need_a_name_on_disk(tmp_path: Path, function: Any, name: str) -> None:
    """Two lambdas in one file would otherwise be answered for by the first."""
    judge = FunctionJudge(function)
    assert judge.name == name
    for around in (judge, GatheringJudge(judge)):
        with pytest.raises(RecrmError, match=r"replies\.db: replies of <.* cannot be kept on disk, .*name=…"):
            CachedJudge(around, path=tmp_path / "replies.db")
    assert ask(CachedJudge(judge), 1)[0].said
    assert ask(CachedJudge(FunctionJudge(function, name="mine"), path=tmp_path / "replies.db"), 1)[0].said


def test_functions_with_one_name_in_two_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    said = []
    for module, letter in (("first_judge", "A"), ("second_judge", "B")):
        (tmp_path / f"{module}.py").write_text(f"def answer(prompt):\n    return {letter!r}\n")
        judge = FunctionJudge(importlib.import_module(module).answer)
        assert judge.name == f"{module}.answer"
        said += [reply.said for reply in ask(CachedJudge(judge, path=tmp_path / "replies.db"), 1)]
    assert said == ["A", "B"]


def test_a_function_of_the_program_itself_needs_a_name_on_disk(tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text(
        "from recrm_tasks.rewards import CachedJudge, FunctionJudge\n"
        "def answer(prompt): return 'A'\n"
        "CachedJudge(FunctionJudge(answer), path='replies.db')\n"
    )
    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "replies.db: replies of <__main__.answer> cannot be kept on disk" in done.stderr


def test_log_probabilities_come_back_as_they_were(tmp_path: Path) -> None:
    said = (-0.1, -1e-17, float("-inf"))
    for _ in range(2):
        cached = CachedJudge(FunctionJudge(lambda prompt: said, "logprob", "f"), path=tmp_path / "replies.db")
        assert asyncio.run(cached.ask(prompts(1, mode="logprob"))) == [Reply(said)]


def test_the_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_store, "_TRIM", 50)
    store = ReplyStore(tmp_path / "replies.db", 20)
    for number in range(100):
        store.put(str(number), Reply("A"))
    assert store.get("79") is None
    assert all(store.get(str(number)) == Reply("A") for number in range(80, 100))


PROGRAM = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_cached_judge import prompts
from recrm_tasks.rewards import CachedJudge, FunctionJudge

asked = []
cached = CachedJudge(FunctionJudge(lambda prompt: asked.append(prompt) or "A", name="f"), path={file!r})
print("ready", flush=True)
for number in map(int, sys.stdin):
    assert [reply.said for reply in asyncio.run(cached.ask(prompts(*range(number, number + 10))))] == ["A"] * 10
    print(len(asked), flush=True)
"""


class Process:
    """Another process with the same file."""

    def __init__(self, file: Path) -> None:
        program = PROGRAM.format(tests=str(Path(__file__).parent), file=str(file))
        self._process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ready(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, *numbers: int) -> list[int]:
        """Asks ten questions from each number on; the questions that its judge got until then."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("".join(f"{number}\n" for number in numbers))
        self._process.stdin.flush()
        return [int(self._process.stdout.readline()) for _ in numbers]

    def end(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


@pytest.mark.slow
def test_two_processes_share_a_file(tmp_path: Path) -> None:
    """They make it together, see each other's replies, and write at the same time."""
    file = tmp_path / "deep" / "replies.db"
    first, second = Process(file), Process(file)
    first.ready()
    second.ready()
    assert first.ask(0) == [10]
    assert second.ask(0, 5) == [0, 5]
    with ThreadPoolExecutor(2) as pool:
        mine = pool.submit(first.ask, *range(100, 2000, 10))
        other = pool.submit(second.ask, *range(2000, 3900, 10))
        assert mine.result()[-1] == 10 + 1900
        assert other.result()[-1] == 5 + 1900
    assert first.ask(*range(2000, 3900, 10))[-1] == 10 + 1900
    assert second.ask(*range(100, 2000, 10))[-1] == 5 + 1900
    first.end()
    second.end()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("not a database, and longer than the header of one" * 20)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (a)")
    for path, message in (
        (text, "cannot be used as a cache of replies: file is not a database"),
        (other, "is not a cache of replies of this version"),
        (tmp_path, "cannot be used as a cache of replies"),
        (text / "x.db", "cannot be used as a cache of replies"),
    ):
        with pytest.raises(RecrmError, match=message):
            CachedJudge(Counting(), path=path)


def test_a_file_that_fails_later_costs_the_cache_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "replies.db"
    judge = Counting()
    cached = CachedJudge(judge, path=file)
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE replies")
    assert ask(cached, 1, 2) == [Reply("A", 5, 1)] * 2
    assert [record.getMessage() for record in caplog.records] == [
        f"replies are not kept in {file}: no such table: replies"
    ]


def test_limits() -> None:
    with pytest.raises(RecrmError, match="most must be a whole number from 1, not 0"):
        CachedJudge(Counting(), most=0)


@pytest.mark.parametrize("wrong", [(0.1,), (math.nan, 0.0, 0.0), (math.inf, 0.0, 0.0)])
def test_log_probabilities_that_no_model_gives_are_not_kept(tmp_path: Path, wrong: tuple[float, ...]) -> None:
    """Else a judge that was mended would never be asked again."""
    for said, value in ((wrong, None), ((-0.1, -math.inf, -3.0), 1.0), (wrong, 1.0)):
        function = FunctionJudge(lambda prompt, said=said: said, mode="logprob", name="mended")
        judge = CachedJudge(function, path=tmp_path / "replies.db")
        reward = HybridReward(judge, dimensions=["relevance"], on_error="none")
        assert reward([Case(query="a hotel", items=("Park Hotel",))])[0].value == value
