"""Real virtual environments with real installs, made with `uv` (its cache keeps them to seconds each)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NEWEST = "lm-eval==0.4.13"
# The oldest that pyproject.toml allows: before it, a YAML file cannot name a function of an installed package.
OLDEST = "lm-eval==0.4.12"

# What would reach into the environments, or keep Python from behaving there as it does for a user.
FOREIGN = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "VIRTUAL_ENV", "RECRM_NO_LM_EVAL_HOOK", "RECRM_DATA")


def run(
    *command: object, cwd: Path, env: dict[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**{k: v for k, v in os.environ.items() if k not in FOREIGN}, **(env or {})},
        capture_output=True,
        text=True,
        timeout=600,
    )
    if check and done.returncode:
        raise AssertionError(f"{command}: exit status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    return done


@dataclass
class Venv:
    home: Path
    cwd: Path  # empty: `python -c` looks for modules in its working directory first

    @property
    def python(self) -> Path:
        return self.home / "bin" / "python"

    @property
    def site(self) -> Path:
        return next((self.home / "lib").glob("python*/site-packages"))

    def run(self, program: str, *args: object, **env: str) -> subprocess.CompletedProcess[str]:
        return run(self.home / "bin" / program, *args, cwd=self.cwd, env=env)

    def pip(self, *args: object) -> None:
        run(self.python, "-m", "pip", "--disable-pip-version-check", *args, cwd=self.cwd)

    def uv(self, command: str, *args: object) -> None:
        run(sys.executable, "-m", "uv", "pip", command, "--python", self.python, *args, cwd=self.cwd)

    def files(self) -> set[str]:
        """All files, but for byte code that only tells what was imported meanwhile."""
        return {name for name in self._names(folders=False) if not name.endswith(".pyc")}

    def ours(self) -> list[str]:
        """Whatever lies here under a name of ours, byte code and empty folders too."""
        return sorted(name for name in self._names(folders=True) if "recrm" in name or "inspect_tasks" in name)

    def _names(self, folders: bool) -> Iterator[str]:
        """Paths within it."""
        for folder, within, files in os.walk(self.home):
            place = os.path.relpath(folder, self.home)
            yield from (os.path.normpath(os.path.join(place, name)) for name in [*files, *(within if folders else ())])
