"""Our tasks as Inspect sees them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import scripted
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    Logprob,
    Logprobs,
    ModelOutput,
    TopLogprob,
    get_model,
)
from inspect_ai.scorer import SampleScore, Score

from inspect_tasks import bench_task, dimension_task
from inspect_tasks.logprobs import choice_logprobs
from inspect_tasks.metrics import bench_metrics, dimension_metrics
from inspect_tasks.samples import to_prompt, to_sample
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.outcomes import Reason

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "INSPECT_LOG_DIR": str(cwd / "logs")}
    environment.pop("RECRM_DATA", None)
    program = "import sys; sys.argv[0] = 'inspect'; from inspect_ai._cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What a user reads, on one line: Inspect wraps its messages at the width of the terminal."""
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("key", dimensions())
def test_a_sample_holds_all_that_scoring_needs(key: str) -> None:
    for prompt in load(key, "sample").prompts("generate"):
        sample = to_sample(prompt, key, "generate", "recrm")
        assert sample.id == prompt.id
        back = to_prompt(prompt.id, sample.target, json.loads(json.dumps(sample.metadata)))
        assert back == prompt._replace(messages=())


def test_inspect_lists_the_six_tasks() -> None:
    done = command("list", "tasks", "recrm_tasks", cwd=ROOT)
    expected = {f"recrm_tasks/{key}.py@{key}" for key in [*dimensions(), "bench"]}
    assert set(done.stdout.split()) == expected


@pytest.mark.parametrize("where", ["recrm_tasks", ".", ".."])
def test_runs_by_path_from_any_folder(where: str, tmp_path: Path) -> None:
    folder = (ROOT / where).resolve()
    file = os.path.relpath(ROOT / "recrm_tasks" / "factual.py", folder)
    done = command(
        "eval", file, "--model", "none/none", "-T", "data=nowhere", "--log-dir", str(tmp_path), cwd=folder
    )  # fmt: skip
    assert "nowhere: no such file or folder" in told(done)
    assert "Traceback" not in told(done)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-T", "data=sample", "-T", "lang=fr"], "-T lang must be zh or en, not 'fr'"),
        (["-T", "data=a,b.jsonl"], "-T data must be text (in quotes, if it looks like a number), not ['a', "),
        (["-T", "data=sample", "-T", "limt=3"], "unknown option -T limt: the options are"),
        ([], "RECRM_DATA=sample"),
    ],
)
def test_mistakes_are_one_message(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = command(
        "eval", "recrm_tasks/factual.py", "--model", "none/none", "--log-dir", str(tmp_path), *arguments, cwd=ROOT
    )
    assert message in told(done)
    assert "Traceback" not in told(done)


def test_provenance_and_version_stand_in_the_log(tmp_path: Path) -> None:
    dataset = load("behavior", "sample", limit=8, lang="en")
    model = get_model("scripted/any", answers=scripted.completions(dataset.prompts("generate")), memoize=False)
    task = dimension_task("behavior", data="sample", limit=8, lang="en")
    (log,) = inspect_eval(task, model=model, log_dir=str(tmp_path), display="none")
    assert log.eval.metadata["recrm_provenance"]["behavior"] == {
        **dataset.provenance, **scripted.ASKED,
    }  # fmt: skip
    assert log.eval.task_version == dimension_of("behavior").version
    assert log.eval.metadata["task_version"] == f"{log.eval.task_version}-E"


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
    assert choice_logprobs(output(("The", {"The": -0.1})), "AB") == [-math.inf, -math.inf]
    assert choice_logprobs(output((" ", {})), "AB") == [-math.inf, -math.inf]
    assert choice_logprobs(output(("", {"": -0.1, "A": -2.0, "B": -3.0})), "AB") == [-2.0, -3.0]
    assert choice_logprobs(output(("\n", {"\n": -0.1, "A": -2.0, "B": -3.0})), "AB") == [-2.0, -3.0]
    cut = output(("<think>", {}), ("</think>", {}), ("\n", {"\n": -0.1, "A": -2.0}))
    assert choice_logprobs(cut, "AB") == [-math.inf, -math.inf]
    # Only whole tokens are answers: "AB" is neither, and neither is a small letter.
    assert choice_logprobs(output(("AB", {"AB": -0.1, "a": -0.2})), "AB") == [-math.inf, -math.inf]


def test_a_provider_without_logprobs_is_an_error_not_a_score(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="answer=generate"):
        choice_logprobs(ModelOutput.from_content("m", "A"), "AB")
    texts = {p.messages[-1].content: "A" for p in load("factual", "sample").prompts("logprob")}
    model = get_model("scripted/any", answers=texts, memoize=False)
    (log,) = inspect_eval(
        dimension_task("factual", data="sample", answer="logprob", limit=3),
        model=model,
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.status == "error"
    assert "returned no log-probabilities" in log.error.message
    assert log.results is None or not log.results.scores


def test_python_callers_get_inspects_own_error() -> None:
    with pytest.raises(PrerequisiteError):
        dimension_task("factual", data="nowhere")
