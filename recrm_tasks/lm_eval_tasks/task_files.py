"""Writes this folder's YAML from what dimensions, kinds of answers, metrics and suites declare.

    python -m recrm_tasks.lm_eval_tasks.task_files

Only `_task.yaml`, `_generate.yaml` and `_logprob.yaml` are written by hand. A test holds the files against this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.prompt import MODES, Mode
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.suites import RECRM, Suite, suites
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.metric import Metric

_FOLDER = Path(__file__).parent
_NOTE = "# Written by recrm_tasks/lm_eval_tasks/task_files.py (make generated).\n"
_BETTER = {"higher": "true", "lower": "false", "neither": "null"}
_SUFFIX: Mapping[Mode, str] = {"generate": "", "logprob": "_logprob"}
_COST = ("tokens_in", "tokens_out")


def task_files() -> dict[str, str]:
    """The text of every generated file, by name."""
    kinds: dict[str, Kind[Any]] = {d.kind.name: d.kind for d in dimensions().values()}
    found = {
        f"_metrics_{name}.yaml": _metrics(kind.declared, kind.declared[kind.primary], "results")
        for name, kind in kinds.items()
    }
    found["_metrics_aggregate.yaml"] = _metrics(DECLARED, DECLARED["hybrid"], "hybrid")
    for mode in MODES:
        for key, dimension in dimensions().items():
            found[f"recrm_{key}{_SUFFIX[mode]}.yaml"] = _task(dimension, mode)
        for suite in suites().values():
            found[f"{_named('bench', suite)}{_SUFFIX[mode]}.yaml"] = _group(suite, mode)
            found[f"{_named('hybrid', suite)}{_SUFFIX[mode]}.yaml"] = _hybrid(suite, mode)
    return found


def _named(what: str, suite: Suite) -> str:
    """`recrm_bench`, … of the paper's suite; of another one with its name behind."""
    return f"recrm_{what}" if suite is RECRM else f"recrm_{what}_{suite.name}"


def _metrics(declared: Mapping[str, Metric[Any]], primary: Metric[Any], module: str) -> str:
    """The metric list of one kind of answer, or of the aggregate."""
    lines = [
        f"{_NOTE}# A metric's standard error is right behind it: so lm-eval's table shows it as ±.",
        "metric_list:",
        *_entries("score", primary, module),
    ]
    for name, metric in declared.items():
        lines += _entries(name, metric, module)
    for name in _COST:
        lines += _entry(name, "lower", "cost.total")
    return "\n".join(lines) + "\n"


def _entries(name: str, metric: Metric[Any], module: str) -> Iterator[str]:
    """A metric and, unless it is a count, its error."""
    # A name in a YAML path may not have an @.
    path = f"{module}.{name.replace('@', '_at_')}"
    yield from _entry(name, metric.better, path)
    if metric.interval != "none":
        yield from _entry(f"{name}_stderr", "lower", f"{path}_stderr")


def _entry(name: str, better: str, path: str) -> list[str]:
    return [
        f"  - metric: {name}",
        f"    aggregation: !function recrm_tasks.lm_eval_tasks.{path}",
        f"    higher_is_better: {_BETTER[better]}",
    ]


def _task(dimension: Dimension, mode: Mode) -> str:
    """The task of one dimension."""
    return f"""{_NOTE}include:
  - _task.yaml
  - _{mode}.yaml
  - _metrics_{dimension.kind.name}.yaml
task: recrm_{dimension.key}{_SUFFIX[mode]}
task_alias: {dimension.key}{_SUFFIX[mode]}
tag:
  - recrm
  - recrm_{mode}
metadata:
  version: {dimension.version}
  recrm_dimension: {dimension.key}
  recrm_mode: {mode}
  recrm_provenance: {{}}
"""


def _group(suite: Suite, mode: Mode) -> str:
    """The group of a suite's tasks. lm-eval adds up their scores in the order in which they are listed here."""
    how = "generated" if mode == "generate" else "weighed by log-probability"
    tasks = "\n".join(f"  - recrm_{key}{_SUFFIX[mode]}" for key in sorted(suite.keys))
    return f"""{_NOTE}# Suite {suite.name}; answers are {how}. `score` is the mean score: that of the primary metrics.
group: {_named("bench", suite)}{_SUFFIX[mode]}
task:
{tasks}
aggregate_metric_list:
  - metric: score
    aggregation: mean
    weight_by_size: false
metadata:
  version: {suite.version}
  recrm_suite: {suite.name}
"""


def _hybrid(suite: Suite, mode: Mode) -> str:
    """All dimensions of a suite in one task: lm-eval's groups average, and the hybrid score is no average."""
    process = "generated" if mode == "generate" else "weighed"
    return f"""{_NOTE}# Suite {suite.name} in one task: lm-eval's groups average, and the hybrid score is no average.
include:
  - _task.yaml
  - _{mode}.yaml
  - _metrics_aggregate.yaml
custom_dataset: !function recrm_tasks.lm_eval_tasks.dataset.documents_of_all
process_results: !function recrm_tasks.lm_eval_tasks.hybrid.{process}
task: {_named("hybrid", suite)}{_SUFFIX[mode]}
task_alias: {_named("hybrid", suite).removeprefix("recrm_")}{_SUFFIX[mode]}
metadata:
  version: {suite.version}
  recrm_suite: {suite.name}
  recrm_mode: {mode}
  recrm_provenance: {{}}
"""


def main() -> None:
    """Writes the files."""
    for name, text in task_files().items():
        (_FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
