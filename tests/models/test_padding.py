"""The score of a text does not depend on the texts beside it, and is read where the model was trained to be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from marker_model import save
from random_models import ASKED, PADDINGS, VOCABULARY, WIDTH, saved, trained

from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.prompting import Backend, Options, load_questions

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

DECODERS = ["llama", "qwen2", "gpt2", "gpt_neox"]
ENCODERS = ["bert", "roberta"]
OTHERS = ["bart", "xlnet"]


def alone(model: Any, tokenizer: Any, asked: Asked, choice: str) -> float:
    """The score of one text by the model itself, without padding, read where the definition says."""
    content = asked.messages[0].content
    ids = tokenizer(f"{content}<end>{choice}<end>" if tokenizer.chat_template else content, add_special_tokens=False)
    if not tokenizer.chat_template:
        ids = tokenizer(content, choice)
    tokens = torch.tensor([ids["input_ids"]])
    backbone = getattr(model, model.base_model_prefix)
    with torch.inference_mode():
        if not hasattr(model, "score"):  # its head reads at a place that has nothing to do with padding
            return model(tokens).logits.item()
        scores = model.score(backbone(tokens).last_hidden_state)[0, :, 0].tolist()
    own, named = tokenizer.pad_token_id, model.config.pad_token_id
    skipped = own if own is not None and own < len(VOCABULARY) else named
    return next(score for score, token in zip(scores[::-1], ids["input_ids"][::-1], strict=True) if token != skipped)


def compared(folder: Path, architecture: str, padding: str, side: str, template: bool) -> None:
    """Our scores, in passes of every size, with those of each text alone."""
    name, tokenizer = saved(folder, architecture, padding, side, template)
    # RoBERTa numbers places from the config's padding token on, so what it is when loaded matters.
    itself = trained(architecture, WIDTH, 1)
    if architecture == "roberta":
        itself = transformers.AutoModelForSequenceClassification.from_pretrained(name).eval()
    expected = [[alone(itself, tokenizer, asked, choice) for choice in asked.choices] for asked in ASKED]
    assert len({round(score, 2) for scores in expected for score in scores}) > 6, "the texts must differ"
    model = RewardModel(name)
    for size, tokens in ((1, None), (3, None), (16, None), (None, 60)):
        model.classifier.batch_size, model.classifier.max_batch_tokens = size, tokens
        for ours, theirs in zip(model.rewards(ASKED)[0], expected, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-4), (side, template, size)


CASES = [
    (architecture, padding)
    for architecture in (*DECODERS, *ENCODERS)
    for padding, (_, named) in PADDINGS.items()
    if not (architecture == "roberta" and named is None)  # it cannot run without
]


@pytest.mark.parametrize("template", [True, False], ids=["chat", "pair"])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("architecture", "padding"), CASES)
def test_every_batch_size_gives_the_score_of_the_text_alone(
    architecture: str, padding: str, side: str, template: bool, tmp_path: Path
) -> None:
    compared(tmp_path, architecture, padding, side, template)


@pytest.mark.parametrize("padding", ["own", "config-with-another", "end"])
@pytest.mark.parametrize("architecture", OTHERS)
def test_models_that_read_elsewhere(architecture: str, padding: str, tmp_path: Path) -> None:
    """An encoder-decoder reads at the last end of the text, XLNet at the last place of the pass."""
    compared(tmp_path, architecture, padding, "left", False)


def test_the_prompts_of_a_dimension(tmp_path: Path) -> None:
    """Lists of candidates, with one text for each: real prompts, with letters that the tokenizer does not know."""
    prompts = list(load_questions("ranking", "logprob", Backend(), Options(data="sample", limit=5))[0])
    asked = [Asked(p.messages, p.choices, ()) for p in prompts]
    letters = save(tmp_path, ["reward"], {chr(65 + i): 26.0 - i for i in range(26)})
    one_by_one, tokens = RewardModel(letters, batch_size=1).rewards(asked)
    together, again = RewardModel(letters, batch_size=32).rewards(asked)
    assert tokens == again == [sum(len(p.messages[0].content) + 3 for _ in p.choices) for p in prompts]
    for left, right in zip(one_by_one, together, strict=True):
        assert left == pytest.approx(right, abs=1e-4)
