"""lm-eval's own task tests on the oldest release that pyproject.toml allows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from our_tasks import HYBRIDS, TASKS, run_base_tasks
from venvs import OLDEST, Venv

pytestmark = pytest.mark.slow


def test_their_own_task_tests(like: Callable[[Venv], Venv], dependencies: Venv, wheel: Path, tmp_path: Path) -> None:
    venv = like(dependencies)
    venv.uv("install", OLDEST, wheel, "pytest")
    # One of each form: the others differ in their records only, and the newest release has them all.
    run_base_tasks(venv.python, OLDEST.partition("==")[2], tmp_path, [*TASKS[:2], HYBRIDS[0]])
