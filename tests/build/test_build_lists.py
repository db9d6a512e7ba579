"""Lists of candidates: histories, negatives, splits, every form of a log, and what is left out."""

from __future__ import annotations

import random

import polars as pl
import pytest
from building import EVENTS, ITEMS, LISTS, build, left_out, recipe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recrm_tasks.build.negatives import sample
from recrm_tasks.data import load
from recrm_tasks.errors import DataError


def choices(record):
    """Candidate -> label."""
    return dict(zip((c["id"] for c in record["candidates"]), record["labels"], strict=True))


def test_lists_with_histories(tmp_path, capsys):
    first, second = build(tmp_path, recipe())["ranking"]
    assert (first["id"], first["group"], first["profile"], first["context"]) == (
        "toy-l1", "u1", "user u1", {"place": "home"},
    )  # fmt: skip
    assert choices(first) == {"a": 0, "b": 1, "e": 0}
    assert first["history"] == ["Item a"]  # b and c are of the very moment, d is later
    assert second["history"] == ["Item e"]
    assert "ranking: 2 records, 2 lists" in capsys.readouterr().out


def test_behavior_is_one_record_per_candidate_and_loads(tmp_path):
    records = build(tmp_path, recipe(dimension="behavior"))["behavior"]
    assert {(r["id"], r["label"]) for r in records} >= {("toy-l1-b", 1), ("toy-l1-a", 0), ("toy-l2-e", 1)}
    assert load("behavior", str(tmp_path / "out")).provenance["rows"] == 5


def test_lists_may_hang_together_by_another_column_than_the_user(tmp_path):
    lists = [{**row, "visit": "v1"} for row in LISTS]
    first, second = build(tmp_path, recipe(part={"group": "visit"}), lists=lists)["ranking"]
    assert (first["group"], second["group"]) == ("v1", "v1")
    made = recipe(dimension="behavior", part={"group": "visit"})
    assert {r["group"] for r in build(tmp_path, made, lists=lists, to="again")["behavior"]} == {"v1"}
    with pytest.raises(DataError, match=r"records.ranking.group: .*no column 'visits'"):
        build(tmp_path, recipe(part={"group": "visits"}), lists=lists, to="bad")


_MOMENT = st.tuples(st.sampled_from(["u1", "u2"]), st.sampled_from("abcd"), st.integers(0, 6))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(_MOMENT, min_size=1, max_size=20), moment=st.integers(0, 7), last=st.integers(1, 4))
def test_history_is_the_last_events_strictly_before(tmp_path_factory, events, moment, last):
    made = recipe(events={**recipe()["events"], "entry": "{{ item }} {{ time.timestamp() | int }}", "last": last})
    log = [{"user": u, "item": i, "time": t} for u, i, t in events]
    lists = [{**LISTS[0], "user": user, "list": user, "time": moment} for user in ("u1", "u2", "u3")]
    for record in build(tmp_path_factory.mktemp("build"), made, log=log, lists=lists)["ranking"]:
        before = sorted(((t, i) for u, i, t in events if u == record["group"] and t < moment), key=lambda e: e[0])
        assert record["history"] == [f"Item {i} {t}" for t, i in before][-last:]


def test_what_tells_the_choice_cannot_be_shown(tmp_path):
    for key, spec in (("context", "{{ chosen }}"), ("profile", "{{ shown }}"), ("query", "{{ chosen }}")):
        with pytest.raises(DataError, match=f"records.ranking.{key}: there is no name"):
            build(tmp_path, recipe(part={key: spec}))


def rows_of(lists):
    """The same lists with one row per candidate."""
    return [
        {**x, "shown": None, "chosen": None, "item": item, "rank": i, "act": item == x["chosen"]}
        for x in lists
        for i, item in enumerate(x["shown"])
    ]


_BY_CANDIDATE = {
    "one_row_per": "candidate",
    "candidates": None,
    "chosen": None,
    "item": "item",
    "label": {"column": "act"},
}


