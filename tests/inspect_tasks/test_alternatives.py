"""What a server is asked for through a provider of Inspect."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig
from inspect_ai.model._model import init_active_model

from inspect_tasks.alternatives import Alternatives
from inspect_tasks.server_tokens import ProviderTokens


class Refused(Exception):
    """As the openai package reports a status."""

    def __init__(self, status: int) -> None:
        self.response = SimpleNamespace(status_code=status)


class Server:
    """What an OpenAI-compatible provider of Inspect offers, with SGLang's or vLLM's paths. Every byte is a token."""

    base_url = "http://server/v1"

    def __init__(self, owner: str, status: int = 200, start: str = "", template: str = "") -> None:
        self.client = SimpleNamespace(post=self.post, get=self.get)
        self.owner, self.status, self.start, self.template = owner, status, start, template
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def service_model_name(self) -> str:
        return "some-model"

    async def get(self, url: str, cast_to: type) -> Any:
        assert url == "http://server/v1/models"
        return {"data": [{"id": "another", "owned_by": "?"}, {"id": "some-model", "owned_by": self.owner}]}

    async def post(self, url: str, cast_to: type, body: dict[str, Any]) -> Any:
        self.asked.append((url, body))
        if self.status != 200:
            raise Refused(self.status)
        if url == "http://server/detokenize":
            return {"prompt": bytes(body["tokens"]).decode()}
        assert url == "http://server/tokenize"
        if "messages" in body:
            thinks = body.get("chat_template_kwargs", {}).get("enable_thinking", True)
            text = f"<user>{body['messages'][-1]['content']}</><go>{'' if thinks else '<think></think>'}\n"
            text = self.template + text
        else:
            text = self.start * body["add_special_tokens"] + body["prompt"]
        return {"tokens": list(text.encode())}


def settings(api: Server, thinking: int = 0, choices: str = "ABC", generated: bool = False, **extra: Any) -> Any:
    """What one request is asked with, of a provider `openai-api`; for generated answers, of three requests."""

    class Model:
        config = GenerateConfig()

        def __init__(self) -> None:
            self.api = api

        def __str__(self) -> str:
            return "openai-api/local/some-model"

    model: Any = Model()
    found = Alternatives(thinking, **{"enable_thinking": None, **extra})
    init_active_model(model, GenerateConfig())
    try:
        question: list[Any] = [ChatMessageUser(content="Is it?")]
        if generated:
            for _ in range(3):
                anyio.run(found.look_at, question, model)
            return None
        return anyio.run(found.of, list(choices), question, model)
    finally:
        init_active_model(None, GenerateConfig())  # type: ignore[arg-type]


def test_vllm_is_asked_for_the_allowed_tokens() -> None:
    ids = [65, 66, 67]
    asked, tokens = settings(Server("vllm"))
    assert asked == {"extra_body": {"logprob_token_ids": ids, "allowed_token_ids": ids}}
    assert tokens == ["A", "B", "C"]
    # Thinking is not made of allowed answers.
    asked, _ = settings(Server("vllm"), thinking=5, enable_thinking=True)
    assert asked == {"extra_body": {"chat_template_kwargs": {"enable_thinking": True}, "logprob_token_ids": ids}}


def test_sglang_gets_a_bias_for_the_allowed_tokens() -> None:
    asked, tokens = settings(Server("sglang"))
    assert asked == {"logit_bias": {65: 100.0, 66: 100.0, 67: 100.0}, "top_logprobs": 20}
    assert tokens == ["A", "B", "C"]
    asked, _ = settings(Server("sglang"), choices="ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert asked["top_logprobs"] == 26
    assert settings(Server("sglang"), thinking=5)[0] == {}


def test_other_servers_are_asked_for_their_most_likely_tokens() -> None:
    api = Server("openai")
    assert settings(api) == ({}, None)
    assert api.asked == []


def test_a_server_without_tokenize_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    api = Server("vllm", status=404)
    assert settings(api) == ({}, None)
    assert len(api.asked) == 1
    assert "the server answers http://server/tokenize with status 404" in caplog.text
    with pytest.raises(Refused):
        settings(Server("vllm", status=503))


def test_a_run_asks_the_server_once_for_each_answer() -> None:
    api, server = Server("vllm"), ProviderTokens()

    async def ask() -> None:
        for choices in ("AB", "ABC", "ABC"):
            tokens = await server.of(list(choices), [ChatMessageUser(content="Is it?")], api, {})
            assert tokens is not None
            assert [token.text for token in tokens] == list(choices)

    anyio.run(ask)
    assert len(api.asked) == 2 + 2 + 2 * 3  # the question, the start token, the answers


def test_the_servers_own_chat_template_counts() -> None:
    api = Server("vllm")
    settings(api, enable_thinking=False)
    assert api.asked[0][1]["chat_template_kwargs"] == {"enable_thinking": False}
    assert [body["prompt"][-17:] for _, body in api.asked if "</think>" in body.get("prompt", "")] == [
        f"<think></think>\n{letter}" for letter in "ABC"
    ]


@pytest.mark.parametrize(("template", "warned"), [("", 1), ("\x02", 0)])
@pytest.mark.parametrize("generated", [False, True])
def test_a_prompt_without_the_models_start_token_is_reported_once(
    generated: bool, template: str, warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    settings(Server("vllm", start="\x02", template=template), generated=generated)
    said = [record.message for record in caplog.records]
    assert len(said) == warned
    assert all("without the start token (BOS) '\\x02'" in one and "{{ bos_token }}" in one for one in said)


def test_generated_answers_need_nothing_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    for api in (Server("vllm", status=404), Server("vllm", status=503), Server("openai")):
        settings(api, generated=True)
        assert len(api.asked) == (api.owner == "vllm")
    assert not caplog.records
