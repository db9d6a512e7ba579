"""`recrm report` on Inspect's logs of agents that `recrm_reward` scores: whole ones, and all that can be wrong."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import saved_runs
import scripted
from inspect_ai import score
from inspect_ai.log import EvalLog, ProvenanceData, invalidate_samples, read_eval_log, write_eval_log
from mock_agents import AGENTS, JUDGE, KNOWN, after_a_search, metrics, mock, run, sample, says_a

from inspect_tasks import dimension_task, recrm_reward
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.agent_groups import agent_groups
from recrm_tasks.reports.collect import collect
from recrm_tasks.rewards import FunctionJudge
from recrm_tasks.scoring.aggregate.forms import FORMS

NAMES = ("good", "prose", "endless", "silent")
WITH_TOOLS = {**AGENTS, "endless": after_a_search("Bay Rooms."), "silent": after_a_search("Hill Inn.")}
"""Agents that do better on the same samples."""


def samples(*names: str) -> list[Any]:
    return [sample(name, **(KNOWN if name != "prose" else {})) for name in names]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two agents with one judge, and one of them that judges itself."""
    folder = tmp_path_factory.mktemp("agents")
    given: dict[str, Any] = {"judge": JUDGE, "missing": "zero"}
    run(samples(*NAMES), folder / "first", model=mock("first"), **given)
    run(samples(*NAMES), folder / "second", model=mock("second", WITH_TOOLS), **given)
    run(samples(*NAMES), folder / "itself", model=mock("first"), dimensions=["instruction", "relevance"])
    return folder


def log_in(folder: Path) -> EvalLog:
    (file,) = folder.rglob("*.eval")
    return read_eval_log(str(file))


def saved(log: EvalLog, folder: Path, name: str = "log.eval") -> Path:
    folder.mkdir(exist_ok=True)
    write_eval_log(log, str(folder / name))
    return folder / name


def told(capsys: pytest.CaptureFixture[str], *paths: object) -> tuple[int, str, str]:
    """Exit code and what `recrm report` prints, without line breaks."""
    code = main(["report", *map(str, paths)])
    said = capsys.readouterr()
    return code, " ".join(said.out.split()), said.err


def test_numbers_are_those_of_the_log(logs: Path) -> None:
    found = {(run.agent, run.judge): run for run in collect([str(logs)], READERS).agents}
    assert set(found) == {
        ("mockllm/first", "says A"), ("mockllm/second", "says A"), ("mockllm/first", "mockllm/first"),
    }  # fmt: skip
    for name, key in (("first", "says A"), ("itself", "mockllm/first")):
        one = found["mockllm/first", key]
        assert one.numbers == metrics(log_in(logs / name))
        assert (one.task, one.source, one.n, one.wanted, one.finished) == ("travel", "places", 4, 4, True)
        assert (dict(one.limits), one.errors) == ({"message": 1}, 0)
    own = found["mockllm/first", "mockllm/first"]
    assert own.own_judge == 4
    assert own.usage.tokens_in is not None
    assert own.of_judge.tokens_in is not None
    assert own.usage.tokens_in > own.of_judge.tokens_in > 0
    assert found["mockllm/first", "says A"].setting == ("missing zero",)


def test_differences_are_paired(logs: Path) -> None:
    found = collect([str(logs)], READERS).agents
    ((group,), notes) = agent_groups(found)
    assert notes == []
    (difference,) = group.differences
    assert (difference.first, difference.second) == (
        "mockllm/first, judged by says A", "mockllm/second, judged by says A",
    )  # fmt: skip
    first, second = (
        {one.id: one.scores["recrm_reward"].value["reward"] for one in log_in(logs / name).samples}
        for name in ("first", "second")
    )
    changes = [second[name] - first[name] for name in NAMES]
    mean = sum(changes) / 4
    assert difference.row.difference.value == pytest.approx(mean, abs=1e-12)
    error = math.sqrt(sum((change - mean) ** 2 for change in changes) / 3 / 4)
    assert difference.row.difference.stderr == pytest.approx(error, abs=1e-12)
    # Two samples differ, both in favour of the second: of four sign flips two are as extreme.
    assert [change > 0 for change in changes] == [False, False, True, True]
    assert difference.row.difference.p == 0.5


