"""Writes the Inspect task files in `recrm_tasks`: one per dimension, `bench.py`, `stress.py`. `make generated` runs it.

Inspect finds a task only if `@task` is above a top-level function in the file, and reads the parameters from the
function's signature. So each file repeats the options, which are declared once, in `inspect_tasks.options`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill

import recrm_tasks
from inspect_tasks.options import BenchOptions, StressOptions, TaskOptions
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.prompting.options import Option, declared

_FILE = '''"""{summary}

    inspect eval recrm_tasks/{name}.py --model openai/gpt-4.1 -T data=sample

RecRM-Bench: arXiv 2605.11874. docs/tasks.md describes the parameters, docs/metrics.md the metrics.
This file is generated: after a change of the dimension or of an option run `make generated`.
"""

import sys
from pathlib import Path

from inspect_ai import Task, task

try:
    from inspect_tasks import {function}
except ModuleNotFoundError as error:  # run by path from a clone that is not installed
    if error.name != "inspect_tasks":
        raise
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from inspect_tasks import {function}


@task
def {name}(
{signature}
    **unknown: object,
) -> Task:
    """{title}.

    Args:
{arguments}
        unknown: Other parameters are an error. Inspect by itself would only warn.
    """
    return {function}({call}**locals())
'''


def task_files() -> dict[str, str]:
    """The text of every task file, by the name of its task."""
    columns = ", ".join(dimension.column for dimension in RECRM.dimensions.values())
    files = {key: _dimension_file(dimension) for key, dimension in dimensions().items()}
    files["bench"] = _file(
        name="bench",
        title="All dimensions of a suite",
        summary=f"All dimensions of a suite in one run; by default those of the paper ({columns}).",
        function="bench_task",
        call="",
        options=declared(BenchOptions).values(),
    )
    files["stress"] = _file(
        name="stress",
        title="Records as they are and with planted changes",
        summary="Can the judge be fooled? Records as they are and with planted changes: docs/stress.md.",
        function="stress_task",
        call="",
        options=(option for option in declared(StressOptions).values() if not option.for_lists),
    )
    return files


def _dimension_file(dimension: Dimension) -> str:
    title = dimension.title[:1].upper() + dimension.title[1:]
    has_lists = "candidates" in dimension.kind.gold_fields
    return _file(
        name=dimension.key,
        title=title,
        summary=f"{title} ({dimension.column}): {dimension.asks}",
        function="dimension_task",
        call=f'"{dimension.key}", ',
        options=(option for option in declared(TaskOptions).values() if has_lists or not option.for_lists),
    )


def _file(name: str, title: str, summary: str, function: str, call: str, options: Iterable[Option]) -> str:
    options = list(options)
    return _FILE.format(
        name=name,
        title=title,
        summary=summary,
        function=function,
        call=call,
        signature="\n".join(f"    {option.name}: {_type(option)} = {_literal(option.default)}," for option in options),
        arguments="\n".join(
            fill(f"{option.name}: {option.help_with_default}", 120, initial_indent=" " * 8, subsequent_indent=" " * 12)
            for option in options
        ),
    )


def _type(option: Option) -> str:
    return option.values.type + (" | None" if option.default is None else "")


def _literal(default: object) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


def main() -> None:
    """Writes the files, and says which of them changed."""
    folder = Path(recrm_tasks.__file__).parent
    for name, text in task_files().items():
        file = folder / f"{name}.py"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"written: {file}")


if __name__ == "__main__":
    main()
