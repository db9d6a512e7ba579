"""`recrm reward score`: a file of cases -> a file of rewards."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import stub_server
from stub_server import StubServer, first_token, message

from recrm_tasks.cli import main
from recrm_tasks.rewards import EpisodeRewards, FunctionJudge, HybridReward
from recrm_tasks.rewards.score_file import rows_of, score


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recrm_tasks.models.server_client._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("recrm_tasks.models.server_client._LONGEST_PAUSE", 0.1)


def yes(prompt: Any) -> str:
    return "A"


def case(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(number), "query": f"hotel {number}", "items": ["Park Hotel"], **fields}


def written(file: Path, rows: list[Any]) -> str:
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return str(file)


def read(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def words(server: StubServer, file: str, *more: str) -> list[str]:
    asked = ["--judge", f"server:{server.url}", "--model", "stub", "--dimensions", "relevance"]
    return ["reward", "score", file, *asked, *more]


def test_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [case(0), "", case(1, items=[]), {"id": "e", "steps": [case(2), case(3)]}]
    with StubServer() as server:
        assert main(words(server, written(tmp_path / "cases.jsonl", rows), "--over", "sum")) == 0
    out, err = capsys.readouterr()
    first, second, episode = read(out)
    assert [(one["id"], one["line"]) for one in (first, second, episode)] == [("0", 1), ("1", 3), ("e", 4)]
    assert (first["value"], first["parts"], first["tokens_in"]) == (1.0, {"relevance": 1.0}, 7)
    assert first["asked"] == [{"dimension": "relevance", "verdicts": [1.0], "reason": None, "said": stub_server.GOOD}]
    assert (second["value"], second["missing"]) == (None, {"relevance": "not asked: no items"})
    assert episode["value"] == 2.0
    assert [step["value"] for step in episode["steps"]] == [1.0, 1.0]
    assert "3 rewards, mean 1.5000; 1 have none" in err
    assert "missing: relevance of 1" in err
    assert "tokens: 21 in, 9 out" in err


def test_probabilities_that_a_server_does_not_report_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = message("A", logprobs=first_token({"A": -0.5}))
    rows = [case(0), {"steps": [case(1), case(2)]}, case(3, items=[])]
    with StubServer(lambda asked, before: body) as server:
        assert main(words(server, written(tmp_path / "cases.jsonl", rows), "--mode", "logprob")) == 0
    out, err = capsys.readouterr()
    first, episode, last = read(out)
    assert (first["unseen"], [step["unseen"] for step in episode["steps"]], last["unseen"]) == (1, [1, 1], 0)
    assert "unseen: the judge did not report every answer's probability for 2\n" in err


def test_standard_input_and_a_file_for_the_rewards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"\xef\xbb\xbf" + json.dumps(case(0)).encode() + b"\r\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    with StubServer() as server:
        assert main(words(server, "-", "--to", str(tmp_path / "new" / "rewards.jsonl"))) == 0
    assert [one["value"] for one in read((tmp_path / "new" / "rewards.jsonl").read_text())] == [1.0]
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "rewards.jsonl"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([case(0), "{", case(1)], ": 1 of 3 lines cannot be used\n  line 2: not valid JSON: Expecting property name"),
        ([case(0), {"query": 1}], "line 2: query: Input should be a valid string, not 1"),
        ([{"qeury": "x"}], "line 1: qeury: there is no such field"),
        ([[1]], "line 1: the line: Input should be a valid dictionary"),
        ([{"items": "Park Hotel"}], "line 1: items: Input should be a valid tuple, not 'Park Hotel'"),
        ([{"steps": []}], "line 1: steps: Tuple should have at least 1 item"),
        ([{"more": {"query": "x"}}], "line 1: more: query is a field of the case itself\n"),
        (
            [{"steps": [{"instruction": "a"}, {"instruction": "b"}]}],
            "line 1: the line: the steps have different instructions: give the episode one with all",
        ),
        ([{"steps": [{"query": 1}]}], "line 1: steps.0.query: Input should be a valid string"),
        (["[" * 100_000], "line 1: not valid JSON"),
        ([], ": there are no cases in it"),
        (["", " "], ": there are no cases in it"),
    ],
)
def test_bad_lines_are_refused_before_the_judge_is_asked(
    rows: list[Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with StubServer() as server:
        assert main(words(server, written(tmp_path / "cases.jsonl", rows), "--to", str(tmp_path / "out"))) == 2
        assert server.asked == []
    err = capsys.readouterr().err
    assert "cases.jsonl" in err
    assert message in err
    assert not (tmp_path / "out").exists()


def test_at_most_five_bad_lines_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StubServer() as server:
        main(words(server, written(tmp_path / "cases.jsonl", ["x"] * 9 + [case(0)])))
    err = capsys.readouterr().err
    assert "9 of 10 lines cannot be used" in err
    assert "line 5:" in err
    assert "line 6:" not in err


def test_files_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\n")
    with StubServer() as server:
        for file, message in (
            (tmp_path / "nothing", "nothing: cannot be read: No such file"),
            (tmp_path, "cannot be read: Is a directory"),
            (tmp_path / "binary", "binary: 1 of 1 lines cannot be used\n  line 1: not valid JSON"),
        ):
            assert main(words(server, str(file))) == 2
            assert message in capsys.readouterr().err
        file = written(tmp_path / "cases.jsonl", [case(0)])
        assert main(words(server, file, "--to", f"{file}/below")) == 2
        assert "cannot be written" in capsys.readouterr().err
        assert server.asked == []


def test_a_judge_that_does_not_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By default it stops, and what was answered is kept; or the case has no reward and says why."""

    def answer(asked: Any, before: int) -> Any:
        return 400 if "hotel 3\n" in asked["messages"][-1]["content"] else message()

    file = written(tmp_path / "cases.jsonl", [case(i) for i in range(6)])
    more = ("--cache", str(tmp_path / "replies.db"), "--concurrency", "1", "--retries", "0")
    with StubServer(answer) as server:
        assert main(words(server, file, *more, "--to", str(tmp_path / "out"))) == 2
        assert "case 3: the judge stub did not answer: " in capsys.readouterr().err
        assert not list(tmp_path.glob("*out*"))
        asked = len(server.asked)
        assert main(words(server, file, *more, "--on-error", "none")) == 0
        assert len(server.asked) - asked <= 3
    out, err = capsys.readouterr()
    assert [one["value"] for one in read(out)] == [1.0, 1.0, 1.0, None, 1.0, 1.0]
    assert "status 400" in read(out)[3]["error"]
    assert "the judge did not answer about 1" in err


