"""A run of Inspect that ended early is reported, and marked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import answers_in, collect

pytestmark = pytest.mark.slow

RUN = """
import asyncio, signal, sys
from inspect_ai import eval
from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, get_model, modelapi
from inspect_tasks import bench_task

@modelapi(name="stuck")
class Stuck(ModelAPI):
    asked = 0

    async def generate(self, input, tools, tool_choice, config):
        self.asked += 1
        if self.asked > 60:
            print("stuck", flush=True)
            await asyncio.sleep(1000)
        made = ModelOutput.from_content("stuck", '{"answer": "A"}')
        made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return made

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have had ignored
eval(bench_task(data="sample"), model=get_model("stuck/one"), log_dir=sys.argv[1], display="none", max_connections=1)
"""


@pytest.mark.parametrize(("sent", "least"), [(signal.SIGKILL, 40), (signal.SIGINT, 60)])
def test_a_run_that_ended_early(
    tmp_path: Path, programs: Path, capsys: pytest.CaptureFixture[str], sent: signal.Signals, least: int
) -> None:
    """After a kill the log lacks the last samples; after an interruption it has all that were answered."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    command = [programs / "python", "-c", RUN, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "stuck\n"
        run.send_signal(sent)
        try:
            run.wait(60)
        finally:
            run.kill()
    found = collect([str(tmp_path)], READERS)
    assert {run.wanted for run in found.runs} == {72}
    done = {run.dimension: run.metrics["n"] for run in found.runs}
    assert least <= sum(done.values()) <= 60
    assert len(done) == len(found.incomplete) == 5
    (file,) = {run.file for run in found.runs}
    known = {prompt.id for prompt in load("factual", "sample").prompts("generate")}
    (factual,) = (one for one in answers_in((file,), READERS) if one.dimension == "factual")
    assert {outcome.id for outcome in factual.outcomes} < known

    again = tmp_path.with_name(f"{tmp_path.name}-again")
    assert main(["rescore", str(tmp_path), "--to", str(again)]) == 0
    rescored = collect([str(again)], READERS)
    assert [(run.dimension, run.wanted, run.metrics["n"]) for run in rescored.runs] == [
        (run.dimension, run.wanted, run.metrics["n"]) for run in found.runs
    ]
    assert all(run.rescored and not run.rescored[-1]["changed"] for run in rescored.runs)
    capsys.readouterr()

    to = tmp_path / "report.json"
    assert main(["report", str(tmp_path), "--to", str(to)]) == 0
    printed = capsys.readouterr()
    assert f"N {done['factual']:.0f} of 72" in printed.out
    assert printed.err.count("incomplete: ") == 5
    rows = [row for row in json.loads(to.read_text()) if row["metric"] == "acc" and row["dimension"] == "factual"]
    assert [(row["n"], row["wanted"]) for row in rows] == [(done["factual"], 72)]
    for command in ("aggregate", "diagnose"):
        assert main([command, str(tmp_path)]) == 2
        assert "this run is incomplete" in capsys.readouterr().err
