"""Rewards over HTTP: a real server, a judge behind another real server, and clients that do everything wrong."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from stub_server import StubServer, message

pytest.importorskip("uvicorn", reason="the extra serve is not installed")

from reward_service import Service, running

from recrm_tasks.cli import main
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import CachedJudge, Case, EpisodeRewards, FunctionJudge, HybridReward, ServerJudge
from recrm_tasks.rewards.service.app import reward_app
from recrm_tasks.rewards.service.in_hand import Limits
from recrm_tasks.rewards.service.room import Room
from recrm_tasks.rewards.service.server import listening
from recrm_tasks.rewards.trainers.recrm_openrlhf import answer_of


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recrm_tasks.models.server_client._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("recrm_tasks.models.server_client._LONGEST_PAUSE", 0.1)


def case(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(number), "query": f"hotel {number}", "items": ["Park Hotel"], **fields}


def of_server(server: StubServer, keys: tuple[str, ...] = ("relevance",), **options: Any) -> EpisodeRewards:
    judge = CachedJudge(ServerJudge("stub", server.url, **{"retries": 0, **options}))
    return EpisodeRewards(HybridReward(judge, dimensions=keys, missing="drop"))


def good(judge: Any = lambda prompt: "A") -> EpisodeRewards:
    return EpisodeRewards(HybridReward(FunctionJudge(judge, name="good"), dimensions=["relevance"]))


@contextmanager
def both(**limits: Any) -> Iterator[tuple[StubServer, Service]]:
    with StubServer(delay=0.02) as server, running(of_server(server), **limits) as service:
        yield server, service


def test_cases() -> None:
    def judge(asked: Any, before: int) -> Any:
        return message("hm" if "hotel 1\n" in asked["messages"][-1]["content"] else "A")

    with StubServer(judge) as server:
        rewards = of_server(server, ("relevance", "factual"))
        with running(rewards) as service:
            answer = service.ask("/rewards", {"cases": [case(0), case(1)]})
    assert answer.status == 200
    first, second = answer.json["rewards"]
    assert (first["value"], first["parts"]) == (1.0, {"relevance": 1.0, "factual": None})
    assert first["missing"] == {"factual": "not asked: no evidence, response"}
    assert (first["tokens_in"], first["tokens_out"], first["error"]) == (7, 3, None)
    assert first["asked"] == [{"dimension": "relevance", "verdicts": [1.0], "reason": None, "said": "A"}]
    assert second["value"] is None
    assert second["missing"]["relevance"] == "unreadable: 1, no_answer"
    assert second["asked"][0]["verdicts"] == [None]
    assert answer.json["versions"]["judge"] == "stub"
    assert set(answer.json["versions"]["dimensions"]) == {"relevance", "factual"}


def test_no_cases_and_many() -> None:
    with running(good()) as service:
        assert service.ask("/rewards", {"cases": []}).json["rewards"] == []
        found = service.ask("/rewards", {"cases": [case(i) for i in range(300)]}).json["rewards"]
        assert [one["value"] for one in found] == [1.0] * 300


def test_episodes() -> None:
    with running(good()) as service:
        body = {"episodes": [{"steps": [case(0), case(1)]}, {"steps": [case(2)]}]}
        first, second = service.ask("/episodes", body).json["rewards"]
    assert [len(one["steps"]) for one in (first, second)] == [2, 1]
    assert first["value"] == first["steps"][1]["value"] == 1.0


def test_requests_of_several_clients_are_one_burst_and_equal_cases_are_asked_once() -> None:
    """The judge answers none before it has the different questions of all clients."""

    async def together(asked: Any) -> Any:
        while server.most < 16:
            await asyncio.sleep(0.005)
        return message()

    with StubServer(lambda asked, before: together(asked)) as server:
        rewards = of_server(server)
        with running(rewards) as service, ThreadPoolExecutor(8) as pool:
            bodies = [{"cases": [case(i), case(i + 8), case(99 if i else 8)]} for i in range(8)]
            bodies[-1]["cases"].pop(1)  # 99 is the sixteenth
            answers = list(pool.map(lambda body: service.ask("/rewards", body), bodies))
    assert all(one["value"] == 1.0 for answer in answers for one in answer.json["rewards"])
    assert len(server.asked) == 16


def test_an_error_belongs_to_its_case() -> None:
    def answer(asked: Any, before: int) -> Any:
        return 400 if "hotel 1\n" in asked["messages"][-1]["content"] else message()

    with StubServer(answer) as server, running(of_server(server)) as service:
        found = service.ask("/rewards", {"cases": [case(i) for i in range(3)]}).json["rewards"]
    assert [one["value"] for one in found] == [1.0, None, 1.0]
    assert "status 400" in found[1]["error"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not valid JSON: Expecting value"),
        (b"{", "the body is not valid JSON"),
        (b"\xff\xfe\xfa", "the body is not valid JSON"),
        (b"[" * 100_000, "the body is not valid JSON"),
        ([1], "the body: Input should be a valid dictionary"),
        ({}, "cases: it is missing"),
        ({"cases": {}}, "cases: Input should be a valid list"),
        ({"cases": [], "more": 1}, "more: there is no such field"),
        ({"cases": [case(0), {"query": 7}]}, "cases.1.query: Input should be a valid string, not 7"),
        ({"cases": [{"qeury": "x"}]}, "cases.0.qeury: there is no such field"),
        ({"cases": [{"items": "Park Hotel"}]}, "cases.0.items: Input should be a valid tuple, not 'Park Hotel'"),
        ({"cases": [{"query": 1, "response": 2}]}, "cases.0.query: Input should be a valid string, not 1 (and 1 more)"),
    ],
)
def test_a_body_of_another_form(body: Any, message: str) -> None:
    with running(good()) as service:
        answer = service.ask("/rewards", body)
    assert answer.status == 400
    assert message in answer.message
    assert len(answer.message) < 300


def test_episodes_of_another_form() -> None:
    with running(good()) as service:
        assert "episodes: it is missing" in service.ask("/episodes", {"cases": []}).message
        answer = service.ask("/episodes", {"episodes": [{"steps": []}]})
    assert answer.status == 400
    assert "episodes.0.steps: Tuple should have at least 1 item" in answer.message


def test_other_paths_methods_and_types() -> None:
    with running(good()) as service:
        assert service.ask("/reward").status == 404
        # Not a redirect, which would go to the host that the client names.
        assert service.ask("/rewards/", b"{}", {"Host": "elsewhere"}).status == 404
        assert service.ask("/rewards").status == 405
        assert "GET /rewards: Method Not Allowed" in service.ask("/rewards").message
        answer = service.ask("/rewards", b"{}", {"Content-Type": "text/plain"})
        assert (answer.status, answer.message) == (415, "the content type must be application/json, not 'text/plain'")


def test_a_text_that_no_encoding_has_and_long_texts() -> None:
    """A lone surrogate that the agent wrote, 1 MB of it, 1,000 items."""
    judge = FunctionJudge(lambda prompt: "A \ud800")
    rewards = EpisodeRewards(HybridReward(judge, dimensions=["relevance", "factual"], missing="drop"))
    cases = [
        case(0, query="a \ud800 hotel"),
        {"query": "q", "evidence": ["e"], "response": "x" * 2**20},
        case(1, items=[f"Hotel {i}" for i in range(1000)]),
        {"response": ""},
        {},
    ]
    with running(rewards) as service:
        answer = service.ask("/rewards", {"cases": cases})
    assert answer.status == 200
    found = answer.json["rewards"]
    assert [len(one["asked"]) for one in found] == [1, 1, 1000, 0, 0]
    assert found[0]["asked"][0]["said"] == "A \ud800"
    assert found[4]["missing"]["relevance"] == "not asked: no items"


class Sender:
    """Bytes to a port, and what comes back."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def head(self, *lines: str, path: str = "/rewards") -> None:
        text = "\r\n".join(
            [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *lines, "", ""]
        )
        self.socket.sendall(text.encode())

    def status(self) -> int:
        received = b""
        while b"\r\n" not in received:
            part = self.socket.recv(4096)
            if not part:
                return 0
            received += part
        return int(received.split()[1])


