"""Logged answers are read again: the same numbers, to the last bit, as a run of today with the same answers."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import scripted
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log
from saved_runs import by_inspect, by_lm_eval

from inspect_tasks import bench_task, dimension_task, stress_task
from recrm_tasks import __version__
from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.prompt import MODES
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.prompting import Backend, load_questions
from recrm_tasks.prompting.options import parse
from recrm_tasks.reports.collect import answers_in, collect, collect_answers
from recrm_tasks.robustness.stress_options import StressOptions
from recrm_tasks.robustness.stress_questions import stress_questions
from recrm_tasks.scoring.outcomes import Answer, Reason

pytestmark = pytest.mark.slow

SUFFIX = {"generate": "", "logprob": "_logprob"}
OLDER = 1
"""A version of every dimension before the present one."""


def answers(mode: str) -> scripted.Answers:
    make = scripted.completions if mode == "generate" else scripted.logprobs
    return make([prompt for key in dimensions() for prompt in load(key, "sample").prompts(mode)])


@contextmanager
def older_reader() -> Iterator[None]:
    """A version that takes every third answer for one without any, and every readable label for the next one."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in {type(one.kind) for one in dimensions().values()}:
            for name in ("read", "weigh"):
                patch.setattr(kind, name, _worse(getattr(kind, name)))
        for one in dimensions().values():
            patch.setattr(type(one), "version", OLDER)
        yield


def _worse(read: Callable[..., Answer]) -> Callable[..., Answer]:
    def worse(kind: Kind[Any], given: Any, prompt: Any) -> Answer:
        answer = read(kind, given, prompt)
        if sum(map(ord, prompt.id)) % 3 == 0:
            return Answer.invalid(Reason.NO_ANSWER)
        if kind.has_labels and isinstance(answer.value, int):
            return Answer((answer.value + 1) % len(prompt.choices))
        return answer

    return worse


def results_in(folder: Path) -> dict[str, Any]:
    (file,) = folder.rglob("results_*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def samples_in(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        file.name.rpartition("_")[0]: [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for file in folder.rglob("samples_*.jsonl")
    }


def log_in(folder: Path) -> EvalLog:
    (file,) = folder.rglob("*.eval")
    return read_eval_log(str(file))


def numbers_of(table: dict[str, Any]) -> dict[str, Any]:
    """With NaN as something that is equal to itself."""
    return {name: "nan" if value != value else value for name, value in table.items()}


def outcomes_of(folder: Path) -> dict[str, list[Any]]:
    return {f"{one.dimension} {one.mode}": one.outcomes for one in collect_answers([str(folder)], READERS)}


def rescore(*arguments: object) -> int:
    return main(["rescore", *map(str, arguments)])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`older/…` by the older reader and `now/…` by the present one: each task of lm-eval and Inspect, both modes."""
    folder = tmp_path_factory.mktemp("runs")

    def make(to: Path) -> None:
        for mode in MODES:
            table = answers(mode)
            for what in ("bench", "hybrid"):
                by_lm_eval(to / f"lm-eval-{what}-{mode}", table, f"recrm_{what}{SUFFIX[mode]}", limit=22)
            task = bench_task(data="sample", answer=mode, limit=22)
            by_inspect(to / f"inspect-bench-{mode}", table, task)
            by_inspect(
                to / f"inspect-one-{mode}", table, dimension_task("ranking", data="sample", answer=mode), limit=9
            )

    make(folder / "now")
    with older_reader():
        make(folder / "older")
    return folder


@pytest.fixture(scope="module")
def again(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both, rescored by the present reader."""
    folder = tmp_path_factory.mktemp("again")
    for name in ("now", "older"):
        assert rescore(runs / name, "--to", folder / name) == 0
    return folder


LM_EVAL = [f"lm-eval-{what}-{mode}" for what in ("bench", "hybrid") for mode in MODES]
INSPECT = [f"inspect-{what}-{mode}" for what in ("bench", "one") for mode in MODES]


@pytest.mark.parametrize("made_by", ["now", "older"])
@pytest.mark.parametrize("name", LM_EVAL)
def test_lm_eval_gets_the_numbers_of_today(runs: Path, again: Path, name: str, made_by: str) -> None:
    wanted, found = results_in(runs / "now" / name), results_in(again / made_by / name)
    for part in ("results", "groups"):
        for task, table in wanted.get(part, {}).items():
            assert numbers_of(found[part][task]) == numbers_of(table)
        assert found.get(part, {}).keys() == wanted.get(part, {}).keys()
    logged = results_in(runs / made_by / name)
    for part in ("n-samples", "versions", "config", "date", "higher_is_better", "model_name"):
        assert found[part] == logged[part]
    ours, theirs = samples_in(again / made_by / name), samples_in(runs / "now" / name)
    assert ours == theirs
    assert outcomes_of(again / made_by / name) == outcomes_of(runs / "now" / name)


