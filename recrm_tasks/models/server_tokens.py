"""The log-probabilities of all allowed answers from vLLM's and SGLang's servers, in one request per question."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from recrm_tasks.answers.alternatives import SPACES
from recrm_tasks.answers.prompt import Message
from recrm_tasks.answers.thinking import left_open
from recrm_tasks.prompting.answer_tokens import END, AnswerToken, before_answer
from recrm_tasks.prompting.prompt_end import TAIL, after_last_turn

_log = logging.getLogger(__name__)
T = TypeVar("T")

ENGINES = ("vllm", "sglang")
"""Servers that can be asked for the log-probabilities of given tokens."""
TOP = 20
"""Alternatives requested per token: the most that OpenAI-style servers return."""

MOST = 128
"""Tokens whose log-probabilities vLLM returns at most."""
_BIAS = 100.0
"""Puts the allowed answers above all other tokens, and leaves the differences between them."""
_TAIL_TOKENS = 16
_OF_TEMPLATE = ("chat_template", "chat_template_kwargs", "add_special_tokens")
"""Fields of a chat request that decide how its prompt is rendered; `/tokenize` takes them too."""
_ANY_TEXT = "A"


class NotOffered(Exception):
    """A server has no such path, or refuses this request for good.

    Args:
        status: of the response.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


Fetch: TypeAlias = Callable[[str, "Mapping[str, Any] | None"], Awaitable[Any]]
"""Sends a body to an address as JSON, or reads the address if there is none; the JSON of the response."""