def test_a_body_of_a_gigabyte_is_not_read() -> None:
    with running(good()) as service:
        declared = Sender(service.port)
        declared.head("Content-Length: 1000000000")
        assert declared.status() == 413
        chunked = Sender(service.port)
        chunked.head("Transfer-Encoding: chunked")
        sent, chunk = 0, b"100000\r\n" + b" " * 2**20 + b"\r\n"
        try:
            while sent < 2**30:
                chunked.socket.sendall(chunk)
                sent += 2**20
        except OSError:  # the service closed the connection
            pass
        assert sent < 2**27
        assert service.metric("recrm_reward_bytes_in_hand") == 0
        assert service.metric('recrm_reward_requests_total{path="/rewards",status="413"}') == 2


def test_a_body_that_is_a_little_too_long_gets_the_message() -> None:
    """It is read, so that the client is not cut off while it sends."""
    with running(good(), body=100_000) as service:
        answer = service.ask("/rewards", {"cases": [case(0, response="x" * 200_000)]})
        assert (answer.status, answer.message) == (
            413,
            "the request is longer than 100,000 bytes: send fewer cases at a time",
        )
        assert service.metric("recrm_reward_bytes_in_hand") == 0


def test_a_client_that_sends_slowly_or_goes_away() -> None:
    with running(good(), reading=0.3) as service:
        slow = Sender(service.port)
        slow.head("Content-Length: 100")
        slow.socket.sendall(b"{")
        assert slow.status() == 408
        gone = Sender(service.port)
        gone.head("Content-Length: 100")
        gone.socket.sendall(b"{")
        gone.socket.close()
        time.sleep(0.2)
        assert service.metric("recrm_reward_bytes_in_hand") == 0
        assert service.ask("/rewards", {"cases": [case(0)]}).status == 200


