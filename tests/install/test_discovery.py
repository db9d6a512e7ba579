"""`lm_eval --tasks recrm_relevance` finds its task after any kind of install, and an uninstall leaves no trace.

Pairs of (ours: wheel or editable), (lm-eval: wheel or editable), (ours first or last) are covered, by pip and by uv.
How the hook behaves inside is tests/test_lm_eval_hook.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from our_tasks import HYBRIDS, STRESS, TASKS, run_base_tasks
from venvs import NEWEST, OLDEST, Venv, run

pytestmark = pytest.mark.slow

# Without lm-eval's own 14,700 tasks, which cost ten seconds a call; test_command_line goes the whole way.
LIST_TASKS = """
import json, sys
from lm_eval.tasks import TaskManager
print(json.dumps(TaskManager(include_path=sys.argv[1:], include_defaults=False).all_tasks))
"""


def tasks(venv: Venv, *include_path: object, options: tuple[str, ...] = (), **env: str) -> list[str]:
    done = venv.run("python", *options, "-c", LIST_TASKS, *include_path, **env)
    assert "overrides existing task" not in done.stderr
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


def start(venv: Venv, *options: str) -> str:
    """What Python prints when it only starts."""
    done = venv.run("python", *options, "-c", "pass")
    return done.stdout + done.stderr


def task_folder(root: Path) -> Path:
    return root / "recrm_tasks" / "lm_eval_tasks"


def test_wheel_after_lm_eval_by_pip(like: Callable[[Venv], Venv], dependencies: Venv, wheel: Path, clone: Path) -> None:
    venv = like(dependencies)
    venv.uv("install", NEWEST)
    before = venv.files()
    venv.pip("install", wheel)
    assert "recrm_relevance" in tasks(venv)
    assert "recrm_relevance" in tasks(venv, options=("-I",))
    assert start(venv) == ""

    assert tasks(venv, RECRM_NO_LM_EVAL_HOOK="1") == []
    assert "recrm_relevance" in tasks(venv, task_folder(clone), RECRM_NO_LM_EVAL_HOOK="1")
    # Without `site` no .pth is read, and include_path is the way.
    assert tasks(venv, options=("-S",), PYTHONPATH=str(venv.site)) == []
    assert "recrm_relevance" in tasks(venv, task_folder(clone), options=("-S",), PYTHONPATH=str(venv.site))
    # Beside the installed copy, a clone's tasks win, and lm-eval says so.
    loud = venv.run("python", "-c", LIST_TASKS, task_folder(clone))
    assert "recrm_relevance" in json.loads(loud.stdout.splitlines()[-1])
    assert f"from {task_folder(clone)}" in loud.stderr

    venv.pip("uninstall", "-y", "recrm-tasks")
    assert venv.files() == before
    assert venv.ours() == []
    assert start(venv) == ""
    assert tasks(venv) == []


def test_editable_before_editable_lm_eval_by_pip(
    like: Callable[[Venv], Venv], dependencies: Venv, clone: Path, lm_eval_source: Path
) -> None:
    venv = like(dependencies)
    venv.pip("install", "-e", clone)
    venv.pip("install", "--no-build-isolation", "-e", lm_eval_source)
    assert "recrm_relevance" in tasks(venv)
    # One folder by two ways is scanned once: `tasks` fails on lm-eval's warnings.
    assert "recrm_relevance" in tasks(venv, task_folder(clone))
    assert "recrm_relevance" in tasks(venv, clone)
    assert "recrm_relevance" in tasks(venv, task_folder(clone), RECRM_NO_LM_EVAL_HOOK="1")
    assert start(venv) == ""

    venv.pip("uninstall", "-y", "recrm-tasks")
    assert venv.ours() == []
    assert (clone / "recrm_tasks" / "__init__.py").is_file()
    assert start(venv) == ""
    assert tasks(venv) == []


def test_wheel_before_editable_lm_eval_by_uv(
    like: Callable[[Venv], Venv], dependencies: Venv, wheel: Path, lm_eval_source: Path
) -> None:
    venv = like(dependencies)
    venv.uv("install", wheel)
    venv.uv("install", "-e", lm_eval_source)
    assert "recrm_relevance" in tasks(venv)


def test_editable_after_lm_eval_by_uv(like: Callable[[Venv], Venv], dependencies: Venv, clone: Path) -> None:
    venv = like(dependencies)
    venv.uv("install", NEWEST)
    before = venv.files()
    venv.uv("install", "-e", clone)
    assert "recrm_relevance" in tasks(venv)
    venv.uv("uninstall", "recrm-tasks")
    assert venv.files() == before
    assert venv.ours() == []
    assert start(venv) == ""


def test_oldest_lm_eval_and_the_command_line(
    like: Callable[[Venv], Venv],
    dependencies: Venv,
    wheel: Path,
    sdist: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    """The same environment goes from the oldest lm-eval, with its own task tests, to the newest, as with an upgrade."""
    venv = like(dependencies)
    venv.uv("install", OLDEST, wheel, "pytest")
    assert "recrm_relevance" in tasks(venv)
    # One of each form: the others differ in their records only, and the newest release has them all.
    run_base_tasks(venv.python, sdist(OLDEST), tmp_path, [*TASKS[:2], HYBRIDS[0]])
    venv.uv("install", NEWEST)
    assert "recrm_relevance" in venv.run("lm_eval", "ls", "tasks").stdout


def test_their_own_task_tests(sdist: Callable[[str], Path], tmp_path: Path) -> None:
    """With the release that is installed here; our tasks are found as a user's would be, by name."""
    run_base_tasks(sys.executable, sdist(f"lm-eval=={version('lm-eval')}"), tmp_path, [*TASKS, *HYBRIDS, *STRESS])


def test_without_lm_eval(new_venv: Callable[..., Venv], wheel: Path) -> None:
    venv = new_venv()
    venv.uv("install", "--no-deps", wheel)
    (pth,) = (name for name in venv.ours() if name.endswith(".pth"))
    assert pth.endswith("site-packages/recrm_lm_eval.pth")
    for options in ((), ("-I",), ("-S",), ("-W", "error"), ("-B", "-E")):
        assert start(venv, *options) == ""
    assert "recrm" not in start(venv, "-X", "importtime")  # nothing of ours is imported, and so nothing can go wrong
    missing = run(venv.python, "-c", "import lm_eval.tasks", cwd=venv.cwd, check=False)
    assert missing.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'lm_eval'"
    assert "recrm" not in missing.stderr

    # A .pth that someone's deletion by hand has left behind.
    (venv.site / "recrm_tasks" / "_lm_eval_hook.py").unlink()
    assert start(venv) == ""
