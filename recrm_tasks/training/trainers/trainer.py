"""What a trainer takes: its kinds of sets, the form of their rows, and the command that names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import pyarrow as pa

from recrm_tasks.training.rows import Row, SetKind

JSONL, PARQUET = "train.jsonl", "train.parquet"

TooLong: TypeAlias = Literal["shortens them", "drops them", "stops at them"]
"""What a trainer does with rows that are longer than its limit. All but `stops` are silent."""


class Made(NamedTuple):
    """What a command needs to know of a set."""

    folder: str
    """Its path, as the command names it."""
    plain: bool
    """Whether rows are plain text, for base models."""
    length: int | None
    """The limit of a row in tokens; None if tokens were not counted."""
    classes: tuple[str, ...]
    """The names of the classes in the order of their numbers; empty for other kinds."""
    margins: bool
    """Whether pairs differ in their margins."""
    trained_as: str
    """The call that completes the config of the trained reward model OUT; empty if it is none."""

    def limit(self, option: str) -> str:
        """The option with the limit, or nothing."""
        return "" if self.length is None else f" {option}{self.length}"


@dataclass(frozen=True)
class Target:
    """How one trainer takes one kind of set."""

    row: Callable[[Row, bool], dict[str, Any]]
    """The row in the trainer's form; the flag says whether it is plain text."""
    command: Callable[[Made], str]
    default_length: int | None
    """The trainer's own limit of tokens; None if it has none, or takes the model's."""
    too_long: TooLong
    length_option: str
    """How its command names the limit; empty if only the model's context limits it."""
    with_answer: bool = True
    """Whether the answer of a row counts, or the question alone is the model's input."""
    room: int = 0
    """Tokens that the limit must hold besides: a completion, or what a trainer's own templates add."""
    schema: pa.Schema | None = None
    """Of a Parquet file; None for JSON Lines."""
    files: Callable[[Made], Mapping[str, str]] = field(default=lambda made: {})
    """Further files that the command needs, by name."""
    plain: bool = False
    """Whether it takes plain text, for base models."""

    @property
    def file(self) -> str:
        """The name of the file with the rows."""
        return JSONL if self.schema is None else PARQUET


@dataclass(frozen=True)
class Trainer:
    """A trainer by the name of its package."""

    name: str
    version: str
    """The one whose code the tests load sets with."""
    takes: Mapping[SetKind, Target]

    @property
    def kinds(self) -> Sequence[SetKind]:
        """The kinds that it takes."""
        return tuple(self.takes)


REWARD = "judge: gold\n"
"""The content of reward.yaml: a completion is compared with the record's own label."""