def test_more_than_there_is_room_for() -> None:
    """Refused at once, with the time after which to try again; what is in hand is answered."""
    hold = threading.Event()

    async def held() -> Any:
        while not hold.is_set():
            await asyncio.sleep(0.005)
        return message()

    with StubServer(lambda asked, before: held()) as server, running(of_server(server), cases=4) as service:
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(service.ask, "/rewards", {"cases": [case(i) for i in range(3)]})
            while service.metric("recrm_reward_cases_in_hand") < 3:
                time.sleep(0.01)
            full = service.ask("/rewards", {"cases": [case(7), case(8)]})
            assert full.status == 429
            assert 1 <= int(full.headers["retry-after"]) <= 60
            assert full.message.startswith("3 cases are in hand, and the limit is 4: try again in ")
            ever = service.ask("/rewards", {"cases": [case(i) for i in range(5)]})
            assert (ever.status, ever.message) == (413, "5 cases in one request: the limit is 4, send them in several")
            hold.set()
            assert first.result(20).status == 200
        assert service.ask("/rewards", {"cases": [case(7), case(8)]}).status == 200
        assert service.metric("recrm_reward_cases_in_hand") == 0


def test_more_questions_than_there_is_room_for() -> None:
    """A few cases may have very many items, each of which several dimensions ask about."""
    hold = threading.Event()

    def judge(prompt: Any) -> str:
        hold.wait(20)
        return "A"

    reward = HybridReward(FunctionJudge(judge), dimensions=["relevance", "behavior", "factual"], missing="drop")
    three = case(0, items=["Park Hotel", "Hill Hotel", "Inn"], history=["booked Inn"], profile="p", context="c")
    with running(EpisodeRewards(reward), questions=14) as service, ThreadPoolExecutor(1) as pool:
        for path, one in (("/rewards", "cases"), ("/episodes", "episodes")):
            many = {one: [three] * 3} if one == "cases" else {one: [{"steps": [three] * 3}]}
            ever = service.ask(path, many)
            assert (ever.status, ever.message) == (
                413,
                "21 questions in one request: the limit is 14, send them in several",
            )
        first = pool.submit(service.ask, "/rewards", {"cases": [three]})
        while service.metric("recrm_reward_questions_in_hand") < 7:
            time.sleep(0.01)
        full = service.ask("/rewards", {"cases": [three, case(1)]})
        assert full.status == 429
        assert "retry-after" in full.headers
        assert full.message.startswith("7 questions are in hand, and the limit is 14: try again in ")
        hold.set()
        assert first.result(20).status == 200
        assert service.ask("/rewards", {"cases": [three, three]}).status == 200
        assert service.metric("recrm_reward_questions_in_hand") == 0


