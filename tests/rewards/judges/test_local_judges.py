"""Models in this process as judges: reward models, and language models of transformers."""

from __future__ import annotations

import asyncio
import os
import pickle
import re
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from marker_model import BAD, GOOD, save

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.rewards import Case, HybridReward
from recrm_tasks.rewards.judges.reward_model_judge import RewardModelJudge
from recrm_tasks.rewards.judges.transformers_judge import TransformersJudge

MODEL = os.environ.get("RECRM_TEST_MODEL")
real = pytest.mark.skipif(not MODEL, reason="RECRM_TEST_MODEL does not name the folder of a chat model")


def ask(judge: Any, prompts: list[Prompt]) -> list[Any]:
    return asyncio.run(judge.ask(prompts))


def sample(mode: Mode, count: int = 3) -> dict[str, list[Prompt]]:
    """Prompts of each dimension."""
    return {key: list(islice(load(key, "sample").prompts(mode), count)) for key in dimensions()}


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A scalar model that likes early letters of the alphabet."""
    return save(tmp_path_factory.mktemp("letters"), ["reward"], {chr(65 + i): 26.0 - i for i in range(26)})


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A classifier of behavior without names: LABEL_0 if a text has the bad marker, LABEL_1 for the good one."""
    return save(tmp_path_factory.mktemp("classes"), ["LABEL_0", "LABEL_1"], {BAD: 1.0, GOOD: -1.0})


def test_rewards_are_those_of_recrm_rm(letters: str) -> None:
    judge = RewardModelJudge(letters)
    model = RewardModel(letters, batch_size=16)
    heard = {}
    for key, prompts in sample("logprob").items():
        kind = dimensions()[key].kind
        replies = asyncio.run(judge.ask(prompts, heard.__setitem__))
        rewards, tokens = model.rewards([Asked(p.messages, p.choices, kind.class_names(p)) for p in prompts])
        assert [list(reply.said) for reply in replies] == rewards
        assert [reply.tokens_in for reply in replies] == tokens
        assert heard == dict(enumerate(replies))


def test_a_classifier_of_behavior(classes: str) -> None:
    reward = HybridReward(RewardModelJudge(classes), dimensions=["behavior"])
    good, bad = (Case(items=(mark * 500,), history=("x",), context="y", profile="z") for mark in (GOOD, BAD))
    values = [found.value for found in reward([good, bad])]
    assert values[0] > 0.5 > values[1]


def test_what_a_reward_model_cannot_be_asked_is_the_error_of_its_reply(letters: str, classes: str) -> None:
    """A text that is too long fails alone; a list has no classes."""
    judge = RewardModelJudge(letters, max_length=3000)
    cases = [Case(query=query, items=("Park Hotel",)) for query in ("a", "b" * 3000, "c")]
    first, long, last = HybridReward(judge, dimensions=["relevance"], on_error="none")(cases)
    assert first.error is last.error is None
    assert "takes at most 3000" in (long.error or "")
    (reply,) = ask(RewardModelJudge(classes), sample("logprob", 1)["ranking"])
    assert "candidates of a list are not classes" in (reply.error or "")


def test_a_reward_model_pickles_without_its_weights(letters: str) -> None:
    judge = RewardModelJudge(letters, max_length=5000)
    pickled = pickle.dumps(judge)
    assert len(pickled) < 1000
    prompts = sample("logprob", 1)["relevance"]
    assert ask(pickle.loads(pickled), prompts) == ask(judge, prompts)
    assert judge.name == f"{letters}, max_length=5000"


def test_no_model(tmp_path: Path, plain_byte_tokenizer: str) -> None:
    with pytest.raises(RecrmError, match="no reward model at"):
        RewardModelJudge(str(tmp_path))
    with pytest.raises(RecrmError, match="no tokenizer at"):
        TransformersJudge(str(tmp_path))
    with pytest.raises(RecrmError, match="has no chat template"):
        TransformersJudge(plain_byte_tokenizer)
    with pytest.raises(RecrmError, match="mode must be one of"):
        TransformersJudge(str(tmp_path), mode="best")  # type: ignore[arg-type]
    with pytest.raises(RecrmError, match="batch_size must be a whole number from 1"):
        TransformersJudge(str(tmp_path), batch_size=0)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, byte_tokenizer: str) -> str:
    """A random decoder whose tokens are bytes."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    tokenizer = AutoTokenizer.from_pretrained(byte_tokenizer)
    tokenizer.add_special_tokens({"eos_token": "<end>"})
    config = LlamaConfig(**sizes, vocab_size=len(tokenizer), max_position_embeddings=8192, eos_token_id=256)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_batch_answers_as_one_by_one(tiny: str) -> None:
    """Padding changes nothing; places and tokens are right."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    prompts = [prompt for of_one in sample("logprob", 2).values() for prompt in of_one]
    together = ask(TransformersJudge(tiny, "logprob", batch_size=16), prompts)
    alone = ask(TransformersJudge(tiny, "logprob", batch_size=1), prompts)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny), AutoTokenizer.from_pretrained(tiny)
    for prompt, one, other in zip(prompts, together, alone, strict=True):
        assert one.said == pytest.approx(other.said, abs=1e-4)
        # As lm-eval: the prompt and the answer in one text.
        turns = [turn.model_dump() for turn in prompt.messages]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        ids = torch.tensor([tokenizer.encode(text + prompt.choices[-1], add_special_tokens=False)])
        with torch.inference_mode():
            expected = torch.log_softmax(model(ids).logits[0, -2].float(), -1)[ids[0, -1]]
        assert other.said[-1] == pytest.approx(float(expected), abs=1e-4)
        assert one.tokens_in == ids.shape[1] - 1


