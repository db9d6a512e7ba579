"""A model for Inspect that costs nothing: it answers at once, with a probability that depends only on the prompt."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any

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


def chance_of(prompt: str) -> float:
    """The probability that the model states."""
    return (zlib.crc32(prompt.encode()) % 999 + 0.5) / 1000


@modelapi(name="free")
class FreeAPI(ModelAPI):
    """`get_model("free/any")`; answers the behavior dimension, in both answer modes."""

    def __init__(self, model_name: str, **others: Any) -> None:
        super().__init__(model_name)

    def max_connections(self) -> int:
        """As for a local server; answers take no time, so the number hardly matters."""
        return 100

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """One answer."""
        chance = chance_of(input[-1].text)
        message = ChatMessageAssistant(content="A" if config.logprobs else json.dumps({"probability": chance}))
        choice = ChatCompletionChoice(
            message=message, stop_reason="stop", logprobs=_logprobs(chance) if config.logprobs else None
        )
        # Without usage, Inspect would look for a tokenizer on the network.
        usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return ModelOutput(model="free", choices=[choice], usage=usage)


def _logprobs(chance: float) -> Logprobs:
    top = [TopLogprob(token="A", logprob=math.log(chance)), TopLogprob(token="B", logprob=math.log(1 - chance))]
    return Logprobs(content=[Logprob(token="A", logprob=top[0].logprob, top_logprobs=top)])
