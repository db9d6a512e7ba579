"""Rankings with a row per user and item, of which nothing says what the lists are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.errors import DataError

ALONE = "(ask=item)"
LISTS = "list_id: user_id"


def rows(**columns: Any) -> list[dict[str, Any]]:
    """Twelve rows of three users, of which every fourth is chosen; a function gives a column's value by row."""
    shared = {
        "user_id": lambda n: f"u{n // 4}",
        "profile": lambda n: f"user {n // 4}, no spicy food",
        "history": lambda n: ["Mon: soup", "Tue: noodles"],
        "context": lambda n: "Saturday night, rain",
        "item": lambda n: f"Lotus Bowl, soup number {n}",
        "clicked": lambda n: int(n % 4 == 0),
    }
    return [{name: make(n) for name, make in (columns or shared).items()} for n in range(12)]


def prompt(n: int) -> str:
    return f"User {n // 4}, no spicy food. Mon: soup. Item: Lotus Bowl, soup number {n}. Will the user choose it?"


def turns(n: int) -> list[dict[str, str]]:
    said = "<think>Yes or no?</think>\n是" if n % 4 == 0 else "否"
    return [{"role": "user", "content": prompt(n)}, {"role": "assistant", "content": said}]


@pytest.fixture
def source(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Writes rows; gives the file, and the mapping that `recrm data inspect` writes, with one answer uncommented."""

    def make(content: list[dict[str, Any]], *answer: str) -> tuple[str, str, str]:
        file = tmp_path / "data" / "ranking" / "rows.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content), encoding="utf-8")
        mapping = tmp_path / "mapping.yaml"
        mapping.unlink(missing_ok=True)
        main(["data", "inspect", str(file.parent.parent), "--to", str(mapping)])
        lines = mapping.read_text(encoding="utf-8").splitlines()
        for text in answer:
            place = next(i for i, line in enumerate(lines) if line.strip().startswith("#") and text in line)
            lines[place] = lines[place].replace("#", "", 1).partition("   #")[0]
            for key in ("#no_lists", "#fields"):  # the answer's further lines
                if lines[place + 1].strip().startswith(key):
                    place += 1
                    lines[place] = lines[place].replace("#", "", 1)
        mapping.write_text("\n".join(lines), encoding="utf-8")
        return str(file.parent.parent), str(mapping), capsys.readouterr().out

    return make


def test_columns_are_asked_about_once(source) -> None:
    """No list is a choice, and lists by user another; after either a run starts."""
    folder, mapping, printed = source(rows(), ALONE)
    assert printed.count("no column for candidates") == 1
    found = load("ranking", folder, mapping=mapping, ask="item")
    assert [len(record.candidates) for record in found.records()] == [1] * 12
    assert sum(record.labels == [1] for record in found.records()) == 3
    one = next(record for record in found.records() if record.labels == [1])
    assert one.candidates[0].text.startswith("Lotus Bowl, soup number")
    assert one.group in ("u0", "u1", "u2")
    with pytest.raises(DataError, match=r"(?s)12 of 12 rows .* found 1; with ask=item \(lm-eval: recrm_ask\) each"):
        load("ranking", folder, mapping=mapping)
    folder, mapping, _ = source(rows(), LISTS)
    lists = load("ranking", folder, mapping=mapping)
    assert [record.labels for record in lists.records()] == [[1, 0, 0, 0]] * 3


@pytest.mark.parametrize(
    "content",
    [
        rows(prompt=prompt, label=lambda n: int(n % 4 == 0)),
        rows(query=prompt, response=lambda n: "是" if n % 4 == 0 else "否"),
        rows(messages=turns),
        rows(messages=turns, clicked=lambda n: n % 4 == 0),
    ],
    ids=["prompt", "query and response", "messages", "messages and a label"],
)
def test_ready_prompts_about_one_item(source, content: list[dict[str, Any]]) -> None:
    folder, mapping, _ = source(content, ALONE)
    records = list(load("ranking", folder, mapping=mapping, ask="item").records())
    assert sorted(record.messages[0].content for record in records) == sorted(map(prompt, range(12)))
    assert all(len(record.messages) == 1 for record in records)
    assert {r.messages[0].content for r in records if r.labels == [1]} == {prompt(0), prompt(4), prompt(8)}


def test_words_that_nobody_knows_are_asked_about(source, capsys) -> None:
    content = [{**row, "clicked": "hit" if row["clicked"] else "miss"} for row in rows()]
    folder, mapping, _ = source(content, ALONE)
    assert main(["data", "inspect", folder, "--mapping", mapping, "--to", f"{mapping}.2"]) == 2
    printed = capsys.readouterr().err
    assert "label: what do the values hit, miss of clicked mean?" in printed
    assert "label: {column: clicked, values: {hit: '1', miss: '0'}}" in printed
    assert "label: {column: clicked, values: {hit: '0', miss: '1'}}" in printed


def test_grades_stay(source) -> None:
    content = [{**row, "clicked": i % 3} for i, row in enumerate(rows())]
    folder, mapping, _ = source(content, ALONE)
    records = load("ranking", folder, mapping=mapping, ask="item").records()
    assert sorted(record.labels[0] for record in records) == [0] * 4 + [1] * 4 + [2] * 4


def test_a_sample_is_balanced_by_label(source) -> None:
    folder, mapping, _ = source(rows(), ALONE)
    for limit, positive in ((4, 1), (8, 2)):
        records = load("ranking", folder, mapping=mapping, ask="item", limit=limit).records()
        assert sum(record.labels[0] for record in records) == positive


def test_an_export_is_read_again(source, tmp_path: Path, capsys) -> None:
    folder, mapping, _ = source(rows(), ALONE)
    out = tmp_path / "out"
    assert main(["data", "export", folder, "--mapping", mapping, "--to", str(out)]) == 0
    again = {r.id: (r.candidates, r.labels) for r in load("ranking", str(out), ask="item").records()}
    found = load("ranking", folder, mapping=mapping, ask="item").records()
    assert again == {r.id: (r.candidates, r.labels) for r in found}
    capsys.readouterr()
    assert main(["data", "inspect", str(out), "--to", str(tmp_path / "m.yaml")]) == 0
    assert "12 lists lack a positive or a negative: with ask=item" in " ".join(capsys.readouterr().out.split())


def test_one_sided_lists_that_were_skipped_still_are(tmp_path: Path) -> None:
    """`unusable: skip` leaves them out and counts them, but not if each candidate is asked about."""
    lists = [
        {"id": f"l{i}", "lang": "en", "profile": "p", "history": [], "context": "c",
         "candidates": [{"id": "1", "text": "a"}, {"id": "2", "text": "b"}], "labels": [int(i > 0), 0]}
        for i in range(3)
    ]  # fmt: skip
    file, mapping = tmp_path / "ranking.jsonl", tmp_path / "mapping.yaml"
    file.write_text("".join(json.dumps(row) + "\n" for row in lists))
    mapping.write_text("dimensions: {ranking: {sources: [{files: {'-': ['*.jsonl']}}], unusable: skip}}")
    found = load("ranking", str(file), mapping=str(mapping))
    assert (len(found), found.provenance["rows_skipped"]) == (2, {"unusable list": 1})
    found = load("ranking", str(file), mapping=str(mapping), ask="item")
    assert (len(found), found.provenance["rows_skipped"]) == (3, {})
