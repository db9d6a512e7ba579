"""The scripts of examples/train train, and what they write is evaluated without a further argument.

`make train-demo` runs them with a real model; here the models are tiny.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from written_sets import made

from recrm_tasks.data import load
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.models.trained_as import trained_as
from recrm_tasks.training.content import content_of
from recrm_tasks.training.options import SetOptions

pytestmark = [pytest.mark.slow, pytest.mark.trainer]

QUICK = {
    "max_steps": 2, "per_device_train_batch_size": 2, "bf16": False, "use_cpu": True, "save_strategy": "no",
    "report_to": "none", "disable_tqdm": True,
}  # fmt: skip
SCRIPTS = Path(__file__).parents[3] / "examples" / "train"


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(trl_python: Path) -> Run:
    """Runs a script with arguments."""

    def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [trl_python, str(SCRIPTS / script), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    return run


def options(model: str | Path, folder: Path, out: Path, longest: int = 2048) -> list[str]:
    quick = [word for name, value in QUICK.items() for word in (f"--{name}", str(value))]
    named = {"model_name_or_path": model, "dataset_name": folder, "output_dir": out, "max_length": longest}
    return [*quick, *(word for name, value in named.items() for word in (f"--{name}", str(value)))]


def test_a_judge(tmp_path: Path, run: Run, source: str, model: str) -> None:
    import transformers

    made(tmp_path / "set", "trl", source, "factual", kind="sft", tokenizer=model)
    words = ["--config", str(SCRIPTS / "lora.yaml"), *options(model, tmp_path / "set", tmp_path / "out")]
    done = run("sft_trl.py", *words)
    assert done.returncode == 0, done.stderr[-3000:]
    # The adapter is merged: the weights are a language model's, and not those before.
    before, after = (transformers.AutoModelForCausalLM.from_pretrained(name) for name in (model, tmp_path / "out"))
    names = dict(before.named_parameters())
    assert [name for name, _ in after.named_parameters()] == list(names)
    assert any(not value.equal(names[name]) for name, value in after.named_parameters())
    cut = run("sft_trl.py", *words[:2], *options(model, tmp_path / "set", tmp_path / "cut", longest=64))
    assert cut.returncode == 1
    assert "take the --max_length that the export prints" in cut.stderr


@pytest.mark.parametrize("start", ["decoder", "adapter of a decoder", "encoder"])
def test_a_reward_model(tmp_path: Path, run: Run, source: str, model: str, start: str) -> None:
    made(tmp_path / "set", "trl", source, "factual", kind="pairs", pairs="content")
    if start == "encoder":
        small = ["--vocabulary", "300", "--hidden", "32", "--layers", "1"]
        done = run("encoder_from_scratch.py", str(tmp_path / "set"), str(tmp_path / "encoder"), *small)
        assert done.returncode == 0, done.stderr[-3000:]
        model = str(tmp_path / "encoder")
    lora = ["--config", str(SCRIPTS / "lora.yaml")] if start.startswith("adapter") else []
    done = run("pairs_trl.py", *lora, *options(model, tmp_path / "set", tmp_path / "out", longest=500))
    assert done.returncode == 0, done.stderr[-3000:]
    said = trained_as(str(tmp_path / "out"))
    assert said is not None
    assert (said.reads, list(said.prompt_versions)) == ("content", ["factual"])
    scored = RewardModel(str(tmp_path / "out"))
    held_out = load("factual", source, split="test")
    asked = [content_of(held_out, record, SetOptions("pairs", source)) for record in held_out.records()]
    scores, _ = scored.rewards([Asked(content.messages, content.texts, (), "content") for content in asked])
    assert [len(one) for one in scores] == [1] * len(asked)
    dropped = run("pairs_trl.py", *options(model, tmp_path / "set", tmp_path / "cut", longest=16))
    assert dropped.returncode == 1
    assert "raise --max_length" in dropped.stderr