def test_generated_answers(tiny: str) -> None:
    judge = TransformersJudge(tiny, max_tokens=5)
    prompts = sample("generate", 2)["relevance"]
    replies = ask(judge, prompts)
    assert replies == ask(pickle.loads(pickle.dumps(judge)), prompts)
    assert all(isinstance(reply.said, str) and 1 <= reply.tokens_out <= 5 for reply in replies)
    assert judge.name == f"{tiny}, max_tokens=5"


THINKS = "{{ messages[-1].content }}</>{% if enable_thinking is not defined %}<think>\n{% endif %}"
"""A chat template that opens thinking unless it is switched off."""


def test_log_probabilities_within_thinking_are_refused(tiny: str) -> None:
    prompts = sample("logprob", 2)["factual"]
    template = {"chat_template": THINKS}
    for reply in ask(TransformersJudge(tiny, "logprob", template=template), prompts):
        assert reply.said is None
        assert f"{tiny}: the prompt ends with <think> open, so the log-probabilities" in (reply.error or "")
        assert 'template={"enable_thinking": False}' in (reply.error or "")
    template["enable_thinking"] = False
    assert all(reply.said for reply in ask(TransformersJudge(tiny, "logprob", template=template), prompts))


@pytest.mark.parametrize(("template", "why"), [(THINKS, "truncated"), (THINKS.replace("think>\n", "/think>"), None)])
def test_thoughts_that_the_chat_template_opened(
    tiny: str, template: str, why: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off, letters within them are no answer."""
    judge = TransformersJudge(tiny, max_tokens=4, template={"chat_template": template})
    with judge._loaded.used() as loaded:
        monkeypatch.setattr(loaded.tokenizer, "decode", lambda ids, **_: "The answer is A.\nI should also verify the")
    case = Case(query="q", evidence=("e",), response="r")
    (found,) = HybridReward(judge, dimensions=["factual"])([case])
    assert found.missing.get("factual") == (f"unreadable: 1, {why}" if why else None)


@pytest.mark.parametrize("mode", ["generate", "logprob"])
def test_a_prompt_that_is_longer_than_the_context(tiny: str, mode: Mode) -> None:
    """It fails alone: a model that goes on would answer nonsense."""
    judge = TransformersJudge(tiny, mode, batch_size=4, max_tokens=2)
    cases = [Case(query=query, items=("Park Hotel",)) for query in ("a", "b" * 9000, "c")]
    first, long, last = HybridReward(judge, dimensions=["relevance"], on_error="none")(cases)
    assert first.error is last.error is None
    assert re.fullmatch(rf"{tiny}: a prompt has \d+ tokens, and the model takes 8192 with the answer", long.error or "")


def test_an_answer_of_several_tokens(tiny: str) -> None:
    prompt = sample("logprob", 1)["relevance"][0]._replace(choices=("A", "27"))
    (reply,) = ask(TransformersJudge(tiny, "logprob"), [prompt])
    assert "'27' is not one token" in (reply.error or "")


@real
@pytest.mark.slow
def test_an_answer_follows_a_text_that_is_passed_on_with_a_space() -> None:
    """As in lm-eval and Inspect: the token is ` A`."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    prompt = sample("logprob", 1)["relevance"][0]
    judge = TransformersJudge(
        str(MODEL), "logprob", dtype="float32", template={"chat_template": "{{messages[0].content}}"}
    )
    (reply,) = ask(judge, [prompt])
    model = AutoModelForCausalLM.from_pretrained(str(MODEL), dtype=torch.float32)
    ids = AutoTokenizer.from_pretrained(str(MODEL))(f"{prompt.messages[0].content} A", return_tensors="pt").input_ids
    with torch.inference_mode():
        expected = torch.log_softmax(model(ids).logits[0, -2], -1)[ids[0, -1]]
    assert reply.said[0] == pytest.approx(float(expected), abs=1e-4)


@real
@pytest.mark.slow
def test_a_real_model_judges_a_case() -> None:
    """In both modes; it is too small to answer well."""
    case = Case(query="a quiet hotel near the station", items=("Park Hotel, 5 minutes from the station",))
    for mode in ("generate", "logprob"):
        judge = TransformersJudge(str(MODEL), mode, dtype="float32", max_tokens=24)
        (reward,) = HybridReward(judge, dimensions=["relevance"], missing="zero")([case])
        assert reward.value is not None
        assert reward.error is None
        assert reward.tokens_in > 100
        if mode == "logprob":
            assert not reward.missing
