"""Cases -> rewards: the benchmark's questions, its readings, its forms."""

from __future__ import annotations

import asyncio
import json
import math
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recrm_tasks.answers.prompt import MODES, Mode, Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import Case, Episode, FunctionJudge, HybridReward, JudgeError
from recrm_tasks.rewards.combine import combine
from recrm_tasks.rewards.judges.judge import Reply
from recrm_tasks.rewards.questions import questions
from recrm_tasks.scoring.aggregate.forms import FORMS
from recrm_tasks.scoring.aggregate.parts import Role

FULL = Case(
    id="c1",
    instruction="Name two hotels.",
    query="a quiet hotel near the station",
    evidence=("Park Hotel: 5 minutes from the station",),
    response="Park Hotel is 5 minutes from the station.",
    items=("Park Hotel", "Hill Hotel"),
    profile="travels for work",
    history=("Monday: booked Park Hotel",),
    context="Tuesday evening",
)
ALL = list(dimensions())


def case_of(record: Any) -> Case:
    """A record of the benchmark as an agent's case."""
    fields = {name: getattr(record, name) for name in Case.model_fields if hasattr(record, name)}
    fields = {name: value for name, value in fields.items() if name not in ("id", "candidates")}
    if hasattr(record, "item"):
        fields["items"] = (record.item,)
    if hasattr(record, "candidates"):
        fields["items"] = tuple(candidate.text for candidate in record.candidates)
    return Case(**fields, more={"category": record.category} if getattr(record, "category", None) else {})


def good(prompt: Prompt) -> str:
    """Says the best of everything: the first option, a sure yes, the order shown."""
    text = prompt.messages[-1].content
    if '"ranking"' in text:
        return json.dumps({"ranking": list(prompt.choices)})
    return '{"probability": 1}' if '"probability"' in text else '{"answer": "A"}'


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("key", ALL)
def test_the_questions_are_the_benchmarks(key: str, mode: Mode) -> None:
    """Word for word. A list's candidates are shuffled by its id, so they are compared as a set."""
    dataset = load(key, "sample")
    for record, prompt in islice(zip(dataset.records(), dataset.prompts(mode), strict=True), 20):
        (asked,) = questions(case_of(record), dataset.dimension, mode)
        texts = [[turn.content for turn in one.messages] for one in (asked, prompt)]
        if isinstance(prompt.gold, tuple):
            lines = [sorted(line[3:] for text in found for line in text.splitlines()) for found in texts]
            assert lines[0] == lines[1]
        else:
            assert texts[0] == texts[1]
        assert (asked.choices, asked.words, asked.values) == (prompt.choices, prompt.words, prompt.values)


@pytest.mark.parametrize("key", ALL)
def test_the_verdicts_are_the_benchmarks(key: str) -> None:
    """The same answers are worth the same in a reward and in the hybrid score, with `==`."""
    kind, dataset = dimension_of(key).kind, load(key, "sample", limit=12)
    for number, record in enumerate(dataset.records()):
        said = {"order": '{"ranking": ["B", "A"]}', "probability": f"0.{number % 10}"}.get(kind.name, "AB"[number % 2])
        reward = HybridReward(FunctionJudge(lambda prompt, said=said: said), dimensions=[key])
        (found,) = reward([case_of(record)])
        (asked,) = found.asked
        parts = kind.parts([asked.prompt.outcome(kind.read(said, asked.prompt))]).verdict.tolist()
        assert sorted(asked.verdicts) == sorted(parts)
        if len(parts) == 1:
            assert found.parts[key] == parts[0]


def test_a_case_with_everything() -> None:
    (reward,) = HybridReward(FunctionJudge(good))([FULL])
    assert list(reward.parts) == ALL
    # The judge's order begins with the agent's first item, or with its second: the list is shuffled by its content.
    assert reward.parts == {**dict.fromkeys(ALL, 1.0), "ranking": reward.parts["ranking"]}
    assert reward.parts["ranking"] in (1.0, 0.0)
    assert not reward.missing
    assert len(reward.asked) == 1 + 1 + 2 + 2 + 1
    assert reward.value == pytest.approx(2 / 3 + (2 + reward.parts["ranking"]) / 3 / 3)


@pytest.mark.parametrize("form", FORMS)
def test_the_form_is_that_of_the_hybrid_score(form: str) -> None:
    judge = FunctionJudge(lambda p: {"order": '["A"]'}.get("x", good(p)))
    (reward,) = HybridReward(judge, form=form, weights={"relevance": 2})([FULL])
    roles = HybridReward(judge, weights={"relevance": 2}).roles
    values = np.array([[reward.parts[key]] for key in ALL], dtype=np.float64)
    assert reward.value == float(FORMS[form](values, [roles[key] for key in ALL])[0])