def test_long_texts_and_many_items_are_asked_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question has the texts of its case again: 20 items make 20 times the profile. The others wait."""
    monkeypatch.setattr("recrm_tasks.rewards.service.judging._TOGETHER_CHARACTERS", 100_000)
    lock, at_a_time, most = threading.Lock(), [0], [0]

    class Measured(FunctionJudge):
        async def ask(self, prompts: Any, heard: Any = None) -> Any:
            length = sum(len(turn.content) for prompt in prompts for turn in prompt.messages)
            with lock:
                at_a_time[0] += length
                most[0] = max(most[0], at_a_time[0])
            await asyncio.sleep(0.02)
            found = await super().ask(prompts, heard)
            with lock:
                at_a_time[0] -= length
            return found

    reward = HybridReward(Measured(lambda prompt: '{"probability": 0.5}'), dimensions=["behavior"])
    long = {"profile": "p" * 10_000, "history": ["h"], "context": "c", "items": [f"Hotel {i}" for i in range(20)]}
    with running(EpisodeRewards(reward), characters=500_000) as service, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: service.ask("/rewards", {"cases": [long] * 10}), range(4)))
        assert [len(one["asked"]) for answer in found for one in answer.json["rewards"]] == [20] * 40
        # Two such cases at a time; without the limit all of a request's would be.
        assert 200_000 < most[0] <= 500_000
        alone = {**long, "items": [f"Hotel {i}" for i in range(60)]}
        for path, body in (
            ("/rewards", {"cases": [long, alone]}),
            ("/episodes", {"episodes": [{"steps": [long]}, {"steps": [alone]}]}),
        ):
            answer = service.ask(path, body)
            assert answer.status == 413
            assert ".1: the 60 questions about it would have 690," in answer.message
            assert answer.message.endswith("the limit is 500,000: give it fewer items or shorter texts")
        assert service.ask("/rewards", {"cases": [{"response": "x" * 2**19, **alone, "profile": "p"}]}).status == 200


def test_who_waits_for_room_and_goes_away_takes_none() -> None:
    async def scene() -> list[str]:
        room, order = Room(10), []

        async def ask(name: str, units: int, seconds: float = 0.0) -> None:
            async with room.taken(units):
                order.append(name)
                await asyncio.sleep(seconds)

        first = asyncio.create_task(ask("first", 8, 0.05))
        await asyncio.sleep(0)
        gone = asyncio.create_task(ask("gone", 10))
        rest = [asyncio.create_task(ask(name, units)) for name, units in (("large", 10), ("small", 1))]
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.gather(first, *rest)
        await ask("all", 10)
        return order

    assert asyncio.run(asyncio.wait_for(scene(), 10)) == ["first", "large", "small", "all"]


def test_more_bytes_than_there_is_room_for() -> None:
    with running(good(), memory=100_000) as service:
        first = Sender(service.port)
        first.head("Content-Length: 90000")
        first.socket.sendall(b" " * 89_999)
        while service.metric("recrm_reward_bytes_in_hand") < 89_999:
            time.sleep(0.01)
        full = service.ask("/rewards", {"cases": [case(0, response="x" * 20_000)]})
        assert full.status == 429
        assert "retry-after" in full.headers
        first.socket.close()


def test_a_client_that_goes_away_is_not_asked_for_any_more() -> None:
    with StubServer(delay=0.1) as server, running(of_server(server, concurrency=1)) as service:
        body = json.dumps({"cases": [case(i) for i in range(100)]}).encode()
        client = Sender(service.port)
        client.head(f"Content-Length: {len(body)}")
        client.socket.sendall(body)
        while not server.asked:
            time.sleep(0.01)
        client.socket.close()
        while service.metric("recrm_reward_cases_in_hand"):
            time.sleep(0.01)
        asked = len(server.asked)
        assert asked < 20
        assert service.ask("/rewards", {"cases": [case(200)]}).json["rewards"][0]["value"] == 1.0
        assert len(server.asked) <= asked + 2


def test_a_judge_that_takes_its_time_does_not_stop_the_service() -> None:
    """A plain function that blocks is asked in a thread."""
    go = threading.Event()

    def judge(prompt: Any) -> str:
        go.wait(20)
        return "A"

    with running(good(judge)) as service, ThreadPoolExecutor(1) as pool:
        first = pool.submit(service.ask, "/rewards", {"cases": [case(0)]})
        while service.metric("recrm_reward_cases_in_hand") < 1:
            time.sleep(0.01)
        assert service.ask("/health").status == 200
        go.set()
        assert first.result(20).json["rewards"][0]["value"] == 1.0


def test_a_judge_that_is_down() -> None:
    """No connection, no answer in time, status 500: the error of each case, and a warning in the log."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        judge = ServerJudge("stub", f"http://127.0.0.1:{taken.getsockname()[1]}/v1", retries=1, timeout=0.5)
        rewards = EpisodeRewards(HybridReward(judge, dimensions=["relevance"]))
        with running(rewards) as service:
            found = service.ask("/rewards", {"cases": [case(0), case(1)]}).json["rewards"]
            assert service.metric("recrm_reward_cases_failed_total") == 2
    assert all(one["value"] is None and "no connection to" in one["error"] for one in found)


