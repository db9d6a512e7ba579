"""The tasks themselves; the files that users run give them their names."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import Any

from inspect_ai import Task
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Scorer

from inspect_tasks.samples import to_sample
from inspect_tasks.scorers import recrm, recrm_bench
from inspect_tasks.solver import TOP, ask
from recrm_tasks.answers.prompt import ANSWER_TOKENS, MODES
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import Suite, suite_of
from recrm_tasks.dimensions.suites import suite as suite_named
from recrm_tasks.errors import RecrmError

try:
    from inspect_tasks.backend import backend, extra_body, is_reward_model, thinking_choice
    from recrm_tasks.prompting import OPTIONS, questions
except ModuleNotFoundError as error:  # a clone beside an environment with nothing but Inspect in it
    raise PrerequisiteError(
        f"the tasks need {error.name}: pip install pyarrow pyyaml tqdm, or install the package itself (pip install .)"
    ) from None

INTERFACE = "D"
"""Goes up with every change of task parameters; the number before it is the dimension's version."""

PARAMETERS = ("answer", "enable_thinking", *OPTIONS)


def dimension_task(dimension: str, **options: Any) -> Task:
    """The task of one dimension.

    Args:
        dimension: its key.
        options: task parameters by name, see `PARAMETERS`; docs/tasks.md describes them.

    Raises:
        PrerequisiteError: anything that the user can put right; Inspect prints it without a traceback.
    """
    try:
        samples, provenance = _samples(dimension, suite_of(dimension), **_checked(options))
    except RecrmError as error:
        raise PrerequisiteError(str(error)) from None
    return _task(samples, recrm(), {dimension: provenance}, dimension_of(dimension).version)


def bench_task(*, suite: Any = "recrm", **options: Any) -> Task:
    """All dimensions of a suite in one task. Their samples take turns, so that Inspect's own limit takes of every one.

    Args:
        suite: its name.
        options: as for `dimension_task`.
    """
    try:
        chosen = suite_named(suite)
        loaded = {key: _samples(key, chosen, **_checked(options)) for key in chosen.keys}
    except RecrmError as error:
        raise PrerequisiteError(str(error)) from None
    turns = zip_longest(*(samples for samples, _ in loaded.values()))
    mixed = [sample for sample in chain.from_iterable(turns) if sample is not None]
    provenance = {key: provenance for key, (_, provenance) in loaded.items()}
    return _task(mixed, recrm_bench(), provenance, chosen.version)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(options) - set(PARAMETERS))
    if unknown:
        raise RecrmError(f"unknown task parameter: {', '.join(unknown)}; the parameters are {', '.join(PARAMETERS)}")
    return options


def _samples(
    dimension: str, suite: Suite | None, answer: str = "generate", enable_thinking: bool | None = None, **options: Any
) -> tuple[list[Sample], dict[str, Any]]:
    mode = next((m for m in MODES if m == answer), None)
    if mode is None:
        raise RecrmError(f"unknown answer mode {answer!r}: it is {' or '.join(MODES)}")
    prompts, provenance = questions(dimension, mode, backend(), **options)
    samples = [to_sample(prompt, dimension, mode, suite.name if suite else None) for prompt in prompts]
    fit = provenance["fit"]
    if is_reward_model():
        if mode == "generate":
            raise RecrmError("a reward model writes no text: add -T answer=logprob")
    elif mode == "logprob" and isinstance(fit, dict) and fit["labels_of_several_tokens"]:
        raise RecrmError(
            f"{dimension}: of {fit['labels_of_several_tokens']} records some answers are several tokens to this model, "
            "and Inspect sees the probability of one token only: use -T answer=generate, or lm-eval's _logprob task"
        )
    provenance["enable_thinking"] = thinking_choice(enable_thinking)
    provenance["suite"] = suite and suite.to_json()
    return samples, provenance


def _task(samples: list[Sample], scorer: Scorer, provenance: dict[str, Any], version: int) -> Task:
    first = next(iter(provenance.values()))
    return Task(
        dataset=MemoryDataset(samples, name=first["source"]),
        solver=ask(thinking=first["thinking"]),
        scorer=scorer,
        config=GenerateConfig(
            temperature=0.0,
            max_tokens=ANSWER_TOKENS + first["thinking"],
            top_logprobs=TOP if first["mode"] == "logprob" else None,
            extra_body=extra_body(first["enable_thinking"]),
        ),
        version=version,
        metadata={"task_version": f"{version}-{INTERFACE}", "recrm_provenance": provenance},
    )
