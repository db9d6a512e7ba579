"""Our tasks as Inspect sees them."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import scripted
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import read_eval_log_sample_summaries
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    Logprob,
    Logprobs,
    ModelOutput,
    TopLogprob,
)
from inspect_ai.scorer import SampleScore, Score

from inspect_tasks import bench_task, dimension_task
from inspect_tasks.logprobs import choice_logprobs
from inspect_tasks.metrics import bench_metrics, dimension_metrics
from inspect_tasks.samples import to_message, to_prompt, to_sample, turns_of
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.outcomes import Reason

ROOT = Path(__file__).resolve().parents[2]

Command = Callable[..., str]


@pytest.fixture(scope="session")
def command(programs: Path) -> Command:
    """Calls `inspect` with arguments in a folder, and returns all that it printed."""

    def call(*arguments: str, cwd: Path) -> str:
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PWD": str(cwd), "INSPECT_LOG_DIR": str(cwd / "logs")}
        environment.pop("RECRM_DATA", None)
        done = subprocess.run(
            [programs / "inspect", *arguments], cwd=cwd, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300,
        )  # fmt: skip
        return done.stdout

    return call


def one_line(printed: str) -> str:
    """What a user reads: Inspect wraps its messages at the width of the terminal."""
    return " ".join(printed.split())


@pytest.mark.parametrize("key", dimensions())
def test_a_sample_holds_all_that_scoring_needs(key: str) -> None:
    for prompt in load(key, "sample").prompts("generate"):
        sample = to_sample(prompt, key, "generate", "recrm")
        assert sample.id == prompt.id
        metadata = json.loads(json.dumps(sample.metadata))
        assert to_prompt(prompt.id, sample.target, metadata) == prompt._replace(messages=(), record="", category=None)
        # The input is the record alone, and the model gets the whole prompt.
        assert sample.input == prompt.record
        assert [to_message(turn) for turn in turns_of(sample.input, metadata)] == list(prompt.messages)
        assert not any(isinstance(value, list) for value in (metadata | metadata["reading"]).values())
        assert metadata["lang"] == prompt.lang


def test_a_ready_made_prompt_is_the_input(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "Is it so? A yes, B no"}]
    row = {"id": "r", "lang": "en", "evidence": ["e"], "query": "q", "response": "a", "label": "consistent"}
    (tmp_path / "factual.jsonl").write_text(json.dumps({**row, "messages": turns}))
    (prompt,) = load("factual", str(tmp_path)).prompts("generate")
    sample = to_sample(prompt, "factual", "generate", "recrm")
    assert [(turn.role, turn.text) for turn in sample.input] == [(turn["role"], turn["content"]) for turn in turns]
    assert turns_of(sample.input, sample.metadata) == sample.input


def test_what_the_view_shows(tmp_path: Path) -> None:
    """Rows that can be told apart, answers in the words of the target, an explanation each, and figures in order."""
    prompts = list(load("relevance", "sample", limit=12).prompts("generate"))
    task = dimension_task("relevance", data="sample", limit=12)
    log = scripted.by_inspect(task, scripted.completions(prompts), tmp_path)
    summaries = read_eval_log_sample_summaries(log.location)
    assert len({summary.input[:60] for summary in summaries}) == 12
    for summary in summaries:
        score = summary.scores["recrm"]
        assert score.explanation
        assert {"dimension", "lang", "category", "mode"} <= summary.metadata.keys()
        if score.value == 1:
            assert score.answer == summary.target
    assert len({summary.metadata["category"] for summary in summaries}) > 2
    assert list(log.results.scores[0].metrics)[:5] == ["score", "acc", "f1", "coverage", "n"]
    columns = [column.id for column in log.eval.viewer.task_samples_view.columns]
    assert columns[2:6] == ["input", "target", "answer", "score__recrm__recrm"]
    bench = scripted.by_inspect(
        bench_task(data="sample", limit=2), scripted.right_answers(scripted.all_prompts()), tmp_path
    )
    first = list(bench.results.scores[0].metrics)[:7]
    assert first == ["mean_score", "hybrid", *(f"{key}_score" for key in dimensions())]


@pytest.mark.slow
def test_inspect_lists_the_seven_tasks(command: Command) -> None:
    printed = command("list", "tasks", "recrm_tasks", cwd=ROOT)
    expected = {f"recrm_tasks/{key}.py@{key}" for key in [*dimensions(), "bench", "stress"]}
    assert set(printed.split()) == expected


@pytest.mark.slow
@pytest.mark.parametrize("where", ["recrm_tasks", ".", ".."])
def test_runs_by_path_from_any_folder(where: str, command: Command, tmp_path: Path) -> None:
    folder = (ROOT / where).resolve()
    file = os.path.relpath(ROOT / "recrm_tasks" / "factual.py", folder)
    arguments = ("--model", "none/none", "-T", "data=nowhere", "--log-dir", str(tmp_path))
    printed = one_line(command("eval", file, *arguments, cwd=folder))
    assert "nowhere: no such file or folder" in printed
    assert "Traceback" not in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-T", "data=sample", "-T", "lang=fr"], "-T lang must be zh or en, not 'fr'"),
        (["-T", "data=a,b.jsonl"], "-T data must be text (in quotes, if it looks like a number), not ['a', "),
        (["-T", "data=sample", "-T", "limt=3"], "unknown option -T limt: the options are"),
        ([], "RECRM_DATA=sample"),
    ],
)
def test_mistakes_are_one_message(arguments: list[str], message: str, command: Command, tmp_path: Path) -> None:
    call = ("eval", "recrm_tasks/factual.py", "--model", "none/none", "--log-dir", str(tmp_path), *arguments)
    printed = one_line(command(*call, cwd=ROOT))
    assert message in printed
    assert "Traceback" not in printed


def test_provenance_and_version_stand_in_the_log(tmp_path: Path) -> None:
    dataset = load("behavior", "sample", limit=8, lang="en")
    task = dimension_task("behavior", data="sample", limit=8, lang="en")
    log = scripted.by_inspect(task, scripted.completions(dataset.prompts("generate")), tmp_path)
    assert log.eval.metadata["recrm_provenance"]["behavior"] == {
        **dataset.provenance, **scripted.ASKED, "questions": 8,
    }  # fmt: skip
    assert log.eval.task_version == dimension_of("behavior").version
    assert log.eval.metadata["task_version"] == f"{log.eval.task_version}-I"


def test_bench_takes_turns() -> None:
    task = bench_task(data="sample", limit=4)
    assert [sample.metadata["dimension"] for sample in task.dataset][:10] == [*dimensions()] * 2
    assert len(task.dataset) == 20


def test_metrics_of_nothing_are_empty() -> None:
    assert dimension_metrics()([]) == {}
    assert bench_metrics()([]) == {}


def test_an_unreadable_answer_is_a_zero_and_stays_in_the_denominator() -> None:
    scores = [
        SampleScore(score=Score(value=v, metadata={"dimension": "factual", "outcome": [i, 0, answer, reason]}))
        for i, v, answer, reason in [("a", 1, 0, None), ("b", 0, None, "empty"), ("c", 0, 1, None)]
    ]
    numbers = dimension_metrics()(scores)
    assert (numbers["acc"], numbers["n"], numbers["coverage"]) == (1 / 3, 3, 2 / 3)
    assert numbers["acc_valid"] == 0.5


def output(*tokens: tuple[str, dict[str, float]]) -> ModelOutput:
    content = [
        Logprob(
            token=token,
            logprob=top.get(token, -0.1),
            top_logprobs=[TopLogprob(token=t, logprob=x) for t, x in top.items()],
        )
        for token, top in tokens
    ]
    choice = ChatCompletionChoice(message=ChatMessageAssistant(content="x"), logprobs=Logprobs(content=content))
    return ModelOutput(model="m", choices=[choice])


def test_two_forms_of_a_letter_without_any_probability() -> None:
    """Servers report minus infinity or -9999 for masked tokens: their probabilities are 0, also added up."""
    found = choice_logprobs(output(("A", {"A": -0.1, "B": -math.inf, " B": -math.inf})), "AB")
    assert found == [-0.1, -math.inf]
    (_, low) = choice_logprobs(output(("A", {"A": -0.1, "B": -9999.0, " B": -9999.0})), "AB")
    assert low == pytest.approx(-9999 + math.log(2))


def test_two_tokens_of_one_text() -> None:
    """Servers write SentencePiece's `▁A` and `A` alike; neither takes the other's place."""
    top = [TopLogprob(token=token, logprob=math.log(p)) for token, p in (("A", 0.5), ("B", 0.25), ("A", 0.125))]
    first = Logprob(token="A", logprob=math.log(0.5), top_logprobs=[*top, top[0]])
    choice = ChatCompletionChoice(message=ChatMessageAssistant(content="A"), logprobs=Logprobs(content=[first]))
    found = ModelOutput(model="m", choices=[choice])
    assert choice_logprobs(found, "AB") == [pytest.approx(math.log(0.625)), math.log(0.25)]
    assert choice_logprobs(found, "AB", ["A", "B"]) == [math.log(0.5), math.log(0.25)]


def test_choice_logprobs() -> None:
    both = choice_logprobs(output(("A", {"A": math.log(0.5), "ĠA": math.log(0.25), "B": math.log(0.125)})), "AB")
    assert both == [pytest.approx(math.log(0.75)), math.log(0.125)]
    # The answer comes after the thinking section and an empty line.
    late = output(("A", {"A": -1.0}), ("</think>", {}), ("\n", {}), ("▁B", {"▁B": -0.5, "A": -2.0}))
    assert choice_logprobs(late, "AB") == [-2.0, -0.5]
    # Cut off while it was thinking, or before: what it meant to answer is not known.
    assert choice_logprobs(output(("<think>", {"A": -1.0}), ("A", {"A": -0.1})), "AB") is Reason.TRUNCATED
    again = output(("<think>", {}), ("</think>", {}), ("<think>", {}), ("A", {"A": -0.1}))
    assert choice_logprobs(again, "AB") is Reason.TRUNCATED
    # Marks of other families, of several tokens, and opened in the prompt.
    harmony = [
        "<|channel|>",
        "analysis",
        "<|message|>",
        "A",
        "<|end|>",
        "<|start|>",
        "assistant",
        "<|channel|>",
        "final",
    ]
    steps = [(token, {"A": -0.1}) for token in harmony]
    assert choice_logprobs(output(*steps), "AB") is Reason.TRUNCATED
    ended = output(*steps, ("<|message|>", {}), ("B", {"B": -0.5, "A": -2.0}))
    assert choice_logprobs(ended, "AB") == [-2.0, -0.5]
    split = output(("A", {"A": -0.1}), ("[/", {}), ("THINK", {}), ("]", {}), ("B", {"B": -0.5, "A": -2.0}))
    assert choice_logprobs(split, "AB", opened="[THINK]") == [-2.0, -0.5]
    assert choice_logprobs(output(("A", {"A": -0.1})), "AB", opened="[THINK]") is Reason.TRUNCATED
    own = output(("<plan>", {}), ("A", {"A": -0.1}), ("</plan>", {}), ("B", {"B": -0.5, "A": -2.0}))
    assert choice_logprobs(own, "AB", marks=["<plan>", "</plan>"]) == [-2.0, -0.5]
    assert choice_logprobs(output(("The", {"The": -0.1})), "AB") == [-math.inf, -math.inf]
    assert choice_logprobs(output((" ", {})), "AB") == [-math.inf, -math.inf]
    assert choice_logprobs(output(("", {"": -0.1, "A": -2.0, "B": -3.0})), "AB") == [-2.0, -3.0]
    assert choice_logprobs(output(("\n", {"\n": -0.1, "A": -2.0, "B": -3.0})), "AB") == [-2.0, -3.0]
    cut = output(("<think>", {}), ("</think>", {}), ("\n", {"\n": -0.1, "A": -2.0}))
    assert choice_logprobs(cut, "AB") == [-math.inf, -math.inf]
    # Where it is known which token is which answer, only that one counts.
    known = output(("A", {"A": math.log(0.5), "ĠA": math.log(0.25), "ĠB": math.log(0.125)}))
    assert choice_logprobs(known, "AB", ["ĠA", "ĠB"]) == [math.log(0.25), math.log(0.125)]
    assert choice_logprobs(known, "AB", ["A", "B"]) == [math.log(0.5), -math.inf]
    # Only whole tokens are answers: "AB" is neither, and neither is a small letter.
    assert choice_logprobs(output(("AB", {"AB": -0.1, "a": -0.2})), "AB") == [-math.inf, -math.inf]


def test_a_provider_without_logprobs_is_an_error_not_a_score(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="answer=generate"):
        choice_logprobs(ModelOutput.from_content("m", "A"), "AB")
    texts = {p.messages[-1].content: "A" for p in load("factual", "sample").prompts("logprob")}
    log = scripted.by_inspect(dimension_task("factual", data="sample", answer="logprob", limit=3), texts, tmp_path)
    assert log.status == "error"
    assert "returned no log-probabilities" in log.error.message
    assert log.results is None or not log.results.scores


def test_python_callers_get_inspects_own_error() -> None:
    with pytest.raises(PrerequisiteError):
        dimension_task("factual", data="nowhere")
