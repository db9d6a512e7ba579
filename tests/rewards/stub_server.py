"""A server with the interface of OpenAI's chat completions: real HTTP on a real port, answers by script.

As a program it answers `{"answer": "A"}` after a while, and writes a line for each answer that it has sent:

    python tests/rewards/stub_server.py --port 8001 --log answered.txt --delay 0.02
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from stub_http import StubHttp

GOOD = '{"answer": "A"}'


def message(content: Any = GOOD, finish: str = "stop", logprobs: Any = None, **fields: Any) -> dict[str, Any]:
    """The body of a completion."""
    return {
        "id": "1", "object": "chat.completion", "created": 0, "model": "stub",
        "choices": [{
            "index": 0, "finish_reason": finish, "logprobs": logprobs,
            "message": {"role": "assistant", "content": content, **fields},
        }],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }  # fmt: skip


def first_token(logprobs: dict[str, float]) -> dict[str, Any]:
    """The log-probabilities of one token and its alternatives, the most likely first."""
    found = [{"token": token, "logprob": value, "bytes": None} for token, value in logprobs.items()]
    return {"content": [{**found[0], "top_logprobs": found}]}


def given_tokens(asked: dict[str, Any]) -> dict[str, Any]:
    """A completion as vLLM's for `logprob_token_ids`: the first of the tokens, and exactly those as alternatives."""
    return message("A", logprobs=first_token({chr(one): -0.1 * one for one in asked["logprob_token_ids"]}))


def question_of(asked: dict[str, Any]) -> str:
    """What identifies a question."""
    return hashlib.sha256(json.dumps(asked["messages"]).encode()).hexdigest()[:16]


class StubServer(StubHttp):
    """The server, in a thread.

    Args:
        answer: from the body of a request and how often its question came before, to the response: a body (status 200),
            a status, a response of aiohttp, or a coroutine of one of these.
        delay: seconds before each response.
        key: the bearer token that requests need.
        log: a file that gets a line for each question answered.
        ending: what the chat template of `vllm` and `sglang` writes last.
        engine: what the list of models calls its owner: `vllm` and `sglang` also have a tokenizer, whose tokens are
            bytes. None has no list.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any], int], Any] = lambda asked, before: message(),
        delay: float = 0.0,
        key: str | None = None,
        port: int = 0,
        log: Path | None = None,
        engine: str | None = None,
        ending: str = "<go>",
    ) -> None:
        self.answer = answer
        self.delay = delay
        self.key = key
        self.port = port
        self.log = log
        self.engine = engine
        self.ending = ending
        self.learned: list[tuple[str, dict[str, Any]]] = []
        """Path and body of all other requests."""
        self.asked: list[dict[str, Any]] = []
        """The bodies of all requests."""
        self.tries: Counter[str] = Counter()
        """Requests by question."""
        self.now = self.most = 0
        """Requests at this time, and the most at any time."""

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._handle)
        for path in ("/v1/models", "/tokenize", "/detokenize"):
            app.router.add_route("*", path, self._tell)
        return app

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        return await self.tell(request)

    async def tell(self, request: web.Request) -> web.StreamResponse:
        """Answers what is no question."""
        body = await request.json() if request.method == "POST" else {}
        self.learned.append((request.path, body))
        if request.path == "/v1/models" and self.engine is not None:
            return web.json_response({"data": [{"id": "stub", "owned_by": self.engine}]})
        if self.engine not in ("vllm", "sglang"):
            raise web.HTTPNotFound
        if request.path == "/detokenize":
            return web.json_response({"prompt": bytes(body["tokens"]).decode("utf-8", "ignore")})
        text = f"<user>{body['messages'][-1]['content']}</>{self.ending}" if "messages" in body else body["prompt"]
        return web.json_response({"tokens": list(text.encode())})

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "no valid key"}}, status=401)
        asked = await request.json()
        question = question_of(asked)
        self.asked.append(asked)
        self.tries[question] += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.delay)
            given = self.answer(asked, self.tries[question] - 1)
            given = await given if asyncio.iscoroutine(given) else given
        finally:
            self.now -= 1
        if isinstance(given, int):
            return web.json_response({"error": {"message": f"status {given}"}}, status=given)
        if isinstance(given, web.Response):
            return given
        response = web.Response(body=given) if isinstance(given, bytes) else web.json_response(given)
        await response.prepare(request)
        await response.write_eof()
        if self.log is not None:
            with self.log.open("a") as stream:
                stream.write(question + "\n")
        return response


async def _serve(server: StubServer) -> None:
    await server.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(_serve(StubServer(delay=options.delay, port=options.port, log=options.log)))


if __name__ == "__main__":
    main()
