"""A server like `vllm serve --runner pooling`: real HTTP, with transformers' logits for the tokens that it gets."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from stub_http import StubHttp


class PoolingStub(StubHttp):
    """The server, in a thread. Its attributes are what it does wrong, if anything.

    Args:
        folder: the model whose logits it returns; it reads a decoder's last token, whatever it is, as vLLM does.
        served: what it calls the model; by default the folder.
    """

    def __init__(self, folder: str, served: str | None = None) -> None:
        import torch
        import transformers

        self._torch = torch
        self._model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
        self.models: list[dict[str, Any]] = [
            {"id": served or folder, "root": folder, "owned_by": "vllm", "max_model_len": 256}
        ]
        self.pooling_first = False
        """Whether it reads the first token."""
        self.always_activated = False
        """Whether it applies a sigmoid or softmax whatever the request says, as earlier versions of vLLM did."""
        self.more_tokens = 0
        """Tokens that it adds to each text."""
        self.fails: list[int] = []
        """Statuses of the next requests to `/classify`."""
        self.always: int | None = None
        """The status of all of them."""
        self.key: str | None = None
        """The bearer token that requests need."""
        self.asked: list[dict[str, Any]] = []
        """The bodies of all requests to `/classify`."""

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20, middlewares=[self._checked])
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/version", self._version)
        app.router.add_post("/classify", self._classify)
        return app

    @web.middleware
    async def _checked(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"object": "list", "data": self.models})

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"version": "0.32.0"})

    async def _classify(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        status = self.fails.pop(0) if self.fails else self.always
        if status is not None:
            return web.json_response({"error": {"message": "out of order"}}, status=status)
        rows = [self._logits(ids) for ids in body["input"]]
        if body.get("use_activation") is not False or self.always_activated:
            rows = [row.sigmoid() if len(row) == 1 else row.softmax(-1) for row in rows]
        data = [
            {"index": i, "label": None, "probs": row.tolist(), "num_classes": len(row)} for i, row in enumerate(rows)
        ]
        read = sum(len(ids) + self.more_tokens for ids in body["input"])
        # In any order: the results have their places.
        return web.json_response(
            {"object": "list", "model": body["model"], "data": data[::-1], "usage": {"prompt_tokens": read}}
        )

    def _logits(self, ids: list[int]) -> Any:
        with self._torch.inference_mode():
            tokens = self._torch.tensor([ids])
            if not hasattr(self._model, "score"):
                return self._model(tokens).logits[0].float()
            hidden = self._model.model(tokens).last_hidden_state[0]
            return self._model.score(hidden[0 if self.pooling_first else -1]).float()
