"""The recipes of docs/recipes on the real files: the counts, and the same records as the converter of these tests."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import convert
import pytest

from recrm_tasks.data import load

pytest.importorskip("polars")
pytest.importorskip("yaml")
pytest.importorskip("jinja2")

from recrm_tasks.build.make import build

DATA = convert.data_folder()
RECIPES = Path(__file__).resolve().parents[2] / "docs" / "recipes"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the real data is not here: RECRM_REAL_DATA names its folder (default ../shared/data)"
    ),
]

FOLDERS = {"meituan": "meituan_trd", "uci": "uci_restaurant"}
SETS = ("llmbar", "begin", "esci", "crosswoz", "meituan", "uci")
Row = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of every recipe."""
    out = tmp_path_factory.mktemp("recipes")
    for name in SETS:
        build(RECIPES / f"{name}.yaml", DATA / FOLDERS.get(name, name), out / name)
    return out


def parts(built: Path, name: str) -> Row:
    report: Row = json.loads((built / name / "build.json").read_text(encoding="utf-8"))
    return dict(report["parts"])


def rows(built: Path, name: str, dimension: str) -> list[Row]:
    return convert._rows(built / name / f"{dimension}.jsonl")


def shares(records: list[Row]) -> dict[Any, int]:
    return {label: round(100 * n / len(records)) for label, n in Counter(r["label"] for r in records).items()}


def test_llmbar(built: Path) -> None:
    records = rows(built, "llmbar", "instruction")
    assert Counter(r["label"] for r in records) == {"follows": 419, "violates": 419}
    assert Counter(Counter(r["group"] for r in records).values()) == {2: 417, 4: 1}


def test_begin(built: Path) -> None:
    part = parts(built, "begin")["factual"]
    assert (part["rows"], part["left_out"]) == (4_453, {"generic answer": 85})
    assert Counter(r["label"] for r in rows(built, "begin", "factual")) == {"consistent": 1_631, "inconsistent": 2_737}


def test_esci(built: Path) -> None:
    records = rows(built, "esci", "relevance")
    assert len(records) == 6_678
    assert len({r["group"] for r in records}) == 150
    assert shares(records) == {"E": 51, "S": 28, "C": 5, "I": 16}


def test_crosswoz(built: Path) -> None:
    said = parts(built, "crosswoz")
    assert {k: (v["records"], v["left_out"]) for k, v in said.items()} == {
        "behavior": (1_209, {}),
        "ranking": (527, {}),
        "factual": (3_237, {}),
    }
    assert Counter(r["label"] for r in rows(built, "crosswoz", "factual"))["consistent"] / 3_237 > 0.99


def test_meituan_lists_of_the_raw_logs_are_the_given_ones(built: Path) -> None:
    said = parts(built, "meituan")
    assert said["events"] == {"rows": 107_894, "left_out": {}}
    assert said["items"] == {"items": 29_071, "left_out": {"rows of shops without an id": 1}}
    assert (said["behavior"]["records"], said["behavior"]["lists"]) == (67_880, 52_372)
    assert said["ranking"]["left_out"]["lists: more than 20 candidates"] == 571
    given = {
        f"meituan-{c['order_id']}-{item}": label
        for c in convert._rows(DATA / "meituan_trd" / "ranking_cases.jsonl")
        for item, label in zip(c["candidates"], c["labels"], strict=True)
    }
    records = rows(built, "meituan", "behavior")
    assert {r["id"]: r["label"] for r in records} == given
    assert len({r["meta"]["order"] for r in records}) == 8_476


def test_uci(built: Path) -> None:
    said = parts(built, "uci")
    assert (said["behavior"]["rows"], said["behavior"]["records"]) == (1_161, 740)
    assert (said["ranking"]["lists"], said["ranking"]["left_out"]) == (119, {"lists: no positive": 14})
    ratings = convert._rows(DATA / "uci_restaurant" / "ratings.jsonl")
    assert len({r["user"]["userID"] for r in ratings}) == 138


def test_the_records_are_those_of_the_converter(built: Path) -> None:
    for part in convert.convert_all(DATA):
        expected = {r["id"]: plain(r) for r in part.records}
        assert {r["id"]: plain(r) for r in rows(built, part.dataset, part.dimension)} == expected


@pytest.mark.parametrize("name", SETS)
def test_nothing_is_in_both_hashed_splits(built: Path, name: str) -> None:
    """No user, query, evidence or text, over all dimensions of a recipe."""
    pytest.importorskip("datasketch")
    from recrm_tasks.training.compared_sets import compared_set
    from recrm_tasks.training.leaks import leaks

    folder = str(built / name)
    train, test = (compared_set(role, folder, f"hash-{role}", None, None, None) for role in ("train", "test"))
    found = leaks(train, list(test))
    assert {part.dimension for part in found.parts} == set(parts(built, name)) - {"events", "items"}
    assert [(part.dimension, kind, shared) for part in found.parts for kind, shared in part.shared.items()] == []
    assert sum(part.without_group for part in found.parts) == 0


def test_nor_in_the_splits_of_the_source(built: Path) -> None:
    from recrm_tasks.training.compared_sets import compared_set
    from recrm_tasks.training.leaks import leaks

    keys = ["behavior", "ranking"]
    train, test = (compared_set("test", str(built / "crosswoz"), split, keys, None, None) for split in ("val", "test"))
    assert not leaks(train, list(test)).found


def test_begin_without_its_group_leaks(built: Path, tmp_path: Path) -> None:
    """Three quarters of the test records then have their evidence in the other split, letter by letter."""
    from recrm_tasks.training.compared_sets import compared_set
    from recrm_tasks.training.leaks import leaks

    recipe = (RECIPES / "begin.yaml").read_text(encoding="utf-8")
    assert "    group: fact\n" in recipe
    (tmp_path / "begin.yaml").write_text(recipe.replace("    group: fact\n", ""), encoding="utf-8")
    build(tmp_path / "begin.yaml", DATA / "begin", tmp_path / "out")
    train, test = (compared_set(r, str(tmp_path / "out"), f"hash-{r}", None, None, None) for r in ("train", "test"))
    (part,) = leaks(train, list(test)).parts
    assert part.records == 454
    assert part.shared["evidence"].records > 340


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("llmbar", "instruction"),
        ("begin", "factual"),
        ("esci", "relevance"),
        ("crosswoz", "ranking"),
        ("uci", "behavior"),
    ],
)
def test_the_records_load(built: Path, name: str, dimension: str) -> None:
    said = parts(built, name)[dimension]
    assert load(dimension, str(built / name)).provenance["rows"] == said["splits"].get("test", said["records"])


def plain(record: Row) -> Row:
    """What is shown and asked: objects as lines, candidates in one order, spaces in a row as one."""

    def text(value: Any) -> str:
        lines = "\n".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else value
        return re.sub(" +", " ", lines)

    shown = {k: v for k, v in record.items() if k not in ("meta", "group", "candidates", "labels")}
    for field in {"profile", "context", "item"} & set(shown):
        shown[field] = text(shown[field])
    if "candidates" in record:
        marked = zip(record["candidates"], record["labels"], strict=True)
        shown["candidates"] = sorted((c["id"], text(c["text"]), label) for c, label in marked)
    return shown
