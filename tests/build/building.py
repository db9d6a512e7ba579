"""Small logs and recipes for the tests of `recrm data build`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import yaml

from recrm_tasks.build.build_command import add_build_command

ITEMS = [{"item": name, "title": f"Item {name}"} for name in "abcdefgh"]
EVENTS = [
    {"user": "u1", "item": "a", "time": 10},
    {"user": "u1", "item": "b", "time": 20},
    {"user": "u1", "item": "c", "time": 20},
    {"user": "u1", "item": "d", "time": 30},
    {"user": "u2", "item": "e", "time": 15},
]
LISTS = [
    {"list": "l1", "user": "u1", "time": 20, "shown": ["a", "b", "e"], "chosen": "b", "where": "home"},
    {"list": "l2", "user": "u2", "time": 40, "shown": ["c", "e"], "chosen": "e", "where": "work"},
]


def recipe(**changes):
    """A recipe for histories and lists; a change replaces a section, or goes into the ranking part as `part`."""
    part = {
        "from": "lists", "id": "list", "user": "user", "time": "time", "candidates": {"column": "shown"},
        "chosen": "chosen", "profile": "user {{ user }}", "context": {"place": "{{ where }}"},
    } if "only" not in changes else {}  # fmt: skip
    part.update(changes.pop("part", {}))
    part.update(changes.pop("only", {}))
    return {
        "source": "toy",
        "lang": "en",
        "tables": {"items": {"file": "items.jsonl"}, "log": {"file": "log.jsonl"}, "lists": {"file": "lists.jsonl"}},
        "items": {"from": "items", "id": "item", "text": "{{ title }}"},
        "events": {"from": "log", "user": "user", "item": "item", "time": "time", "entry": "{{ item }}"},
        "records": {changes.pop("dimension", "ranking"): {k: v for k, v in part.items() if v is not None}},
        **changes,
    }


def write_rows(file: Path, rows):
    """Rows as JSON Lines."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def build(folder: Path, made, items=ITEMS, log=EVENTS, lists=LISTS, to="out"):
    """Runs the command on these tables; gives the records of each file."""
    for name, rows in (("items", items), ("log", log), ("lists", lists)):
        write_rows(folder / f"{name}.jsonl", rows)
    text = made if isinstance(made, str) else yaml.safe_dump(made, sort_keys=False)
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    command(folder / "recipe.yaml", folder / to)
    return {
        file.stem: [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for file in (folder / to).glob("*.jsonl")
    }


def command(file: Path, to: Path, *more: str):
    """The subcommand as the command line runs it."""
    parser = argparse.ArgumentParser()
    add_build_command(parser.add_subparsers())
    options = parser.parse_args(["build", "--recipe", str(file), "--to", str(to), *more])
    assert options.run(options) == 0


def left_out(folder: Path, part="ranking", to="out"):
    """What build.json says was left out."""
    return json.loads((folder / to / "build.json").read_text(encoding="utf-8"))["parts"][part]["left_out"]
