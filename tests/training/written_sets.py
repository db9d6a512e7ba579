"""A source with splits, groups and both languages, and what is read back of the sets that are made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from recrm_tasks.training.make_set import TrainingSet, make_set
from recrm_tasks.training.options import SetOptions

GROUPS = 12
"""Queries, rules, evidence or users of each dimension; one of four is evaluated."""


def write_source(folder: Path, splits: bool = True, groups: bool = True) -> str:
    """Records of all dimensions: in each group three contents of different worth, in one of the two languages."""
    folder.mkdir(exist_ok=True)
    rows: dict[str, list[dict[str, Any]]] = {}
    for group in range(GROUPS):
        zh = group % 2 == 0
        place = f"{'旅馆' if zh else 'Hotel'} {group}"
        shared: dict[str, Any] = {"lang": "zh" if zh else "en", "source": "mine"}
        shared |= {"split": "test" if group % 4 == 3 else "train"} if splits else {}
        shared |= {"group": f"g{group}"} if groups else {}
        user = {"profile": f"user {group}", "history": [f"stayed at {place}"], "context": "today"}
        texts = [f"{place}, quiet", f"{place}, cheap", f"{place}, closed"]
        per_text = {
            "instruction": [{"instruction": f"Name {place}.", "query": "a hotel?", "response": t} for t in texts],
            "factual": [{"query": f"which {i}?", "evidence": [f"{place}: quiet"], "response": t}
                        for i, t in enumerate(texts)],
            "relevance": [{"query": f"{place}?", "item": {"name": t}} for t in texts],
            "behavior": [{**user, "item": t} for t in texts],
        }  # fmt: skip
        labels = {
            "instruction": ("follows", "violates", "violates"),
            "factual": ("consistent", "inconsistent", "inconsistent"),
            "relevance": ("relevant", "partial", "irrelevant"),
            "behavior": (1, 0, 0),
        }
        for key, several in per_text.items():
            for i, (fields, label) in enumerate(zip(several, labels[key], strict=True)):
                name = f"{key}-{group}-{i}"
                rows.setdefault(key, []).append({"id": name, "dimension": key, **shared, **fields, "label": label})
        candidates = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
        rows.setdefault("ranking", []).append(
            {"id": f"ranking-{group}", "dimension": "ranking", **shared, **user, "query": f"{place}?",
             "candidates": candidates, "labels": [1, 0, 0]}
        )  # fmt: skip
    for key, several in rows.items():
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in several)
        (folder / f"{key}.jsonl").write_text(text + "\n", encoding="utf-8")
    return str(folder)


def made(to: Path, trainer: str, source: str, *keys: str, tokenizer: str | None = None, **options: Any) -> TrainingSet:
    """The set in a new folder."""
    return make_set(trainer, to, SetOptions(data=source, dimensions=keys or None, **options), tokenizer)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The rows of a set, whatever the form of its file."""
    if (folder / "train.parquet").exists():
        found: list[dict[str, Any]] = pq.read_table(folder / "train.parquet").to_pylist()
        return found
    return [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def rendered(turns: list[dict[str, str]], answering: bool = False) -> str:
    """Turns as the template of the tests' tiny model writes them."""
    return "".join(f"<{turn['role']}>{turn['content']}!" for turn in turns) + ("<assistant>" if answering else "")
