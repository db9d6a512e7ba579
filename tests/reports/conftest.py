"""What the tests of reports share: runs of both harnesses, each made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import lean
import pytest
from lean import few_pairs, machine_described_once

__all__ = ["few_pairs", "logs", "machine_described_once", "results"]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run of all dimensions in each harness, with the same answers: good, bad and unreadable ones."""
    import scripted
    from saved_runs import by_inspect, by_lm_eval

    from inspect_tasks import bench_task

    folder = tmp_path_factory.mktemp("results")
    table = scripted.completions(scripted.all_prompts())
    with lean.pairs(lean.FEW):  # as in the tests
        by_lm_eval(folder / "lm-eval", table, "recrm_bench")
        by_inspect(folder / "inspect", table, bench_task(data="sample"))
    return folder


@pytest.fixture(scope="session")
def logs(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, and lm-eval's hybrid task (`hybrid`) with these answers and a run with right answers only (`right`)."""
    import scripted
    from saved_runs import by_lm_eval

    folder = tmp_path_factory.mktemp("logs") / "logs"
    shutil.copytree(results, folder)
    prompts = scripted.all_prompts()
    with lean.pairs(lean.FEW):
        by_lm_eval(folder / "hybrid", scripted.completions(prompts), "recrm_hybrid")
        by_lm_eval(folder / "right", scripted.right_answers(prompts), "recrm_bench")
    return folder
