"""Adapters (PEFT) of reward models: made with PEFT itself, saved, and loaded by both harnesses' models."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import peft
import pytest
from marker_model import save

from recrm_tasks.answers.prompt import Message
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.prompting.tokens import Tokens, context_of

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

ASKED = [Asked((Message(role="user", content=text),), ("A", "B", "AB"), ()) for text in ("A", "BBA", "ABABABBBAB")]
WORDS = {"A": 1.0, "B": -1.0}


def base_model(folder: Path, head: bool = False, tokenizer: bool = True) -> str:
    """A language model without a head, or a reward model."""
    save(folder, ["reward"], WORDS)
    if not head:
        config = transformers.LlamaConfig.from_pretrained(folder)
        config.pad_token_id = None
        transformers.set_seed(1)
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
    if not tokenizer:
        for file in folder.glob("tokenizer*"):
            file.unlink()
    return str(folder)


def adapter(folder: Path, base: str, labels: int = 1, tokenizer: str | None = None, **settings: Any) -> Any:
    """Saves an adapter of random weights with a trained head, and returns the model in memory."""
    transformers.set_seed(2)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=labels, ignore_mismatched_sizes=True
    )
    config = peft.LoraConfig(**{"task_type": "SEQ_CLS", "r": 2, "target_modules": ["q_proj", "v_proj"], **settings})
    adapted = peft.get_peft_model(model, config)
    with torch.no_grad():
        for name, weights in adapted.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                weights.normal_(std=0.5)
    adapted.save_pretrained(folder)
    if tokenizer:
        for file in Path(tokenizer).glob("*token*"):
            shutil.copy(file, folder)
        for file in Path(tokenizer).glob("*.jinja"):
            shutil.copy(file, folder)
    return adapted.eval()


def in_memory(model: Any, tokenizer: Any, labels: int = 1) -> list[list[float]]:
    """The rewards of the texts, one by one, by the model that was saved."""
    rewards = []
    with torch.inference_mode():
        for asked in ASKED:
            texts = [f"{asked.messages[0].content}<end>{choice}<end>" for choice in asked.choices]
            ids = [torch.tensor([tokenizer(text)["input_ids"]]) for text in texts]
            rewards.append([model(one).logits[0, 0].item() for one in ids])
    return rewards


@pytest.mark.parametrize("saved_with", ["the adapter", "the base"])
def test_an_adapter_and_its_head_are_loaded(saved_with: str, tmp_path: Path) -> None:
    """The base is a language model: it has no head, and its config no padding token."""
    full = base_model(tmp_path / "full")
    base = base_model(tmp_path / "base", tokenizer=saved_with == "the base")
    model = adapter(tmp_path / "adapter", base, tokenizer=full if saved_with == "the adapter" else None)
    expected = in_memory(model, transformers.AutoTokenizer.from_pretrained(full))
    assert expected[0][0] != pytest.approx(expected[0][1], abs=1e-3)
    for size in (1, 3, 16):
        rewards, _ = RewardModel(str(tmp_path / "adapter"), batch_size=size).rewards(ASKED)
        for ours, theirs in zip(rewards, expected, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-4)


def test_an_adapter_of_a_reward_model_without_a_head_of_its_own(tmp_path: Path) -> None:
    base = base_model(tmp_path / "base", head=True)
    model = adapter(tmp_path / "adapter", base, task_type=None)
    assert not [name for name in peft.utils.load_peft_weights(str(tmp_path / "adapter")) if "score" in name]
    expected = in_memory(model, transformers.AutoTokenizer.from_pretrained(base))
    rewards, _ = RewardModel(str(tmp_path / "adapter"), batch_size=4).rewards(ASKED)
    for ours, theirs in zip(rewards, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


def test_the_number_of_classes_is_that_of_the_adapters_head(tmp_path: Path) -> None:
    adapter(tmp_path / "adapter", base_model(tmp_path / "base", head=True), labels=3)
    model = RewardModel(str(tmp_path / "adapter"), classes=["x", "y", "z"])
    question = Asked((Message(role="user", content="A"),), ("A", "B", "C"), (("z",), ("x",), ("y",)))
    ((first, second, third),), _ = model.rewards([question])
    assert len({first, second, third}) == 3


def test_an_encoders_head_of_two_layers(tmp_path: Path) -> None:
    """RoBERTa's has a square layer and then the one of the labels; PEFT saves both."""
    save(tmp_path / "base", ["reward"], WORDS)
    config = transformers.RobertaConfig(
        vocab_size=5, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        max_position_embeddings=64, pad_token_id=1,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(tmp_path / "base")
    base = str(tmp_path / "base")
    model = adapter(tmp_path / "adapter", base, target_modules=["query", "value"])
    expected = in_memory(model, transformers.AutoTokenizer.from_pretrained(base))
    rewards, _ = RewardModel(str(tmp_path / "adapter"), batch_size=16).rewards(ASKED)
    for ours, theirs in zip(rewards, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("trained", [None, ["embed_tokens"]])
def test_tokens_that_were_added_in_training(trained: list[str] | None, tmp_path: Path) -> None:
    """A padding token was added, the embeddings were resized, and PEFT saved them with the adapter."""
    base = base_model(tmp_path / "base")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    model.resize_token_embeddings(6)
    config = peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["q_proj"], modules_to_save=trained)
    adapted = peft.get_peft_model(model, config).eval()
    adapted.save_pretrained(tmp_path / "adapter")
    expected = in_memory(adapted, transformers.AutoTokenizer.from_pretrained(base))
    rewards, _ = RewardModel(str(tmp_path / "adapter"), batch_size=16).rewards(ASKED)
    for ours, theirs in zip(rewards, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


def test_prompts_are_measured_with_the_base(tmp_path: Path) -> None:
    """The adapter has neither a tokenizer nor the config with the context."""
    base = base_model(tmp_path / "base")
    adapter(tmp_path / "adapter", base)
    assert context_of(str(tmp_path / "adapter")) == context_of(base) == 20_000
    assert Tokens(str(tmp_path / "adapter")).of_text("AB") == Tokens(base).of_text("AB")


def test_lm_evals_tasks_and_inspects_take_an_adapter(tmp_path: Path) -> None:
    import lm_eval
    from inspect_ai import eval as inspect_eval
    from inspect_ai.model import get_model
    from lm_eval.tasks import TaskManager

    from inspect_tasks import dimension_task
    from recrm_tasks import lm_eval_tasks
    from recrm_tasks.lm_eval_tasks.results_file import numbers_of

    adapter(tmp_path / "adapter", base_model(tmp_path / "base"))
    path = str(tmp_path / "adapter")
    manager = TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": "sample", "recrm_limit": 4, "pretrained": path},
    )
    done = lm_eval.simple_evaluate(
        "recrm-rm", model_args={"pretrained": path}, tasks=["recrm_factual_logprob"], task_manager=manager
    )
    model = get_model(f"recrm-rm/{path}", batch_size=4, memoize=False)
    task = dimension_task("factual", data="sample", answer="logprob", limit=4)
    (log,) = inspect_eval(task, model=model, log_dir=str(tmp_path), display="none")
    assert log.status == "success", log.error
    ours = log.results.scores[0].metrics
    assert ours["acc"].value == numbers_of(done, "recrm_factual_logprob")["acc"]
    assert ours["n"].value == 4


@pytest.mark.parametrize("gone", ["/nowhere/base", "someone/some-base"])
def test_a_missing_base_is_reported(gone: str, tmp_path: Path) -> None:
    base = base_model(tmp_path / "base")
    adapter(tmp_path / "adapter", base)
    config = tmp_path / "adapter" / "adapter_config.json"
    config.write_text(config.read_text().replace(base, gone))
    with pytest.raises(
        RecrmError,
        match=rf"adapter' is an adapter of '{gone}', which cannot be loaded: .+\. Download it first \(hf download "
        rf"{gone}\), or give its folder as base_model_name_or_path in .*adapter_config\.json",
    ) as error:
        RewardModel(str(tmp_path / "adapter"))
    assert "\n" not in str(error.value)


def test_adapters_that_cannot_be_used_are_reported(tmp_path: Path) -> None:
    base = base_model(tmp_path / "base")
    folder = tmp_path / "adapter"
    adapter(folder, base)
    config = folder / "adapter_config.json"
    good = json.loads(config.read_text())

    def refused(message: str, **changes: Any) -> None:
        config.write_text(json.dumps({**good, **changes}))
        with pytest.raises(RecrmError, match=message) as error:
            RewardModel(str(folder))
        assert "\n" not in str(error.value)

    refused("names no base model: base_model_name_or_path is missing", base_model_name_or_path=None)
    refused("is an adapter that cannot be read: ", peft_type="NEWER")
    refused("does not fit .*base': ", target_modules=["no_such"])
    refused(
        "does not fit .*base': as a classifier it has no place for .*v_proj.* and 1 more", target_modules=["q_proj"]
    )
    refused("does not fit .*base': as a classifier it misses .*o_proj", target_modules=["q_proj", "v_proj", "o_proj"])
    refused("does not fit .*base': ", r=3)
    config.write_text("{")
    with pytest.raises(RecrmError, match="names no base model"):
        RewardModel(str(folder))
    config.write_text(json.dumps(good))
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    with pytest.raises(RecrmError, match="is an adapter that cannot be read: "):
        RewardModel(str(folder))
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(RecrmError, match="is an adapter that cannot be read: "):
        RewardModel(str(folder))


def test_an_adapter_of_a_language_model_is_no_reward_model(tmp_path: Path) -> None:
    base = base_model(tmp_path / "base")
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj"])
    peft.get_peft_model(model, config).save_pretrained(tmp_path / "adapter")
    with pytest.raises(RecrmError, match=r"adapter' is not a trained reward model: it has no score\.weight"):
        RewardModel(str(tmp_path / "adapter"))


def test_adapters_that_add_tokens_are_refused(tmp_path: Path) -> None:
    base = base_model(tmp_path / "base")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    config = peft.PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2)
    peft.get_peft_model(model, config).save_pretrained(tmp_path / "adapter")
    with pytest.raises(
        RecrmError, match="of the kind PROMPT_TUNING, which adds tokens to the text: only adapters of w"
    ):
        RewardModel(str(tmp_path / "adapter"))


