"""Judges on servers, asked over HTTP: what a real server can do wrong, and how many requests it sees."""

from __future__ import annotations

import asyncio
import email.utils
import gc
import json
import math
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stub_server
from aiohttp import web
from stub_server import StubServer, first_token, given_tokens, message

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import CachedJudge, Case, HybridReward, JudgeError, Reply, ServerJudge
from recrm_tasks.rewards.questions import questions


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the environment, and short pauses between tries."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("recrm_tasks.models.server_client._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("recrm_tasks.models.server_client._LONGEST_PAUSE", 0.1)


def judge_of(server: StubServer, *args: Any, **options: Any) -> ServerJudge:
    return ServerJudge("stub", server.url, *args, **options)


def cases(count: int) -> list[Case]:
    """All different."""
    return [Case(id=str(i), query=f"hotel {i}", items=("Park Hotel",)) for i in range(count)]


def rewards(judge: Any, count: int = 1, **options: Any) -> list[Any]:
    return HybridReward(judge, dimensions=["relevance"], **options)(cases(count))


def ask(judge: Any, count: int = 1) -> list[Reply]:
    relevance = dimension_of("relevance")
    return asyncio.run(judge.ask([questions(case, relevance, judge.mode)[0] for case in cases(count)]))


def test_an_answer_and_its_tokens() -> None:
    with StubServer() as server:
        (reward,) = rewards(judge_of(server))
    assert (reward.value, reward.tokens_in, reward.tokens_out) == (1.0, 7, 3)
    (asked,) = server.asked
    assert asked["model"] == "stub"
    assert (asked["temperature"], asked["max_tokens"]) == (0.0, 256)
    assert asked["messages"][-1]["content"].endswith('{"answer": "<letter>"}\nAnswer:')


def test_a_batch_is_one_burst() -> None:
    """8 groups of 8 completions: the server answers none before it has all."""

    async def together(asked: dict[str, Any]) -> dict[str, Any]:
        while server.most < 64:
            await asyncio.sleep(0.005)
        return message()

    with StubServer(lambda asked, before: together(asked)) as server:
        assert len(rewards(judge_of(server, retries=0), 64)) == 64
        assert set(server.tries.values()) == {1}


@pytest.mark.slow
def test_the_limit_holds_and_memory_does_not_grow() -> None:
    with StubServer(delay=0.01) as server:
        judge = judge_of(server, concurrency=8)
        rewards(judge, 100)
        tracemalloc.start()
        try:
            sizes = []
            for _ in range(3):
                assert len(rewards(judge, 400)) == 400
                server.asked.clear()
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert server.most == 8
        # Of a question less than a reply takes; timers that are not due yet are 100 kB at times.
        assert sizes[-1] - sizes[0] < 800 * 250


def test_the_limit_is_shared_by_threads_and_coroutines() -> None:
    """OpenRLHF calls from threads, verl from coroutines, one case at a time."""
    with StubServer(delay=0.02) as server:
        judge = judge_of(server, concurrency=4)
        reward = HybridReward(judge, dimensions=["relevance"])

        async def each() -> None:
            await asyncio.gather(*(reward.rewards([case]) for case in cases(20)))

        with ThreadPoolExecutor(12) as pool:
            done = [pool.submit(reward, [case]) for case in cases(20)] + [pool.submit(asyncio.run, each())]
            assert all(one.exception() is None for one in done)
        assert len(server.asked) == 40
        assert server.most == 4


def test_the_answer_belongs_to_its_question() -> None:
    """Replies come in any order."""

    async def later(number: int) -> dict[str, Any]:
        await asyncio.sleep(0.05 * (number % 3))
        return message("AB"[number % 2])

    def answer(asked: dict[str, Any], before: int) -> Any:
        number = int(asked["messages"][-1]["content"].partition("hotel ")[2].split()[0])
        return later(number)

    with StubServer(answer) as server:
        assert [reply.said for reply in ask(judge_of(server), 30)] == ["AB"[i % 2] for i in range(30)]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_failure_that_passes(status: int) -> None:
    with StubServer(lambda asked, before: status if before < 2 else message()) as server:
        assert [reward.value for reward in rewards(judge_of(server), 5)] == [1.0] * 5
        assert set(server.tries.values()) == {3}


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "rate limited", "code": 429}},
        {"error": {"message": "rate limited"}},
        {"error": "rate limited"},
        {**message(""), "choices": [{"message": {"content": ""}, "error": {"message": "rate limited", "code": 502}}]},
    ],
)
def test_a_failure_with_status_200(body: dict[str, Any]) -> None:
    """As gateways send it. It is tried again as any other."""
    with StubServer(lambda asked, before: body if before < 2 else message()) as server:
        assert [reward.value for reward in rewards(judge_of(server), 5)] == [1.0] * 5
        assert set(server.tries.values()) == {3}
    with StubServer(lambda asked, before: body) as server:
        (reply,) = ask(judge_of(server, retries=1))
        assert reply.said is None
        assert "rate limited" in (reply.error or "")
        assert set(server.tries.values()) == {2}


