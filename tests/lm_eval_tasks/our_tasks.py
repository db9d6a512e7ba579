"""Our tasks in lm-eval's hands: by name, and under its own tests."""

from __future__ import annotations

import re
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from lm_eval.tasks import TaskManager

from recrm_tasks import lm_eval_tasks
from recrm_tasks.dimensions import dimensions

FOLDER = Path(lm_eval_tasks.__file__).parent
TASKS = [f"recrm_{key}{suffix}" for key in dimensions() for suffix in ("", "_logprob")]
HYBRIDS = ["recrm_hybrid", "recrm_hybrid_logprob"]
STRESS = ["recrm_stress", "recrm_stress_logprob"]


def manager(**metadata: object) -> TaskManager:
    return TaskManager(include_path=str(FOLDER), include_defaults=False, metadata={"recrm_data": "sample", **metadata})


def task(name: str, **metadata: object):
    return manager(**metadata).load([name])["tasks"][name]


BASE_TASKS = """
import os
def new_tasks():
    return os.environ["TASKS"].split()
"""


def run_base_tasks(python: str | Path, sdist: Path, folder: Path, tasks: Sequence[str]) -> None:
    """lm-eval's own `tests/test_tasks.py` of the release in `sdist`, with tasks of ours as the new ones."""
    package = folder / "theirs"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "utils.py").write_text(BASE_TASKS)
    with tarfile.open(sdist) as archive:
        found = archive.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/tests/test_tasks.py")
        assert found is not None
        (package / "test_tasks.py").write_bytes(found.read())
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "theirs/test_tasks.py",
        "-k",
        "TestNewTasksElseDefault",
    ]
    environment = {"TASKS": " ".join(tasks), "RECRM_DATA": "sample", "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    each, rest = divmod(int(passed[1]), len(tasks))
    assert each >= 12, done.stdout
    assert rest == 0, done.stdout
