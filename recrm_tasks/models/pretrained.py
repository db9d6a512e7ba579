"""Loads models of `AutoModelForSequenceClassification`, also as an adapter (PEFT) and the model below it.

transformers, PEFT, safetensors and torch have no common class of errors for names, files and arguments that they cannot
use, so every error of theirs is reported.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.adapter_base import FIELD, adapter_config, base_of

_LOG = logging.getLogger(__name__)
_PREFIX = "base_model.model."
"""What PEFT puts before the names of the base model's weights."""
_HEADS = {"score", "classifier"}
"""The modules that PEFT saves with an adapter of a classifier."""
_WRAPPED = {"modules_to_save", "original_module"}


def load_model(path: str, dtype: str, options: Mapping[str, Any]) -> Any:
    """A trained model, on the CPU.

    Args:
        path: a folder or a name on the hub, of a model or of an adapter.
        dtype: of the weights.
        options: further arguments of `from_pretrained`.

    Raises:
        RecrmError: there is no such model, or it has no trained classification head.
    """
    config = adapter_config(path, options.get("revision"))
    if config is not None:
        return _with_adapter(path, config, dtype, options)
    try:
        model, untrained = _classifier(path, dtype, options)
    except Exception as error:
        raise RecrmError(f"no reward model at {path!r}: {_first_line(error)}") from None
    if untrained:
        raise _not_trained(path, untrained)
    return model


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _not_trained(path: str, untrained: set[str]) -> RecrmError:
    return RecrmError(
        f"{path!r} is not a trained reward model: it has no {', '.join(sorted(untrained))}. Evaluate language models "
        "with lm-eval's hf and vllm, or Inspect's hf/ and vllm/"
    )


def _classifier(name: str, dtype: str, options: Mapping[str, Any]) -> tuple[Any, set[str]]:
    """The model, and the weights that its files do not have."""
    from transformers import AutoModelForSequenceClassification

    theirs = logging.getLogger("transformers")
    level = theirs.level
    theirs.setLevel(logging.ERROR)  # it reports weights in a table; what matters of it is reported here
    try:
        loaded: Any = AutoModelForSequenceClassification.from_pretrained(
            name, dtype=dtype, output_loading_info=True, **options
        )
    finally:
        theirs.setLevel(level)
    model, found = loaded
    if unused := sorted(found["unexpected_keys"]):
        _LOG.warning("%s: %d weights of its files are not used, such as %s", name, len(unused), unused[0])
    return model, {*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])}


def _with_adapter(path: str, config: Path, dtype: str, options: Mapping[str, Any]) -> Any:
    """The base model with the adapter in it, and the head that was trained with the adapter."""
    try:
        from peft import PeftConfig, PeftModel
        from peft.utils import load_peft_weights
    except ModuleNotFoundError as error:
        raise RecrmError(f"{path!r} is an adapter, which needs {error.name}: pip install 'recrm-tasks[peft]'") from None
    base = base_of(path, options.get("revision"))
    if base is None:
        raise RecrmError(f"{path!r} is an adapter, but {config} names no base model: {FIELD} is missing")
    where = {name: value for name, value in options.items() if name == "revision"}
    try:
        about = PeftConfig.from_pretrained(path, **where)
        weights = load_peft_weights(path, device="cpu", **where)
    except Exception as error:
        raise RecrmError(f"{path!r} is an adapter that cannot be read: {_first_line(error)}") from None
    if about.is_prompt_learning:
        raise RecrmError(
            f"{path!r} is an adapter of the kind {about.peft_type.value}, which adds tokens to the text: only adapters "
            "of weights, such as LoRA, are supported"
        )
    try:
        model, untrained = _classifier(base, dtype, _for_base(options, about.revision, weights))
    except Exception as error:
        raise RecrmError(
            f"{path!r} is an adapter of {base!r}, which cannot be loaded: {_first_line(error)}. Download it first "
            f"(hf download {base}), or give its folder as {FIELD} in {config}"
        ) from None
    if untrained := untrained - {name.removeprefix(_PREFIX) for name in weights}:
        raise _not_trained(path, untrained)
    _resize_embeddings(model, weights)
    try:
        adapted = PeftModel.from_pretrained(model, path, autocast_adapter_dtype=False, torch_device="cpu", **where)
        # Again, for what it returns: PEFT leaves out weights that have no place in the model, without an error.
        result = adapted.load_adapter(path, "default", torch_device="cpu", **where)
    except Exception as error:
        raise RecrmError(f"{path!r} is an adapter that does not fit {base!r}: {_first_line(error)}") from None
    # Of embeddings that were trained as a whole PEFT saves copies, under the names of its own wrapper.
    without_place = [name for name in result.unexpected_keys if _WRAPPED.isdisjoint(name.split("."))]
    for problem, names in (("has no place for", without_place), ("misses", result.missing_keys)):
        if names:
            raise RecrmError(
                f"{path!r} is an adapter that does not fit {base!r}: as a classifier it {problem} {names[0]}"
                + (f" and {len(names) - 1} more" if len(names) > 1 else "")
            )
    return adapted


def _for_base(options: Mapping[str, Any], revision: str | None, weights: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for the base model: its own revision, and as many labels as the adapter's head has."""
    # An adapter's config does not say how many. Of a head with several layers the last one has the fewest rows.
    heads = [
        len(weight)
        for name, weight in weights.items()
        if weight.ndim == 2 and "lora_" not in name and not _HEADS.isdisjoint(name.split("."))
    ]
    of_base = {**options, "revision": revision}
    if heads:
        of_base |= {"num_labels": min(heads), "ignore_mismatched_sizes": True}
    return of_base


def _resize_embeddings(model: Any, weights: Mapping[str, Any]) -> None:
    """Makes room for tokens that were added in training, if the adapter has their embeddings."""
    table = model.get_input_embeddings().weight
    name = next(name for name, weight in model.named_parameters() if weight is table)
    saved = weights.get(_PREFIX + name)
    if saved is not None and len(saved) != len(table):
        model.resize_token_embeddings(len(saved))
