"""A trainer's batch -> rewards: completions and columns in all forms that trainers and data sets have."""

from __future__ import annotations

import json
import logging
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards import Case, FunctionJudge, HybridReward
from recrm_tasks.rewards.agent_turn import MOST_ITEMS, fields_of, items_in
from recrm_tasks.rewards.batch_reward import BatchReward
from recrm_tasks.rewards.columns import fields
from recrm_tasks.rewards.trainer_metrics import batch_metrics, row_metrics

TURN = {"role": "assistant", "content": "Park Hotel is quiet."}


def yes(prompt: Prompt) -> str:
    """Answers A to everything; a coroutine function or a class would do as well."""
    return "A"


def cases(completions: Any, completion: Any = "response", **columns: Any) -> list[Case | None]:
    """The cases that the judge is asked about."""
    reward = BatchReward(HybridReward(FunctionJudge(yes), dimensions=["instruction"], missing="drop"), completion)
    return reward._cases(completions, columns)


def batch(*keys: str, judge: Any = yes, completion: Any = "response", **options: Any) -> BatchReward:
    return BatchReward(HybridReward(FunctionJudge(judge), dimensions=keys, **options), completion)


@pytest.mark.parametrize(
    ("completion", "said"),
    [
        ("Park Hotel is quiet.", "Park Hotel is quiet."),
        ([TURN], "Park Hotel is quiet."),
        ([{"role": "assistant", "content": [{"type": "text", "text": "Park "}, {"text": "Hotel"}]}], "Park Hotel"),
        # It looked something up first.
        ([{"role": "assistant", "content": None, "tool_calls": []}, {"role": "tool", "content": "…"}, TURN],
         "Park Hotel is quiet."),
        ("<think>which one?</think>\n\nPark Hotel", "Park Hotel"),
        ("Park Hotel<|im_end|>", "Park Hotel"),
    ],
)  # fmt: skip
def test_what_the_agent_said(completion: Any, said: str) -> None:
    (case,) = cases([completion])
    assert case is not None
    assert case.response is not None
    assert case.response.strip() == said


@pytest.mark.parametrize("completion", ["", " \n", "<think>and so on", [], [{"role": "assistant", "content": None}]])
def test_a_completion_without_an_answer_is_worth_nothing(completion: Any) -> None:
    """Whatever a missing part does: otherwise an agent could gain by silence."""

    def never(prompt: Prompt) -> str:
        raise AssertionError(prompt)

    for missing in ("none", "drop", "zero"):
        reward = batch("instruction", "relevance", judge=never, missing=missing)
        (found,) = reward([completion], {"query": ["a hotel"], "items": [["Park Hotel"]], "instruction": ["Name one."]})
        assert (found.value, found.parts) == (0.0, {"instruction": 0.0, "relevance": 0.0})
        assert batch_metrics([found], reward.keys)["recrm/empty"] == 1.0


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1. Park Hotel\n2. Hill Hotel", ("Park Hotel", "Hill Hotel")),
        ("Here are two:\n- Park Hotel\n* Hill Hotel\nEnjoy!", ("Park Hotel", "Hill Hotel")),
        ("推荐：\n1、公园酒店\n（2）山景酒店", ("公园酒店", "山景酒店")),
        ("Park Hotel\n\nHill Hotel\n", ("Park Hotel", "Hill Hotel")),
        ('["Park Hotel", {"name": "Hill", "stars": 3}]', ("Park Hotel", {"name": "Hill", "stars": 3})),
        ('```json\n{"reason": "quiet", "items": ["Park Hotel", 7]}\n```', ("Park Hotel", "7")),
        ('[{"name": "Hill", "rooms": [{"beds": 2}]}]', ({"name": "Hill", "rooms": '[{"beds": 2}]'},)),
        ('{"a": ["Park Hotel"], "b": ["Hill Hotel"]}', ('{"a": ["Park Hotel"], "b": ["Hill Hotel"]}',)),
        ("3.5 stars inn", ("3.5 stars inn",)),
        ('Sure:\n```json\n["Park Hotel", "Hill Hotel"]\n```\nEnjoy!', ("Park Hotel", "Hill Hotel")),
        ("1. Park Hotel\n   - quiet\n   - near\n2. Hill Hotel\n   - pool", ("Park Hotel", "Hill Hotel")),
        ("- Park Hotel\n\t- quiet\n- Hill Hotel", ("Park Hotel", "Hill Hotel")),
        (" 9. Park Hotel\n10. Hill Hotel", ("Park Hotel", "Hill Hotel")),
        ('["Park Hotel", null, "", " "]', ("Park Hotel",)),
        ("[" * 100_000, ("[" * 100_000,)),
        ("-\n-", ()),
        ("[]", ()),
    ],
)
def test_the_items_of_a_text(text: str, items: tuple[Any, ...]) -> None:
    assert items_in(text) == items


def test_a_thousand_items() -> None:
    assert len(items_in("\n".join(f"{i}. hotel" for i in range(1000)))) == MOST_ITEMS


