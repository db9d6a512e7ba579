"""The real data sets as records: they load, their labels are the source's, and what is shown does not tell them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import convert
import pytest
from scipy import stats

from recrm_tasks.data import load
from recrm_tasks.data.dataset import Dataset

DATA = convert.data_folder()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the real data is not here: RECRM_REAL_DATA names its folder (default ../shared/data)"
    ),
]

RECORDS = {
    ("llmbar", "instruction"): 838,
    ("begin", "factual"): 1_631 + 2_737,
    ("esci", "relevance"): 6_678,
    ("crosswoz", "ranking"): 527,
    ("crosswoz", "behavior"): 1_209,
    ("meituan", "ranking"): 8_476 - 571,
    ("meituan", "behavior"): 67_880,
    ("uci", "behavior"): 1_161 - 421,
    ("uci", "ranking"): 119 - 14,
}
LEFT_OUT = {
    ("begin", "factual"): {"label Generic": 85},
    ("meituan", "ranking"): {"list of more than 20 candidates": 571},
    ("uci", "behavior"): {"rating 1": 421},
    ("uci", "ranking"): {"no rating of 2": 14},
}
ONE_POSITIVE = [("crosswoz", "ranking"), ("meituan", "ranking")]
RANKING = [*ONE_POSITIVE, ("uci", "ranking")]
PROMPT_LENGTH = {"en": 4_000, "zh": 1_500}
"""Characters: about 1,000 and 1,800 tokens of SmolLM2's, whose tokenizer makes more than one of a Chinese character."""

Kind = tuple[str, str]


@pytest.fixture(scope="module")
def converted() -> dict[Kind, convert.Converted]:
    return {(part.dataset, part.dimension): part for part in convert.convert_all(DATA)}