def test_a_token() -> None:
    with running(good(), token="s3cret") as service:
        body = {"cases": [case(0)]}
        assert service.ask("/rewards", body).status == 200
        assert service.ask("/metrics").status == 200
        assert service.ask("/health", headers={"Authorization": ""}).json == {"status": "ok"}
        basic = {"Authorization": "Basic " + base64.b64encode(b"any:s3cret").decode()}
        assert service.ask("/rewards", body, basic).status == 200
        for wrong in (
            "",
            "Bearer",
            "Bearer s3cre",
            "Bearer s3cret2",
            "s3cret",
            "Basic s3cret",
            "Basic %%%",
            "Bearer \xff",
        ):
            for path, sent in (("/rewards", body), ("/episodes", body), ("/verify", body), ("/metrics", None)):
                answer = service.ask(path, sent, {"Authorization": wrong})
                assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer"), wrong


def test_a_web_page_that_points_its_name_here_is_refused_where_there_is_no_token() -> None:
    """DNS rebinding: the browser sends the page's name as the host, and lets the page read what comes back."""
    body = {"cases": [case(0)]}
    strange = ("evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.7", "[")
    with running(good(), hosts=("Rewards-1", "fd00::1")) as service:
        for host in (
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:5000",
            "127.0.0.2",
            "[::1]:5000",
            "rewards-1",
            "[fd00::1]",
        ):
            assert service.ask("/rewards", body, {"Host": host}).status == 200, host
        for host in strange:
            for path, sent in (("/rewards", body), ("/verify", ROW), ("/metrics", None)):
                answer = service.ask(path, sent, {"Host": host})
                assert answer.status == 421, host
                assert answer.message == (
                    f"{host!r} is not this machine: ask 127.0.0.1, or start the service with a token"
                )
    with running(good(), token="s3cret") as service:
        assert service.ask("/rewards", body, {"Host": "judge.cluster.example"}).status == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_json_does_not_have(number: str) -> None:
    """No answer may have them either: that of /verify contains the row."""
    doors = {
        "/rewards": ('{"cases": [{"query": "q"}, {"items": [{"name": "Inn", "price": %s}]}]}', "cases.1.items.0.price"),
        "/episodes": ('{"episodes": [{"steps": [{"more": {"a": [0.5, %s]}}]}]}', "episodes.0.steps.0.more.a.1"),
        "/get_reward": ('{"query": [], "prompts": [], "labels": [%s]}', "labels.0"),
        "/verify": (json.dumps({**ROW, "uuid": "X"}).replace('"X"', "%s"), "uuid"),
    }
    with running(good()) as service:
        for path, (form, where) in doors.items():
            answer = service.ask(path, (form % number).encode())
            assert (answer.status, answer.message) == (
                422,
                f"{where}: {number} is not a finite number: send null, or leave the field out",
            )


