"""The engine of a reward model, as the user chose it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.models.classifier import Classifier
from recrm_tasks.models.engine_names import ENGINES, in_process, on_server
from recrm_tasks.models.server_classifier import CONCURRENT, ServerClassifier, server_version
from recrm_tasks.models.trained_as import classifier_config
from recrm_tasks.models.transformers_classifier import TransformersClassifier
from recrm_tasks.models.vllm_classifier import VllmClassifier
from recrm_tasks.prompting.options import number, one_of


def classifier_on(
    path: str,
    options: Mapping[str, Any],
    *,
    engine: str | None,
    base_url: str | None,
    served_model_name: str | None,
    api_key: str | None,
    num_concurrent: int | str | None,
    batch_size: int | str,
    max_batch_tokens: int | str | None,
    device: str | None,
    dtype: str,
    max_length: int | str | None,
) -> Classifier:
    """A model on its engine. The arguments are those of `RewardModel`.

    Raises:
        RecrmError: an argument cannot be used, or the engine cannot run the model.
    """
    texts = number(1).parse(batch_size, "batch_size")
    tokens = _number(max_batch_tokens, "max_batch_tokens")
    longest = _number(max_length, "max_length")
    requests = _number(num_concurrent, "num_concurrent")
    chosen = None if engine is None else one_of(ENGINES).parse(engine, "engine")
    if base_url is not None and chosen == "hf":
        raise RecrmError("base_url is the address of a vLLM server, and engine=hf is in this process: give one of them")
    if base_url is not None or chosen == "vllm":
        _refuse(
            "only for engine=hf, since vLLM has its own device and makes its own batches",
            {"device": device, "max_batch_tokens": tokens},
        )
    if base_url is None:
        of_servers = {"served_model_name": served_model_name, "num_concurrent": requests, "api_key": api_key}
        _refuse("only for a model on a server, so give base_url= too", of_servers)
        if chosen == "vllm":
            return VllmClassifier(path, options, dtype, longest)
        # lm-eval's command line gives a batch size of 1 if the user gives none.
        most = None if tokens is not None and texts == 1 else texts
        return TransformersClassifier(path, options, dtype, device, most, tokens, longest)
    _refuse("not for a model on a server, whose own command has it", {"dtype": None if dtype == "auto" else dtype})
    return ServerClassifier(path, options, base_url, served_model_name, api_key, requests or CONCURRENT, longest)


def engine_of(path: str, revision: str | None, engine: object, base_url: object) -> str | None:
    """The engine of a reward model and its version, for results; None if there is no reward model.

    Args:
        path: the model.
        revision: of it; None for its default.
        engine: as the user chose it; None for the default.
        base_url: the address of the server that has the model; None for an engine in this process.

    Raises:
        RecrmError: there is no such engine or server.
    """
    if not classifier_config(path, revision):
        return None
    if base_url is not None:
        return on_server(server_version(str(base_url), None))
    return in_process("hf" if engine is None else one_of(ENGINES).parse(engine, "engine"))


def _number(value: int | str | None, name: str) -> int | None:
    return None if value is None else number(1).parse(value, name)


def _refuse(why: str, given: Mapping[str, object]) -> None:
    """Refuses arguments that the engine would not use; None is not given."""
    if wrong := [name for name, value in given.items() if value is not None]:
        raise RecrmError(f"{', '.join(wrong)}: {why}")
