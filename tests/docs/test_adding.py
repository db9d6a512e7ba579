"""Follows docs/adding-a-dimension.md and docs/adding-a-metric.md in a copy, through both real harnesses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.models.usage import FIELDS

ROOT = Path(__file__).resolve().parents[2]
OLDER = ROOT / "tests" / "reports" / "older_logs" / "0.1.0.tar.xz"

# Answers by the label's name, as a model would write them; the fourth cannot be read.
ANSWERS = ["A", "Answer: B", '{"answer": "A"}', "I cannot say.", '{"answer": "B"}', "rude"]
RUN_INSPECT = """
import json, sys
from inspect_ai import eval as inspect_eval
from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, get_model, modelapi

ANSWERS = json.loads(sys.argv[3])

@modelapi(name="told")
class Told(ModelAPI):
    async def generate(self, input, tools, tool_choice, config):
        output = ModelOutput.from_content("told", ANSWERS[input[-1].text])
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

(log,) = inspect_eval(sys.argv[1], model=get_model("told/any"), task_args={"data": "tone.jsonl"}, log_dir=sys.argv[2],
                      display="none")
assert log.status == "success", log.error
print(json.dumps({name: metric.value for name, metric in log.results.scores[0].metrics.items()}))
"""
RUN_LM_EVAL = """
import json, sys
import lm_eval
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager
from recrm_tasks.lm_eval_tasks.results_file import numbers_of

ANSWERS = json.loads(sys.argv[2])

class Told(LM):
    def generate_until(self, requests, disable_tqdm=False):
        return [ANSWERS[request.args[0]] for request in requests]
    def loglikelihood(self, requests, disable_tqdm=False):
        raise NotImplementedError
    loglikelihood_rolling = loglikelihood

tracker = EvaluationTracker(output_path=sys.argv[1])
# Found by itself: the hook adds the folder of the package that is imported here.
done = lm_eval.simple_evaluate(Told(), tasks=["recrm_tone"], task_manager=TaskManager(include_defaults=False),
                               evaluation_tracker=tracker)
samples = done.pop("samples")
tracker.save_results_aggregated(results=done, samples=samples)
tracker.save_results_samples(task_name="recrm_tone", samples=samples["recrm_tone"])
print(json.dumps(numbers_of(done, "recrm_tone")))
"""
RUN_RECRM = """
import contextlib, io, json, sys
from recrm_tasks.cli import main

done = []
for words in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(words)
    done.append([code, said.getvalue()])
print(json.dumps(done))
"""


def blocks(page: str) -> dict[str, str]:
    """The code blocks of a page that name a file."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return {name: code for _, name, code in re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)}