def test_no_reward_is_a_number() -> None:
    with pytest.raises(RecrmError, match="no_reward must be a finite number, not nan"):
        reward_app(good(), no_reward=math.nan)


def test_an_empty_token_is_none() -> None:
    with pytest.raises(RecrmError, match="the token is empty"):
        reward_app(good(), token="")


def test_without_the_token_a_body_is_not_read() -> None:
    with running(good(), token="s3cret") as service:
        client = Sender(service.port)
        client.head("Content-Length: 1000000000")
        assert client.status() == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_others_are_not_served_without_a_token(host: str) -> None:
    with pytest.raises(RecrmError, match=f"{host} can be reached from other machines: set a token"):
        listening(host, 0, has_token=False)


def test_addresses() -> None:
    with listening("localhost", 0, has_token=False) as on:
        port = on.getsockname()[1]
        with pytest.raises(RecrmError, match=f"127.0.0.1:{port} cannot be listened on: .*[Aa]ddress already in use"):
            listening("127.0.0.1", port, has_token=False)
    listening("0.0.0.0", 0, has_token=True).close()
    for host, port in (("no.such.host.invalid", 0), ("a" * 70, 0), ("127.0.0.1", 70_000)):
        with pytest.raises(RecrmError, match="cannot be listened on"):
            listening(host, port, has_token=False)
    with pytest.raises(RecrmError, match="the limit cases must be a number above 0, not 0"):
        Limits(cases=0)


