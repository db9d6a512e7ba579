"""The example of docs/rewards.md runs against a server, and the page names what there is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from markdown_pages import ROOT, blocks
from stub_server import StubServer, first_token, message

from recrm_tasks import rewards
from recrm_tasks.rewards import (
    Case,
    EpisodeRewards,
    FunctionJudge,
    HybridReward,
    Reward,
    reward_options,
    trainer_options,
)
from recrm_tasks.rewards.judges import judge_options
from recrm_tasks.rewards.service.app import reward_app

PAGE = "docs/rewards.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = (block.code for block in blocks(PAGE) if (block.language, block.file) == ("python", ""))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with StubServer(lambda asked, before: message("A", logprobs=first_token({"A": -0.1, "B": -3.0}))) as server:
        exec(compile(example.replace("http://127.0.0.1:8000/v1", server.url), PAGE, "exec"), names)
    found = names["found"]
    assert found.value == 1.0
    assert {key for key, part in found.parts.items() if part is not None} == {"factual", "relevance"}
    assert all(why.startswith("not asked: ") for why in found.missing.values())
    assert {one["chat_template_kwargs"]["enable_thinking"] for one in server.asked} == {False}
    assert (tmp_path / "replies.db").exists()
    assert "1.0 {" in capsys.readouterr().out


def test_the_example_of_an_episode_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = (block.code for block in blocks(PAGE) if block.file == "episode.py")
    with StubServer(lambda asked, before: message("A")) as server:
        exec(compile(example.replace("http://127.0.0.1:8000/v1", server.url), PAGE, "exec"), {})
    assert capsys.readouterr().out == "1.9 [1.0, 1.0]\n"


def test_the_page_names_every_option_and_every_path() -> None:
    options = {**judge_options.OPTIONS, **reward_options.OPTIONS, **reward_options.EPISODE_OPTIONS}
    options |= trainer_options.OPTIONS
    assert [name for name in options if f"--{name.replace('_', '-')}" not in TEXT] == []
    app = reward_app(EpisodeRewards(HybridReward(FunctionJudge(lambda prompt: "A"))))
    assert [route.path for route in app.routes if route.path not in TEXT] == []


@pytest.mark.parametrize(
    "names",
    [
        [*Case.model_fields],
        [field.name for field in fields(Reward)],
        [field.name for field in fields(HybridReward) if field.name not in ("judge", "weights")],
        [name for name in rewards.__all__ if name.endswith("Judge") and name != "Judge"],
    ],
)
def test_the_page_names_everything(names: list[str]) -> None:
    assert [name for name in names if f"`{name}`" not in TEXT and f"`{name}(" not in TEXT] == []
