"""Reward models on a vLLM server: `vllm serve PATH --runner pooling`, and its `/classify`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.models.background import wait_in_background
from recrm_tasks.models.classifier import Tokens
from recrm_tasks.models.engine_names import on_server
from recrm_tasks.models.pooling_heads import LOADING, PooledTexts, config_of
from recrm_tasks.prompting.tokens import tokenizer_of

if TYPE_CHECKING:
    from recrm_tasks.models.server_client import ServerClient

CONCURRENT = 8
"""The default number of requests at a time."""
_TEXTS = 32
"""Texts in one request: with eight requests as many as vLLM computes at a time (`--max-num-seqs`)."""
_TIMEOUT = 600.0
"""Seconds for one try: a server on the CPU is slow."""
_RETRIES = 6
_NO_SUCH_PATH = (404, 405, 501)
_TOKENS_TRIED = 9
_MODULES = "modules.json"


class ServerClassifier:
    """See `Classifier`. The server makes its own batches.

    Before anything is asked, a few texts of two tokens show that the server has the right number of classes, returns
    logits without an activation function, and reads a decoder's scores at the last token.

    Args:
        path: the model's folder, or its name on the hub, for its config and tokenizer; no weights are loaded.
        options: further arguments of `from_pretrained`.
        base_url: the server's address, with or without `/v1`.
        served_model_name: the model's name on the server; by default the path, as name or as where the server has the
            model from.
        api_key: the bearer token; by default that in the environment variable OPENAI_API_KEY, if there is one.
        num_concurrent: the most requests at a time.
        max_length: the most tokens of a text; by default the server's limit.

    Raises:
        RecrmError: there is no such server, it serves another model, or in another way than transformers.
    """

    def __init__(
        self,
        path: str,
        options: Mapping[str, Any],
        base_url: str,
        served_model_name: str | None,
        api_key: str | None,
        num_concurrent: int,
        max_length: int | None,
    ) -> None:
        if unknown := sorted(set(options) - set(LOADING)):
            raise RecrmError(f"a model on a server has no argument {', '.join(unknown)}: the server's command has them")
        self._path = path
        self._config = config_of(path, options)
        self.tokenizer = tokenizer_of(path, options)
        self._texts = PooledTexts(path, self._config, self.tokenizer)
        self.classes = tuple(self._config.id2label[i] for i in range(self._config.num_labels))
        self._refuse_pairs()
        self._refuse_other_pooling(options.get("revision"))
        self._root = root_of(base_url)
        self.together = _TEXTS * num_concurrent
        self.engine = on_server(server_version(base_url, api_key))
        self._client = wait_in_background(_client(self._root, api_key, num_concurrent, _RETRIES))
        self._name, limit = wait_in_background(self._served(served_model_name))
        lengths = (limit, max_length, self._texts.longest)
        self.longest = min((length for length in lengths if length is not None), default=None)
        wait_in_background(self._check())

    def _refuse_pairs(self) -> None:
        """`/classify` takes tokens, but no token types."""
        if self.tokenizer.chat_template or len(self.classes) > 1:
            return
        if self._texts.second(dict(self.tokenizer("a", "b"))) is not None:
            raise RecrmError(
                f"{self._path!r} has no chat template and marks the answer by token types, which a server does not "
                "take: use engine=vllm or engine=hf"
            )

    def _refuse_other_pooling(self, revision: str | None) -> None:
        """A server takes the pooling of sentence-transformers' files, and it cannot be seen from outside."""
        from transformers.utils.hub import cached_file

        try:
            found = cached_file(self._path, _MODULES, revision=revision)
        except OSError:
            return
        if found is not None:
            raise RecrmError(
                f"{self._path!r} has a pooling of sentence-transformers ({_MODULES}), which a server uses instead of "
                "the model's own: use engine=vllm or engine=hf, or serve the model without this file"
            )

    async def _served(self, name: str | None) -> tuple[str, int | None]:
        """The model's name on the server, and the most tokens of a text there."""
        reply = await _json(self._client, f"{self._root}/v1/models")
        listed = reply.get("data") if isinstance(reply, dict) else None
        models = [one for one in listed or () if isinstance(one, dict)]
        wanted = name or self._path
        same = [one for one in models if one.get("id") == wanted]
        same += [one for one in models if name is None and one.get("root") == wanted]
        if not same:
            raise RecrmError(
                f"{self._root} serves {', '.join(str(one.get('id')) for one in models) or 'no model'}, not {wanted!r}: "
                "start the server with this model, or give the server's name of it with served_model_name="
            )
        if same[0].get("owned_by") != "vllm":
            raise RecrmError(f"{self._root} is not a vLLM server (owned_by: {same[0].get('owned_by')!r})")
        longest = same[0].get("max_model_len")
        return str(same[0]["id"]), longest if isinstance(longest, int) else None

    async def _check(self) -> None:
        """Asks for a few texts whose logits show how the server computes them."""
        special = set(self.tokenizer.all_special_ids)
        tokens = [id for id in range(self._config.get_text_config().vocab_size) if id not in special]
        first, *others = tokens[:: max(1, len(tokens) // _TOKENS_TRIED)][:_TOKENS_TRIED]
        texts = [[first, other] for other in others]
        raw = await self._classified(texts, activated=False)
        activated = await self._classified(texts, activated=True)
        # An activation that changes nothing is that of a model trained by regression.
        if raw == activated and all(map(_probabilities, raw)) and self._config.problem_type != "regression":
            raise RecrmError(
                f"{self._root} returns probabilities, not logits, also with use_activation=false: use a vLLM that "
                "knows this field (0.32.0 does)"
            )
        if self._texts.head.pooling == "LAST" and all(_close(row, raw[0]) for row in raw):
            raise RecrmError(
                f"{self._root} reads the scores at the first token, but {self._path!r} has them at the last one: start "
                """the server with --pooler-config '{"pooling_type": "LAST"}'"""
            )

    def logits(self, texts: Sequence[Tokens]) -> list[list[float]]:
        """See `Classifier.logits`."""
        ids = [self._texts.ids(text) for text in texts]
        parts = [ids[start : start + _TEXTS] for start in range(0, len(ids), _TEXTS)]
        return [row for rows in wait_in_background(self._all(parts)) for row in rows]

    async def _all(self, parts: Sequence[Sequence[list[int]]]) -> list[list[list[float]]]:
        # The client has as many connections as there may be requests at a time.
        asked = [asyncio.ensure_future(self._classified(part, activated=False)) for part in parts]
        try:
            return await asyncio.gather(*asked)
        finally:
            for one in asked:
                one.cancel()

    async def _classified(self, texts: Sequence[list[int]], activated: bool) -> list[list[float]]:
        """The logits of some texts in one request, or what the server makes of them."""
        from recrm_tasks.models.server_client import RequestFailed

        body = {"model": self._name, "input": texts, "add_special_tokens": False, "use_activation": activated}
        url = f"{self._root}/classify"
        try:
            content = await self._client.send(url, body)
        except RequestFailed as error:
            if error.status in _NO_SUCH_PATH:
                raise RecrmError(
                    f"{self._root} has no /classify (status {error.status}): start it with vllm serve {self._path} "
                    "--runner pooling"
                ) from None
            raise RecrmError(str(error)) from None
        try:
            reply = json.loads(content)
            rows = [one["probs"] for one in sorted(reply["data"], key=lambda one: one["index"])]
            read = reply["usage"]["prompt_tokens"]
            found = [[float(logit) for logit in row] for row in rows]
        except (ValueError, LookupError, TypeError):
            raise RecrmError(f"{url} answered in another form than vLLM's: {content[:200]!r}") from None
        sent = sum(map(len, texts))
        if len(found) != len(texts) or read != sent:
            raise RecrmError(
                f"{url} returned {len(found)} results of {read} tokens for {len(texts)} texts of {sent} tokens"
            )
        if wrong := next((row for row in found if len(row) != len(self.classes)), None):
            raise RecrmError(
                f"{self._root} has a model with {len(wrong)} classes, but {self._path!r} has {len(self.classes)}: it "
                "serves another model"
            )
        return found


def root_of(base_url: str) -> str:
    """The address of a server without `/v1`.

    Raises:
        RecrmError: it is not an address.
    """
    if not str(base_url).startswith(("http://", "https://")):
        raise RecrmError(f"base_url must begin with http:// or https://, not {base_url!r}")
    return base_url.rstrip("/").removesuffix("/v1")


def server_version(base_url: str, api_key: str | None) -> str:
    """The version of a vLLM server; `?` if it does not say.

    Raises:
        RecrmError: there is no server.
    """

    async def asked(root: str) -> Any:
        return await _json(await _client(root, api_key, 1, 0), f"{root}/version")

    reply = wait_in_background(asked(root_of(base_url)))
    return str(reply.get("version", "?")) if isinstance(reply, dict) else "?"


async def _client(root: str, api_key: str | None, connections: int, retries: int) -> ServerClient:
    try:
        from recrm_tasks.models.server_client import ServerClient
    except ModuleNotFoundError as error:
        raise RecrmError(f"models on servers need {error.name}: pip install {error.name}") from None
    return ServerClient(root, api_key or os.environ.get("OPENAI_API_KEY"), connections, _TIMEOUT, retries)


async def _json(client: ServerClient, url: str) -> Any:
    """The JSON at an address; None if there is none.

    Raises:
        RecrmError: there is no server, or it refuses the request.
    """
    from recrm_tasks.models.server_client import RequestFailed
    from recrm_tasks.models.server_tokens import NotOffered

    try:
        return await client.fetch(url, None)
    except NotOffered as error:
        if error.status in _NO_SUCH_PATH:
            return None
        raise RecrmError(f"{url} answered with status {error.status}") from None
    except RequestFailed as error:
        raise RecrmError(str(error)) from None


def _probabilities(row: Sequence[float]) -> bool:
    return all(0 <= value <= 1 for value in row) and (len(row) == 1 or abs(sum(row) - 1) < 0.01)


def _close(left: Sequence[float], right: Sequence[float]) -> bool:
    return all(abs(a - b) < 1e-6 for a, b in zip(left, right, strict=True))
