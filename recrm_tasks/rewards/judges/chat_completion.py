"""A chat completion of an OpenAI-compatible server -> a reply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from recrm_tasks.answers.alternatives import answer_place, logprobs_among
from recrm_tasks.answers.prompt import Mode
from recrm_tasks.rewards.judges.judge import UNFINISHED, Reply, Said
from recrm_tasks.scoring.outcomes import Reason

_SHOWN = 200
"""Characters of a refusal or of something unexpected that an error shows."""


class _Alternative(BaseModel):
    token: str
    logprob: float


class _Token(_Alternative):
    top_logprobs: list[_Alternative] | None = None


class _Logprobs(BaseModel):
    content: list[_Token] | None = None


class _Message(BaseModel):
    content: str | list[dict[str, Any]] | None = None
    """None if the model wrote nothing, or nothing but thoughts; a list of parts from some servers."""
    reasoning_content: str | None = None
    """Its thoughts; `reasoning` on newer servers. Never the answer."""
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def reply_of(
    body: str | bytes,
    choices: Sequence[str],
    mode: Mode,
    tokens: Sequence[str] | None = None,
    opened: str | None = None,
) -> Reply:
    """The reply in the body of a response.

    Args:
        body: what the server sent with status 200. Nothing in it raises.
        choices: the allowed answers.
        mode: `generate` reads the text, `logprob` the log-probabilities of the first token.
        tokens: see `logprobs_among`.
        opened: what the end of the prompt leaves open before a text, if that is known.
    """
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, detail["loc"])) or "body"
        shown = (body if isinstance(body, str) else body.decode("utf-8", "replace"))[:_SHOWN]
        return Reply(None, error=f"the server sent no chat completion ({where}: {detail['msg']}): {shown!r}")
    choice = completion.choices[0]
    said = _text(choice) if mode == "generate" else _logprobs(choice, choices, tokens)
    usage = completion.usage or _Usage()
    counts = usage.prompt_tokens, usage.completion_tokens
    if isinstance(said, _Nothing):
        return Reply(None, *counts, said.reason)
    # A text that the server separated from its thoughts begins after them.
    apart = choice.message.reasoning_content is not None or choice.message.reasoning is not None
    return Reply(said, *counts, opened=None if apart else opened)


class _Nothing(BaseModel):
    """Why there is no answer."""

    reason: str


def _text(choice: _Choice) -> Said | _Nothing:
    message = choice.message
    if message.refusal:
        return _Nothing(reason=f"the judge refused: {message.refusal[:_SHOWN]}")
    if choice.finish_reason == "content_filter":
        return _Nothing(reason="the server's content filter removed the answer")
    if isinstance(message.content, list):
        return "".join(str(part.get("text", "")) for part in message.content if part.get("type", "text") == "text")
    if message.content is not None:
        return message.content
    if choice.finish_reason == "length":
        return UNFINISHED  # it thought until the limit
    return _Nothing(reason=f"the server sent no text (finish reason {choice.finish_reason})")


def _logprobs(choice: _Choice, choices: Sequence[str], tokens: Sequence[str] | None) -> Said | _Nothing:
    content = choice.logprobs.content if choice.logprobs else None
    if not content:
        return _Nothing(reason="the server sent no log-probabilities: use mode='generate'")
    place = answer_place([one.token for one in content])
    if isinstance(place, Reason):
        return UNFINISHED
    if place is None:
        return (-math.inf,) * len(choices)
    first = content[place]
    seen = [(one.token, one.logprob) for one in first.top_logprobs or []]
    return tuple(logprobs_among(seen, (first.token, first.logprob), choices, tokens))
