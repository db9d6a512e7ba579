"""What every engine of reward models offers: the logits of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

Tokens: TypeAlias = dict[str, list[int]]
"""One text as the tokenizer returns it: `input_ids`, `attention_mask`, of some tokenizers `token_type_ids`."""


class Classifier(Protocol):
    """A model of `AutoModelForSequenceClassification` on one engine."""

    tokenizer: Any
    """The model's tokenizer, of transformers."""
    engine: str
    """The engine and its version, for results: `vllm 0.32.0`."""
    classes: tuple[str, ...]
    """The names of the logits in the model's config (`id2label`)."""
    longest: int | None
    """The most tokens of a text; None if the model does not say."""
    together: int
    """The number of questions that fill the engine when they are asked at the same time."""

    def logits(self, texts: Sequence[Tokens]) -> list[list[float]]:
        """The logits of each text, without an activation function: one per class.

        Raises:
            RecrmError: the engine has failed, or cannot take a text.
        """
        ...
