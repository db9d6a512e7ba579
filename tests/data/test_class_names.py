"""What the numbers of a label column mean, by the metadata of `datasets`: in a file, or in the data set's card."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from recrm_tasks.data import load
from recrm_tasks.errors import RecrmError

FACTUAL = ["faithful", "hallucinated"]
SCALE = ["Exact", "Substitute", "Complement", "Irrelevant"]


def rows(labels, relevance=False):
    """Rows with these labels."""
    judged = {"item": "a shop"} if relevance else {"evidence": ["a fact"], "response": "an answer"}
    return [{"query": f"question {n}", **judged, "label": label} for n, label in enumerate(labels)]


def put(folder, card, **files):
    """JSON Lines files beside a card with this head."""
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(card)}---\n# Data\n", encoding="utf-8")
    for name, content in files.items():
        text = "".join(json.dumps(row) + "\n" for row in content)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return str(folder)


def info(names, column="label", **more):
    """An entry of `dataset_info`."""
    return {"features": [{"name": "query", "dtype": "string"}, {"name": column, "dtype": kind(names)}], **more}


def kind(names):
    """The dtype of a column of classes, as `datasets` writes it: its numbers are texts."""
    return {"class_label": {"names": {str(i): name for i, name in enumerate(names)}}}


def labels(dimension, data):
    """The number of records of each label."""
    return dict(Counter(str(r.label) for r in load(dimension, data).records()))


@pytest.mark.parametrize(
    "card",
    [
        {"dataset_info": info(FACTUAL)},
        {"dataset_info": [info(FACTUAL[::-1], config_name="relevance"), info(FACTUAL, config_name="factual")]},
        {
            "configs": [{"config_name": "one", "data_files": "factual.jsonl"}],
            "dataset_info": [info(FACTUAL[::-1]), info(FACTUAL, config_name="one")],
        },
        {"dataset_info": {"features": [{"name": "label", "dtype": {"class_label": {"names": FACTUAL}}}]}},
    ],
    ids=["of all files", "by dimension", "by configuration", "a list of names"],
)
def test_a_card_says_what_the_numbers_of_json_lines_mean(card, tmp_path):
    data = put(tmp_path, card, factual=rows([0, 0, 1]))
    assert labels("factual", data) == {"consistent": 2, "inconsistent": 1}


def test_a_field_of_an_object(tmp_path):
    card = {
        "dataset_info": {"features": [{"name": "judgement", "struct": [{"name": "label", "dtype": kind(FACTUAL)}]}]}
    }
    content = [{"judgement": {"label": row.pop("label")}, **row} for row in rows([0, 1, 0])]
    data = put(tmp_path, card, factual=content)
    with pytest.raises(RecrmError) as caught:
        load("factual", data)
    assert "label: {column: judgement.label, values: {'0': consistent, '1': inconsistent}}" in str(caught.value)
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "dimensions: {factual: {sources: [{files: {'-': [factual.jsonl]}, label: {column: judgement.label}}]}}",
        encoding="utf-8",
    )
    found = load("factual", data, mapping=str(mapping))
    assert Counter(r.label for r in found.records()) == {"consistent": 2, "inconsistent": 1}


def test_rows_that_have_the_names_themselves(tmp_path):
    data = put(tmp_path, {"dataset_info": info(FACTUAL)}, factual=rows(["hallucinated", "faithful", "faithful"]))
    assert labels("factual", data) == {"consistent": 2, "inconsistent": 1}


def test_a_scale_of_names_is_never_taken_for_grades(tmp_path):
    """0 is the best here, though a higher number is better where no name says otherwise."""
    content = [{"relevance": row.pop("label"), **row} for row in rows([0, 1, 2, 3, 0], relevance=True)]
    data = put(tmp_path, {"dataset_info": info(SCALE, "relevance")}, relevance=content)
    found = load("relevance", data)
    assert list(found.labels.names) == SCALE
    assert [label.value for label in found.labels.labels] == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert labels("relevance", data) == {"Exact": 2, "Substitute": 1, "Complement": 1, "Irrelevant": 1}


def test_names_that_say_nothing_are_shown(tmp_path):
    data = put(tmp_path, {"dataset_info": info(["kind a", "kind b"])}, factual=rows([0, 1]))
    with pytest.raises(RecrmError) as caught:
        load("factual", data)
    assert "'0' (kind a), '1' (kind b)" in str(caught.value)


def test_names_of_another_dimension_do_not_count(tmp_path):
    data = put(tmp_path, {"dataset_info": [info(FACTUAL, config_name="instruction")]}, factual=rows([0, 1]))
    with pytest.raises(RecrmError, match="what do the values '0', '1' of label mean"):
        load("factual", data)


def test_two_files_whose_classes_have_the_names_the_other_way_round(tmp_path):
    """The same columns and the same numbers: each file has its own meaning."""
    for file, names in (("a", FACTUAL), ("b", FACTUAL[::-1])):
        table = pa.Table.from_pylist(rows([0, 0, 1]))
        features = {"label": {"names": names, "_type": "ClassLabel"}}
        written = {"huggingface": json.dumps({"info": {"features": features}})}
        (tmp_path / "factual").mkdir(exist_ok=True)
        table = table.set_column(0, "query", pa.array([f"{file} {n}" for n in range(3)]))
        pq.write_table(table.replace_schema_metadata(written), tmp_path / "factual" / f"{file}.parquet")
    found = {r.query: r.label for r in load("factual", str(tmp_path)).records()}
    assert [found[f"a {n}"] for n in range(3)] == ["consistent", "consistent", "inconsistent"]
    assert [found[f"b {n}"] for n in range(3)] == ["inconsistent", "inconsistent", "consistent"]


def test_two_files_whose_numbers_mean_the_opposite_by_a_mapping(tmp_path):
    """What no data says, a person does: a source for each file."""
    mapping = tmp_path / "m.yaml"
    one, other = "{'0': consistent, '1': inconsistent}", "{'0': inconsistent, '1': consistent}"
    mapping.write_text(
        "dimensions:\n  factual:\n    sources:\n"
        f"    - {{files: {{'-': [factual/a.jsonl]}}, label: {{column: label, values: {one}}}}}\n"
        f"    - {{files: {{'-': [factual/b.jsonl]}}, label: {{column: label, values: {other}}}}}\n",
        encoding="utf-8",
    )
    for file in "ab":
        (tmp_path / "factual").mkdir(exist_ok=True)
        content = [{**row, "query": f"{file} {row['query']}"} for row in rows([0, 0, 1])]
        text = "".join(json.dumps(row) + "\n" for row in content)
        (tmp_path / "factual" / f"{file}.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(RecrmError, match="what do the values '0', '1' of label mean"):
        load("factual", str(tmp_path))
    found = Counter(r.label for r in load("factual", str(tmp_path), mapping=str(mapping)).records())
    assert found == {"consistent": 3, "inconsistent": 3}


@pytest.mark.parametrize("head", ["not: [yaml", "- a list", "dataset_info: text", "dataset_info: {features: {a: b}}"])
def test_a_card_that_says_nothing_usable(head, tmp_path):
    (tmp_path / "README.md").write_text(f"---\n{head}\n---\n", encoding="utf-8")
    text = "".join(json.dumps(row) + "\n" for row in rows(["faithful", "hallucinated"]))
    (tmp_path / "factual.jsonl").write_text(text, encoding="utf-8")
    assert labels("factual", str(tmp_path)) == {"consistent": 1, "inconsistent": 1}
