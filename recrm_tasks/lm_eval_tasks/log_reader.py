"""The reader of lm-evaluation-harness's results. It needs no lm-eval."""

from __future__ import annotations

from pathlib import Path

from recrm_tasks.lm_eval_tasks.logged_runs import read_contents
from recrm_tasks.lm_eval_tasks.logged_samples import read_answers
from recrm_tasks.lm_eval_tasks.rescored_results import rescore
from recrm_tasks.lm_eval_tasks.results_file import HARNESS, is_results
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.readers import LogContents
from recrm_tasks.reports.rescored import Rescored


class LmEvalLogReader:
    """Reads results files, and the `samples_*.jsonl` beside it; see `reports.readers.LogReader`."""

    harness = HARNESS
    files = "a results file of lm-eval (.json)"

    def reads(self, file: Path) -> bool:
        """By its name or its first bytes."""
        return is_results(file)

    def contents(self, file: Path) -> LogContents:
        """The runs of our tasks, and the samples of stress tasks. Agents are run by other harnesses."""
        return read_contents(file)

    def answers(self, file: Path, max_texts: int = 0) -> list[Answers]:
        """The logged samples. All runs are finished: lm-eval writes nothing before a run has ended."""
        return read_answers(file, max_texts)

    def stress_answers(self, file: Path, max_texts: int = 0) -> list[Answers]:
        """The logged samples of stress tasks."""
        return read_answers(file, max_texts, stress=True)

    def rescore(self, file: Path, target: Path, examples: int) -> list[Rescored]:
        """The results and samples, written again."""
        return rescore(file, target, examples)