@pytest.fixture(scope="module")
def folder(converted: dict[Kind, convert.Converted], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All records as files."""
    out = tmp_path_factory.mktemp("real")
    convert.write(converted.values(), out)
    return out


@pytest.fixture(scope="module")
def loaded(folder: Path, converted: dict[Kind, convert.Converted]) -> dict[Kind, list[Dataset]]:
    """All records as the harnesses load them, one data set per split."""
    return {
        (dataset, dimension): [
            load(dimension, str(folder / dataset), split=split)
            for split in sorted({r.get("split") for r in converted[dataset, dimension].records}, key=str)
        ]
        for dataset, dimension in converted
    }


def test_every_row_is_used_or_counted(converted: dict[Kind, convert.Converted]) -> None:
    assert {kind: len(part.records) for kind, part in converted.items()} == RECORDS
    assert {kind: dict(part.left_out) for kind, part in converted.items() if part.left_out} == LEFT_OUT


def test_every_record_loads(loaded: dict[Kind, list[Dataset]]) -> None:
    assert {kind: sum(len(part) for part in parts) for kind, parts in loaded.items()} == RECORDS


def test_label_shares_are_the_sources(converted: dict[Kind, convert.Converted]) -> None:
    def shares(dataset: str, dimension: str) -> dict[Any, float]:
        records = converted[dataset, dimension].records
        return {label: round(n / len(records), 3) for label, n in Counter(r["label"] for r in records).items()}

    assert shares("llmbar", "instruction") == {"follows": 0.5, "violates": 0.5}
    assert {k: round(v, 2) for k, v in shares("esci", "relevance").items()} == {
        "E": 0.51,
        "S": 0.28,
        "C": 0.05,
        "I": 0.16,
    }
    factual = Counter(r["label"] for r in converted["begin", "factual"].records)
    assert factual == {"consistent": 1_631, "inconsistent": 2_737}
    assert shares("meituan", "behavior")[1] == 0.125
    assert sum(r["label"] for r in converted["crosswoz", "behavior"].records) == 527
    rated = Counter(r["label"] for r in converted["uci", "behavior"].records)
    assert {rating: round(n / 1_161, 2) for rating, n in rated.items()} == {1: 0.42, 0: 0.22}


def test_choices_have_one_positive(converted: dict[Kind, convert.Converted]) -> None:
    for kind in ONE_POSITIVE:
        assert {sum(r["labels"]) for r in converted[kind].records} == {1}
    taken = Counter(r["meta"]["order"] for r in converted["meituan", "behavior"].records if r["label"])
    assert len(taken) == 8_476
    assert set(taken.values()) == {1}


def test_history_is_strictly_before_the_event(converted: dict[Kind, convert.Converted]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(DATA / "meituan_trd" / "orders.parquet")
    orders = {order["wm_order_id"]: order for order in table.to_pylist()}
    for record in converted["meituan", "behavior"].records:
        event = orders[record["meta"]["order"]]
        history = [orders[number] for number in record["meta"]["history_orders"]]
        times = [order["order_timestamp"] for order in history]
        assert len(history) == len(record["history"])
        assert times == sorted(times)
        assert all(time < event["order_timestamp"] for time in times)
        assert {order["user_id"] for order in history} <= {event["user_id"]}


def test_dialogue_history_ends_before_the_offer(converted: dict[Kind, convert.Converted]) -> None:
    offers = {
        f"crosswoz-{row['id']}": row["system_response"]
        for row in convert._rows(DATA / "crosswoz" / "choice_sets.jsonl")
    }
    for record in converted["crosswoz", "ranking"].records:
        assert record["context"]["刚才"].startswith("用户：")
        assert convert.trim(offers[record["id"]], 60) not in json.dumps(record, ensure_ascii=False)


@pytest.mark.parametrize("kind", RANKING, ids="-".join)
@pytest.mark.parametrize("mode", ["generate", "logprob"])
def test_shown_position_does_not_tell_the_positive(loaded: dict[Kind, list[Dataset]], kind: Kind, mode: Any) -> None:
    """Where lists of n are many enough to test, their positives are spread over the n places by chance.

    Several positives of one list keep their distance, so that for these (UCI) chance is stricter than the test.
    """
    places: dict[int, Counter[int]] = defaultdict(Counter)
    for dataset in loaded[kind]:
        for prompt in dataset.prompts(mode):
            assert isinstance(prompt.gold, tuple)
            places[len(prompt.gold)].update(i for i, grade in enumerate(prompt.gold) if grade)
    statistic, freedom = 0.0, 0
    for length, counts in places.items():
        expected = counts.total() / length
        if expected >= 5:
            statistic += sum((counts[i] - expected) ** 2 / expected for i in range(length))
            freedom += length - 1
    assert freedom > 0
    assert stats.chi2.sf(statistic, freedom) > 0.001


def test_source_position_would_tell_the_positive(converted: dict[Kind, convert.Converted]) -> None:
    """In the source's own order the shop that was ordered stands last too often: what is shown must not follow it."""
    lists = [r["labels"] for r in converted["meituan", "ranking"].records]
    chance = sum(1 / len(labels) for labels in lists) / len(lists)
    assert stats.binomtest(sum(labels[-1] for labels in lists), len(lists), chance).pvalue < 1e-9


def test_records_are_blind_to_the_gold(converted: dict[Kind, convert.Converted], tmp_path: Path) -> None:
    """With every label of the sources replaced by another one, nothing but the records' labels changes."""
    for file in DATA.glob("*/*"):
        (tmp_path / file.parent.name).mkdir(exist_ok=True)
        target = tmp_path / file.parent.name / file.name
        if file.suffix == ".jsonl":
            lines = (json.dumps(_other_gold(row)) for row in convert._rows(file))
            target.write_text("\n".join(lines), encoding="utf-8")
        else:
            target.symlink_to(file.resolve())
    for part in convert.convert_all(tmp_path):
        before = converted[part.dataset, part.dimension].records
        if (part.dataset, part.dimension) == ("uci", "ranking"):  # other lists have both kinds of labels then
            shared = {r["id"] for r in before} & {r["id"] for r in part.records}
            assert len(shared) > 50
            before = [r for r in before if r["id"] in shared]
            part = part._replace(records=[r for r in part.records if r["id"] in shared])
        assert [_labels(r) for r in part.records] != [_labels(r) for r in before]
        assert [_shown(r) for r in part.records] == [_shown(r) for r in before]


def _other_gold(row: dict[str, Any]) -> dict[str, Any]:
    """A source row with another gold label, and all that follows from it."""
    swaps = {
        "label": {0: 1, 1: 0},
        "begin_label": {"Fully attributable": "Not fully attributable", "Not fully attributable": "Fully attributable"},
        "esci_label": {"E": "I", "S": "C", "C": "S", "I": "E"},
        "grade": {3: 0, 2: 1, 1: 2, 0: 3},
        "rating": {0: 2, 2: 0},
        "food_rating": {0: 2, 2: 0},
        "service_rating": {0: 2, 2: 0},
    }
    row = {key: swaps[key].get(value, value) if key in swaps else value for key, value in row.items()}
    if "labels" in row:  # a choice moves to the next candidate, a rating is turned over
        choice = sorted(row["labels"])[-2:] == [0, 1]
        row["labels"] = row["labels"][-1:] + row["labels"][:-1] if choice else [2 - rating for rating in row["labels"]]
    return row


def _labels(record: dict[str, Any]) -> Any:
    return record.get("label", record.get("labels"))


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("label", "labels")}


