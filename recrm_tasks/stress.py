"""Can the judge be fooled? Records as they are and with planted changes: docs/stress.md.

    inspect eval recrm_tasks/stress.py --model openai/gpt-4.1 -T data=sample

RecRM-Bench: arXiv 2605.11874. docs/tasks.md describes the parameters, docs/metrics.md the metrics.
This file is generated: after a change of the dimension or of an option run `make generated`.
"""

import sys
from pathlib import Path

from inspect_ai import Task, task

try:
    from inspect_tasks import stress_task
except ModuleNotFoundError as error:  # run by path from a clone that is not installed
    if error.name != "inspect_tasks":
        raise
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from inspect_tasks import stress_task


@task
def stress(
    data: str | None = None,
    split: str | None = None,
    limit: int | str | None = None,
    shard: str | None = None,
    lang: str | None = None,
    prompt_lang: str | None = None,
    seed: int = 0,
    mapping: str | None = None,
    revision: str | None = None,
    style: str = "chat",
    fewshot: int = 0,
    thinking: int = 0,
    thinking_marks: str | None = None,
    close_thinking: bool = False,
    overflow: str = "stop",
    context: int | None = None,
    tokenizer: str | None = None,
    answer: str | None = None,
    enable_thinking: bool | None = None,
    order: str = "balanced",
    dimensions: str | None = None,
    **unknown: object,
) -> Task:
    """Records as they are and with planted changes.

    Args:
        data: `hub`, `sample`, or the path of a file or folder with records. By default the environment variable
            `RECRM_DATA`, else `hub`.
        split: A split of the source, `hash-test`, `hash-train`, or `all`. By default the source's `test`, or what
            docs/data.md says where it has none.
        limit: At most this many records of each dimension, balanced by label and language; `lite` for the fixed choice
            of 1,000. By default all records.
        shard: `i/n`: only the i-th of n parts of these records; the records of one user or query are in one part. By
            default all parts.
        lang: Only records in this language: `zh` or `en`. By default both languages.
        prompt_lang: The language of the prompts: `zh` or `en`. By default each record's own language.
        seed: Seed of the order of the records, and so of `limit` and of the examples.
        mapping: The path of a mapping.yaml, which says what the columns of the source mean. By default the environment
            variable `RECRM_MAPPING`, else what is recognised.
        revision: A branch, tag or commit of the hub's data. By default the environment variable `RECRM_REVISION`, else
            `main`.
        style: `chat`, or `completion` for base models.
        fewshot: Number of examples in each prompt: records with their answers, never evaluated ones.
        thinking: Tokens for the model's thinking, in addition to the 256 of an answer.
        thinking_marks: How a model marks its thinking, if its family is not known: `<plan>...</plan>`. By default the
            known families, listed in docs/models.md.
        close_thinking: Closes in the prompt the thinking that the chat template opens, so that the model answers at
            once.
        overflow: What to do with a prompt that does not fit the model's context: `stop` the run, or `shorten` the
            prompt.
        context: The model's context in tokens. By default what the model's arguments or its config say.
        tokenizer: The model's tokenizer: a folder or a name. By default the model's own, where the harness knows it.
        answer: `generate` an answer, or read the `logprob` of each allowed answer. By default `generate`; of a reward
            model, which writes no text, `logprob`.
        enable_thinking: Switches the thinking of a model on or off: `true` or `false`. By default what its chat
            template does.
        order: The order of the questions: `balanced`, of which the first N are a balanced sample, or `grouped`, in
            which those of one user or query follow one another.
        dimensions: Which dimensions are asked, with commas between them. By default those of the suite `recrm`.
        unknown: Other parameters are an error. Inspect by itself would only warn.
    """
    return stress_task(**locals())
