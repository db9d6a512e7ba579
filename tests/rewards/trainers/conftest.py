"""What the tests of trainers share: the blocks of docs/rewards.md, a judge's server, and a tiny policy."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from judged import BROKEN
from markdown_pages import blocks
from stub_server import StubServer, first_token, message

from recrm_tasks.rewards.trainer_options import VARIABLE

SERVER = "http://127.0.0.1:8000/v1"
"""The judge's server in the docs."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """Says A or B, by chance but always the same; refuses questions that contain `BROKEN`."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def answer(asked: dict[str, Any], before: int) -> Any:
        text = asked["messages"][-1]["content"]
        letter = "AB"[hashlib.sha256(text.encode()).digest()[0] % 2]
        logprobs = first_token({letter: -0.1, "BA"["AB".index(letter)]: -3.0}) if asked.get("logprobs") else None
        return 400 if BROKEN in text else message(letter, logprobs=logprobs)

    with StubServer(answer) as running:
        yield running


@pytest.fixture
def doc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: StubServer) -> Callable[..., str]:
    """Writes a file of docs/rewards.md here, with the stub for the judge's server, and gives its content.

    Further arguments are pairs of a text in the file, as a regular expression, and what it becomes.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "reward.yaml"))

    def write(file: str, *changes: tuple[str, str]) -> str:
        (code,) = (block.code for block in blocks("docs/rewards.md") if block.file == file)
        for pattern, here in ((re.escape(SERVER), server.url), *changes):
            code, count = re.subn(pattern, lambda _, here=here: here, code)
            assert count or pattern == re.escape(SERVER), pattern
        (tmp_path / file).write_text(code, encoding="utf-8")
        return code

    return write