@pytest.mark.parametrize("made_by", ["now", "older"])
@pytest.mark.parametrize("name", INSPECT)
def test_inspect_gets_the_numbers_of_today(runs: Path, again: Path, name: str, made_by: str) -> None:
    wanted, found = log_in(runs / "now" / name), log_in(again / made_by / name)
    logged = log_in(runs / made_by / name)
    assert wanted.results is not None
    assert found.results is not None
    assert found.status == "success"
    assert repr(found.results) == repr(wanted.results)  # NaN is equal to itself in a text
    assert found.tags == ["rescored"]
    assert (found.eval, found.stats, found.plan) == (logged.eval, logged.stats, logged.plan)
    assert len(found.samples) == len(logged.samples)
    for now, today, before in zip(found.samples, wanted.samples, logged.samples, strict=True):
        assert now.id == today.id == before.id
        (new,), (old,), (right,) = (one.scores.values() for one in (now, before, today))
        assert (new.value, new.answer, new.explanation) == (right.value, right.answer, right.explanation)
        assert new.metadata == right.metadata
        assert now.output == before.output
        assert now.input == before.input
        if old.metadata == right.metadata:
            assert new.history == []
            assert len(now.events) == len(before.events)
        else:
            first, last = new.history
            assert (first.value, first.answer, first.metadata) == (old.value, old.answer, old.metadata)
            assert first.provenance is None
            assert last.provenance.author == f"recrm-tasks {__version__}"
            assert len(now.events) == len(before.events) + 1
    assert outcomes_of(again / made_by / name) == outcomes_of(runs / "now" / name)


@pytest.mark.parametrize("name", LM_EVAL + INSPECT)
def test_what_changed_is_in_the_log(runs: Path, again: Path, name: str) -> None:
    before, now = outcomes_of(runs / "older" / name), outcomes_of(again / "older" / name)
    found = collect_answers([str(again / "older" / name)], READERS)
    assert len(found) == len(now) > 0
    for one in found:
        key = f"{one.dimension} {one.mode}"
        (entry,) = one.provenance["rescored"]
        changes = Counter(
            (old.reason or "read", new.reason or ("read" if old.reason else "read differently"))
            for old, new in zip(before[key], now[key], strict=True)
            if (old.value, old.reason) != (new.value, new.reason)
        )
        assert {(row["from"], row["to"]): row["n"] for row in entry["changes"]} == changes
        assert (entry["n"], entry["changed"]) == (len(now[key]), changes.total())
        assert len(entry["examples"]) == min(3, changes.total())
        if "hybrid" not in name:  # which has only four records of each dimension
            assert ("no_answer", "read") in changes
            assert (("read", "read differently") in changes) == dimension_of(one.dimension).kind.has_labels
        assert entry["before"] == {"task_version": OLDER, "recrm_tasks": __version__}
        assert entry["now"] == {"task_version": dimension_of(one.dimension).version, "recrm_tasks": __version__}
        assert {Path(file).parent.parent.name for file in entry["logs"]} <= {name, "older"}
        assert all(len(digest) == 64 for digest in entry["logs"].values())
        assert one.provenance["prompt_version"] == OLDER
        assert one.reader_version == dimension_of(one.dimension).version


def test_a_reader_that_did_not_change_changes_nothing(again: Path) -> None:
    for one in collect_answers([str(again / "now")], READERS):
        (entry,) = one.provenance["rescored"]
        assert (entry["changed"], entry["changes"], entry["examples"]) == (0, [], [])


