"""Python in the docs compiles; records, label sets, mappings and recipes in the docs are ones that the readers take."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml
from markdown_pages import PAGES, Block, blocks

from recrm_tasks.data import load
from recrm_tasks.data.mapping.mapping_file import Mapping

BLOCKS = [block for page in PAGES for block in blocks(page) if block.language is not None]


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


@pytest.mark.parametrize("block", of_language("python"), ids=lambda block: block.where)
def test_python_compiles(block: Block) -> None:
    """tests/docs/test_adding.py runs those that name a file."""
    ast.parse(block.code)


@pytest.mark.parametrize("block", of_language("json"), ids=lambda block: block.where)
def test_json_is_json(block: Block) -> None:
    values = [json.loads(line) for line in block.code.splitlines()] if block.file.endswith("l") else None
    assert values or json.loads(block.code)


@pytest.mark.parametrize("block", of_language("yaml"), ids=lambda block: block.where)
def test_yaml_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.code), dict)


def block_of(file: str) -> str:
    """The block of docs/data.md that is this file."""
    (code,) = (block.code for block in BLOCKS if (block.page, block.file) == ("docs/data.md", file))
    return code


def test_the_mapping_has_the_keys_of_a_mapping() -> None:
    assert Mapping.model_validate(yaml.safe_load(block_of("mapping.yaml"))).dimensions.keys() == {"relevance"}


def test_the_record_and_the_label_set_load(tmp_path: Path) -> None:
    (tmp_path / "relevance.jsonl").write_text(block_of("relevance.jsonl"), encoding="utf-8")
    assert load("relevance", str(tmp_path)).provenance["rows"] == 1
    record = json.loads(block_of("relevance.jsonl"))
    (tmp_path / "relevance.jsonl").write_text(json.dumps({**record, "label": "S"}), encoding="utf-8")
    (tmp_path / "labels.json").write_text(block_of("labels.json"), encoding="utf-8")
    (prompt,) = load("relevance", str(tmp_path)).prompts("generate")
    assert prompt.choices[prompt.gold] == "B"