def test_all_forms_of_a_list_say_the_same(tmp_path):
    expected = build(tmp_path, recipe(), to="1")
    index = [{**x, "chosen": x["shown"].index(x["chosen"])} for x in LISTS]
    assert build(tmp_path, recipe(part={"chosen": None, "chosen_index": "chosen"}), lists=index, to="2") == expected
    labels = [{**x, "chosen": [int(i == x["chosen"]) for i in x["shown"]]} for x in LISTS]
    part = {"chosen": None, "labels": {"column": "chosen"}}
    assert build(tmp_path, recipe(part=part), lists=labels, to="3") == expected
    text = [{**x, "shown": "#".join(x["shown"])} for x in LISTS]
    part = {"candidates": {"column": "shown", "separator": "#"}}
    assert build(tmp_path, recipe(part=part), lists=text, to="4") == expected
    rows = rows_of(LISTS)
    random.Random(0).shuffle(rows)
    built = build(tmp_path, recipe(part=_BY_CANDIDATE), lists=rows, to="5")
    assert sorted(built["ranking"], key=lambda r: r["id"]) == expected["ranking"]


def test_columns_that_differ_within_a_list_cannot_be_shown(tmp_path):
    made = recipe(part={**_BY_CANDIDATE, "context": "{{ rank }}"})
    with pytest.raises(DataError, match=r"records.ranking.context: there is no name 'rank'"):
        build(tmp_path, made, lists=rows_of(LISTS))


def test_order_of_candidates_does_not_follow_the_source(tmp_path):
    lists = [{**LISTS[0], "list": str(n), "shown": ["b", "a", "c", "d"]} for n in range(400)]
    places = [r["labels"].index(1) for r in build(tmp_path, recipe(), lists=lists)["ranking"]]
    assert all(60 < places.count(i) < 140 for i in range(4))


def test_lists_that_cannot_be_used_are_counted(tmp_path):
    bad = [
        {**LISTS[0], "list": "n", "chosen": None},
        {**LISTS[0], "list": "o", "chosen": "zz"},
        {**LISTS[0], "list": "p", "shown": ["b"]},
        {**LISTS[0], "list": "q", "shown": ["b", "unknown"]},
        {**LISTS[0], "list": "r", "shown": None},
        {**LISTS[0], "list": "s", "time": None},
        {**LISTS[0], "list": "t", "user": None},
        {**LISTS[0], "list": "u", "shown": ["b", "b", "a"]},
    ]
    assert [r["id"] for r in build(tmp_path, recipe(), lists=LISTS + bad)["ranking"]] == ["toy-l1", "toy-l2", "toy-u"]
    assert left_out(tmp_path) == {
        "lists: only positives": 2,
        "lists: no user": 1,
        "lists: no time that can be read": 1,
        "lists: no positive": 1,
        "lists: what was chosen is not among the candidates": 1,
        "candidates: item not in the catalogue": 1,
        "lists: no candidate": 1,
        "candidates: item again in its list": 1,
    }


_SAMPLED = {"candidates": None, "chosen": None, "item": "item", "id": "id", "context": "", "negatives": {"sample": 3}}


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 60)), st.integers(0, 10), st.integers())
def test_sampled_items_are_new_and_different(acted, count, seed):
    catalogue = [str(i) for i in range(60)]
    drawn = sample(catalogue, {str(i) for i in acted}, count, str(seed))
    if drawn is None:
        assert len(set(catalogue) - {str(i) for i in acted}) < count
    else:
        assert len(set(drawn)) == count == len(drawn)
        assert not {int(i) for i in drawn} & acted
        assert drawn == sample(catalogue, {str(i) for i in acted}, count, str(seed))


