"""The workflow of a release: its own steps, in their order, in a clean folder, with a tiny model and a stand-in hub
that has records of the sample as the benchmark's data and takes what is published.

Only `Install` and the actions of others are not run: tests/install installs the package.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forked
import pytest
import yaml
from hub_server import COMMIT, REPOSITORY
from huggingface_hub import parse_eval_result_entries
from markdown_pages import ROOT, blocks
from release_hub import ReleaseHub, publishing
from stand_ins import Models

from recrm_tasks.dimensions import dimensions

FILE = ROOT / "examples" / "release_workflow.yaml"
WORKFLOW = yaml.safe_load(FILE.read_text(encoding="utf-8"))
JOB = WORKFLOW["jobs"]["evaluate"]
STEPS: dict[str, str] = {step["name"]: step["run"] for step in JOB["steps"] if "run" in step}
MODEL = "some-org/tiny"
RECORDS = 6
"""Of each dimension."""

PROGRAMS = {
    "hf": "-m huggingface_hub.cli.hf",
    "lm_eval": f"{ROOT}/tests/backends/harness_commands.py lm_eval",
    "recrm": "-c 'import sys; from recrm_tasks.cli import main; sys.exit(main())'",
}
"""What an install would put on the PATH, by arguments of python; lm-eval without its own tasks, which take seconds."""


def test_the_docs_quote_it() -> None:
    (quoted,) = (block.code for block in blocks("docs/reports.md") if block.file == "examples/release_workflow.yaml")
    assert quoted == FILE.read_text(encoding="utf-8")


def test_the_steps_are_those_that_are_run_here() -> None:
    assert list(STEPS) == ["Install", "Evaluate", "Gate", "Publish"]
    assert [step["uses"].partition("@")[0] for step in JOB["steps"] if "uses" in step] == [
        "actions/checkout",
        "actions/upload-artifact",
    ]


@pytest.fixture(scope="module")
def hub() -> Iterator[ReleaseHub]:
    sample = ROOT / "recrm_tasks" / "data" / "sources" / "sample"
    files = {
        f"data/{key}/test.jsonl": "".join(
            f"{line}\n" for line in (sample / f"{key}.jsonl").read_text(encoding="utf-8").splitlines()[:RECORDS]
        )
        for key in dimensions()
    }
    with publishing({"README.md": "# RecRM-Bench", **files}) as server:
        server.uploaded[f"model {MODEL}"] = {}
        yield server


class Runner:
    """A machine of GitHub's: a folder, programs, and the workflow's variables, of which some are changed."""

    def __init__(self, folder: Path, programs: Path, changed: dict[str, str]) -> None:
        self.folder = folder
        own = {name: str(value) for name, value in WORKFLOW["env"].items()}
        assert own.keys() >= {"MODEL", "ENGINE", "RECRM_DATA", "RESULTS", "LAST_RELEASE", "COVERAGE", "SCORE"}
        self.variables = {**own, **changed, "HF_TOKEN": "hf_of_the_runner", "PATH": f"{programs}:{os.environ['PATH']}"}

    def run(self, step: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """A step, as GitHub runs one. The page, which takes seconds to draw, is drawn once."""
        script = STEPS[step]
        if (self.folder / "report.html").exists():
            script = script.replace("report.html", "report.md")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**os.environ, **self.variables, **changed},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )


def silent_model(source: str, folder: Path) -> None:
    """A copy of a model that ends every answer at once: token 0, its end of text, is as likely as all others."""
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(source)
    model.lm_head.weight.data.zero_()
    model.save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    assert tokenizer.eos_token_id == 0
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def runner(hub: ReleaseHub, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder, programs = tmp_path_factory.mktemp("runner"), tmp_path_factory.mktemp("programs")
    silent_model(models.chat, folder / MODEL)  # a name on the hub, which is also a folder here
    changed = {
        "MODEL": MODEL, "ENGINE": "hf", "RESULTS": "some-org/results", "RELEASE": "v1", "COVERAGE": "0", "SCORE": "0",
        "HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
        "RECRM_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_ENDPOINT", "HF_HOME", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET", "NO_PROXY"):
            patch.setenv(name, changed[name])  # read by the client when it is imported
        with forked.commands(*forked.HARNESSES) as python:
            for name, arguments in PROGRAMS.items():
                (programs / name).write_text(f'#!/bin/sh\nexec {python}/python {arguments} "$@"\n', encoding="utf-8")
                (programs / name).chmod(0o755)
            yield Runner(folder, programs, changed)


@pytest.mark.slow
def test_a_release(runner: Runner, hub: ReleaseHub) -> None:
    """The first one does not pass a gate, and then one that is lower; the second one is compared with it."""
    done = runner.run("Evaluate")
    assert done.returncode == 0, done.stderr[-3000:]
    assert list((runner.folder / "results").rglob("results_*.json"))

    done = runner.run("Gate", COVERAGE="0.95")
    assert done.returncode == 3, done.stderr[-3000:]
    assert "factual (lm-eval, generate): coverage is 0.0000, its interval 0.0000 – 0.3903 reaches below" in done.stderr
    assert (runner.folder / "report.html").is_file()
    assert not hub.uploaded[f"model {MODEL}"]  # GitHub runs no further step but the last, which keeps these files

    done = runner.run("Gate")
    assert done.returncode == 0, done.stderr[-3000:]
    done = runner.run("Publish")
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(hub.uploaded[f"model {MODEL}"]) == [".eval_results/recrm-bench.yaml"]
    published: Any = yaml.safe_load(hub.uploaded[f"model {MODEL}"][".eval_results/recrm-bench.yaml"])
    for one in parse_eval_result_entries(published):
        assert (one.dataset_id, one.dataset_revision) == (REPOSITORY, COMMIT)
        assert f"N {RECORDS}" in str(one.notes)
    assert "dataset some-org/results" in hub.private
    assert all(name.startswith("v1/") for name in hub.uploaded["dataset some-org/results"])
    assert hub.tokens == {"Bearer hf_of_the_runner"}
    kept = JOB["steps"][-1]
    assert kept["if"] == "always()"
    assert all((runner.folder / path).exists() for path in kept["with"]["path"].split())

    done = runner.run("Gate", LAST_RELEASE="v1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert list((runner.folder / "last" / "v1").rglob("samples_*.jsonl"))


@pytest.mark.slow
def test_a_gate_without_the_last_release_is_closed(runner: Runner) -> None:
    """A name that is not among the results: nothing is compared, so nothing passes."""
    done = runner.run("Gate", LAST_RELEASE="v0")
    assert done.returncode == 2, done.stderr[-3000:]
    assert "last/v0: no such file or folder" in done.stderr