def test_a_refusal_with_status_200_is_not_tried_again() -> None:
    with StubServer(lambda asked, before: {"error": {"message": "too long", "code": 400}}) as server:
        (reply,) = ask(judge_of(server))
        assert reply.error == f"{server.url} answered with status 200: too long"
        assert set(server.tries.values()) == {1}


def test_an_answer_about_errors_is_an_answer() -> None:
    body = {**message('{"error": {"code": 429}} {"answer": "A"}'), "error": None}
    with StubServer(lambda asked, before: body) as server:
        assert [reward.value for reward in rewards(judge_of(server), 1)] == [1.0]
        assert set(server.tries.values()) == {1}


@pytest.mark.parametrize("asks", ["0.3", "date"])
def test_a_server_says_when_to_try_again(asks: str) -> None:
    """In seconds or as a date; a wait of hours is not waited."""

    async def answer(before: int) -> Any:
        if before:
            return message()
        wish = email.utils.formatdate(time.time() + 2, usegmt=True) if asks == "date" else asks
        return web.json_response({"error": "busy"}, status=503, headers={"Retry-After": wish})

    with StubServer(lambda asked, before: answer(before)) as server:
        began = time.perf_counter()
        (reply,) = ask(judge_of(server))
        assert reply.said
        assert 0.25 < time.perf_counter() - began < 5


@pytest.mark.parametrize("wish", ["7200", "-1", "soon", "nan"])
def test_a_wish_that_is_not_granted(wish: str) -> None:
    async def answer(before: int) -> Any:
        return message() if before else web.Response(status=503, headers={"Retry-After": wish})

    with StubServer(lambda asked, before: answer(before)) as server:
        began = time.perf_counter()
        assert ask(judge_of(server))[0].said
        assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"error": "no such model"}', "no such model"),
        (b'{"object": "error", "message": "no such model", "code": 404}', "no such model"),
        (b'{"detail": [1]}', '{"detail": [1]}'),
        (b"<html>not here</html>", "<html>not here</html>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", "no message"),
        (b"x" * 10_000, "x" * 300),
    ],
)
def test_what_a_server_says_of_an_error(body: bytes, shown: str) -> None:
    async def answer() -> Any:
        return web.Response(status=404, body=body)

    with StubServer(lambda asked, before: answer()) as server:
        (reply,) = ask(judge_of(server))
    assert reply.error == f"{server.url} answered with status 404: {shown}"


