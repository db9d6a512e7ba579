"""Both harnesses read the same probability of every allowed answer from a real, tiny model, however unlikely it is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import lm_eval
import pytest
import torch
import transformers
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model
from lm_eval.tasks import TaskManager

from inspect_tasks import dimension_task
from inspect_tasks.logged_samples import read_answers
from inspect_tasks.logprobs import choice_logprobs
from recrm_tasks import lm_eval_tasks
from recrm_tasks.answers.kind import normalise
from recrm_tasks.dimensions import dimensions

pytestmark = pytest.mark.slow

LIMIT = 4
CLOSE = 1e-4
PLAIN = "{{ messages[0].content }}"


@pytest.fixture(scope="module", params=["chat", "plain"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bool]:
    """A folder with random weights, a token for every byte and for a letter after a space; if it has a template.

    The tokenizer begins texts with a start token, and so does the template, as those of Llama and Gemma do.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    chat = request.param == "chat"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    spaced = [f"Ġ{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    vocabulary = {token: i for i, token in enumerate([*alphabet, *spaced, "<end>", "<start>"])}
    core = Tokenizer(models.BPE(vocabulary, [("Ġ", token[1]) for token in spaced]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = [("<start>", vocabulary["<start>"])]
    core.post_processor = TemplateProcessing(single="<start> $A", special_tokens=special)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<end>", bos_token="<start>", pad_token="<end>"
    )
    if chat:
        tokenizer.chat_template = (
            "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}<go>\n"
        )
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=20_000, dtype="float32", initializer_range=1.0,
        eos_token_id=vocabulary["<end>"], bos_token_id=vocabulary["<start>"],
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model")
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder), chat


def by_lm_eval(folder: str, chat: bool, dimension: str) -> dict[str, list[float]]:
    options = {"recrm_data": "sample", "recrm_limit": LIMIT, **({} if chat else {"recrm_style": "completion"})}
    manager = TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent), include_defaults=False, metadata=options
    )
    name = f"recrm_{dimension}_logprob"
    done = lm_eval.simple_evaluate(
        "hf", model_args=f"pretrained={folder},dtype=float32,device=cpu", tasks=[name], task_manager=manager,
        apply_chat_template=chat, log_samples=True,
    )  # fmt: skip
    return {
        sample["doc"]["id"]: [float(logprob) for logprob, _ in sample["filtered_resps"]]
        for sample in done["samples"][name]
    }


def by_inspect(
    folder: str, chat: bool, dimension: str, log_dir: Path, max_tokens: int | None = None, **more: Any
) -> EvalLog:
    template = {} if chat else {"chat_template": PLAIN}
    model = get_model(f"hf/{folder}", device="cpu", dtype=torch.float32, memoize=False, **template)
    style = {} if chat else {"style": "completion"}
    task = dimension_task(dimension, data="sample", **{"answer": "logprob", "limit": LIMIT, **style, **more})
    (log,) = inspect_eval(
        task, model=model, log_dir=str(log_dir), display="none", max_connections=LIMIT, max_tokens=max_tokens
    )
    assert log.status == "success", log.error
    return log


@pytest.mark.parametrize("dimension", dimensions())
def test_inspect_reads_every_probability_that_lm_eval_reads(
    dimension: str, model: tuple[str, bool], tmp_path: Path
) -> None:
    log = by_inspect(*model, dimension, tmp_path)
    assert "unseen" not in log.results.scores[0].metrics
    assert log.results.scores[0].metrics["coverage"].value == 1
    theirs = by_lm_eval(*model, dimension)
    assert {sample.id for sample in log.samples} == theirs.keys()
    outside = 0
    for sample in log.samples:
        choices, tokens = [*sample.metadata["reading"]["choices"]], sample.metadata["answer_tokens"]
        assert tokens == [choice if model[1] else f"Ġ{choice}" for choice in choices]
        ours = choice_logprobs(sample.output, choices, tokens)
        for p, q in zip(normalise(ours), normalise(theirs[sample.id]), strict=True):
            assert math.isclose(p, q, abs_tol=CLOSE)
        alternatives = sample.output.choices[0].logprobs.content[0].top_logprobs
        # What is logged stays small: the most likely tokens, and the allowed ones.
        assert 20 <= len(alternatives) <= 20 + len(choices)
        outside += len(alternatives) - 20
    assert outside > 0  # some allowed answers are not among the most likely tokens: what this is about
    (answers,) = read_answers(next(tmp_path.glob("*.eval")), max_texts=LIMIT)
    assert answers.unseen == []
    assert "-inf" not in "".join(kept.said for kept in answers.kept)


def test_a_prompt_has_one_start_token(model: tuple[str, bool], tmp_path: Path) -> None:
    folder, chat = model
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    logs = [
        by_inspect(folder, chat, "factual", tmp_path, answer=mode, max_tokens=2) for mode in ("generate", "logprob")
    ]
    for sample in (sample for log in logs for sample in log.samples):
        turns = [{"role": turn.role, "content": turn.text} for turn in sample.messages if turn.role != "assistant"]
        text = tokenizer.apply_chat_template(turns, tokenize=False) if chat else turns[0]["content"]
        ids = tokenizer.encode(text, add_special_tokens=not chat)
        assert ids.count(tokenizer.bos_token_id) == 1
        # Without the padding of a batch.
        assert sample.output.usage.input_tokens == len(ids)
        written = tokenizer.encode(sample.output.completion, add_special_tokens=False)
        wanted = len(written) if sample.metadata["mode"] == "generate" else 1
        assert sample.output.usage.output_tokens == wanted


def test_thinking_tokens_have_all_alternatives_too(model: tuple[str, bool], tmp_path: Path) -> None:
    log = by_inspect(*model, "behavior", tmp_path, thinking=3)
    content = log.samples[0].output.choices[0].logprobs.content
    assert 1 < len(content) <= 4
    tokens = set(log.samples[0].metadata["answer_tokens"])
    assert all(tokens <= {one.token for one in position.top_logprobs} for position in content)