def test_the_table(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rescore(runs / "older" / "inspect-one-generate", "--to", tmp_path / "to", "--examples", "1") == 0
    out = capsys.readouterr().out
    assert f"1 → {dimension_of('factual').version}" in out
    assert "no_answer → read: " in out
    assert f"answers are read differently now; the rescored logs are in {tmp_path / 'to'}" in out
    assert "unreadable: no_answer" in out[out.index("examples") :]
    assert rescore(runs / "older" / "inspect-one-generate", "--to", tmp_path / "none", "--examples", "0") == 0
    assert "examples" not in capsys.readouterr().out


def test_a_report_marks_what_is_rescored(runs: Path, again: Path, capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    name, to = "inspect-bench-generate", tmp_path / "r.json"
    paths = [str(folder / "older" / name) for folder in (runs, again)]
    assert main(["report", *paths, "--to", str(to)]) == 0
    out = capsys.readouterr().out
    overview = out[: out.index("by dimension")]
    assert overview.count("older task version") == overview.count("asked by an older") == 1
    assert overview.count("rescored") == 1
    rows = [row for row in json.loads(to.read_text()) if row["metric"] == "score" or row["primary"]]
    assert {(row["rescored"], row["outdated"], row["prompt_version"] == row["reader_version"]) for row in rows} == {
        (False, True, True),
        (True, False, False),
    }
    assert main(["report", str(again / "now" / name)]) == 0
    out = capsys.readouterr().out
    assert "rescored" in out
    assert "older" not in out


def test_rescored_runs_are_compared_with_those_of_today(
    runs: Path, again: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "lm-eval-bench-generate"
    now, older, read_again = (str(one / name) for one in (runs / "now", runs / "older", again / "older"))
    assert main(["compare", older, now]) == 2
    version = dimension_of("factual").version
    assert f"read by task version 1 in A, {version} in B; recrm rescore reads logged" in capsys.readouterr().err
    assert main(["compare", read_again, now]) == 0
    assert "Both runs scored the same on every record" in capsys.readouterr().out
    assert main(["report", now, "--baseline", read_again, "--max-drop", "0"]) == 0
    assert main(["card", read_again]) == 0
    assert "reader_version" in capsys.readouterr().out


def test_a_log_rescored_twice_says_both(again: Path, tmp_path: Path) -> None:
    for name in ("lm-eval-hybrid-generate", "inspect-one-logprob"):
        assert rescore(again / "older" / name, "--to", tmp_path / name) == 0
        for one in collect_answers([str(tmp_path / name)], READERS):
            first, second = one.provenance["rescored"]
            assert first["before"]["task_version"] == OLDER
            assert first["now"] == second["before"] == second["now"]
            assert first["changed"] > 0
            assert second["changed"] == 0
            assert one.provenance["prompt_version"] == OLDER
    log = log_in(tmp_path / "inspect-one-logprob")
    assert len(log.log_updates) == 2
    assert outcomes_of(tmp_path) == outcomes_of(tmp_path)


def test_a_log_as_json_of_a_run_with_epochs(runs: Path, tmp_path: Path) -> None:
    task, table = dimension_task("factual", data="sample", limit=5), answers("generate")
    with older_reader():
        by_inspect(tmp_path / "run", table, task, epochs=2)
    by_inspect(tmp_path / "now", table, dimension_task("factual", data="sample", limit=5), epochs=2)
    log = log_in(tmp_path / "run")
    write_eval_log(log, str(tmp_path / "json" / "a.json"), format="json")
    for name in ("run", "json"):
        assert rescore(tmp_path / name, "--to", tmp_path / f"again-{name}") == 0
        found = log_in(tmp_path / f"again-{name}")
        assert repr(found.results) == repr(log_in(tmp_path / "now").results)
        assert len(found.samples) == 10


def test_a_run_that_ended_early_stays_one(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = log_in(runs / "older" / "inspect-bench-generate")
    log.samples = log.samples[::3]
    log.samples[3].scores = None  # its request failed
    log.status, log.results = "cancelled", None
    write_eval_log(log, str(tmp_path / "run" / "a.eval"))
    assert rescore(tmp_path / "run", "--to", tmp_path / "again") == 0
    found = log_in(tmp_path / "again")
    assert (found.status, found.results, len(found.samples)) == ("cancelled", None, len(log.samples))
    (file,) = (tmp_path / "again").rglob("*.eval")
    read = answers_in((file,), READERS)
    assert sum(len(one.outcomes) for one in read) == len(log.samples) - 1
    today = outcomes_of(runs / "now" / "inspect-bench-generate")
    for one in read:
        kept = {outcome.id for outcome in one.outcomes}
        wanted = [found for found in today[f"{one.dimension} generate"] if found.id in kept]
        assert sorted(one.outcomes, key=lambda found: found.id) == sorted(wanted, key=lambda found: found.id)
    assert len(collect([str(tmp_path / "again")], READERS).incomplete) == 5
    assert main(["report", str(tmp_path / "again"), "--fail-under", "acc=0"]) == 3
    assert "incomplete" in capsys.readouterr().out


def test_results_of_other_tasks_are_left_out(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "now" / "lm-eval-bench-logprob", tmp_path / "run")
    (file,) = (tmp_path / "run").rglob("results_*.json")
    content = results_in(tmp_path)
    for part in ("results", "configs", "versions", "groups"):
        content[part]["mmlu"] = {"acc,none": 0.5}
    file.write_text(json.dumps(content))
    assert rescore(tmp_path / "run", "--to", tmp_path / "again") == 0
    assert "mmlu" not in json.dumps(results_in(tmp_path / "again"))
    del content["results"]["mmlu"], content["groups"]["mmlu"]
    content["configs"] = {"mmlu": {}}
    file.write_text(json.dumps(content))
    assert rescore(tmp_path / "run", "--to", tmp_path / "third") == 2
    assert not (tmp_path / "third").exists()


def test_a_file_that_is_named_lies_as_lm_eval_places_it(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "now" / "lm-eval-hybrid-logprob", tmp_path / "run")
    (file,) = (tmp_path / "run").rglob("results_*.json")
    file.write_text(json.dumps({**results_in(tmp_path / "run"), "model_name_sanitized": "some__model"}))
    assert rescore(file, file, "--to", tmp_path / "again") == 0
    (found,) = (tmp_path / "again").rglob("results_*.json")
    assert found == tmp_path / "again" / "some__model" / file.name


def of_newer(provenance: dict[str, Any]) -> None:
    provenance["prompt_version"] = 99


def without_version(provenance: dict[str, Any]) -> None:
    del provenance["prompt_version"]


def without_package(provenance: dict[str, Any]) -> None:
    provenance["recrm_tasks"] = None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (of_newer, "task version 99 of factual read its answers (recrm-tasks {}), but version"),
        (without_version, "it does not say which version of the task and of recrm-tasks read the answers of factual"),
        (without_package, "it does not say which version of the task and of recrm-tasks read the answers of factual"),
    ],
)
def test_unknown_readers_are_refused(
    runs: Path, tmp_path: Path, capsys, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    shutil.copytree(runs / "now" / "lm-eval-bench-generate", tmp_path / "lm-eval")
    (file,) = (tmp_path / "lm-eval").rglob("results_*.json")
    content = results_in(tmp_path)
    change(content["configs"]["recrm_factual"]["metadata"]["recrm_provenance"])
    file.write_text(json.dumps(content))
    log = log_in(runs / "now" / "inspect-bench-generate")
    change(log.eval.metadata["recrm_provenance"]["factual"])
    write_eval_log(log, str(tmp_path / "inspect" / "a.eval"))
    for harness in ("lm-eval", "inspect"):
        assert rescore(tmp_path / harness, runs / "now" / "inspect-one-generate", "--to", tmp_path / "again") == 2
        said = capsys.readouterr().err
        assert message.format(__version__) in said
        assert "these logs cannot be rescored, and nothing is written" in said
        assert not (tmp_path / "again").exists()


def test_what_is_missing_or_broken_is_refused(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(path: Path, *messages: str) -> None:
        assert rescore(path, "--to", tmp_path / "again") == 2
        said = capsys.readouterr().err
        assert [message for message in messages if message not in said] == []
        assert not (tmp_path / "again").exists()

    source = runs / "now" / "lm-eval-bench-generate"
    shutil.copytree(source, tmp_path / "a")
    (samples,) = (tmp_path / "a").rglob("samples_recrm_ranking_*")
    lines = samples.read_text(encoding="utf-8").splitlines()
    samples.unlink()
    refused(tmp_path / "a", "the answers of recrm_ranking cannot be read again; lm_eval --log_samples writes it")
    samples.write_text("\n".join(lines[:-1]))
    refused(tmp_path / "a", "incomplete, it has 21 of 22 samples")
    samples.write_text("\n".join([lines[0][:99], *lines[1:]]))
    refused(tmp_path / "a", "line 1 is not a sample that this version can read")
    first = json.loads(lines[0])
    del first["doc"]["scoring"]
    samples.write_text("\n".join([json.dumps(first), *lines[1:]]))
    refused(tmp_path / "a", "a sample has no 'scoring', which reading its answer again needs; run the task again")
    (results,) = (tmp_path / "a").rglob("results_*.json")
    results.write_text("{")
    refused(tmp_path / "a", "not a results file of lm-evaluation-harness")
    broken = tmp_path / "b" / "x.eval"
    broken.parent.mkdir()
    (log,) = (runs / "now" / "inspect-one-generate").rglob("*.eval")
    broken.write_bytes(log.read_bytes()[:5000])
    refused(tmp_path / "b", "not a readable Inspect log")
    refused(tmp_path / "nowhere", "no such file or folder")
    content = read_eval_log(str(log))
    del content.samples[0].metadata["reading"]["choices"]
    write_eval_log(content, str(tmp_path / "c" / "y.eval"))
    refused(tmp_path / "c", "has no 'choices', which reading its answer again needs; run the task again")
    content = read_eval_log(str(log))
    content.samples[0].scores["recrm"].metadata["dimension"] = "factual"
    write_eval_log(content, str(tmp_path / "d" / "z.eval"))
    refused(tmp_path / "d", "is of factual, but the log is of ranking")


def test_the_target(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(runs / "now" / "inspect-one-generate", tmp_path / "logs")
    for to in (tmp_path / "logs" / "again", tmp_path / "logs" / "deep" / "er"):
        assert rescore(tmp_path / "logs", "--to", to) == 2
        assert f"--to {to}: it is inside {tmp_path / 'logs'}, which is read" in capsys.readouterr().err
        assert not to.exists()
    assert rescore(tmp_path / "logs", "--to", tmp_path / "logs") == 2
    assert "it exists and is not an empty folder; name another" in capsys.readouterr().err
    shutil.copytree(tmp_path / "logs", tmp_path / "copy")
    assert rescore(tmp_path / "logs", tmp_path / "copy", "--to", tmp_path / "again") == 2
    assert "would both be written to" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert rescore(tmp_path / "logs", "--to", tmp_path / "empty") == 0


def test_a_gate_reads_answers_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the hybrid score was computed from are not read again for --baseline."""
    read: Counter[Path] = Counter()
    for reader in map(type, READERS):
        monkeypatch.setattr(reader, "answers", _counting(reader.answers, read))
    after, before = runs / "now" / "lm-eval-bench-generate", runs / "now" / "inspect-bench-generate"
    assert main(["report", str(after), "--baseline", str(before), "--max-drop", "0"]) == 0
    assert sorted(read.values()) == [1, 1]


def _counting(answers: Callable[..., Any], read: Counter[Path]) -> Callable[..., Any]:
    def counted(reader: Any, file: Path, *arguments: Any, **more: Any) -> Any:
        read[file] += 1
        return answers(reader, file, *arguments, **more)

    return counted


def stress_questions_of(key: str, limit: int) -> list[Any]:
    options = parse(StressOptions, {"data": "sample", "limit": limit})
    return list(load_questions(key, "generate", Backend(), options, pose=stress_questions)[0])


def test_stress_runs_get_the_figures_of_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of both harnesses, with epochs, and of shards."""
    table = scripted.completions(stress_questions_of("factual", 2))
    given = {"data": "sample", "limit": 2, "dimensions": "factual"}

    def make(to: Path) -> None:
        more = {f"recrm_{name}": value for name, value in given.items() if name != "data"}
        by_lm_eval(to / "lm-eval", table, "recrm_stress", **more)
        by_inspect(to / "inspect", table, stress_task(**given), epochs=2)
        for shard in ("1/2", "2/2"):
            by_inspect(to / "shards", table, stress_task(**given, shard=shard))

    make(tmp_path / "now")
    with older_reader():
        make(tmp_path / "older")
    assert rescore(tmp_path / "older", "--to", tmp_path / "again") == 0
    out = capsys.readouterr().out
    assert out.count("│ factual ") == 3, "the shards are one line"
    assert "read differently" in out
    figures = [
        results_in(tmp_path / made / "lm-eval")["configs"]["recrm_stress"]["metadata"]["recrm_metrics"]
        for made in ("now", "again", "older")
    ]
    assert numbers_of(figures[0]) == numbers_of(figures[1]) != numbers_of(figures[2])
    tables = [results_in(tmp_path / made / "lm-eval")["results"]["recrm_stress"] for made in ("now", "again")]
    assert numbers_of(tables[0]) == numbers_of(tables[1])
    assert samples_in(tmp_path / "now" / "lm-eval") == samples_in(tmp_path / "again" / "lm-eval")
    now, again, older = (log_in(tmp_path / made / "inspect").results for made in ("now", "again", "older"))
    assert repr(now) == repr(again) != repr(older)
    for name in ("lm-eval", "inspect", "shards"):
        found = []
        for made in ("now", "again"):
            file = tmp_path / f"{made}-{name}.json"
            assert main(["stress", str(tmp_path / made / name), "--to", str(file)]) == 0
            (entry,) = json.loads(file.read_text(encoding="utf-8"))
            rescored = entry.pop("provenance")["factual"].get("rescored")
            assert (rescored is not None) == (made == "again")
            found.append(entry)
        assert found[0] == found[1]
