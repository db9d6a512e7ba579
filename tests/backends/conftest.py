"""The model of all engines."""

from __future__ import annotations

import os

import pytest

MODEL = os.environ.get("RECRM_TEST_MODEL", "")
LAYERS = 8
"""Of 30: engines agree or differ in each layer alike, and this takes a quarter of the time. agreement.py takes all."""


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