@pytest.mark.parametrize(("missing", "value"), [("none", None), ("drop", 1.0), ("zero", 0.75)])
def test_what_a_missing_part_does(missing: Any, value: float | None) -> None:
    """Without evidence there is no factual part: of three gates' levels, one is lost with `zero`."""
    case = FULL.model_copy(update={"evidence": None, "items": FULL.items[:1]})
    reward = HybridReward(
        FunctionJudge(good), dimensions=["instruction", "factual", "relevance", "behavior"], missing=missing
    )
    (found,) = reward([case])
    assert found.parts["factual"] is None
    assert found.missing == {"factual": "not asked: no evidence"}
    assert found.value == (pytest.approx(2 / 3) if missing == "zero" else value)


def test_an_unreadable_answer_is_missing_and_says_why() -> None:
    judge = FunctionJudge(lambda p: "I cannot say" if "Hill Hotel" in p.messages[-1].content else good(p))
    found = {m: HybridReward(judge, dimensions=["relevance"], missing=m)([FULL])[0] for m in ("none", "drop", "zero")}
    assert all(reward.missing == {"relevance": "unreadable: 1 of 2, no_answer"} for reward in found.values())
    assert found["none"].value is None
    assert found["drop"].value == 1.0
    assert found["zero"].value == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_a_part_without_any_verdict_is_missing_whatever_it_counts() -> None:
    judge = FunctionJudge(lambda p: "A" if p.dimension == "instruction" else "I cannot say")
    reward = HybridReward(judge, dimensions=["instruction", "relevance"], missing="zero")
    (found,) = reward([FULL])
    assert found.parts == {"instruction": 1.0, "relevance": None}
    assert found.value == 0.5


def test_items_are_asked_about_once_at_their_first_place() -> None:
    """Else an agent would gain by naming its best item again and again."""
    once = FULL.model_copy(update={"items": ("Park Hotel", {"name": "Hill Hotel", "stars": 3}, "Inn")})
    again = [once.items[0], once.items[0], *once.items[1:], {"stars": 3, "name": "Hill Hotel"}, "Park Hotel"]
    repeated = once.model_copy(update={"items": tuple(again)})
    reward = HybridReward(FunctionJudge(lambda p: "B" if "Inn" in p.messages[-1].content else good(p)))
    for key in ("relevance", "behavior"):
        texts = [
            [turn.content for prompt in questions(case, dimension_of(key), "generate") for turn in prompt.messages]
            for case in (once, repeated)
        ]
        assert texts[0] == texts[1]
    found = [
        HybridReward(FunctionJudge(ranker("Park Hotel", "Inn", "Hill Hotel")), dimensions=["ranking"])([case])[0]
        for case in (once, repeated)
    ]
    assert found[0].value == found[1].value
    first, second = reward([once, repeated])
    assert {key: first.parts[key] for key in ALL[:-1]} == {key: second.parts[key] for key in ALL[:-1]}
    offered = once.model_copy(update={"candidates": (*once.items, "Inn", "Lodge", "Lodge")})
    (prompt,) = questions(offered, dimension_of("ranking"), "generate")
    assert len(prompt.choices) == 4


def ranker(*best_first: str) -> Any:
    """A judge that orders candidates by the name that their line has."""

    def judge(prompt: Prompt) -> str:
        lines = prompt.messages[-1].content.splitlines()
        shown = {n: line[0] for n in best_first for line in lines if line[:1] in prompt.choices and n in line[1:]}
        return json.dumps({"ranking": [shown[name] for name in best_first]})

    return judge


@pytest.mark.parametrize(("order", "part"), [(("a", "b", "c"), 1.0), (("c", "b", "a"), 0.0), (("b", "a", "c"), 0.5)])
def test_the_order_of_all_items_reaches_0_and_1(order: tuple[str, ...], part: float) -> None:
    case = FULL.model_copy(update={"items": ("hotel a.", "hotel b.", "hotel c.")})
    judge = FunctionJudge(ranker(*(f"hotel {name}." for name in order)))
    (found,) = HybridReward(judge, dimensions=["ranking"])([case])
    assert found.value == pytest.approx(part, abs=0.2)
    assert found.value == part or part == 0.5


def test_a_judge_that_gives_no_reason_did_not_answer_either() -> None:
    """With `drop` its part would otherwise look as if it could not be asked."""

    class Silent:
        mode, name = "generate", "silent"

        async def ask(self, prompts: Any, heard: Any = None) -> list[Reply]:
            return [Reply(None) for _ in prompts]

    (found,) = HybridReward(Silent(), missing="drop", on_error="none")([FULL])  # type: ignore[arg-type]
    assert (found.value, found.error) == (None, "the judge gave no reason")
    with pytest.raises(JudgeError, match="did not answer: the judge gave no reason"):
        HybridReward(Silent())([FULL])  # type: ignore[arg-type]


