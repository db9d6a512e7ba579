"""Baselines on records, beside scikit-learn's own figures for the same numbers."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from recrm_tasks.baselines import baselines
from recrm_tasks.baselines.asked import Asked, questions
from recrm_tasks.baselines.evaluate import evaluate
from recrm_tasks.baselines.measured import measured
from recrm_tasks.baselines.result import Evaluated, Result
from recrm_tasks.data import load
from recrm_tasks.data.sources import sample
from recrm_tasks.data.train_part import train_part
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.errors import DataError

Row = dict[str, Any]


def rows_of(key: str) -> list[Row]:
    file = Path(sample.__file__).parent / f"{key}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def written(folder: Path, key: str, rows: list[Row]) -> str:
    file = folder / f"{key}.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(file)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, every second record of each language for training."""
    folder = tmp_path_factory.mktemp("halves")
    for key in dimensions():
        rows = rows_of(key)
        written(folder, key, [{**row, "split": ("train", "test")[i % 2]} for i, row in enumerate(rows)])
    return folder


def result(found: Evaluated, name: str) -> Result:
    (one,) = (one for one in found.results if one.baseline == name)
    return one


@pytest.mark.parametrize("key", dimensions())
def test_every_baseline_that_applies_has_a_result_of_the_kinds_metrics(halves: Path, key: str) -> None:
    found = evaluate(load(key, str(halves)))
    applying = {name for name, one in baselines().items() if one.applies(dimension(key))}
    assert {one.baseline for one in found.results} | set(found.left_out) == applying
    assert set(found.left_out.values()) <= {"it gives every record the same number"}
    assert len(found.results) >= 3
    assert (found.train, found.learned_from, found.to_learn_from) == ("train", 36, 36)
    for one in found.results:
        assert one.numbers["n"] == found.n == 36
        assert one.numbers["coverage"] == 1.0
        assert {m.name for m in dimension(key).kind.metrics if m.over == "both" and not m.by_item} <= set(one.numbers)
        assert one.headline.metric == dimension(key).primary
        for figure in (one.headline, one.area):
            assert 0 <= figure.low <= figure.value <= figure.high <= 1
    best = found.best()
    assert best is not None
    assert best.headline.value == max(one.headline.value for one in found.results)


@pytest.mark.parametrize("key", [key for key, one in dimensions().items() if one.kind.name != "order"])
@pytest.mark.parametrize("name", ["overlap", "length"])
def test_figures_are_those_of_scikit_learn(halves: Path, key: str, name: str) -> None:
    """Thresholds from the train split, accuracy and AUC on the others: what the library gives for the same numbers."""
    dataset = load(key, str(halves))
    train = train_part(dataset)
    assert train is not None
    baseline = baselines()[name]()
    (x, right, _), (x_test, right_test, best) = (of_records(baseline, list(questions(d))) for d in (train, dataset))
    scaler = StandardScaler().fit(x.reshape(-1, 1))
    model = LogisticRegression().fit(scaler.transform(x.reshape(-1, 1)), right)
    found = result(evaluate(dataset), name)
    expected = accuracy_score(right_test, model.predict(scaler.transform(x_test.reshape(-1, 1))))
    assert found.numbers["acc"] == pytest.approx(expected, abs=1e-12)
    area = roc_auc_score(best, x_test)
    turned = name == "length" and roc_auc_score(of_records(baseline, list(questions(train)))[2], x) < 0.5
    assert found.area.value == pytest.approx(1 - area if turned else area, abs=1e-9)


def of_records(baseline: Any, asked: list[Asked]) -> tuple[Any, list[int], list[bool]]:
    return baseline.numbers(asked), [one.right for one in asked], [one.positive[0] for one in asked]


def test_lists_are_ordered_by_the_numbers(halves: Path) -> None:
    """The AUC of a list is scikit-learn's, and the metric is their mean."""
    dataset = load("ranking", str(halves))
    areas = []
    for record in dataset.records():
        (one,) = questions(dataset.only([record.id]))
        numbers = baselines()["overlap"]().numbers([one])
        areas.append(roc_auc_score(one.positive, numbers))
    assert result(evaluate(dataset), "overlap").numbers["auc"] == pytest.approx(np.mean(areas), abs=1e-9)


