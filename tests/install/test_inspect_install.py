"""Inspect finds our tasks by path without an install, and by registry name after a wheel or an editable install."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from venvs import Venv, run

pytestmark = pytest.mark.slow

INSPECT = "inspect-ai==0.3.285"

# A model that always says A; usage is given, or Inspect would look for a tokenizer on the network.
EVALUATE = """
import json, sys
from inspect_ai import eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model
output = ModelOutput.from_content("mockllm/model", '{"answer": "A"}')
output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
model = get_model("mockllm/model", custom_outputs=[output] * 12)
(log,) = eval(sys.argv[1], model=model, task_args={"data": "sample", "limit": 12}, log_dir=sys.argv[2], display="none")
metrics = {name: m.value for name, m in log.results.scores[0].metrics.items()} if log.results else {}
print(json.dumps({"status": log.status, "task": log.eval.task, "metrics": metrics}))
"""


@pytest.fixture(scope="module")
def inspect_venv(new_venv: Callable[..., Venv]) -> Venv:
    """An environment of Inspect, compiled. To be copied, not changed."""
    venv = new_venv(INSPECT)
    venv.run("python", "-c", "import inspect_ai._cli.main, inspect_ai.scorer, inspect_ai.solver")
    return venv


def evaluate(venv: Venv, task: str, cwd: Path, logs: Path) -> dict:
    done = run(venv.python, "-c", EVALUATE, task, logs, cwd=cwd)
    result: dict = json.loads(done.stdout.splitlines()[-1])
    assert result["status"] == "success"
    assert result["metrics"]["n"] == 12
    assert result["metrics"]["coverage"] == 1
    return result


def test_by_path_with_nothing_of_ours_installed(
    like: Callable[[Venv], Venv], inspect_venv: Venv, clone: Path, empty: Path, tmp_path: Path
) -> None:
    venv = like(inspect_venv)
    assert venv.ours() == []
    refused = run(venv.home / "bin" / "inspect", "eval", "recrm_tasks/factual.py", cwd=clone, check=False)
    assert "pip install pyarrow" in refused.stdout + refused.stderr
    venv.uv("install", "pyarrow", "pyyaml", "tqdm")
    evaluate(venv, "recrm_tasks/factual.py", clone, tmp_path)
    # Inspect takes relative paths, and absolute ones with the task's name behind them.
    evaluate(venv, f"{clone}/recrm_tasks/factual.py@factual", empty, tmp_path)
    listed = run(venv.home / "bin" / "inspect", "list", "tasks", "recrm_tasks", cwd=clone).stdout
    assert "recrm_tasks/bench.py@bench" in listed


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_by_name_after_an_install(
    kind: str,
    like: Callable[[Venv], Venv],
    inspect_venv: Venv,
    wheel: Path,
    clone: Path,
    empty: Path,
    tmp_path: Path,
) -> None:
    venv = like(inspect_venv)
    venv.uv("install", INSPECT, *(["-e", clone] if kind == "editable" else [wheel]))
    assert evaluate(venv, "recrm_tasks/factual", empty, tmp_path)["task"] == "recrm_tasks/factual"
    file = next(tmp_path.glob("*.eval"))
    # Logs hold a scorer's name without its package, which Inspect resolves by itself in editable installs only.
    named = ["--scorer", "inspect_tasks/recrm"] if kind == "wheel" else []
    venv.run("inspect", "score", file, *named, "--action", "overwrite", "--overwrite")
    report = venv.run("recrm", "report", file).stdout
    assert "12 of 72" in report
    assert "factual" in report