def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the whole address; NO_PROXY is honoured."""
    for name in ("http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with StubServer() as server:
        monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
        assert ask(ServerJudge("stub", "http://judge.invalid/v1"))[0].said
        monkeypatch.setenv("no_proxy", "judge.invalid")
        (reply,) = ask(ServerJudge("stub", "http://judge.invalid/v1", retries=0))
    assert "no connection to http://judge.invalid/v1, 1 try: " in (reply.error or "")


def test_connections_are_closed_with_the_judge(caplog: pytest.LogCaptureFixture) -> None:
    with StubServer() as server:
        judge = judge_of(server)
        assert ask(judge)[0].said
        assert judge._connection is not None
        session = judge._connection.client._session
        del judge
        gc.collect()
        until(lambda: session.closed)
    assert "nclosed" not in caplog.text


def test_a_failure_that_stays() -> None:
    with StubServer(lambda asked, before: 500) as server:
        judge = judge_of(server, retries=2)
        with pytest.raises(JudgeError, match=r"case 0: the judge stub did not answer: .* status 500: .*status 500"):
            rewards(judge)
        (reward,) = rewards(judge, on_error="none")
        assert reward.value is None
        assert "500" in reward.error
        assert set(server.tries.values()) == {6}


def test_the_rest_is_given_up_when_a_server_is_down() -> None:
    """100 questions do not wait for 100 times all retries; the next batch is tried again."""
    down = threading.Event()
    down.set()
    with StubServer(lambda asked, before: 500 if down.is_set() else message()) as server:
        judge = judge_of(server, concurrency=4, retries=1)
        replies = ask(judge, 100)
        assert all(reply.said is None for reply in replies)
        assert "not asked, after others failed" in (replies[-1].error or "")
        assert len(server.asked) < 20
        down.clear()
        assert all(reply.said for reply in ask(judge, 100))


def test_one_bad_question_is_no_server_that_is_down() -> None:
    bad = {f"hotel {i}\n" for i in (3, 30, 31, 32, 60)}
    with StubServer(
        lambda asked, before: 400 if any(b in asked["messages"][-1]["content"] for b in bad) else message()
    ) as server:
        replies = ask(judge_of(server, concurrency=1), 80)
        assert sum(reply.said is None for reply in replies) == 5
        assert set(server.tries.values()) == {1}


@pytest.mark.parametrize("drips", [False, True])
def test_a_server_that_hangs(drips: bool) -> None:
    """Whether it sends nothing or, now and then, a byte."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang() -> None:
            held = []
            listening.settimeout(0.05)
            while not stop.is_set():
                try:
                    held.append(listening.accept()[0])
                    held[-1].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" if drips else b"")
                except TimeoutError:
                    for one in held if drips else ():
                        try:
                            one.sendall(b" ")
                        except OSError:
                            continue

        thread = threading.Thread(target=hang)
        thread.start()
        try:
            judge = ServerJudge("stub", f"http://127.0.0.1:{listening.getsockname()[1]}/v1", timeout=0.3, retries=1)
            began = time.perf_counter()
            (reply,) = ask(judge)
            assert time.perf_counter() - began < 3
            assert reply == Reply(None, error=f"no answer from {judge.url} within 0.3 s, 2 tries")
        finally:
            stop.set()
            thread.join()


def test_no_server() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (reply,) = ask(ServerJudge("stub", f"http://127.0.0.1:{taken.getsockname()[1]}/v1", retries=1))
    assert reply.said is None
    assert "no connection to http://127.0.0.1" in (reply.error or "")
    assert "2 tries" in (reply.error or "")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (message(None), "the server sent no text (finish reason stop)"),
        (message(None, reasoning_content='{"answer": "A"}'), "the server sent no text (finish reason stop)"),
        (message("", refusal="I cannot help with that"), "the judge refused: I cannot help with that"),
        (message("", "content_filter"), "the server's content filter removed the answer"),
        ({"choices": []}, "the server sent no chat completion (choices: "),
        ({"choices": None}, "the server sent no chat completion (choices: "),
        ({"error": {"message": "overloaded"}}, "overloaded"),
        ([1, 2], "the server sent no chat completion (body: "),
        (b"", "the server sent no chat completion (body: "),
        (b"<html>Bad gateway</html>", "Bad gateway"),
        (b"\xff\xfe\x00{", "the server sent no chat completion (body: "),
        (b'{"choices": [{"mess', "the server sent no chat completion (body: "),
        (json.dumps({"choices": [{"message": {"content": 7}}]}).encode(), "the server sent no chat completion ("),
    ],
)  # fmt: skip
def test_no_answer_is_an_error_of_the_reply(body: Any, error: str) -> None:
    with StubServer(lambda asked, before: body) as server:
        (reply,) = ask(judge_of(server))
    assert reply.said is None
    assert error in (reply.error or "")
    assert len(reply.error or "") < 500


def test_thoughts_are_not_the_answer() -> None:
    for field in ("reasoning", "reasoning_content"):
        thinking = {field: 'I think {"answer": "B"}'}
        with StubServer(lambda asked, before, thinking=thinking: message('{"answer": "A"}', **thinking)) as server:
            assert ask(judge_of(server))[0].said == '{"answer": "A"}'
        with StubServer(lambda asked, before, thinking=thinking: message(None, "length", **thinking)) as server:
            (reward,) = rewards(judge_of(server))
            assert reward.missing == {"relevance": "unreadable: 1, truncated"}
            assert reward.tokens_out == 3
    parts = [{"type": "thinking", "thinking": [{"text": "B"}]}, {"type": "text", "text": "A"}]
    with StubServer(lambda asked, before: message(parts)) as server:
        assert ask(judge_of(server))[0].said == "A"


