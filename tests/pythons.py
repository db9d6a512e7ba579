"""Runs the tests of the shared core under every other supported Python that this machine has.

Not a test file itself: `make pythons` runs it. The core (records, prompts, answers, metrics, data) needs neither
harness nor torch, and its tests hold that too: each Python has an environment of its own with the core's dependencies
only. What differs between versions does not depend on chance, so property tests try few examples here; `make fast`
tries all of them under its own Python, which is left out. Every version runs the tests of the core's doors, which
import all of it and read the sample. The oldest lacks most of what the others have (in `datetime`, `csv` and `re`), so
it also runs the tests that read answers and files of every form.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
DOORS = ["tests/dimensions", "tests/test_cli.py", "tests/test_lm_eval_hook.py"]
READERS = ["tests/answers", *(f"tests/data/test_{name}.py" for name in ("files", "bad_files", "text_forms"))]
TOOLS = ["hypothesis", "pytest", "pytest-xdist", "rich"]
OPTIONS = ["-q", "-n", "auto", "--dist", "loadfile", "--hypothesis-profile", "few", "-m", "not slow"]


def find(version: str) -> str | None:
    """An interpreter of that version: where uv looks, else among pyenv's, whose shims may be for another version."""
    search = [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", version]
    found = subprocess.run(search, capture_output=True, text=True)
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return next((str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"))), None)


def passes(interpreter: str, tests: list[str]) -> bool:
    """Whether tests of the core pass under that Python, in a new environment of the newest packages that it takes."""
    with tempfile.TemporaryDirectory() as home:
        python = Path(home) / "bin" / "python"
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--clear", "--python", interpreter, home], check=True)
        subprocess.run([*uv, "pip", "install", "-q", "--python", str(python), str(ROOT), *TOOLS], check=True)
        return subprocess.run([str(python), "-m", "pytest", *OPTIONS, *tests], cwd=ROOT).returncode == 0


def main() -> int:
    """Prints one line per Python; fails if one fails."""
    own = "{}.{}".format(*sys.version_info)
    found = {version: find(version) for version in VERSIONS if version != own}
    here = [version for version, interpreter in found.items() if interpreter is not None]
    failed = False
    for version in VERSIONS:
        interpreter = found.get(version)
        if interpreter is not None:
            passed = passes(interpreter, [*READERS, *DOORS] if version == here[0] else DOORS)
            result = "passed" if passed else "FAILED"
        else:
            result = "has run all tests" if version == own else "not on this machine"
        print(f"Python {version}: {result}", flush=True)
        failed |= result == "FAILED"
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
