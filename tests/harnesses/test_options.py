"""The same options in both harnesses, in the task files and in the docs, as they are declared."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from inspect_ai._util.error import PrerequisiteError
from our_tasks import task

import recrm_tasks
from inspect_tasks import bench_task, dimension_task
from inspect_tasks.options import BenchOptions, StressOptions, TaskOptions
from inspect_tasks.task_files import task_files
from recrm_tasks.cli import main
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import Options, declared

ROOT = Path(__file__).resolve().parents[2]
SHARED = list(declared(Options))
OF_INSPECT = {
    "answer": "the task: `recrm_<dim>` or `recrm_<dim>_logprob`",
    "enable_thinking": "`--model_args enable_thinking=…`",
    "order": "the model: `recrm-vllm` and `recrm-server` ask grouped",
}
"""How lm-eval has the options of Inspect's own."""
OF_BENCH = {"suite": "the group `recrm_bench_<suite>`; for the paper's suite it is `recrm_bench`"}
"""The same for those of Inspect's task `bench` alone."""


def by_lm_eval(**options: Any) -> dict[str, Any] | str:
    """The provenance, or the error."""
    try:
        loaded = task("recrm_ranking", **{f"recrm_{name}": value for name, value in options.items()})
    except RecrmError as error:
        return str(error)
    provenance: dict[str, Any] = loaded.config.metadata["recrm_provenance"]
    return provenance


def by_inspect(**options: Any) -> dict[str, Any] | str:
    """The provenance, or the error, in lm-eval's words."""
    try:
        made = dimension_task("ranking", **{"data": "sample", **options})
    except PrerequisiteError as error:
        return re.sub("^-T ", "recrm_", error.message)
    provenance: dict[str, Any] = made.metadata["recrm_provenance"]["ranking"]
    return provenance


def test_the_task_files_are_as_they_are_generated() -> None:
    folder = Path(recrm_tasks.__file__).parent
    files = task_files()
    assert list(files) == [*dimensions(), "bench", "stress"]
    for name, text in files.items():
        assert (folder / f"{name}.py").read_text(encoding="utf-8") == text, "run `make generated`"


@pytest.mark.parametrize("key", [*dimensions(), "bench", "stress"])
def test_the_signatures_have_the_declared_options(key: str) -> None:
    function = getattr(import_module(f"recrm_tasks.{key}"), key)
    *parameters, unknown = inspect.signature(function).parameters.values()
    assert unknown.kind is inspect.Parameter.VAR_KEYWORD
    options = declared({"bench": BenchOptions, "stress": StressOptions}.get(key, TaskOptions))
    has_lists = key == "bench" or (key != "stress" and dimension(key).kind.name == "order")
    expected = {name for name, option in options.items() if has_lists or not option.for_lists}
    assert {parameter.name for parameter in parameters} == expected
    described = " ".join((function.__doc__ or "").split())
    for parameter in parameters:
        option = options[parameter.name]
        assert parameter.default == option.default
        assert parameter.default is None or isinstance(parameter.default, parameter.annotation)
        assert f" {option.name}: {option.help_with_default} " in described


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"split": "hash-test"},
        {"split": "validation"},
        {"limit": "5"},
        {"limit": 7, "seed": "3"},
        {"limit": "lite"},
        {"limit": "lite", "seed": 1},
        {"shard": "2/3"},
        {"shard": "1/1", "limit": 5, "seed": 2},
        {"shard": "4/3"},
        {"shard": "1/100"},
        {"shard": "2/2", "split": "hash-test", "fewshot": 2},
        {"lang": "zh"},
        {"prompt_lang": "en"},
        {"orders": "2"},
        {"ask": "item"},
        {"ask": "item", "orders": 2},
        {"ask": "item", "split": "hash-test", "fewshot": 2},
        {"style": "completion"},
        {"split": "hash-test", "fewshot": "2"},
        {"fewshot": 2},
        {"thinking": "100"},
        {"overflow": "shorten"},
        {"context": 5000},
        {"mapping": "nowhere.yaml"},
        {"revision": "main"},
        {"data": "nowhere"},
        {"tokenizer": "nobody/nothing"},
    ],
    ids=str,
)
def test_both_harnesses_make_the_same_of_every_option(options: dict[str, Any]) -> None:
    found = by_lm_eval(**options)
    assert found == by_inspect(**options)
    assert isinstance(found, str) or found["enable_thinking"] is None


def test_both_harnesses_measure_with_the_same_tokenizer(byte_tokenizer: str) -> None:
    options = {"tokenizer": byte_tokenizer, "context": "5000", "overflow": "shorten", "thinking": 9}
    found = by_lm_eval(**options)
    assert isinstance(found, dict)
    assert found == by_inspect(**options)
    assert (found["fit"]["tokenizer"], found["fit"]["context"]) == (byte_tokenizer, 5000)


@pytest.mark.parametrize("value", [1.5, ["a", "b"], ""], ids=repr)
@pytest.mark.parametrize("name", SHARED)
def test_wrong_values_end_in_one_message_in_both(name: str, value: object) -> None:
    found = by_lm_eval(**{name: value})
    assert found == by_inspect(**{name: value})
    assert found == f"recrm_{name} must be {declared(Options)[name].values.described}, not {value!r}"


