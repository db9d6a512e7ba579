"""Mistakes on the command lines of the harnesses: a short message, and everything else as before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recrm_tasks._short_errors import message_of
from recrm_tasks.errors import DataError, HarnessError

ROOT = Path(__file__).resolve().parents[1]
RUN = """
import sys
sys.argv = {argv!r}
from recrm_tasks._short_errors import shorten
shorten()
shorten()
from recrm_tasks.errors import RecrmError
def fails():
    raise {error}
fails()
"""


def printed(argv: list[str], error: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(argv=argv, error=error)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert not done.stdout
    return done.stderr.strip().splitlines()


@pytest.mark.parametrize("program", ["/x/bin/lm_eval", "/x/bin/lm-eval", "/x/lm_eval/__main__.py", "/x/bin/inspect"])
def test_a_users_mistake_is_one_line(program: str) -> None:
    error = "RecrmError('x.jsonl: row 3 has no label: add one')"
    assert printed([program, "--tasks", "recrm_bench"], error) == ["recrm: x.jsonl: row 3 has no label: add one"]


@pytest.mark.parametrize(
    ("argv", "error", "environment"),
    [
        (["/x/bin/lm_eval", "--tasks", "hellaswag"], "RecrmError('x')", {}),
        (["/x/my_script.py", "recrm_bench"], "RecrmError('x')", {}),
        (["/x/__main__.py", "recrm_bench"], "RecrmError('x')", {}),
        (["/x/bin/lm_eval", "recrm_bench"], "RecrmError('x')", {"RECRM_TRACEBACK": "1"}),
        (["/x/bin/lm_eval", "recrm_bench"], "KeyError('x')", {}),
        (["/x/bin/lm_eval", "recrm_bench"], "ValueError('x')", {}),
    ],
)
def test_everything_else_keeps_its_traceback(argv: list[str], error: str, environment: dict[str, str]) -> None:
    lines = printed(argv, error, **environment)
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].endswith("'x'") or lines[-1].endswith("x")


def test_errors_of_known_cause() -> None:
    assert message_of(DataError("a\n b")) == "recrm: a b"
    assert message_of(HarnessError("no log-probabilities: -T answer=generate")) is not None
    tasks = message_of(ValueError("Tasks not found: recrm_benhc"))
    assert tasks is not None
    assert tasks.splitlines()[0] == "lm_eval: Tasks not found: recrm_benhc"
    model = message_of(ValueError("Attempted to load model 'hff', but no model for this name found! Supported: a, b"))
    assert model is not None
    assert model.splitlines()[0] == "lm_eval: Attempted to load model 'hff', but no model for this name found"
    provider = message_of(ValueError("Model API opnai of model 'opnai/gpt-4.1' not recognized."))
    assert provider is not None
    assert provider.splitlines()[0] == "inspect: Model API opnai of model 'opnai/gpt-4.1' not recognized."
    key = "API key not found. Please set the `OPENAI_API_KEY` environment variable."
    assert message_of(ValueError(key)) == f"lm_eval: {key}"
    flag = message_of(AssertionError("chat-completions require the --apply_chat_template flag."))
    assert flag == "lm_eval: chat-completions require the --apply_chat_template flag. Add it to the command"
    assert message_of(AssertionError("x")) is None
    assert message_of(ValueError("anything")) is None
    assert message_of(OSError("disk full")) is None


def test_a_model_that_cannot_be_loaded() -> None:
    transformers = pytest.importorskip("transformers")
    with pytest.raises(OSError, match="nowhere") as caught:
        transformers.AutoConfig.from_pretrained("/nowhere/model")
    message = message_of(caught.value)
    assert message is not None
    first, last = message.splitlines()
    assert first.startswith("The model cannot be loaded: ")
    assert "'/nowhere/model'" in first
    assert last.startswith("Check its folder or name")