def test_candidates_asked_about_one_by_one_get_a_probability_each(halves: Path) -> None:
    found = evaluate(load("ranking", str(halves), ask="item"), ask="item")
    lists = evaluate(load("ranking", str(halves)))
    one = result(found, "overlap")
    assert found.n > lists.n
    assert one.numbers["lists"] == lists.n
    assert one.numbers["auc"] == pytest.approx(result(lists, "overlap").numbers["auc"], abs=1e-9)
    assert 0 < one.numbers["acc_pooled"] < 1


def test_orders_are_further_questions(halves: Path) -> None:
    dataset = load("ranking", str(halves))
    twice = evaluate(dataset, orders=2)
    assert twice.n == 2 * len(dataset)
    assert result(twice, "overlap").numbers["auc"] == result(evaluate(dataset), "overlap").numbers["auc"]


@pytest.mark.parametrize("key", dimensions())
def test_without_a_train_split_only_the_order_of_numbers_counts(key: str) -> None:
    found = evaluate(load(key, "sample"))
    assert (found.train, found.learned_from) == (None, 0)
    assert {name for name, one in baselines().items() if one.learns and one.applies(dimension(key))} <= set(
        found.left_out
    )
    assert all("train split" in why for name, why in found.left_out.items() if baselines()[name].learns)
    one = result(found, "overlap")
    assert not math.isnan(one.area.value)
    if dimension(key).kind.has_labels:
        assert one.numbers == {}
        assert not one.headline.known
    elif dimension(key).kind.name == "probability":
        assert one.headline.value == one.area.value
        assert {"acc", "f1", "brier", "ece"} & set(one.numbers) == set()
    best = found.best()
    assert best is not None
    assert best.area.value == max(r.area.value for r in found.results)


def test_the_area_of_labels_is_that_of_the_best_one(halves: Path) -> None:
    """Three grades: relevant against partial and irrelevant."""
    dataset = load("relevance", str(halves))
    golds = [record.label for record in dataset.records()]
    assert set(golds) == {"relevant", "partial", "irrelevant"}
    numbers = baselines()["overlap"]().numbers(list(questions(dataset)))
    expected = roc_auc_score([gold == "relevant" for gold in golds], numbers)
    assert result(evaluate(dataset), "overlap").area.value == pytest.approx(expected, abs=1e-9)