@pytest.mark.parametrize("value", [1.5, ["a", "b"], "", "guess"], ids=repr)
@pytest.mark.parametrize("name", OF_INSPECT)
def test_wrong_values_of_inspects_own_options(name: str, value: object) -> None:
    for make in (lambda **options: dimension_task("factual", **options), bench_task):
        with pytest.raises(PrerequisiteError) as stopped:
            make(data="sample", **{name: value})
        assert stopped.value.message == (
            f"-T {name} must be {declared(TaskOptions)[name].values.described}, not {value!r}"
        )


@pytest.mark.parametrize("name", ["limt", "unknown", *OF_INSPECT, *OF_BENCH])
def test_unknown_options_of_lm_eval(name: str) -> None:
    assert by_lm_eval(**{name: "x"}) == (
        f"unknown option recrm_{name}: the options are {', '.join(f'recrm_{known}' for known in SHARED)}"
    )


def test_the_suite_of_bench() -> None:
    assert bench_task(data="sample", limit=1, suite="recrm").version == bench_task(data="sample", limit=1).version
    with pytest.raises(PrerequisiteError, match="unknown suite 'none': the suites are recrm"):
        bench_task(data="sample", suite="none")
    with pytest.raises(PrerequisiteError, match=r"-T suite must be text .*, not 5"):
        bench_task(data="sample", suite=5)
    with pytest.raises(PrerequisiteError, match="unknown option -T suite"):
        dimension_task("factual", data="sample", suite="recrm")


@pytest.mark.parametrize("name", ["limt", "unknown", "dimension", "recrm_limit"])
@pytest.mark.parametrize("key", ["factual", "bench"])
def test_unknown_parameters_of_task_files(key: str, name: str) -> None:
    with pytest.raises(PrerequisiteError, match=f"unknown option -T {name}: the options are -T data, "):
        getattr(import_module(f"recrm_tasks.{key}"), key)(data="sample", **{name: "x"})


@pytest.mark.parametrize(("name", "value"), [("orders", 3), ("ask", "item")])
def test_options_of_lists_elsewhere(name: str, value: object, capsys: pytest.CaptureFixture[str]) -> None:
    """They would have no effect; in `bench` they have one on the dimensions with lists."""
    told = f"factual has no lists, so -T {name} would have no effect; leave it out"
    with pytest.raises(PrerequisiteError) as stopped:
        dimension_task("factual", data="sample", **{name: value})
    assert stopped.value.message == told
    assert len(bench_task(data="sample", limit=1, **{name: value}).dataset) > 5
    assert main(["data", "show", "sample", "factual", f"--{name}", str(value)]) == 2
    assert told.replace("-T ", "--") in capsys.readouterr().err
    assert main(["data", "show", "sample", "--n", "1", f"--{name}", str(value)]) == 0


def test_a_wrong_answer_mode_in_a_task_of_lm_eval() -> None:
    with pytest.raises(RecrmError, match="recrm_mode must be generate or logprob, not 'guess'"):
        task("recrm_factual", recrm_mode="guess")


def test_a_task_file_takes_every_option_as_text(byte_tokenizer: str) -> None:
    """As Inspect's command line and its `-T` files may give them."""
    ranking = import_module("recrm_tasks.ranking").ranking
    made = ranking(
        data="sample", split="hash-test", limit="3", seed="1", orders="2", fewshot="1", thinking="8", context="50000",
        tokenizer=byte_tokenizer, enable_thinking="false", prompt_lang="zh", style="completion", overflow="shorten",
        answer="generate", lang="en", order="grouped",
    )  # fmt: skip
    provenance = made.metadata["recrm_provenance"]["ranking"]
    expected = {
        "split": "hash-test", "limit": 3, "seed": 1, "orders": 2, "fewshot": 1, "thinking": 8, "prompt_lang": "zh",
        "lang": "en", "style": "completion", "mode": "generate", "enable_thinking": False, "order": "grouped",
    }  # fmt: skip
    assert {name: provenance[name] for name in expected} == expected
    assert provenance["fit"]["context"] == 50_000


def test_the_docs_have_every_option() -> None:
    rows = []
    for name, option in declared(BenchOptions).items():
        lm_eval = (OF_INSPECT | OF_BENCH).get(name, f"`recrm_{name}`")
        default = option.unset or f"`{option.default}`"
        rows.append(f"| `{name}` | {lm_eval} | {option.help} | {default} |")
    text = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    table = text.partition("\n## Options\n")[2].partition("|---|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows


@pytest.mark.parametrize("command", ["inspect", "export"])
def test_recrm_data_has_the_same_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["data", command, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    options = declared(Options)
    for name in ("data", "mapping", "revision"):
        assert options[name].help_with_default in shown
    assert (options["split"].help in shown) == (command == "export")


def test_make_generated_writes_what_is_missing(tmp_path: Path) -> None:
    """In a copy of the package, whose task files are stale or gone."""
    for package in ("recrm_tasks", "inspect_tasks"):
        target = tmp_path / package
        subprocess.run(["cp", "-r", str(ROOT / package), str(target)], check=True)
    (tmp_path / "recrm_tasks" / "factual.py").unlink()
    (tmp_path / "recrm_tasks" / "bench.py").write_text("stale\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "inspect_tasks.task_files"],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path), "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    folder = tmp_path / "recrm_tasks"
    assert done.stdout.splitlines() == [f"written: {folder / name}.py" for name in ("factual", "bench")]
    for name, text in task_files().items():
        assert (folder / f"{name}.py").read_text(encoding="utf-8") == text
