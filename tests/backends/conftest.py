"""The model of all engines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import engines
import forked
import pytest

VLLM = find_spec("vllm") is not None
if VLLM:  # before torch is imported: else each engine compiles a function that counts tokens, for 9 seconds
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
MODEL = os.environ.get("RECRM_TEST_MODEL", "")
LAYERS = 8
"""Of 30: engines agree or differ in each layer alike, and this takes a quarter of the time. agreement.py takes all."""


@pytest.fixture(scope="session", autouse=True)
def vllm_imported_once() -> Iterator[None]:
    """Programs run in processes forked from one that has imported vLLM, which takes 15 seconds."""
    if not VLLM:
        yield
        return
    imports = str(Path(__file__).with_name("vllm_imported.py"))
    with forked.commands(imports) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "PROGRAMS", folder)
        yield


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a real chat model's first layers."""
    if not MODEL:
        pytest.skip("RECRM_TEST_MODEL does not name the folder of a chat model")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("model")
    AutoModelForCausalLM.from_pretrained(MODEL, num_hidden_layers=LAYERS, dtype="float32").save_pretrained(folder)
    AutoTokenizer.from_pretrained(MODEL).save_pretrained(folder)
    return str(folder)