def test_metrics_are_prometheus_text() -> None:
    with both() as (_, service):
        service.ask("/rewards", {"cases": [case(0), {"query": "q"}]})
        service.ask("/rewards", b"{")
        answer = service.ask("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.body.decode().splitlines()
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? -?[0-9.e+-]+')
    assert [line for line in lines if not line.startswith("# ") and not sample.fullmatch(line)] == []
    assert 'recrm_reward_requests_total{path="/rewards",status="200"} 1' in lines
    assert 'recrm_reward_requests_total{path="/rewards",status="400"} 1' in lines
    assert "recrm_reward_cases_total 2" in lines
    assert "recrm_reward_cases_without_reward_total 1" in lines
    assert 'recrm_reward_missing_total{dimension="relevance"} 1' in lines
    assert 'recrm_reward_parts_sum{dimension="relevance"} 1' in lines
    assert 'recrm_reward_tokens_total{direction="in"} 7' in lines
    assert 'recrm_reward_request_seconds_bucket{le="+Inf"} 1' in lines


def test_an_error_of_our_own_is_one_message(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """And the service goes on."""

    class Broken(FunctionJudge):
        async def ask(self, prompts: Any, heard: Any = None) -> Any:
            raise ZeroDivisionError("secret detail")

    rewards = EpisodeRewards(HybridReward(Broken(str), dimensions=["relevance"]))
    with running(rewards) as service:
        answer = service.ask("/rewards", {"cases": [case(0)]})
        assert (answer.status, answer.message) == (500, "an error of the service: see its log")
        assert service.ask("/health").status == 200
    assert "secret detail" in caplog.text


ROW = {
    "responses_create_params": {
        "input": [
            {"role": "system", "content": "Name one hotel."},
            {"role": "user", "content": [{"type": "input_text", "text": "a quiet hotel"}], "type": "message"},
        ],
        "tools": [],
    },
    "response": {
        "id": "resp_1", "model": "m", "object": "response",
        "output": [
            {"type": "function_call", "name": "search", "arguments": "{}", "call_id": "1"},
            {"type": "function_call_output", "call_id": "1", "output": "Park Hotel: quiet"},
            {"type": "reasoning", "id": "r", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Park Hotel."}]},
        ],
    },
    "verifier_metadata": {"items": ["Park Hotel"]},
    "uuid": 3,
}  # fmt: skip


def test_a_rollout_of_nemo_gym() -> None:
    asked: list[str] = []

    def judge(prompt: Any) -> str:
        asked.append(prompt.messages[-1].content)
        return "A"

    reward = HybridReward(FunctionJudge(judge), dimensions=["instruction", "factual", "relevance"])
    with running(EpisodeRewards(reward)) as service:
        assert service.ask("/seed_session", ROW).json == {}
        answer = service.ask("/verify", ROW)
    assert answer.status == 200
    assert {name: answer.json[name] for name in ROW} == ROW
    assert answer.json["reward"] == 1.0
    assert answer.json["reward_components"] == {"instruction": 1.0, "factual": 1.0, "relevance": 1.0}
    assert (answer.json["mask_sample"], answer.json["failure_reason"]) == (False, None)
    rules, grounded, relevant = asked
    assert "Name one hotel." in rules
    assert "Park Hotel: quiet" in grounded
    assert "a quiet hotel" in relevant


def test_a_rollout_of_nemo_gym_without_a_reward() -> None:
    reward = EpisodeRewards(HybridReward(FunctionJudge(lambda prompt: "hm"), dimensions=["relevance"]))
    with running(reward) as service:
        found = service.ask("/verify", ROW).json
        assert (found["reward"], found["mask_sample"]) == (0.0, True)
        assert found["failure_reason"] == "relevance: unreadable: 1, no_answer"
        for change, problem in (
            ({"response": None}, "response: Input should be a valid dictionary"),
            ({"verifier_metadata": {"itmes": []}}, "verifier_metadata: a case has no field 'itmes'"),
            (
                {"verifier_metadata": {"response": "x"}},
                "verifier_metadata: both the data and the completion have response",
            ),
        ):
            answer = service.ask("/verify", {**ROW, **change})
            assert answer.status == 400
            assert problem in answer.message


def test_a_rollout_of_nemo_gym_without_an_answer() -> None:
    """It is worth 0, which is a reward."""
    with running(good()) as service:
        found = service.ask("/verify", {**ROW, "response": {"output": ROW["response"]["output"][:3]}}).json
    assert (found["reward"], found["mask_sample"]) == (0.0, False)
    assert found["failure_reason"] == "relevance: the completion has no answer"


def queries(*answers: str, label: Any = None) -> dict[str, Any]:
    """As OpenRLHF sends them."""
    label = json.dumps({"query": "a quiet hotel", "items": ["Park Hotel"]}) if label is None else label
    prompt = "<|im_start|>user\na hotel<|im_end|>\n<|im_start|>assistant\n"
    return {
        "query": [prompt + answer for answer in answers],
        "prompts": [prompt] * len(answers),
        "labels": [label] * len(answers),
    }


def test_queries_of_openrlhf() -> None:
    asked: list[str] = []

    def judge(prompt: Any) -> str:
        asked.append(prompt.messages[-1].content)
        return "hm" if "Inn" in asked[-1] else "A"

    reward = HybridReward(FunctionJudge(judge), dimensions=["instruction", "relevance"], missing="none")
    label = {"instruction": "Name one.", "query": "a quiet hotel", "items": ["Park Hotel"]}
    with running(EpisodeRewards(reward), no_reward=-1.0) as service:
        answer = service.ask("/get_reward", queries("Park Hotel.<|im_end|>", "Inn.", "<think>I", label=label))
    assert answer.status == 200
    assert answer.json["rewards"] == answer.json["scores"] == [1.0, -1.0, 0.0]
    assert answer.json["extra_logs"] == {
        "recrm_instruction": [1.0, -1.0, 0.0],
        "recrm_relevance": [1.0, -1.0, 0.0],
        "recrm_missing": [0.0, 1.0, 2.0],
        "recrm_failed": [0.0, 0.0, 0.0],
    }
    assert "[Agent response]\nPark Hotel.\n" in asked[0]


def test_what_the_completions_are_is_an_option() -> None:
    with StubServer() as server, running(of_server(server), completion="items") as service:
        answer = service.ask("/get_reward", queries('["Park Hotel", "Hill Hotel"]', label={"query": "a hotel"}))
        assert len(server.asked) == 2
    assert answer.json["rewards"] == [1.0]
    assert answer.json["extra_logs"] == {"recrm_relevance": 1.0, "recrm_missing": 0.0, "recrm_failed": 0.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query": "one"}, "query: Input should be a valid list"),
        ({"labels": []}, "query, prompts and labels must have the same length, not 1, 1 and 0"),
        ({"labels": ["{"]}, "labels.0: not valid JSON"),
        ({"labels": ["[" * 100_000]}, "labels.0: not valid JSON"),
        ({"labels": ['{"more": {"a": ' + "[" * 500 + "]" * 500 + "}}"]}, "lists and objects"),
        ({"labels": [{"qeury": "x"}]}, "labels.0: a case has no field 'qeury'"),
        ({"labels": [{"response": "x"}]}, "query.0: both the data and the completion have response"),
        ({"query": ["something else"]}, "the query does not begin with its prompt"),
    ],
)
def test_queries_of_another_form(change: dict[str, Any], message: str) -> None:
    with running(good()) as service:
        answer = service.ask("/get_reward", {**queries("Park Hotel."), **change})
    assert answer.status == 400
    assert message in answer.message


def test_a_prompt_of_equal_characters_takes_linear_time() -> None:
    began = time.process_time()
    assert answer_of("a" * 500_000 + "b", "a" * 1_000_000) == "b"
    assert time.process_time() - began < 4


@contextmanager
def program(*words: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], Service]]:
    """`recrm reward serve` as a process."""
    command = [sys.executable, "-m", "recrm_tasks.cli", "reward", "serve", "--port", "0", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables})
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield process, Service(int(line.rpartition(":")[2]), variables.get("RECRM_REWARD_TOKEN"))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_the_command_stops_gracefully() -> None:
    """What is in hand is answered, nothing new is taken, and the exit code is 0."""
    with StubServer(delay=0.5) as server:
        words = ("--judge", f"server:{server.url}", "--model", "stub", "--dimensions", "relevance")
        with program(*words, RECRM_REWARD_TOKEN="t") as (process, service), ThreadPoolExecutor(1) as pool:
            assert service.ask("/health").json == {"status": "ok"}
            assert service.ask("/rewards", {"cases": []}, {"Authorization": "Bearer x"}).status == 401
            last = pool.submit(service.ask, "/rewards", {"cases": [case(0)]})
            while not server.asked:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            with pytest.raises(OSError):  # noqa: PT011  # refused or reset, by the system
                service.ask("/health")
            assert last.result(20).json["rewards"][0]["value"] == 1.0
            assert process.wait(20) == 0


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "recrm_tasks.rewards.service.server")
    assert main(["reward", "serve", "--judge", "python:json:dumps"]) == 2
    assert "a service of rewards needs uvicorn: pip install 'recrm-tasks[serve]'" in capsys.readouterr().err


def test_a_token_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "token"
    words = ["reward", "serve", "--judge", "python:json:dumps", "--token-file", str(file)]
    assert main(words) == 2
    assert "cannot be read" in capsys.readouterr().err
    for text in ("", "two words", "schlüssel"):
        file.write_text(text, encoding="utf-8")
        assert main(words) == 2
        assert "a token is one or more ASCII characters without spaces" in capsys.readouterr().err


def test_the_case_of_a_request_is_that_of_python() -> None:
    """The same reward, with `==`."""
    cases = [case(i) for i in range(3)]
    rewards = good(lambda prompt: "ABC"[int(prompt.messages[-1].content.partition("hotel ")[2][0])])
    with running(rewards) as service:
        found = service.ask("/rewards", {"cases": cases}).json["rewards"]
    assert found == json.loads(json.dumps([one.to_json() for one in rewards.reward([Case(**one) for one in cases])]))
