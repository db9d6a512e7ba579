"""What the tests of the harnesses share: cheap runs, and one pair of logs."""

from __future__ import annotations

from pathlib import Path

import lean
import pytest
import scripted
from lean import few_pairs, machine_described_once  # noqa: F401

from inspect_tasks import bench_task
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions


@pytest.fixture(scope="session")
def bench_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of both harnesses, of all dimensions with the same answers: lm-eval/ and inspect/."""
    folder = tmp_path_factory.mktemp("bench")
    table = scripted.completions([p for key in dimensions() for p in load(key, "sample").prompts("generate")])
    with lean.pairs(lean.FEW):  # as in the modules that read them
        scripted.save(scripted.by_lm_eval(table, "recrm_bench"), folder / "lm-eval")
        scripted.by_inspect(bench_task(data="sample"), table, folder / "inspect")
    return folder
