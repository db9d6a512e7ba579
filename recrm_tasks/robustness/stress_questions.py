"""A record -> its plain question, and one for each change that can be made to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Form
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting.options import Options
from recrm_tasks.robustness.change import Posing, Subject
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.judged_text import with_target

VERSION = 1
"""Rises with every change of what is planted, and of the figures. The questions have their dimensions' versions too."""
PLAIN = "plain"
"""In the place of a change's key: the record as it is."""
_MARK = "~"


def stress_questions(dataset: Dataset, mode: Mode, options: Options, form: Form, record: Any) -> list[Prompt]:
    """The questions of a stress run about one record, the plain one first.

    Each has the id `RECORD~CHANGE`. All of one record, or of one group, are one cluster.

    Args:
        dataset: the records of the run.
        mode: how the answers will be read.
        options: the run's.
        form: style and examples of the prompts.
        record: one of the records.

    Raises:
        DataError: the record has a ready-made prompt, in which nothing can be changed.
        RecrmError: the model was trained on single candidates.
    """
    if options.ask == "item":
        raise RecrmError("a stress run asks about each list as a whole, but this reward model was trained on items")
    if record.messages:
        raise DataError(
            f"{record.id}: its prompt is ready-made (`messages`), and stress runs change the fields that prompts are "
            "made of: map the columns of the texts instead (docs/data.md)"
        )
    posing = Posing(with_target(record, dataset.dimension, options.seed), dataset.labels)
    subject = Subject(dataset.dimension, posing, mode, options.prompt_lang, form, options.seed)
    return list(_questions(subject))


def _questions(subject: Subject) -> Iterator[Prompt]:
    record = subject.record
    group = record.group or record.id
    plain = subject.ask(subject.posing)
    yield plain._replace(id=question_id(record.id, PLAIN), group=group)
    for key, change in CHANGES.items():
        posing = change.make(subject)
        prompt = None if posing is None else subject.ask(posing)
        if prompt is not None and prompt.messages != plain.messages:
            yield prompt._replace(id=question_id(record.id, key), group=group)


def task_version() -> int:
    """The version of the stress tasks: their own and those of all dimensions, so that it rises with any of them."""
    return VERSION + sum(dimension.version for dimension in dimensions().values())


def question_id(record: str, change: str) -> str:
    """The id of a question: a record, and a change or `PLAIN`."""
    return f"{record}{_MARK}{change}"


def record_and_change(question: str) -> tuple[str, str]:
    """The record and the change that a question's id names."""
    record, _, change = question.rpartition(_MARK)
    return record, change