def test_tables_and_files(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / f"report.{ending}" for ending in ("md", "csv", "json", "parquet", "html")]
    code, out, err = told(capsys, logs, *(word for file in files for word in ("--to", file)))
    assert (code, err) == (0, "")
    for expected in (
        "agents: travel, data: places", "judge is the agent", "missing zero", "parts of the reward: travel",
        "how the runs ended: travel", "differences: travel", *FORMS,
    ):  # fmt: skip
        assert expected in out
    markdown, html = (files[place].read_text(encoding="utf-8") for place in (0, 4))
    assert "## Agents: travel, data: places" in markdown
    assert "| 1<br>message 1 |" in markdown
    assert "| mockllm/first<br>judge is the agent | mockllm/first<br>generate |" in markdown
    assert '<section id="agents">' in html
    assert '<a href="#agents">' in html
    with files[1].open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    whole = json.loads(files[2].read_text(encoding="utf-8"))
    assert pq.read_table(files[3]).to_pylist() == whole
    assert len(rows) == len(whole)
    logged = metrics(log_in(logs / "second"))
    of_second = {row["metric"]: row for row in whole if row["model"] == "mockllm/second"}
    assert {name: row["value"] for name, row in of_second.items()} == {
        name: value for name, value in logged.items() if not name.endswith(("_stderr", "_low", "_high"))
    }
    assert of_second["factual"]["dimension"] == of_second["factual_n"]["dimension"] == "factual"
    assert (of_second["reward"]["dimension"], of_second["reward"]["judge"]) == ("all", "says A")
    assert (of_second["reward"]["low"], of_second["reward"]["primary"]) == (logged["reward_low"], True)


