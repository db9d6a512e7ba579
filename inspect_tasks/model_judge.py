"""A model of Inspect as a judge: `--model-role grader=…`, with Inspect's own requests, retries, limits and log."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput
from inspect_ai.model._model import active_model
from inspect_ai.util import LimitExceededError, collect, span

from inspect_tasks.alternatives import Alternatives
from inspect_tasks.backend import provider_of, use_our_hf
from inspect_tasks.logprobs import choice_logprobs
from inspect_tasks.reward_model import PROVIDER, settings_for
from inspect_tasks.samples import after_reasoning, to_chat
from inspect_tasks.usage import usage_of
from recrm_tasks.answers.prompt import ANSWER_TOKENS, Mode, Prompt
from recrm_tasks.errors import HarnessError, RecrmError
from recrm_tasks.models.server_tokens import TOP
from recrm_tasks.prompting.prompt_end import within_thinking
from recrm_tasks.rewards.judges.judge import UNFINISHED, Heard, Reply
from recrm_tasks.scoring.outcomes import Reason


class ModelJudge:
    """A `Judge` of `recrm_tasks.rewards`, for use within a task of Inspect.

    It is asked greedily, with at most `max_tokens` tokens, unless its role has settings of its own:
    `--model-role 'grader={model: …, temperature: 0.7, max_tokens: 4096}'`.

    Args:
        model: the model.
        mode: `generate`, or `logprob` as the tasks read log-probabilities; by default `generate`, and of a reward
            model, which writes no text, `logprob`.
        max_tokens: of a generated answer; thinking models need thousands.

    Raises:
        RecrmError: the model cannot be a judge, or not in this mode.
    """

    def __init__(self, model: Model, mode: Mode | None = None, max_tokens: int = ANSWER_TOKENS) -> None:
        scores = provider_of(model) == PROVIDER
        if scores and mode == "generate":
            raise RecrmError(f"{model} is a reward model, which writes no text: leave out mode='generate'")
        api: Any = model.api  # a class that Inspect's decorator hides
        if scores and api.reads == "content":
            raise RecrmError(
                f"{model} reads content, but a judge is asked the questions of the dimensions: use a reward model that "
                "reads letters, or a language model"
            )
        self.mode: Mode = mode or ("logprob" if scores else "generate")
        self.name = str(model)
        self.model = model
        self._max_tokens = max_tokens
        self._alternatives = Alternatives(0, None, quiet=self.mode == "generate")

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`.

        Raises:
            RecrmError: the model reports no log-probabilities, would think before it, or is not a chat model.
            PrerequisiteError: Inspect's own, of settings that the user must change.
        """
        self._prepare()
        found = await collect(*(self._reply(place, prompt, heard) for place, prompt in enumerate(prompts)))
        replies = []
        for one in found:
            if isinstance(one, Exception):  # not from within the tasks: several of one kind would be a group
                raise one
            replies.append(one)
        return replies

    def _prepare(self) -> None:
        use_our_hf(self.model)
        api: Any = self.model.api
        if provider_of(self.model) != "hf" or isinstance(api.chat_template, str):
            return
        if api.use_chat_template is not False and not api.tokenizer.chat_template:
            raise RecrmError(f"{self.name} has no chat template: a judge must be a chat model")

    async def _reply(self, place: int, prompt: Prompt, heard: Heard | None) -> Reply | Exception:
        async with span(prompt.dimension, type="judge"):
            try:
                reply = await self._asked(prompt)
            except (RecrmError, PrerequisiteError, LimitExceededError) as error:
                return error
            except Exception as error:  # providers raise whatever their clients do
                reply = Reply(None, error=f"{type(error).__name__}: {error}")
        if heard is not None:
            heard(place, reply)
        return reply

    async def _asked(self, prompt: Prompt) -> Reply:
        messages = [to_chat(message) for message in prompt.messages]
        if self.mode == "generate":
            output = await self.model.generate(messages, config=self._config(max_tokens=self._max_tokens))
            opened: str | None = None
            with contextlib.suppress(Exception):  # the server has answered, but does not say how its prompts end
                opened = await self._alternatives.opened(messages, self.model)
            return _reply(output, output.completion, after_reasoning(prompt._replace(opened=opened), output).opened)
        opened = await self._alternatives.opened(messages, self.model)
        if opened is not None:
            raise RecrmError(
                f"{self.name}: {within_thinking(opened)}. Switch thinking off in the judge's role, if the chat "
                "template can: model_args: {enable_thinking: false} of hf/, extra_body: {chat_template_kwargs: "
                "{enable_thinking: false}} of servers; or use generated answers: mode='generate'"
            )
        settings, tokens = await self._settings(prompt, messages)
        config = self._config(max_tokens=1).merge(GenerateConfig(logprobs=True, top_logprobs=TOP, **settings))
        output = await self.model.generate(messages, config=config)
        if _problem(output) is not None:
            return _reply(output, "")
        try:
            found = choice_logprobs(output, prompt.choices, tokens)
        except HarnessError:
            raise RecrmError(
                f"the judge {self.name} returned no log-probabilities. For providers without them (or without "
                "top_logprobs) use generated answers: mode='generate'"
            ) from None
        return _reply(output, UNFINISHED if isinstance(found, Reason) else tuple(found))

    async def _settings(
        self, prompt: Prompt, messages: Sequence[ChatMessage]
    ) -> tuple[dict[str, Any], list[str] | None]:
        if provider_of(self.model) == PROVIDER:
            return settings_for(prompt), None
        settings, tokens = await self._alternatives.of(prompt.choices, messages, self.model)
        if tokens is None and provider_of(self.model) == "hf":
            raise RecrmError(f"{self.name}: some answers are several tokens: use generated answers: mode='generate'")
        return settings, tokens

    def _config(self, max_tokens: int) -> GenerateConfig:
        """Greedy, and not with the settings that the run has for its agent, if that is the same model."""
        own = GenerateConfig() if self.model is active_model() else self.model.config
        most = own.max_tokens if own.max_tokens is not None and self.mode == "generate" else max_tokens
        return GenerateConfig(temperature=0.0 if own.temperature is None else own.temperature, max_tokens=most)


def _problem(output: ModelOutput) -> str | None:
    """Why an output is no answer."""
    if output.error:
        return output.error
    return "the answer was filtered" if output.stop_reason == "content_filter" else None


def _reply(output: ModelOutput, said: str | tuple[float, ...], opened: str | None = None) -> Reply:
    used, problem = usage_of(output.usage), _problem(output)
    return Reply(None if problem else said, used.tokens_in, used.tokens_out, problem, opened)
