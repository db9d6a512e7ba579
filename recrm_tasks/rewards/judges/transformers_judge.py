"""A language model of HF transformers as a judge, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import ANSWER_TOKENS, MODES, Mode, Prompt
from recrm_tasks.answers.thinking import left_open
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.answer_tokens import before_answer, token_of
from recrm_tasks.prompting.prompt_end import after_last_turn, within_thinking
from recrm_tasks.prompting.tokens import context_of, tokenizer_of
from recrm_tasks.rewards.judges.in_process import InProcess
from recrm_tasks.rewards.judges.judge import Heard, Reply


class _Loaded(NamedTuple):
    model: Any
    tokenizer: Any
    context: int | None
    """The most tokens of a prompt with its answer."""


class TransformersJudge:
    """A chat model of `AutoModelForCausalLM`. Decoding is greedy.

    It pickles; a copy loads the model when it is asked for the first time.

    Args:
        path: a folder, or a name on the hub. Its tokenizer must have a chat template.
        mode: `generate`: the judge writes its answers. `logprob`: the log-probabilities of the allowed answers' tokens
            are read from one pass. The token is the one that lm-eval scores: what the answer adds to the prompt. A
            prompt that ends within thinking is refused.
        batch_size: the most prompts in one pass.
        device: the torch device; by default the first GPU if there is one.
        dtype: of the weights; by default the one in the model's config.
        max_tokens: the limit of a generated answer; thinking models need thousands.
        template: arguments of the chat template, such as `{"enable_thinking": False}`.
        name: what results call it; by default the path, with the settings that are not the default.
        options: further arguments of `from_pretrained`: `revision`, `trust_remote_code`.

    Raises:
        RecrmError: torch or transformers is not installed, the model cannot be loaded, or an argument is not allowed.

    Example:
        >>> judge = TransformersJudge("HuggingFaceTB/SmolLM2-135M-Instruct", mode="logprob")
    """

    def __init__(
        self,
        path: str,
        mode: Mode = "generate",
        *,
        batch_size: int = 8,
        device: str | None = None,
        dtype: str = "auto",
        max_tokens: int = ANSWER_TOKENS,
        template: Mapping[str, Any] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if mode not in MODES:
            raise RecrmError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        for option, value in (("batch_size", batch_size), ("max_tokens", max_tokens)):
            if not isinstance(value, int) or value < 1:
                raise RecrmError(f"{option} must be a whole number from 1, not {value!r}")
        self.mode: Mode = mode
        self._path = path
        self._batch_size = batch_size
        self._max_tokens = max_tokens
        self._template = dict(template or {})
        changed: dict[str, Any] = {**self._template, **options}
        if mode == "generate" and max_tokens != ANSWER_TOKENS:
            changed["max_tokens"] = max_tokens
        if dtype != "auto":
            changed["dtype"] = dtype
        self.name = name or ", ".join([path, *(f"{key}={value!r}" for key, value in changed.items())])
        self._loaded = InProcess(partial(_load, path, device, dtype, options))
        with self._loaded.used():
            pass  # so that a mistake is reported now

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`. Prompts of similar length share a pass."""
        replies: list[Reply] = [Reply(None)] * len(prompts)
        texts = await asyncio.to_thread(self._texts, prompts)
        order = sorted(range(len(prompts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), self._batch_size):
            part = order[start : start + self._batch_size]
            found = await asyncio.to_thread(
                self._replies, [prompts[place] for place in part], [texts[place] for place in part]
            )
            for place, reply in zip(part, found, strict=True):
                replies[place] = reply
                if heard is not None:
                    heard(place, reply)
        return replies

    def _texts(self, prompts: Sequence[Prompt]) -> list[str]:
        with self._loaded.used() as (_, tokenizer, _):
            return [
                tokenizer.apply_chat_template(
                    [{"role": turn.role, "content": turn.content} for turn in prompt.messages],
                    tokenize=False,
                    add_generation_prompt=True,
                    **self._template,
                )
                for prompt in prompts
            ]

    def _replies(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[Reply]:
        with self._loaded.used() as loaded:
            try:
                if self.mode == "generate":
                    return _generated(loaded, prompts, texts, self._max_tokens)
                return _weighed(loaded, prompts, texts, self._path)
            except RuntimeError as error:  # torch's, out of memory among them, or that it is too long
                if len(texts) == 1:
                    return [Reply(None, error=f"{self._path}: {str(error).splitlines()[0]}")]
        return [reply for prompt, text in zip(prompts, texts, strict=True) for reply in self._replies([prompt], [text])]


def _load(path: str, device: str | None, dtype: str, options: Mapping[str, Any]) -> _Loaded:
    try:
        import torch
        from transformers import AutoModelForCausalLM
    except ModuleNotFoundError as error:
        raise RecrmError(f"judges of transformers need {error.name}: pip install 'recrm-tasks[hf]'") from None
    tokenizer = tokenizer_of(path, options)
    if not tokenizer.chat_template:
        raise RecrmError(f"{path!r} has no chat template: a judge must be a chat model")
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, **options)
    except (OSError, ValueError, KeyError) as error:
        raise RecrmError(f"no language model at {path!r}: {str(error).splitlines()[0]}") from None
    # Answers follow the last token, and a decoder's positions are counted from the attention mask.
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()
    return _Loaded(model, tokenizer, context_of(path, tuple(options.items())))


def _encoded(loaded: _Loaded, texts: Sequence[str]) -> Any:
    # A chat template has written the special tokens already.
    encoded = loaded.tokenizer(list(texts), add_special_tokens=False, padding=True, return_tensors="pt")
    length = int(encoded["attention_mask"].sum(-1).max())
    if loaded.context is not None and length >= loaded.context:
        raise RuntimeError(f"a prompt has {length} tokens, and the model takes {loaded.context} with the answer")
    return {name: encoded[name].to(loaded.model.device) for name in ("input_ids", "attention_mask")}


def _opened(prompt: Prompt, text: str) -> str | None:
    """What the end of a prompt leaves open."""
    return left_open(after_last_turn(text, prompt.messages[-1].content))


def _generated(loaded: _Loaded, prompts: Sequence[Prompt], texts: Sequence[str], max_tokens: int) -> list[Reply]:
    import torch

    encoded = _encoded(loaded, texts)
    with torch.inference_mode():
        tokens = loaded.model.generate(
            **encoded,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            max_new_tokens=max_tokens,
            pad_token_id=loaded.tokenizer.pad_token_id,
        )
    written = tokens[:, encoded["input_ids"].shape[1] :]
    ends = loaded.model.generation_config.eos_token_id
    ends = {*ends} if isinstance(ends, list) else {ends}
    replies = []
    for prompt, text, row, mask in zip(prompts, texts, written.tolist(), encoded["attention_mask"], strict=True):
        length = next((place + 1 for place, token in enumerate(row) if token in ends), len(row))
        said = loaded.tokenizer.decode(row[:length], skip_special_tokens=True)
        replies.append(Reply(said, int(mask.sum()), length, opened=_opened(prompt, text)))
    return replies


def _weighed(loaded: _Loaded, prompts: Sequence[Prompt], texts: Sequence[str], path: str) -> list[Reply]:
    import torch

    encoded = _encoded(loaded, texts)
    positions = (encoded["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    with torch.inference_mode():
        logits = loaded.model(**encoded, position_ids=positions, logits_to_keep=1).logits[:, -1]
        logprobs = torch.log_softmax(logits.float(), dim=-1).cpu()
    replies = []
    for prompt, text, row, mask in zip(prompts, texts, logprobs, encoded["attention_mask"], strict=True):
        before = before_answer(text, prompt.messages[-1].content)
        tokens = [token_of(choice, before, loaded.tokenizer) for choice in prompt.choices]
        if (opened := _opened(prompt, text)) is not None:
            why = (
                f"{path}: {within_thinking(opened)}. Switch thinking off, if the chat template can: "
                'template={"enable_thinking": False} (--template); or use mode="generate"'
            )
            replies.append(Reply(None, int(mask.sum()), 0, why))
        elif None in tokens:
            long = prompt.choices[tokens.index(None)]
            replies.append(Reply(None, int(mask.sum()), 0, f"{path}: {long!r} is not one token"))
        else:
            ids = [token.id for token in tokens if token is not None]
            replies.append(Reply(tuple(row[ids].tolist()), int(mask.sum()), 0))
    return replies
