"""Inspect's model provider for reward models: `--model recrm-rm/PATH`."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.to_thread
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    TopLogprob,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from inspect_tasks.samples import to_message
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.reward_model import BATCH, Asked, RewardModel

PROVIDER = "recrm-rm"
CHOICES = "recrm_choices"
NAMES = "recrm_names"
READS = "recrm_reads"

_LOOKUP = "__model_info_lookup__"
"""The key with which Inspect makes a second model of each name, for what it knows about it. Without an error, which it
catches, the weights would be loaded again, and without the user's arguments."""


def places(count: int) -> list[str]:
    """What contents are called in the output, where answers are called by their letters: two may have one text."""
    return [str(place) for place in range(1, count + 1)]


def settings_for(prompt: Prompt) -> dict[str, Any]:
    """Arguments of `generate` with the allowed answers or contents: reward models get them apart from the prompt."""
    if prompt.reads == "content":
        return {"extra_body": {CHOICES: list(prompt.choices), NAMES: [], READS: prompt.reads}}
    names = dimension_of(prompt.dimension).kind.class_names(prompt)
    return {"extra_body": {CHOICES: list(prompt.choices), NAMES: [list(one) for one in names]}}


class _Waiting:
    """A waiting question, and its answer after the pass."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.rewards: list[float] = []
        self.tokens = 0
        self.error: RecrmError | None = None


@modelapi(name=PROVIDER)
class RewardModelAPI(ModelAPI):
    """A model of `AutoModelForSequenceClassification`.

    Args:
        model_name: the folder, or the name on the hub, of the model or of an adapter (PEFT).
        base_url: the address of a vLLM server that has the model (`--model-base-url`).
        api_key: the server's bearer token.
        config: Inspect's generation config.
        batch_size: the most texts in one pass.
        classes: the names of the classes, in the order of the logits: a list, or text with `|` as separator.
        options: those of `recrm_tasks.models.reward_model.RewardModel`.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  (Inspect's own default)
        batch_size: int | str = BATCH,
        classes: str | list[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model_name, config=config)
        if api_key == _LOOKUP:
            raise PrerequisiteError(f"Inspect knows nothing about the reward model {model_name!r}")
        if isinstance(classes, str):
            classes = classes.split("|")
        try:
            self._model = RewardModel(
                model_name,
                batch_size=batch_size,
                classes=classes,
                base_url=base_url,
                api_key=api_key if base_url else None,
                **options,
            )
        except RecrmError as error:
            raise PrerequisiteError(str(error)) from None
        self._waiting: list[_Waiting] = []
        self._one_pass = anyio.Lock()

    def max_connections(self) -> int:
        """Enough to fill every pass."""
        return self._model.classifier.together

    @property
    def engine(self) -> str:
        """The engine and its version."""
        return self._model.classifier.engine

    @property
    def reads(self) -> str:
        """What the model was trained to read: `letters` or `content`."""
        return self._model.reads

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The rewards of the allowed answers or contents instead of log-probabilities of a first token."""
        extra = config.extra_body or {}
        if not config.logprobs or CHOICES not in extra:
            raise PrerequisiteError(
                'a reward model writes no text: use one of the recrm tasks, in Python with answer="logprob"'
            )
        asked = Asked(
            tuple(to_message(message) for message in input),
            tuple(extra[CHOICES]),
            tuple(tuple(names) for names in extra[NAMES]),
            extra.get(READS, "letters"),
        )
        rewards, tokens = await self._rewards(asked)
        tokens_of = asked.choices if asked.reads == "letters" else places(len(asked.choices))
        top = [TopLogprob(token=token, logprob=reward) for token, reward in zip(tokens_of, rewards, strict=True)]
        best = max(top, key=lambda one: one.logprob)
        first = Logprob(token=best.token, logprob=best.logprob, top_logprobs=top)
        said = best.token if asked.reads == "letters" else ", ".join(f"{reward:.4f}" for reward in rewards)
        choice = ChatCompletionChoice(
            message=ChatMessageAssistant(content=said), stop_reason="stop", logprobs=Logprobs(content=[first])
        )
        usage = ModelUsage(input_tokens=tokens, output_tokens=0, total_tokens=tokens)
        return ModelOutput(model=self.model_name, choices=[choice], usage=usage)

    async def _rewards(self, asked: Asked) -> tuple[list[float], int]:
        """The first caller that finds no pass running makes one for all waiting questions; the others wait."""
        mine = _Waiting(asked)
        self._waiting.append(mine)
        async with self._one_pass:
            if mine in self._waiting:
                together, self._waiting = self._waiting, []
                await self._answer(together)
        if mine.error is not None:
            raise PrerequisiteError(str(mine.error))
        return mine.rewards, mine.tokens

    async def _answer(self, together: list[_Waiting]) -> None:
        try:
            rewards, tokens = await anyio.to_thread.run_sync(self._model.rewards, [one.asked for one in together])
        except RecrmError as error:
            for one in together:
                one.error = error
            return
        for one, found, count in zip(together, rewards, tokens, strict=True):
            one.rewards, one.tokens = found, count
