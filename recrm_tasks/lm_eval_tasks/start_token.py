"""The start token (BOS) of prompts that are tokenized here and sent to a completions API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.models.utils import has_bos_prefix


class WithStartToken(LocalCompletionsAPI):
    """lm-eval's `local-completions`, with the start token that the tokenizer writes before a text.

    lm-eval's `hf` and `vllm` send it, unless a chat template has written it already. `local-completions` sends none
    without `add_bos_token=True`, and base models that were trained with it then answer badly.

    Args:
        add_bos_token: whether it is sent. By default as lm-eval's `vllm` does.
        options: those of `LocalCompletionsAPI`.
    """

    def __init__(self, add_bos_token: bool | None = None, **options: Any) -> None:
        super().__init__(add_bos_token=bool(add_bos_token), **options)
        self._as_the_tokenizer = add_bos_token is None and self.tokenizer_backend == "huggingface"

    def tok_encode(self, string: Any, add_special_tokens: bool | None = None, **options: Any) -> Any:
        """See `TemplateAPI.tok_encode`."""
        # lm-eval says False of an answer after an empty prompt, one text. With many texts it passes add_bos_token on.
        if not self._as_the_tokenizer or (isinstance(string, str) and add_special_tokens is False):
            return super().tok_encode(string, add_special_tokens=bool(add_special_tokens), **options)
        start = self.tokenizer.bos_token
        if isinstance(string, str):
            return super().tok_encode(string, add_special_tokens=not has_bos_prefix(string, start), **options)
        texts: Sequence[str] = string
        written = {has_bos_prefix(text, start) for text in texts}
        if len(written) < 2:  # together, since a fast tokenizer encodes many in parallel
            return super().tok_encode(texts, add_special_tokens=written != {True}, **options)
        return [self.tok_encode(text, **options) for text in texts]
