"""Small models of random weights, of many architectures, whose score differs at each place of a text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.answers.prompt import Message
from recrm_tasks.models.reward_model import Asked

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = "abcdefghijklmnopqrstuvwxyz §"
PAD, END, OTHER, FIRST = 1, 2, 3, 4
VOCABULARY = {"?": 0, "<pad>": PAD, "<end>": END, "<other>": OTHER, "<first>": FIRST}
VOCABULARY |= {word: i for i, word in enumerate(WORDS, len(VOCABULARY))}
TEMPLATE = "{% for m in messages %}{{ m.content }}<end>{% endfor %}"

WIDTH = 16
SIZES = {
    "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
    "max_position_embeddings": 256,
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
def trained(architecture: str, width: int, labels: int) -> Any:
    """A model of random weights, large enough that each place of a text has another score.

    Args:
        architecture: transformers' name (`model_type`).
        width: of the hidden states, where the architecture has no sizes of its own here. vLLM needs 64.
        labels: the number of logits.
    """
    torch.manual_seed(3)
    config = transformers.AutoConfig.for_model(
        architecture, vocab_size=len(VOCABULARY), num_labels=labels, pad_token_id=PAD, eos_token_id=END,
        **NAMED.get(architecture, {**SIZES, "hidden_size": width}),
    )  # fmt: skip
    config.initializer_range = config.init_std = 0.6
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    for name, weights in model.named_parameters():
        if name in ("score.weight", "classifier.weight", "classifier.out_proj.weight"):
            torch.nn.init.normal_(weights)
    return model


def saved(
    folder: Path,
    architecture: str,
    padding: str,
    side: str,
    template: bool,
    width: int = WIDTH,
    labels: int = 1,
    types: bool = False,
) -> tuple[str, Any]:
    """The folder of a model, and its tokenizer.

    Args:
        folder: where to save them.
        architecture: see `trained`.
        padding: one of `PADDINGS`.
        side: of the padding, in the tokenizer.
        template: whether the tokenizer has a chat template; else two turns are a pair of texts.
        width: see `trained`.
        labels: see `trained`.
        types: whether the tokenizer marks the second text of a pair.
    """
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
        tokenizer_object=core, unk_token="?", pad_token=own, eos_token="<end>", padding_side=side,
        model_input_names=["input_ids", *(["token_type_ids"] if types else []), "attention_mask"],
    )  # fmt: skip
    tokenizer.add_tokens(["<other>", "<first>"], special_tokens=True)
    if template:
        tokenizer.chat_template = TEMPLATE
    model = trained(architecture, width, labels)
    model.config.pad_token_id = named
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # For some models transformers loads its own class of tokenizer, with its own idea of a padding token.
    return str(folder), transformers.AutoTokenizer.from_pretrained(folder)
