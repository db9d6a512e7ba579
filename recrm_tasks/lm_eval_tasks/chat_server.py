"""The chat API of a server, asked for the log-probabilities of all allowed answers to a question at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping
from itertools import groupby
from typing import Any, NamedTuple

import requests as http
from lm_eval.models.api_models import JsonChatStr
from lm_eval.models.openai_completions import LocalChatCompletion
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from recrm_tasks.answers.alternatives import logprobs_among
from recrm_tasks.answers.prompt import Message
from recrm_tasks.errors import HarnessError, RecrmError
from recrm_tasks.lm_eval_tasks.counted_api import CountedAPI
from recrm_tasks.lm_eval_tasks.one_pass import Answer, Meter
from recrm_tasks.models.server_tokens import ENGINES, TOP, NotOffered, ServerTokens, asking_for
from recrm_tasks.prompting.answer_tokens import AnswerToken
from recrm_tasks.prompting.prompt_end import within_thinking

_log = logging.getLogger(__name__)
_AGAIN = (408, 429, 500, 502, 503, 504)
"""Statuses that may be others the next time."""


class ChatQuestion(NamedTuple):
    """A question and its allowed answers."""

    chat: str
    """The turns, as JSON."""
    choices: tuple[str, ...]
    tokens: list[AnswerToken] | None
    """Of the choices; None for a server that can be asked for its most likely tokens only."""
    engine: str


class ChatServer(CountedAPI, LocalChatCompletion):
    """lm-eval's `local-chat-completions`, with all its arguments, which also answers `loglikelihood`.

    As in Inspect, the server says what the tokens of the allowed answers are, and each question takes one request.
    vLLM's and SGLang's servers report all allowed answers, others the 20 most likely tokens. An answer that is not
    among these gets minus infinity, and its record is counted (`unseen`).
    """

    def __init__(self, **options: Any) -> None:
        self.meter = Meter()
        super().__init__(**options)
        self._extra: dict[str, Any] = {"chat_template_kwargs": self.template} if self.template else {}
        self._root = self.base_url.removesuffix("/chat/completions")
        self._server = ServerTokens(self._root, self.model, self._fetch)
        self._takes = True
        """Whether the server takes the fields that ask for given tokens."""

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[Answer]:
        """The log-probability of each allowed answer among what the server reports.

        Raises:
            RecrmError: the requests are not of the recrm tasks, no chat template is applied, an answer is not one
                token, or the prompt ends within thinking.
        """
        _check_turns(requests)
        if others := {request.task_name for request in requests if "dimension" not in request.doc}:
            raise RecrmError(
                f"{', '.join(sorted(others))}: recrm-server with api=chat evaluates the recrm tasks only, since chat "
                "APIs do not report the likelihood of texts: use api=completions"
            )
        order = sorted(range(len(requests)), key=lambda place: requests[place].args[0].prompt)
        groups = [list(places) for _, places in groupby(order, key=lambda place: requests[place].args[0].prompt)]
        questions = asyncio.run(self._questions([[requests[place].args for place in group] for group in groups]))
        self.meter.asks([request.args[0].prompt for request in requests])
        answers: dict[int, Answer] = {}
        for group, question, found in zip(groups, questions, self._asked(questions), strict=True):
            logprobs = dict(zip(question.choices, found, strict=True))
            for place in group:
                answers[place] = logprobs[requests[place].args[1].strip()], False
                self.cache_hook.add_partial("loglikelihood", requests[place].args, answers[place])
        self.meter.charge(requests)
        return [answers[place] for place in range(len(requests))]

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """See `TemplateAPI.generate_until`.

        Raises:
            RecrmError: no chat template is applied.
        """
        _check_turns(requests)
        self.meter.asks([request.args[0].prompt for request in requests])
        if requests:
            asyncio.run(self._look_at(requests[0].args[0].prompt))
        answers: list[str] = super().generate_until(requests, disable_tqdm=disable_tqdm)
        self.meter.charge(requests)
        return answers

    async def _look_at(self, chat: str) -> None:
        """Warns of prompts that lack the model's start token, where the server can say so."""
        server = ServerTokens(self._root, self.model, self._fetch, quiet=True)
        with contextlib.suppress(RecrmError):  # a server that does not answer is reported with the question itself
            if await server.engine() in ENGINES:
                await server.prompt_end([Message.model_validate(turn) for turn in json.loads(chat)], self._extra)

    async def _questions(self, groups: list[list[tuple[JsonChatStr, str]]]) -> list[ChatQuestion]:
        """The questions of requests that are grouped by their turns."""
        engine = await self._server.engine() if self._takes else ""
        questions = []
        for group in groups:
            chat, choices = group[0][0].prompt, tuple(dict.fromkeys(answer.strip() for _, answer in group))
            tokens = await self._tokens(chat, choices) if engine in ENGINES else None
            questions.append(ChatQuestion(chat, choices, tokens, engine))
        return questions

    async def _tokens(self, chat: str, choices: tuple[str, ...]) -> list[AnswerToken] | None:
        """The tokens of the allowed answers; None if the server does not say what they are.

        Raises:
            RecrmError: an answer is not one token, or the prompt ends within thinking.
        """
        turns = [Message.model_validate(turn) for turn in json.loads(chat)]
        tokens = await self._server.of(choices, turns, self._extra)
        opened = await self._server.opened(turns, self._extra)
        if opened is not None:
            raise RecrmError(
                f"{within_thinking(opened)}: add enable_thinking=false to --model_args, if the chat template can "
                "switch it off, or use api=completions with recrm_close_thinking=true, or generated answers"
            )
        if tokens is None and not self._server.gave_up:
            several = [one for one in choices if await self._server.of([one], turns, self._extra) is None]
            raise RecrmError(
                f"the answer {several[0]!r} is not one token of {self.model}, and a chat API reports the probabilities "
                "of one token: use api=completions, which asks for such answers by themselves, or generated answers"
            )
        return tokens

    def _asked(self, questions: list[ChatQuestion]) -> list[list[float]]:
        """The log-probabilities of the choices of each question. The first question that asks for given tokens goes
        alone: a gateway that refuses the fields for it refuses them once."""
        if not questions:
            return []
        if questions[0].tokens is None:
            return self.ask(questions)
        (first,) = self.ask(questions[:1], alone=True)
        if first is None:
            _log.warning(
                "%s refuses to report the log-probabilities of given tokens, so it is asked for its %d most likely "
                "ones: allowed answers that are not among these count as unseen",
                self.base_url, TOP,
            )  # fmt: skip
            self._takes = False
            return self.ask([one._replace(tokens=None) for one in questions])
        return [first, *self.ask(questions[1:])]

    def body_of(self, question: ChatQuestion) -> dict[str, Any]:
        """See `CountedAPI.body_of`."""
        body = {
            "model": self.model,
            "messages": json.loads(question.chat),
            "max_tokens": 1,
            "temperature": 0,
            "seed": self._seed,
            "logprobs": True,
            "top_logprobs": TOP,
            **self._extra,
        }
        if question.tokens is None:
            return body
        return {**body, **asking_for(question.engine, [token.id for token in question.tokens])}

    def read(self, question: ChatQuestion, output: Any) -> list[float]:
        """See `CountedAPI.read`."""
        content = (output["choices"][0].get("logprobs") or {}).get("content")
        if not content:
            raise HarnessError(
                f"{self.base_url} returned no log-probabilities: use generated answers, the task without _logprob"
            )
        first = content[0]
        seen = [(one["token"], float(one["logprob"])) for one in first.get("top_logprobs") or ()]
        tokens = None if question.tokens is None else [token.text for token in question.tokens]
        return logprobs_among(seen, (first["token"], float(first["logprob"])), question.choices, tokens)

    def prompt_of(self, question: ChatQuestion) -> str:
        """See `CountedAPI.prompt_of`."""
        return question.chat

    def _create_payload(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        return {**super()._create_payload(*arguments, **options), **self._extra}

    async def _fetch(self, url: str, body: Mapping[str, Any] | None) -> Any:
        """See `server_tokens.Fetch`. Few requests: one for each ending of the questions, and one for each answer."""
        method = "GET" if body is None else "POST"
        again = Retry(
            self.max_retries, status_forcelist=_AGAIN, allowed_methods=None, backoff_factor=0.5, raise_on_status=False
        )
        with http.Session() as session:
            session.mount(url, HTTPAdapter(max_retries=again))
            try:
                reply = session.request(
                    method, url, json=body, headers=self.header, verify=self.verify_certificate, timeout=self.timeout
                )
            except http.RequestException as error:
                raise RecrmError(f"no answer from {url}: {error}") from None
        if 400 <= reply.status_code < 500 and reply.status_code not in _AGAIN:
            raise NotOffered(reply.status_code)
        if not reply.ok:
            raise RecrmError(f"{url} answered with status {reply.status_code}: {reply.text[:300]}")
        try:
            return reply.json()
        except ValueError:
            return None


def _check_turns(requests: list[Any]) -> None:
    if not all(isinstance(request.args[0], JsonChatStr) for request in requests):
        raise RecrmError("recrm-server with api=chat sends turns: add --apply_chat_template")
