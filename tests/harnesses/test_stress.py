"""Stress runs: the same answers give the same figures in both harnesses, and `recrm stress` shows these."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import saved_runs
import scripted
from inspect_ai._util.error import PrerequisiteError
from our_tasks import task

from inspect_tasks import stress_task
from recrm_tasks.answers.prompt import MODES, Mode, Prompt
from recrm_tasks.cli import main
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.results_file import load_results, numbers_of
from recrm_tasks.prompting import Backend, load_questions
from recrm_tasks.prompting.options import parse
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.stress_options import StressOptions
from recrm_tasks.robustness.stress_questions import VERSION, stress_questions, task_version

LIMIT = 4
"""Records of each dimension."""
SUFFIX = {"generate": "", "logprob": "_logprob"}


def asked(mode: Mode, *keys: str, **options: Any) -> list[Prompt]:
    """The questions of a stress run."""
    run = parse(StressOptions, {"data": "sample", "limit": LIMIT, **options})
    found = (load_questions(key, mode, Backend(), run, pose=stress_questions)[0] for key in keys or dimensions())
    return [prompt for prompts in found for prompt in prompts]


def answers(mode: Mode, *keys: str) -> scripted.Answers:
    prompts = asked(mode, *keys)
    return scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each mode by each harness, saved."""
    folder = tmp_path_factory.mktemp("runs")
    for mode in MODES:
        table = answers(mode)
        to = folder / mode
        saved_runs.by_lm_eval(to / "lm-eval", table, f"recrm_stress{SUFFIX[mode]}", recrm_limit=LIMIT)
        saved_runs.by_inspect(to / "inspect", table, stress_task(data="sample", limit=LIMIT, answer=mode))
    return folder


def of_lm_eval(folder: Path) -> dict[str, float]:
    (file,) = folder.rglob("results_*.json")
    results = load_results(file)
    return numbers_of(results, next(iter(results["configs"])))


def of_inspect(folder: Path) -> dict[str, float]:
    from inspect_ai.log import read_eval_log

    (file,) = folder.rglob("*.eval")
    return scripted.numbers(read_eval_log(str(file), header_only=True))


def same(one: float | None, other: float | None) -> bool:
    """Undefined numbers are NaN in logs and null in JSON."""
    return one == other or all(number is None or math.isnan(number) for number in (one, other))


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_every_figure_is_equal(mode: str, runs: Path) -> None:
    ours, theirs = of_inspect(runs / mode / "inspect"), of_lm_eval(runs / mode / "lm-eval")
    assert ours.keys() == theirs.keys()
    assert all(same(ours[name], theirs[name]) for name in ours)
    assert {f"{change}_fooled" for change in CHANGES} < ours.keys()
    assert 0 < ours["score"] == ours["fooled"] < 1
    assert 0 < ours["flip"] < 1
    assert 0 < ours["reward"] < 1
    of_texts = [ours[f"{key}_reward"] for key, change in CHANGES.items() if change.fair != "same"]
    assert ours["reward"] == max(value for value in of_texts if not math.isnan(value))
    assert ours["pairs"] == sum(ours[f"{change}_pairs"] for change in CHANGES) == len(asked(mode)) - 5 * LIMIT
    assert (ours["plain_unreadable"] > 0) == (mode == "generate" or ours["coverage"] < 1)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_the_command_shows_the_same_of_both(mode: str, runs: Path, tmp_path: Path) -> None:
    file = tmp_path / "stress.json"
    assert main(["stress", str(runs / mode), "--to", str(file)]) == 0
    by_harness = {entry["harness"]: entry for entry in json.loads(file.read_text(encoding="utf-8"))}
    one, other = by_harness["lm-eval"], by_harness["inspect"]
    differs = ("harness", "provenance")
    assert {n: v for n, v in one.items() if n not in differs} == {n: v for n, v in other.items() if n not in differs}
    assert one["provenance"] == other["provenance"]
    logged = of_inspect(runs / mode / "inspect")
    for name, figure in one["all"].items():
        assert same(logged[name], figure["value"] if isinstance(figure, dict) else figure)
    for change, figures in one["changes"].items():
        assert logged[f"{change}_n"] == figures["n"]
        assert same(logged[f"{change}_flip"], figures["flip"]["value"])
    assert one["dimensions"]["factual"]["numbers"]["fair"] == "lower"
    assert one["dimensions"]["instruction"]["numbers"]["fair"] == "not higher"
    assert "evidence_order" not in one["dimensions"]["instruction"]


