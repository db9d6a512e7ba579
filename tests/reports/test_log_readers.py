"""Which reader takes which file, and the message where a harness is not installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inspect_tasks.log_reader import InspectLogReader
from recrm_tasks import reports
from recrm_tasks.errors import DataError
from recrm_tasks.lm_eval_tasks.log_reader import LmEvalLogReader
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import answers_in, collect, collect_answers

ROOT = Path(__file__).resolve().parents[2]

LOG = '{\n  "version": 2,\n  "status": "success",\n  "eval": {}}'

METADATA = {
    "recrm_dimension": "factual",
    "recrm_mode": "generate",
    "recrm_provenance": {
        "data": "sample", "source": "sample", "revision": None, "split": None, "rows_available": 72, "sha256": "0" * 64,
        "prompt_version": 4, "recrm_tasks": "0",
    },
}  # fmt: skip

RESULTS = {
    "results": {
        "recrm_factual": {
            f"{name},none": value
            for name, value in {
                "n": 72, "clusters": 72, "coverage": 1.0, "acc": 0.5, "acc_stderr": 0.06, "acc_baseline": 0.5,
            }.items()
        }
    },
    "configs": {"recrm_factual": {"metadata": METADATA}},
    "model_name": "some/model",
}  # fmt: skip


def run(program: str, *arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A program in a Python of its own that takes our packages from `cwd` alone."""
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(cwd)!r}]\n{program}", *map(str, arguments)]
    # Python's environment, and not the process's, into which readline puts COLUMNS where pytest has a terminal.
    return subprocess.run(command, cwd=cwd, env={**os.environ}, capture_output=True, text=True, timeout=300)


def without(module: str) -> str:
    """`recrm` where a module is not installed."""
    return f"sys.modules[{module!r}] = None\nfrom recrm_tasks.cli import main\nsys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize(
    ("name", "content", "reader"),
    [
        ("results_1.json", "{", LmEvalLogReader),
        ("results_1.txt", "{", None),
        ("a.eval", "", InspectLogReader),
        ("a.json", LOG, InspectLogReader),
        ("a.json", LOG.replace("status", "state"), None),
        ("a.json", "", None),
        ("a.txt", LOG, None),
        ("logs.json", f'{{\n  "a.eval": {LOG}\n}}', None),
        ("results.json", "{}", None),
        ("run_2026-11-03T10-00-00.123456.json", json.dumps(RESULTS, indent=2), LmEvalLogReader),
        ("run.json", '[{"results": {}}]', None),
        ("samples_recrm_factual_1.jsonl", LOG, None),
    ],
)
def test_each_file_has_its_reader(tmp_path: Path, name: str, content: str, reader: type | None) -> None:
    (tmp_path / name).write_text(content)
    assert [type(one) for one in READERS if one.reads(tmp_path / name)] == ([reader] if reader else [])


@pytest.mark.parametrize("name", ["results_1.json", "a.eval", "a.json"])
def test_a_folder_or_nothing_is_no_log(tmp_path: Path, name: str) -> None:
    assert not any(one.reads(tmp_path / name) for one in READERS)
    (tmp_path / name).mkdir()
    assert not any(one.reads(tmp_path / name) for one in READERS)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert not any(one.reads(tmp_path / "link") for one in READERS)


def test_readers_have_different_names() -> None:
    assert len({one.harness for one in READERS}) == len({one.files for one in READERS}) == len(READERS)


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    expected = (
        f"{file}: not a log that can be read: it must be a results file of lm-eval (.json) or an .eval or .json log of"
    )
    for read in (collect, collect_answers):
        with pytest.raises(DataError, match=re.escape(expected)):
            read([str(file)], READERS)
    with pytest.raises(DataError, match=re.escape(expected)):
        answers_in((file,), READERS)


@pytest.mark.slow
def test_without_inspect(tmp_path: Path) -> None:
    """lm-eval's results are reported; an Inspect log, named or in a folder, gives the message what to install."""
    needed = "reading Inspect logs needs inspect-ai: pip install 'recrm-tasks[inspect]'"
    recrm = without("inspect_ai")
    (tmp_path / "results_1.json").write_text(json.dumps(RESULTS))
    for name, content in (("a.eval", "PK"), ("b.json", LOG)):
        (tmp_path / name).write_text(content)
        done = run(recrm, "report", tmp_path / name)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{tmp_path / name}: {needed}\n" in done.stderr
        done = run(recrm, "compare", tmp_path / name, tmp_path / name)
        assert (done.returncode, done.stderr) == (2, f"recrm: {tmp_path / name}: {needed}\n")
    done = run(recrm, "report", tmp_path)
    assert done.returncode == 0
    assert "0.5000" in done.stdout
    assert [line for line in done.stderr.splitlines() if line.startswith("left out")] == [
        f"left out: {tmp_path / name}: {needed}" for name in ("a.eval", "b.json")
    ]


@pytest.mark.slow
def test_without_lm_eval(tmp_path: Path) -> None:
    (tmp_path / "results_1.json").write_text(json.dumps(RESULTS))
    done = run(without("lm_eval"), "report", tmp_path)
    assert done.returncode == 0
    assert "0.5000" in done.stdout


@pytest.mark.slow
def test_in_a_clone_that_is_not_installed(tmp_path: Path) -> None:
    """As `python -m recrm_tasks.cli` in it: the readers are the clone's own."""
    for name in ("recrm_tasks", "inspect_tasks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "from recrm_tasks.log_readers import READERS\n"
        "files = {sys.modules[type(one).__module__].__file__ for one in READERS}\n"
        "harnesses = {'inspect_ai', 'lm_eval'} & set(sys.modules)\n"
        "print(all(file.startswith(sys.argv[1]) for file in files), len(files), harnesses)"
    )
    assert run(program, tmp_path, cwd=tmp_path).stdout == f"True {len(READERS)} set()\n"


def test_reports_name_no_harness() -> None:
    """What they show about a harness comes from its reader."""
    folder = Path(reports.__file__).parent
    files = [file for file in folder.rglob("*") if file.suffix in (".py", ".jinja", ".js", ".css")]
    assert len(files) > 20
    named = re.compile(r"lm[-_]eval|inspect", re.IGNORECASE)
    assert [file.name for file in files if named.search(file.read_text(encoding="utf-8"))] == []
