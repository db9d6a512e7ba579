"""Inspect's `hf/` with the log-probabilities of given tokens beside those of the most likely ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
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
)
from inspect_ai.model._providers.hf import GenerateInput, HuggingFaceAPI, batched_generate
from inspect_ai.tool import ToolChoice, ToolInfo

TOKENS = "recrm_answer_tokens"
"""The ids of the wanted tokens, in a request's `extra_body`."""


class HuggingFaceAlternatives(HuggingFaceAPI):
    """The same model. Only requests with `TOKENS` are answered here: `hf/` itself makes an object of every reported
    token, which is too slow for a whole vocabulary, and logs them all.

    Args:
        api: the provider that Inspect made; it is replaced by this one.
    """

    def __init__(self, api: ModelAPI) -> None:
        self.__dict__.update(api.__dict__)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The output with `config.top_logprobs` alternatives per token, and the wanted ones."""
        wanted = (config.extra_body or {}).get(TOKENS)
        if wanted is None:
            return await super().generate(input, tools, tool_choice, config)
        sampled = {"do_sample": True, "temperature": config.temperature, "top_p": config.top_p, "top_k": config.top_k}
        how = sampled if self.do_sample and config.temperature else {"do_sample": False}
        tokenizer: Any = self.tokenizer
        response = await batched_generate(
            GenerateInput(
                input=self.hf_chat(input, tools),
                device=self.model.device,
                tokenizer=partial(tokenizer, return_tensors="pt", padding=True, **(self.tokenizer_call_args or {})),
                generator=partial(
                    self.model.generate,
                    max_new_tokens=config.max_tokens,
                    output_logits=True,
                    return_dict_in_generate=True,
                    **{name: value for name, value in how.items() if value is not None},
                ),
                decoder=partial(tokenizer.batch_decode, skip_special_tokens=True, clean_up_tokenization_spaces=False),
                batch_size=config.max_connections or self.max_connections(),
            )
        )
        assert response.logprobs is not None
        content = [self._logprob(row, wanted, config.top_logprobs or 1) for row in response.logprobs]
        message = ChatMessageAssistant(content=response.output, model=self.model_name, source="generate")
        return ModelOutput(
            model=self.model_name,
            choices=[ChatCompletionChoice(message=message, logprobs=Logprobs(content=content))],
            usage=ModelUsage(
                input_tokens=response.input_tokens,
                output_tokens=response.output_tokens,
                total_tokens=response.total_tokens,
            ),
            time=response.time,
        )

    def _logprob(self, row: Any, wanted: Sequence[int], top: int) -> Logprob:
        """One position: the most likely token, and the alternatives by falling probability.

        Args:
            row: the log-probability of every token of the vocabulary, a tensor of shape (V,).
            wanted: the ids of tokens that are reported in any case.
            top: how many of the most likely tokens are reported.
        """
        likely = row.topk(min(top, len(row))).indices.tolist()
        ids = list(dict.fromkeys([*likely, *wanted]))
        values = row[ids].tolist()
        names = self.tokenizer.convert_ids_to_tokens(ids)
        alternatives = [TopLogprob(token=name, logprob=value) for name, value in zip(names, values, strict=True)]
        return Logprob(token=names[0], logprob=values[0], top_logprobs=alternatives)
