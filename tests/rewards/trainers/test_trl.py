"""TRL's own GRPOTrainer takes the reward functions, trains with them and logs the parts."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged import BROKEN, CASE
from stub_server import StubServer

from recrm_tasks.rewards import CachedJudge, HybridReward, ServerJudge
from recrm_tasks.rewards.trainers.recrm_trl import hybrid_reward, part_rewards

pytestmark = [pytest.mark.slow, pytest.mark.trainer]

ROOT = Path(__file__).resolve().parents[3]
QUICK = {
    "max_steps": 2, "per_device_train_batch_size": 4, "num_generations": 4, "max_completion_length": 8, "bf16": False,
    "use_cpu": True, "logging_steps": 1, "save_strategy": "no", "report_to": "none", "disable_tqdm": True,
}  # fmt: skip
ROW = {**CASE, "solution": "not a field of a case"}
RUN: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 300}


def trained(policy: str, functions: Any, rows: list[dict[str, Any]], **options: Any) -> Any:
    """A trainer after two steps."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    args = GRPOConfig(output_dir="out", **{**QUICK, **options})
    trainer = GRPOTrainer(model=policy, reward_funcs=functions, args=args, train_dataset=Dataset.from_list(rows))
    trainer.train()
    return trainer


def steps(trainer: Any) -> list[dict[str, float]]:
    return [step for step in trainer.state.log_history if "reward" in step]


def hybrid(server: StubServer, **options: Any) -> HybridReward:
    judge = CachedJudge(ServerJudge("stub", server.url, retries=0))
    return HybridReward(judge, dimensions=["instruction", "factual"], on_error="none", **options)


@pytest.mark.parametrize("prompt", ["a hotel?", [{"role": "user", "content": "a hotel?"}]])
def test_one_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: StubServer, policy: str, prompt: Any
) -> None:
    """Texts and chat data; the parts are in the log and in the table of completions."""
    monkeypatch.chdir(tmp_path)
    function = pickle.loads(pickle.dumps(hybrid_reward(hybrid(server))))
    trainer = trained(policy, function, [{"prompt": prompt, **ROW}] * 4, log_completions=True)
    first, second = steps(trainer)
    for step in (first, second):
        assert step["rewards/recrm/mean"] == step["reward"]
        assert 0 <= step["recrm/instruction"] <= 1
        assert 0 <= step["recrm/factual"] <= 1
        assert step["recrm/missing/factual"] == step["recrm/empty"]
        assert step["recrm/failed"] == 0
    assert set(trainer._logs["extra"]) >= {"part instruction", "part factual"}
    # Gates alone: the share of those that hold.
    mean = (first["recrm/instruction"] + first["recrm/factual"]) / 2
    assert first["reward"] == pytest.approx(mean, abs=1e-6)
    assert len(server.asked) == len(server.tries)


def test_parts_that_trl_weights_and_normalises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: StubServer, policy: str
) -> None:
    monkeypatch.chdir(tmp_path)
    functions = pickle.loads(pickle.dumps(part_rewards(hybrid(server))))
    rows = [{"prompt": "a hotel?", **ROW}] * 4
    weights = {"reward_weights": [1.0, 3.0], "multi_objective_aggregation": "normalize_then_sum"}
    for step in steps(trained(policy, functions, rows, **weights)):
        assert step["rewards/recrm_instruction/mean"] == pytest.approx(step["recrm/instruction"])
        assert step["rewards/recrm_factual/mean"] == pytest.approx(step["recrm/factual"])
        expected = step["recrm/instruction"] + 3 * step["recrm/factual"]
        assert step["reward"] == pytest.approx(expected, abs=1e-5)
    assert len(server.asked) == len(server.tries)


@pytest.mark.parametrize("as_parts", [False, True])
def test_what_the_judge_did_not_answer_does_not_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: StubServer, policy: str, as_parts: bool
) -> None:
    """One of the two questions about each completion fails: all functions return None, and the step has no loss."""
    monkeypatch.chdir(tmp_path)
    functions = part_rewards(hybrid(server)) if as_parts else hybrid_reward(hybrid(server))
    trainer = trained(policy, functions, [{"prompt": "a hotel?", **ROW, "evidence": [BROKEN]}] * 4)
    for step in steps(trainer):
        assert step["recrm/failed"] == 1 - step["recrm/empty"] > 0
        if step["recrm/empty"] == 0:
            assert step["reward"] is None  # NaN, in transformers' log
            assert step["loss"] == 0
            assert step["grad_norm"] == 0


def test_the_example_of_the_docs(doc: Callable[..., str], policy: str, server: StubServer) -> None:
    quick = ", ".join(f"{name}={value!r}" for name, value in QUICK.items())
    code = doc("train.py", (r'"Qwen/Qwen3-0.6B"', repr(policy)), (r"GRPOConfig\(", f"GRPOConfig({quick}, "))
    names: dict[str, Any] = {}
    exec(compile(code, "train.py", "exec"), names)
    assert all("recrm/factual" in step for step in steps(names["trainer"]))
    assert {one["model"] for one in server.asked} == {"Qwen/Qwen3-8B"}


def test_the_function_for_the_command_line(doc: Callable[..., str], policy: str, tmp_path: Path) -> None:
    """`--reward_funcs` takes the name of a function; the judge is that of reward.yaml, the case a column of JSON."""
    doc("reward.yaml")
    (tmp_path / "data").mkdir()
    rows = [json.dumps({"prompt": "a hotel?", "case": json.dumps(CASE)})] * 4
    (tmp_path / "data" / "train.jsonl").write_text("\n".join(rows))
    words = ["--model_name_or_path", policy, "--dataset_name", "data", "--output_dir", "out", "--dtype", "float32"]
    words += ["--reward_funcs", "recrm_tasks.rewards.trainers.recrm_trl.recrm"]
    words += [word for name, value in QUICK.items() for word in (f"--{name}", str(value))]
    done = subprocess.run([sys.executable, "-m", "trl.scripts.grpo", *words], **RUN)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "'recrm/factual'" in done.stdout


def test_the_example_script(
    tmp_path: Path, trl_python: Path, monkeypatch: pytest.MonkeyPatch, policy: str, server: StubServer
) -> None:
    words = ["--policy", policy, "--url", server.url, "--model", "stub", "--steps", "2", "--tokens", "8", "--parts"]
    monkeypatch.chdir(tmp_path)
    done = subprocess.run([trl_python, str(ROOT / "examples" / "grpo_trl.py"), *words], **RUN)
    assert done.returncode == 0, done.stderr[-3000:]
    head, *rows = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    assert head == [
        "step", "reward", "reward_std", "instruction", "factual", "relevance", "behavior", "ranking", "failed", "empty",
    ]  # fmt: skip
    assert [row[0] for row in rows] == ["1", "2"]
    assert [row[head.index("failed")] for row in rows] == ["0.000", "0.000"]
