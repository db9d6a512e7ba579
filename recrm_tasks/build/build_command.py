"""The `build` subcommand of `recrm data`."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recrm_tasks.errors import RecrmError

LIBRARIES = ("polars", "yaml", "jinja2")


def add_build_command(subparsers: Any) -> None:
    """Adds `build` to the subcommands of `recrm data`."""
    parser = subparsers.add_parser("build", help="build records from interaction logs or labelled rows")
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE", help="what to build (YAML)")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="a new folder for the records")
    parser.add_argument(
        "--from", type=Path, dest="source", metavar="DIR", help="where the recipe's files are; by default beside it"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Builds, and prints what was built and what was left out.

    Raises:
        RecrmError: a library is missing, or the recipe, the data or the target folder cannot be used.
    """
    if missing := [name for name in LIBRARIES if find_spec(name) is None]:
        raise RecrmError(f"data build needs {', '.join(missing)}: pip install 'recrm-tasks[build]'")
    from recrm_tasks.build.make import build

    report = build(options.recipe, options.source or options.recipe.parent, options.to)
    for name, file in report["files"].items():
        if "written_as" in file:
            print(f"{name}: written as {file['written_as']}")
    for name, part in report["parts"].items():
        print(f"{name}: {_line(part)}")
        for reason, count in part.get("ids", {}).items():
            print(f"  ids: {count} {reason}")
        for reason, count in part["left_out"].items():
            print(f"  left out: {count} {reason}")
    print(f"written to {options.to}")
    return 0


def _line(part: dict[str, Any]) -> str:
    made = ", ".join(f"{count} {unit}" for unit, count in part.items() if isinstance(count, int))
    splits = ", ".join(f"{name}: {count}" for name, count in part.get("splits", {}).items())
    return f"{made} ({splits})" if splits else made
