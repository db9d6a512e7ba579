"""`make demo` as its user meets it: what it says, what it does again, and what stops it. The programs are stand-ins, so
that it takes no time; `make test` runs the real ones."""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import run as demo_run
import steps as demo_steps

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >> calls
case "$0" in
*recrm) echo "the first table"; echo "by dimension"; echo "the second table";;
*python) echo "{said}"; exit 1;;
esac
{more}
"""
MODEL = "demo/out/SmolLM2-135M-Instruct/config.json"


class Clone:
    """A clone whose environment and model are there, in a folder whose name has spaces and Chinese characters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "推荐 系统 demo"
        shutil.copytree(ROOT / "demo", self.folder / "demo", ignore=shutil.ignore_patterns("out", "__pycache__"))
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy2(ROOT / name, self.folder)
        for name in ("recrm_tasks/a.py", "inspect_tasks/b.py", ".venv/bin/lm_eval", ".venv/demo", MODEL):
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        for name in ("lm_eval", "inspect", "recrm", "python"):
            self.program(name)
        for name in (".venv/demo", MODEL):
            os.utime(self.folder / name)

    def program(self, name: str, said: str = "", more: str = "") -> None:
        """A stand-in: writes down how it is called. The environment's Python fails, with a message."""
        file = self.folder / ".venv" / "bin" / name
        file.write_text(STAND_IN.format(said=said, more=more), encoding="utf-8")
        file.chmod(0o755)
        os.utime(file, (0, 0))

    def demo(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`make demo`."""
        command = ["make", "demo", f"PYTHON={sys.executable}", *words]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)

    def calls(self) -> list[str]:
        """The programs that were called since the last time."""
        file = self.folder / "calls"
        found = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line.split()[0] for line in found]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_it_says_what_it_does_and_shows_one_table(clone: Clone) -> None:
    done = clone.demo()
    assert done.returncode == 0, done.stderr
    assert clone.calls() == ["lm_eval", "inspect", "recrm"]
    first, *others = done.stdout.splitlines()
    assert first == (
        "SmolLM2-135M-Instruct on the sample, 4 records of each of five dimensions. Steps: 3; on two cores about "
        "2 min 25 s."
    )
    assert [line[:5] for line in others if line.startswith("[")] == ["[1/3]", "[2/3]", "[3/3]"]
    assert all("(about " in line for line in others if line.startswith("["))
    assert "$ lm_eval --model hf --model_args pretrained=demo/out/SmolLM2-135M-Instruct" in done.stdout
    assert "the first table" in done.stdout
    assert "the second table" not in done.stdout
    assert "demo/out/report.html" in others[-2]


@pytest.mark.slow
def test_answers_are_used_again_while_nothing_has_changed(clone: Clone) -> None:
    clone.demo()
    clone.calls()
    again = clone.demo()
    assert clone.calls() == ["recrm"]
    assert "The answers are those of " in again.stdout
    assert "New ones: rm demo/out/demo.done" in again.stdout
    clone.demo("LIMIT=6")
    assert clone.calls() == ["lm_eval", "inspect", "recrm"]
    (clone.folder / "recrm_tasks" / "a.py").write_text("changed = True\n")
    clone.demo("LIMIT=6")
    assert clone.calls() == ["lm_eval", "inspect", "recrm"]
    (clone.folder / "demo" / "out" / "demo.done").unlink()
    clone.demo("LIMIT=6")
    assert clone.calls() == ["lm_eval", "inspect", "recrm"]


def test_a_run_that_failed_is_no_earlier_run(clone: Clone) -> None:
    clone.program("inspect", more='echo "out of ideas"; exit 3')
    done = clone.demo()
    assert done.returncode == 2
    assert "make demo: this step failed: Inspect: the same generated answers" in done.stderr
    assert "    out of ideas\nAll of its output is in demo/out/demo.log. After a change: make demo" in done.stderr
    assert "Traceback" not in done.stderr
    clone.calls()
    clone.program("inspect")
    assert clone.demo().returncode == 0
    assert clone.calls() == ["lm_eval", "inspect", "recrm"]


def test_a_second_one_at_the_same_time(clone: Clone) -> None:
    with (clone.folder / "demo" / "out" / "demo.lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = clone.demo()
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "make demo: another one runs in this folder (process 4711). Wait for its end, then: make demo"
    )
    assert clone.calls() == []


def test_a_demo_that_is_ended_ends_its_program(clone: Clone) -> None:
    clone.program("lm_eval", more="echo $$ > program; exec sleep 60")
    program, lock = clone.folder / "program", clone.folder / "demo" / "out" / "demo.lock"
    running = subprocess.Popen([sys.executable, "demo/run.py"], cwd=clone.folder, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if program.exists() and program.read_text():
            break
        time.sleep(0.05)
    os.kill(int(lock.read_text()), signal.SIGTERM)
    assert "stopped. It goes on where it was: make demo" in running.communicate(timeout=30)[1]
    with pytest.raises(ProcessLookupError):
        os.kill(int(program.read_text()), 0)


def test_a_limit_that_is_none(clone: Clone) -> None:
    assert "make demo: LIMIT and TOKENS are numbers from 1: make demo LIMIT=4" in clone.demo("LIMIT=0").stderr
    assert clone.calls() == []


def test_without_a_network(clone: Clone) -> None:
    (clone.folder / ".venv" / "demo").unlink()
    clone.program("python", said="error: Temporary failure in name resolution")
    done = clone.demo()
    assert done.returncode == 2
    assert "[1/4] install lm-eval, Inspect and torch into .venv (about 3 min 50 s)" in done.stdout
    assert "Packages could not be downloaded. Check the network and pip's settings" in done.stderr
    assert clone.calls() == ["python"]


def test_a_newer_environment_makes_no_new_model_and_new_answers(clone: Clone) -> None:
    clone.demo()
    clone.calls()
    os.utime(clone.folder / ".venv" / "demo")
    done = clone.demo()
    assert "get the model" not in done.stdout
    assert clone.calls() == ["lm_eval", "inspect", "recrm"]


def test_a_disk_that_fills_up(clone: Clone) -> None:
    clone.program("lm_eval", more='echo "OSError: [Errno 28] No space left on device"; exit 1')
    done = clone.demo()
    assert "The disk is full. Free some space and try again: make demo" in done.stderr


def options_in(folder: Path) -> argparse.Namespace:
    return argparse.Namespace(
        venv=folder / ".venv", out=folder, model=folder / "model", limit=6, tokens=32, make="make", python="python3"
    )


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(demo_steps, "_missing", lambda options: [])
    with pytest.raises(demo_run.Failure, match=r"0\.1 GB are free here, and it needs 0\.2 GB\. Free some space"):
        demo_run.demo(options_in(tmp_path))


@pytest.mark.parametrize("version", [(3, 9), (3, 14)])
@pytest.mark.parametrize("other", ["python3.12", None])
def test_a_python_that_is_too_old_or_too_new(
    version: tuple[int, int], other: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda name: name if name == other else None)
    with pytest.raises(demo_run.Failure) as raised:
        demo_run.check_python(options_in(tmp_path))
    said = str(raised.value)
    assert f"python3 is Python 3.{version[1]}, and the harnesses need 3.10 to 3.13." in said
    assert said.endswith(f"make demo PYTHON={other or 'python3.13'}")
    monkeypatch.setattr(sys, "version_info", (3, 10, 0, "final", 0))
    demo_run.check_python(options_in(tmp_path))
