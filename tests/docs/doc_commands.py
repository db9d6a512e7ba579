"""The commands of a page, in its order: bash itself reads them, and hands over the words of each."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from markdown_pages import Block, blocks

SHELL = {"sh", "bash", "shell", "console"}
NOT_SHELL = {"python", "json", "yaml", "bibtex", "text"}
"""The other languages of fenced blocks. The `run:` lines of YAML are commands too."""
PROGRAMS = ("accelerate", "git", "hf", "inspect", "lm_eval", "make", "pip", "python", "recrm", "vllm")
"""Code within a line that begins with one of these and goes on is a command. In a fenced block everything is one."""
SCRIPT = r"[\w/]+\.py"

REWRITTEN = [
    (r"(?m)^\$ ", ""),  # the prompt of a console
    (r"(\S*/)?bin/(\w+)", r"\2"),  # a program by its path
    (r"\[(?:[\w|]*\|)?([A-Z]+)\]", r"\1"),  # [hub|sample|PATH]: the last one; [DIMENSION]
    (r"\b([A-Z]+)…", r"\1"),  # PATH…: one or more
]
"""What is not shell in our pages, as regular expressions: it becomes shell before bash reads it."""

# Without a PATH, bash calls this function for every program: it writes where we are, the variables, and the words.
HEAD = r"""
exec 9>commands
command_not_found_handle() {
  printf '%s\0' "$AT" >&9
  for name in $(compgen -e); do printf '%s=%s\0' "$name" "${!name}" >&9; done
  printf '\1\0' >&9
  printf '%s\0' "$@" >&9
  printf '\2\0' >&9
}
"""
OF_BASH = {"PWD", "OLDPWD", "SHLVL", "_", "PATH"}


class Command(NamedTuple):
    """One call of a program."""

    where: str
    """The page and the line."""
    in_line: bool
    """Within a line of text, not in a block."""
    words: tuple[str, ...]
    """The program and its arguments, without those that are `…` or contain it."""
    variables: dict[str, str]
    """The environment variables that the page has set by then."""
    whole: bool
    """False if words were left out."""

    @property
    def text(self) -> str:
        """The words in a row, to find the command by."""
        return " ".join(self.words)


def is_command(code: str) -> bool:
    """Whether code within a line is a command: a program with at least one argument, perhaps after variables."""
    return bool(re.match(rf"(\w+=\S+ )*(\S*bin/)?({'|'.join(PROGRAMS)}|{SCRIPT}) ", code))


def steps(found: Any, outer: dict[str, str] | None = None) -> Iterator[tuple[dict[str, str], str]]:
    """The `run:` lines anywhere in a YAML document, with the variables of their step and of what it is in."""
    variables = outer or {}
    if isinstance(found, dict):
        variables = {**variables, **(found.get("env") or {})}
        if isinstance(found.get("run"), str):
            yield variables, found["run"]
        found = list(found.values())
    for below in found if isinstance(found, list) else ():
        yield from steps(below, variables)


def scripts(block: Block) -> Iterator[str]:
    """The shell code in a block."""
    if block.language is None:
        if is_command(block.code):
            yield block.code
    elif block.language in SHELL:
        yield block.code
    elif block.language == "yaml":
        for variables, run in steps(yaml.safe_load(block.code)):
            settings = "".join(f"export {name}='{value}'\n" for name, value in variables.items())
            yield f"(\n{settings}{run}\n)"


@cache
def commands(page: str) -> tuple[Command, ...]:
    """All commands of a page.

    Raises:
        ValueError: bash does not understand the page.
    """
    code = HEAD
    for block in blocks(page):
        for script in scripts(block):
            for pattern, shell in REWRITTEN:
                script = re.sub(pattern, shell, script)
            code += f"AT='{block.where}{' in a line' if block.language is None else ''}'\n{script}\n"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["/bin/bash", "-c", code], cwd=folder, env={"PATH": "/nowhere"}, capture_output=True, text=True, timeout=60
        )
        if done.stderr:
            raise ValueError(f"{page}: {done.stderr}")
        records = (Path(folder) / "commands").read_text(encoding="utf-8").split("\0\2\0")[:-1]
    return tuple(_command(record, folder) for record in (r.lstrip("\0") for r in records))


def _command(record: str, folder: str) -> Command:
    head, _, tail = record.partition("\0\1\0")
    where, *settings = head.split("\0")
    variables = dict(setting.partition("=")[::2] for setting in settings)
    words = [word.replace(folder, ".") for word in tail.split("\0")]
    kept = tuple(word for word in words if "…" not in word)
    place, _, in_line = where.partition(" ")
    return Command(
        place,
        bool(in_line),
        kept,
        {k: v for k, v in variables.items() if k not in OF_BASH and "…" not in v},
        len(kept) == len(words),
    )
