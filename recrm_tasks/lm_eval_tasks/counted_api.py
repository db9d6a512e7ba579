"""What the two models of servers share: requests of our own in lm-eval's way of sending them, and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from lm_eval.models.api_models import JsonChatStr, TemplateAPI

from recrm_tasks.errors import HarnessError
from recrm_tasks.lm_eval_tasks.one_pass import Answer, Meter
from recrm_tasks.models.usage import Usage

_REFUSALS = (400, 404, 422, 501)
"""Statuses of a request with fields that the server does not allow."""

_TOGETHER = 16_384
"""Requests that wait for their turn together: lm-eval makes a task of each at once."""


class Own:
    """A request of ours between lm-eval's own.

    Args:
        question: what is asked.
        alone: whether it is asked to find out what the server takes. It is not an error if the server refuses it.
    """

    def __init__(self, question: Any, alone: bool) -> None:
        self.question = question
        self.alone = alone


class CountedAPI(TemplateAPI):
    """lm-eval's connections to a server, with its limits, retries and time limits, for its requests and for ours.

    Args:
        enable_thinking: an argument of the chat template.
        chat_template_args: its further arguments.
        options: those of the class of lm-eval.
    """

    meter: Meter
    """Of the class that counts."""

    def __init__(
        self,
        enable_thinking: bool | None = None,
        chat_template_args: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        thinking = {} if enable_thinking is None else {"enable_thinking": enable_thinking}
        self.template = {**(chat_template_args or {}), **thinking}
        self._usage = Usage()
        """Of the response that was read last."""
        super().__init__(**options)

    def body_of(self, question: Any) -> dict[str, Any]:
        """The body of a request of ours."""
        raise NotImplementedError

    def read(self, question: Any, output: Any) -> Any:
        """What the response to a request of ours says; None for nothing. Any error of looking into it means that it has
        another form; lm-eval sends the request again."""
        raise NotImplementedError

    def prompt_of(self, question: Any) -> Hashable:
        """What identifies the prompt of a question among those of the requests."""
        raise NotImplementedError

    def ask(self, questions: Sequence[Any], alone: bool = False) -> list[Any]:
        """What the responses say, in the order of the questions; the requests are sent in it too."""
        answers = []
        for start in range(0, len(questions), _TOGETHER):
            part = questions[start : start + _TOGETHER]
            asked = [Own(question, alone) for question in part]
            batches = asyncio.run(self.get_batched_requests(asked, cache_keys=[None] * len(asked), generate=False))
            answers += [answer for batch in batches for answer in batch]
        return answers

    async def amodel_call(self, session: Any, sem: Any, messages: Any, **options: Any) -> Any:
        """See `TemplateAPI.amodel_call`; lm-eval calls it again if it raises."""
        if isinstance(messages[0], Own):
            return [await self._answer(session, sem, one) for one in messages]
        answers = await super().amodel_call(session, sem, messages, **options)
        self._count(messages)  # nothing has run since the response was read
        return answers

    def model_call(self, messages: Any, **options: Any) -> Any:
        """See `TemplateAPI.model_call`."""
        output = super().model_call(messages, **options)
        self._usage = self._cost_of(output)
        self._count(messages)
        return output

    async def _answer(self, session: Any, sem: Any, own: Own) -> Any:
        async with sem, session.post(self.base_url, json=self.body_of(own.question), headers=self.header) as response:
            if own.alone and response.status in _REFUSALS:
                return None
            if not response.ok:
                raise ConnectionError(f"{self.base_url}: status {response.status}: {(await response.text())[:300]}")
            output = await response.json()
        usage = self._cost_of(output)
        try:
            answer = self.read(own.question, output)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise self._other_form(output) from None
        self.meter.add(self.prompt_of(own.question), usage)
        return answer

    def parse_logprobs(self, outputs: Any, **options: Any) -> list[Answer]:
        """See `TemplateAPI.parse_logprobs`."""
        self._usage = self._cost_of(outputs)
        answers: list[Answer] = super().parse_logprobs(outputs, **options)
        return answers

    def parse_generations(self, outputs: Any, **options: Any) -> list[str]:
        """See `TemplateAPI.parse_generations`."""
        self._usage = self._cost_of(outputs)
        answers: list[str] = super().parse_generations(outputs, **options)
        return answers

    def _cost_of(self, output: Any) -> Usage:
        """What a response with answers cost.

        Raises:
            HarnessError: it has none, as that of a gateway whose provider failed; lm-eval sends the request again. Its
                own reading of chats takes it for an empty answer.
        """
        for one in output if isinstance(output, list) else [output]:
            choices = one.get("choices") if isinstance(one, dict) else None
            if not isinstance(choices, list) or not choices:
                raise self._other_form(one)
            if any(isinstance(choice, dict) and choice.get("error") for choice in choices):
                raise self._other_form(one)
        return usage_of(output)

    def _other_form(self, output: Any) -> HarnessError:
        return HarnessError(f"{self.base_url} answered in another form than OpenAI's: {str(output)[:300]}")

    def _count(self, messages: Sequence[Any]) -> None:
        self.meter.add(_key(messages[0]), self._usage)


def usage_of(output: Any) -> Usage:
    """What a response says about its cost."""
    outputs = output if isinstance(output, list) else [output]
    said = next((one.get("usage") for one in outputs if isinstance(one, dict)), None) or {}
    details = said.get("prompt_tokens_details") or {}
    return Usage(1, said.get("prompt_tokens"), details.get("cached_tokens"), said.get("completion_tokens"))


def _key(message: Any) -> Hashable:
    """The text or the tokens of a prompt."""
    if isinstance(message, JsonChatStr):
        return str(message.prompt)
    return message if isinstance(message, str) else tuple(message)
