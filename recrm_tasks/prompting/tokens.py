"""The length of texts in a model's tokens. Needs transformers, which lm-eval and local models of Inspect bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from recrm_tasks.answers.prompt import Message
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.adapter_base import base_of


def tokenizer_of(name: str, options: Mapping[str, Any]) -> Any:
    """The tokenizer of a model; of an adapter (PEFT) its own, or else that of the model below it.

    Args:
        name: a folder, or the name of a model on the hub.
        options: further arguments of `AutoTokenizer.from_pretrained`.

    Raises:
        RecrmError: transformers is not installed, or the tokenizer cannot be loaded.
    """
    try:
        from transformers import AutoTokenizer
    except ModuleNotFoundError:
        raise RecrmError("counting tokens needs transformers: pip install transformers") from None
    try:
        return AutoTokenizer.from_pretrained(name, **options)
    except (OSError, ValueError, KeyError) as error:
        base = base_of(name, options.get("revision"))
        if base is None:
            raise RecrmError(
                f"no tokenizer at {name!r}: {str(error).splitlines()[0]} Give a folder, or the name of a model that is "
                "on the hub or in its cache"
            ) from None
    try:
        return AutoTokenizer.from_pretrained(base, **{k: v for k, v in options.items() if k != "revision"})
    except (OSError, ValueError, KeyError) as error:
        raise RecrmError(
            f"no tokenizer at {name!r}, an adapter, nor at its base {base!r}: {str(error).splitlines()[0]}"
        ) from None


class Tokens:
    """The tokenizer of one model.

    Args:
        name: a folder, or the name of a model on the hub.
        template: arguments of the chat template; `chat_template` replaces the template itself.
        options: further arguments of `AutoTokenizer.from_pretrained`: `revision`, `trust_remote_code`, `gguf_file`.

    Raises:
        RecrmError: transformers is not installed, or the tokenizer cannot be loaded.
    """

    def __init__(self, name: str, template: Mapping[str, Any] = {}, **options: Any) -> None:
        self._tokenizer = tokenizer_of(name, options)
        self.name = name
        self.options = tuple(options.items())
        self._template = dict(template)

    @property
    def chat_template(self) -> str | None:
        """The chat template; None if the model has none."""
        template: str | None = self._tokenizer.chat_template
        return template

    @property
    def has_chat_template(self) -> bool:
        """Whether the model has a chat template."""
        return bool(self.chat_template)

    @property
    def start_token(self) -> str | None:
        """The start token (BOS) that the tokenizer writes before a text; None if it writes none."""
        written: list[int] = self._tokenizer.encode("A")
        start: int | None = self._tokenizer.bos_token_id
        return self._tokenizer.bos_token if start is not None and written[:1] == [start] else None

    def of_text(self, text: str) -> list[int]:
        """The ids of a text's tokens, without special tokens."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    def keeps(self, text: str, answer: str) -> bool:
        """Whether a text has the same tokens when an answer follows it.

        Two line ends may be one token at the end of a text, and two tokens before a letter.
        """
        alone, together = self.of_text(text), self.of_text(text + answer)
        return together[: len(alone)] == alone

    def render(self, messages: Sequence[Message]) -> str:
        """A prompt as the model sees it: in its chat template if it has one, else as plain text.

        After a turn of the assistant, which is scored, the model has nothing to write.
        """
        return self._render(messages, add_generation_prompt=messages[-1].role != "assistant")

    def render_continued(self, messages: Sequence[Message]) -> str | None:
        """The same with a last turn of the assistant that the model continues; None if the template cannot do that."""
        try:
            return self._render(messages, continue_final_message=True)
        except ValueError:  # the template removes or changes the turn
            return None

    def _render(self, messages: Sequence[Message], **how: bool) -> str:
        if not self.has_chat_template and not self._template.get("chat_template"):
            return "\n\n".join(m.content for m in messages)
        turns = [{"role": m.role, "content": m.content} for m in messages]
        text: str = self._tokenizer.apply_chat_template(turns, tokenize=False, **how, **self._template)
        return text

    def count(self, messages: Sequence[Message]) -> int:
        """The length of a prompt in tokens."""
        # A chat template writes the special tokens itself.
        return len(self._tokenizer.encode(self.render(messages), add_special_tokens=not self.has_chat_template))

    def count_all(self, prompts: Sequence[Sequence[Message]]) -> list[int]:
        """The lengths of many prompts in tokens, in order. One call, which the tokenizer spreads over the cores."""
        return [len(ids) for ids in self.ids_of_all(prompts)]

    def ids_of_all(self, prompts: Sequence[Sequence[Message]]) -> list[list[int]]:
        """The ids of the tokens of many prompts, in order. One call, as in `count_all`."""
        if not prompts:
            return []
        return self._ids([self.render(messages) for messages in prompts], special=not self.has_chat_template)

    def count_exchanges(self, exchanges: Sequence[tuple[Sequence[Message], str | None]]) -> list[int]:
        """The lengths of many prompts with their answers in tokens, as a model is trained on them, in order.

        Args:
            exchanges: the turns of each prompt, and the assistant's answer; None for a prompt alone.
        """
        if not exchanges:
            return []
        texts = [
            self._render(messages, add_generation_prompt=True)
            if answer is None
            else self._render([*messages, Message(role="assistant", content=answer)], add_generation_prompt=False)
            for messages, answer in exchanges
        ]
        return self._lengths(texts, special=not self.has_chat_template)

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The lengths of many texts in tokens, with the special tokens that the tokenizer itself adds, in order."""
        return self._lengths(texts, special=True) if texts else []

    def _lengths(self, texts: Sequence[str], special: bool) -> list[int]:
        return [len(one) for one in self._ids(texts, special)]

    def _ids(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        found = self._tokenizer(list(texts), add_special_tokens=special, return_attention_mask=False)
        ids: list[list[int]] = found["input_ids"]
        return ids


@lru_cache(maxsize=4)
def tokens_of(
    name: str, options: tuple[tuple[str, Any], ...] = (), template: tuple[tuple[str, Any], ...] = ()
) -> Tokens:
    """The tokenizer of that name. It is loaded once, since all tasks of a run ask for the same."""
    return Tokens(name, dict(template), **dict(options))


def context_of(name: str, options: tuple[tuple[str, Any], ...] = ()) -> int | None:
    """The model's context in tokens, from its config or its base model's; None if the config does not say."""
    from transformers import AutoConfig

    loading = dict(options)
    if base := base_of(name, loading.get("revision")):
        name = base
        loading.pop("revision", None)
    try:
        config = AutoConfig.from_pretrained(name, **loading).get_text_config()
    except (OSError, ValueError, KeyError):
        return None
    found = (getattr(config, field, None) for field in ("max_position_embeddings", "n_positions", "n_ctx"))
    return next((length for length in found if isinstance(length, int) and length > 0), None)
