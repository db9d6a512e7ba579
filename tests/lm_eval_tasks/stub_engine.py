"""A server with the completions and chat APIs of vLLM, and a model whose numbers depend on the whole prompt."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from typing import Any

import numpy as np
from aiohttp import web
from stub_http import StubHttp
from transformers import AutoTokenizer

NEW = ("logprob_token_ids", "allowed_token_ids", "return_tokens_as_token_ids", "repetition_penalty")
"""Fields of requests that only some servers know."""
CONTEXT = 60_000
BLOCK = 16
LATE = 8
"""Tokens at the end of a prompt that have log-probabilities."""


class StubEngine(StubHttp):
    """The server, in a thread.

    Args:
        tokenizer: a folder.
        knows: it reports the log-probabilities of given tokens. If not, it ignores the fields for them.
        refuses: it answers requests with unknown fields by status 400.
        owner: what its list of models calls the owner.
        tells: it has `/tokenize` and `/detokenize`.
        fails: requests that get status 500 before any is answered.
        failure: what these get instead, with status 200.
        says: what it answers to every question, with status 200.
        busy: requests to `/tokenize` that get status 429 before any is answered.
    """

    def __init__(
        self,
        tokenizer: str,
        knows: bool = True,
        refuses: bool = False,
        owner: str = "vllm",
        tells: bool = True,
        fails: int = 0,
        failure: dict[str, Any] | None = None,
        says: dict[str, Any] | None = None,
        busy: int = 0,
    ) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(tokenizer)
        self.knows, self.refuses, self.owner, self.tells, self.fails = knows, refuses, owner, tells, fails
        self.failure, self.says, self.busy = failure, says, busy
        self.asked: list[dict[str, Any]] = []
        """The bodies of all requests that were answered."""
        self.prompts: list[tuple[int, ...]] = []
        """Their prompts."""
        self.paths: Counter[str] = Counter()
        self.now = self.most = 0

    def logprobs(self, ids: Any) -> Any:
        """The log-probabilities of the next token, an array of shape (V,)."""
        seed = zlib.crc32(np.asarray(ids, np.int32).tobytes())
        logits = np.random.default_rng(seed).normal(0.0, 3.0, len(self.tokenizer))
        return logits - np.log(np.exp(logits).sum())

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v1/models", self._models)
        for path, handle in (("/v1/completions", self._complete), ("/v1/chat/completions", self._chat)):
            app.router.add_post(path, handle)
        if self.tells:
            app.router.add_post("/tokenize", self._tokenize)
            app.router.add_post("/detokenize", self._detokenize)
        return app

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "stub", "owned_by": self.owner, "max_model_len": CONTEXT}]})

    async def _tokenize(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.busy:
            self.busy -= 1
            return web.json_response({"error": "busy"}, status=429)
        self.paths["/tokenize"] += 1
        chat = "messages" in body
        text = self._rendered(body["messages"]) if chat else body["prompt"]
        special = body.get("add_special_tokens", not chat)
        return web.json_response({"tokens": list(self.tokenizer.encode(text, add_special_tokens=special))})

    async def _detokenize(self, request: web.Request) -> web.Response:
        return web.json_response({"prompt": self._text((await request.json())["tokens"])})

    async def _complete(self, request: web.Request) -> web.Response:
        body = await self._received(request)
        if isinstance(body, web.Response):
            return body
        ids = self._ids(body["prompt"]) if isinstance(body["prompt"], str) else body["prompt"][0]
        name = self._namer(body)
        if body.get("echo"):
            # lm-eval reads the numbers of the continuation only.
            early = [("", 0.0, {"": 0.0})] * (len(ids) - LATE)
            late = [self._step(ids[:i], ids[i], 1, (), name) for i in range(max(1, len(ids) - LATE), len(ids))]
            steps = [*(early or [None]), *late]
        else:
            steps = []
        top = self.logprobs(ids)
        steps.append(
            self._step(ids, int(top.argmax()), body.get("logprobs") or 0, body.get("logprob_token_ids", ()), name)
        )
        logprobs = {
            "tokens": [None if one is None else one[0] for one in steps],
            "token_logprobs": [None if one is None else one[1] for one in steps],
            "top_logprobs": [None if one is None else one[2] for one in steps],
        }
        choice = {"index": 0, "text": self._text([int(top.argmax())]), "logprobs": logprobs, "finish_reason": "length"}
        return web.json_response({"choices": [choice], "usage": self._usage(ids, bool(body.get("echo")))})

    async def _chat(self, request: web.Request) -> web.Response:
        body = await self._received(request)
        if isinstance(body, web.Response):
            return body
        ids = self._ids(self._rendered(body["messages"]))
        allowed = body.get("allowed_token_ids") if self.knows else None
        best = max(allowed or range(len(self.tokenizer)), key=self.logprobs(ids).__getitem__)
        wanted = body.get("logprob_token_ids", ())
        token, logprob, top = self._step(ids, best, body.get("top_logprobs", 0), wanted, self._namer(body))
        found = [{"token": name, "logprob": value} for name, value in top.items()]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self._text([best])},
            "logprobs": {"content": [{"token": token, "logprob": logprob, "top_logprobs": found}]},
            "finish_reason": "length",
        }
        return web.json_response({"choices": [choice], "usage": self._usage(ids, False)})

    async def _received(self, request: web.Request) -> dict[str, Any] | web.Response:
        body: dict[str, Any] = await request.json()
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1
        if self.fails:
            self.fails -= 1
            status = 500 if self.failure is None else 200
            return web.json_response(self.failure or {"error": "busy"}, status=status)
        if self.refuses and body.keys() & set(NEW):
            return web.json_response({"error": "unknown field"}, status=400)
        if self.says is not None:
            return web.json_response(self.says)
        self.asked.append(body)
        return body

    def _step(self, ids: Any, token: int, top: int, wanted: Any, name: Any) -> tuple[str, float, dict[str, float]]:
        logprobs = self.logprobs(ids)
        shown = [token, *(wanted if self.knows and wanted else np.argsort(-logprobs)[:top].tolist())]
        return name(token), float(logprobs[token]), {name(one): float(logprobs[one]) for one in shown}

    def _namer(self, body: dict[str, Any]) -> Any:
        as_ids = self.knows and body.get("return_tokens_as_token_ids")
        return (lambda one: f"token_id:{one}") if as_ids else (lambda one: self._text([one]))

    def _usage(self, ids: list[int], echo: bool) -> dict[str, Any]:
        """vLLM neither reads nor fills its prefix cache for a request with the log-probabilities of its prompt."""
        cached = 0
        if not echo:
            for other in self.prompts[-1:]:
                pairs = zip(ids, other, strict=False)
                same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(ids), len(other)))
                cached = min(same, len(ids) - 1) // BLOCK * BLOCK
            self.prompts.append(tuple(ids))
        details = {"prompt_tokens_details": {"cached_tokens": cached}}
        return {"prompt_tokens": len(ids), "completion_tokens": 1, **details}

    def _rendered(self, messages: list[dict[str, str]]) -> str:
        return str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def _text(self, ids: list[int]) -> str:
        # Half characters have no text of their own, and would be one key.
        return "".join(self.tokenizer.convert_ids_to_tokens(ids))
