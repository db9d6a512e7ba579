"""A real model on real data through both harnesses: docs/first-results.md has its table of log-probabilities.

    RECRM_TEST_MODEL=MODEL python tests/real/first_results.py [--limit 40] [--mode logprob] [--answers FILE]

Runs one thing at a time, with batches of one: in batches the padding changes the last bits, and with them some answers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import convert

from recrm_tasks.answers.prompt import Mode
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.lm_eval_tasks.results import outcome_of
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.scoring.outcomes import Outcome

KINDS = (
    ("llmbar", "instruction"),
    ("begin", "factual"),
    ("esci", "relevance"),
    ("uci", "behavior"),
    ("crosswoz", "behavior"),
    ("meituan", "behavior"),
    ("uci", "ranking"),
    ("crosswoz", "ranking"),
    ("meituan", "ranking"),
)
"""Every (data set, dimension), in the order of the paper's table."""
DTYPES: dict[Mode, str] = {"logprob": "float32", "generate": "bfloat16"}
"""bfloat16 keeps so few digits that the logits of two letters are often equal: exact ties, which are no answer."""
NEW_TOKENS = 64


class Result(NamedTuple):
    """What one harness made of one kind of records."""

    metrics: dict[str, float]
    outcomes: dict[str, Outcome]
    answers: dict[str, Any]
    """By record id: the completion, or the log-probabilities of the choices."""
    rows: int
    """Records that the harness says it scored."""

    @property
    def unseen(self) -> int:
        """Records of which a choice was not among the alternatives that the model's server reported."""
        return sum(isinstance(x, list) and -math.inf in x for x in self.answers.values())


class LmEval:
    """lm-evaluation-harness with its `hf` model, loaded once."""

    name = "lm-eval"

    def __init__(self, model: str, dtype: str) -> None:
        from lm_eval.models.huggingface import HFLM

        self.model = HFLM(pretrained=model, dtype=dtype, device="cpu", batch_size=1)

    def run(self, data: Path, dimension: str, mode: Mode, limit: int) -> Result:
        """Runs one task with the model's chat template."""
        import lm_eval
        from lm_eval.tasks import TaskManager

        import recrm_tasks

        task = f"recrm_{dimension}" + ("_logprob" if mode == "logprob" else "")
        options = {"recrm_data": str(data), "recrm_limit": limit}
        tasks = Path(recrm_tasks.__file__).parent / "lm_eval_tasks"
        results = lm_eval.simple_evaluate(
            model=self.model,
            tasks=[task],
            task_manager=TaskManager(include_path=str(tasks), include_defaults=False, metadata=options),
            apply_chat_template=True,
            gen_kwargs=f"max_gen_toks={NEW_TOKENS}" if mode == "generate" else None,
            bootstrap_iters=0,
        )
        assert results is not None
        outcomes, answers = {}, {}
        for sample in results["samples"][task]:
            outcome = outcome_of(sample["score"])
            outcomes[outcome.id] = outcome
            answers[outcome.id] = (
                [logprob for logprob, _ in sample["filtered_resps"]]
                if mode == "logprob"
                else sample["filtered_resps"][0]
            )
        return Result(numbers_of(results, task), outcomes, answers, results["n-samples"][task]["effective"])


