"""Llama decoders of one layer and eight dimensions whose weights are set by hand.

Attention looks at all tokens alike and hands on one number, how often a marker stands in the text, so that every
verdict is known before.
"""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

GOOD, BAD = "§", "¤"
"""Markers that stand in no prompt of ours."""
WIDTH = 8


def save(folder: Path, labels: list[str], words: dict[str, float], template: bool = True, pad: bool = True) -> str:
    """A model whose logit i is (-1)^i times the mean of the `words`' weights over the characters of the text.

    The words are single characters: a tokenizer that takes each for itself has no other tokens.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {"?": 0, "<pad>": 1, "<end>": 2, **{word: i for i, word in enumerate(words, 3)}}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, unk_token="?", pad_token="<pad>" if pad else None, eos_token="<end>"
    )
    if template:
        tokenizer.chat_template = "{% for m in messages %}{{ m.content }}<end>{% endfor %}"
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=WIDTH, intermediate_size=WIDTH, num_hidden_layers=1,
        num_attention_heads=1, num_key_value_heads=1, max_position_embeddings=20_000, num_labels=len(labels),
        id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)},
        pad_token_id=1 if pad else None, dtype="float32",
    )  # fmt: skip
    model = transformers.LlamaForSequenceClassification(config)
    layer, norms = model.model.layers[0], (model.model.norm, model.model.layers[0].input_layernorm)
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        for norm in (*norms, layer.post_attention_layernorm):
            norm.weight.fill_(1.0)
        # The first place is the same for all tokens and large, so that norms hardly change the second, which counts.
        model.model.embed_tokens.weight[:, 0] = 100.0
        for word, weight in words.items():
            model.model.embed_tokens.weight[vocabulary[word], 1] = weight
        # Queries and keys are zero: every token looks at all before it alike.
        layer.self_attn.v_proj.weight[1, 1] = 1.0
        layer.self_attn.o_proj.weight[2, 1] = 1000.0
        for i in range(len(labels)):
            model.score.weight[i, 2] = 1.0 if i % 2 == 0 else -1.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
