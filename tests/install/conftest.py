"""What the install tests share: our wheel, a clone, lm-eval's source, and environments that hold its dependencies."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from venvs import NEWEST, Venv, run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, so that installing from it writes nothing into the checkout."""
    clone = tmp_path_factory.mktemp("clone") / "checkout"
    clone.mkdir()
    for name in ("recrm_tasks", "inspect_tasks"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "recrm_lm_eval.pth", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    return clone


@pytest.fixture(scope="session")
def wheel(clone: Path) -> Path:
    """Our wheel, built from our sdist: so the sdist holds all that the wheel needs."""
    run(sys.executable, "-m", "uv", "build", "--out-dir", clone.parent / "dist", clone, cwd=clone.parent)
    return next((clone.parent / "dist").glob("*.whl"))


@pytest.fixture(scope="session")
def requirements(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pins of all that lm-eval and we depend on, without the two."""
    folder = tmp_path_factory.mktemp("requirements")
    (folder / "lm_eval.in").write_text(NEWEST)
    compiled = run(
        sys.executable, "-m", "uv", "pip", "compile", "-q", "--no-header", "--no-annotate", "--python", sys.executable,
        folder / "lm_eval.in", clone / "pyproject.toml", cwd=folder,
    ).stdout  # fmt: skip
    pins = [line for line in compiled.splitlines() if not line.startswith("lm-eval==")]
    (folder / "requirements.txt").write_text("\n".join(pins))
    return folder / "requirements.txt"


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="session")
def new_venv(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Callable[..., Venv]:
    def new(*requirements: object) -> Venv:
        home = tmp_path_factory.mktemp("venv") / "venv"
        run(sys.executable, "-m", "uv", "venv", "-q", "--seed", "--python", sys.executable, home, cwd=empty)
        venv = Venv(home, empty)
        if requirements:
            venv.uv("install", *requirements)
        return venv

    return new


@pytest.fixture(scope="session")
def like(new_venv: Callable[..., Venv]) -> Callable[[Venv], Venv]:
    """Makes an environment with all packages of another: links to its files, byte code too, which is so made once."""

    def copy(other: Venv) -> Venv:
        venv = new_venv()
        site = venv.site
        shutil.rmtree(site)
        shutil.copytree(other.site, site, copy_function=os.link, symlinks=True)
        for script in other.python.parent.iterdir():
            if not (there := venv.python.with_name(script.name)).exists():
                there.write_text(script.read_text().replace(str(other.home), str(venv.home)))
                there.chmod(0o755)
        return venv

    return copy


@pytest.fixture(scope="session")
def dependencies(new_venv: Callable[..., Venv], requirements: Path) -> Venv:
    """An environment of all that lm-eval and we depend on, compiled; without the two. To be copied, not changed."""
    venv = new_venv("-r", requirements, NEWEST, "setuptools")
    venv.run("python", "-c", "from lm_eval.tasks import TaskManager")
    venv.uv("uninstall", "lm-eval")
    return venv


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory, dependencies: Venv) -> Callable[[str], Path]:
    """Downloads the source of a release of lm-eval: once, as pip unpacks its 15,000 files and builds its metadata."""
    folder = tmp_path_factory.mktemp("sdist")

    @cache
    def download(release: str) -> Path:
        options = ["-q", "--no-deps", "--no-build-isolation", "--no-binary", "lm-eval", "-d", folder]
        dependencies.pip("download", *options, release)
        return folder / f"lm_eval-{release.partition('==')[2]}.tar.gz"

    return download


@pytest.fixture(scope="session")
def lm_eval_source(tmp_path_factory: pytest.TempPathFactory, sdist: Callable[[str], Path]) -> Path:
    """lm-eval's source tree, to be installed editable, as its README has it; without the folders of its own tasks."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist(NEWEST)) as archive:
        name = archive.getnames()[0].partition("/")[0]
        kept = [file for file in archive if not fnmatch(file.name, f"{name}/lm_eval/tasks/*/*")]
        archive.extractall(folder, members=kept, filter="data")
    return folder / name
