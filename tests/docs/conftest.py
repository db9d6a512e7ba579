"""What the commands of the docs find here: tiny models, and a folder with the files that a user would have."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from lean import few_pairs, machine_described_once, pairs
from markdown_pages import ROOT, blocks
from stand_ins import Models

__all__ = ["few_pairs", "machine_described_once"]

RECORDS = 6
"""Of each dimension."""


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, byte_tokenizer: str) -> Models:
    """Random weights, one layer, and a tokenizer of bytes."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    tokenizer = transformers.AutoTokenizer.from_pretrained(byte_tokenizer)
    tokenizer.eos_token = tokenizer.pad_token = "!"
    shape = {
        "vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 100_000,
        "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None,
    }  # fmt: skip
    folders = []
    for kind, settings in (("LlamaForCausalLM", {}), ("LlamaForSequenceClassification", {"num_labels": 1})):
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp(kind)
        getattr(transformers, kind)(transformers.LlamaConfig(**shape, **settings)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        folders.append(str(folder))
    return Models(*folders)


@pytest.fixture(scope="session")
def users_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records, finished runs of both harnesses, and the recipe of docs/build.md with its tables."""
    import saved_runs
    import scripted

    from inspect_tasks import bench_task

    folder = tmp_path_factory.mktemp("files")
    sample = ROOT / "recrm_tasks" / "data" / "sources" / "sample"
    (folder / "records").mkdir()
    for file in sample.glob("*.jsonl"):
        with file.open(encoding="utf-8") as stream:
            (folder / "records" / file.name).write_text("".join(islice(stream, 20)), encoding="utf-8")
    shutil.copy(folder / "records" / "factual.jsonl", folder)
    _canteen(folder)

    prompts = scripted.all_prompts()
    with pairs(1 << 10):
        saved_runs.by_lm_eval(folder / "results", scripted.completions(prompts), "recrm_bench", limit=RECORDS)
        task = bench_task(data="sample", limit=RECORDS)
        saved_runs.by_inspect(folder / "logs", scripted.right_answers(prompts), task, model="other/model")
    (log,) = (folder / "logs").glob("*.eval")
    log.rename(log.with_name("log.eval"))
    for name, made in (("judge-a", "results"), ("judge-b", "logs"), ("judge-c", "results")):
        shutil.copytree(folder / made, folder / name)
    (third,) = (folder / "judge-c").rglob("results_*.json")
    with third.open("a", encoding="utf-8") as stream:
        stream.write("\n")  # a copy of a run is the same run
    return folder


def _canteen(folder: Path) -> None:
    """The recipe that docs/build.md explains, and the tables that it names."""
    (recipe,) = (b.code for b in blocks("docs/build.md") if b.file == "recipe.yaml")
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    tables = {
        "dishes": [{"dish_id": f"d{i}", "name": f"Soup {i}", "price": i + 3} for i in range(6)],
        "people": [
            {"person_id": "p1", "age": 30, "diet": "vegan"},
            {"person_id": "p2", "age": 41, "diet": None},
        ],
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    orders, visits = [], []
    for day in range(1, 11):
        at = f"2026-03-{day:02}T12:3{day % 2}:00"
        person, dish = f"p{day % 2 + 1}", f"d{day % 6}"
        orders.append({"visit_id": day, "person_id": person, "dish_id": dish, "ordered_at": at, "guests": day % 3 + 1})
        shown = ",".join([dish, f"d{(day + 1) % 6}", f"d{(day + 3) % 6}"])
        visits.append({"visit_id": day, "came_at": at.replace(":3", ":2"), "shown": shown})
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(orders), folder / "orders.parquet")
    (folder / "visits").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in visits)
    (folder / "visits" / "march.jsonl").write_text(lines, encoding="utf-8")


@pytest.fixture
def desk(users_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """A copy of the files as the working folder; a call sets the variables of a command."""
    shutil.copytree(users_files, tmp_path, dirs_exist_ok=True)
    for name in ("recrm_tasks", "examples"):  # as in a clone
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))

    def sit(variables: dict[str, str]) -> None:
        monkeypatch.setenv("RECRM_DATA", "sample")
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("INSPECT_LOG_DIR", "runs")
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return sit
