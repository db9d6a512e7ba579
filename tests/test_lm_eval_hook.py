"""The hook that has lm-eval find our tasks, on toy lm_eval packages of both layouts (real ones: tests/install).

Each case runs `python -I -S`, so that no installed lm_eval or recrm_tasks comes near, and has `site` read our `.pth`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# As in lm-eval: attributes, argument order, and which path wins.
MANAGER = """
class TaskManager:
    def __init__(self, verbosity=None, include_path=None, include_defaults=True, metadata=None):
        self.include_path = include_path
        paths = ["DEFAULTS"] if include_defaults else []
        if include_path:
            paths += include_path if isinstance(include_path, (list, tuple)) else [include_path]
        self.paths = [str(path) for path in paths]
        self.metadata = metadata
"""
LAYOUTS = {
    "up to 0.4.11": {"lm_eval/tasks/__init__.py": MANAGER},
    "since 0.4.12": {
        "lm_eval/tasks/__init__.py": "from lm_eval.tasks.manager import TaskManager\n",
        "lm_eval/tasks/manager.py": MANAGER,
    },
}
PRELUDE = """
import importlib, importlib.util, site, sys
site.addsitedir({site!r})
def finders():
    return [f for f in sys.meta_path if type(f).__name__ == "RecrmLmEvalFinder"]
OURS, SITE = {ours!r}, {site!r}
"""


class Toy:
    """A folder like site-packages, with our hook and a toy lm_eval in it."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.ours = site / "recrm_tasks" / "lm_eval_tasks"
        self.ours.mkdir(parents=True)
        (self.ours / "__init__.py").write_text("raise AssertionError('imported only to find a folder')")
        (site / "recrm_tasks" / "__init__.py").touch()
        shutil.copy(ROOT / "recrm_tasks" / "_lm_eval_hook.py", site / "recrm_tasks")
        shutil.copy(ROOT / "recrm_lm_eval.pth", site)

    def write(self, files: dict[str, str]) -> None:
        for name, text in {"lm_eval/__init__.py": "", **files}.items():
            (self.site / name).parent.mkdir(parents=True, exist_ok=True)
            (self.site / name).write_text(text)

    def run(self, code: str, **env: str) -> str:
        """What `code` prints; it must print nothing to stderr."""
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", PRELUDE.format(site=str(self.site), ours=str(self.ours)) + code],
            env={**{k: v for k, v in os.environ.items() if k != "RECRM_NO_LM_EVAL_HOOK"}, **env},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Toy:
    return Toy((tmp_path / "site").resolve())


@pytest.fixture(params=LAYOUTS)
def toy(request: pytest.FixtureRequest, bare: Toy) -> Toy:
    bare.write(LAYOUTS[request.param])
    return bare


def test_our_folder_comes_after_the_defaults_and_before_the_users(toy: Toy) -> None:
    toy.run("""
from pathlib import Path
from lm_eval.tasks import TaskManager
def paths(*args, **kwargs):
    return TaskManager(*args, **kwargs).paths
assert paths() == ["DEFAULTS", OURS]
assert paths(include_defaults=False) == [OURS]
for none in (None, "", []):
    assert paths(include_path=none) == ["DEFAULTS", OURS]
for mine in ("/mine", Path("/mine"), ["/mine"], ("/mine",)):
    assert paths(include_path=mine) == ["DEFAULTS", OURS, "/mine"]
    assert paths(None, mine, False) == [OURS, "/mine"]
assert paths("INFO", ["/b", "/a"], metadata={"k": 1}) == ["DEFAULTS", OURS, "/b", "/a"]
""")


def test_a_users_path_that_holds_our_folder_is_not_scanned_twice(toy: Toy) -> None:
    toy.run("""
import os
from pathlib import Path
from lm_eval.tasks import TaskManager
os.symlink(SITE, SITE + "-link")
for mine in (OURS, OURS + "/", SITE, os.path.relpath(OURS), SITE + "-link/recrm_tasks/lm_eval_tasks"):
    assert TaskManager(include_path=mine).paths == ["DEFAULTS", mine], mine
assert TaskManager(include_path=["/mine", Path(OURS)]).paths == ["DEFAULTS", "/mine", OURS]
""")


def test_the_class_stays_what_it_was(toy: Toy) -> None:
    toy.run("""
import inspect, pickle
from lm_eval.tasks import TaskManager
names = list(inspect.signature(TaskManager).parameters)
assert names == ["verbosity", "include_path", "include_defaults", "metadata"], names
manager = TaskManager(include_path="/mine")
assert manager.include_path == "/mine" and TaskManager().include_path is None
assert vars(pickle.loads(pickle.dumps(manager))) == vars(manager)
assert pickle.loads(pickle.dumps(TaskManager.__init__)) is TaskManager.__init__

class Sub(TaskManager):
    def __init__(self, folder):
        super().__init__(include_path=folder)
assert Sub("/mine").paths == ["DEFAULTS", OURS, "/mine"]

try:
    TaskManager(nonsense=1)
except TypeError as error:
    assert "nonsense" in str(error)
else:
    raise AssertionError("lm-eval's own error is gone")
assert TaskManager(include_defaults=False, include_path=[5]).paths == ["5"]  # not ours to judge
""")


def test_starting_python_imports_nothing_of_ours(toy: Toy) -> None:
    toy.run("""
assert not [name for name in sys.modules if name.startswith("recrm")]
assert len(finders()) == 1
site.addsitedir(SITE)  # a venv reads every .pth twice
assert len(finders()) == 1
import json, lm_eval
assert not [name for name in sys.modules if name.startswith("recrm")]
""")


