"""Finished runs of one model on the hub's data -> `.eval_results/recrm-bench.yaml`, where the hub reads results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timezone
from pathlib import Path

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml, parse_eval_result_entries

from recrm_tasks import __version__
from recrm_tasks.errors import DataError
from recrm_tasks.reports.files.writing import write_text, writing
from recrm_tasks.reports.leaderboard_entries import Entry, model_of, runs_of
from recrm_tasks.reports.runs import Run

FOLDER = ".eval_results"
"""Where the hub looks for results in a model's repository."""
FILES = {"generate": "recrm-bench.yaml", "logprob": "recrm-bench_logprob.yaml"}
"""The file of each answer mode: the hub's convention is a file for each way of asking."""

_MODES = {"generate": "generated answers", "logprob": "log-probabilities of the allowed answers"}


def write_eval_results(entries: Sequence[Entry], folder: Path, source: str | None = None) -> list[str]:
    """Writes the results of each answer mode to its file; a file that is there is replaced as a whole.

    A file says what these runs show and nothing else: an earlier result may be of other weights.

    Args:
        entries: finished runs.
        folder: the model's folder, in which `.eval_results` is made.
        source: a link to the logs or the report, if they are public.

    Returns:
        What was written, what was removed, and what is undefined, line by line.

    Raises:
        DataError: as for `eval_results`; or a file cannot be written, or is there and cannot be replaced.
    """
    found, lines = eval_results(entries, source)
    earlier = {name: _earlier(folder / FOLDER / name, entries) for name in FILES.values()}
    for name, results in found.items():
        file = folder / FOLDER / name
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(eval_result_entries_to_yaml(results), sort_keys=False, allow_unicode=True, width=120)
        write_text(f"# Written by `recrm card --eval-results` of recrm-tasks {__version__}, from logs.\n{text}", file)
        lines.append(f"written: {file}: {', '.join(f'{one.task_id} {one.value}' for one in results)}")
        gone = sorted({one.task_id for one in earlier[name]} - {one.task_id for one in results})
        if gone:
            lines.append(f"removed: {file}: the earlier results of {', '.join(gone)}; name their logs too to keep them")
    for name in earlier:
        if earlier[name] and name not in found:
            lines.append(f"note: {folder / FOLDER / name}: these are earlier results, which stay as they are")
    return lines


def eval_results(
    entries: Sequence[Entry], source: str | None = None
) -> tuple[dict[str, list[EvalResultEntry]], list[str]]:
    """The results by the name of their file, one for each dimension, and a line for each undefined value.

    Values are in percent, as in the paper's table and in the hub's leaderboards of other benchmarks.

    Args:
        entries: finished runs.
        source: a link to the logs or the report.

    Raises:
        DataError: the runs are of several models, or of other data than the hub's; their data set's commit is not
            known; a harness asked about a part that nobody declared; a dimension has two results in one answer mode; or
            every value is undefined.
    """
    model_of(entries)
    runs = runs_of(entries)
    _check([run for _, run in runs])
    found: dict[str, list[EvalResultEntry]] = {}
    lines = []
    for entry, run in runs:
        if math.isnan(run.metrics[run.primary]):
            lines.append(f"undefined, so not written: {run.primary} of {run.dimension} ({run.named})")
        else:
            found.setdefault(FILES[run.mode], []).append(_result(entry, run, source))
    if not found:
        raise DataError("\n".join(["there is no result to write:", *lines]))
    return found, lines


