"""Reward models by vLLM's pooling, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.models.classifier import Tokens
from recrm_tasks.models.engine_names import in_process
from recrm_tasks.models.pooling_heads import LOADING, PooledTexts, config_of
from recrm_tasks.prompting.tokens import tokenizer_of

_TASK = "classify"


class VllmClassifier:
    """See `Classifier`. The engine makes its own batches, and lasts as long as the process.

    vLLM gets the tokens of each text, reads the score where transformers does, and applies no activation function.

    Args:
        path: a folder, or a name on the hub.
        options: further arguments of vLLM's `LLM`.
        dtype: of the weights; `auto` is that of the config, as in transformers. (vLLM's own `auto` makes float16 or
            bfloat16 of float32.)
        max_length: the most tokens of a text; by default the limit in the model's config.

    Raises:
        RecrmError: there is no such model, or vLLM cannot run it as transformers does.
    """

    def __init__(self, path: str, options: Mapping[str, Any], dtype: str, max_length: int | None) -> None:
        try:
            from vllm import LLM, PoolingParams
            from vllm.config import PoolerConfig
            from vllm.engine.arg_utils import EngineArgs
        except ModuleNotFoundError as error:
            raise RecrmError(f"engine=vllm needs {error.name}: pip install 'recrm-tasks[vllm]'") from None
        config = config_of(path, options)
        self.tokenizer = tokenizer_of(path, {name: options[name] for name in LOADING if name in options})
        self._texts = PooledTexts(path, config, self.tokenizer)
        self._params = PoolingParams
        self.engine = in_process("vllm")
        self.classes = tuple(config.id2label[i] for i in range(config.num_labels))
        self.together = 512
        arguments = {
            "runner": "pooling",
            "dtype": _dtype(config) if dtype == "auto" else dtype,
            "pooler_config": PoolerConfig(task=_TASK, seq_pooling_type=self._texts.head.pooling),
            **({} if max_length is None else {"max_model_len": max_length}),
            **options,
        }
        try:
            planned = EngineArgs(model=path, **arguments).create_model_config()
        except Exception as error:  # vLLM has no common class of errors for what it cannot run
            raise RecrmError(f"{self.engine} cannot run {path!r}: {_reason(error)}") from None
        self._check(path, planned)
        try:
            self._llm = LLM(model=path, **arguments)
        except Exception as error:
            raise RecrmError(f"{self.engine} cannot run {path!r}: {_reason(error)}") from None
        limit = self._llm.model_config.max_model_len
        self.longest: int | None = min(limit, self._texts.longest or limit)

    def _check(self, path: str, planned: Any) -> None:
        """Refuses a model that vLLM would run with other code, or read at another place, than is known.

        Args:
            path: the model, for the message.
            planned: vLLM's plan, a `ModelConfig`.
        """
        pooler, head = planned.pooler_config, self._texts.head
        if planned.using_transformers_backend():
            how = "through transformers' code, not its own"
        elif pooler.seq_pooling_type != head.pooling:
            how = f"with pooling {pooler.seq_pooling_type} where the model has {head.pooling}"
        elif pooler.logit_mean is not None or pooler.logit_sigma is not None:
            how = "with a calibration of its logits"
        else:
            return
        raise RecrmError(f"{self.engine} would run {path!r} {how}, so its numbers could be wrong: use engine=hf")

    def logits(self, texts: Sequence[Tokens]) -> list[list[float]]:
        """See `Classifier.logits`."""
        prompts = [{"prompt_token_ids": self._texts.ids(text)} for text in texts]
        seconds = [self._texts.second(text) for text in texts]
        params = [
            self._params(
                task=_TASK,
                use_activation=False,
                # vLLM's own way of handing on token types, as `LLM.score` does.
                extra_kwargs=None if second is None else {"compressed_token_type_ids": second},
            )
            for second in seconds
        ]
        try:
            outputs = self._llm.encode(prompts, pooling_params=params, pooling_task=_TASK, use_tqdm=False)
        except Exception as error:
            raise RecrmError(f"{self.engine} failed: {_reason(error)}") from None
        found: list[list[float]] = [output.outputs.data.float().tolist() for output in outputs]
        if wrong := next((row for row in found if len(row) != len(self.classes)), None):
            raise RecrmError(f"{self.engine} returned {len(wrong)} logits for {len(self.classes)} classes")
        return found


def _dtype(config: Any) -> str:
    """The type of the weights in a model's config; float32, which loses nothing, if it has none."""
    return str(config.dtype or "float32").removeprefix("torch.")


def _reason(error: Exception) -> str:
    """The first line that says what is wrong."""
    details = getattr(error, "errors", None)  # pydantic's
    text = str(details()[0]["msg"]) if callable(details) else str(error)
    return next(iter(text.strip().splitlines()), type(error).__name__)
