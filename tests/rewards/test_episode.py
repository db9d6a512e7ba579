"""Several turns: which question is asked about what, and how the steps make the whole."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import Case, Episode, EpisodeRewards, FunctionJudge, HybridReward, JudgeError

STEPS = (
    Case(query="a hotel", response="Park Hotel.", evidence=("Park Hotel: quiet",), items=("Park Hotel",)),
    Case(query="a cheaper one", response="Hill Hotel.", evidence=("Hill Hotel: cheap",), items=("Hill Hotel",)),
    Case(query="thanks", response="You are welcome."),
)
DIALOGUE = Episode(id="d1", steps=STEPS, instruction="Name at most two hotels in all.")


class Asked(FunctionJudge):
    """Says A or B by a text in the prompt, and keeps the prompts."""

    def __init__(self, bad: str = "no such text") -> None:
        self.prompts: list[Prompt] = []

        def answer(prompt: Prompt) -> str:
            self.prompts.append(prompt)
            return '{"answer": "B"}' if bad in prompt.messages[-1].content else '{"answer": "A"}'

        super().__init__(answer, name="asked")

    def texts(self, dimension: str) -> list[str]:
        return [p.messages[-1].content for p in self.prompts if p.dimension == dimension]


def rewards_of(judge: Any, over: Any = "mean", discount: float = 0.5, **options: Any) -> EpisodeRewards:
    keys = options.pop("dimensions", ["instruction", "factual"])
    return EpisodeRewards(HybridReward(judge, dimensions=keys, **options), over, discount)


def test_rules_are_asked_about_the_whole_and_the_rest_about_each_step() -> None:
    judge = Asked()
    (found,) = rewards_of(judge, missing="drop")([DIALOGUE])
    (whole,) = judge.texts("instruction")
    assert "Name at most two hotels in all." in whole
    assert "[Turn 1]\na hotel\n\n[Turn 2]\na cheaper one\n\n[Turn 3]\nthanks" in whole
    assert "[Turn 1]\nPark Hotel.\n\n[Turn 2]\nHill Hotel.\n\n[Turn 3]\nYou are welcome." in whole
    first, second = judge.texts("factual")
    assert "Park Hotel" in first
    assert "Hill Hotel" not in first
    assert "Hill Hotel" in second
    assert [step.parts for step in found.steps] == [
        {"instruction": 1.0, "factual": 1.0},
        {"instruction": 1.0, "factual": 1.0},
        {"instruction": 1.0, "factual": None},
    ]
    assert found.steps[2].missing == {"factual": "not asked: no evidence"}
    assert found.value == 1.0


def test_a_broken_rule_counts_in_every_step() -> None:
    (found,) = rewards_of(Asked(bad="at most two hotels in all"), missing="drop")([DIALOGUE])
    assert [step.value for step in found.steps] == [0.5, 0.5, 0.0]


def test_tokens_of_a_question_that_steps_share_count_once() -> None:
    class Counting(Asked):
        async def ask(self, prompts: Any, heard: Any = None) -> Any:
            return [reply._replace(tokens_in=10, tokens_out=1) for reply in await super().ask(prompts, heard)]

    (found,) = rewards_of(Counting(), missing="drop")([DIALOGUE])
    assert (found.tokens_in, found.tokens_out) == (30, 3)
    assert sum(step.tokens_in for step in found.steps) == 50


@pytest.mark.parametrize(
    ("over", "value"), [("sum", 2.0), ("mean", 2 / 3), ("last", 1.0), ("discount", 1 + 0.25)]
)  # fmt: skip
def test_the_whole(over: str, value: float) -> None:
    """Steps of 1, 0 and 1."""
    judge = Asked(bad="Hill Hotel")
    steps = (STEPS[0], STEPS[1], STEPS[0].model_copy(update={"query": "again"}))
    (found,) = rewards_of(judge, over, dimensions=["factual"])([Episode(steps=steps)])
    assert [step.value for step in found.steps] == [1.0, 0.0, 1.0]
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(("missing", "values"), [("none", None), ("drop", [2.0, 1.0, 1.0, 1.25]), ("zero", None)])
def test_a_step_without_a_reward(missing: Any, values: Any) -> None:
    """With `none` the whole has no reward either. With `drop` the step is left out, and exponents stay."""
    steps = (STEPS[0], STEPS[2], STEPS[1])
    found = [
        rewards_of(Asked(), over, dimensions=["factual"], missing=missing)([Episode(steps=steps)])[0].value
        for over in ("sum", "mean", "last", "discount")
    ]
    if missing == "zero":
        assert found == [2.0, pytest.approx(2 / 3), 1.0, 1.25]
    else:
        assert found == (values or [None] * 4)


def test_one_step_is_a_case() -> None:
    case = STEPS[0].model_copy(update={"instruction": "Name a hotel."})
    episode = Episode(steps=(STEPS[0],), instruction="Name a hotel.")
    judge = Asked()
    rewards = rewards_of(judge)
    (of_episode,) = rewards([episode])
    asked = [prompt.messages for prompt in judge.prompts]
    (of_case,) = rewards.reward([case])
    assert [prompt.messages for prompt in judge.prompts[len(asked) :]] == asked
    assert of_episode.value == of_case.value
    assert of_episode.steps[0].parts == of_case.parts


def test_a_step_has_what_holds_for_all_and_its_own_wins() -> None:
    episode = Episode(
        id="e", lang="zh", steps=(Case(query="q"), Case(query="r", profile="own", lang="en", more={"category": "b"})),
        profile="shared", history=("h",), context="now", more={"category": "a", "x": 1},
    )  # fmt: skip
    first, second = episode.cases()
    assert (first.profile, first.history, first.context, first.lang) == ("shared", ("h",), "now", "zh")
    assert (second.profile, second.history, second.lang) == ("own", ("h",), "en")
    assert (first.more, second.more) == ({"category": "a", "x": 1}, {"category": "b", "x": 1})
    assert (first.id, second.id) == ("e, step 0", "e, step 1")
    assert episode.whole().query == "【第1轮】\nq\n\n【第2轮】\nr"
    assert episode.whole().response is None


def test_many_episodes_are_one_burst() -> None:
    asked: list[int] = []

    class Burst(Asked):
        async def ask(self, prompts: Any, heard: Any = None) -> Any:
            asked.append(len(prompts))
            return await super().ask(prompts, heard)

    rewards_of(Burst(), missing="drop")([DIALOGUE] * 3)
    assert asked == [9]


def test_a_judge_that_does_not_answer() -> None:
    def down(prompt: Prompt) -> str:
        raise OSError("refused")

    with pytest.raises(JudgeError, match=r"case d1: the judge <.*down> did not answer: OSError: refused"):
        rewards_of(FunctionJudge(down))([DIALOGUE])
    (found,) = rewards_of(FunctionJudge(down), on_error="none", missing="zero")([DIALOGUE])
    assert found.value is None
    assert found.error == "OSError: refused"


def test_every_dimension_says_whether_it_is_about_a_dialogue() -> None:
    assert [key for key, one in dimensions().items() if one.of_dialogue] == ["instruction"]


def test_mistakes_are_one_message() -> None:
    with pytest.raises(RecrmError, match="over must be one of sum, mean, last, discount, not 'product'"):
        rewards_of(Asked(), "product")
    for discount in (-0.1, 1.1, math.nan):
        with pytest.raises(RecrmError, match="discount must be a number from 0 to 1"):
            rewards_of(Asked(), "discount", discount)
    with pytest.raises(ValidationError, match="at least 1 item"):
        Episode(steps=())
    for one in (DIALOGUE, [STEPS[0]]):
        with pytest.raises(RecrmError, match="rewards are asked about a list of episodes"):
            rewards_of(Asked())(one)


def test_rules_of_one_step_are_not_passed_over() -> None:
    """Rules are asked about once, so those that only one step has would not be asked about."""
    ruled = [step.model_copy(update={"instruction": "Name one."}) for step in STEPS]
    assert Episode(steps=ruled).whole().instruction == "Name one."
    other = STEPS[1].model_copy(update={"instruction": "Name two."})
    for steps, instruction in (((ruled[0], other), None), ((STEPS[0], other), "Name one.")):
        with pytest.raises(ValidationError, match="the steps have different instructions"):
            Episode(steps=steps, instruction=instruction)


def test_the_language_of_the_whole_is_that_of_most_texts() -> None:
    """Of all steps, however long the first text is."""
    chinese = [Case(query="附近有没有更便宜的酒店", response="有，山景酒店更便宜，而且很安静") for _ in range(3)]
    steps = (Case(query="a quiet hotel " * 30), *chinese)
    whole = Episode(steps=(Case(query="a hotel", response="ok " * 200), *chinese * 6)).whole()
    assert whole.lang == "zh"
    assert Episode(steps=(*steps, Case(query="a cheaper hotel " * 30))).whole().lang == "en"
