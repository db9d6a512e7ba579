"""What less common columns mean: earlier turns, lists of the chosen and of the others, ranks, spans, scores."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hub_forms import FORMS, PATHS, questions, said_before, uncomment, whole

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.formats.turns import is_dialogue, to_turns
from recrm_tasks.errors import DataError

ITEMS = ("Sushi bar", "面馆", "Taco stand")


def put(folder: Path, key: str, rows: list[dict[str, Any]], name: str | None = None) -> str:
    file = folder / "hub" / (name or PATHS[key])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return str(folder / "hub")


def question(key: str, data: str) -> str:
    with pytest.raises(DataError) as caught:
        load(key, data, split="all")
    return str(caught.value)


def offered(said: str) -> list[str]:
    """The answers to a question, without what they mean."""
    return [line.strip().partition("   #")[0] for line in said.splitlines() if line.startswith("    ")]


def answered(key: str, data: str, folder: Path, *answers: str, **options: Any) -> list[Any]:
    mapping = folder / "mapping.yaml"
    main(["data", "inspect", data, "--dimension", key, "--to", str(mapping)])
    uncomment(mapping, answers)
    return list(load(key, data, split="all", mapping=str(mapping), **options).records())


def ranking(**columns: Any) -> list[dict[str, Any]]:
    """Rows of three users who chose the second item."""
    return [
        {"profile": f"user {n}", "history": ["ramen"], **{k: v(n) if callable(v) else v for k, v in columns.items()}}
        for n in range(3)
    ]


def graded(records: list[Any]) -> list[dict[str, int]]:
    return [{c.text: grade for c, grade in zip(r.candidates, r.labels, strict=True)} for r in records]


CHOSEN = [{"Sushi bar": 0, "面馆": 1, "Taco stand": 0}] * 3


class TestEarlierTurns:
    def test_stand_between_the_system_and_the_query(self, tmp_path):
        form = FORMS["query, response and history"]
        data = put(tmp_path, "factual", [form.row(q) for q in questions("factual")])
        records = answered("factual", data, tmp_path, "messages: [system, history, query]")
        said = {r.messages[-1].content: [(m.role, m.content) for m in r.messages] for r in records}
        for q in questions("factual"):
            before = [(u, a) for u, a in said_before(q)] if q["n"] % 2 else []
            turns = [turn for u, a in before for turn in (("user", u), ("assistant", a))]
            assert said[whole(q)] == [("system", q["system"]), *turns, ("user", whole(q))]

    def test_are_no_field_of_another_name(self, tmp_path):
        form = FORMS["query, response and history"]
        data = put(tmp_path, "factual", [form.row(q) for q in questions("factual")])
        assert offered(question("factual", data)) == ["messages: [system, history, query]", "messages: [system, query]"]

    def test_may_be_part_of_the_query(self, tmp_path):
        form = FORMS["system, query, response, history and a label"]
        data = put(tmp_path, "instruction", [form.row(q) for q in questions("instruction")])
        answers = ("fields: {instruction: system}", "fields: {query: [history, query]}")
        said = {r.instruction: r.query for r in answered("instruction", data, tmp_path, *answers)}
        q = questions("instruction")[0]
        assert said[q["rules"]] == f"user: 您好，第0次\n\nassistant: 请说\n\nuser: {q['query']}"

    @pytest.mark.parametrize("as_text", [False, True])
    def test_of_arrow_and_of_json(self, as_text):
        rows = [[["hi", "hello"], ["and?", None]], None, []]
        column = pa.array([None if r is None else json.dumps(r) for r in rows]) if as_text else pa.array(rows)
        assert is_dialogue(column)
        turns, problems = to_turns([pa.array(["s", "s", "s"]), column, pa.array(["q", "q", None])])
        said = [None if r is None else [(t["role"][0], t["content"]) for t in r] for r in turns.to_pylist()]
        first = [("s", "s"), ("u", "hi"), ("a", "hello"), ("u", "and?"), ("u", "q")]
        assert (said, problems) == ([first, [("s", "s"), ("u", "q")], None], [])

    def test_one_row_of_another_form_is_refused_alone(self):
        column = pa.array([json.dumps([["hi", "hello"]]), json.dumps([["a", "b", "c"]])])
        turns, problems = to_turns([column, pa.array(["q", "q"])])
        assert [t and len(t) for t in turns.to_pylist()] == [3, None]
        assert problems == [(1, "expected a turn with role and content, found list")]

    def test_texts_that_follow_each_other_are_one_turn(self):
        s, t, q, r = (pa.array([text]) for text in "stqr")
        turns, _ = to_turns([s, t, pa.array([[["hi", "hello"]]]), q, r])
        assert [(t["role"], t["content"]) for t in turns.to_pylist()[0]] == [
            ("system", "s\n\nt"), ("user", "hi"), ("assistant", "hello"), ("user", "q\n\nr"),
        ]  # fmt: skip

    def test_a_part_of_a_file_may_have_none(self):
        turns, _ = to_turns([pa.array(["s"]), pa.array([[]]), pa.array(["q"])])
        assert [(t["role"], t["content"]) for t in turns.to_pylist()[0]] == [("system", "s"), ("user", "q")]

    @pytest.mark.parametrize("rows", [[["a", "b"]], [[["a", "b", "c"]]], [[[1, 2]]], [[]], ["[]"], [1]])
    def test_other_lists_are_none(self, rows):
        assert not is_dialogue(pa.array(rows))


class TestChosenAndOthers:
    NAMES = (("pos", "neg"), ("positives", "negatives"), ("clicked", "unclicked"), ("正样本", "负样本"))

    @pytest.mark.parametrize("names", NAMES)
    def test_are_one_list(self, names, tmp_path):
        rows = ranking(**{names[0]: [ITEMS[1]], names[1]: [ITEMS[0], ITEMS[2]]})
        records = list(load("ranking", put(tmp_path, "ranking", rows)).records())
        assert graded(records) == CHOSEN

    def test_with_ids(self, tmp_path):
        candidates = [{"id": f"p{i}", "name": name} for i, name in enumerate(ITEMS)]
        rows = ranking(pos=[candidates[1]], neg=[candidates[0], candidates[2]])
        records = list(load("ranking", put(tmp_path, "ranking", rows)).records())
        assert [{c.id: g for c, g in zip(r.candidates, r.labels, strict=True)} for r in records] == [
            {"p1": 1, "p0": 0, "p2": 0}
        ] * 3

    def test_beside_their_list(self, tmp_path):
        rows = ranking(candidates=list(ITEMS), pos=[ITEMS[1]], neg=[ITEMS[0], ITEMS[2]])
        assert graded(list(load("ranking", put(tmp_path, "ranking", rows)).records())) == CHOSEN

    def test_the_others_are_never_offered_as_the_label(self, tmp_path):
        rows = [{"query": "面", "pos": [ITEMS[1]], "neg": [ITEMS[0], ITEMS[2]]} for _ in range(3)]
        said = question("ranking", put(tmp_path, "ranking", rows))
        assert not re.search("label: .*neg|candidates: neg", said)
        records = answered(
            "ranking", put(tmp_path, "ranking", rows), tmp_path, "fields: {profile: null, history: null, context: null}"
        )
        assert graded(records) == CHOSEN

    def test_one_that_is_both_is_refused(self, tmp_path):
        rows = ranking(pos=[ITEMS[1]], neg=list(ITEMS))
        with pytest.raises(DataError, match="'面馆' names 2 of the 4 candidates"):
            load("ranking", put(tmp_path, "ranking", rows))


class TestRanks:
    def test_equal_first_ranks_are_all_chosen(self, tmp_path):
        rows = ranking(candidates=list(ITEMS), rank=[2, 1, 1])
        records = list(load("ranking", put(tmp_path, "ranking", rows)).records())
        assert graded(records) == [{"Sushi bar": 0, "面馆": 1, "Taco stand": 1}] * 3

    def test_a_list_of_places_is_asked_and_both_answers_differ(self, tmp_path):
        rows = ranking(candidates=list(ITEMS), ranking=[3, 1, 2])
        data = put(tmp_path, "ranking", rows)
        ranks = answered("ranking", data, tmp_path, "label: {column: ranking, listed: ranks}")
        assert graded(ranks) == CHOSEN
        (tmp_path / "mapping.yaml").unlink()
        order = answered("ranking", data, tmp_path, "label: {column: ranking, numbers: from 1, listed: order}")
        assert graded(order) == [{"Sushi bar": 0, "面馆": 0, "Taco stand": 1}] * 3

    def test_a_label_column_with_the_number_of_each_is_no_list_of_grades(self, tmp_path):
        said = question("ranking", put(tmp_path, "ranking", ranking(candidates=list(ITEMS), labels=[3, 1, 2])))
        assert "are they ranks, or an order?" in said

    def test_clicks_come_before_ranks(self, tmp_path):
        rows = ranking(candidates=list(ITEMS), rank=[1, 2, 3], clicked=[0, 1, 0])
        assert graded(list(load("ranking", put(tmp_path, "ranking", rows)).records())) == CHOSEN

    def test_say_nothing_without_lists(self, tmp_path):
        rows = [{"profile": "u", "history": ["ramen"], "item": name, "rank": n} for n, name in enumerate(ITEMS, 1)]
        mapping = tmp_path / "mapping.yaml"
        source = {
            "files": {"-": [PATHS["ranking"]]},
            "no_lists": True,
            "fields": {"candidates": "item", "context": None},
            "label": {"column": "rank", "listed": "ranks"},
        }
        mapping.write_text(json.dumps({"dimensions": {"ranking": {"sources": [source]}}}), encoding="utf-8")
        with pytest.raises(DataError, match="ranks say nothing of rows that are in no list"):
            load("ranking", put(tmp_path, "ranking", rows), mapping=str(mapping), ask="item")


class TestCandidatesInOneText:
    @pytest.mark.parametrize("mark", ["；", ";", "、", "|", "｜", "\n", "\t", " | "])
    def test_are_divided(self, mark, tmp_path):
        rows = ranking(candidates=mark.join(ITEMS), label=ITEMS[1])
        assert graded(list(load("ranking", put(tmp_path, "ranking", rows)).records())) == CHOSEN

    def test_labels_tell_the_separator(self, tmp_path):
        """A comma within a name divides nothing, if the label has the whole name."""
        names = [f"{name}, {n} seats" for n, name in enumerate(ITEMS)]
        rows = ranking(candidates="; ".join(names), label=names[1])
        records = list(load("ranking", put(tmp_path, "ranking", rows)).records())
        assert graded(records) == [{names[0]: 0, names[1]: 1, names[2]: 0}] * 3

    def test_what_nothing_tells_is_asked(self, tmp_path):
        rows = ranking(candidates="; ".join(f"{name}, open" + str(n) for n, name in enumerate(ITEMS)), label=3)
        data = put(tmp_path, "ranking", rows)
        said = question("ranking", data)
        assert "candidates has texts: what divides the candidates in them?" in said
        ways = [line for line in offered(said) if "pattern" in line]
        assert ways[0] == "fields: {candidates: {column: candidates, pattern: '[^；;]+'}}"
        records = answered("ranking", data, tmp_path, ways[0])
        assert [c.text for c in records[0].candidates] == ["Sushi bar, open0", "面馆, open1", "Taco stand, open2"]
        assert records[0].labels == [0, 0, 1]

    def test_an_item_with_a_semicolon_is_no_list(self, tmp_path):
        rows = [
            {"session_id": f"s{n}", "profile": "u", "history": ["a"], "商家": f"{name}；12 元", "clicked": int(k == 1)}
            for n in range(3)
            for k, name in enumerate(ITEMS)
        ]
        records = list(load("ranking", put(tmp_path, "ranking", rows)).records())
        assert [[c.text for c in r.candidates] for r in records] == [[f"{name}；12 元" for name in ITEMS]] * 3


class TestSpans:
    def test_one_violation_is_enough_but_one_rule_that_was_followed_is_not(self, tmp_path):
        rows = [{"instruction": f"r{n}", "query": "q", "response": f"a {n}"} for n in range(4)]
        bad = [{**r, "violations": ["r"] if n % 2 else []} for n, r in enumerate(rows)]
        records = list(load("instruction", put(tmp_path / "bad", "instruction", bad)).records())
        assert sorted((r.response, r.label) for r in records) == [
            ("a 0", "follows"), ("a 1", "violates"), ("a 2", "follows"), ("a 3", "violates"),
        ]  # fmt: skip
        good = [{**r, "followed": ["r"] if n % 2 else []} for n, r in enumerate(rows)]
        assert "what do the values 'false', 'true' of followed mean" in question(
            "instruction", put(tmp_path / "good", "instruction", good)
        )

    def test_a_missing_list_is_no_empty_one(self, tmp_path):
        rows = [
            {"query": "q", "evidence": ["e"], "response": f"{n}", "hallucination_spans": spans}
            for n, spans in enumerate([[], [[0, 1]], None])
        ]
        with pytest.raises(DataError, match=r"(?s)1 of 3 rows .*line 3: hallucination_spans: no label"):
            load("factual", put(tmp_path, "factual", rows))


class TestOfferedAnswers:
    def test_of_a_prompt_with_a_completion(self, tmp_path):
        """The completion is what is judged: it is no part of the prompt, and never not needed."""
        form = FORMS["prompt, completion and label"]
        data = put(tmp_path, "instruction", [form.row(q) for q in questions("instruction")])
        assert offered(question("instruction", data))[2:] == [
            "fields: {instruction: null, query: prompt, response: completion}",
            "fields: {instruction: prompt, query: null, response: completion}",
        ]

    def test_of_turns_with_a_completion(self, tmp_path):
        form = FORMS["turns of a prompt and a completion"]
        data = put(tmp_path, "instruction", [form.row(q) for q in questions("instruction")])
        assert offered(question("instruction", data))[2:] == [
            "fields: {instruction: prompt.system, query: prompt.user, response: completion.assistant}",
            "messages: [prompt, completion]",
            "last_turn: keep",
        ]

    def test_of_a_completion_that_is_no_field(self, tmp_path):
        """Where an item is judged, a completion may be anything."""
        rows = [
            {"prompt": f"面 {n}？", "completion": f"the {n}th noodle shop of the street", "label": label}
            for n, label in enumerate(["relevant", "partial"] * 2)
        ]
        assert offered(question("relevance", put(tmp_path, "relevance", rows))) == [
            "fields: {query: prompt, item: completion}", "messages: [prompt, completion]", "messages: prompt",
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ["columns without evidence", "pairs without evidence", "no query"])
    def test_a_record_without_evidence_is_never_offered(self, name, tmp_path):
        form = FORMS[name]
        data = put(tmp_path, "factual", [form.row(q) for q in questions("factual")])
        assert "evidence: null" not in question("factual", data)

    def test_of_an_answer_beside_a_score(self, tmp_path):
        form = FORMS["an answer beside a score that it contradicts"]
        data = put(tmp_path, "factual", [form.row(q) for q in questions("factual")])
        said = question("factual", data)
        assert "each of the columns answer, score may be it" in said
        assert [line for line in offered(said) if "score" in line] == [
            "label: {column: score, values: {'0': inconsistent, '1': consistent}}",
            "label: {column: score, values: {'0': consistent, '1': inconsistent}}",
        ]

    def test_of_a_last_turn_beside_a_score(self, tmp_path):
        rows = [
            {"messages": [{"role": "user", "content": whole(q)}, {"role": "assistant", "content": "一致"}],
             "score": int(q["yes"])}
            for q in questions("factual")
        ]  # fmt: skip
        assert "each of the columns messages, score may be it" in question("factual", put(tmp_path, "factual", rows))


class TestListsOfItems:
    @pytest.mark.parametrize("kind", ["text", "object", "JSON"])
    def test_each_entry_is_a_record(self, kind, tmp_path):
        """With the row's number, whatever became of the row; no list shows as a text."""
        shows = {"text": str, "object": lambda name: {"name": name}, "JSON": str}[kind]
        rows = [
            {"query": "面", "pos": [shows("a")], "neg": [shows("b"), shows("c")]},
            {"query": "茶", "pos": [], "neg": [shows("d")]},
        ]
        if kind == "JSON":
            rows = [{k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows]
        records = list(load("relevance", put(tmp_path, "relevance", rows)).records())
        name = "name: {}" if kind == "object" else "{}"
        assert sorted((r.query, r.item, r.label) for r in records) == sorted(
            (query, name.format(item), label)
            for query, item, label in [
                ("面", "a", "relevant"), ("面", "b", "irrelevant"), ("面", "c", "irrelevant"),
                ("茶", "d", "irrelevant"),
            ]
        )  # fmt: skip
        assert {r.query: r.group for r in records} == {"面": "面", "茶": "茶"}

    def test_an_empty_entry_is_refused_with_its_row(self, tmp_path):
        rows = [{"query": "面", "pos": ["a"], "neg": ["b", ""]}]
        with pytest.raises(DataError, match=r"(?s)1 of 3 rows .*line 1: item: Field required"):
            load("relevance", put(tmp_path, "relevance", rows))
