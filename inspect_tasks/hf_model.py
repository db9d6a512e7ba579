"""Inspect's `hf/` as the tasks need it: greedy at temperature 0, with the log-probabilities of given tokens, with one
start token, and with plain texts for models without a chat template."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from copy import copy
from functools import partial
from typing import Any, NamedTuple, cast

from inspect_ai.log import transcript
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    TopLogprob,
)
from inspect_ai.model._providers.hf import Decoder, GenerateInput, HuggingFaceAPI, batched_generate
from inspect_ai.tool import ToolChoice, ToolInfo

TOKENS = "recrm_answer_tokens"
"""The ids of the wanted tokens, in a request's `extra_body`."""


_ours: ContextVar[bool] = ContextVar("recrm_sample", default=False)
"""Whether the present sample is of our tasks: tasks of others may use the same model at the same time."""


class _Written(NamedTuple):
    """What the model wrote."""

    text: str
    ids: list[int]
    """Of its tokens."""


class HuggingFaceAnswers(HuggingFaceAPI):
    """The same model, which samples only if the temperature is above 0.

    Requests with `TOKENS` are answered here: `hf/` itself makes an object of every reported token, which is too slow
    for a whole vocabulary, and logs them all. It also reports the most likely token as the chosen one.

    Args:
        api: the provider that Inspect made; it is replaced by this one.
    """

    def __init__(self, api: ModelAPI) -> None:
        self.__dict__.update(api.__dict__)

    @classmethod
    def of(cls, model: Model) -> HuggingFaceAnswers:
        """The provider of a model, replaced by this one on the first call. Called in each sample of our tasks."""
        _ours.set(True)
        if isinstance(model.api, cls):
            return model.api
        model.api = api = cls(model.api)
        if api.do_sample:
            transcript().info("hf/ samples by default; at temperature 0 it is asked greedily", source="recrm_tasks")
        return api

    def hf_chat(self, messages: list[ChatMessage], tools: list[ToolInfo]) -> str:
        """The prompt as the model gets it. Without a chat template `hf/` itself writes `user:` before each turn."""
        chosen = isinstance(self.chat_template, str) or self.use_chat_template is False
        if chosen or self.tokenizer.chat_template or not _ours.get():
            return super().hf_chat(messages, tools)
        return "\n\n".join(message.text for message in messages)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The output with `config.top_logprobs` alternatives per token, and the wanted ones."""
        sampled = self.do_sample and config.temperature != 0
        wanted = (config.extra_body or {}).get(TOKENS)
        if wanted is None:
            api = copy(self)  # requests of other tasks may be answered at the same time
            api.do_sample = sampled
            settings = config if sampled else config.model_copy(update={"temperature": None})
            if not _ours.get():
                return await HuggingFaceAPI.generate(api, input, tools, tool_choice, settings)
            prompt = self.hf_chat(input, tools)
            api.tokenizer_call_args = given = self._call_args(prompt)
            output = await HuggingFaceAPI.generate(api, input, tools, tool_choice, settings)
            tokens = self.tokenizer.encode(output.completion, add_special_tokens=False)
            output.usage = self._usage(prompt, given, len(tokens))
            return output
        how: dict[str, Any] = {"do_sample": sampled}
        if sampled:
            how |= {"temperature": config.temperature, "top_p": config.top_p, "top_k": config.top_k}
        tokenizer: Any = self.tokenizer
        prompt = self.hf_chat(input, tools)
        given = self._call_args(prompt)
        response = await batched_generate(
            GenerateInput(
                input=prompt,
                device=self.model.device,
                tokenizer=partial(tokenizer, return_tensors="pt", padding=True, **given),
                generator=partial(
                    self.model.generate,
                    max_new_tokens=config.max_tokens,
                    output_logits=True,
                    return_dict_in_generate=True,
                    **{name: value for name, value in how.items() if value is not None},
                ),
                decoder=cast(Decoder, self._written),
                batch_size=config.max_connections or self.max_connections(),
            )
        )
        assert response.logprobs is not None
        written = cast(_Written, response.output)
        content = [
            self._logprob(row, chosen, wanted, config.top_logprobs or 1)
            for row, chosen in zip(response.logprobs, written.ids, strict=True)
        ]
        message = ChatMessageAssistant(content=written.text, model=self.model_name, source="generate")
        return ModelOutput(
            model=self.model_name,
            choices=[ChatCompletionChoice(message=message, logprobs=Logprobs(content=content))],
            usage=self._usage(prompt, given, response.output_tokens),
            time=response.time,
        )

    def _call_args(self, prompt: str) -> dict[str, Any]:
        """The arguments of the tokenizer. Many chat templates write the start token (BOS), and `hf/` lets the tokenizer
        add another; lm-eval does not."""
        start, given = self.tokenizer.bos_token, self.tokenizer_call_args or {}
        return {"add_special_tokens": False, **given} if start and prompt.startswith(start) else given

    def _usage(self, prompt: str, given: dict[str, Any], written: int) -> ModelUsage:
        """The tokens of one prompt and answer. `hf/` counts every row of a batch with its padding."""
        tokenizer: Any = self.tokenizer
        asked = len(tokenizer(prompt, **given)["input_ids"])
        return ModelUsage(input_tokens=asked, output_tokens=written, total_tokens=asked + written)

    def _written(self, sequences: Any) -> list[_Written]:
        """What the model wrote in each row of a batch."""
        texts = self.tokenizer.batch_decode(sequences, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return [_Written(text, ids) for text, ids in zip(texts, sequences.tolist(), strict=True)]

    def _logprob(self, row: Any, chosen: int, wanted: Sequence[int], top: int) -> Logprob:
        """One position: the token that the model chose, and the alternatives by falling probability.

        Args:
            row: the log-probability of every token of the vocabulary, a tensor of shape (V,), before any temperature.
            chosen: the id of the token that the model chose.
            wanted: the ids of tokens that are reported in any case.
            top: how many of the most likely tokens are reported.
        """
        likely = row.topk(min(top, len(row))).indices.tolist()
        ids = list(dict.fromkeys([*likely, *wanted]))
        tokenizer: Any = self.tokenizer
        name, *names = tokenizer.convert_ids_to_tokens([chosen, *ids])
        logprob, *values = row[[chosen, *ids]].tolist()
        alternatives = [TopLogprob(token=one, logprob=value) for one, value in zip(names, values, strict=True)]
        return Logprob(token=name, logprob=logprob, top_logprobs=alternatives)
