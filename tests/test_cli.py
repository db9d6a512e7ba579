"""The `recrm` command: a user's mistake is one message and exit code 2, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recrm_tasks import __version__
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.outcomes import Outcome

ROOT = Path(__file__).resolve().parents[1]
KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")


def results(key="factual", model="some/model", right=50, **changes):
    """A results file of lm-eval as far as the report reads it, with the metrics of real outcomes."""
    data = load(key, "sample")
    outcomes = []
    for i, prompt in enumerate(data.prompts("generate")):
        value = {"ranking": lambda p: tuple(map(float, p.gold)), "behavior": lambda p: float(p.gold)}.get(
            key, lambda p: p.gold
        )(prompt)
        outcomes.append(Outcome(prompt.id, prompt.gold, value if i < right else None, None if i < right else "empty"))
    numbers = flat(data.dimension.metrics(outcomes))
    task = f"recrm_{key}"
    metadata = {"recrm_dimension": key, "recrm_mode": "generate", "recrm_provenance": data.provenance}
    return {
        "results": {task: {"alias": task, **{f"{name},none": value for name, value in numbers.items()}}},
        "configs": {task: {"task": task, "metadata": metadata}},
        "model_name": model,
        **changes,
    }


@pytest.fixture
def fails(capsys):
    """Runs the command, which must fail as a user's mistake does, and gives the message."""

    def call(*arguments):
        assert main([str(a) for a in arguments]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("recrm: ")
        assert "Traceback" not in said.err
        return said.err

    return call


def write(file, content):
    """Writes JSON, or text as it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


# --- data inspect ----------------------------------------------------------------------------------------------------


@pytest.fixture
def inspecting(capsys, tmp_path, monkeypatch):
    """Looks at data in an empty folder, where the mapping goes; gives exit code, report, complaint."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def call(*arguments):
        code = main(["data", "inspect", *map(str, arguments)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert said.err.startswith("recrm: ") == (code == 2)
        return code, said.out, said.err

    return call


def test_inspect_sample(inspecting):
    code, said, _ = inspecting("sample")
    assert code == 0
    assert said.startswith("sample (revision -): ")
    for key in KEYS:
        assert f"\n{key}: 72 records\n  files       {key}.jsonl (no split)\n" in said
    assert said.count("  languages   zh: 36, en: 36\n") == 5
    assert "  labels      consistent: 36, inconsistent: 36\n" in said
    assert "  label set   relevant (1), partial (0.5), irrelevant (0)\n" in said
    assert said.count("  duplicates  0 ") == 5
    assert not list(Path().iterdir())


def test_inspect_writes_a_mapping_that_reads_the_same_records(inspecting, tmp_path):
    rows = [{"query": f"tea {i}", "product": "cup", "label": "ESCI"[i % 4]} for i in range(8)]
    file = write(tmp_path / "relevance.jsonl", "\n".join(map(json.dumps, rows)))
    rows = [{"question": "q", "docs": ["d"], "reply": f"r {i}", "ok": "ja"} for i in range(3)]
    write(tmp_path / "factual.jsonl", "\n".join(map(json.dumps, rows)))
    code, said, _ = inspecting(file, "--to", tmp_path / "mine.yaml")
    assert code == 0
    assert "  labels      C: 2, E: 2, I: 2, S: 2\n" in said
    one, two = load("relevance", str(file)), load("relevance", str(file), mapping=str(tmp_path / "mine.yaml"))
    assert two.provenance == {**one.provenance, "mapping": "given"}
    (tmp_path / "mine.yaml").write_text("# mine now")
    assert "exists already and is left as it is" in inspecting(file, "--to", tmp_path / "mine.yaml")[1]
    assert (tmp_path / "mine.yaml").read_text() == "# mine now"
    code, said, told = inspecting(tmp_path, "--dimension", "factual")
    assert code == 2
    assert "the columns of dimension factual cannot be read with certainty" in told
    assert "  to decide   " in said
    assert "'?'" in Path("mapping.yaml").read_text()


def test_inspect_counts_what_cannot_be_used(inspecting, tmp_path):
    good = (
        (ROOT / "recrm_tasks" / "data" / "sources" / "sample" / "factual.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    bad = [json.dumps({**json.loads(good[0]), "id": f"x{i}", "label": "?"}) for i in range(5)]
    file = write(tmp_path / "factual.jsonl", "\n".join([*good, *bad]))
    code, said, told = inspecting(file, "--dimension", "factual")
    assert code == 2
    assert "factual: 72 records\n" in said
    assert "  unusable    5 rows: unknown label\n" in said
    assert said.count("is not in the declared set") == 3
    assert f"{file}, line 73: label: '?'" in said
    assert "5 rows cannot be used" in told


def test_inspect_one_dimension(inspecting):
    code, said, _ = inspecting("sample", "--dimension", "ranking", "--dimension", "behavior")
    assert code == 0
    assert [line for line in said.splitlines()[1:] if line and not line.startswith(" ")] == [
        "ranking: 72 records",
        "behavior: 72 records",
        "files",
    ]


def test_inspect_takes_the_environment(inspecting, monkeypatch):
    monkeypatch.setenv("RECRM_DATA", "sample")
    code, said, _ = inspecting("--dimension", "factual")
    assert code == 0
    assert said.startswith("sample (revision -)")


def test_unknown_dimension(fails):
    assert "'relevence'" in fails("data", "inspect", "sample", "--dimension", "relevence")


@pytest.mark.parametrize("path", ["nowhere", "x" * 300, "no\0where"], ids=["missing", "too long", "NUL"])
def test_no_such_data(fails, path):
    assert "no such file or folder" in fails("data", "inspect", path, "--dimension", "factual")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no records"),
        ("{", "line 1: not valid JSON"),
        ("{}", "no column for query, evidence, response of factual records"),
        ('{"dimension": "factual"}', "no column for query, evidence, response of factual records"),
        ('{"dimension": "factual", "id": ' + "1" * 5000 + "}", "line 1: "),
        ('{"id": "x", "dimension": "factual", "lang": "en", "source": "s"}', "1 rows cannot be used"),
    ],
)
def test_broken_data(inspecting, tmp_path, content, told):
    code, _, complaint = inspecting(write(tmp_path / "factual.jsonl", content), "--dimension", "factual")
    assert code == 2
    assert told in complaint


def test_broken_labels(inspecting, tmp_path):
    write(tmp_path / "labels.json", "{")
    write(tmp_path / "factual.jsonl", "{}")
    code, _, complaint = inspecting(tmp_path, "--dimension", "factual")
    assert code == 2
    assert "labels.json: not valid JSON" in complaint


def test_hub_that_cannot_be_reached(tmp_path):
    """In a process of its own: whether the hub may be asked is read at import."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    environment.pop("RECRM_DATA", None)
    command = [sys.executable, "-m", "recrm_tasks.cli", "data", "inspect", "hub"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("recrm: wwzeng/RecRM-Bench")
    assert "RECRM_DATA=sample" in done.stderr
    assert "Traceback" not in done.stderr


# --- report ----------------------------------------------------------------------------------------------------------


def test_report(capsys, tmp_path):
    for key in KEYS:
        write(tmp_path / "some__model" / f"results_{key}.json", results(key))
    assert main(["report", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("note: no hybrid score of model (lm-eval, generate)")
    overview, *rows = [line for line in said.out.splitlines() if "lm-eval" in line]
    assert (overview.count("0.6944"), overview.count("0.6519")) == (4, 1)
    assert list(dict.fromkeys(row.split("│")[2].strip() for row in rows)) == list(KEYS)
    assert all("69.4 %" in row for row in rows)
    assert next("0.6944" in row for row in rows if " factual " in row)
    assert "not RecRM-Bench" in said.out


def test_report_keeps_sources_apart(capsys, tmp_path):
    other = results()
    provenance = other["configs"]["recrm_factual"]["metadata"]["recrm_provenance"]
    provenance |= {"data": "hub", "source": "wwzeng/RecRM-Bench", "revision": "abc123"}
    write(tmp_path / "results_1.json", results())
    write(tmp_path / "results_2.json", other)
    assert main(["report", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.count("data: ") == 2
    assert "wwzeng/RecRM-Bench at abc123" in said


def test_report_says_where_a_part_was_seen(capsys, tmp_path):
    part = results()
    part["configs"]["recrm_factual"]["metadata"]["recrm_provenance"]["rows_available"] = 9391
    write(tmp_path / "results_1.json", part)
    assert main(["report", str(tmp_path)]) == 0
    assert "72 of 9391" in capsys.readouterr().out


def test_report_of_nothing(fails, tmp_path):
    assert "no results" in fails("report", tmp_path)
    assert "no such file or folder" in fails("report", tmp_path / "nowhere")
    assert "no such file or folder" in fails("report", "x" * 300)


def test_report_of_other_tasks_only(fails, tmp_path):
    write(tmp_path / "results_1.json", {"results": {"arc": {"acc,none": 1}}, "configs": {"arc": {"task": "arc"}}})
    assert "no results of recrm tasks" in fails("report", tmp_path)


GOOD = results()
CONFIGS, TABLES = GOOD["configs"], GOOD["results"]
TABLE = TABLES["recrm_factual"]
METADATA = CONFIGS["recrm_factual"]["metadata"]
BROKEN = {
    "cut": json.dumps(GOOD)[:200],
    "empty": "",
    "nested": "[" * 100_000,
    "long number": "1" * 5000,
    "list": [],
    "number": 1,
    "no results": {"configs": CONFIGS},
    "no configs": {"results": TABLES},
    "configs are a list": {"configs": [], "results": TABLES},
    "configs are null": {"configs": None, "results": TABLES},
    "config is null": {"configs": {"recrm_factual": None}, "results": TABLES},
    "no table": {"configs": CONFIGS, "results": {}},
    "table is null": {"configs": CONFIGS, "results": {"recrm_factual": None}},
    "no metrics": {"configs": CONFIGS, "results": {"recrm_factual": {}}},
    "no primary metric": {
        "configs": CONFIGS,
        "results": {"recrm_factual": {k: v for k, v in TABLE.items() if not k.startswith("acc,")}},
    },
    "no mode": {"configs": {"recrm_factual": {"metadata": {"recrm_dimension": "factual"}}}, "results": TABLES},
    "unknown dimension": {
        "configs": {"recrm_factual": {"metadata": {**METADATA, "recrm_dimension": "sixth"}}},
        "results": TABLES,
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_report_of_a_broken_file_beside_a_good_one(capsys, tmp_path, name):
    """The good one is shown, the broken one is named."""
    write(tmp_path / "a" / "results_good.json", GOOD)
    write(tmp_path / "b" / "results_broken.json", BROKEN[name])
    assert main(["report", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "0.6944" in said.out
    assert said.err.startswith("left out: ")
    assert "results_broken.json" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("name", BROKEN)
def test_report_of_a_broken_file_alone(fails, tmp_path, name):
    write(tmp_path / "results_broken.json", BROKEN[name])
    assert "results_broken.json" in fails("report", tmp_path)


def test_folder_called_like_a_results_file(capsys, tmp_path):
    write(tmp_path / "results_run.json" / "results_1.json", GOOD)
    assert main(["report", str(tmp_path)]) == 0
    assert "0.6944" in capsys.readouterr().out


def test_report_of_what_is_no_results_file(fails, tmp_path):
    assert "notes.txt" in fails("report", write(tmp_path / "notes.txt", "hello"))
    write(tmp_path / "log.eval", "hello")
    assert "log.eval" in fails("report", tmp_path)


def test_report_of_an_undefined_number(capsys, tmp_path):
    """AUC of one class: neither a value nor an interval."""
    one = results("behavior")
    one["results"]["recrm_behavior"] |= {"auc,none": float("nan"), "auc_stderr,none": float("nan")}
    write(tmp_path / "results_1.json", one)
    assert main(["report", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if "behavior" in line and "69.4 %" in line)
    assert row.count("undefined") == 3
    assert next(line for line in lines if "lm-eval" in line).count("undefined") == 1


# --- the command itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["data"], ["report"], ["nonsense"], ["data", "inspect", "--nonsense"]])
def test_wrong_usage(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "--help shows how it is used" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_a_reader_that_has_enough_is_no_error() -> None:
    """`recrm published | head -1`: no traceback."""
    pytest.importorskip("rich")
    command = f"{sys.executable} -m recrm_tasks.cli published | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert "published" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["data", "inspect", "sample"], ["published"], ["report", "FOLDER"], ["--help"]])
def test_an_encoding_that_lacks_characters(tmp_path: Path, arguments: list[str]) -> None:
    """`recrm … > file` where Python's encoding is not UTF-8: `?` for the rest, and a line that says so."""
    pytest.importorskip("rich")
    write(tmp_path / "results_1.json", results(model="org/😀模型"))
    command = [sys.executable, "-m", "recrm_tasks.cli", *(str(tmp_path) if a == "FOLDER" else a for a in arguments)]

    def printed(encoding: str) -> tuple[str, str]:
        settings = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, env=settings, capture_output=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
        return done.stdout.decode(encoding), done.stderr.decode(encoding)

    whole, silent = printed("utf-8")
    assert silent == ""
    for encoding in ("gbk", "cp1252", "ascii"):
        shown, said = printed(encoding)
        if arguments[0] == "report":
            assert "?" in shown
            assert f"{encoding}, the encoding of this output, lacks some characters" in said
            assert "0.6944" in shown
        else:
            assert [len(line) for line in shown.splitlines()] == [len(line) for line in whole.splitlines()]
        if shown.count("?") == whole.count("?"):
            assert said == ""
        else:
            assert "PYTHONUTF8=1" in said
