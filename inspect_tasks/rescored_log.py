"""Inspect's log -> the same log with its answers read again.

Scores that change are edited as Inspect's own `edit_score` does it: they keep what they were in their history, with who
changed them and why. What was rescored is an edit of the log's metadata. The specification of the run stays as it was.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType

from anyio.from_thread import start_blocking_portal
from inspect_ai.log import (
    EvalLog,
    EvalMetric,
    EvalSample,
    EvalScore,
    MetadataEdit,
    ProvenanceData,
    TagsEdit,
    condense_sample,
    edit_eval_log,
    edit_score,
)
from inspect_ai.log._recorders.eval import EvalRecorder
from inspect_ai.scorer import SampleScore, Score, ScoreEdit
from inspect_ai.util import registry_info

from inspect_tasks.log_file import RESCORED, is_ours, read_header, read_samples
from inspect_tasks.logged_samples import infos_of, our_score, outcome_of, said
from inspect_tasks.metrics import (
    bench_metrics,
    dimension_metrics,
    of_bench,
    of_dimension,
    of_stress,
    stress_metrics,
)
from inspect_tasks.scorers import score_of, stress_score_of
from recrm_tasks import __version__
from recrm_tasks.errors import DataError, HarnessError
from recrm_tasks.reports.rescored import Rescored, sha256_of
from recrm_tasks.scoring.outcomes import Outcome

_FLAGS = ("unseen", "cut")
"""What a score says besides its outcome."""


def rescore(file: Path, target: Path, examples: int) -> list[Rescored]:
    """See `reports.readers.LogReader.rescore`. Samples without a score, as their requests failed, stay without one."""
    log = read_header(file)
    if not (is_ours(log) or is_ours(log, stress=True)):
        return []
    logs = {str(file): sha256_of(file)}
    found = {info.dimension: Rescored.of(info, logs, examples) for info in infos_of(file, log)}
    why = ProvenanceData(
        author=f"recrm-tasks {__version__}", reason="recrm rescore: the present reader read the answers again"
    )
    scores: dict[str, list[SampleScore]] = defaultdict(list)
    with _Writer(log, target) as writer:
        for sample in read_samples(file, log, without=set()):
            if sample.scores:
                name = _again(file, log, sample, found, why)
                score = sample.scores[name]
                # Without what no metric needs: texts and histories of a million samples would fill the memory.
                small = Score(value=score.value, metadata=score.metadata)
                scores[name].append(SampleScore(score=small, sample_id=sample.id))
            writer.add(sample)
        if scores:
            writer.finish(_with_results(log, scores, found, why))
    return [one for one in found.values() if one.n]


def _again(file: Path, log: EvalLog, sample: EvalSample, found: dict[str, Rescored], why: ProvenanceData) -> str:
    """Reads the answer of a sample again, and edits its score if that changes. Returns the score's name."""
    name, old = our_score(file, sample)
    dimension, before = outcome_of(file, sample, old)
    if dimension not in found:
        raise DataError(f"{file}: sample {sample.id} is of {dimension}, but the log is of {', '.join(found)}")
    read = stress_score_of if is_ours(log, stress=True) else score_of
    try:
        new = read(str(sample.id), "".join(sample.target), sample.metadata, sample.output, sample.epoch)
    except KeyError as error:
        raise DataError(
            f"{file}: sample {sample.id} has no {error}, which reading its answer again needs; run the task again"
        ) from None
    except HarnessError as error:
        raise DataError(f"{file}: sample {sample.id}: {error}") from None
    _, now = outcome_of(file, sample, new)
    found[dimension].add(before, now, said(sample))
    if _shown(old, before) != _shown(new, now):
        edit = ScoreEdit(
            value=new.value,
            answer=new.answer,
            explanation=new.explanation,
            metadata=new.metadata or {},
            provenance=why,
        )
        one = log.model_copy(update={"samples": [sample]})
        edit_score(one, sample.id, name, edit, recompute_metrics=False, epoch=sample.epoch)
    return name


def _shown(score: Score, outcome: Outcome) -> tuple[object, ...]:
    """What of a score may change. Earlier versions wrote the same outcome in other forms, and showed the same answer in
    other words, which is no change."""
    flags = [(score.metadata or {}).get(name, False) for name in _FLAGS]
    return score.value, outcome, *flags


def _with_results(
    log: EvalLog, scores: dict[str, list[SampleScore]], found: dict[str, Rescored], why: ProvenanceData
) -> EvalLog:
    """The header with the present metrics and a note of what was done. A run that ended early has no metrics."""
    if log.results is not None and log.results.scores:
        entries = [_updated(one, scores[one.name], found) if one.name in scores else one for one in log.results.scores]
        log = log.model_copy(update={"results": log.results.model_copy(update={"scores": entries})})
    entry = {key: one.to_json() for key, one in found.items()}
    return edit_eval_log(log, [MetadataEdit(metadata_set={RESCORED: entry}), TagsEdit(tags_add=["rescored"])], why)


def _updated(logged: EvalScore, scores: list[SampleScore], found: dict[str, Rescored]) -> EvalScore:
    bench, stress = (logged.name.startswith(name) for name in ("recrm_bench", "recrm_stress"))
    of, metric = (of_bench, bench_metrics) if bench else (of_dimension, dimension_metrics)
    if stress:
        of, metric = of_stress, stress_metrics
    numbers = of(scores)
    group = registry_info(metric()).name.rpartition("/")[2]
    for key, one in found.items():
        if stress:  # whose score is of all dimensions together
            continue
        name = f"{key}_score" if bench else "score"
        one.score_before = logged.metrics[name].value if name in logged.metrics else None
        one.score_now = numbers.get(name)
    metrics = {name: EvalMetric(name=name, group=group, value=value) for name, value in numbers.items()}
    return logged.model_copy(update={"metrics": metrics})


class _Writer:
    """Writes an `.eval` log sample by sample, as `inspect score --stream` does.

    Inspect's public `write_eval_log` takes all samples at once. Its recorder is asynchronous, but its readers refuse to
    run in an event loop: so the recorder runs in the loop of another thread.
    """

    def __init__(self, log: EvalLog, target: Path) -> None:
        self._log, self._target = log, str(target)
        self._recorder = EvalRecorder(str(target.parent))
        self._open = start_blocking_portal("asyncio")

    def __enter__(self) -> _Writer:
        self._portal = self._open.__enter__()
        self._portal.call(self._recorder.log_init, self._log.eval, self._target)
        self._portal.call(self._recorder.log_start, self._log.eval, self._log.plan)
        return self

    def add(self, sample: EvalSample) -> None:
        """Writes one sample."""
        write = partial(self._recorder.log_sample, write_through=True)
        self._portal.call(write, self._log.eval, condense_sample(sample))

    def finish(self, log: EvalLog) -> None:
        """Writes the header, after all samples."""
        finish = partial(
            self._recorder.log_finish,
            self._log.eval,
            log.status,
            log.stats,
            log.results,
            reductions=[],
            error=log.error,
            header_only=True,
            invalidated=log.invalidated,
            log_updates=log.log_updates,
            config_updates=log.config_updates,
        )
        self._portal.call(finish)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Discards a log that was not finished."""
        with suppress(Exception):
            self._portal.call(self._recorder.log_discard, self._log.eval)
        self._open.__exit__(kind, error, trace)
