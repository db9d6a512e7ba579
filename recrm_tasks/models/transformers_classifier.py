"""Reward models by transformers and torch, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.models.batches import batches
from recrm_tasks.models.classifier import Tokens
from recrm_tasks.models.engine_names import in_process
from recrm_tasks.models.padding import Padding
from recrm_tasks.models.pretrained import load_model
from recrm_tasks.prompting.tokens import tokenizer_of

_SHORT = 64
"""Tokens of a text that is short, for the number of questions that fill a pass."""


class TransformersClassifier:
    """See `Classifier`.

    Args:
        path: a folder, or a name on the hub, of a model or of an adapter (PEFT).
        options: further arguments of `from_pretrained`.
        dtype: of the weights.
        device: the torch device; by default the first GPU if there is one.
        batch_size: the most texts in one pass; None for no limit.
        max_batch_tokens: the most tokens in one pass, padding included; None for no limit.
        max_length: the most tokens of a text; by default the limit in the model's config.

    Raises:
        RecrmError: there is no such model, it has no trained classification head, or an argument cannot be used.
    """

    def __init__(
        self,
        path: str,
        options: Mapping[str, Any],
        dtype: str,
        device: str | None,
        batch_size: int | None,
        max_batch_tokens: int | None,
        max_length: int | None,
    ) -> None:
        try:
            import torch
            import transformers  # noqa: F401
        except ModuleNotFoundError as error:
            raise RecrmError(f"reward models need {error.name}: pip install 'recrm-tasks[hf]'") from None
        if dtype != "auto" and not isinstance(getattr(torch, dtype, None), torch.dtype):
            raise RecrmError(f"dtype must be auto or a type of torch, for example bfloat16, not {dtype!r}")
        self.engine = in_process("hf")
        model = load_model(path, dtype, options)
        self.tokenizer = tokenizer_of(path, options)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self._model = model.to(device).eval()
        except (RuntimeError, AssertionError) as error:
            raise RecrmError(f"device {device!r} cannot be used: {str(error).splitlines()[0]}") from None
        self._torch = torch
        self._padding = Padding(self.tokenizer, model)
        self.classes = tuple(model.config.id2label[i] for i in range(model.config.num_labels))
        self.longest = max_length or _positions(model)
        self.batch_size = batch_size
        """The most texts in one pass."""
        self.max_batch_tokens = max_batch_tokens
        """The most tokens in one pass, padding included."""
        self.together = 4 * max(batch_size or 1, (max_batch_tokens or 0) // _SHORT)

    def logits(self, texts: Sequence[Tokens]) -> list[list[float]]:
        """See `Classifier.logits`."""
        logits: list[list[float]] = [[] for _ in texts]
        lengths = [len(text["input_ids"]) for text in texts]
        for part in batches(lengths, self.batch_size if self._padding.possible else 1, self.max_batch_tokens):
            padded = self._padding.pad([texts[i] for i in part])
            with self._torch.inference_mode():
                tensors = {name: tensor.to(self._model.device) for name, tensor in padded.items()}
                output = self._model(**tensors).logits.float().cpu()
            for i, row in zip(part, output.tolist(), strict=True):
                logits[i] = row
        return logits


def _positions(model: Any) -> int | None:
    """The most tokens of a text; None if the config says nothing, or -1 as XLNet's does."""
    length = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(length, int) or length <= 0:
        return None
    # RoBERTa and its kind count positions from the one after the padding token's.
    of_padding = (
        table.padding_idx
        for name, table in model.named_modules()
        if name.endswith("position_embeddings") and getattr(table, "padding_idx", None) is not None
    )
    return length - next((int(place) + 1 for place in of_padding), 0) % length  # a token of -1 is the last place
