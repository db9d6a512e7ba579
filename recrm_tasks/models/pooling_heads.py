"""The classification heads that vLLM computes as transformers does, and the texts that give the same logits there.

vLLM also runs models that it does not know by name, through transformers' code, but reads their scores at the first
token, whatever their own class does. So only the heads of these lists are run, which tests/backends/test_pooling.py
compares (vLLM 0.32.0). A new one is an entry here and a case there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from recrm_tasks.errors import RecrmError
from recrm_tasks.models.classifier import Tokens
from recrm_tasks.models.padding import padding_token
from recrm_tasks.prompting.adapter_base import adapter_config

LOADING = ("revision", "trust_remote_code", "code_revision", "token")
"""Arguments of `from_pretrained` that say where a config and a tokenizer are."""

_SUFFIX = "ForSequenceClassification"
_DECODERS = ("Llama", "Mistral", "Qwen2", "Qwen3")
"""One linear layer (`score`) on the last token that is not padding; vLLM puts the same on its language model."""
_ENCODERS = {"Bert": False, "XLMRoberta": True}  # RoBERTa: pairs of texts were 3e-4 apart
"""Read at the first token. True: transformers counts positions without the padding token."""
_DERIVED = ("classifier_from_token", "method")
"""Fields of a config that make vLLM take the head from the weights of a language model."""


class Head(NamedTuple):
    """How a model reads its scores."""

    pooling: Literal["LAST", "CLS", "MEAN"]
    """Where: vLLM's name."""
    token_types: bool
    """Whether the second text of a pair is marked by token types."""
    skips_padding: bool
    """Whether a padding token within a text has no position."""


class PooledTexts:
    """The texts of a model as vLLM must get them, for the logits that transformers gives.

    Args:
        path: the model, for messages.
        config: its config, of transformers.
        tokenizer: its tokenizer.

    Raises:
        RecrmError: vLLM does not know the model's head.
    """

    def __init__(self, path: str, config: Any, tokenizer: Any) -> None:
        self._path = path
        self.head = head_of(path, config)
        """The model's head."""
        text = config.get_text_config()
        self._padding = padding_token(tokenizer, text.pad_token_id, text.vocab_size)
        self._without_position = text.pad_token_id if self.head.skips_padding else None
        self.longest: int | None = None
        """The most tokens of a text, where that is less than the config's number of positions."""
        if self._without_position is not None:  # positions are counted from the one after the padding token's
            self.longest = text.max_position_embeddings - self._without_position - 1

    def ids(self, text: Tokens) -> list[int]:
        """The tokens of a text; for a head that reads the last token, up to the one that transformers reads.

        transformers skips the padding token at the end, which may also be the token that ends each text. What follows
        the token that is read has no influence on it.
        """
        ids = text["input_ids"]
        if self.head.pooling == "LAST":
            end = len(ids)
            while end > 1 and ids[end - 1] == self._padding:
                end -= 1
            return ids[:end]
        if self._without_position in ids:
            raise RecrmError(
                f"a text for {self._path!r} contains the padding token, which this model gives no position, and vLLM "
                "does: use engine=hf"
            )
        return ids

    def second(self, text: Tokens) -> int | None:
        """The place at which the second text of a pair begins; None if the model does not mark it."""
        types = text.get("token_type_ids", ())
        if not self.head.token_types or 1 not in types:
            return None
        first = types.index(1)
        if types != [0] * first + [1] * (len(types) - first):
            raise RecrmError(f"{self._path!r}: vLLM takes token types 0 and then 1 only, so use engine=hf")
        return first


def config_of(path: str, options: Mapping[str, Any]) -> Any:
    """The config of a model.

    Raises:
        RecrmError: there is no model, or it is an adapter.
    """
    from transformers import AutoConfig

    if adapter_config(path, options.get("revision")) is not None:
        raise RecrmError(
            f"{path!r} is an adapter, whose head vLLM does not load: merge it with its base model (PEFT's "
            "merge_and_unload) and save that, or use engine=hf"
        )
    try:
        return AutoConfig.from_pretrained(path, **{name: options[name] for name in LOADING if name in options})
    except (OSError, ValueError, KeyError) as error:
        raise RecrmError(f"no reward model at {path!r}: {str(error).splitlines()[0]}") from None


def head_of(path: str, config: Any) -> Head:
    """How a model reads its scores.

    Args:
        path: the model, for messages.
        config: its config, of transformers.

    Raises:
        RecrmError: vLLM does not know its head.
    """
    named = [str(name) for name in config.architectures or ()]
    kind = next((name.removesuffix(_SUFFIX) for name in named if name.endswith(_SUFFIX)), None)
    if kind is None:
        raise RecrmError(
            f"{path!r} is not a reward model: its config names {', '.join(named) or 'no architecture'}, not a class "
            f"…{_SUFFIX}"
        )
    derived = any(getattr(one, name, None) for one in (config, config.get_text_config()) for name in _DERIVED)
    causal = getattr(config, "is_causal", True)
    if not derived and kind in _DECODERS and causal:
        return Head("LAST", token_types=False, skips_padding=False)
    if not derived and kind in _ENCODERS:
        return Head("CLS", token_types=True, skips_padding=_ENCODERS[kind])
    if not derived and kind == "ModernBert":
        return Head("MEAN" if config.classifier_pooling == "mean" else "CLS", token_types=False, skips_padding=False)
    raise RecrmError(
        f"{path!r}: vLLM is not known to compute the head of {kind}{_SUFFIX}"
        + (" with such a config" if kind in (*_DECODERS, *_ENCODERS) else "")
        + " as transformers does, so its numbers could be wrong: use engine=hf"
    )