class Copy:
    """The packages in a folder of their own, which comes first on the path of every command."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.python = folder, str(programs / "python")
        for name in ("recrm_tasks", "inspect_tasks"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    def write(self, name: str, code: str) -> None:
        """A new file; what the page adds to one that is there goes to its end."""
        file = self.folder / name
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.write_text(f"{before}\n\n{code}" if before else code, encoding="utf-8")

    def recrm(self, *commands: str) -> list[tuple[int, str]]:
        """The exit code of each `recrm` command and what it says on either stream; in one process, to spare starts."""
        return [(code, said) for code, said in self.answer("-c", RUN_RECRM, json.dumps([c.split() for c in commands]))]

    def answer(self, *command: str) -> Any:
        """The last line of a command's output, which is JSON."""
        return json.loads(self.done(*command).stdout.splitlines()[-1])

    def done(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("RECRM_")},
            "PYTHONPATH": str(self.folder),
            "PWD": str(self.folder),
            "RECRM_DATA": "tone.jsonl",
            "RECRM_CACHE": str(self.folder / "cache"),
            "HF_HUB_OFFLINE": "1",
        }
        done = subprocess.run(
            [self.python, *command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def generated(self) -> None:
        """`make generated`."""
        for module in ("recrm_tasks.lm_eval_tasks.task_files", "inspect_tasks.task_files"):
            self.done("-m", module)

    @cached_property
    def answers(self) -> str:
        """The answer to each prompt, as JSON."""
        script = (
            "import json\nfrom recrm_tasks.data import load\n"
            "print(json.dumps([p.messages[-1].content for p in load('tone', 'tone.jsonl').prompts('generate')]))"
        )
        return json.dumps(dict(zip(self.answer("-c", script), ANSWERS, strict=True)))

    def by_both(self, run: str) -> tuple[dict[str, float], dict[str, float]]:
        theirs = self.answer("-c", RUN_LM_EVAL, f"results-{run}", self.answers)
        ours = self.answer("-c", RUN_INSPECT, "recrm_tasks/tone.py", f"logs-{run}", self.answers)
        # Not what the answers cost: each harness's model counts that in its own way.
        return theirs, {name: value for name, value in ours.items() if name not in FIELDS}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Copy:
    """The page's first three steps."""
    copy = Copy(tmp_path_factory.mktemp("copy"), programs)
    for name, code in blocks("adding-a-dimension.md").items():
        copy.write(name, code)
    copy.generated()
    return copy


@pytest.mark.slow
def test_the_sixth_dimension_runs_in_both_harnesses_beside_older_logs(copy: Copy) -> None:
    theirs, ours = copy.by_both("first")
    assert ours["n"] == 6
    assert 0 < ours["acc"] < 1
    assert ours["coverage"] == pytest.approx(5 / 6)
    assert {name: theirs[name] for name in ours} == ours
    assert theirs["score"] == ours["acc"]

    with tarfile.open(OLDER) as archive:
        archive.extractall(copy.folder / "older", filter="data")
    done = copy.recrm(
        "data inspect tone.jsonl --dimension tone",
        "report results-first logs-first older/lm-eval/bench older/inspect/bench --to r.json",
        "aggregate older/inspect/bench",
        "diagnose results-first",
        "card results-first",
        "compare results-first logs-first",
    )
    assert [code for code, _ in done] == [0] * 6
    data, report, aggregate, *others = (said for _, said in done)
    assert "6 records" in data
    rows = json.loads((copy.folder / "r.json").read_text(encoding="utf-8"))
    expected = json.loads((copy.folder / "older/expected/report_lm-eval_bench.json").read_text(encoding="utf-8"))
    names = ("harness", "dimension", "metric", "value", "stderr", "low", "high")

    def figures(these: list[dict]) -> list[tuple]:
        return sorted((tuple(row[n] for n in names) for row in these if row["dimension"] != "tone"), key=repr)

    assert figures([r for r in rows if r["harness"] == "lm-eval"]) == figures(expected)
    assert {r["harness"] for r in rows if r["dimension"] == "tone"} == {"lm-eval", "inspect"}
    assert "tone" in report
    assert not any("Traceback" in said for _, said in done)
    assert "0.0" in aggregate
    assert all("tone" in said for said in others)


@pytest.mark.slow
def test_its_constraints_hold_for_every_row(copy: Copy) -> None:
    good = (copy.folder / "tone.jsonl").read_text(encoding="utf-8").splitlines()
    bad = [json.loads(line) for line in good]
    bad[1]["minutes"] = -1
    bad[2]["message"] = "?!"
    bad[3]["minutes"] = 300  # more than a byte: a sound number
    folder = copy.folder / "bad"
    folder.mkdir()
    (folder / "tone.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in bad), encoding="utf-8")
    ((code, said),) = copy.recrm("data inspect bad --dimension tone")
    assert code != 0
    assert "4 records" in said
    assert "line 2" in said
    assert "minutes" in said
    assert "line 3" in said
    assert "a message needs words" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_suite_with_it_has_a_bench_of_its_own(copy: Copy) -> None:
    folder = copy.folder / "recrm_tasks" / "lm_eval_tasks"
    assert "recrm_tone" in (folder / "recrm_bench_service.yaml").read_text(encoding="utf-8")
    assert "recrm_tone" not in (folder / "recrm_bench.yaml").read_text(encoding="utf-8")
    script = (
        "from recrm_tasks.dimensions.suites import RECRM, suite\n"
        "assert suite('service').keys == (*RECRM.keys, 'tone')\n"
        "from lm_eval.tasks import TaskManager\n"
        "found = TaskManager(include_defaults=False)\n"
        "assert 'recrm_hybrid_service_logprob' in found.all_subtasks, found.all_subtasks\n"
        "assert 'recrm_bench_service' in found.all_groups\n"
    )
    copy.done("-c", script)


@pytest.mark.slow
def test_a_new_metric_is_in_both_harnesses_and_in_reports(copy: Copy) -> None:
    for name, code in blocks("adding-a-metric.md").items():
        copy.write(name, code)
    copy.generated()
    theirs, ours = copy.by_both("second")
    assert ours["margin"] == pytest.approx(2 * ours["acc"] - 1)
    assert {n: theirs[n] for n in ours} == ours
    (code, _), (failed, gate) = copy.recrm(
        "report logs-second results-second --to m.json", "report logs-second --fail-under tone.margin=0.9"
    )
    assert code == 0
    (row, *_) = [
        row
        for row in json.loads((copy.folder / "m.json").read_text(encoding="utf-8"))
        if row["metric"] == "margin" and row["dimension"] == "tone"
    ]
    assert -1 <= row["low"] <= row["value"] <= row["high"] <= 1
    assert failed != 0
    assert "margin" in gate