class Inspect:
    """Inspect with its `hf` model, loaded once."""

    name = "Inspect"

    def __init__(self, model: str, dtype: str, batch: int = 1) -> None:
        from inspect_ai.model import GenerateConfig, get_model

        self.batch = batch
        self.model = get_model(
            f"hf/{Path(model).name}",
            model_path=model,
            device="cpu",
            dtype=dtype,
            do_sample=False,
            config=GenerateConfig(max_connections=batch),
        )

    def run(self, data: Path, dimension: str, mode: Mode, limit: int) -> Result:
        """Runs one task; the model's chat template is Inspect's default."""
        import huggingface_hub
        import inspect_ai

        from inspect_tasks import dimension_task
        from inspect_tasks.logprobs import choice_logprobs

        task = dimension_task(dimension, data=str(data), limit=limit, answer=mode)
        # After a run Inspect looks the model's name up on the hub, where a local folder is not, and tries for a minute.
        offline = mock.patch.object(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        with offline, tempfile.TemporaryDirectory() as logs:  # the log reads its samples from there when asked for them
            (log,) = inspect_ai.eval(
                task, model=self.model, log_dir=logs, display="none", max_connections=self.batch, max_tokens=NEW_TOKENS
            )
            assert log.status == "success", log.error
            assert log.samples is not None
            assert log.results is not None
            outcomes, answers = {}, {}
            for sample in log.samples:
                assert sample.scores is not None
                outcome = Outcome.from_json(sample.scores["recrm"].metadata["outcome"])
                outcomes[outcome.id] = outcome
                answers[outcome.id] = (
                    choice_logprobs(
                        sample.output, [*sample.metadata["reading"]["choices"]], sample.metadata.get("answer_tokens")
                    )
                    if mode == "logprob"
                    else sample.output.completion
                )
            metrics = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
            return Result(metrics, outcomes, answers, log.results.completed_samples)


def same_decisions(left: Result, right: Result) -> int:
    """For how many records both decided alike: the same label, yes or no, best candidate, or no answer at all."""
    return sum(_decision(left.outcomes[name]) == _decision(right.outcomes[name]) for name in left.outcomes)


def _decision(outcome: Outcome) -> object:
    value = outcome.value
    if isinstance(value, tuple):
        return [i for i, score in enumerate(value) if score == max(value)]
    return value >= 0.5 if isinstance(value, float) else value


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The harnesses' own prints go to standard error: standard output is for the table."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A real model on real data through both harnesses.")
    parser.add_argument("--limit", type=int, default=40, help="records of each kind")
    parser.add_argument("--mode", action="append", choices=list(DTYPES), help="answer mode; by default both")
    parser.add_argument("--answers", type=Path, help="file to write every answer to, as JSON Lines")
    options = parser.parse_args(arguments)
    model = os.environ.get("RECRM_TEST_MODEL")
    if not model:
        parser.error("RECRM_TEST_MODEL names the folder of a chat model")
    print(", ".join(f"{name} {version(name)}" for name in ("lm-eval", "inspect-ai", "transformers", "torch")), end="")
    print(f", Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        convert.write(convert.convert_all(convert.data_folder()), data)
        for mode in options.mode or list(DTYPES):
            _table(model, data, mode, options.limit, options.answers)


def _table(model: str, data: Path, mode: Mode, limit: int, answers: Path | None) -> None:
    """Runs one answer mode and prints its table, row by row as the numbers come."""
    with quiet():
        harnesses = [LmEval(model, DTYPES[mode]), Inspect(model, DTYPES[mode])]
    print(f"### {'Log-probability' if mode == 'logprob' else 'Generated'} answers ({DTYPES[mode]})\n")
    print(
        "| data | dimension | harness | N | coverage | metric | value | chance | unreadable | unseen | same | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for dataset, dimension in KINDS:
        results = []
        for harness in harnesses:
            start = time.perf_counter()
            with quiet():
                result = harness.run(data / dataset, dimension, mode, limit)
            results.append(result)
            seconds = time.perf_counter() - start
            same = f"{same_decisions(*results)}/{len(result.outcomes)}" if len(results) == 2 else ""
            print(
                f"| {dataset} | {dimension} | {harness.name} | {_cells(result, dimension)} | {same} | {seconds:.0f} |",
                flush=True,
            )
            if answers:
                _write(answers, dataset, mode, harness.name, result)
    print(flush=True)


def _cells(result: Result, dimension: str) -> str:
    metric = dimension_of(dimension).primary
    numbers = result.metrics
    reasons = Counter(o.reason for o in result.outcomes.values() if o.reason)
    # A constant answer has an AUC of one half; an accuracy is compared with the commonest label.
    chance = 0.5 if metric == "auc" else numbers["acc_baseline"]
    return (
        f"{numbers['n']:.0f} | {numbers['coverage']:.3f} | {metric} | "
        f"{numbers[metric]:.3f} ± {numbers[f'{metric}_stderr']:.3f} | {chance:.3f} | "
        f"{', '.join(f'{count} {reason}' for reason, count in sorted(reasons.items())) or '–'} | {result.unseen}"
    )


def _write(file: Path, dataset: str, mode: Mode, harness: str, result: Result) -> None:
    with file.open("a", encoding="utf-8") as stream:
        for name, outcome in result.outcomes.items():
            row = {
                "harness": harness,
                "mode": mode,
                "data": dataset,
                "outcome": outcome,
                "answer": result.answers[name],
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