@given(st.text(max_size=80), st.sampled_from(["response", "items"]))
def test_no_text_makes_it_raise(text: str, reading: Any) -> None:
    found = cases([text], reading, query=["a hotel"])
    assert found[0] is None or found[0].query == "a hotel"


def test_a_function_finds_the_items_among_the_candidates() -> None:
    def named(text: str, given: Any) -> dict[str, Any]:
        return {"response": text, "items": [name for name in given["candidates"] if name in text]}

    (case,) = cases(["I would take Hill Hotel."], named, candidates=['["Park Hotel", "Hill Hotel"]'])
    assert case is not None
    assert (case.items, case.candidates) == (("Hill Hotel",), ("Park Hotel", "Hill Hotel"))
    assert cases(["x"], lambda text, given: None) == [None]
    with pytest.raises(
        DataError, match=r"row 0: the function that reads completions must return fields or None, not \["
    ):
        cases(["x"], lambda text, given: ["Park Hotel"])
    with pytest.raises(DataError, match="row 0: itmes: there is no such field"):
        cases(["x"], lambda text, given: {"itmes": ["Park Hotel"]})


def test_columns_in_all_forms() -> None:
    """Lists, JSON text, arrays of Parquet files, objects that Arrow filled up with nulls, and nulls."""
    found = cases(
        ["a", "b", "c"],
        query=["q1", None, "[not JSON"],
        evidence=[["e1"], '["e2", {"price": 3}]', "e3"],
        items=[np.array(["i1", "i2"], dtype=object), None, "[i3"],
        profile=[{"age": 30, "city": None}, '{"city": "Delft"}', "travels"],
        id=[7, "x", None],
        solution=["not", "a", "field"],
    )
    assert [case.query for case in found if case] == ["q1", None, "[not JSON"]
    assert [case.evidence for case in found if case] == [("e1",), ("e2", {"price": 3}), ("e3",)]
    assert [case.items for case in found if case] == [("i1", "i2"), (), ("[i3",)]
    assert [case.profile for case in found if case] == [{"age": 30, "city": None}, {"city": "Delft"}, "travels"]
    assert [case.id for case in found if case] == ["7", "x", ""]


def test_one_column_has_the_whole_case() -> None:
    whole = {"query": "a hotel", "evidence": ["e1"], "candidates": ["Park", "Hill"]}
    found = cases(["a", "b", "c"], case=[json.dumps(whole), whole, None], query=["x"] * 3)
    assert [case.query for case in found if case] == ["a hotel", "a hotel", None]
    assert found[0] == found[1].model_copy(update={"response": "a"}) if found[1] else False