CUT = "The menu says 30 yuan.\nThe answer is A.\nI should also verify the distance: the menu"


def reason(judge: Any) -> str | None:
    """Why the only part of a case is missing."""
    (reward,) = rewards(judge, on_error="none")
    return reward.missing.get("relevance")


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_thoughts_that_the_chat_template_opened(engine: str, tmp_path: Path) -> None:
    """As in the evaluation: cut off, letters within them are no answer. The cache keeps what they are."""
    server_is = {"engine": engine, "ending": "<go><think>\n"}
    path = tmp_path / "replies.db"
    with StubServer(lambda asked, before: message(CUT, "length"), **server_is) as server:
        judge = judge_of(server)
        for one in (judge, CachedJudge(judge, path=path), CachedJudge(judge, path=path)):
            assert reason(one) == "unreadable: 1, truncated"
        # Asked once: who it is, how a prompt ends, and whether it lacks a start token.
        paths = [path for path, _ in server.learned]
        assert paths == ["/v1/models", "/tokenize", "/detokenize", "/tokenize", "/tokenize"]
    for said in (f'{CUT}</think>\n{{"answer": "A"}}', f'<think>{CUT}</think>{{"answer": "A"}}'):
        with StubServer(lambda asked, before, said=said: message(said), **server_is) as server:
            assert rewards(judge_of(server))[0].value == 1.0
    with StubServer(lambda asked, before: message(reasoning_content=""), **server_is) as server:
        assert rewards(judge_of(server))[0].value == 1.0  # the server separates thoughts
    with StubServer(lambda asked, before: message(CUT, "length"), **{**server_is, "ending": "<go>"}) as server:
        assert rewards(judge_of(server))[0].value == 1.0


def test_other_servers_do_not_say_how_prompts_end(caplog: pytest.LogCaptureFixture) -> None:
    for engine in ("openai", None):
        with StubServer(lambda asked, before: message(CUT, "length"), engine=engine) as server:
            assert rewards(judge_of(server), 3)[0].value == 1.0
            assert [path for path, _ in server.learned] == ["/v1/models"]
    assert not caplog.messages


def test_a_server_that_fails_to_say_how_prompts_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers, so it is not down."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    with StubServer(engine="vllm") as server:
        monkeypatch.setattr(server, "tell", refuse)
        judge = judge_of(server, retries=1)
        assert [reward.value for reward in rewards(judge, 50) + rewards(judge, 50)] == [1.0] * 100
    assert len(caplog.messages) == 1
    assert "status 503" in caplog.text
    assert "it is not known whether the judge's prompts end within thinking" in caplog.text


def test_log_probabilities_within_thinking_are_refused() -> None:
    """Nothing is asked. Where thinking is switched off, it is."""
    with StubServer(lambda asked, before: given_tokens(asked), engine="vllm", ending="<go><think>\n") as server:
        (found,) = rewards(judge_of(server, "logprob"), on_error="none")
        assert found.value is None
        assert "the prompt ends with <think> open, so the log-probabilities would be those of" in (found.error or "")
        assert '{"chat_template_kwargs": {"enable_thinking": False}}' in (found.error or "")
        assert server.asked == []
    with StubServer(
        lambda asked, before: given_tokens(asked), engine="vllm", ending="<think>\n\n</think>\n\n"
    ) as server:
        assert not ask(judge_of(server, "logprob"))[0].unseen


@pytest.mark.parametrize("token", ["<think>", "[THINK]", "<|channel|>", "<|START_THINKING|>"])
def test_a_first_token_that_opens_thinking(token: str) -> None:
    """The letters among its alternatives are no answers."""
    body = message(token, "length", logprobs=first_token({token: -1e-5, "A": -12.0, "B": -15.0}))
    with StubServer(lambda asked, before: body) as server:
        assert reason(judge_of(server, "logprob")) == "unreadable: 1, truncated"


