"""`recrm report` and `recrm card` on logs that both harnesses wrote themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import scripted
from huggingface_hub import ModelCard
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import ProvenanceData, invalidate_samples, read_eval_log, write_eval_log
from inspect_ai.scorer import match
from saved_runs import by_lm_eval

from inspect_tasks import bench_task, dimension_task
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.models.usage import Usage
from recrm_tasks.reports.collect import answers_in, collect
from recrm_tasks.reports.files.metrics_file import SCHEMA
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.outcomes import Outcome


def numbers_in(content: dict[str, Any], key: str) -> dict[str, float]:
    """The numbers of a dimension in a results file of lm-eval, to be changed."""
    found: dict[str, float] = content["configs"][f"recrm_{key}"]["metadata"]["recrm_metrics"]
    return found


@pytest.mark.slow
def test_both_give_the_same_runs(results: Path) -> None:
    runs, *notes = collect([str(results)], READERS)
    assert notes == [[]] * 5
    by_harness = {name: {r.dimension: r for r in runs if r.harness == name} for name in ("lm-eval", "inspect")}
    assert set(by_harness["lm-eval"]) == set(by_harness["inspect"]) == set(dimensions())
    for key, run in by_harness["inspect"].items():
        other = by_harness["lm-eval"][key]
        assert other.metrics == run.metrics
        assert run.provenance == other.provenance
        assert run.interval() == other.interval()
        assert run.model == other.model == "model"
        low, high = run.interval()
        assert low < run.metrics[run.primary] < high


def test_the_table(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(results)]) == 0
    printed = capsys.readouterr().out
    assert "not RecRM-Bench" in printed
    rows = [line for line in printed.splitlines() if "generate" in line and "%" in line]  # not those of costs
    headlines = []
    for key, dimension in dimensions().items():
        shown = [m.name for m in dimension.kind.metrics if m.headline and m.is_of("letters", False)]
        others = [name for name in shown if name != dimension.primary]
        headlines += [(key, name) for name in (dimension.primary, *others)]
    for harness in ("inspect", "lm-eval"):
        cells = [[cell.strip() for cell in row.strip("│").split("│")] for row in rows if f" {harness} " in row]
        assert [(row[1], row[6]) for row in cells] == headlines
    ours, theirs = ([row for row in rows if f" {harness} " in row] for harness in ("inspect", "lm-eval"))
    assert [row.replace("lm-eval", "inspect") for row in theirs] == ours


def test_chance_is_what_the_metric_declares(results: Path) -> None:
    runs = {run.dimension: run for run in collect([str(results / "inspect")], READERS)[0]}
    assert runs["behavior"].chance("auc") == runs["ranking"].chance("auc") == 0.5
    assert runs["ranking"].chance("acc") == runs["ranking"].metrics["acc_baseline"] < 0.5
    assert runs["factual"].chance("f1") is None


def test_models_by_dimensions(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per model and harness. The hybrid score is Inspect's own; lm-eval's is computed from its samples."""
    assert main(["report", str(results)]) == 0
    printed = capsys.readouterr().out
    lines = printed[: printed.index("by dimension")].splitlines()
    (start,) = (i for i, line in enumerate(lines) if " model " in line and "hybrid" in line)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines[start + 2 : start + 8]]
    assert [row[:3] for row in rows] == [
        ["model", "inspect", "generate"], ["", "", ""], ["", "", ""],
        ["model", "lm-eval", "generate"], ["", "", ""], ["", "", ""],
    ]  # fmt: skip
    assert [row[3:] for row in rows[:3]] == [row[3:] for row in rows[3:]]
    runs = {run.dimension: run for run in collect([str(results / "inspect")], READERS)[0]}
    assert rows[0][3:8] == [f"{runs[key].metrics[runs[key].primary]:.4f}" for key in dimensions()]
    assert rows[0][9] == f"{runs['factual'].overall['hybrid']:.4f}"
    assert rows[2][3].startswith("N 72, ")


