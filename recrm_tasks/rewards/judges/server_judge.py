"""A judge behind an OpenAI-compatible server: vLLM, SGLang, or a hosted model."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recrm_tasks.answers.prompt import ANSWER_TOKENS, MODES, Mode, Prompt
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.background import in_background
from recrm_tasks.rewards.judges.chat_completion import reply_of
from recrm_tasks.rewards.judges.judge import Heard, Reply
from recrm_tasks.rewards.judges.together import ask_together

if TYPE_CHECKING:
    from recrm_tasks.models.server_client import ServerClient
    from recrm_tasks.rewards.judges.answer_probabilities import AnswerProbabilities
    from recrm_tasks.rewards.judges.server_prompts import ServerPrompts

_IN_A_ROW = 3
"""Questions that fail one after the other, each after all its retries, before the rest of the batch is given up."""
_SERVER_FAULTS = (401, 403, 404)
"""Statuses that the next question would get too, as it would those from 500."""


class ServerJudge:
    """A model behind an OpenAI-compatible server.

    The questions of all callers in this process share its connections and its limit. They are asked from a thread of
    the judge's own, so it can be used from coroutines, from several threads, and after a fork. It pickles.

    A request that fails (no connection, no answer in time, status 408, 409, 429 or from 500, but not 501, also if an
    error that comes with status 200 has it) is tried again, after pauses that grow from 0.5 to 8 s, or as long as the
    server says. If several questions in a row fail after all retries, the questions that were asked together with them
    are not tried any more.

    Args:
        model: the model's name on the server.
        url: the server's API, usually ending in `/v1`.
        mode: `generate`: the judge writes its answers. `logprob`: it writes one token, and the log-probabilities of the
            allowed answers are read. vLLM's and SGLang's servers report all of them. Of others they are read from the
            20 most likely tokens, and an answer that is not among these gets minus infinity: `Reply.unseen`. A model
            must not think in this mode: `extra_body`. A server that says that its prompts end within thinking is
            refused.
        api_key: the bearer token; by default that in the environment variable OPENAI_API_KEY, if there is one.
        concurrency: the most requests at a time.
        timeout: seconds for one try.
        retries: further tries of a request.
        max_tokens: the limit of a generated answer; thinking models need thousands. None sends no limit.
        temperature: None sends none, for models that refuse it.
        extra_body: further fields of the requests, such as
            `{"chat_template_kwargs": {"enable_thinking": False}}`.
        name: what results call it. By default the model's name, with the settings that are not the default.

    Raises:
        RecrmError: aiohttp is not installed, or an argument is not allowed.

    Example:
        >>> judge = ServerJudge("Qwen/Qwen3-8B", "http://127.0.0.1:8000/v1", mode="logprob")
    """

    def __init__(
        self,
        model: str,
        url: str,
        mode: Mode = "generate",
        *,
        api_key: str | None = None,
        concurrency: int = 64,
        timeout: float = 60.0,
        retries: int = 6,
        max_tokens: int | None = ANSWER_TOKENS,
        temperature: float | None = 0.0,
        extra_body: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        try:
            import aiohttp  # noqa: F401
        except ModuleNotFoundError as error:
            raise RecrmError(f"judges on servers need {error.name}: pip install 'recrm-tasks[rewards]'") from None
        if mode not in MODES:
            raise RecrmError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        if not url.startswith(("http://", "https://")):
            raise RecrmError(f"url must begin with http:// or https://, not {url!r}")
        for option, value, least in (("concurrency", concurrency, 1), ("retries", retries, 0)):
            if not isinstance(value, int) or value < least:
                raise RecrmError(f"{option} must be a whole number from {least}, not {value!r}")
        if not timeout > 0:
            raise RecrmError(f"timeout must be a number of seconds above 0, not {timeout!r}")
        self.mode: Mode = mode
        self.model = model
        self.url = url
        self.concurrency = concurrency
        self.timeout = timeout
        self.retries = retries
        self._api_key = api_key
        self._settings: dict[str, Any] = {"temperature": temperature, "extra_body": dict(extra_body or {})}
        if mode == "generate":
            self._settings["max_tokens"] = max_tokens
        defaults = {"temperature": 0.0, "max_tokens": ANSWER_TOKENS, "extra_body": {}}
        changed = [f"{key}={value!r}" for key, value in self._settings.items() if value != defaults[key]]
        self.name = name or ", ".join([model, *changed])
        self._connection: _Connection | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_connection": None}

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`. Every failure is the error of a reply."""
        return await in_background(self._ask(prompts, heard))

    async def _ask(self, prompts: Sequence[Prompt], heard: Heard | None) -> list[Reply]:
        loop = asyncio.get_running_loop()
        if self._connection is None or self._connection.loop is not loop:
            self._connection = self._connect(loop)
        connection = self._connection
        began = time.monotonic()

        async def reply(prompt: Prompt) -> Reply:
            return await self._reply(prompt, connection, began)

        return await ask_together(prompts, reply, self.concurrency, heard)

    def _connect(self, loop: asyncio.AbstractEventLoop) -> _Connection:
        from recrm_tasks.models.server_client import ServerClient
        from recrm_tasks.rewards.judges.answer_probabilities import AnswerProbabilities
        from recrm_tasks.rewards.judges.server_prompts import ServerPrompts

        key = self._api_key or os.environ.get("OPENAI_API_KEY")
        client = ServerClient(self.url, key, self.concurrency, self.timeout, self.retries)
        prompts = ServerPrompts(client, self.url, self.model, generates=self.mode == "generate")
        return _Connection(client, prompts, AnswerProbabilities(client, prompts), loop, self.concurrency)

    async def _reply(self, prompt: Prompt, connection: _Connection, began: float) -> Reply:
        async with connection.limit:
            if began < connection.given_up:
                return Reply(None, error=f"not asked, after others failed: {connection.why}")
            tokens: list[str] | None = None
            opened: str | None = None
            try:
                request = self._request(prompt)
                if self.mode == "generate":
                    body = await connection.client.complete(request)
                    opened = await connection.prompts.opened(prompt, request)
                else:
                    body, tokens = await connection.probabilities.complete(request, prompt)
            except Exception as error:  # whatever happens to a request is the error of its reply
                why = str(error) or type(error).__name__
                status = getattr(error, "status", 400)
                # No connection, no answer in time, or such a status: other questions would have it too.
                connection.failed(why, status is None or status in _SERVER_FAULTS or status >= 500)
                return Reply(None, error=why)
            connection.failures = 0
            return reply_of(body, prompt.choices, self.mode, tokens, opened)

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        body = {key: value for key, value in self._settings.items() if value is not None}
        body |= body.pop("extra_body")
        turns = [{"role": turn.role, "content": turn.content} for turn in prompt.messages]
        return {"model": self.model, "messages": turns, **body}


class _Connection:
    """What the questions of one judge share, in the loop that they are asked from."""

    def __init__(
        self,
        client: ServerClient,
        prompts: ServerPrompts,
        probabilities: AnswerProbabilities,
        loop: asyncio.AbstractEventLoop,
        concurrency: int,
    ) -> None:
        self.client = client
        self.prompts = prompts
        self.probabilities = probabilities
        self.loop = loop
        self.limit = asyncio.Semaphore(concurrency)
        self.failures = 0
        """In a row, of those that other questions would have too."""
        self.given_up = 0.0
        """When the last failure was. Questions that waited then are not tried."""
        self.why = ""

    def failed(self, why: str, everyones: bool) -> None:
        self.failures = self.failures + 1 if everyones else 0
        if self.failures >= _IN_A_ROW:
            self.given_up, self.why, self.failures = time.monotonic(), why, 0
