"""Texts of different lengths in one pass, so that each gets the logits that it gets alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recrm_tasks.models.classifier import Tokens


def padding_token(tokenizer: Any, of_config: int | None, rows: int) -> int | None:
    """The token that texts are padded with: the tokenizer's own, else the config's; None if neither has one.

    Args:
        tokenizer: the model's tokenizer.
        of_config: the padding token of the model's config.
        rows: the number of tokens with an embedding. A token without one (the tokenizer was extended and the model was
            not) stands in no text.
    """
    named = (tokenizer.pad_token_id, of_config)
    return next((id for id in named if id is not None and 0 <= id < rows), None)


class Padding:
    """Pads texts for one model.

    A decoder's classification head reads the score at the last token that is not the padding token of the model's
    *config* (`GenericForSequenceClassification` in transformers). If the texts are padded with another token, the score
    is read at a place that depends on the longest text of the pass. So the config is given the padding token that the
    texts have: the tokenizer's own. If the tokenizer has none, it is the config's. If neither has one, the head reads
    the last token of all, and the texts are padded with a token that none of them ends with.

    Padding is on the right, whatever the tokenizer says: then a decoder's tokens see no padding at all, an encoder's
    first token stays first, and every position is that of the text alone.

    Args:
        tokenizer: the model's tokenizer.
        model: the model, whose config is changed.
    """

    def __init__(self, tokenizer: Any, model: Any) -> None:
        import torch

        self._torch = torch
        self._configs = {id(config): config for config in (model.config, model.config.get_text_config())}.values()
        self._rows = len(model.get_input_embeddings().weight)
        self._fill = {"token_type_ids": tokenizer.pad_token_type_id}
        self._token = padding_token(tokenizer, model.config.get_text_config().pad_token_id, self._rows)
        # XLNet reads the last place of the pass; encoder-decoders need as many ends in each text of a pass.
        self.possible = not model.config.is_encoder_decoder and getattr(model.config, "summary_type", None) != "last"
        """Whether the model can take more than one text in a pass."""

    def pad(self, texts: Sequence[Tokens]) -> dict[str, Any]:
        """The tensors of one pass, each of shape (texts, tokens of the longest text)."""
        token = self._token
        if token is None:
            last = {text["input_ids"][-1] for text in texts if text["input_ids"]}
            token = next(id for id in range(self._rows) if id not in last)
        for config in self._configs:
            config.pad_token_id = token
        fill = {"input_ids": token, **self._fill}
        width = max(len(text["input_ids"]) for text in texts)
        return {
            name: self._torch.tensor([text[name] + [fill.get(name, 0)] * (width - len(text[name])) for text in texts])
            for name in texts[0]
        }
