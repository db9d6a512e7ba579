"""lm-evaluation-harness's results and samples -> the same with their answers read again. It needs no lm-eval."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import MODES
from recrm_tasks.dimensions.suites import suites
from recrm_tasks.errors import DataError
from recrm_tasks.lm_eval_tasks import hybrid_task, results, stress_results
from recrm_tasks.lm_eval_tasks.logged_samples import (
    infos_of_task,
    logged_item,
    read_lines,
    said,
    wanted_of,
)
from recrm_tasks.lm_eval_tasks.results import COST, UNSEEN, Item, Shared, outcome_of
from recrm_tasks.lm_eval_tasks.results_file import (
    METRICS,
    STRESS,
    load_results,
    not_results,
    samples_of,
    stress_tasks_of,
    tasks_of,
)
from recrm_tasks.lm_eval_tasks.task_files import group_name
from recrm_tasks.reports.rescored import Rescored, sha256_of
from recrm_tasks.scoring.aggregate.mean import mean_score
from recrm_tasks.scoring.metrics.estimate import Estimate

_KEPT = (COST, UNSEEN)
"""Entries of an item that do not depend on how an answer is read."""
_BY_TASK = ("results", "configs", "versions", "n-shot", "n-samples", "higher_is_better", "task_hashes")
"""Parts of a results file with one entry per task or group."""


class _Kind(NamedTuple):
    """A kind of task."""

    measure: Callable[[Sequence[Item]], dict[str, float]]
    """All numbers of a run."""
    metrics: Callable[[dict[str, Any], Item], dict[str, Any]]
    """What `process_results` returns of a document with this item."""


_OF_DIMENSION = _Kind(results.measure, lambda doc, item: results.of_dimension(item))
_OF_SUITE = _Kind(hybrid_task.measure, hybrid_task.of_suite)
_OF_STRESS = _Kind(stress_results.measure, lambda doc, item: stress_results.of_stress(item))


def rescore(file: Path, target: Path, examples: int) -> list[Rescored]:
    """See `reports.readers.LogReader.rescore`.

    Results of other tasks in the same file, and of groups that are not of this package, are left out: what they were
    computed from is not read again.
    """
    logged = load_results(file)
    ours = {**tasks_of(logged), **stress_tasks_of(logged)}
    if not ours:
        return []
    try:
        target = _as_lm_eval_places(target, logged)
        found: list[Rescored] = []
        for task in ours:
            found += _task(file, target, logged, task, ours[task], examples)
        groups = _groups(logged, ours)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise not_results(file, error) from None
    for part in _BY_TASK:
        if part in logged:
            logged[part] = {name: one for name, one in logged[part].items() if name in ours or name in groups}
    for part in ("groups", "group_subtasks"):
        if part in logged:
            logged[part] = {name: one for name, one in logged[part].items() if name in groups}
    target.write_text(json.dumps(logged, indent=2, ensure_ascii=False), encoding="utf-8")
    return found


def _as_lm_eval_places(target: Path, logged: Mapping[str, Any]) -> Path:
    """The file in the folder that lm-eval names after the model; it is made."""
    model = logged.get("model_name_sanitized")
    if model and target.parent.name != model:
        target = target.parent / model / target.name
        target.parent.mkdir(exist_ok=True)
    return target


def _task(
    file: Path, target: Path, logged: dict[str, Any], task: str, metadata: dict[str, Any], examples: int
) -> list[Rescored]:
    """Reads the answers of one task again. Writes its samples, and puts its metrics in `logged`."""
    samples = samples_of(file, task)
    if not samples.is_file():
        raise DataError(
            f"{samples}: no such file, so the answers of {task} cannot be read again; lm_eval --log_samples writes it"
        )
    logs = {str(one): sha256_of(one) for one in (file, samples)}
    found = {info.dimension: Rescored.of(info, logs, examples) for info in infos_of_task(file, logged, task)}
    alone = "recrm_dimension" in metadata
    kind = _OF_STRESS if STRESS in metadata else _OF_DIMENSION if alone else _OF_SUITE
    items: list[Item] = []
    shown: dict[str, None] = {}

    def again(line: dict[str, Any]) -> dict[str, Any]:
        try:
            fresh, item = _again(line, metadata["recrm_mode"], kind)
        except KeyError as error:
            raise DataError(
                f"{samples}: a sample has no {error}, which reading its answer again needs; run the task again"
            ) from None
        answered = outcome_of(logged_item(line)), outcome_of(item)
        found[item["dimension"]].add(*answered, said(line["filtered_resps"], line["doc"]["choices"]))
        items.append(item)
        shown.update(dict.fromkeys(fresh["metrics"]))
        return fresh

    with samples_of(target, task).open("x", encoding="utf-8") as out:
        for fresh in read_lines(samples, wanted_of(logged, task), again):
            out.write(json.dumps(fresh, ensure_ascii=False) + "\n")
    numbers = kind.measure(items)
    table = logged["results"][task]
    for one in found.values():
        if alone:
            one.score_before, one.score_now = table.get("score,none"), numbers["score"]
    logged["results"][task] = _table(table, {name: numbers[name] for name in shown})
    metadata[METRICS] = numbers
    provenance = metadata["recrm_provenance"]
    for key, one in found.items():
        (provenance if alone else provenance[key])["rescored"] = one.to_json()
    return [one for one in found.values() if one.n]


def _again(line: dict[str, Any], mode: str, kind: _Kind) -> tuple[dict[str, Any], Item]:
    """A sample as a run of today would log it, and its outcome."""
    doc, answers = line["doc"], line["filtered_resps"]
    item = results.read(doc, answers) if mode == "generate" else results.weigh(doc, answers)
    before = logged_item(line)
    item |= {name: before[name] for name in _KEPT if name in before}
    metrics = kind.metrics(doc, item)
    logged: dict[str, Any] = {name: str(one) if isinstance(one, Shared) else one for name, one in metrics.items()}
    kept = {name: one for name, one in line.items() if name not in line["metrics"]}
    score: Item = logged["score"]
    return {**kept, "metrics": list(metrics), **logged}, score


def _groups(logged: dict[str, Any], ours: Mapping[str, Any]) -> set[str]:
    """Computes the scores of this package's groups from the present ones of their tasks. Returns the groups' names."""
    known = {group_name(suite, mode) for suite in suites().values() for mode in MODES}
    names = {name for name in logged.get("groups", {}) if name in known}
    for name in names:
        tables = {ours[task]["recrm_dimension"]: logged["results"][task] for task in logged["group_subtasks"][name]}
        mean = mean_score({key: Estimate(one["score,none"], one["score_stderr,none"]) for key, one in tables.items()})
        for place in ("groups", "results"):
            logged[place][name].update({"score,none": mean.value, "score_stderr,none": mean.stderr})
    return names


def _table(table: Mapping[str, Any], numbers: Mapping[str, float]) -> dict[str, Any]:
    """The metrics that the table of a task shows, with the entries that lm-eval itself adds.

    lm-eval appends its filter's name to each metric, and looks for an error of each, which it does not find.
    """
    found = {name: one for name, one in table.items() if "," not in name}
    for name, value in numbers.items():
        found[f"{name},none"] = value
        found[f"{name}_stderr,none"] = "N/A"
    return found