def test_a_first_token_that_closes_thinking() -> None:
    """The template had opened it."""
    body = message("", "length", logprobs=first_token({"</think>": -0.5, "A": -2.0}))
    with StubServer(lambda asked, before: body) as server:
        assert reason(judge_of(server, "logprob")) == "unreadable: 1, no_answer"


def test_nonsense_is_unreadable_and_not_an_error() -> None:
    with StubServer(lambda asked, before: message("🦄" * 300_000)) as server:
        (reward,) = rewards(judge_of(server))
    assert reward.missing == {"relevance": "unreadable: 1, no_answer"}
    assert reward.error is None


def test_log_probabilities() -> None:
    tokens = {"A": -0.5, " A": -1.5, "B": -3.0, "the": -4.0}
    body = message("A", logprobs=first_token(tokens))
    with StubServer(lambda asked, before: body) as server:
        (reply,) = ask(judge_of(server, "logprob"))
    (asked,) = server.asked
    assert (asked["max_tokens"], asked["logprobs"], asked["top_logprobs"]) == (1, True, 20)
    assert reply.said[:2] == (pytest.approx(math.log(math.exp(-0.5) + math.exp(-1.5))), -3.0)
    assert set(reply.said[2:]) == {-math.inf}
    assert len(reply.said) == len(dimension_of("relevance").default_labels.labels)


def test_vllm_is_asked_for_every_allowed_answer_in_one_request() -> None:
    with StubServer(lambda asked, before: given_tokens(asked), engine="vllm") as server:
        judge = judge_of(server, "logprob", extra_body={"chat_template_kwargs": {"enable_thinking": False}})
        replies = ask(judge, 5)
        assert ask(judge, 5) == replies
    ids = [ord(label) for label in "ABC"]
    assert replies[0].said == tuple(pytest.approx(-0.1 * one) for one in ids)
    assert not any(reply.unseen for reply in replies)
    assert len(server.asked) == 10
    for asked in server.asked:
        assert asked["logprob_token_ids"] == asked["allowed_token_ids"] == ids
        assert (asked["max_tokens"], asked["logprobs"], asked["top_logprobs"]) == (1, True, 20)
    # Asked once: who it is, how a prompt ends, whether it lacks a start token, and for each answer.
    one = ["/tokenize", "/detokenize"]
    assert [path for path, _ in server.learned] == ["/v1/models", *one, "/tokenize", "/tokenize", *one * 3]
    assert server.learned[1][1]["chat_template_kwargs"] == {"enable_thinking": False}


def test_sglang_gets_a_bias() -> None:
    with StubServer(lambda asked, before: message("A", logprobs=first_token({"A": -0.5})), engine="sglang") as server:
        ask(judge_of(server, "logprob"))
    assert server.asked[0]["logit_bias"] == {"65": 100.0, "66": 100.0, "67": 100.0}


def test_a_long_question_is_not_sent_to_learn_how_prompts_end() -> None:
    prompt = questions(Case(query="x" * 2**20, items=("Park Hotel",)), dimension_of("relevance"), "logprob")[0]
    with StubServer(lambda asked, before: given_tokens(asked), engine="vllm") as server:
        (reply,) = asyncio.run(judge_of(server, "logprob").ask([prompt]))
    assert reply.said
    assert max(len(str(body)) for _, body in server.learned) < 1000


