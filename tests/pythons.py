"""Runs the tests of the shared core under every supported Python that this machine has, each in its own environment.

Not a test file itself: `make pythons` runs it. The core (records, prompts, answers, metrics, data) needs neither
harness nor torch, and its tests hold that too: only the core's own dependencies are installed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
CORE = ["tests/scoring", "tests/dimensions", "tests/data", "tests/test_cli.py", "tests/test_lm_eval_hook.py"]
ORACLES = ["hypothesis", "ir-measures", "pytest", "pytest-xdist", "rich", "scikit-learn", "scipy", "statsmodels"]


def find(version: str) -> str | None:
    """An interpreter of that version: where uv looks, else among pyenv's, whose shims may be for another version."""
    search = [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", version]
    found = subprocess.run(search, capture_output=True, text=True)
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return next((str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"))), None)


def main() -> int:
    """Prints one line per Python; fails if one fails, or if none but this one is there."""
    failed, ran = [], 0
    for version in VERSIONS:
        interpreter = find(version)
        if interpreter is None:
            print(f"Python {version}: not on this machine")
            continue
        with tempfile.TemporaryDirectory() as home:
            python = Path(home) / "bin" / "python"
            uv = [sys.executable, "-m", "uv"]
            subprocess.run([*uv, "venv", "-q", "--clear", "--python", interpreter, home], check=True)
            subprocess.run([*uv, "pip", "install", "-q", "--python", str(python), str(ROOT), *ORACLES], check=True)
            done = subprocess.run([str(python), "-m", "pytest", "-q", "-n", "auto", "-m", "not slow", *CORE], cwd=ROOT)
        ran += 1
        print(f"Python {version}: {'passed' if done.returncode == 0 else 'FAILED'}", flush=True)
        failed += [version] if done.returncode else []
    return 1 if failed or ran < 1 else 0


if __name__ == "__main__":
    sys.exit(main())