def _check(runs: Sequence[Run]) -> None:
    """Refuses runs that are no results of the hub's data set, or that do not say enough of what they are results of."""
    seen: dict[tuple[str, str], Run] = {}
    for run in runs:
        given, what = run.provenance, f"{run.named}: its run of {run.dimension}"
        if given["data"] != "hub":
            about = "the sample of this package" if given["data"] == "sample" else f"local data, {given['source']}"
            raise DataError(
                f"{what} was asked about {about}. Only runs with RECRM_DATA=hub have results of the hub's data set: "
                "nothing shows that local files have the same records. HF_HUB_OFFLINE=1 reads the hub's data from its "
                "cache. For other data, `recrm card` without --eval-results prints the card"
            )
        if not given["revision"]:
            raise DataError(
                f"{what} does not say which commit of {given['source']} it was asked about. Run it again with this "
                "version, which logs it"
            )
        questions = run.repeats * int(given.get("questions", given["rows"]))
        if run.n < questions:
            raise DataError(
                f"{what} has {run.n:,} of {questions:,} answers: a limit of the harness, which is for trying out. A "
                "part of the records that can be published is declared by the tasks' own option `limit`, which `lite` "
                "sets to the fixed choice of 1,000"
            )
        other = seen.setdefault((run.dimension, run.mode), run)
        if other is not run:
            raise DataError(
                f"two runs of {run.dimension} with {_MODES[run.mode]}: {other.named} ({other.harness}) and {run.named} "
                f"({run.harness}). A results file has one; name the logs of the one to publish"
            )


def _result(entry: Entry, run: Run, source: str | None) -> EvalResultEntry:
    given = run.provenance
    return EvalResultEntry(
        dataset_id=given["source"],
        task_id=run.dimension,
        value=round(100 * run.metrics[run.primary], 2),
        dataset_revision=given["revision"],
        date=run.began.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if run.began else None,
        source_url=source,
        source_name="recrm-tasks: logs and report" if source else None,
        notes="; ".join(_notes(entry, run)),
    )


def _notes(entry: Entry, run: Run) -> list[str]:
    """What a reader of the value must know, the most important first."""
    given = run.provenance
    low, high = run.interval()
    seen = entry.in_training.get(run.dimension)
    rows, available = int(given["rows"]), int(given["rows_available"])
    reader = f"task version {given['prompt_version']}"
    if run.rescored:
        reader = f"asked by task version {given['prompt_version']}, read by {run.reader_version}"
    return [
        f"{run.primary} in percent"
        + ("" if math.isnan(low) else f", 95 % interval {100 * low:.2f} to {100 * high:.2f}"),
        f"N {run.n:,}" + (f" ({rows:,} of {available:,} records, balanced)" if rows < available else ""),
        *([f"{run.repeats} answers to each question"] if run.repeats > 1 else []),
        f"coverage {run.metrics['coverage']:.4f}",
        *([f"probabilities not reported for {run.unseen:,} records"] if run.unseen else []),
        _MODES[run.mode],
        *run.setting,
        *([f"split {given['split']}"] if given.get("split") else []),
        *([f"only records in {given['lang']}"] if given.get("lang") else []),
        *(["trained on the evaluated data, as its card says"] if entry.names_test else []),
        *([f"trained on groups of {seen.text} of the evaluated records"] if seen and seen.shared else []),
        *(["the hub's list of files was not checked"] if "files" in given else []),
        f"{run.harness}, {reader}, recrm-tasks {given['recrm_tasks']}",
        f"records sha256 {given['sha256'][:12]}",
    ]


def _earlier(file: Path, entries: Sequence[Entry]) -> list[EvalResultEntry]:
    """The results that a file has; none if there is no file.

    Raises:
        DataError: it cannot be read, or has results of other data sets.
    """
    if not file.exists():
        return []
    try:
        read = parse_eval_result_entries(yaml.safe_load(file.read_text(encoding="utf-8")) or [])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise DataError(
            f"{file}: not a results file that huggingface_hub reads ({type(error).__name__}: {error}); move it away"
        ) from None
    ours = {run.provenance["source"] for _, run in runs_of(entries)}
    others = sorted({one.dataset_id for one in read} - ours)
    if others:
        raise DataError(
            f"{file}: it has results of {', '.join(others)}, which would be lost; move them to a file of their own"
        )
    return read
