"""The score of a text does not depend on the texts beside it, and is read where the model was trained to be read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from marker_model import save

from recrm_tasks.answers.prompt import Message
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.prompting import Backend, Options, load_questions

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = "abcdefghijklmnopqrstuvwxyz §"
PAD, END, OTHER, FIRST = 1, 2, 3, 4
VOCABULARY = {"?": 0, "<pad>": PAD, "<end>": END, "<other>": OTHER, "<first>": FIRST}
VOCABULARY |= {word: i for i, word in enumerate(WORDS, len(VOCABULARY))}
TEMPLATE = "{% for m in messages %}{{ m.content }}<end>{% endfor %}"

DECODERS = ["llama", "qwen2", "gpt2", "gpt_neox"]
ENCODERS = ["bert", "roberta"]
OTHERS = ["bart", "xlnet"]
SIZES = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "max_position_embeddings": 256,
}  # fmt: skip
NAMED: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 256},
    "bart": {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
             "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
             "max_position_embeddings": 256},
    "xlnet": {"d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16},
}  # fmt: skip

# What the tokenizer names as padding, and what the model's config names.
PADDINGS = {
    "own": ("<pad>", PAD),
    "config-without": ("<pad>", None),
    "config-with-another": ("<pad>", OTHER),
    "config-with-the-end": ("<pad>", END),
    "a-letter-in-the-config": ("<pad>", VOCABULARY["e"]),
    "end": ("<end>", END),
    "end-and-config-without": ("<end>", None),
    "end-and-config-with-another": ("<end>", OTHER),
    "none": (None, None),
    "none-and-config-with-one": (None, OTHER),
    "none-and-config-with-the-end": (None, END),
    "none-and-config-minus-one": (None, -1),
    "without-an-embedding": ("<new>", None),
    "without-an-embedding-and-config-with-one": ("<new>", OTHER),
}
ASKED = [
    Asked((Message(role="user", content=text),), choices, ())
    for text, choices in [
        ("the quick brown fox", ("a", "bb", "e")),
        ("x", ("yes", "n")),
        ("jumps over the lazy dog and then sleeps for the rest of the day", ("the", "end")),
        ("e", ("e", "ee", "eee", "eeee", "eeeee")),
        ("one two three four", ("five", "six", "seven eight nine ten eleven")),
        ("zz", ("a", "b", "c")),
    ]
]


@cache
def trained(architecture: str) -> Any:
    """A model of random weights, large enough that each place of a text has another score."""
    torch.manual_seed(3)
    config = transformers.AutoConfig.for_model(
        architecture, vocab_size=len(VOCABULARY), num_labels=1, pad_token_id=PAD, eos_token_id=END,
        **NAMED.get(architecture, SIZES),
    )  # fmt: skip
    config.initializer_range = config.init_std = 0.6
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    for name, weights in model.named_parameters():
        if name in ("score.weight", "classifier.weight", "classifier.out_proj.weight"):
            torch.nn.init.normal_(weights)
    return model


def saved(folder: Path, architecture: str, padding: str, side: str, template: bool) -> tuple[str, Any]:
    """The folder of a model, and its tokenizer."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    core = Tokenizer(models.WordLevel(VOCABULARY, unk_token="?"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    if not template:
        core.post_processor = processors.TemplateProcessing(
            single="<first> $A <end>", pair="<first> $A <other> $B:1 <end>:1",
            special_tokens=[(name, VOCABULARY[name]) for name in ("<first>", "<other>", "<end>")],
        )  # fmt: skip
    own, named = PADDINGS[padding]
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, unk_token="?", pad_token=own, eos_token="<end>", padding_side=side
    )
    tokenizer.add_tokens(["<other>", "<first>"], special_tokens=True)
    if template:
        tokenizer.chat_template = TEMPLATE
    model = trained(architecture)
    model.config.pad_token_id = named
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # For some models transformers loads its own class of tokenizer, with its own idea of a padding token.
    return str(folder), transformers.AutoTokenizer.from_pretrained(folder)


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
    itself = trained(architecture)
    if architecture == "roberta":
        itself = transformers.AutoModelForSequenceClassification.from_pretrained(name).eval()
    expected = [[alone(itself, tokenizer, asked, choice) for choice in asked.choices] for asked in ASKED]
    assert len({round(score, 2) for scores in expected for score in scores}) > 6, "the texts must differ"
    model = RewardModel(name)
    for size in (1, 3, 16):
        model.batch_size = size
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