def test_sampled_negatives_are_never_acted_on_before_or_later(tmp_path):
    lists = [{**event, "id": n} for n, event in enumerate(EVENTS)]
    untimed = {"user": "u1", "item": "f", "time": None}
    records = build(tmp_path, recipe(part=_SAMPLED), lists=lists, log=[*EVENTS, untimed])["ranking"]
    assert len(records) == 5
    for record in records:
        negatives = {c for c, label in choices(record).items() if not label}
        assert len(negatives) == 3
        assert not negatives & {e["item"] for e in [*EVENTS, untimed] if e["user"] == record["group"]}
    build(tmp_path, recipe(part={**_SAMPLED, "negatives": {"sample": 5}}), lists=lists, to="more")
    assert left_out(tmp_path, to="more") == {"lists: too few items that the user never acted on": 4}


def test_shown_items_that_the_user_acted_on_later_can_be_left_out(tmp_path):
    lists = [{**LISTS[0], "shown": ["b", "d", "a", "e"]}]
    assert set(choices(build(tmp_path, recipe(), lists=lists)["ranking"][0])) == {"a", "b", "d", "e"}
    part = {"negatives": {"acted_later": "leave_out"}}
    assert set(choices(build(tmp_path, recipe(part=part), lists=lists, to="b")["ranking"][0])) == {"a", "b", "e"}
    assert left_out(tmp_path, to="b") == {"candidates: a negative that the user acted on later": 1}


@settings(max_examples=20, deadline=None)
@given(times=st.lists(st.integers(0, 9), min_size=4, max_size=30), share=st.sampled_from([0.2, 0.5]))
def test_test_is_strictly_later_than_train(tmp_path_factory, times, share):
    lists = [{**LISTS[0], "list": str(n), "time": time} for n, time in enumerate(times)]
    part = {
        "split": {"by": "time", "shares": {"train": 1 - share, "test": share}},
        "meta": {"t": "{{ time.timestamp() }}"},
    }
    cut = sorted(times)[round((1 - share) * len(times))]
    if cut == min(times):
        with pytest.raises(DataError, match="too few different times"):
            build(tmp_path_factory.mktemp("build"), recipe(part=part), lists=lists)
        return
    records = build(tmp_path_factory.mktemp("build"), recipe(part=part), lists=lists)["ranking"]
    seen = {name: [float(r["meta"]["t"]) for r in records if r["split"] == name] for name in ("train", "test")}
    assert len(seen["train"]) + len(seen["test"]) == len(times)
    assert max(seen["train"]) < min(seen["test"])


def test_splits_from_a_moment_and_by_user(tmp_path):
    part = {"split": {"by": "time", "from": {"test": "1970-01-01T00:00:30+00:00"}}}
    assert [r["split"] for r in build(tmp_path, recipe(part=part), to="1")["ranking"]] == ["train", "test"]
    lists = [{**LISTS[n % 2], "list": str(n), "user": f"u{n // 2}"} for n in range(100)]
    part = {"split": {"by": "user", "shares": {"train": 0.5, "test": 0.5}}}
    records = build(tmp_path, recipe(part=part), lists=lists, to="2")["ranking"]
    assert len({(r["group"], r["split"]) for r in records}) == len({r["group"] for r in records}) == 50
    assert {r["split"] for r in records} == {"train", "test"}


def test_ids_are_the_same_whatever_the_type_of_the_column(tmp_path):
    """Numbers, whole floats (what a column with gaps is read as) and texts; times as texts with a zone."""
    pl.DataFrame({"item": [1.0, 2.0, None], "title": ["one", "two", "gone"]}).write_parquet(tmp_path / "items.parquet")
    (tmp_path / "log.csv").write_text("user,item,time\n7,1,2026-01-01T00:00:00Z\n", encoding="utf-8")
    tables = {"items": {"file": "items.parquet"}, "log": {"file": "log.csv"}, "lists": {"file": "lists.jsonl"}}
    lists = [{**LISTS[0], "user": 7, "time": "2026-01-01 09:00:01", "shown": [1, 2], "chosen": 2.0}]
    (record,) = build(tmp_path, recipe(tables=tables, zone="Asia/Tokyo"), lists=lists, items=ITEMS)["ranking"]
    assert choices(record) == {"1": 0, "2": 1}
    assert record["history"] == ["one"]