@pytest.mark.slow
def test_a_reader_that_has_enough_and_outputs_that_are_no_files(tmp_path: Path) -> None:
    """A pipe that is closed is not an error of the input, and a device must not be replaced by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    rows = [case(number) for number in range(500)]
    judge = ["--judge", "python:test_score:yes", "--dimensions", "relevance"]
    run = [
        sys.executable, "-m", "recrm_tasks.cli", "reward", "score", written(tmp_path / "cases.jsonl", rows), *judge,
    ]  # fmt: skip
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), *sys.path])}
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=paths) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, b"")
    with subprocess.Popen([*run, "--to", str(pipe)], env=paths) as process:
        assert len(pipe.read_text().splitlines()) == 500
        assert process.wait(60) == 0
    assert pipe.is_fifo()


def test_a_weight_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StubServer() as server:
        assert main(words(server, written(tmp_path / "cases.jsonl", [case(0)]), "--weights", "relevance=0")) == 2
    assert "at least one dimension needs a weight above 0" in capsys.readouterr().err


def test_order_and_equal_cases() -> None:
    """Answers come in any order; rewards come in that of the lines."""

    async def judge(prompt: Any) -> str:
        number = int(prompt.messages[-1].content.partition("hotel ")[2].split()[0])
        await asyncio.sleep(0.02 * (number % 3))
        return json.dumps({"answer": "ABC"[number % 3]})

    rewards = EpisodeRewards(HybridReward(FunctionJudge(judge), dimensions=["relevance"]))
    out = io.StringIO()
    summary = score(rows_of((json.dumps(case(i)) for i in range(60)), "x"), rewards, out)
    found = [one["value"] for one in read(out.getvalue())]
    assert len(set(found[:3])) == 3
    assert found == found[:3] * 20
    assert summary.rows == 60


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file() -> None:
    rewards = EpisodeRewards(HybridReward(FunctionJudge(lambda prompt: "A"), dimensions=["relevance"]))

    class Counting(io.StringIO):
        def write(self, text: str) -> int:
            return len(text)

    def most(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            # Each line has 100 kB: 100 MB in all.
            rows = rows_of((json.dumps(case(i, query=f"{i} " + "x" * 100_000)) for i in range(count)), "x")
            assert score(rows, rewards, Counting()).rows == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert most(1000) < 1.3 * most(300)


def test_long_texts_and_many_items_are_asked_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question has the texts of its case again, so the length of a line says little."""
    monkeypatch.setattr("recrm_tasks.rewards.score_file._TOGETHER_CHARACTERS", 100_000)
    monkeypatch.setattr("recrm_tasks.rewards.score_file._AHEAD_CHARACTERS", 300_000)
    at_a_time, most = 0, 0

    async def judge(prompt: Any) -> str:
        nonlocal at_a_time, most
        at_a_time += len(prompt.messages[-1].content)
        most = max(most, at_a_time)
        await asyncio.sleep(0.05)
        at_a_time -= len(prompt.messages[-1].content)
        return "A"

    judged = FunctionJudge(judge, concurrency=1_000)
    rewards = EpisodeRewards(HybridReward(judged, dimensions=["relevance"]))
    cases = [case(i, query="x" * 10_000, items=[f"Hotel {i}" for i in range(20)]) for i in range(10)]
    lines = [*cases, *({"steps": [one]} for one in cases)]
    assert score(rows_of(map(json.dumps, lines), "x"), rewards, io.StringIO()).valued == 20
    # Two lines at a time; without the limit all of them would be.
    assert 300_000 < most < 500_000


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    """In another process, on the same cache: no answered question is asked again, and no case is lost."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    log, out = tmp_path / "log", tmp_path / "out.jsonl"
    file = written(tmp_path / "cases.jsonl", [case(i) for i in range(200)])
    options = [
        "--judge", f"server:http://127.0.0.1:{port}/v1", "--model", "stub", "--dimensions", "relevance",
        "--cache", str(tmp_path / "replies.db"), "--concurrency", "4", "--retries", "1", "--to", str(out),
    ]  # fmt: skip
    run = [sys.executable, "-m", "recrm_tasks.cli", "reward", "score", file, *options]

    def judge(delay: float) -> subprocess.Popen[bytes]:
        stub = [sys.executable, stub_server.__file__, "--port", str(port), "--log", str(log), "--delay", str(delay)]
        process = subprocess.Popen(stub, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def answered() -> list[str]:
        return log.read_text().splitlines() if log.exists() else []

    server = judge(0.05)
    killed = subprocess.Popen(run, stderr=subprocess.PIPE)
    try:
        while len(answered()) < 40:
            time.sleep(0.01)
        server.kill()  # the judge goes first: this run ends with an error
        assert killed.wait(60) == 2
        assert killed.stderr is not None
        assert b"did not answer" in killed.stderr.read()
        server.wait()
        server = judge(0.05)
        killed = subprocess.Popen(run, stderr=subprocess.PIPE)
        while len(answered()) < 90:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)  # then the run itself
        killed.wait()
        assert not out.exists()
        assert subprocess.run(run, capture_output=True, timeout=60, check=True)
    finally:
        for process in (server, killed):
            process.kill()
            process.wait()
    assert [one["value"] for one in read(out.read_text())] == [1.0] * 200
    assert len(set(answered())) == 200
    # Those whose answers were on their way at one of the two ends.
    assert len(answered()) - 200 <= 8


@pytest.mark.slow
def test_two_processes_on_one_cache(tmp_path: Path) -> None:
    file = written(tmp_path / "cases.jsonl", [case(i) for i in range(100)])
    with StubServer(delay=0.005) as server:
        command = words(server, file, "--cache", str(tmp_path / "replies.db"))
        run = [sys.executable, "-m", "recrm_tasks.cli", *command]
        runs = [subprocess.Popen(run, stdout=subprocess.PIPE) for _ in range(2)]
        outs = [one.communicate(timeout=60)[0].decode() for one in runs]
        assert [one.returncode for one in runs] == [0, 0]
        asked = len(server.asked)
        assert main([*command, "--to", str(tmp_path / "o")]) == 0
        assert len(server.asked) == asked
    assert outs[0] == outs[1] == (tmp_path / "o").read_text()