def test_the_finder_leaves_and_takes_its_traces_along(toy: Toy) -> None:
    toy.run("""
spec = importlib.util.find_spec("lm_eval.tasks")  # looks, and does not import
assert type(spec.loader).__name__ == "SourceFileLoader" and spec.loader.get_code("lm_eval.tasks")
assert "lm_eval.tasks" not in sys.modules and len(finders()) == 1
import lm_eval.tasks
assert finders() == []
assert "exec_module" not in vars(lm_eval.tasks.__spec__.loader)
importlib.reload(lm_eval.tasks)
manager = sys.modules[lm_eval.tasks.TaskManager.__module__]
if manager is not lm_eval.tasks:
    assert lm_eval.tasks.TaskManager().paths == ["DEFAULTS", OURS]
""")


def test_a_clone_first_on_the_path_brings_its_own_tasks(toy: Toy, tmp_path: Path) -> None:
    clone = tmp_path.resolve() / "clone"
    shutil.copytree(toy.site / "recrm_tasks", clone / "recrm_tasks")
    toy.run(f"""
sys.path.insert(0, {str(clone)!r})
from lm_eval.tasks import TaskManager
assert TaskManager().paths == ["DEFAULTS", {str(clone / "recrm_tasks" / "lm_eval_tasks")!r}]
""")


def test_steps_aside_when_lm_eval_reads_entry_points(toy: Toy) -> None:
    for file in (toy.site / "lm_eval" / "tasks").glob("*.py"):
        if "class TaskManager" in file.read_text():
            file.write_text(MANAGER + "\ndef discover_plugin_task_paths(): ...\n")
    toy.run("""
from lm_eval.tasks import TaskManager
assert TaskManager().paths == ["DEFAULTS"] and finders() == []
""")


def test_off_switch(toy: Toy) -> None:
    code = "from lm_eval.tasks import TaskManager; print(TaskManager().paths == ['DEFAULTS'])"
    assert toy.run(code, RECRM_NO_LM_EVAL_HOOK="1") == "True"
    assert toy.run(code, RECRM_NO_LM_EVAL_HOOK="0") == "False"
    later = "import os; from lm_eval.tasks import TaskManager; os.environ['RECRM_NO_LM_EVAL_HOOK'] = '1'; "
    assert toy.run(later + code) == "True"


def test_a_broken_lm_eval_fails_with_its_own_error_and_may_recover(toy: Toy) -> None:
    toy.run("""
import os
from pathlib import Path
tasks = Path(SITE, "lm_eval", "tasks", "__init__.py")
good = tasks.read_text()
tasks.write_text("raise ImportError('no torch here')")
sys.dont_write_bytecode = True
for _ in range(2):
    try:
        import lm_eval.tasks
    except ImportError as error:
        assert str(error) == "no torch here"
    else:
        raise AssertionError("imported")
tasks.write_text(good)
importlib.invalidate_caches()
from lm_eval.tasks import TaskManager
assert TaskManager().paths == ["DEFAULTS", OURS] and finders() == []
""")


@pytest.mark.parametrize(
    "tasks",
    ["", "class TaskManager: pass", "class TaskManager:\n def __init__(self, folders=()): self.folders = folders"],
)
def test_an_unknown_lm_eval_is_left_alone(bare: Toy, tasks: str) -> None:
    bare.write({"lm_eval/tasks/__init__.py": tasks})
    bare.run("""
import lm_eval.tasks
assert finders() == [] and not hasattr(getattr(lm_eval.tasks, "TaskManager", object).__init__, "__wrapped__")
""")


def test_without_lm_eval_the_import_fails_as_ever(bare: Toy) -> None:
    bare.run("""
try:
    import lm_eval.tasks
except ModuleNotFoundError as error:
    assert error.name == "lm_eval"
assert importlib.util.find_spec("lm_eval") is None
""")


@pytest.mark.parametrize("gone", ["recrm_tasks", "recrm_tasks/_lm_eval_hook.py", "recrm_tasks/lm_eval_tasks"])
def test_a_pth_whose_package_is_gone_is_silent(toy: Toy, gone: str) -> None:
    path = toy.site / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    toy.run("from lm_eval.tasks import TaskManager; assert TaskManager().paths == ['DEFAULTS']")


def test_import_hooks_of_others(toy: Toy) -> None:
    """One in front and one behind that ask all other finders, as wrapt's and many others' do."""
    toy.run("""
class Nosy:
    busy = False
    def find_spec(self, name, path=None, target=None):
        if self.busy or not name.startswith("lm_eval"):
            return None
        self.busy = True
        try:
            others = [f for f in sys.meta_path if f is not self and hasattr(f, "find_spec")]
            found = (f.find_spec(name, path, target) for f in others)
            return next((spec for spec in found if spec), None)
        finally:
            self.busy = False
sys.meta_path.insert(0, Nosy())
sys.meta_path.insert(2, Nosy())
class Old:  # without find_spec, as Python 3.11 still allows
    find_module = staticmethod(lambda name, path=None: None)
sys.meta_path.insert(2, Old())
from lm_eval.tasks import TaskManager
assert TaskManager().paths == ["DEFAULTS", OURS] and finders() == []
""")


def test_many_threads(toy: Toy) -> None:
    toy.run("""
import threading
seen, start = [], threading.Barrier(8)
def use():
    start.wait()
    from lm_eval.tasks import TaskManager
    seen.append(TaskManager(include_path="/mine").paths)
threads = [threading.Thread(target=use) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
assert seen == [["DEFAULTS", OURS, "/mine"]] * 8, seen
""")
