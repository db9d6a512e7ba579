"""A real model on real data: both harnesses ask the same records and read the same probabilities.

By default one data set per dimension, to spare time; `RECRM_TEST_KINDS=all` runs all nine (data set, dimension) kinds.
Float32 on both sides: in bfloat16 the logits of two letters are often equal, a tie that both harnesses call ambiguous.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import convert
import first_results
import pytest
from first_results import Inspect, LmEval

from recrm_tasks.answers.kind import normalise

MODEL = os.environ.get("RECRM_TEST_MODEL")
DATA = convert.data_folder()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MODEL, reason="RECRM_TEST_MODEL does not name the folder of a chat model"),
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the real data is not here: RECRM_REAL_DATA names its folder (default ../shared/data)"
    ),
]

LIMIT = int(os.environ.get("RECRM_TEST_LIMIT", "3"))
"""Records of each kind. docs/first-results.md is of forty."""
CLOSE = 1e-4
"""Between the probabilities of an answer, renormalised over the allowed ones."""
BATCH = 8
"""Of Inspect's, which looks for an answer once a second only: one by one would take a second per record at least."""
FIRST = (
    ("llmbar", "instruction"),
    ("begin", "factual"),
    ("esci", "relevance"),
    ("uci", "behavior"),
    ("uci", "ranking"),
)
KINDS = first_results.KINDS if os.environ.get("RECRM_TEST_KINDS") == "all" else FIRST


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of the data sets that are asked."""
    out = tmp_path_factory.mktemp("real")
    wanted = {dataset for dataset, _ in KINDS}
    for converter in convert.CONVERTERS:
        if converter.__name__ in wanted:
            convert.write(converter(DATA), out)
    return out


@pytest.fixture(scope="module")
def harnesses() -> tuple[LmEval, Inspect]:
    """Both, with the model loaded."""
    pytest.importorskip("lm_eval")
    pytest.importorskip("inspect_ai")
    assert MODEL is not None
    return LmEval(MODEL, "float32"), Inspect(MODEL, "float32", batch=BATCH)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_both_harnesses_read_the_same_probabilities(
    harnesses: tuple[LmEval, Inspect], folder: Path, kind: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, dimension = kind
    lm_eval, inspect = (harness.run(folder / dataset, dimension, "logprob", LIMIT) for harness in harnesses)
    same = first_results.same_decisions(lm_eval, inspect)
    with capsys.disabled():
        print(f"\n{dataset} {dimension}: {same} of {LIMIT} alike, {inspect.unseen} with a choice unseen by Inspect")
    for result in (lm_eval, inspect):
        assert result.rows == len(result.outcomes) == result.metrics["n"] == LIMIT
        assert 0 <= result.metrics["coverage"] <= 1
    assert lm_eval.outcomes.keys() == inspect.outcomes.keys()
    assert {name: o.gold for name, o in lm_eval.outcomes.items()} == {
        name: o.gold for name, o in inspect.outcomes.items()
    }
    assert lm_eval.metrics["coverage"] == 1  # of lm-eval's choices each has its probability
    assert inspect.metrics["coverage"] == 1
    assert inspect.unseen == 0
    assert same == LIMIT
    for name, theirs in inspect.answers.items():
        for p, q in zip(normalise(lm_eval.answers[name]), normalise(theirs), strict=True):
            assert math.isclose(p, q, abs_tol=CLOSE), name
