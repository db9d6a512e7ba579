"""Which heads vLLM is trusted with, and the tokens that it gets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recrm_tasks.errors import RecrmError

transformers = pytest.importorskip("transformers")

from recrm_tasks.models.pooling_heads import Head, PooledTexts, config_of, head_of  # noqa: E402


def config(name: str, kind: str = "llama", **fields: Any) -> Any:
    """A config of that class."""
    return transformers.AutoConfig.for_model(kind, architectures=[name], vocab_size=10, **fields)


def tokenizer(padding: int | None) -> Any:
    """A tokenizer, as far as it is needed here."""
    return SimpleNamespace(pad_token_id=padding)


def texts(padding: int | None, of_config: int | None = None, name: str = "Llama", kind: str = "llama") -> PooledTexts:
    """Of a model with that padding."""
    return PooledTexts(
        "m", config(f"{name}ForSequenceClassification", kind, pad_token_id=of_config), tokenizer(padding)
    )


@pytest.mark.parametrize(
    ("name", "kind", "fields", "head"),
    [
        ("Llama", "llama", {}, Head("LAST", False, False)),
        ("Qwen3", "qwen3", {}, Head("LAST", False, False)),
        ("Bert", "bert", {}, Head("CLS", True, False)),
        ("XLMRoberta", "xlm-roberta", {}, Head("CLS", True, True)),
        ("ModernBert", "modernbert", {"classifier_pooling": "cls"}, Head("CLS", False, False)),
        ("ModernBert", "modernbert", {"classifier_pooling": "mean"}, Head("MEAN", False, False)),
    ],
)
def test_heads_that_are_known(name: str, kind: str, fields: dict[str, Any], head: Head) -> None:
    assert head_of("m", config(f"{name}ForSequenceClassification", kind, **fields)) == head


@pytest.mark.parametrize(
    ("name", "kind", "fields", "why"),
    [
        # vLLM has no class for these, and would read a decoder's first token or an encoder's head in its own way.
        ("Helium", "helium", {}, "compute the head of HeliumForSequenceClassification as"),
        ("DebertaV2", "deberta-v2", {}, "compute the head of DebertaV2ForSequenceClassification as"),
        ("XLNet", "xlnet", {}, "compute the head of XLNetForSequenceClassification as"),
        # It would make a head of the language model's weights.
        ("Qwen3", "qwen3", {"classifier_from_token": ["no", "yes"]}, "with such a config as"),
        ("Llama", "llama", {"method": "from_2_way_softmax"}, "with such a config as"),
        # It would let each token see all others.
        ("Llama", "llama", {"is_causal": False}, "with such a config as"),
    ],
)
def test_heads_that_are_not(name: str, kind: str, fields: dict[str, Any], why: str) -> None:
    with pytest.raises(RecrmError, match=f"{why}.*so its numbers could be wrong: use engine=hf") as error:
        head_of("m", config(f"{name}ForSequenceClassification", kind, **fields))
    assert "\n" not in str(error.value)


def test_a_language_model_is_no_reward_model() -> None:
    with pytest.raises(RecrmError, match=r"'m' is not a reward model: its config names LlamaForCausalLM, not a class"):
        head_of("m", config("LlamaForCausalLM"))
    with pytest.raises(RecrmError, match="its config names no architecture"):
        head_of("m", transformers.LlamaConfig())


def test_no_model_and_an_adapter(tmp_path: Path) -> None:
    with pytest.raises(RecrmError, match="no reward model at '/nowhere'"):
        config_of("/nowhere", {})
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "base"}', encoding="utf-8")
    with pytest.raises(RecrmError, match="is an adapter, whose head vLLM does not load: merge it"):
        config_of(str(tmp_path), {})


@pytest.mark.parametrize(
    ("padding", "of_config", "ids", "sent"),
    [
        (1, 1, [5, 6, 2], [5, 6, 2]),
        (2, None, [5, 6, 2], [5, 6]),  # the padding token ends each text: the one before it is read
        (2, 1, [5, 2, 2], [5]),
        (1, 2, [5, 6, 2], [5, 6, 2]),  # the tokenizer's own, not the config's
        (None, 2, [5, 6, 2], [5, 6]),
        (None, None, [5, 6, 2], [5, 6, 2]),
        (12, 2, [5, 6, 2], [5, 6]),  # 12 has no embedding
        (None, -1, [5, 2], [5, 2]),
        (2, 2, [2, 2], [2]),  # nothing else: the first is read
        (2, 2, [7], [7]),
    ],
)
def test_a_decoder_gets_what_is_before_the_padding(
    padding: int | None, of_config: int | None, ids: list[int], sent: list[int]
) -> None:
    assert texts(padding, of_config).ids({"input_ids": ids}) == sent


def test_an_encoder_gets_every_token() -> None:
    bert = texts(2, 2, "Bert", "bert")
    assert bert.ids({"input_ids": [4, 5, 2]}) == [4, 5, 2]
    roberta = texts(2, 1, "XLMRoberta", "xlm-roberta")
    assert roberta.ids({"input_ids": [4, 5, 2]}) == [4, 5, 2]
    with pytest.raises(RecrmError, match="contains the padding token, which this model gives no position"):
        roberta.ids({"input_ids": [4, 1, 5]})


def test_where_the_second_text_begins() -> None:
    bert, llama = texts(1, 1, "Bert", "bert"), texts(1, 1)
    pair = {"input_ids": [4, 5, 6, 7], "token_type_ids": [0, 0, 1, 1]}
    assert bert.second(pair) == 2
    assert llama.second(pair) is None  # transformers' decoders have no embeddings of types
    assert bert.second({"input_ids": [4, 5], "token_type_ids": [0, 0]}) is None
    assert bert.second({"input_ids": [4, 5]}) is None
    with pytest.raises(RecrmError, match="token types 0 and then 1 only"):
        bert.second({"input_ids": [4, 5, 6], "token_type_ids": [0, 1, 0]})


def test_positions_that_begin_after_the_padding_token() -> None:
    """RoBERTa's kind has fewer places for tokens than its config has positions: 512 of 514."""
    assert texts(1, 1, "XLMRoberta", "xlm-roberta").longest == 510  # transformers' default config has 512
    assert texts(0, 0, "Bert", "bert").longest is None
