"""Logs of well-known shapes, built by their recipes: a real model is asked about some of the records."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from first_results import LmEval
from log_shapes import SHAPES, recipe_of

MODEL = os.environ.get("RECRM_TEST_MODEL")
LIMIT = 2
"""Records of each dimension of each shape."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MODEL, reason="RECRM_TEST_MODEL does not name the folder of a chat model"),
]


def test_a_model_is_asked_about_records_of_every_shape(tmp_path: Path) -> None:
    pytest.importorskip("lm_eval")
    pytest.importorskip("polars")
    from recrm_tasks.build.make import build

    assert MODEL is not None
    model = LmEval(MODEL, "float32")
    for shape, write in SHAPES.items():
        (tmp_path / shape).mkdir()
        truth = write(tmp_path / shape)
        build(recipe_of(shape), tmp_path / shape, tmp_path / f"{shape}-records")
        for dimension in truth.records:
            result = model.run(tmp_path / f"{shape}-records", dimension, "logprob", LIMIT)
            assert result.rows == len(result.outcomes) == result.metrics["n"] == LIMIT
            assert all(name.startswith(f"{shape}-") for name in result.outcomes)
            assert result.metrics["coverage"] == 1
            assert all(math.isfinite(x) for answer in result.answers.values() for x in answer)
