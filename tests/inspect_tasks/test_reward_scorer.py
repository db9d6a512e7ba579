"""`recrm_reward` in anyone's task: what it makes of a run, and what it says of runs that went wrong."""

from __future__ import annotations

import math
from pathlib import Path
from runpy import run_path
from typing import Any

import anyio
import marker_model
import pytest
from inspect_ai import Task, score, task_with
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai._util.registry import registry_lookup
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import ChatMessage, Logprob, Logprobs, ModelOutput, ModelUsage, TopLogprob, get_model
from inspect_ai.solver import generate
from mock_agents import AGENTS, JUDGE, KNOWN, PLACES, RULES, metrics, mock, run, said, sample, search
from stub_server import StubServer, message

from inspect_tasks import recrm_reward
from inspect_tasks.model_judge import ModelJudge
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards import Case, FunctionJudge, HybridReward, RewardModelJudge, TransformersJudge

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def all_agents(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """Read back from its file: what a reader of the log has."""
    samples = [sample(name, **(KNOWN if name != "prose" else {})) for name in AGENTS]
    log = run(samples, tmp_path_factory.mktemp("logs"), judge=JUDGE)
    assert log.status == "success", log.error
    return read_eval_log(log.location)


def one(log: EvalLog, agent: str) -> EvalSample:
    return next(found for found in log.samples or [] if found.id == agent)


def scored(log: EvalLog, agent: str) -> Any:
    return one(log, agent).scores["recrm_reward"]


def test_a_run_is_a_case(all_agents: EvalLog) -> None:
    found = scored(all_agents, "good")
    assert found.value == {"reward": 1.0, **dict.fromkeys(RECRM.keys, 1.0)}
    assert found.metadata["case"] == {
        "id": "good", "instruction": RULES, "query": "good", "evidence": PLACES, "candidates": PLACES,
        "response": 'Park Hotel is quiet.\n["Park Hotel"]', "items": [PLACES[0]],
        **{name: value for name, value in KNOWN.items() if name != "taken"},
    }  # fmt: skip
    assert found.answer == "Park Hotel"
    assert found.metadata["judged"]["hit"] is True
    assert found.metadata["judged"]["not_offered"] is False
    assert (found.metadata["judge"], found.metadata["missing"]) == ("says A", {})
    assert found.metadata["versions"]["form"] == "stratified"
    for expected in ("**1.000** by the form stratified, judged by says A", "| factual | 1.000 |  |", "- relevance: "):
        assert expected in found.explanation


def test_a_sample_without_metadata(all_agents: EvalLog) -> None:
    """What nobody knows about the user is not asked about, and that is said."""
    found = scored(all_agents, "prose")
    assert found.metadata["case"]["items"] == PLACES[1:]
    assert {name for name, value in found.value.items() if math.isnan(value)} == {"behavior", "ranking"}
    assert set(found.metadata["missing"].values()) == {"not asked: no profile, history, context"}
    assert found.metadata["judged"]["hit"] is None
    assert "| behavior | - | not asked: no profile, history, context |" in found.explanation


@pytest.mark.parametrize("agent", ["endless", "silent", "thinking"])
def test_no_answer_is_worth_nothing(agent: str, all_agents: EvalLog) -> None:
    found = scored(all_agents, agent)
    assert set(found.value.values()) == {0.0}
    assert (found.metadata["case"], found.metadata["asked"], found.answer) == (None, [], None)
    assert "the completion has no answer" in found.explanation
    assert found.metadata["judged"]["no_answer"] is True
    assert found.metadata["judged"]["hit"] is False


def test_the_endless_agent_met_a_limit(all_agents: EvalLog) -> None:
    assert one(all_agents, "endless").limit.type == "message"


def test_a_tool_that_is_not_there(all_agents: EvalLog) -> None:
    """Its error is no evidence."""
    case = scored(all_agents, "no such tool").metadata["case"]
    assert "evidence" not in case
    assert case["response"] == "Hill Inn."
    assert "not asked: no evidence" in scored(all_agents, "no such tool").metadata["missing"]["factual"]


def test_an_item_that_is_not_in_the_catalogue(all_agents: EvalLog) -> None:
    found = scored(all_agents, "inventive")
    assert found.metadata["case"]["items"] == ["Ghost Hotel"]
    assert found.metadata["judged"]["not_offered"] is True
    assert found.metadata["missing"]["ranking"] == "not asked: an item is not among the candidates: 'Ghost Hotel'"


def test_metrics_of_all(all_agents: EvalLog) -> None:
    found = metrics(all_agents)
    assert list(found)[:5] == ["reward", "coverage", "missing", "hit", "n"]
    assert (found["n"], found["clusters"], found["coverage"]) == (7, 7, 1)
    assert found["no_answer"] == pytest.approx(3 / 7)
    assert (found["hit"], found["hit_n"]) == (pytest.approx(1 / 6), 6)
    # Missing: behavior of prose; factual, and the order of one item, of the agent without a tool; ranking of inventive.
    missing = sum(len(sample.scores["recrm_reward"].metadata["missing"]) for sample in all_agents.samples)
    assert found["missing"] == pytest.approx((missing - 3 * 5) / 35)
    assert found["factual_n"] == 6
    for name in ("reward", "reward_gated", "reward_weighted", "reward_geometric", "factual", "missing", "hit"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    assert not {"judge_is_agent", "failed", "unseen"} & set(found)


def test_missing_parts_as_chosen(tmp_path: Path) -> None:
    log = run([sample("prose"), sample("good", **KNOWN)], tmp_path, judge=JUDGE, missing="none")
    assert math.isnan(scored(log, "prose").value["reward"])
    found = metrics(log)
    assert (found["reward"], found["reward_n"], found["coverage"], found["n"]) == (1, 1, 0.5, 2)


def test_the_judge_is_the_agents_own_model(tmp_path: Path) -> None:
    """Allowed, and said in the sample and in the metrics. Its settings as a judge are not those of the agent."""
    log = run([sample("good")], tmp_path, dimensions=["relevance"], eval_temperature=0.9, eval_max_tokens=7)
    found = scored(log, "good")
    assert found.metadata["judged"]["judge_is_agent"] is True
    assert "The judge is the agent's own model." in found.explanation
    assert metrics(log)["judge_is_agent"] == 1
    assert (found.metadata["tokens_in"], found.metadata["tokens_out"]) == (3, 2)
    *asked, judged = (event for event in one(log, "good").events if event.event == "model")
    assert {event.config.temperature for event in asked} == {0.9}
    assert (judged.config.temperature, judged.config.max_tokens) == (0.0, 256)
    assert not judged.tools


@pytest.mark.parametrize("name", ["mock", "another"])
def test_a_judge_in_the_role_of_grader(name: str, tmp_path: Path) -> None:
    """By its name it is known whether it is the agent's; its own settings hold."""
    grader = mock(name)
    grader.config.temperature = 0.3
    log = run([sample("good")], tmp_path, dimensions=["relevance"], eval_model_roles={"grader": grader})
    assert scored(log, "good").metadata["judge"] == f"mockllm/{name}"
    assert scored(log, "good").metadata["judged"]["judge_is_agent"] is (name == "mock")
    assert log.stats.role_usage["grader"].input_tokens == 3
    *_, judged = (event for event in one(log, "good").events if event.event == "model")
    assert judged.config.temperature == 0.3


def test_a_judge_that_is_the_runs_model_but_not_the_agents(tmp_path: Path) -> None:
    """As in examples/agent.py: the agent has a model of its own."""
    agent = react(prompt=None, tools=[search()], submit=False, model=mock("another"))
    task = Task(dataset=[sample("good")], solver=agent, scorer=recrm_reward(dimensions=["relevance"]))
    (log,) = inspect_eval(task, model=mock(), log_dir=str(tmp_path), display="none")
    assert scored(log, "good").metadata["judge"] == "mockllm/mock"
    assert "judge_is_agent" not in metrics(log)


def test_a_judge_by_name_and_a_judge_that_is_a_path(tmp_path: Path) -> None:
    """Judges of `recrm_tasks.rewards` are compared by their name, without the settings in it."""
    own = FunctionJudge(lambda prompt: "A", name="mock, max_tokens=9")
    assert metrics(run([sample("good")], tmp_path, judge=own, dimensions=["relevance"]))["judge_is_agent"] == 1
    assert "judge_is_agent" not in metrics(run([sample("good")], tmp_path, judge=JUDGE, dimensions=["relevance"]))


def down(prompt: Any) -> str:
    raise OSError("no route")


def test_a_judge_that_does_not_answer(tmp_path: Path) -> None:
    judge = FunctionJudge(down, name="down")
    log = run([sample("good")], tmp_path, judge=judge)
    assert log.status == "error"
    assert "case good: the judge down did not answer: OSError: no route" in log.error.message
    log = run([sample("good")], tmp_path, judge=judge, on_error="none")
    assert math.isnan(scored(log, "good").value["reward"])
    assert "The judge did not answer: OSError: no route" in scored(log, "good").explanation
    found = metrics(log)
    assert (found["failed"], found["coverage"], found["missing"]) == (1, 0, 1)


def test_a_model_without_log_probabilities(tmp_path: Path) -> None:
    log = run([sample("good")], tmp_path, mode="logprob")
    assert log.status == "error"
    assert "mockllm/mock returned no log-probabilities" in log.error.message
    assert "mode='generate'" in log.error.message


def test_own_extractors(tmp_path: Path) -> None:
    """For tasks in which an agent answers otherwise: here in the last user's name, about one kind of item."""
    log = run(
        [sample("endless", case={"profile": "p"}, user={"who": "Kim"}, reference="x")],
        tmp_path,
        judge=JUDGE,
        rules=lambda state: "be kind",
        query=lambda state: "a room",
        evidence=lambda state: ["E"],
        candidates=lambda state: None,
        response=lambda state: "1. E\n2. F",
        completion="items",
        fields={"profile": "user", "context": "reference"},
    )
    case = scored(log, "endless").metadata["case"]
    assert case == {
        "id": "endless", "instruction": "be kind", "query": "a room", "evidence": ["E"], "items": ["E", "F"],
        "profile": {"who": "Kim"}, "context": "x",
    }  # fmt: skip


def test_a_case_in_the_metadata(tmp_path: Path) -> None:
    """The same form that the trainers' data sets have. It stands before what the turns say."""
    log = run([sample("good", case={"query": "quiet", "candidates": PLACES[:2]}, context=[1])], tmp_path, judge=JUDGE)
    case = scored(log, "good").metadata["case"]
    assert (case["query"], case["candidates"], case["instruction"]) == ("quiet", PLACES[:2], RULES)


def test_metadata_that_is_no_field(tmp_path: Path) -> None:
    log = run([sample("good", context={"a": {"b": [[1]]}})], tmp_path, judge=JUDGE)
    assert log.status == "error"
    assert "sample good" in log.error.message
    assert "context" in log.error.message
    log = run([sample("good", case={"colour": "red"})], tmp_path, judge=JUDGE)
    assert "sample good, metadata, case: a case has no field 'colour'" in log.error.message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"form": "best"}, "form must be one of stratified, gated, weighted, geometric, not 'best'"),
        ({"missing": "skip"}, "missing must be one of none, drop, zero"),
        ({"dimensions": ["tone"]}, "tone"),
        ({"weights": {"tone": 1}}, "tone"),
        ({"completion": "best"}, "completion must be response, items or a function, not 'best'"),
        ({"rules": "system"}, "rules must be a function of the state, not 'system'"),
        ({"fields": {"colour": "c"}}, "fields: a case has no field 'colour'"),
        ({"judge": 3}, "judge must be a model of Inspect or a judge of recrm_tasks.rewards, not 3"),
        ({"judge": JUDGE, "mode": "generate"}, "mode is for models of Inspect; the judge says A has its own"),
        ({"mode": "logits"}, "mode must be one of generate, logprob, not 'logits'"),
    ],
)
def test_arguments_are_checked_before_the_run(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(PrerequisiteError, match=message):
        recrm_reward(**arguments)


def test_a_finished_run_is_judged_again(all_agents: EvalLog) -> None:
    """By its name, as `inspect score --scorer recrm_tasks/recrm_reward` finds it."""
    assert registry_lookup("scorer", "recrm_tasks/recrm_reward") is not None
    again = score(all_agents, recrm_reward(judge=JUDGE, form="weighted"), action="overwrite", display="none")
    assert metrics(again)["reward"] == metrics(all_agents)["reward_weighted"]


def test_without_tools(tmp_path: Path) -> None:
    """A plain question and answer, in which the input is a text."""

    def output(input: list[ChatMessage], *others: Any) -> ModelOutput:
        found = said("Park Hotel." if "hotel" in input[-1].text else "A")
        found.usage = ModelUsage()
        return found

    task = Task(
        dataset=[Sample("a hotel", id=1, metadata={"candidates": PLACES})],
        solver=generate(),
        scorer=recrm_reward(judge=JUDGE),
    )
    model = get_model("mockllm/m", custom_outputs=output, memoize=False)
    (log,) = inspect_eval(task, model=model, log_dir=str(tmp_path), display="none")
    case = log.samples[0].scores["recrm_reward"].metadata["case"]
    assert case == {
        "id": "1", "query": "a hotel", "candidates": PLACES, "response": "Park Hotel.", "items": [PLACES[0]],
    }  # fmt: skip


def test_epochs_are_one_cluster(tmp_path: Path) -> None:
    log = run([sample("good"), sample("silent")], tmp_path, judge=JUDGE, eval_epochs=3)
    found = metrics(log)
    assert (found["n"], found["clusters"], found["reward"]) == (6, 2, 0.5)


CASE = Case(
    query="a quiet hotel", response="Park Hotel.", evidence=PLACES, items=PLACES[:2], candidates=PLACES,
    profile="p", history=["h"], context="c", instruction=RULES,
)  # fmt: skip


CUT = "The menu says 30 yuan.\nThe answer is A.\nI should also verify the distance: the menu"


def judged(model: Any, mode: Any, **options: Any) -> Any:
    """What a model of Inspect says of relevance."""
    reward = HybridReward(ModelJudge(model, mode, **options), dimensions=["relevance"], missing="drop")
    return anyio.run(reward.rewards, [CASE.model_copy(update={"items": (PLACES[0],)})])[0]


def test_a_judge_on_a_server_whose_template_opens_thinking() -> None:
    """As in the tasks: cut off, letters within thoughts are no answer; log-probabilities are refused."""
    replies = [message(CUT, "length"), message(f'{CUT}</think>{{"answer": "A"}}'), message(reasoning_content=CUT)]
    with StubServer(lambda asked, before: replies[before], engine="vllm", ending="<go><think>\n") as server:
        model = get_model("openai-api/local/stub", base_url=server.url, api_key="none", memoize=False)
        cut, closed, apart = (judged(model, "generate") for _ in replies)
        assert cut.missing == {"relevance": "unreadable: 1, truncated"}
        assert (closed.value, apart.value) == (1.0, 1.0)
        with pytest.raises(RecrmError, match=r"the prompt ends with <think> open, .* in the judge's role"):
            judged(model, "logprob")
        assert len(server.asked) == 3


def test_a_judge_that_begins_to_think() -> None:
    """Its provider may remove the mark from the text; the letters among the alternatives are no answers."""
    said_ = ModelOutput.from_content("mock", "")
    top = [TopLogprob(token=token, logprob=number) for token, number in (("<think>", -1e-5), ("A", -12), ("B", -15))]
    said_.choices[0].logprobs = Logprobs(content=[Logprob(token="<think>", logprob=-1e-5, top_logprobs=top)])
    said_.usage = ModelUsage()
    found = judged(get_model("mockllm/m", custom_outputs=[said_], memoize=False), "logprob")
    assert found.missing == {"relevance": "unreadable: 1, truncated"}


@pytest.mark.slow
def test_hf_is_refused_where_its_template_opens_thinking(policy: str, tmp_path: Path) -> None:
    template = "{{ messages[-1].content }}</>{% if enable_thinking is not false %}<think>\n{% endif %}"
    options = {"device": "cpu", "memoize": False, "chat_template": template}
    model = get_model(f"hf/{policy}", **options)
    with pytest.raises(RecrmError, match=r"ends with <think> open, .* model_args: {enable_thinking: false}"):
        judged(model, "logprob")
    assert judged(model, "generate", max_tokens=4).missing == {"relevance": "unreadable: 1, truncated"}
    model = get_model(f"hf/{policy}", enable_thinking=False, **options)
    assert not judged(model, "logprob").missing


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["generate", "logprob"])
def test_hf_answers_as_the_judge_of_transformers(mode: Any, policy: str) -> None:
    """The same questions, put to the same weights by Inspect and by `TransformersJudge`."""
    judge = ModelJudge(get_model(f"hf/{policy}", device="cpu", memoize=False), mode, max_tokens=8)
    (theirs,) = anyio.run(HybridReward(judge, missing="drop").rewards, [CASE])
    (ours,) = HybridReward(TransformersJudge(policy, mode, max_tokens=8, device="cpu"), missing="drop")([CASE])
    assert len(theirs.asked) == len(ours.asked) == 7
    for one_, other in zip(theirs.asked, ours.asked, strict=True):
        assert one_.reply.said == (
            other.reply.said if mode == "generate" else pytest.approx(other.reply.said, abs=1e-4)
        )
    assert theirs.parts == pytest.approx(ours.parts, abs=1e-4)


