"""The sample in the package: complete, balanced, and without tells."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files

import pytest

from recrm_tasks.data import load

KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")
SERVICES = {"food_delivery", "dine_in", "hotel", "travel", "beauty_fitness", "entertainment"}


def lines(key):
    """The file as it ships."""
    return (files("recrm_tasks.data.sources.sample") / f"{key}.jsonl").read_text(encoding="utf-8").splitlines()


def text(record):
    """All that a model is shown of a record."""
    hidden = {"id", "dimension", "lang", "source", "split", "meta", "label", "labels"}
    return json.dumps({k: v for k, v in record.items() if k not in hidden}, ensure_ascii=False, sort_keys=True)


@pytest.mark.parametrize("key", KEYS)
def test_seventy_two_records_half_of_them_chinese(key):
    records = list(load(key, "sample").records())
    assert len(records) == len(lines(key)) == 72
    assert Counter(r.lang for r in records) == {"zh": 36, "en": 36}
    assert {r.source for r in records} == {"sample"}
    assert {r.id for r in records} == {f"{key}-{lang}-{i:02}" for lang in ("zh", "en") for i in range(1, 37)}


@pytest.mark.parametrize("key", KEYS)
def test_labels_are_balanced_in_each_language(key):
    records = list(load(key, "sample").records())
    if key == "ranking":
        counts = Counter((r.lang, sum(g > 0 for g in r.labels)) for r in records)
        assert {positives for _, positives in counts} == {1, 2}
        assert all(counts[lang, 1] > counts[lang, 2] > 0 for lang in ("zh", "en"))
        return
    counts = Counter((r.lang, r.label) for r in records)
    assert set(counts.values()) == {12 if key == "relevance" else 18}


@pytest.mark.parametrize("key", KEYS)
def test_every_record_says_what_it_is_and_why(key):
    records = list(load(key, "sample").records())
    for record in records:
        assert set(record.meta) == {"service", "difficulty", "why"}, record.id
        assert record.meta["difficulty"] in ("easy", "hard"), record.id
        assert len(record.meta["why"]) >= 10, record.id
    counts = Counter((r.lang, r.meta["service"]) for r in records)
    assert {service for _, service in counts} == SERVICES
    assert set(counts.values()) == {6}
    assert sum(r.meta["difficulty"] == "hard" for r in records) >= 36


def test_category_is_the_service():
    assert all(r.category == r.meta["service"] for r in load("relevance", "sample").records())


def test_ids_and_texts_are_unique():
    rows = [json.loads(line) for key in KEYS for line in lines(key)]
    assert len({r["id"] for r in rows}) == len(rows) == 360
    assert len({text(r) for r in rows}) == 360
    assert len({r["meta"]["why"] for r in rows}) == 360
    queries = Counter(r["query"] for r in rows if r.get("query"))
    assert [q for q, count in queries.items() if count > 1] == []


@pytest.mark.parametrize("key", KEYS)
def test_language_is_what_it_says(key):
    """Half of a Chinese record's characters and none of an English one's are Chinese."""
    for line in lines(key):
        record = json.loads(line)
        shown = text(record)
        chinese = sum("\u4e00" <= c <= "\u9fff" for c in shown)
        assert (chinese > 30) if record["lang"] == "zh" else (chinese < 10), record["id"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_positives_stand_at_every_place(lang):
    """In the file and as shown: no place holds the positive in more than 40 % of the lists."""
    data = load("ranking", "sample", lang=lang)
    for golds in ([r.labels for r in data.records()], [p.gold for p in data.prompts("generate")]):
        places = Counter(i for gold in golds for i, g in enumerate(gold) if g)
        assert set(places) >= {0, 1, 2, 3}
        assert max(places.values()) <= 0.4 * sum(places.values())


@pytest.mark.parametrize("key", ["instruction", "factual", "relevance", "behavior"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_length_does_not_tell_the_label(key, lang):
    """Mean length of the records of a label is within 20 % of the mean of all."""
    rows = [r for r in map(json.loads, lines(key)) if r["lang"] == lang]
    overall = sum(len(text(r)) for r in rows) / len(rows)
    for label in {r["label"] for r in rows}:
        mine = [len(text(r)) for r in rows if r["label"] == label]
        assert sum(mine) / len(mine) == pytest.approx(overall, rel=0.2), label


def test_top_of_the_file_order_wins_nothing():
    """A model that always answers in the shown order scores like chance."""
    data = load("ranking", "sample")
    first = sum(p.gold[0] > 0 for p in data.prompts("generate")) / 72
    chance = sum(sum(g > 0 for g in r.labels) / len(r.labels) for r in data.records()) / 72
    assert abs(first - chance) < 0.15


@pytest.mark.parametrize("key", KEYS)
def test_prompts_fit_small_models(key):
    """About 1,500 characters of English or 1,000 of Chinese are well under 1,000 tokens."""
    for prompt in load(key, "sample").prompts("generate"):
        assert len(prompt.messages[0].content) < (3000 if prompt.lang == "en" else 1500), prompt.id


def test_ships_inside_the_package():
    shipped = {f.name for f in files("recrm_tasks.data.sources.sample").iterdir() if f.name.endswith(".jsonl")}
    assert shipped == {f"{key}.jsonl" for key in KEYS}
