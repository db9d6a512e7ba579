"""The shards of one run, put together, give the numbers of one run, to the last bit, in both harnesses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import pytest
import saved_runs
import scripted
from paired import pair

from inspect_tasks import bench_task, dimension_task
from inspect_tasks.samples import turns_of
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.store.shards import Shard
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.log_readers import READERS
from recrm_tasks.models.usage import Usage
from recrm_tasks.reports.aggregate_runs import aggregate_runs
from recrm_tasks.reports.collect import answers_in, collect, collect_answers
from recrm_tasks.reports.compare_runs import compare_pairs
from recrm_tasks.reports.files.metrics_file import metric_rows
from recrm_tasks.reports.free_baselines import Choice, free_baselines
from recrm_tasks.reports.leaderboard_entries import entries
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.runs import Cost
from recrm_tasks.reports.tables.leaderboard_table import cost_table, costly_runs

SHARDS = 3
RECORDS = 36
"""Of each dimension, where all are asked."""
SUFFIX = {"generate": "", "logprob": "_logprob"}

Made = Callable[..., Path]


def answers(mode: str, **options: Any) -> scripted.Answers:
    prompts = [p for key in dimensions() for p in load(key, "sample").prompts(mode, **options)]
    return scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)


def run_by(
    harness: str, folder: Path, mode: str, table: scripted.Answers, keys: tuple[str, ...], **options: Any
) -> None:
    """Runs some dimensions, all in one if they are all."""
    if harness == "lm-eval":
        group = [f"recrm_{key}{SUFFIX[mode]}" for key in keys] if keys else [f"recrm_bench{SUFFIX[mode]}"]
        for name in group:
            saved_runs.by_lm_eval(folder, table, name, **{f"recrm_{name}": value for name, value in options.items()})
        return
    tasks = [dimension_task(key, data="sample", answer=mode, **options) for key in keys]
    for task in tasks or [bench_task(data="sample", answer=mode, **options)]:
        saved_runs.by_inspect(folder, table, task)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A folder with the logs of one run, or of all its shards, by harness and mode; without `keys` of all dimensions in
    one task."""

    @cache
    def make(harness: str, mode: str, of: int | None, *keys: str, **options: Any) -> Path:
        folder = tmp_path_factory.mktemp("logs")
        options = options if keys else {"limit": RECORDS, **options}
        table = answers(mode, **{name: options[name] for name in ("orders", "ask") if name in options})
        if of is None:
            run_by(harness, folder, mode, table, keys, **options)
        for number in range(1, (of or 0) + 1):
            run_by(harness, folder / str(number), mode, table, keys, **options, shard=f"{number}/{of}")
        return folder

    return make