def test_shop_numbers_are_not_shown(converted: dict[Kind, convert.Converted]) -> None:
    """Every ordered shop of Meituan has a number below 3,327: who sees numbers can rule out others."""
    for record in converted["meituan", "ranking"].records:
        for candidate in record["candidates"]:
            assert f"店铺{convert._name(int(candidate['id']))}" in candidate["text"]
            assert f"店铺{candidate['id']}，" not in candidate["text"]


@pytest.mark.parametrize("kind", RANKING, ids="-".join)
def test_the_form_of_a_candidate_does_not_tell_the_positive(
    converted: dict[Kind, convert.Converted], kind: Kind
) -> None:
    """Neither the length of the text nor how its letters sort is more than a hint: AUC within lists near one half.

    (Meituan: ordered shops have scores a little more often than others; that is what the platform showed its users.)
    """
    for feature in (len, str):
        wins = []
        for record in converted[kind].records:
            marked = list(zip(record["candidates"], record["labels"], strict=True))
            positives = [feature(c["text"]) for c, label in marked if label]
            negatives = [feature(c["text"]) for c, label in marked if not label]
            wins += [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
        assert abs(sum(wins) / len(wins) - 0.5) < 0.06, feature


def test_texts_are_short(loaded: dict[Kind, list[Dataset]]) -> None:
    for parts in loaded.values():
        for part in parts:
            for prompt in part.prompts("generate"):
                assert len(prompt.messages[-1].content) <= PROMPT_LENGTH[prompt.lang], prompt.id


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("a  b\t c\n\n\n\nd", 20, "a b c\n\nd"),
        ("0123456789abcdefghij", 15, "0123456 […] hij"),
        ("", 10, ""),
    ],
)
def test_trim(text: str, limit: int, expected: str) -> None:
    assert convert.trim(text, limit) == expected
    assert len(convert.trim(text, limit)) <= limit


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the small data sets: the whole is converted above."""
    monkeypatch.setattr(convert, "CONVERTERS", (convert.llmbar, convert.begin, convert.esci))
    convert.main([str(tmp_path), "--limit", "7"])
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.glob("*/*")) == [
        "begin/factual.jsonl",
        "esci/labels.json",
        "esci/relevance.jsonl",
        "llmbar/instruction.jsonl",
    ]
    assert len((tmp_path / "esci" / "relevance.jsonl").read_text(encoding="utf-8").splitlines()) == 7
    assert "begin/factual: 4368 records, 7 written; left out: 85 label Generic" in capsys.readouterr().out
    assert [x.value for x in load("relevance", str(tmp_path / "esci")).labels.labels] == [1, 2 / 3, 1 / 3, 0]


def test_command_line_without_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECRM_REAL_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match="2"):
        convert.main([str(tmp_path)])