def test_a_recommended_item_is_ranked_among_the_candidates() -> None:
    """The agent chose Hill Hotel of three; the judge puts it first or last."""
    case = FULL.model_copy(update={"items": ("Hill Hotel",), "candidates": ("Park Hotel", "Hill Hotel", "Inn")})

    def judge(prompt: Prompt, first: bool) -> str:
        lines = prompt.messages[-1].content.splitlines()
        (letter,) = (line[0] for line in lines if line.endswith(". Hill Hotel"))
        rest = [name for name in prompt.choices if name != letter]
        return json.dumps({"ranking": [letter, *rest] if first else [*rest, letter]})

    values = [
        HybridReward(FunctionJudge(lambda p, first=first: judge(p, first)), dimensions=["ranking"])([case])[0].value
        for first in (True, False)
    ]
    assert values == [1.0, 0.0]


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_no_text_of_a_judge_makes_it_raise(said: str) -> None:
    (reward,) = HybridReward(FunctionJudge(lambda prompt: said), missing="zero")([FULL])
    assert reward.value is not None
    assert 0 <= reward.value <= 1


@settings(deadline=None, derandomize=True)
@given(st.builds(Case, query=st.text(), response=st.text(), evidence=st.lists(st.text(), max_size=2).map(tuple)))
def test_no_case_makes_it_raise(case: Case) -> None:
    (reward,) = HybridReward(FunctionJudge(good), missing="drop")([case])
    assert set(reward.missing) == {key for key, part in reward.parts.items() if part is None}


def test_text_that_no_encoding_has() -> None:
    """A lone surrogate, which a model may write."""
    case = FULL.model_copy(update={"query": "a \ud800 hotel", "items": ("Park \udfff", "Hill Hotel")})
    (reward,) = HybridReward(FunctionJudge(good))([case])
    assert reward.value is not None
    assert "a � hotel" in reward.asked[2].prompt.messages[-1].content


def test_a_judge_that_does_not_answer() -> None:
    def down(prompt: Prompt) -> str:
        raise OSError("connection refused")

    with pytest.raises(JudgeError, match=r"case c1: the judge <.*down> did not answer: OSError: connection refused"):
        HybridReward(FunctionJudge(down))([FULL])
    (reward,) = HybridReward(FunctionJudge(down), on_error="none", missing="zero")([FULL])
    assert reward.value is None
    assert reward.error == "OSError: connection refused"
    assert set(reward.parts.values()) == {None}
    assert reward.missing["relevance"] == "not answered: 2 of 2, OSError: connection refused"


@pytest.mark.parametrize("said", [(0.1,), (math.nan, 0.0, 0.0), (math.inf, 0.0, 0.0)])
def test_log_probabilities_that_no_model_gives(said: tuple[float, ...]) -> None:
    reward = HybridReward(FunctionJudge(lambda prompt: said, mode="logprob"), dimensions=["relevance"])
    with pytest.raises(JudgeError, match="log-probabilities"):
        reward([FULL])


def test_log_probabilities() -> None:
    reward = HybridReward(FunctionJudge(lambda p: (-0.1, -3.0), mode="logprob"), dimensions=["behavior"])
    (found,) = reward([FULL])
    assert found.value == pytest.approx(1 / (1 + math.exp(-2.9)))


@given(st.lists(st.floats(-30, 0), min_size=3, max_size=3))
@settings(deadline=None, max_examples=40)
def test_soft_labels_are_their_expected_value(said: list[float]) -> None:
    """Of two items: relevant counts 1, partly relevant one half. Probabilities and orders are what they were."""
    dims = ["relevance", "behavior"]

    def judge(prompt: Prompt) -> tuple[float, ...]:
        return tuple(said[: len(prompt.choices)])

    hard, soft = (
        HybridReward(FunctionJudge(judge, mode="logprob"), dimensions=dims, missing="drop", soft=soft)([FULL])[0]
        for soft in (False, True)
    )
    shares = np.exp(said) / np.exp(said).sum()
    assert soft.parts["relevance"] == pytest.approx(shares[0] + shares[1] / 2)
    assert soft.parts["behavior"] == hard.parts["behavior"]
    assert [one.reason for one in soft.asked] == [None] * 4
    assert hard.parts["relevance"] in (1.0, 0.5, 0.0, None)