def test_peft_is_needed_only_for_adapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter(tmp_path / "adapter", base_model(tmp_path / "base"))
    for name in ("peft", "peft.utils"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RecrmError, match=r"is an adapter, which needs peft: pip install 'recrm-tasks\[peft\]'"):
        RewardModel(str(tmp_path / "adapter"))
    RewardModel(save(tmp_path / "full", ["reward"], WORDS))


def test_an_adapters_config_says_how_it_was_trained(tmp_path: Path) -> None:
    """PEFT leaves the entry alone, and the classes need no argument."""
    from recrm_tasks.models.trained_as import write_trained_as

    base = base_model(tmp_path / "base")
    adapter(tmp_path / "adapter", base, labels=2, tokenizer=base)
    write_trained_as(tmp_path / "adapter", "letters", ["factual"], classes=["A", "B"])
    asked = [one._replace(choices=("A", "B"), names=(("consistent",), ("inconsistent",))) for one in ASKED]
    named = RewardModel(str(tmp_path / "adapter"))
    given = RewardModel(str(tmp_path / "adapter"), classes=["consistent", "inconsistent"])
    assert named.rewards(asked) == given.rewards(asked)
    adapter(tmp_path / "scalar", base, tokenizer=base)
    write_trained_as(tmp_path / "scalar", "content", ["factual"])
    model = RewardModel(str(tmp_path / "scalar"))
    assert model.reads == "content"
    assert len(model.rewards([one._replace(reads="content") for one in ASKED])[0][0]) == 3