def numbers(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Every number of a report with its interval and what it is of, as text, by dimension and metric. As text, so that
    NaN is equal to NaN, and no bit is lost."""
    found = collect([str(folder)], READERS)
    assert (found.unusable, found.incomplete, found.passed_over) == ([], [], [])
    listed, notes = entries(found.runs, lru_cache(partial(answers_in, readers=READERS)))
    assert notes == []
    rows = metric_rows(listed)
    assert len({(row["dimension"], row["metric"]) for row in rows}) == len(rows)
    return {
        (row["dimension"], row["metric"]): {name: repr(value) for name, value in row.items() if name != "run_seconds"}
        for row in rows
    }


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["generate", "logprob"])
@pytest.mark.parametrize("harness", ["lm-eval", "inspect"])
def test_the_report_of_shards_is_that_of_one_run(harness: str, mode: str, made: Made) -> None:
    """All five dimensions and the scores of all together, with every interval."""
    one, shards = (numbers(made(harness, mode, of)) for of in (None, SHARDS))
    assert {"all", *dimensions()} == {dimension for dimension, _ in one}
    assert ("all", "hybrid") in one
    assert one == shards


@pytest.mark.slow
@pytest.mark.parametrize("harness", ["lm-eval", "inspect"])
def test_the_answers_of_shards_are_those_of_one_run(harness: str, made: Made) -> None:
    """With the same texts kept, and the same provenance; one shard after the other."""
    one, shards = (made(harness, "logprob", of) for of in (None, SHARDS))
    files = [file for reader in READERS for file in shards.rglob("*") if reader.reads(file)]
    for whole, joined in zip(read(one), answers_in(sorted(files, reverse=True), READERS, max_texts=20), strict=True):
        assert sorted(joined.outcomes) == sorted(whole.outcomes)
        assert joined.outcomes != whole.outcomes
        assert sorted(joined.kept) == sorted(whole.kept)
        assert len(joined.kept) == 20
        assert (joined.prompts, joined.targets.keys()) == (whole.prompts, whole.targets.keys())
        assert joined.provenance == whole.provenance
        assert sorted(joined.unseen) == sorted(whole.unseen)
        assert (len(joined.parts), joined.unfinished, joined.weights) == (SHARDS, "", whole.weights)


def read(folder: Path) -> list[Answers]:
    """The answers of one run."""
    files = [file for reader in READERS for file in folder.rglob("*") if reader.reads(file)]
    return answers_in(files, READERS, max_texts=20)


@pytest.mark.slow
@pytest.mark.parametrize("harness", ["lm-eval", "inspect"])
def test_aggregate_and_compare(harness: str, made: Made) -> None:
    whole, joined = (collect_answers([str(made(harness, "generate", of))], READERS) for of in (None, SHARDS))
    one, shards = (aggregate_runs(answers)[0][0] for answers in (whole, joined))
    for name in ("metrics", "mean", "hybrid", "dead_groups"):
        assert repr(getattr(one, name)) == repr(getattr(shards, name))
    other = collect_answers([str(made("inspect" if harness == "lm-eval" else "lm-eval", "generate", SHARDS))], READERS)
    first, second = (compare_pairs(pair(answers, other)[0]) for answers in (whole, joined))
    assert repr(first) == repr(second)
    assert {row.difference.value for row in first if row.primary} == {0.0}


@pytest.mark.slow
@pytest.mark.parametrize("harness", ["lm-eval", "inspect"])
@pytest.mark.parametrize("options", [{"orders": 3}, {"ask": "item"}], ids=str)
def test_several_questions_about_one_record(harness: str, options: dict[str, Any], made: Made) -> None:
    one, shards = (numbers(made(harness, "generate", of, "ranking", limit=24, **options)) for of in (None, 2))
    assert one == shards
    assert float(one["ranking", "auc"]["n"]) > 24


@pytest.mark.slow
def test_epochs_and_answers_that_were_cut_off(tmp_path: Path) -> None:
    table = answers("generate")
    cut = list(table)[::5]
    for shard in (None, "1/2", "2/2"):
        task = dimension_task("factual", data="sample", limit=20, shard=shard)
        folder = tmp_path / ("shards" if shard else "one")
        log = scripted.by_inspect(task, table, folder, cut=cut, epochs=2)
        assert log.status == "success"
    one, shards = (numbers(tmp_path / name) for name in ("one", "shards"))
    assert one == shards
    assert one["factual", "n"]["value"] == "40.0"
    assert float(one["factual", "cut"]["value"]) > 1


@pytest.mark.slow
@pytest.mark.parametrize("harness", ["lm-eval", "inspect"])
def test_rescored_shards(harness: str, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for the run, and the same scores as one run's; the rescored shards can be reported as the others."""
    logs = {name: made(harness, "generate", of) for name, of in (("one", None), ("shards", SHARDS))}
    capsys.readouterr()
    said = []
    for name, folder in logs.items():
        assert main(["rescore", str(folder), "--to", str(tmp_path / name)]) == 0
        said.append(capsys.readouterr())
    assert said[0].out.replace("/one", "") == said[1].out.replace("/shards", "")
    assert [one.err for one in said] == ["", ""]
    one, shards = (numbers(tmp_path / name) for name in ("one", "shards"))
    assert one == shards
    assert main(["rescore", str(made(harness, "generate", SHARDS) / "1"), "--to", str(tmp_path / "first")]) == 0
    assert f"shards 2, 3 of {SHARDS} are missing" in capsys.readouterr().err


@pytest.fixture
def shards(made: Made, tmp_path: Path) -> Path:
    """A copy of the logs of two shards of lm-eval, in folders with their numbers."""
    folder = tmp_path / "shards"
    shutil.copytree(made("lm-eval", "generate", 2, "factual", limit=20), folder)
    return folder


def results_in(folder: Path) -> Path:
    (file,) = folder.rglob("results_*.json")
    return file


def changed(folder: Path, **entries: Any) -> None:
    """Changes the provenance in the results in a folder."""
    file = results_in(folder)
    results = json.loads(file.read_text())
    results["configs"]["recrm_factual"]["metadata"]["recrm_provenance"].update(entries)
    file.write_text(json.dumps(results))


def test_a_missing_shard_is_marked(shards: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shutil.rmtree(shards / "1")
    file = results_in(shards)
    found = collect([str(shards)], READERS)
    (run,) = found.runs
    assert (run.n, run.wanted, run.provenance["questions"]) == (10, 20, 20)
    assert found.incomplete == [
        f"{file} (1 shard): shard 1 of 2 is missing; 10 of 20 records of factual have an answer that counts"
    ]
    assert main(["report", str(shards), "--no-baselines", "--fail-under", "acc=0.0001"]) == 3
    shown = capsys.readouterr()
    assert "incomplete" in shown.out
    assert "failed: files that were left out and incomplete runs cannot pass" in shown.err
    for command in (["aggregate", str(shards)], ["compare", str(shards), str(shards)], ["diagnose", str(shards)]):
        assert main(command) == 2
        told = f"{file} (1 shard): this run is incomplete (shard 1 of 2 is missing); it has no score"
        assert told in capsys.readouterr().err


def test_a_shard_in_an_unknown_form(shards: Path) -> None:
    changed(shards / "2", shard={"third": 3})
    found = collect([str(shards)], READERS)
    assert found.unusable == [f"{results_in(shards / '2')}: it does not say which shard it is of, but {{'third': 3}}"]
    assert [run.finished for run in found.runs] == [False]


def test_free_baselines_of_a_run_that_lacks_a_shard(shards: Path) -> None:
    """They are of the same records as its numbers."""
    shutil.rmtree(shards / "1")
    answers = lru_cache(partial(answers_in, readers=READERS))
    listed, _ = entries(collect([str(shards)], READERS).runs, answers)
    found, notes = free_baselines(listed, answers, Choice())
    assert notes == []
    ((one,),) = (by_dimension["factual"] for by_dimension in found.values())
    assert one.n == 10


def test_shards_of_different_data(shards: Path) -> None:
    changed(shards / "2", sha256="f" * 64)
    with pytest.raises(DataError, match="shard 2 of 2 is missing") as stopped:
        collect_answers([str(shards)], READERS)
    other, sha256 = results_in(shards / "2"), "0123456789ab"
    assert f"({other} is shard 2/2, but of another run: its data has the sha256 ffffffffffff, not " in str(
        stopped.value
    )
    assert sha256 not in str(stopped.value)
    assert len(collect([str(shards)], READERS).incomplete) == 2


@pytest.mark.parametrize(
    ("entry", "value", "told"),
    [
        ("seed", 1, "its seed is 1, not 0"),
        ("fewshot", 2, "its fewshot is 2, not 0"),
        ("recrm_tasks", "0.0.1", "its recrm_tasks is 0.0.1, not "),
        ("prompt_version", 1, "its prompt_version is 1, not "),
    ],
)
def test_shards_that_were_asked_otherwise(shards: Path, entry: str, value: object, told: str) -> None:
    changed(shards / "2", **{entry: value})
    with pytest.raises(DataError, match="but of another run: ") as stopped:
        collect_answers([str(shards)], READERS)
    assert told in str(stopped.value)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("config", "model"), "vllm", "its --model is vllm, not ScriptedLM"),
        (("config", "gen_kwargs"), {"temperature": 1}, "its --gen_kwargs is {'temperature': 1}, not None"),
        (("config", "model_args"), {"dtype": "float16"}, "its model argument dtype is float16, not None"),
        (("chat_template_sha",), "abc", "its chat template (SHA-256) is abc, not None"),
        (("system_instruction",), "Be strict.", "its system instruction is Be strict., not None"),
    ],
    ids=str,
)
def test_shards_that_lm_eval_asked_otherwise(shards: Path, place: tuple[str, ...], value: object, told: str) -> None:
    change_results(shards / "2", place, value)
    with pytest.raises(DataError, match="but of another run: ") as stopped:
        collect_answers([str(shards)], READERS)
    assert told in str(stopped.value)
    assert len(collect([str(shards)], READERS).incomplete) == 2