class ServerTokens:
    """Learns the tokens of allowed answers from the server, which alone knows its tokenizer and its chat template.

    vLLM and SGLang both serve `/tokenize` and `/detokenize`. What was learned is kept: the server is asked once for
    each ending of the questions and each allowed answer. Calls at the same time may ask for the same twice.

    Args:
        url: the server's API, usually ending in `/v1`.
        model: the model's name on the server.
        fetch: sends the requests. It raises `NotOffered` where the server has no such path; its other errors are raised
            to the caller.
        quiet: whether nothing is said of a server that does not say what its tokens are: for generated answers.
    """

    def __init__(self, url: str, model: str, fetch: Fetch, quiet: bool = False) -> None:
        self._url = url.rstrip("/")
        self._root = self._url.removesuffix("/v1")
        self._model = model
        self._fetch = fetch
        self._engine: str | None = None
        self._before: dict[str, str] = {}
        self._known: dict[tuple[str, str], AnswerToken | None] = {}
        self._quiet = quiet
        self._start_is_known = False
        self._gave_up = False

    @property
    def gave_up(self) -> bool:
        """Whether the server was found not to say what its tokens are. If not, `of` returns None for answers of several
        tokens only."""
        return self._gave_up

    async def engine(self) -> str:
        """`vllm`, `sglang`, or something else that cannot be asked for the log-probabilities of given tokens."""
        if self._engine is None:
            models = await self._answered(f"{self._url}/models", None, "data", list)
            named = [one for one in models or () if isinstance(one, dict)]
            own = next((one for one in named if one.get("id") == self._model), named[0] if named else {})
            self._engine = str(own.get("owned_by", "other"))
        return self._engine

    async def of(
        self, choices: Sequence[str], messages: Sequence[Message], extra: Mapping[str, Any]
    ) -> list[AnswerToken] | None:
        """The tokens of the allowed answers to a question; None if one is not one token or the server does not say.

        Args:
            choices: the allowed answers.
            messages: the question.
            extra: the extra fields of the request, `chat_template_kwargs` among them.
        """
        before = await self.prompt_end(messages, extra)
        if before is None:
            return None
        for choice in choices:
            if (before, choice) not in self._known:
                self._known[before, choice] = await self._token(choice, before)
        found = [self._known[before, choice] for choice in choices]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    async def prompt_end(self, messages: Sequence[Message], extra: Mapping[str, Any]) -> str | None:
        """The end of the question as the server renders it, up to where the answer begins; None if it does not say.

        The first question also shows whether prompts begin with the model's start token; a warning says if not.

        Args:
            messages: the question.
            extra: as in `of`.
        """
        end = messages[-1].content[-END:]
        if end not in self._before:
            before = await self._rendered_end(messages, extra)
            if before is None:
                return None
            self._before[end] = before
        return self._before[end]

    async def opened(self, messages: Sequence[Message], extra: Mapping[str, Any]) -> str | None:
        """What the end of the question leaves open, as `thinking.left_open` returns it; None also if the server does
        not say.

        Args:
            messages: the question.
            extra: as in `of`.
        """
        before = await self.prompt_end(messages, extra)
        return left_open(after_last_turn(before, messages[-1].content[-END:])) if before else None

    async def _rendered_end(self, messages: Sequence[Message], extra: Mapping[str, Any]) -> str | None:
        template = {name: value for name, value in extra.items() if name in _OF_TEMPLATE}
        # Only the ends of texts: a question may be longer than the model's context. System turns may have a switch.
        turns = [
            {"role": turn.role, "content": turn.content if turn.role == "system" else turn.content[-TAIL:]}
            for turn in messages
        ]
        ids = await self._tokenized({"messages": turns, **template})
        rendered = await self._text(ids[-_TAIL_TOKENS:]) if ids else None
        if not ids or not rendered:
            return None
        await self._look_for_start_token(ids)
        return before_answer(rendered, messages[-1].content)

    async def _look_for_start_token(self, prompt: Sequence[int]) -> None:
        """Warns once if the prompt lacks the token that the tokenizer writes before a text. A server leaves it to the
        chat template, and a template that only passes a text on has none."""
        if self._start_is_known:
            return
        self._start_is_known = True
        with_start = await self._tokenized({"prompt": _ANY_TEXT, "add_special_tokens": True})
        without = await self._tokenized({"prompt": _ANY_TEXT, "add_special_tokens": False})
        if not with_start or not without or with_start[1:] != without or prompt[0] == with_start[0]:
            return
        _log.warning(
            "the server's prompts begin without the start token (BOS) %r, which this model's tokenizer writes before a "
            "text; many models answer badly without it: start the server with --chat-template and a template that "
            "begins with {{ bos_token }} (docs/models.md)",
            await self._text(with_start[:1]),
        )

    async def _token(self, choice: str, before: str) -> AnswerToken | None:
        ids = await self._tokenized({"prompt": before + choice, "add_special_tokens": False})
        text = await self._text(ids[-1:]) if ids else None
        return AnswerToken(ids[-1], text) if ids and text and text.strip(SPACES) == choice else None

    async def _tokenized(self, body: Mapping[str, Any]) -> list[int] | None:
        """The tokens of a text or of a prompt."""
        return await self._answered(self._root + "/tokenize", {"model": self._model, **body}, "tokens", list)

    async def _text(self, ids: Sequence[int]) -> str | None:
        body = {"model": self._model, "tokens": list(ids)}
        return await self._answered(self._root + "/detokenize", body, "prompt", str)

    async def _answered(self, url: str, body: Mapping[str, Any] | None, field: str, kind: type[T]) -> T | None:
        """A field of the reply; None if the server has no such path. Fewer log-probabilities are read then."""
        if self._gave_up:
            return None
        try:
            reply = await self._fetch(url, body)
        except NotOffered as error:
            why = f"with status {error.status}"
        else:
            found = reply.get(field) if isinstance(reply, dict) else None
            if isinstance(found, kind):
                return found
            why = f"without {field!r}"
        if not self._gave_up and not self._quiet:
            _log.warning(
                "the server answers %s %s, so the tokens of the allowed answers are not known: answers that are not "
                "among the most likely tokens count as unseen",
                url, why,
            )  # fmt: skip
        self._gave_up = True
        return None


def asking_for(engine: str, ids: Sequence[int], thinking: bool = False) -> dict[str, Any]:
    """Fields of a chat request with which a server reports the log-probabilities of given tokens.

    vLLM: `logprob_token_ids`, exactly these, as the model has them (vllm-project/vllm#43463). Older servers ignore it
    and report the most likely tokens. With `--logprobs-mode processed_logprobs` only the allowed ones are likely.
    SGLang: its log-probabilities have the bias in them, and it reports any number of alternatives.

    Args:
        engine: one of `ENGINES`.
        ids: the tokens.
        thinking: whether the model writes other tokens before these.
    """
    if engine == "vllm":
        wanted: dict[str, Any] = {"logprob_token_ids": list(ids)} if len(ids) <= MOST else {}
        return wanted if thinking else {**wanted, "allowed_token_ids": list(ids)}
    if thinking:
        return {}
    return {"logit_bias": dict.fromkeys(ids, _BIAS), "top_logprobs": max(TOP, len(ids))}
