"""LLaMA-Factory's own loader, converter and processors take the sets by dataset_info.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from written_sets import made, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.trainer]


@pytest.mark.parametrize(("kind", "stage"), [("sft", "sft"), ("pairs", "rm")])
def test_rows(tmp_path: Path, source: str, model: str, kind: Any, stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISABLE_VERSION_CHECK", "1")  # it wants an older transformers for the models, not for the data
    import transformers
    from llamafactory.data.loader import get_dataset
    from llamafactory.data.template import get_template_and_fix_tokenizer
    from llamafactory.hparams import DataArguments, ModelArguments

    found = made(tmp_path / "set", "llama-factory", source, kind=kind, tokenizer=model)
    words = found.command.split()
    given = {word.removeprefix("--"): words[i + 1] for i, word in enumerate(words) if word.startswith("--")}
    assert given["stage"] == stage
    data_args = DataArguments(
        template="default", dataset=given["dataset"], dataset_dir=given["dataset_dir"],
        cutoff_len=int(given["cutoff_len"]),
    )  # fmt: skip
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    template = get_template_and_fix_tokenizer(tokenizer, data_args)
    training_args = transformers.Seq2SeqTrainingArguments(output_dir=str(tmp_path / "out"), use_cpu=True)
    model_args = ModelArguments(model_name_or_path=model, cache_dir=str(tmp_path / "cache"))
    data = get_dataset(template, model_args, data_args, training_args, stage, tokenizer)["train_dataset"]
    rows = rows_of(tmp_path / "set")
    assert len(data) == len(rows)
    for row, one in zip(rows, data, strict=True):
        if kind == "sft":
            text = tokenizer.decode(one["input_ids"])
            assert row["messages"][0]["content"] in text
            answer = tokenizer.decode([label for label in one["labels"] if label >= 0])
            assert answer.strip("!\n") == row["messages"][-1]["content"]
        else:
            assert row["chosen"]["content"] in tokenizer.decode(one["chosen_input_ids"])[-30:]
            assert row["rejected"]["content"] in tokenizer.decode(one["rejected_input_ids"])[-30:]
