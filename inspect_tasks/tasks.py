"""Builds the Inspect tasks. The task files in `recrm_tasks`, which users run, call these functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from inspect_ai import Task
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Scorer

from inspect_tasks.log_file import STRESS
from inspect_tasks.samples import to_prompt, to_sample, turns_of
from recrm_tasks.answers.prompt import ANSWER_TOKENS, Mode
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.dimensions.suites import Suite, suite_of
from recrm_tasks.dimensions.suites import suite as suite_named
from recrm_tasks.errors import RecrmError

try:
    from inspect_tasks.backend import (
        active_backend,
        as_trained,
        decoding,
        extra_body,
        is_reward_model,
        reward_engine,
        thinking_choice,
    )
    from inspect_tasks.options import BenchOptions, StressOptions, TaskOptions
    from inspect_tasks.prompt_ends import PromptEnds
    from inspect_tasks.scorers import recrm, recrm_bench, recrm_stress
    from inspect_tasks.solver import ask
    from inspect_tasks.stored_dataset import GroupedDataset, StoredDataset
    from inspect_tasks.stored_samples import StoredSamples
    from inspect_tasks.users_folder import with_paths
    from inspect_tasks.view import list_of_samples
    from recrm_tasks.models.server_tokens import TOP
    from recrm_tasks.prompting import Backend, load_questions
    from recrm_tasks.prompting.asked_order import grouped_order
    from recrm_tasks.prompting.options import AnyOptions, parse, refuse_list_options
    from recrm_tasks.prompting.questions import Pose, plain_questions
    from recrm_tasks.robustness.stress_options import check_options, keys_of
    from recrm_tasks.robustness.stress_questions import VERSION, stress_questions, task_version
except ModuleNotFoundError as error:  # run from a clone, in an environment that has only Inspect
    raise PrerequisiteError(
        f"the tasks need {error.name}: pip install pyarrow pyyaml tqdm, or install the package itself (pip install .)"
    ) from None

INTERFACE = "I"
"""Rises with every change of the task parameters. The number before it is the version of the dimension or suite."""


def dimension_task(dimension: str, **parameters: Any) -> Task:
    """The task of one dimension.

    Args:
        dimension: its key.
        parameters: those of `TaskOptions`, by name; docs/tasks.md describes them. A task file passes its `locals()`:
            parameters that it does not declare are in `unknown`.

    Raises:
        PrerequisiteError: a mistake that the user can fix; Inspect prints it without a traceback.
    """
    try:
        options = _parsed(TaskOptions, **parameters)
        if not is_list(dimension_of(dimension).record_type):
            refuse_list_options(options, dimension, "-T ")
        samples, provenance = _samples(dimension, suite_of(dimension), options)
        return _task(samples, recrm, {dimension: provenance}, dimension_of(dimension).version)
    except RecrmError as error:
        raise PrerequisiteError(str(error)) from None


def bench_task(**parameters: Any) -> Task:
    """All dimensions of a suite in one task.

    Their samples alternate, so that Inspect's own `--limit` takes some of each; but with `order=grouped` the dimensions
    follow one another.

    Args:
        parameters: those of `BenchOptions`, as in `dimension_task`.
    """
    try:
        options = _parsed(BenchOptions, **parameters)
        chosen = suite_named(options.suite)
        loaded = {key: _samples(key, chosen, options) for key in chosen.keys}
        mixed = _mixed([samples for samples, _ in loaded.values()], options)
        provenance = {key: provenance for key, (_, provenance) in loaded.items()}
        return _task(mixed, recrm_bench, provenance, chosen.version)
    except RecrmError as error:
        raise PrerequisiteError(str(error)) from None


def stress_task(**parameters: Any) -> Task:
    """Records of several dimensions as they are and with planted changes. The samples of the dimensions alternate.

    Args:
        parameters: those of `StressOptions`, as in `dimension_task`.
    """
    try:
        options = _parsed(StressOptions, **parameters)
        check_options(options, "-T ")
        loaded = {key: _samples(key, None, options, stress_questions) for key in keys_of(options.dimensions)}
        mixed = _mixed([samples for samples, _ in loaded.values()], options)
        provenance = {key: {**provenance, "stress": VERSION} for key, (_, provenance) in loaded.items()}
        task = _task(mixed, recrm_stress, provenance, task_version())
        task.metadata = {**(task.metadata or {}), STRESS: VERSION}
        return task
    except RecrmError as error:
        raise PrerequisiteError(str(error)) from None


def _mixed(several: Sequence[StoredSamples], options: TaskOptions) -> StoredSamples:
    """The samples of several dimensions in turns, or one dimension after the other."""
    turns = several if options.order == "grouped" else zip_longest(*several)
    return StoredSamples.of(sample for sample in chain.from_iterable(turns) if sample is not None)


def _parsed(options: type[AnyOptions], unknown: Mapping[str, object] = {}, **parameters: object) -> AnyOptions:
    return with_paths(parse(options, {**parameters, **unknown}, "-T "))


def _samples(
    dimension: str, suite: Suite | None, options: TaskOptions, pose: Pose | None = None
) -> tuple[StoredSamples, dict[str, Any]]:
    mode: Mode = options.answer or ("logprob" if is_reward_model() else "generate")
    if is_reward_model() and mode == "generate":
        raise RecrmError("a reward model writes no text: leave out -T answer=generate")
    choice = thinking_choice(options.enable_thinking)
    backend = active_backend(choice, options.style)
    reads, options = as_trained(dimension, options)
    prompts, provenance = load_questions(dimension, mode, backend, options, reads=reads, pose=pose or plain_questions)
    ends = PromptEnds(backend if not is_reward_model() else Backend(), options, mode)
    ended = (ends.of(prompt) for prompt in prompts)
    name = suite.name if suite else None
    samples = StoredSamples.of(to_sample(prompt, dimension, mode, name, prefill) for prompt, prefill in ended)
    fit = provenance["fit"]
    if not is_reward_model() and mode == "logprob" and isinstance(fit, dict) and fit["labels_of_several_tokens"]:
        raise RecrmError(
            f"{dimension}: for {fit['labels_of_several_tokens']} records some answers are several tokens, but "
            "Inspect reads the probability of one token only: use -T answer=generate, or lm-eval's _logprob task"
        )
    provenance["enable_thinking"] = choice
    provenance["engine"] = reward_engine()
    provenance["thinking_in_prompt"] = ends.found
    provenance["suite"] = suite and suite.to_json()
    if options.order == "grouped":
        provenance["order"] = options.order
        samples = samples.chosen(grouped_order(map(_group_and_texts, samples)))
    return samples, provenance


def _group_and_texts(sample: Sample) -> tuple[str | None, list[str]]:
    metadata = sample.metadata or {}
    texts = [turn.text for turn in turns_of(sample.input, metadata)]
    prompt = to_prompt(str(sample.id), "".join(sample.target), metadata)
    return prompt.group or prompt.of_list, texts


def _task(samples: StoredSamples, scorer: Callable[[], Scorer], provenance: dict[str, Any], version: int) -> Task:
    first = next(iter(provenance.values()))
    config = GenerateConfig(
        temperature=0.0,
        max_tokens=ANSWER_TOKENS + first["thinking"],
        top_logprobs=TOP if first["mode"] == "logprob" else None,
        extra_body=extra_body(first["enable_thinking"]),
    )
    how = decoding(config)
    dataset = GroupedDataset if first.get("order") == "grouped" else StoredDataset
    return Task(
        dataset=dataset(samples, first["source"]),
        solver=ask(first["thinking"], first["enable_thinking"]),
        scorer=scorer(),
        config=config,
        version=version,
        viewer=list_of_samples(scorer.__name__),
        metadata={
            "task_version": f"{version}-{INTERFACE}",
            **({"decoding": how} if how else {}),
            "recrm_provenance": provenance,
        },
    )