def test_majority_is_the_train_splits(tmp_path: Path) -> None:
    """The evaluated records have another majority: nothing is learned from them."""
    rows = rows_of("factual")
    labels = {
        "train": ("consistent", "inconsistent", "consistent"),
        "test": ("inconsistent", "inconsistent", "consistent"),
    }
    split = [
        {**row, "split": name, "label": labels[name][i // 2 % 3]}
        for i, row in enumerate(rows[:60])
        for name in [("train", "test")[i % 2]]
    ]
    found = result(evaluate(load("factual", written(tmp_path, "factual", split))), "majority")
    assert found.numbers["acc"] == pytest.approx(1 / 3)
    assert found.numbers["acc_baseline"] == pytest.approx(2 / 3)


def test_of_equally_frequent_labels_the_first_one_is_the_majority(tmp_path: Path) -> None:
    rows = [
        {**row, "split": ("train", "test")[i % 2], "label": ("consistent", "inconsistent")[i // 2 % 2]}
        for i, row in enumerate(rows_of("factual")[:40])
    ]
    found = result(evaluate(load("factual", written(tmp_path, "factual", rows))), "majority")
    assert (found.numbers["coverage"], found.numbers["acc"]) == (1.0, 0.5)


@pytest.mark.parametrize("key", [key for key, one in dimensions().items() if one.kind.name != "order"])
def test_a_train_split_or_test_split_of_one_label(tmp_path: Path, key: str) -> None:
    """Of the train split: that label is the answer. Of the test split: the AUC is undefined."""
    rows = rows_of(key)
    one_label = rows[0]["label"]
    for name, other in (("train", "test"), ("test", "train")):
        split = [row for row in rows if row["label"] == one_label]
        split = [{**row, "split": name} for row in split[:10]]
        names = {row["id"] for row in split}
        split += [{**row, "split": other} for row in rows if row["id"] not in names]
        found = evaluate(load(key, written(tmp_path, key, split)))
        for one in found.results:
            assert one.numbers["coverage"] == 1.0
            assert math.isnan(one.area.value) == (name == "test")
        if name == "train":
            labels = Counter(row["label"] for row in split if row["split"] == "test")
            assert result(found, "overlap").numbers["acc"] == labels[one_label] / labels.total()


def behavior(i: int, item: str, label: int, split: str, **more: Any) -> Row:
    return {
        "id": f"b{i}", "dimension": "behavior", "lang": "en", "source": "s", "profile": "p", "history": ["soup"],
        "context": f"c{i}", "item": item, "label": label, "split": split, **more,
    }  # fmt: skip


def test_popularity_counts_what_was_chosen_in_the_train_split(tmp_path: Path) -> None:
    rows = [behavior(i, f"item {i % 4}", int(i % 4 < 2), "train") for i in range(40)]
    rows += [behavior(100 + i, f"item {i % 4}", int(i % 4 < 2), "test") for i in range(8)]
    found = result(evaluate(load("behavior", written(tmp_path, "behavior", rows))), "popularity")
    assert found.numbers["auc"] == found.numbers["acc"] == 1.0


def test_nothing_is_learned_from_evaluated_records(tmp_path: Path) -> None:
    """Items that only evaluated users chose have no popularity; nor have those of a record with an evaluated user."""
    rows = [behavior(i, f"item {i}", i % 2, "test", group=f"u{i}") for i in range(10)]
    rows += [behavior(20 + i, f"item {i}", i % 2, "train", group=f"u{i}") for i in range(10)]  # the same users
    rows += [behavior(40 + i, f"other {i}", i % 2, "train", group=f"v{i}") for i in range(20)]
    dataset = load("behavior", written(tmp_path, "behavior", rows))
    train = train_part(dataset)
    assert train is not None
    assert {record.group for record in train.records()} == {f"v{i}" for i in range(20)}
    assert evaluate(dataset).left_out["popularity"] == "it gives every record the same number"


def test_the_number_of_records_to_learn_from_is_bounded(halves: Path) -> None:
    found = evaluate(load("factual", str(halves)), most=10)
    assert (found.learned_from, found.to_learn_from) == (10, 36)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_tiny_train_split(tmp_path: Path, count: int) -> None:
    """What cannot be learned is undefined, not wrong."""
    for key in dimensions():
        rows = rows_of(key)
        split = [{**row, "split": "train" if i < count else "test"} for i, row in enumerate(rows)]
        found = evaluate(load(key, written(tmp_path, key, split)))
        assert found.learned_from == count
        assert found.results


def test_texts_without_words(tmp_path: Path) -> None:
    rows = [
        {**row, "split": ("train", "test")[i % 2], "response": "…" * (1 + i % 3), "evidence": ["!"]}
        for i, row in enumerate(rows_of("factual")[:40])
    ]
    found = evaluate(load("factual", written(tmp_path, "factual", rows)))
    assert set(found.left_out) == {"overlap", "tfidf"}


def test_the_order_of_a_list_that_has_none_is_refused(tmp_path: Path) -> None:
    rows = [{**row, "labels": [0] * len(row["labels"])} for row in rows_of("ranking")]
    with pytest.raises(DataError, match="ask=item"):
        evaluate(load("ranking", written(tmp_path, "ranking", rows)))


def test_texts_are_not_kept(halves: Path) -> None:
    """What is kept of a question is its numbers and what its answer is scored with."""
    used = {"overlap": baselines()["overlap"]()}
    found = measured(questions(load("factual", str(halves))), used)
    texts = [len(record.response) for record in load("factual", str(halves)).records()]
    assert max(len(str(prompt)) for prompt in found.prompts) < 600
    assert max(texts) > 60
    assert all(prompt.messages == () for prompt in found.prompts)
