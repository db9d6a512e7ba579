"""Results of lm-eval whose table has every metric, as it was before the table was made short: the same numbers.

`older_logs/all_in_table.tar.xz` has four records of each dimension with scripted answers, a cost for each, and two
records with an answer that was not reported; `expected` is what that version read from them.
"""

from __future__ import annotations

import json
import math
import tarfile
from pathlib import Path
from typing import Any

import lean
import pytest
import scripted
from newer_metrics import is_newer
from saved_runs import by_lm_eval

from recrm_tasks.cli import main
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect, collect_answers
from recrm_tasks.reports.runs import Run

ARCHIVE = Path(__file__).parent / "older_logs" / "all_in_table.tar.xz"
RUNS = [f"{what}_{mode}" for what in ("bench", "hybrid") for mode in ("generate", "logprob")]


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def known(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in numbers.items()}


def as_expected(run: Run) -> dict[str, Any]:
    assert run.cost is not None
    return {
        "dimension": run.dimension,
        "mode": run.mode,
        "metrics": known({name: value for name, value in run.metrics.items() if not is_newer(name)}),
        "overall": known(dict(run.overall)),
        "interval": [None if math.isnan(one) else one for one in run.interval()],
        "records": run.cost.records,
        "usage": list(run.cost.usage),
    }


@pytest.mark.parametrize("name", RUNS)
def test_their_numbers_are_what_they_were(name: str, older: Path) -> None:
    expected = json.loads((older / "expected" / f"{name}.json").read_text(encoding="utf-8"))
    assert [as_expected(run) for run in collect([str(older / name)], READERS).runs] == expected


@pytest.mark.parametrize("name", RUNS)
def test_read_again_they_are_as_today(name: str, older: Path, tmp_path: Path) -> None:
    """The short table, and everything in the metadata and in the samples' items."""
    with lean.pairs(lean.FEW):
        assert main(["rescore", str(older / name), "--to", str(tmp_path)]) == 0
    (file,) = tmp_path.rglob("results_*.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    tasks = [task for task, one in content["configs"].items() if "recrm_mode" in one["metadata"]]
    for task in tasks:
        recorded = content["configs"][task]["metadata"]["recrm_metrics"]
        shown = {one for one in content["results"][task] if one.endswith(",none") and "_stderr" not in one}
        assert 4 <= len(shown) <= 8
        assert {one.removesuffix(",none") for one in shown} < recorded.keys()
        assert recorded["tokens_in"] == 100 * recorded["requests"] > 0
        (samples,) = tmp_path.rglob(f"samples_{task}_*.jsonl")
        lines = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
        assert sum(line["score"]["cost"]["requests"] for line in lines) == recorded["requests"]
        assert not {"requests", "unseen"} & lines[0].keys()
    unseen = {one.dimension: len(one.unseen) for one in collect_answers([str(tmp_path)], READERS)}
    wanted = {"behavior": 1, "ranking": 1} if name.endswith("logprob") else {}
    assert unseen == {key: wanted.get(key, 0) for key in dimensions()}
    runs = collect([str(tmp_path)], READERS).runs
    assert {run.dimension: run.unseen for run in runs} == unseen
    before = collect([str(older / name)], READERS).runs
    assert [run.cost for run in runs] == [run.cost for run in before]


@pytest.mark.parametrize("task", ["recrm_bench", "recrm_hybrid"])
def test_nothing_needs_the_samples_but_what_is_computed_by_record(
    task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = scripted.completions(scripted.all_prompts())
    with lean.pairs(lean.FEW):
        for name, samples in (("with", True), ("without", False)):
            by_lm_eval(tmp_path / name, table, task, samples=samples, recrm_limit=6)
    with_them, without = (collect([str(tmp_path / name)], READERS).runs for name in ("with", "without"))
    assert [(known(run.metrics), known(dict(run.overall))) for run in without] == [
        (known(run.metrics), known(dict(run.overall))) for run in with_them
    ]
    assert {run.dimension for run in without} == set(dimensions())
    assert all("f1_macro_valid" in run.metrics for run in without if run.dimension == "factual")
    for command in ("report", "card"):
        assert main([command, str(tmp_path / "without")]) == 0
    capsys.readouterr()
    assert main(["aggregate", str(tmp_path / "without")]) == 2
    assert "--log_samples" in capsys.readouterr().err
