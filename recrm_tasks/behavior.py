"""User behavior prediction (UBP) with Inspect.

How likely is it that this user acts on this item?

    inspect eval recrm_tasks/behavior.py --model openai/gpt-4.1 -T data=sample

RecRM-Bench: arXiv 2605.11874. docs/tasks.md describes the parameters, docs/metrics.md the metrics.
"""

import sys
from pathlib import Path

from inspect_ai import Task, task

try:
    from inspect_tasks import dimension_task
except ModuleNotFoundError as error:  # run by path from a clone that is not installed
    if error.name != "inspect_tasks":
        raise
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from inspect_tasks import dimension_task


@task
def behavior(
    data: str | None = None,
    split: str | None = None,
    limit: int | str | None = None,
    lang: str | None = None,
    prompt_lang: str | None = None,
    answer: str = "generate",
    seed: int = 0,
    mapping: str | None = None,
    revision: str | None = None,
    style: str = "chat",
    fewshot: int = 0,
    thinking: int = 0,
    enable_thinking: bool | None = None,
    overflow: str = "stop",
    context: int | None = None,
    tokenizer: str | None = None,
    **unknown: object,
) -> Task:
    """User behavior prediction.

    Args:
        data: `hub` (the default), `sample`, or the path of records; else the environment's `RECRM_DATA`.
        split: split of the source, or `hash-test`, `hash-train`, `all`; docs/data.md says which is the default.
        limit: a balanced choice of so many records, or `lite` for the fixed one of 1,000.
        lang: only records in this language, `zh` or `en`.
        prompt_lang: language of the prompts; by default each record's own.
        answer: `generate`, or `logprob` for the probability of each allowed answer.
        seed: seed of the order and of the choice.
        mapping: a mapping.yaml that says what the source's columns are; else the environment's `RECRM_MAPPING`.
        revision: of the hub's data; else the environment's `RECRM_REVISION`.
        style: `chat`, or `completion` for base models.
        fewshot: so many examples in every prompt, from records that are not evaluated.
        thinking: tokens that a model may think before it answers.
        enable_thinking: whether a model that can think or not is told to; by default as its chat template has it.
        overflow: `stop` if a prompt does not fit the model's context, or `shorten` it.
        context: tokens of that context; by default what the model's config says.
        tokenizer: of the model, folder or name; needed where Inspect does not know it.
        unknown: anything else is an error, where Inspect would only warn.
    """
    return dimension_task(
        "behavior",
        data=data,
        split=split,
        limit=limit,
        lang=lang,
        prompt_lang=prompt_lang,
        answer=answer,
        seed=seed,
        mapping=mapping,
        revision=revision,
        style=style,
        fewshot=fewshot,
        thinking=thinking,
        enable_thinking=enable_thinking,
        overflow=overflow,
        context=context,
        tokenizer=tokenizer,
        **unknown,
    )