@pytest.mark.slow
def test_tables_and_texts(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stress", str(runs / "generate" / "inspect"), "--by-dimension", "--show", "1"]) == 0
    shown = capsys.readouterr()
    assert "stress: model in inspect, answers: generate, data: " in shown.out
    assert "praise of itself" in shown.out
    assert "factual: model in inspect" in shown.out
    assert "    +Answer: A" in shown.out
    assert "  changed: " in shown.out
    assert "plain verdicts of factual are unreadable (" in shown.err
    assert main(["stress", str(runs / "logprob"), "--form", "gated"]) == 0
    assert "hybrid reward (gated)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_stress_runs_are_no_results(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("aggregate", "diagnose"):
        assert main([command, str(runs)]) == 2
        assert "no runs of recrm tasks" in capsys.readouterr().err
    assert main(["card", str(runs)]) == 2
    assert "stress runs or runs of agents only" in capsys.readouterr().err
    assert main(["report", str(runs)]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("stress: model in ") == 4
    assert "mean_score" not in shown.out
    assert "passed over" not in shown.err


@pytest.mark.slow
def test_the_report_has_them_beside_results(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from recrm_tasks.data import load

    table = scripted.completions(list(load("factual", "sample").prompts("generate")))
    saved_runs.by_lm_eval(tmp_path / "results", table, "recrm_factual", recrm_limit=LIMIT)
    page, text = tmp_path / "page.html", tmp_path / "report.md"
    given = [str(tmp_path / "results"), str(runs / "generate"), "--no-baselines", "--to", str(page), "--to", str(text)]
    assert main(["report", *given]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("stress: model in ") == 2
    assert "passed over" not in shown.err
    assert text.read_text(encoding="utf-8").count("## Stress: model in ") == 2
    html = page.read_text(encoding="utf-8")
    assert '<section id="stress">' in html
    assert '<a href="#stress">' in html
    assert 'id="stress-fooled"' in html
    assert 'id="stress-flip"' in html
    assert ": fooled in " in html
    assert main(["stress", str(tmp_path / "results")]) == 2
    assert "no stress runs under " in capsys.readouterr().err


def test_versions_and_provenance() -> None:
    loaded = task("recrm_stress", recrm_limit=1)
    made = stress_task(data="sample", limit=1)
    assert loaded.config.metadata["version"] == made.version == task_version() > VERSION
    assert loaded.config.metadata["recrm_stress"] == made.metadata["recrm_stress"] == VERSION
    assert loaded.config.metadata["recrm_provenance"] == made.metadata["recrm_provenance"]
    assert {key: one["stress"] for key, one in made.metadata["recrm_provenance"].items()} == dict.fromkeys(
        dimensions(), VERSION
    )
    assert [sample.id for sample in made.dataset] == loaded.test_docs()["id"][:]
    assert str(made.dataset[0].id).endswith("~plain")


def test_one_dimension_in_another_order() -> None:
    given = {"data": "sample", "limit": 3, "dimensions": "relevance, factual"}
    made = stress_task(**given, order="grouped")
    assert list(made.metadata["recrm_provenance"]) == ["relevance", "factual"]
    loaded = task("recrm_stress", **{f"recrm_{name}": value for name, value in given.items()})
    assert {sample.id for sample in made.dataset} == set(loaded.test_docs()["id"][:])
    first = [str(sample.id).partition("~")[0] for sample in made.dataset]
    assert len(dict.fromkeys(first)) == len(set(first)) == 6
    assert first == sorted(first, key=list(dict.fromkeys(first)).index), "the questions of a record follow one another"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orders": 2}, "{}orders: a stress run asks about each list as a whole"),
        ({"ask": "item"}, "{}ask: a stress run asks about each list as a whole"),
        ({"dimensions": "tone"}, "{}dimensions must be keys of dimensions with commas between them"),
        ({"dimensions": 5}, "{}dimensions must be keys of dimensions with commas between them"),
        ({"limt": 5}, "unknown option {}limt"),
    ],
    ids=str,
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PrerequisiteError) as stopped:
        stress_task(data="sample", **options)
    assert message.format("-T ") in stopped.value.message
    with pytest.raises(RecrmError, match=message.format("recrm_")):
        task("recrm_stress", **{f"recrm_{name}": value for name, value in options.items()})


def test_a_ready_made_prompt_is_refused(tmp_path: Path) -> None:
    row = {
        "id": "r1", "dimension": "factual", "lang": "en", "source": "mine", "label": "consistent",
        "messages": [{"role": "user", "content": "Is it? A or B"}],
    }  # fmt: skip
    file = tmp_path / "factual.jsonl"
    file.write_text(json.dumps(row) + "\n" + json.dumps({**row, "id": "r2", "label": "inconsistent"}) + "\n")
    with pytest.raises(PrerequisiteError) as stopped:
        stress_task(data=str(file), dimensions="factual")
    assert "its prompt is ready-made (`messages`)" in stopped.value.message


@pytest.mark.slow
def test_mistakes_are_one_message(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = str(runs / "logprob")
    without = tmp_path / "without"
    shutil.copytree(runs / "logprob" / "lm-eval", without, ignore=shutil.ignore_patterns("samples_*"))
    for arguments, told in (
        ([logs, "--to", "stress.csv"], "--to stress.csv: the figures are written as .json"),
        ([logs, "--to", str(tmp_path / "no" / "stress.json")], "cannot be written: there is no folder"),
        ([str(tmp_path / "nowhere")], "nowhere: no such file or folder"),
        ([str(without)], "no such file; lm_eval --log_samples writes it"),
    ):
        assert main(["stress", *arguments]) == 2
        said = capsys.readouterr().err
        assert said.startswith("recrm: ")
        assert told in said


def test_no_readable_plain_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counted and told; none of them is a flip."""
    prompts = asked("generate", "factual", limit=3)
    table = {
        prompt.messages[-1].content: "I cannot say." if prompt.id.endswith("~plain") else '{"answer": "A"}'
        for prompt in prompts
    }
    own = stress_task(data="sample", limit=3, dimensions="factual")
    ours = saved_runs.by_inspect(tmp_path, table, own)
    assert math.isnan(ours["score"])
    assert math.isnan(ours["flip"])
    assert math.isnan(ours["reward"])
    assert ours["n"] == ours["coverage"] == 0
    assert ours["plain_unreadable"] == ours["pairs"] == len(prompts) - 3
    assert main(["stress", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("recrm: no plain verdict can be read")
    assert "3 of 3 plain verdicts of factual are unreadable (no_answer 3)" in told
    assert main(["report", str(tmp_path), "--to", str(tmp_path / "r.html")]) == 0
    shown = capsys.readouterr()
    assert "stress: model in inspect" in shown.out
    assert "3 of 3 plain verdicts of factual are unreadable (no_answer 3)" in shown.err


@pytest.mark.slow
def test_without_samples_the_other_tasks_of_a_file_are_reported(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the figures of stress runs need samples: the results file says what is lacking, and the rest is shown."""
    from recrm_tasks.data import load

    table = scripted.completions(list(load("factual", "sample").prompts("generate")))
    saved_runs.by_lm_eval(tmp_path / "factual", table, "recrm_factual", samples=False, recrm_limit=LIMIT)
    (file,) = tmp_path.rglob("results_*.json")
    (stress,) = (runs / "generate" / "lm-eval").rglob("results_*.json")
    both, other = (json.loads(one.read_text(encoding="utf-8")) for one in (file, stress))
    for part in ("results", "configs", "n-samples"):
        both[part] |= other[part]
    file.write_text(json.dumps(both), encoding="utf-8")
    assert main(["report", str(tmp_path), "--no-baselines"]) == 0
    shown = capsys.readouterr()
    assert "data: the sample" in shown.out
    assert "stress: " not in shown.out
    assert "left out: " in shown.err
    assert "no such file; lm_eval --log_samples writes it" in shown.err


def test_epochs_are_compared_one_by_one(tmp_path: Path) -> None:
    prompts = asked("generate", "factual", limit=2)
    made = stress_task(data="sample", limit=2, dimensions="factual")
    numbers = saved_runs.by_inspect(tmp_path, scripted.right_answers(prompts), made, epochs=2)
    assert numbers["pairs"] == 2 * (len(prompts) - 2)
    assert numbers["clusters"] == 2
    assert numbers["flip"] == 0


@pytest.mark.slow
def test_shards_give_the_figures_of_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = answers("logprob", "factual")
    given = {"data": "sample", "limit": LIMIT, "dimensions": "factual", "answer": "logprob"}
    whole = saved_runs.by_inspect(tmp_path / "whole", table, stress_task(**given))
    for shard in ("1/2", "2/2"):
        saved_runs.by_inspect(tmp_path / "shards", table, stress_task(**given, shard=shard))
    assert main(["stress", str(tmp_path / "shards"), "--to", str(tmp_path / "stress.json")]) == 0
    (joined,) = json.loads((tmp_path / "stress.json").read_text(encoding="utf-8"))
    for name, figure in joined["all"].items():
        assert same(whole[name], figure["value"] if isinstance(figure, dict) else figure)
    next((tmp_path / "shards").glob("*.eval")).unlink()
    assert main(["stress", str(tmp_path / "shards")]) == 2
    assert "this run is incomplete (shard " in capsys.readouterr().err


def test_a_harness_limit_leaves_no_half_pairs(tmp_path: Path) -> None:
    done = scripted.by_lm_eval(answers("generate"), "recrm_stress", limit=12, recrm_limit=LIMIT)
    numbers = numbers_of(done, "recrm_stress")
    assert numbers["pairs"] == 12 - 5
    assert numbers["longer_pairs"] == 0