def test_two_judges_of_one_run(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `inspect score --action append` leaves it, in JSON."""
    other = FunctionJudge(says_a, name="another")
    twice = score(log_in(logs / "first"), recrm_reward(judge=other, form="gated"), action="append", display="none")
    file = saved(twice, tmp_path, "log.json")
    found = collect([str(file)], READERS).agents
    assert [(one.judge, one.agent, one.n) for one in found] == [
        ("says A", "mockllm/first", 4), ("another", "mockllm/first", 4),
    ]  # fmt: skip
    ((group,), notes) = agent_groups(found)
    assert (group.differences, notes) == ([], []), "rewards of different judges are not compared"
    assert "form gated" in told(capsys, file)[1]


def test_rewards_of_other_parts_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With missing='drop' an agent that does not search has no factual part, and may gain by that."""
    agents = {**AGENTS, "good": AGENTS["no such tool"]}
    for name, model in (("a", mock("a")), ("b", mock("b", agents))):
        run(samples("good"), tmp_path / name, model=model, judge=JUDGE)
    code, out, err = told(capsys, tmp_path)
    assert code == 0
    assert "differences: " not in out
    assert (
        "note: the agents mockllm/a and mockllm/b are not compared: other parts are missing in 1 of 1 samples, so "
        "their rewards are of other things; judge both with missing='zero'"
    ) in err


def test_the_same_ids_of_other_samples_are_not_compared(logs: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        log = log_in(logs / name)
        for one in log.samples or []:
            if name == "second":
                one.input = "something else"
        saved(log, tmp_path, f"{name}.eval")
    ((group,), _) = agent_groups(collect([str(tmp_path)], READERS).agents)
    assert len(group.runs) == 2
    assert group.differences == []


def test_several_runs_of_one_agent(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.eval", "b.eval"):
        saved(log_in(logs / "first"), tmp_path, name)
    _, out, err = told(capsys, tmp_path)
    assert "mockllm/first (2)" in out
    assert (
        f"several runs of the agent mockllm/first, judged by says A: mockllm/first (2) is {tmp_path / 'b.eval'}" in err
    )


def test_older_versions_and_prices(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = log_in(logs / "first")
    for one in log.samples or []:
        one.scores["recrm_reward"].metadata["versions"]["dimensions"]["factual"] = 1
        one.model_usage["mockllm/first"].total_cost = 0.25
    file = saved(log, tmp_path)
    (found,) = collect([str(file)], READERS).agents
    assert (found.outdated, found.price) == (True, 1.0)
    _, out, _ = told(capsys, file)
    assert "older task version" in out
    assert "price, $" in out
    (log.samples or [])[0].model_usage["mockllm/first"].total_cost = None
    assert collect([str(saved(log, tmp_path))], READERS).agents[0].price is None, "a part of the price is none"


def fails(turns: Any) -> Any:
    raise OSError("no route")


def test_samples_with_errors_and_invalidated_ones(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are counted, and the run is marked."""
    model = mock("a", {**AGENTS, "prose": fails})
    run(samples("good", "prose"), tmp_path / "errors", model=model, judge=JUDGE, eval_fail_on_error=False)
    (one,) = collect([str(tmp_path / "errors")], READERS).agents
    assert (one.n, one.wanted, one.errors, one.finished) == (1, 2, 1, False)
    code, out, err = told(capsys, tmp_path / "errors")
    assert code == 0
    assert "incomplete" in out
    assert "1 of 2" in out
    assert err.startswith("incomplete: ")
    assert err.endswith("1 of 2 samples of the agent mockllm/a have a score\n")
    assert main(["report", str(tmp_path / "errors"), "--fail-under", "acc=0.1"]) == 2
    log = log_in(logs / "first")
    first = (log.samples or [])[0]
    (one,) = collect(
        [str(saved(invalidate_samples(log, [first.uuid], ProvenanceData(author="me")), tmp_path))], READERS
    )[-1]
    assert (one.n, one.wanted, one.finished) == (3, 4, False)


def test_a_judge_that_never_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is a score, and no reward: nothing to average or to compare."""
    for name in ("a", "b"):
        judge = FunctionJudge(fails, name="down")
        run(samples("good"), tmp_path / name, model=mock(name), judge=judge, on_error="none")
    code, out, err = told(capsys, tmp_path, "--to", tmp_path / "r.json")
    assert code == 0
    assert "0 with a reward" in out
    assert "judge failed in 1" in out
    assert "the agents mockllm/a and mockllm/b are not compared: some samples have no reward" in err
    rows = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert {row["value"] for row in rows if row["metric"] == "failed"} == {1}


def without_scores(log: EvalLog) -> None:
    log.status = "error"
    log.results = None
    for one in log.samples or []:
        one.scores = None


def of_another_version(log: EvalLog) -> None:
    for one in log.samples or []:
        one.scores["recrm_reward"].metadata.pop("judged")


def of_a_newer_version(log: EvalLog) -> None:
    for one in log.samples or []:
        one.scores["recrm_reward"].metadata["judged"]["colour"] = "red"


def with_broken_numbers(log: EvalLog) -> None:
    for one in log.samples or []:
        one.scores["recrm_reward"].metadata["judged"]["parts"] = "none"


def without_samples(log: EvalLog) -> None:
    log.eval.config.log_samples = False
    log.samples = None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_scores, "no sample of this run of an agent has a score (status error, 4 samples wanted)"),
        (of_another_version, "sample good has a reward that this version cannot read"),
        (of_a_newer_version, "sample good has a reward that this version cannot read"),
        (with_broken_numbers, "its rewards are of a form that this version cannot read"),
        (without_samples, "its samples were not logged (--no-log-samples), and only they say who judged them"),
    ],
)
def test_logs_that_cannot_be_used(
    change: Any, message: str, logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message; beside other logs a line, and the others are reported."""
    log = log_in(logs / "first")
    change(log)
    file = saved(log, tmp_path)
    code, out, err = told(capsys, file)
    assert (code, out) == (2, "")
    assert err == f"recrm: no results of recrm tasks under {file}\n{file}: {message}\n"
    code, out, err = told(capsys, file, logs / "second")
    assert code == 0
    assert "mockllm/second" in out
    assert err == f"left out: {file}: {message}\n"


def test_a_broken_file_and_a_run_that_ended_early(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (whole,) = (logs / "first").rglob("*.eval")
    (tmp_path / "half.eval").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    log = log_in(logs / "first")
    log.status, log.results, log.samples = "cancelled", None, (log.samples or [])[:2]
    file = saved(log, tmp_path)
    (one,) = collect([str(tmp_path)], READERS).agents
    assert (one.n, one.wanted, one.unfinished) == (2, 4, "status cancelled, 4 samples wanted")
    code, out, err = told(capsys, tmp_path)
    assert code == 0
    assert "2 of 4" in out
    assert f"left out: {tmp_path / 'half.eval'}: not a readable Inspect log" in err
    assert f"incomplete: {file}: 2 of 4 samples of the agent mockllm/first have a score" in err


def test_beside_results_of_the_benchmark(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of other models, in one folder; each log is read once."""
    table = scripted.completions(list(load("factual", "sample").prompts("generate")))
    saved_runs.by_inspect(tmp_path, table, dimension_task("factual", data="sample", limit=4))
    saved(log_in(logs / "first"), tmp_path)
    with header_reads() as read:
        code, out, err = told(capsys, tmp_path, "--no-baselines", "--to", tmp_path / "r.csv")
    assert code == 0
    assert sorted(read) == sorted(str(file) for file in tmp_path.glob("*.eval"))
    assert "passed over" not in err
    assert "data: the sample of this package" in out
    assert "agents: travel" in out
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        assert {(row["model"], row["judge"]) for row in csv.DictReader(stream)} == {
            ("model", ""), ("mockllm/first", "says A"),
        }  # fmt: skip


@contextmanager
def header_reads() -> Iterator[list[str]]:
    """The files whose headers are read."""
    from inspect_tasks import logged_runs

    read: list[str] = []
    before = logged_runs.read_header
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logged_runs, "read_header", lambda file: read.append(str(file)) or before(file))
        yield read


def test_other_commands_say_that_they_are_no_results(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", str(logs)]) == 2
    assert "stress runs or runs of agents only" in capsys.readouterr().err
    assert main(["aggregate", str(logs)]) == 2
    said = capsys.readouterr().err
    assert "no runs of recrm tasks under" in said
    assert "stress runs are shown by `recrm stress`, runs of agents by `recrm report`" in said
