"""ms-swift's own loader registers the plugin, and its GRPO takes the rewards."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged import BROKEN, CASE
from stub_server import StubServer

from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError

pytestmark = [pytest.mark.slow, pytest.mark.trainer]


@pytest.fixture
def plugin(doc: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """ms-swift's rewards after it has loaded the plugin of the docs."""
    from swift.rewards import orms
    from swift.utils import import_external_file

    doc("reward.yaml")
    doc("plugin.py")
    monkeypatch.setattr(sys, "path", [*sys.path])
    import_external_file(str(tmp_path / "plugin.py"))
    return orms


def samples(answers: list[str], **columns: list[Any]) -> list[Any]:
    from swift.rl_core.data import GRPOSample

    rows = []
    for row, answer in enumerate(answers):
        turns = [{"role": "user", "content": "a hotel?"}, {"role": "assistant", "content": answer}]
        rows.append({"messages": turns, "dataset": "a column of ms-swift", **{k: v[row] for k, v in columns.items()}})
    return [GRPOSample.from_row(row) for row in rows]


def scores(functions: list[Any], batch: list[Any]) -> Any:
    import torch
    from swift.rl_core.grpo_algorithm import score_completions

    return score_completions(batch, functions, [None] * len(functions), use_gym_env=False, device=torch.device("cpu"))


def test_it_is_registered(plugin: Any) -> None:
    assert {"recrm", *(f"recrm_{key}" for key in dimensions())} <= set(plugin)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_batch(plugin: Any, server: StubServer, as_json: bool) -> None:
    """The hybrid reward and its parts ask once about a batch."""
    functions = [plugin[name](args=None) for name in ("recrm", "recrm_instruction", "recrm_factual")]
    functions = pickle.loads(pickle.dumps(functions))
    answers = [f"Park Hotel number {i}." for i in range(4)]
    columns: dict[str, Any] = {name: [value] * 4 for name, value in CASE.items()}
    found = scores(functions, samples(answers, **({"case": [json.dumps(CASE)] * 4} if as_json else columns)))
    assert found.shape == (4, 3)
    assert found.isfinite().all()
    assert (found[:, 0] == found[:, 1:].mean(dim=1)).all()
    assert len(server.asked) == len(server.tries) == 8
    # What ms-swift's log calls them.
    assert [type(one).__name__ for one in functions] == ["RecRM", "RecRM_instruction", "RecRM_factual"]


@pytest.mark.parametrize("scale", ["group", "none", "gdpo"])
def test_what_the_judge_did_not_answer_does_not_train(plugin: Any, server: StubServer, scale: str) -> None:
    """Its advantage is 0 in ms-swift's own computation, and the others of the group have theirs."""
    import torch
    from swift.rl_core.advantage import compute_advantages

    names = ("recrm", "recrm_instruction", "recrm_factual", "recrm_failed")
    functions = [plugin[name](args=None) for name in names]
    evidence = [[BROKEN], *([f"e{i}"] for i in range(3)), *[[BROKEN]] * 4]
    columns = {name: [value] * 8 for name, value in CASE.items()}
    prompts = ["prompt_0"] * 4 + ["prompt_1"] * 4
    found = scores(functions, samples(["x"] * 8, **{**columns, "evidence": evidence, "prompt_id": prompts}))
    assert found[:, 3].tolist() == [1, 0, 0, 0, 1, 1, 1, 1]
    assert found[0, :3].tolist() == pytest.approx(found[1:4, :3].mean(dim=0).tolist())
    assert found[4:, :3].isnan().all()
    for weights in ([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0]):
        advantages, _ = compute_advantages(found, torch.tensor(weights), num_generations=4, scale_rewards=scale)
        assert advantages[[0, 4, 5, 6, 7]].abs().max() < 1e-6
        assert advantages.isfinite().all()


def test_bad_input(plugin: Any, doc: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecrmError, match="recrm_behavior: behavior is not one of the dimensions instruction, factual"):
        plugin["recrm_behavior"](args=None)
    function = plugin["recrm"](args=None)
    with pytest.raises(RecrmError, match="instruction asks about instruction, query, which no column"):
        scores([function], samples(["x"], evidence=[["e"]]))
    monkeypatch.delenv("RECRM_REWARD")
    with pytest.raises(RecrmError, match="no judge is declared: set RECRM_REWARD"):
        plugin["recrm"](args=None)