def test_shards_of_models_whose_names_end_alike(shards: Path) -> None:
    """One model's shard is not the other's, and the folder may have all shards of both."""
    shutil.copytree(shards, shards.parent / "all" / "a")
    shutil.copytree(shards, shards.parent / "all" / "b")
    for number in ("1", "2"):
        change_results(shards.parent / "all" / "b" / number, ("config", "model_args"), "pretrained=b/model")
    both = collect([str(shards.parent / "all")], READERS)
    assert both.incomplete == []
    assert sorted(run.model for run in both.runs) == ["b/model", "some/model"]
    change_results(shards / "2", ("config", "model_args"), "pretrained=b/model")
    one_each = collect([str(shards)], READERS)
    assert sorted(run.model for run in one_each.runs) == ["b/model", "some/model"]
    assert [line.partition(": ")[2].partition(";")[0] for line in one_each.incomplete] == [
        "shard 2 of 2 is missing",
        "shard 1 of 2 is missing",
    ]


def change_results(folder: Path, place: tuple[str, ...], value: object) -> None:
    file = results_in(folder)
    entry = results = json.loads(file.read_text())
    for name in place[:-1]:
        entry = entry[name]
    entry[place[-1]] = value
    file.write_text(json.dumps(results))


def test_arguments_of_machines_may_differ(shards: Path) -> None:
    for number in (1, 2):
        change_results(shards / str(number), ("config", "model_args"), f"base_url=http://host{number}/v1,device=cpu")
    assert collect([str(shards)], READERS).incomplete == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"epochs": 2}, "its --epochs is 2, not 1"),
        ({"temperature": 0.5}, "its generation setting temperature is 0.5, not 0.0"),
    ],
    ids=str,
)
def test_shards_that_inspect_asked_otherwise(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    for shard, given in (("1/2", {}), ("2/2", options)):
        task = dimension_task("factual", data="sample", limit=8, shard=shard)
        scripted.by_inspect(task, answers("generate"), tmp_path / shard[0], **given)
    with pytest.raises(DataError, match="but of another run: ") as stopped:
        collect_answers([str(tmp_path)], READERS)
    assert told in str(stopped.value)


def test_a_limit_of_the_harness_on_some_shards_only(tmp_path: Path) -> None:
    """They are no balanced part of the records; with the limit on all of them they are marked as other runs are."""
    table = answers("generate")
    for shard, limit in (("1/2", 3), ("2/2", None)):
        task = dimension_task("factual", data="sample", limit=16, shard=shard)
        saved_runs.by_inspect(tmp_path / "some", table, task, limit=limit)
        folder = tmp_path / "all" / shard[0]
        saved_runs.by_lm_eval(folder, table, "recrm_factual", limit=3, recrm_limit=16, recrm_shard=shard)
    found = collect([str(tmp_path / "some")], READERS)
    (run,) = found.runs
    assert (run.n, run.wanted) == (11, 16)
    assert "shard 1/2 has 3 of its 8 questions; 11 of 16 records of factual have an answer that" in found.incomplete[0]
    (run,) = collect([str(tmp_path / "all")], READERS).runs
    assert (run.n, run.wanted, run.limited) == (6, None, True)


def test_the_costs_of_shards_are_those_that_all_know() -> None:
    """A server that says nothing about its cache may have used it."""
    known, unknown = (Cost(2, 1.0, Usage(2, 100, cached, 2)) for cached in (40, None))
    assert Cost.joined([known, known]).usage == Usage(4, 200, 80, 4)
    assert Cost.joined([known, unknown]).usage == Usage(4, 200, None, 4)
    assert Cost.joined([known, unknown]).computed is None


def test_shards_of_records_with_other_groups(tmp_path: Path) -> None:
    """The content hash is the same, but some records are in both shards, and some in none."""
    table, records = answers("generate"), list(load("factual", "sample").records())
    for number in (1, 2):
        file = tmp_path / str(number) / "factual.jsonl"
        file.parent.mkdir()
        with file.open("w", encoding="utf-8") as out:
            for i, record in enumerate(records):
                group = {"group": f"user {i // 8}"} if number == 1 else {}
                out.write(json.dumps({**record.model_dump(exclude_none=True), **group}) + "\n")
        task = dimension_task("factual", data=str(file), shard=f"{number}/2")
        saved_runs.by_inspect(tmp_path / "logs" / str(number), table, task)
    with pytest.raises(DataError, match="but of another run: its records were divided in another way"):
        collect_answers([str(tmp_path / "logs")], READERS)


def test_what_depends_on_the_records_is_added_up(shards: Path) -> None:
    fit = {"tokenizer": "t", "context": 9, "answer_tokens": 1, "candidates_dropped": 0, "labels_of_several_tokens": 0}
    changed(shards / "1", fit={**fit, "shortened": 1, "history_dropped": 5}, letters_not_shown=2)
    changed(shards / "2", fit={**fit, "shortened": 2, "history_dropped": 1}, thinking_in_prompt="opened")
    (run,) = collect([str(shards)], READERS).runs
    assert run.finished
    assert run.provenance["fit"] == {**fit, "shortened": 3, "history_dropped": 6}
    assert (run.provenance["letters_not_shown"], run.provenance["thinking_in_prompt"]) == (2, "opened")


def test_records_that_were_shortened_to_different_lengths(shards: Path) -> None:
    fit = {"tokenizer": "t", "answer_tokens": 1, "history_dropped": 0, "candidates_dropped": 0}
    for number, context, shortened in (("1", 9, 0), ("2", 99, 0), ("2", 99, 1)):
        found = {**fit, "context": context, "shortened": shortened, "labels_of_several_tokens": 0}
        changed(shards / number, fit=found)
        (line,) = collect([str(shards)], READERS).incomplete or [""]
        assert ("records were shortened to 8 and to 98 tokens" in line) == bool(shortened)


def test_the_same_shard_twice_counts_once(shards: Path, made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    before = collect([str(shards)], READERS).runs[0].metrics
    shutil.copytree(shards / "2", shards / "copy")
    (run,) = collect([str(shards)], READERS).runs
    assert run.metrics == before
    counts, left = results_in(shards / "copy"), results_in(shards / "2")
    counts, left = (counts, left) if counts in run.parts else (left, counts)
    assert run.notes == [f"shard 2/2 of factual by model: {counts} counts, {left} does not: it has the same answers"]
    for command in ("report", "diagnose"):
        main([command, str(shards), *(["--no-baselines"] if command == "report" else [])])
        assert f"note: {run.notes[0]}\n" in capsys.readouterr().err


def test_two_different_logs_of_one_shard(shards: Path) -> None:
    """The later one counts, by the time in its name."""
    file = results_in(shards / "2")
    (samples,) = (shards / "2").rglob("samples_*.jsonl")
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    for line in lines:
        line["score"] |= {"value": None, "reason": "empty"}
    time = "2001-01-01T00-00-00.000000"
    (file.parent / f"samples_recrm_factual_{time}.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    earlier = file.with_name(f"results_{time}.json")
    shutil.copy(file, earlier)
    joined = collect_answers([str(shards)], READERS)
    assert joined[0].parts[1] == file
    assert joined[0].notes == [
        f"shard 2/2 of factual by model: {file} counts, {earlier} does not: its name comes before the other's"
    ]


def test_shards_without_samples(shards: Path) -> None:
    (samples,) = (shards / "2").rglob("samples_*.jsonl")
    samples.unlink()
    with pytest.raises(
        DataError, match=r"shards are put together from their samples: .*lm_eval --log_samples writes it"
    ):
        collect([str(shards)], READERS)


def test_a_shard_beside_whole_runs(shards: Path, made: Made) -> None:
    """They are runs by themselves, and the shards are another one."""
    whole = made("lm-eval", "generate", None, "factual", limit=20)
    found = collect([str(shards), str(whole)], READERS)
    assert [len(run.parts) for run in found.runs] == [0, 2]
    listed, notes = entries(found.runs, lru_cache(partial(answers_in, readers=READERS)))
    assert [entry.number for entry in listed] == [1, 2]
    assert "(2 shards)" in notes[1]
    costs = cost_table(costly_runs(listed))
    assert [row.cells[0].text for row in costs.rows] == ["model", "model (2)"]
    assert "Of shards the seconds are added up" in costs.caption
    assert "shards" not in cost_table(costly_runs(listed[:1])).caption


def test_one_shard_of_one_is_the_whole(made: Made) -> None:
    one, shards = (numbers(made("lm-eval", "generate", of, "factual", limit=20)) for of in (None, 1))
    assert one == shards


def test_a_harness_gets_the_records_of_its_shard_only() -> None:
    task = dimension_task("behavior", data="sample", shard="2/3")
    docs = scripted.manager(recrm_shard="2/3").load(["recrm_behavior"])["tasks"]["recrm_behavior"].test_docs()
    assert [sample.id for sample in task.dataset] == docs["id"][:]
    assert docs["id"][:] == load("behavior", "sample").shard(Shard(2, 3)).ids()
    assert task.metadata["recrm_provenance"]["behavior"]["shard"]["rows"] == len(docs) == 24


def test_the_examples_of_all_shards_are_the_same() -> None:
    options = {"data": "sample", "split": "hash-test", "fewshot": 2}
    whole = {one.id: turns_of(one.input, one.metadata)[0].text for one in dimension_task("factual", **options).dataset}
    found = {}
    for shard in ("1/2", "2/2"):
        found |= {
            s.id: turns_of(s.input, s.metadata)[0].text
            for s in dimension_task("factual", **options, shard=shard).dataset
        }
    assert found == whole


@pytest.mark.slow
def test_a_shard_that_was_asked_again(tmp_path: Path) -> None:
    """The run that ended early is in the folder too; the finished one counts."""
    table = answers("generate")
    for shard in (None, "1/2"):
        folder = tmp_path / ("shards" if shard else "one")
        saved_runs.by_inspect(folder, table, dimension_task("relevance", data="sample", limit=20, shard=shard))
    task = dimension_task("relevance", data="sample", limit=20, shard="2/2")
    last = turns_of(task.dataset[-1].input, task.dataset[-1].metadata)[-1].text
    lacking = {text: answer for text, answer in table.items() if text != last}
    log = scripted.by_inspect(task, lacking, tmp_path / "shards", max_samples=1)
    assert log.status == "error"
    found = collect([str(tmp_path / "shards")], READERS)
    (run,) = found.runs
    assert (run.n, run.wanted) == (19, 20)
    assert "shard 2/2 is not finished; 19 of 20 records of relevance have an answer that counts" in found.incomplete[0]
    with pytest.raises(DataError, match=r"this run is incomplete \(shard 2/2 is not finished\); it has no score"):
        collect_answers([str(tmp_path / "shards")], READERS)

    task = dimension_task("relevance", data="sample", limit=20, shard="2/2")
    saved_runs.by_inspect(tmp_path / "shards", table, task)
    found = collect([str(tmp_path / "shards")], READERS)
    assert found.incomplete == []
    assert [note.rpartition(": ")[2] for run in found.runs for note in run.notes] == ["it is not finished"]
    (one,) = collect([str(tmp_path / "one")], READERS).runs
    assert repr(sorted(found.runs[0].metrics.items())) == repr(sorted(one.metrics.items()))


@pytest.mark.parametrize("shard", [None, "1/1"])
def test_how_many_answers_a_bench_lacks(shard: str | None, tmp_path: Path) -> None:
    """Its dimensions have different numbers of questions."""
    options = {"data": "sample", "limit": 3, "ask": "item", "shard": shard}
    table = scripted.right_answers(scripted.all_prompts(ask="item"))
    sample = bench_task(**options).dataset[-1]
    last = turns_of(sample.input, sample.metadata)[-1].text
    lacking = {text: answer for text, answer in table.items() if text != last}
    assert scripted.by_inspect(bench_task(**options), lacking, tmp_path, max_samples=1).status == "error"
    found = {run.dimension: (run.n, run.wanted) for run in collect([str(tmp_path)], READERS).runs}
    asked = found.pop("ranking")[1]
    assert set(found.values()) == {(3, 3)}
    assert asked == len(list(load("ranking", "sample", limit=3, ask="item").prompts("generate", ask="item")))


def test_how_many_answers_are_lacking_with_epochs_and_a_limit_of_inspect(tmp_path: Path) -> None:
    task = dimension_task("factual", data="sample", limit=8)
    last = turns_of(task.dataset[2].input, task.dataset[2].metadata)[-1].text
    lacking = {text: answer for text, answer in answers("generate").items() if text != last}
    assert scripted.by_inspect(task, lacking, tmp_path, max_samples=1, epochs=2, limit=3).status == "error"
    (run,) = collect([str(tmp_path)], READERS).runs
    assert (run.n, run.wanted) == (2, 6)


def test_shards_without_logged_samples_of_inspect(tmp_path: Path) -> None:
    task = dimension_task("relevance", data="sample", limit=20, shard="1/1")
    saved_runs.by_inspect(tmp_path, answers("generate"), task, log_samples=False)
    with pytest.raises(DataError, match=r"shards are put together from their samples: .*: its samples were not logged"):
        collect([str(tmp_path)], READERS)