@pytest.mark.slow
def test_a_reward_model_answers_as_its_judge(tmp_path: Path) -> None:
    model = marker_model.save(tmp_path / "letters", ["reward"], {"A": 3.0, "B": 2.0, "C": 1.0})
    judge = ModelJudge(get_model(f"recrm-rm/{model}", memoize=False))
    assert judge.mode == "logprob"
    (theirs,) = anyio.run(HybridReward(judge, missing="drop").rewards, [CASE])
    (ours,) = HybridReward(RewardModelJudge(model), missing="drop")([CASE])
    assert [one_.reply.said for one_ in theirs.asked] == [one_.reply.said for one_ in ours.asked]
    with pytest.raises(RecrmError, match="writes no text"):
        ModelJudge(get_model(f"recrm-rm/{model}", memoize=False), "generate")


@pytest.mark.slow
def test_a_reward_model_that_reads_content_is_no_judge(tmp_path: Path) -> None:
    model = marker_model.save(tmp_path / "content", ["reward"], {"A": 3.0})
    with pytest.raises(RecrmError, match="reads content, but a judge is asked"):
        ModelJudge(get_model(f"recrm-rm/{model}", memoize=False, reads="content"))


def test_the_example_finds_what_its_agent_recommends(tmp_path: Path) -> None:
    """Its scripted agent searches twice, and recommends the first place of each search, if there is one."""
    example = run_path(str(ROOT / "examples" / "agent.py"))["agent"](scripted=True)
    task = task_with(example, scorer=recrm_reward(judge=JUDGE))
    (log,) = inspect_eval(task, model=mock(), log_dir=str(tmp_path), display="none")
    found = metrics(log)
    assert (found["n"], found["reward_n"], found["hit_n"], found["no_answer"], found["not_offered"]) == (
        14,
        14,
        14,
        0,
        0,
    )
    for one_ in log.samples:
        case = one_.scores["recrm_reward"].metadata["case"]
        assert len([turn for turn in one_.messages if turn.role == "tool"]) == 2
        found_by_search = case.get("evidence", [])
        assert case["items"][:1] == found_by_search[:1]
        assert set(case["items"]) <= set(found_by_search)
        assert case["instruction"].startswith("You recommend places.")