def test_without_samples_there_is_no_hybrid_score(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = next(results.rglob("results_*.json"))
    (tmp_path / file.name).write_text(file.read_text())
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "note: no hybrid score of model (lm-eval, generate)" in printed.err
    assert "lm_eval --log_samples" in printed.err
    (row,) = (
        line
        for line in printed.out.splitlines()
        if line.startswith("│ model") and "%" not in line and "360" not in line
    )
    assert row.rstrip("│ ").endswith("–")


def test_several_runs_of_one_model(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of the present task version and one of an older one: three lines, and which file each is."""
    content = json.loads(next(results.rglob("results_*.json")).read_text())
    for name in ("first", "second"):
        (tmp_path / f"results_{name}.json").write_text(json.dumps(content))
    for config in content["configs"].values():
        config["metadata"]["recrm_provenance"]["prompt_version"] -= 1
    (tmp_path / "results_older.json").write_text(json.dumps(content))
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    overview = printed.out[: printed.out.index("by dimension")]
    assert [name in overview for name in ("model (2)", "model (3)", "model (4)")] == [True, True, False]
    assert overview.count("older task version") == 1
    for name, file in (("model", "first"), ("model (2)", "second"), ("model (3)", "older")):
        assert f": {name} is {tmp_path / f'results_{file}.json'}\n" in printed.err
    assert printed.err.count("several runs of model (lm-eval, generate)") == 3


def test_a_folder_of_everything(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inspect's JSON logs are found among other JSON files."""
    log = read_eval_log(str(next(results.rglob("*.eval"))))
    write_eval_log(log, str(tmp_path / "a.json"), format="json")
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "list.json").write_bytes(b"[1, 2]")
    found = collect([str(tmp_path)], READERS)
    assert [(run.harness, run.dimension) for run in found.runs] == [("inspect", key) for key in dimensions()]
    assert found[1:] == ([],) * 5
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize("odd", [None, float("nan"), float("-inf")])
def test_answers_of_a_log_in_json(results: Path, tmp_path: Path, odd: float | None) -> None:
    """The same as in Inspect's own format, also where Inspect writes numbers that JSON does not have."""
    file = next(results.rglob("*.eval"))
    log = read_eval_log(str(file))
    if odd is not None:
        log.samples[5].metadata["odd"] = odd
    write_eval_log(log, str(tmp_path / "a.json"), format="json")
    one, other = answers_in((file,), READERS, max_texts=3), answers_in((tmp_path / "a.json",), READERS, max_texts=3)
    assert len(one) == len(other) == 5
    for by_eval, by_json in zip(one, other, strict=True):
        assert sorted(by_json.outcomes) == sorted(by_eval.outcomes)  # by id, and as they ended
        assert by_json.prompts == by_eval.prompts
        assert sorted(by_json.kept) == sorted(by_eval.kept)
        assert len(by_json.kept) == 3


@pytest.mark.slow
def test_logs_of_other_tasks_are_passed_over(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Task(dataset=[Sample(input="One?", target="1")], scorer=match(), name="other")
    inspect_eval(other, model="mockllm/model", log_dir=str(tmp_path), display="none")
    (file,) = tmp_path.glob("*.eval")
    ours = str(results / "inspect")
    assert main(["report", str(tmp_path), ours]) == 0
    assert capsys.readouterr().err == f"passed over: {file}: of other tasks\n"
    assert main(["report", str(tmp_path), ours, "--fail-under", "coverage=0.01"]) == 0


def test_a_file_that_is_named_twice_is_one_run(results: Path) -> None:
    file = next(results.rglob("*.eval"))
    assert collect([str(file), str(results / "inspect"), str(file)], READERS) == collect([str(file)], READERS)


@pytest.mark.slow
def test_metrics_without_samples(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = read_eval_log(str(next(results.rglob("*.eval"))))
    log.samples = []
    write_eval_log(log, str(tmp_path / "a.json"), format="json")
    assert main(["report", str(tmp_path), "--to", str(tmp_path / "report.html")]) == 0
    assert "a.json: it has the metrics of instruction, but no samples" in capsys.readouterr().err
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") > 5
    assert "Expected dead groups" not in page


def test_broken_files_are_named(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results_half.json").write_text('{"results": {')
    (tmp_path / "results_other.json").write_text(json.dumps({"results": {"x": {}}, "configs": {"x": {}}}))
    (tmp_path / "broken.eval").write_bytes(b"PK nothing")
    assert main(["report", str(results), str(tmp_path)]) == 0
    printed = capsys.readouterr().err
    assert "results_half.json: not a results file" in printed
    assert "broken.eval: not a readable Inspect log" in printed
    assert f"passed over: {tmp_path / 'results_other.json'}: of other tasks" in printed
    assert main(["report", str(tmp_path)]) == 2
    assert "no results of recrm tasks" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_without_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = scripted.by_inspect(bench_task(data="sample", limit=2), {}, tmp_path)  # knows no answer: the backend fails
    assert log.status == "error"
    assert main(["report", str(tmp_path)]) == 2
    assert "incomplete (status error, 10 samples wanted), and its log has no answer" in capsys.readouterr().err


def test_a_run_with_failed_requests_is_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failed request is not an answer: the metrics are of the others, and marked, and no gate passes."""
    table = scripted.completions(load("factual", "sample", limit=6).prompts("generate"))
    table.pop(next(iter(table)))
    task = dimension_task("factual", data="sample", limit=6)
    log = scripted.by_inspect(task, table, tmp_path, fail_on_error=False)
    assert log.status == "success"
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "5 of 6 records of factual have an answer" in printed.err
    assert "N 5 of 6" in printed.out
    assert "incomplete" in printed.out
    (run,) = collect([str(tmp_path)], READERS).runs
    outcomes = [Outcome.from_json(s.scores["recrm"].metadata["outcome"]) for s in log.samples if s.scores]
    assert run.metrics == flat(dimension_of("factual").metrics(outcomes))
    assert main(["report", str(tmp_path), "--fail-under", "acc=0"]) == 3
    assert "incomplete runs cannot pass" in capsys.readouterr().err
    assert main(["card", str(tmp_path)]) == 2
    assert "a card is of whole runs" in capsys.readouterr().err


def test_the_table_of_costs(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The scripted API reports one token in and one out per question; lm-eval has no tokenizer here."""
    (by_lm_eval,) = {id(r.cost): r.cost for r in collect([str(results / "lm-eval")], READERS)[0]}.values()
    (by_inspect,) = {id(r.cost): r.cost for r in collect([str(results / "inspect")], READERS)[0]}.values()
    assert by_lm_eval is not None
    assert by_inspect is not None
    assert (by_lm_eval.records, by_lm_eval.usage, by_lm_eval.computed) == (360, Usage(), None)
    assert (by_inspect.records, by_inspect.usage, by_inspect.computed) == (360, Usage(360, 360, None, 360), None)
    file = next((results / "lm-eval").rglob("results_*.json"))
    content = json.loads(file.read_text())
    assert by_lm_eval.seconds == float(content["total_evaluation_time_seconds"]) > 0
    for i, key in enumerate(dimensions()):
        numbers_in(content, key).update({"tokens_in": 1000 + i, "tokens_out": 10})
    content["total_evaluation_time_seconds"] = "8.0"
    (tmp_path / "results_counted.json").write_text(json.dumps(content))
    assert main(["report", str(tmp_path), str(results / "inspect")]) == 0
    printed = capsys.readouterr().out
    (row,) = (line for line in printed.splitlines() if "5,010" in line)
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == [
        "model", "lm-eval", "generate", "5",
        "360", "not counted", "5,010", "not counted", "unknown", "50", "8.0", "45.00",
    ]  # fmt: skip
    for key in dimensions():
        numbers_in(content, key).update({"requests": 72, "tokens_cached": 650})
    (tmp_path / "results_counted.json").write_text(json.dumps(content))
    assert main(["report", str(tmp_path), "--to", str(tmp_path / "all.json")]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "5,010" in line)
    assert [cell.strip() for cell in row.strip("│ ").split("│")][4:10] == [
        "360", "360", "5,010", "3,250", "4.9", "50",
    ]  # fmt: skip
    of_file = json.loads((tmp_path / "all.json").read_text())[0]
    assert (of_file["run_requests"], of_file["run_tokens_cached"]) == (360, 3250)
    assert of_file["run_computed_per_record"] == (5010 - 3250) / 360
    content["total_evaluation_time_seconds"] = "soon"
    (tmp_path / "results_counted.json").write_text(json.dumps(content))
    assert "not a results file" in collect([str(tmp_path), str(results / "inspect")], READERS)[1][0]


def test_files_hold_every_metric(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {ending: tmp_path / f"report.{ending}" for ending in ("csv", "parquet", "json", "md")}
    assert main(["report", str(results), *(word for file in files.values() for word in ("--to", str(file)))]) == 0
    table = pq.read_table(files["parquet"])
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert rows == json.loads(files["json"].read_text())
    assert pyarrow.csv.read_csv(files["csv"]).num_rows == len(rows)
    runs = {(run.harness, run.dimension): run for run in collect([str(results)], READERS)[0]}
    found = {(row["harness"], row["dimension"], row["metric"]): row for row in rows}
    assert len(found) == len(rows)
    for harness in ("lm-eval", "inspect"):
        assert {metric for h, k, metric in found if (h, k) == (harness, "all")} == {"mean_score", "hybrid"}
        assert found[harness, "all", "hybrid"]["n"] == 360
    assert found["lm-eval", "all", "hybrid"] == {
        **found["inspect", "all", "hybrid"],
        "harness": "lm-eval",
    }
    for (harness, key), run in runs.items():
        row = found[harness, key, run.primary]
        assert (row["value"], row["low"], row["high"]) == (run.metrics[run.primary], *run.interval())
        assert row["primary"]
        assert (row["n"], row["sha256"], row["data"]) == (72, run.provenance["sha256"], "sample")
        assert row["run_records"] == 360
        names = {name for name in run.metrics if not name.endswith("_stderr")} - {"score"}
        assert {metric for h, k, metric in found if (h, k) == (harness, key)} == names
    assert found["lm-eval", "factual", "n"]["low"] is None
    text = files["md"].read_text()
    title, sentence, _, table = text.split("\n\n")[:4]
    assert title == "## Data: the sample of this package (not RecRM-Bench)"
    assert sentence.startswith("model · inspect (generate): mean score ")
    assert table.startswith("| model | harness |")
    shown = sum(len(run.headlines) for run in runs.values())
    overview_and_costs = 4
    assert text.count("| generate |") == shown + overview_and_costs


def test_other_files_are_refused(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(results), "--to", str(tmp_path / "report.xlsx")]) == 2
    assert "a report is written as .html, .csv, .parquet, .json, .md" in capsys.readouterr().err
    for ending in ("csv", "md"):
        assert main(["report", str(results), "--to", str(tmp_path / "nowhere" / f"report.{ending}")]) == 2
        printed = capsys.readouterr().err
        assert "cannot be written" in printed
        assert "there is no folder" in printed


def test_a_card_is_what_the_hub_reads(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", str(results)]) == 0
    text = capsys.readouterr().out
    read = ModelCard(text).data
    runs = collect([str(results)], READERS)[0]
    assert read.model_name == "model"
    assert len(read.eval_results) == len(runs) == 10
    by_config = {result.dataset_config: result for result in read.eval_results}
    for run in runs:
        result = by_config[f"{run.dimension}, {run.mode}, {run.harness}"]
        assert result.metric_value == run.metrics[run.primary]
        assert (result.metric_args["low"], result.metric_args["high"]) == run.interval()
        assert result.dataset_args["n"] == 72
        assert "not RecRM-Bench" in result.dataset_name
    assert "| model | factual | lm-eval | generate | 72 |" in text


def test_a_card_is_of_one_model(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads(next((results / "lm-eval").rglob("results_*.json")).read_text())
    content["model_name"] = "another"
    (tmp_path / "results_other.json").write_text(json.dumps(content))
    assert main(["card", str(results), str(tmp_path)]) == 2
    assert "of one model, but these runs are of another, model" in capsys.readouterr().err


@pytest.mark.parametrize("all_of_them", [False, True])
def test_undefined_values_are_not_in_a_card(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], all_of_them: bool
) -> None:
    """AUC of one class. YAML has `.nan`, and the hub's evaluation results have no place for it."""
    content = json.loads(next((results / "lm-eval").rglob("results_*.json")).read_text())
    undefined = dimensions() if all_of_them else ["behavior"]
    for key in undefined:
        primary = dimension_of(key).primary
        numbers_in(content, key).update({primary: float("nan"), f"{primary}_stderr": float("nan")})
    (tmp_path / "results_1.json").write_text(json.dumps(content))
    assert main(["card", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert ".nan" not in text.lower()
    read = ModelCard(text).data
    shown = {result.dataset_config for result in read.eval_results or []}
    assert shown == {f"{key}, generate, lm-eval" for key in dimensions() if key not in undefined}
    assert "Undefined, so not in the YAML above: " in text
    assert "auc of behavior (lm-eval, generate)" in text


@pytest.mark.parametrize("name", ["mine.json", "results_of_today.json", "a [b]_c.json"])
def test_the_output_path_of_lm_eval_may_be_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """lm-eval adds the time to its name, and writes the samples beside it."""
    prompts = list(load("factual", "sample").prompts("generate"))
    by_lm_eval(tmp_path / "runs" / name, scripted.completions(prompts), "recrm_factual")
    assert not (tmp_path / "runs" / name).exists()
    (file,) = (tmp_path / "runs").glob("*.json")
    for path in (tmp_path, tmp_path / "runs", tmp_path / "runs" / name, file):
        (run,) = collect([str(path)], READERS).runs
        assert (run.file, run.dimension, run.metrics["n"]) == (file, "factual", 72)
        (answers,) = answers_in((file,), READERS)
        assert len(answers.outcomes) == 72
    capsys.readouterr()  # lm-eval's progress
    assert main(["report", str(tmp_path / "runs" / name)]) == 0
    assert capsys.readouterr().err == ""
    assert main(["compare", str(tmp_path / "runs" / name), str(file)]) == 0
    by_lm_eval(tmp_path / "runs" / name, scripted.right_answers(prompts), "recrm_factual", model="another")
    assert {run.model for run in collect([str(tmp_path / "runs" / name)], READERS).runs} == {"model", "another"}


def invalidated(file: Path, to: Path, uuids: list[str] | Literal["all"], end: str) -> Path:
    """A log in which a person has invalidated some samples."""
    log = invalidate_samples(read_eval_log(str(file)), uuids, ProvenanceData(author="me", reason="a broken server"))
    written = to / f"invalidated.{end}"
    write_eval_log(log, str(written))
    return written


@pytest.mark.slow
@pytest.mark.parametrize("end", ["eval", "json"])
def test_invalidated_samples_do_not_count(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    """The log's own metrics still count them. The run is incomplete, and no gate opens."""
    file = next(results.rglob("*.eval"))
    log = read_eval_log(str(file))
    (factual,) = (one for one in answers_in((file,), READERS) if one.dimension == "factual")
    chosen = {outcome.id for outcome in factual.outcomes[:3]}
    bad = invalidated(file, tmp_path, [sample.uuid for sample in log.samples if sample.id in chosen], end)
    found = collect([str(tmp_path)], READERS)
    assert {run.dimension: run.metrics["n"] for run in found.runs} == {**dict.fromkeys(dimensions(), 72), "factual": 69}
    assert {run.wanted for run in found.runs} == {72}
    (factual,) = (one for one in answers_in((bad,), READERS) if one.dimension == "factual")
    assert not {outcome.id for outcome in factual.outcomes} & chosen
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert f"incomplete: {bad}: 69 of 72 records of factual have an answer that counts" in printed.err
    assert "N 69 of 72" in printed.out
    assert main(["report", str(tmp_path), "--fail-under", "acc=0"]) == 3
    assert "incomplete runs cannot pass" in capsys.readouterr().err
    assert main(["report", str(file), "--baseline", str(bad), "--max-drop", "0"]) == 2
    assert "samples were invalidated" in capsys.readouterr().err
    for command in (["card"], ["aggregate"], ["diagnose"], ["compare", str(file)]):
        assert main([*command, str(bad)]) == 2
        assert "eval-retry" in (said := capsys.readouterr().err) or "a card is of whole runs" in said


@pytest.mark.slow
def test_a_run_that_was_invalidated_as_a_whole(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = next(results.rglob("*.eval"))
    bad = invalidated(file, tmp_path, "all", "eval")
    assert main(["report", str(bad), str(file), "--fail-under", "acc=0"]) == 3
    assert "samples were invalidated; `inspect eval-retry` asks them again), and its log has no answer" in (
        capsys.readouterr().err
    )