@pytest.mark.parametrize(
    ("completions", "columns", "message"),
    [
        ("Park Hotel", {}, "completions must be a list, not str"),
        (TURN, {}, "completions must be a list, not dict"),
        ([TURN], {}, "row 0: a completion must be a text or a list of turns, not dict"),
        (["x", None], {}, "row 1: a completion must be a text or a list of turns, not NoneType"),
        ([["Park", "Hotel"]], {}, "row 0: a completion must be a text or a list of turns, not list of str"),
        ([[1, 2, 3]], {}, "row 0: a completion must be a text or a list of turns, not list of int"),
        ([[{"role": "user", "content": "x"}]], {}, "no turn with the role assistant, only user"),
        (
            [[{"role": "assistant", "content": 3}]],
            {},
            "the content of a turn must be a text or a list of parts, not int",
        ),
        (["x"], {"query": "a hotel"}, "column query: must be a list with a value for each of 1 completions, not str"),
        (
            ["x"],
            {"query": ["a", "b"]},
            "column query: must be a list with a value for each of 1 completions, not 2 values",
        ),
        (["x"], {"query": None}, "column query: must be a list .* not NoneType"),
        (["x"], {"query": [3]}, "row 0: query: Input should be a valid string, not 3"),
        (["x"], {"evidence": [[["e"]]]}, "row 0: evidence.0.str: Input should be a valid string, not \\['e'\\]"),
        (["x"], {"response": ["y"]}, "row 0: both the data and the completion have response: rename that of the data"),
        (["x"], {"case": ["{"]}, "column case, row 0: not valid JSON"),
        (["x"], {"case": ["[]"]}, "column case, row 0: must be an object with fields of a case, not list"),
        (["x"], {"case": ["[" * 100_000]}, "column case, row 0: not valid JSON"),
        (
            ["x"],
            {"case": ['{"more": {"a": ' + "[" * 800 + "]" * 800 + "}}"]},
            "row 0: .*lists and objects",
        ),
        (
            ["x"],
            {"profile": [{"a": "["}], "more": [{"query": "q"}]},
            "row 0: more: query is a field of the case itself",
        ),
        (["x"], {"case": [{"evidences": []}]}, "column case, row 0: a case has no field 'evidences', only id, lang,"),
    ],
)
def test_bad_input_is_one_message(completions: Any, columns: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        cases(completions, **columns)


def test_a_column_that_is_not_there() -> None:
    reward = batch("instruction", "factual")
    with pytest.raises(DataError, match="instruction asks about instruction, which no column and no completion has"):
        reward(["x"], {"query": ["q"], "evidence": [["e"]]})
    with pytest.raises(DataError, match="factual asks about query, evidence, which no column"):
        batch("factual")(["x"], {"evidences": [["e"]]})
    with pytest.raises(DataError, match="relevance asks about items"):
        batch("relevance")(["x"], {"query": ["q"]})
    # A null in a column is a row without it; and what is missing may be chosen to be left out.
    (found,) = batch("factual")(["x"], {"query": ["q"], "evidence": [None]})
    assert (found.value, found.missing) == (None, {"factual": "not asked: no evidence"})
    (found,) = batch("relevance", "factual", missing="drop")(["x"], {"query": ["q"], "items": [["i"]]})
    assert found.value == 1.0


def test_completion_is_one_of_three() -> None:
    with pytest.raises(RecrmError, match="completion must be response, items or a function, not 'text'"):
        batch("factual", completion="text")


def test_functions_of_one_batch_ask_once() -> None:
    asked = []

    def judge(prompt: Prompt) -> str:
        asked.append(prompt)
        return "A"

    reward = batch("relevance", judge=judge)
    completions, query, items = ["x"], ["q"], [["i"]]
    for _ in range(3):
        assert reward(completions, {"query": query, "items": items})[0].value == 1.0
    assert len(asked) == 1
    reward(completions, {"query": query, "items": [["j"]]})
    reward(["x"], {"query": query, "items": items})
    assert len(asked) == 3
    query[0] = "r"  # a trainer that fills its lists again
    reward(completions, {"query": query, "items": items})
    assert len(asked) == 4


def test_what_is_changed_in_place_is_asked_about_again() -> None:
    """The same objects, with other contents: a turn that is filled again, an entry of a row."""

    def judge(prompt: Prompt) -> str:
        return "A" if "good" in prompt.messages[-1].content else "B"

    reward = batch("factual", judge=judge)
    turns = [[{"role": "assistant", "content": "a good reply"}]]
    columns = {"query": ["q"], "evidence": [["e"]]}
    assert reward(turns, columns)[0].value == 1.0
    turns[0][0]["content"] = "a poor reply"
    assert reward(turns, columns)[0].value == 0.0
    columns["evidence"][0][0] = "good evidence"
    assert reward(turns, columns)[0].value == 1.0


def test_an_equal_batch_is_a_new_one() -> None:
    """The judge may have been down before, or may answer otherwise."""
    answers = iter(["who knows", "A"])
    reward = batch("relevance", judge=lambda prompt: next(answers))
    found = [reward(["x"], {"query": ["q"], "items": [["i"]]})[0].value for _ in range(2)]
    assert found == [None, 1.0]


def test_what_has_no_reward_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    def judge(prompt: Prompt) -> str:
        text = prompt.messages[-1].content
        if "broken" in text:
            raise OSError("down")
        return "who knows" if "odd" in text else "A"

    reward = batch("relevance", judge=judge, on_error="none")
    with caplog.at_level(logging.WARNING):
        found = reward(["x"] * 4, {"query": ["fine", "broken", "odd", "odd"], "items": [["i"]] * 4})
    assert [one.value for one in found] == [1.0, None, None, None]
    (line,) = caplog.messages
    assert line == "3 of 4 completions have no reward: OSError: down | relevance: unreadable: 1, no_answer"
    assert batch_metrics(found, reward.keys) == {
        "recrm/relevance": 1.0, "recrm/missing/relevance": 0.75, "recrm/failed": 0.25, "recrm/empty": 0.0,
    }  # fmt: skip
    rows = [row_metrics(one, reward, 0.5) for one in found]
    assert rows[0] == {"recrm_relevance": 1.0, "recrm_missing": 0.0, "recrm_failed": 0.0}
    assert rows[1] == {"recrm_relevance": 0.5, "recrm_missing": 1.0, "recrm_failed": 1.0}
    assert rows[2] == {"recrm_relevance": 0.5, "recrm_missing": 1.0, "recrm_failed": 0.0}


@pytest.mark.parametrize(("missing", "part", "number"), [("drop", None, 0.5), ("zero", 0.0, 0.0)])
def test_a_missing_part_as_a_reward_of_its_own(missing: Any, part: float | None, number: float) -> None:
    """It counts what it counts in the whole."""
    reward = batch("relevance", "factual", missing=missing)
    (found,) = reward(["x"], {"query": ["q"], "items": [["i"]]})
    assert found.parts["factual"] is None
    assert reward.part(found, "factual") == part
    assert row_metrics(found, reward, 0.5)["recrm_factual"] == number


def test_it_pickles() -> None:
    reward = pickle.loads(pickle.dumps(batch("instruction")))
    assert reward(["x"], {"instruction": ["Name one."], "query": ["q"]})[0].value == 1.0


def test_fields_of_one_value() -> None:
    assert fields(None, "label") == {}
    assert fields('{"query": "q", "evidence": "[1, 2"}', "label") == {"query": "q", "evidence": ["[1, 2"]}
    assert fields_of("x", "response", {}) == {"response": "x"}
