"""The examples for many machines, with their own commands: several processes, one of which dies and goes on.

The example of Ray needs Ray, which the folder of verl has: `make test-verl`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from functools import lru_cache, partial
from pathlib import Path

import harness_commands
import mortal_model
import pytest
import yaml

from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import answers_in, collect
from recrm_tasks.reports.files.metrics_file import metric_rows
from recrm_tasks.reports.leaderboard_entries import entries

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(tmp_path: Path, programs: Path) -> dict[str, str]:
    """With this checkout's packages, the programs of this interpreter, and the model `mortal/any`."""
    mortal_model.installed_in(tmp_path / "model")
    # Without lm-eval's own 14,700 tasks, which take seven seconds to index.
    (tmp_path / "bin").mkdir()
    lean_lm_eval = tmp_path / "bin" / "lm_eval"
    lean_lm_eval.write_text(f'#!/bin/sh\nexec {programs}/python {harness_commands.__file__} lm_eval "$@"\n')
    lean_lm_eval.chmod(0o755)
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "PATH": os.pathsep.join([str(tmp_path / "bin"), str(programs), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path / "model"), os.environ.get("PYTHONPATH", "")]),
        "MORTAL_CALLS": str(tmp_path / "calls"),
    }


def run(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=600)


def numbers(folder: Path) -> list[dict[str, str]]:
    """Every number of a report, to the last bit, but for the time."""
    found = collect([str(folder)], READERS)
    assert (found.unusable, found.incomplete) == ([], [])
    listed, _ = entries(found.runs, lru_cache(partial(answers_in, readers=READERS)))
    rows = sorted(metric_rows(listed), key=lambda row: (row["dimension"], row["metric"]))
    return [{name: repr(value) for name, value in row.items() if name != "run_seconds"} for row in rows]


def in_one_run(environment: dict[str, str], folder: Path, task: str) -> list[dict[str, str]]:
    """The numbers of the same model on all records in one run."""
    command = ["inspect", "eval-set", task, "--model", "mortal/any", "-T", "data=sample", "-T", "answer=logprob"]
    done = run([*command, "--log-dir", str(folder / "one"), "--display", "plain"], environment, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return numbers(folder / "one")


def test_slurm(environment: dict[str, str], tmp_path: Path) -> None:
    """Two tasks of an array. One is killed, and started again as Slurm does it, with the same environment."""
    script = EXAMPLES / "slurm_shards.sh"
    count = re.search(r"^#SBATCH --array=1-(\d+)$", script.read_text(), re.MULTILINE)
    default = re.search(r"^SHARDS=\$\{SHARDS:-(\d+)\}", script.read_text(), re.MULTILINE)
    assert count is not None
    assert default is not None
    assert count[1] == default[1]
    chosen = {"MODEL": "mortal/any", "TASK": "recrm_tasks/bench", "DATA": "sample", "RUN": "run", "SHARDS": "2"}

    def start(number: int, **more: str) -> int:
        task = {**environment, **chosen, **more, "SLURM_ARRAY_TASK_ID": str(number)}
        return run(["bash", str(script)], task, tmp_path).returncode

    assert start(1) == 0
    assert start(2, MORTAL_LIFE="120") != 0
    found = collect([str(tmp_path / "run")], READERS)
    assert {run.dimension for run in found.runs if not run.finished} == set(dimensions())
    assert all("shard 2/2 is not finished; " in line for line in found.incomplete)
    assert start(2) == 0
    asked = Path(environment["MORTAL_CALLS"]).read_text().splitlines()
    assert 360 < len(asked) < 360 + 120
    assert numbers(tmp_path / "run") == in_one_run(environment, tmp_path, "recrm_tasks/bench")


def test_kubernetes(environment: dict[str, str], tmp_path: Path) -> None:
    """Two pods of a job, the second one twice. lm-eval's dummy gives random answers, and its cache keeps them."""
    spec = yaml.safe_load((EXAMPLES / "k8s_shards.yaml").read_text())["spec"]
    assert spec["completionMode"] == "Indexed"
    (container,) = spec["template"]["spec"]["containers"]
    declared = {entry["name"]: entry["value"] for entry in container["env"]}
    assert int(declared["SHARDS"]) == spec["completions"]
    chosen = {"MODEL": "dummy", "MODEL_ARGS": "", "OPTIONS": "", "DATA": "sample", "RUN": "run", "SHARDS": "2"}
    assert chosen.keys() < declared.keys()
    for index in (0, 1, 1):
        pod = {**environment, **declared, **chosen, "JOB_COMPLETION_INDEX": str(index)}
        done = run([*container["command"], *container["args"]], pod, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    (behavior,) = collect([str(tmp_path / "run")], READERS).runs
    assert (behavior.dimension, behavior.mode, behavior.n, len(behavior.parts)) == ("behavior", "logprob", 72, 2)
    assert behavior.finished
    assert [note.rpartition(": ")[2] for note in behavior.notes] == ["it has the same answers"]


@pytest.mark.trainer
def test_ray(environment: dict[str, str], tmp_path: Path) -> None:
    """Two workers; the process of one dies in the middle, and Ray starts its shard again."""
    pytest.importorskip("ray")
    command = [sys.executable, str(EXAMPLES / "ray_shards.py"), "recrm_tasks/bench", "--model", "mortal/any"]
    command += ["--shards", "2", "--runs", "run", "-T", "data=sample", "-T", "answer=logprob"]
    done = run(command, {**environment, "MORTAL_LIFE": "120"}, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path(environment["MORTAL_CALLS"]).with_suffix(".died").exists()
    by_process = Counter(Path(environment["MORTAL_CALLS"]).read_text().splitlines())
    assert len(by_process) == 3
    assert 360 < sum(by_process.values()) < 360 + 120
    assert sorted(run.dimension for run in collect([str(tmp_path / "run")], READERS).runs) == sorted(dimensions())
    assert numbers(tmp_path / "run") == in_one_run(environment, tmp_path, "recrm_tasks/bench")