def test_soft_labels_that_nobody_knows_are_unreadable() -> None:
    unknown = FunctionJudge(lambda prompt: (-math.inf,) * 3, mode="logprob")
    (found,) = HybridReward(unknown, dimensions=["relevance"], missing="drop", soft=True)([FULL])
    assert found.missing == {"relevance": "unreadable: 2 of 2, no_answer"}
    short = HybridReward(FunctionJudge(lambda prompt: (-0.1,), "logprob"), dimensions=["relevance"], soft=True)
    with pytest.raises(JudgeError, match="1 log-probabilities for 3 labels"):
        short([FULL])


def test_it_can_be_called_from_a_coroutine() -> None:
    async def trainer() -> list[float | None]:
        return [reward.value for reward in HybridReward(FunctionJudge(good), dimensions=["relevance"])([FULL])]

    assert asyncio.run(trainer()) == [1.0]


def test_gates_alone() -> None:
    roles = {"a": Role(True, 1.0), "b": Role(True, 1.0)}
    assert combine({"a": 1.0, "b": 0.0}, roles, "stratified", "none") == 0.5
    assert combine({"a": 1.0, "b": 0.0}, roles, "gated", "none") == 0.0
    assert combine({"a": 1.0, "b": None}, roles, "gated", "drop") == 1.0
    assert combine({"a": None, "b": None}, roles, "gated", "drop") is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "sum"}, "form must be one of stratified, gated, weighted, geometric, not 'sum'"),
        ({"missing": "skip"}, "missing must be one of none, drop, zero, not 'skip'"),
        ({"on_error": "pass"}, "on_error must be one of raise, none, not 'pass'"),
        ({"dimensions": ["tone"]}, "unknown dimension 'tone'"),
        ({"dimensions": []}, "dimensions must be a list of keys"),
        ({"dimensions": "relevance"}, "dimensions must be a list of keys"),
        ({"weights": {"relevance": -1}}, "weights: relevance must have a number from 0, not -1"),
        ({"weights": {"relevance": math.nan}}, "weights: relevance must have a number from 0"),
        ({"weights": {"factual": 2}, "dimensions": ["relevance"]}, "weights: 'factual' is not one of the dimensions"),
        ({"weights": {"relevance": 0}, "dimensions": ["relevance"]}, "at least one dimension needs a weight above 0"),
        (
            {"weights": {"factual": 0}, "dimensions": ["factual"], "form": "weighted"},
            "at least one dimension needs a weight above 0",
        ),
        ({"weights": {"relevance": "2"}}, "weights: relevance must have a number from 0, not '2'"),
        ({"dimensions": ["factual", "factual"]}, "dimensions: there are duplicates in factual, factual"),
        ({"soft": True}, "soft needs the judge's probabilities: mode logprob, not generate"),
    ],
)
def test_mistakes_are_one_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecrmError, match=message):
        HybridReward(FunctionJudge(good), **options)


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels > 1 else []


@pytest.mark.parametrize("cases", [FULL, "a hotel", [FULL.model_dump()]])
def test_what_is_no_list_of_cases(cases: Any) -> None:
    with pytest.raises(RecrmError, match="a reward is asked about a list of cases"):
        HybridReward(FunctionJudge(good))(cases)


@pytest.mark.parametrize(
    ("more", "message"),
    [({"query": "another"}, "query is a field of the case itself"), ({"a": deep(100)}, "may have 100 levels")],
)
@pytest.mark.parametrize("made", [Case, partial(Episode, steps=(FULL,))])
def test_more_fields_are_those_of_others(made: Any, more: dict[str, Any], message: str) -> None:
    """One of the case's own would be asked about in its place."""
    assert made(more={"category": "hotel", "a": deep(99)}).more["category"] == "hotel"
    with pytest.raises(ValidationError, match=message):
        made(more=more)


def test_a_case_is_read_once_however_many_items_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a long response with 1,000 items would take minutes."""
    read: list[Case] = []
    digest = vars(Case)["digest"].fget

    def counted(case: Case) -> Any:
        read.append(case)
        return digest(case)

    monkeypatch.setattr(Case, "digest", property(counted))
    many = FULL.model_copy(update={"items": tuple(f"hotel {number}" for number in range(100))})
    found = questions(many, dimension_of("relevance"), "generate")
    assert len({prompt.id for prompt in found}) == 100
    assert len(read) == 1


def test_languages_and_contents() -> None:
    assert Case(query="附近安静的酒店").spoken == "zh"
    assert Case(query="quiet hotel in 北京").spoken == "en"
    assert Case(query="quiet hotel", lang="zh").spoken == "zh"
    assert Case(id="a", query="q").digest == Case(id="b", query="q").digest != Case(query="r").digest
    assert len(Case(query="\ud800").digest) == 32