def test_only_the_tokens_themselves_count() -> None:
    """An older vLLM reports its most likely tokens, with spaces and without."""
    body = message("A", logprobs=first_token({" A": -0.1, "A": -2.0, "B": -3.0}))
    with StubServer(lambda asked, before: body, engine="vllm") as server:
        (reply,) = ask(judge_of(server, "logprob"))
    assert reply.said == (-2.0, -3.0, -math.inf)
    assert reply.unseen == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_the_fields_is_asked_without_them(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """By one request, not by every one of a batch, nor by the next batch."""
    plain = message("A", logprobs=first_token({"A": -0.5, "B": -2.0}))
    with StubServer(lambda asked, before: status if "logprob_token_ids" in asked else plain, engine="vllm") as server:
        judge = judge_of(server, "logprob")
        replies = ask(judge, 64) + ask(judge, 64)
    assert sum("logprob_token_ids" in asked for asked in server.asked) == 1
    assert len(server.asked) == 129
    assert {reply.said for reply in replies} == {(-0.5, -2.0, -math.inf)}
    assert {reply.unseen for reply in replies} == {1}
    assert caplog.text.count("so the server is asked for its most likely tokens") == 1
    assert f"answered with status {status}" in caplog.text


def test_a_refused_question_is_no_server_that_refuses_the_fields() -> None:
    """Also if it is the first. Later it is not even asked twice."""

    def answer(asked: dict[str, Any], before: int) -> Any:
        return 400 if "hotel 0\n" in asked["messages"][-1]["content"] else given_tokens(asked)

    with StubServer(answer, engine="vllm") as server:
        judge = judge_of(server, "logprob")
        for tries in (2, 3):
            refused, *others = ask(judge, 10)
            assert "status 400" in (refused.error or "")
            assert all(reply.said and not reply.unseen for reply in others)
            assert max(server.tries.values()) == tries


def test_a_batch_is_one_burst_after_the_first_question() -> None:
    async def together(asked: dict[str, Any]) -> dict[str, Any]:
        while server.most < 64 and len(server.asked) > 1:
            await asyncio.sleep(0.005)
        return given_tokens(asked)

    with StubServer(lambda asked, before: together(asked), engine="vllm") as server:
        assert all(reply.said for reply in ask(judge_of(server, "logprob", retries=0), 65))


@pytest.mark.parametrize(("engine", "warned"), [(None, True), ("openai", False)])
def test_other_servers_are_asked_for_their_most_likely_tokens(
    engine: str | None, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What they do not report is said."""
    body = message("A", logprobs=first_token({"A": -0.5}))
    with StubServer(lambda asked, before: body, engine=engine) as server:
        first, *_ = found = rewards(judge_of(server, "logprob"), 10)
    assert [path for path, _ in server.learned] == ["/v1/models"]
    assert not any("logprob_token_ids" in asked for asked in server.asked)
    assert {reward.unseen for reward in found} == {1}
    assert first.to_json()["unseen"] == 1
    assert first.asked[0].reply.unseen == 2
    assert ("/v1/models with status 404" in caplog.text) is warned


def test_all_dimensions_learn_the_tokens_at_the_same_time() -> None:
    case = Case(
        instruction="i", query="q", evidence=("e",), response="r", items=("Park Hotel", "Hill Hotel"),
        profile="p", history=("h",), context="c",
    )  # fmt: skip
    with StubServer(lambda asked, before: given_tokens(asked), engine="vllm") as server:
        (found,) = HybridReward(judge_of(server, "logprob"))([case])
    assert (found.missing, found.unseen) == ({}, 0)
    assert len(found.asked) == len(server.asked) == 7
    assert sum(path == "/v1/models" for path, _ in server.learned) == 1


@pytest.mark.parametrize(
    "said",
    [
        {"/v1/models": b"no JSON"},
        {"/v1/models": b'{"data": 7}'},
        {"/v1/models": b'{"data": [null, {"owned_by": null}]}'},
        {"/tokenize": b"[" * 100_000},
        {"/tokenize": b'{"tokens": []}'},
        {"/tokenize": b'{"tokens": {"a": 1}}'},
        {"/detokenize": b'{"prompt": 7}'},
        {"/detokenize": b'{"prompt": ""}'},
        {"/detokenize": b"[]"},
    ],
)
def test_nonsense_about_tokens_costs_them_only(said: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    body = message("A", logprobs=first_token({"A": -0.5}))
    with StubServer(lambda asked, before: body, engine="vllm") as server:
        tell = server.tell

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(body=said[request.path]) if request.path in said else await tell(request)

        monkeypatch.setattr(server, "tell", answer)
        (reply,) = ask(judge_of(server, "logprob"))
    assert reply.said == (-0.5, -math.inf, -math.inf)
    assert "logprob_token_ids" not in server.asked[0]


def test_a_caller_that_is_cancelled_does_not_keep_others_from_the_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(judge: ServerJudge, prompts: list[Any]) -> list[Reply]:
        first, second = (asyncio.create_task(judge.ask(prompts)) for _ in range(2))
        while not asked:
            await asyncio.sleep(0.005)
        first.cancel()
        return await second

    asked: list[str] = []
    with StubServer(lambda asked, before: given_tokens(asked), engine="vllm") as server:
        tell = server.tell

        async def slowly(request: web.Request) -> web.StreamResponse:
            asked.append(request.path)
            await asyncio.sleep(0.05)
            return await tell(request)

        monkeypatch.setattr(server, "tell", slowly)
        prompts = questions(cases(1)[0], dimension_of("relevance"), "logprob")
        (reply,) = asyncio.run(both(judge_of(server, "logprob"), prompts))
    assert reply.said
    assert not reply.unseen
    assert asked.count("/v1/models") == 1


def test_masked_tokens_are_no_error() -> None:
    """vLLM's processed log-probabilities have -9999 for them; added up they have no logarithm."""
    body = message("A", logprobs=first_token({"A": -0.1, "B": -9999.0, " B": -9999.0}))
    with StubServer(lambda asked, before: body) as server:
        (reply,) = ask(judge_of(server, "logprob"))
    assert reply.said[1] == pytest.approx(-9999.0, abs=1)


def test_a_server_that_is_down_while_its_tokens_are_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its questions fail together; the next batch learns them."""
    down = threading.Event()
    down.set()
    with StubServer(lambda asked, before: given_tokens(asked), engine="vllm") as server:
        tell = server.tell

        async def refuse(request: web.Request) -> web.StreamResponse:
            return web.Response(status=503) if down.is_set() else await tell(request)

        monkeypatch.setattr(server, "tell", refuse)
        judge = judge_of(server, "logprob", retries=1)
        replies = ask(judge, 100)
        assert all("status 503" in (reply.error or "") for reply in replies)
        assert server.asked == []
        down.clear()
        assert all(reply.said and not reply.unseen for reply in ask(judge, 100))


@pytest.mark.parametrize("logprobs", [None, {"content": None}, {"content": []}])
def test_a_server_without_log_probabilities(logprobs: Any) -> None:
    with StubServer(lambda asked, before: message("A", logprobs=logprobs)) as server:
        (reply,) = ask(judge_of(server, "logprob"))
    assert reply.error == "the server sent no log-probabilities: use mode='generate'"


def test_log_probabilities_that_are_no_numbers() -> None:
    with StubServer(lambda asked, before: message("A", logprobs=first_token({"A": math.nan}))) as server:
        (reward,) = rewards(judge_of(server, "logprob"), on_error="none")
    assert reward.value is None
    assert "log-probabilities" in reward.error


def test_a_key() -> None:
    with StubServer(key="secret") as server:
        assert ask(judge_of(server, api_key="secret"))[0].said
        (reply,) = ask(judge_of(server))
        assert reply.said is None
        assert "answered with status 401" in (reply.error or "")
        assert not server.asked[1:]  # never tried again


def test_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with StubServer(key="secret") as server:
        judge = judge_of(server)
        assert b"secret" not in pickle.dumps(judge)
        assert ask(judge)[0].said


def test_texts_that_cannot_be_sent_as_they_are() -> None:
    case = Case(query="a \ud800 b 🏨", items=("x" * 2**20,))
    with StubServer() as server:
        (reward,) = HybridReward(judge_of(server), dimensions=["relevance"])([case])
    assert reward.value == 1.0
    assert "a � b 🏨" in server.asked[0]["messages"][-1]["content"]


def test_a_prompt_that_is_longer_than_the_servers_context() -> None:
    """As vLLM says it; the others are answered."""
    body = b'{"error": {"message": "This model\'s maximum context length is 1024 tokens.", "code": 400}}'

    async def refused() -> Any:
        return web.Response(status=400, body=body)

    with StubServer(lambda asked, before: refused() if len(str(asked)) > 10_000 else message()) as server:
        long = Case(query="q", items=("x" * 20_000,))
        first, second, last = HybridReward(judge_of(server), dimensions=["relevance"], on_error="none")(
            [*cases(1), long, *cases(2)[1:]]
        )
        assert set(server.tries.values()) == {1}
    assert (first.value, second.value, last.value) == (1.0, None, 1.0)
    assert "This model's maximum context length is 1024 tokens." in (second.error or "")


def test_a_case_of_a_thousand_items() -> None:
    """Each is asked about, and their order once; no answer about the order can be read."""
    case = Case(query="q", items=tuple(f"Hotel {i}" for i in range(1000)), profile="p", history=("h",), context="c")
    with StubServer() as server:
        reward = HybridReward(judge_of(server), dimensions=["relevance", "behavior", "ranking"], missing="drop")
        (found,) = reward([case])
    assert len(server.asked) == len(found.asked) == 2001
    assert found.parts["relevance"] == 1.0
    assert found.missing["behavior"].startswith("unreadable: 1000 of 1000")
    assert found.missing["ranking"].startswith("unreadable: 1")


def test_other_settings() -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    with StubServer() as server:
        judge = judge_of(server, temperature=None, max_tokens=4096, extra_body=extra)
        ask(judge)
        (asked,) = server.asked
    assert "temperature" not in asked
    assert (asked["max_tokens"], asked["chat_template_kwargs"]) == (4096, {"enable_thinking": False})
    assert judge.name == f"stub, temperature=None, extra_body={extra!r}, max_tokens=4096"
    assert judge_of(server, name="mine").name == "mine"


def test_it_pickles_and_goes_on_in_children() -> None:
    with StubServer() as server:
        judge = judge_of(server)
        ask(judge)
        assert ask(pickle.loads(pickle.dumps(judge)))[0].said
        child = os.fork()
        if child == 0:
            os._exit(0 if ask(judge)[0].said else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"mode": "best"}, "mode must be one of generate, logprob, not 'best'"),
        ({"url": "127.0.0.1:8000"}, "url must begin with http:// or https://"),
        ({"concurrency": 0}, "concurrency must be a whole number from 1, not 0"),
        ({"concurrency": 1.5}, "concurrency must be a whole number from 1, not 1.5"),
        ({"retries": -1}, "retries must be a whole number from 0, not -1"),
        ({"timeout": 0}, "timeout must be a number of seconds above 0, not 0"),
    ],
)
def test_mistakes_are_one_message(options: dict[str, Any], text: str) -> None:
    with pytest.raises(RecrmError, match=text):
        ServerJudge(**{"model": "m", "url": "http://127.0.0.1:1/v1", **options})


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(RecrmError, match=r"judges on servers need aiohttp: pip install 'recrm-tasks\[rewards\]'"):
        ServerJudge("m", "http://127.0.0.1:1/v1")


@contextmanager
def program(port: int, log: Path, delay: float) -> Iterator[subprocess.Popen[str]]:
    """The stub server as a process."""
    words = [sys.executable, stub_server.__file__, "--port", str(port), "--log", str(log), "--delay", str(delay)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(condition: Any) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise TimeoutError


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_a_server_killed_in_the_middle_and_restarted(tmp_path: Path) -> None:
    """No case is lost, and no answered question is asked again: not then, and not by the next call."""
    port, log = free_port(), tmp_path / "log"
    judge = CachedJudge(ServerJudge("stub", f"http://127.0.0.1:{port}/v1", concurrency=4, retries=500))
    with ThreadPoolExecutor(1) as pool:
        with program(port, log, 0.02):
            run = pool.submit(rewards, judge, 200)
            until(lambda: len(lines(log)) >= 20)
        assert len(lines(log)) < 200
        with program(port, log, 0.0):
            assert [reward.value for reward in run.result(60)] == [1.0] * 200
            assert [reward.value for reward in rewards(judge, 200)] == [1.0] * 200
    answered = lines(log)
    assert len(set(answered)) == 200
    # Those whose answers were on their way when the server died.
    assert len(answered) - 200 <= 4


def test_a_run_goes_on_where_a_dead_server_left_it(tmp_path: Path) -> None:
    """What was answered is on disk, also for another process."""
    port, log, file = free_port(), tmp_path / "log", tmp_path / "replies.db"
    server = ServerJudge("stub", f"http://127.0.0.1:{port}/v1", concurrency=4, retries=1)
    with ThreadPoolExecutor(1) as pool, program(port, log, 0.02):
        run = pool.submit(rewards, CachedJudge(server, path=file), 200)
        until(lambda: len(lines(log)) >= 20)
    with pytest.raises(JudgeError, match="no connection"):
        run.result(60)
    kept = lines(log)
    assert 20 <= len(kept) < 200
    log.unlink()
    with program(port, log, 0.0):
        assert [reward.value for reward in rewards(CachedJudge(server, path=file), 200)] == [1.0] * 200
    again = lines(log)
    assert len(again) == len(set(again))
    assert len(kept) + len(again) - 200 <= 4
