"""What a person has to decide about a source, with every answer that could be meant."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel

_WIDTH = 110
_FILES = 5
"""Files that are named at most."""
_MOST = 40
"""Answers that are listed at most."""


class Choice(NamedTuple):
    """One possible answer."""

    part: Mapping[str, Any]
    """Keys of a source in mapping.yaml, with their values."""
    says: str = ""
    """What it means, in a few words."""


@dataclass(frozen=True)
class Doubt:
    """One question."""

    what: str
    choices: tuple[Choice, ...]
    example: str = ""
    """A whole prompt, so that a person can tell what its label means."""
    source: int = 0
    """The place of the source among those of its dimension."""

    def __str__(self) -> str:
        lines = [self.what, *(f"    {line}" for choice in self.choices[:_MOST] for line in choice_lines(choice))]
        if self.example:
            lines += ["  for example:", *(f"  | {line}".rstrip() for line in wrapped(self.example))]
        return "\n".join(lines)

    def of(self, files: Sequence[str]) -> Doubt:
        """The same, with the files that it is about, each of which the answer is for."""
        if len(files) == 1:
            return replace(self, what=f"{files[0]}: {self.what}")
        shown = ", ".join(files[:_FILES]) + (f" and {len(files) - _FILES} more" if len(files) > _FILES else "")
        apart = "a file for which another one is right needs an entry of its own in `sources`"
        return replace(self, what=f"{shown}: {self.what} (One answer for all {len(files)} files; {apart}.)")

    def at(self, source: int) -> Doubt:
        """The same, about another source."""
        return replace(self, source=source)

    def comment(self) -> Iterator[str]:
        """Lines for mapping.yaml, below the source: each answer is a line to be uncommented."""
        yield from (f"# {line}" for line in wrapped(f"To decide: {self.what}"))
        if self.example:
            yield from (f"#   | {line}".rstrip() for line in wrapped(self.example))
        yield "# Remove the # of one answer:"
        for choice in self.choices[:_MOST]:
            yield from (f"#{line}" for line in choice_lines(choice))


def choice_lines(choice: Choice) -> list[str]:
    """An answer as YAML: a line per key."""
    lines = [_flow({key: _plain(value)}) for key, value in choice.part.items()]
    if choice.says:
        lines[0] += f"   # {choice.says}"
    return lines


def _plain(value: Any) -> Any:
    """A value with the parts of a mapping in it as YAML has them."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    return {key: _plain(part) for key, part in value.items()} if isinstance(value, dict) else value


def _flow(part: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        dict(part), default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return text.strip()[1:-1]


def wrapped(text: str) -> list[str]:
    """A text in lines that fit a terminal; its own line breaks stay."""
    return [part for line in text.splitlines() for part in textwrap.wrap(line, _WIDTH) or [""]]
