"""Where numbers and answers come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.dimensions.suites import RECRM, Suite, suites
from recrm_tasks.errors import DataError

DECISIVE = (
    "revision", "subfolder", "dtype", "torch_dtype", "quantization", "load_in_4bit", "load_in_8bit", "gguf_file",
    "tokenizer", "tokenizer_path", "add_bos_token", "chat_template", "use_chat_template", "chat_template_args",
    "enable_thinking", "think_end_token", "do_sample", "logprobs_mode", "api", "reads", "classes",
)  # fmt: skip
"""Arguments of models on which answers depend. Others, such as an address, a device or a batch size, may differ between
the machines that a run is divided among."""


_OF_MODEL = ("model argument ", "chat template", "system instruction")


class LoggedShard(NamedTuple):
    """Which part of a run a log is of."""

    number: int
    """From 1."""
    of: int
    """The number of parts."""
    rows: int
    """The number of records in this part."""

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class RunInfo:
    """One dimension of one run, whichever harness made it."""

    file: Path
    harness: str
    model: str
    dimension: str
    mode: str
    """The answer mode: `generate` or `logprob`."""
    provenance: dict[str, Any]
    """What the run logged about its data, prompts and versions."""
    weights: tuple[str, ...] = field(default=(), kw_only=True)
    """Where the harness loaded the model from, as it logged it: folders, or names on the hub. An adapter comes before
    the model below it. Relative folders are relative to where the harness ran."""
    harness_settings: dict[str, Any] = field(default_factory=dict, kw_only=True)
    """The harness's own settings on which answers depend, by what they are called in messages. The provenance does not
    have them, since tasks do not get to know them."""
    repeats: int = field(default=1, kw_only=True)
    """How often the harness asked each question: its epochs."""
    began: datetime | None = field(default=None, kw_only=True)
    """When the harness began to ask, with its time zone; of shards, the first one. None if the log does not say it."""
    parts: tuple[Path, ...] = field(default=(), kw_only=True)
    """The logs of its shards, if it was put together from shards; `file` is the first of them."""

    @property
    def logs(self) -> tuple[Path, ...]:
        """All files that it is from."""
        return self.parts or (self.file,)

    @property
    def named(self) -> str:
        """Its file; of a run that was put together from shards, the first one and their number."""
        count = len(self.parts)
        return f"{self.file} ({count} shard{'s' if count > 1 else ''})" if count else str(self.file)

    @property
    def shard(self) -> LoggedShard | None:
        """The part of a run that it is; None if it is whole, also if it was put together from shards.

        Raises:
            DataError: the log does not say it in a form that this version can read.
        """
        entry = self.provenance.get("shard")
        if entry is None:
            return None
        try:
            return LoggedShard(int(entry["number"]), int(entry["of"]), int(entry["rows"]))
        except (LookupError, TypeError, ValueError):
            raise DataError(f"{self.file}: it does not say which shard it is of, but {entry!r}") from None

    @property
    def model_settings(self) -> dict[str, Any]:
        """The harness's settings that make another model of the same weights, or other prompts of the same questions:
        the precision, the chat template, a system prompt. How answers are generated may differ between dimensions."""
        return {name: value for name, value in self.harness_settings.items() if name.startswith(_OF_MODEL)}

    @property
    def rescored(self) -> list[dict[str, Any]]:
        """Each time that `recrm rescore` read the answers again, the last one at the end; see `Rescored.to_json`."""
        found: list[dict[str, Any]] = self.provenance.get("rescored", [])
        return found

    @property
    def reader_version(self) -> int:
        """The version of the dimension that read the answers; `prompt_version` is the one that asked."""
        entry = self.rescored[-1]["now"]["task_version"] if self.rescored else self.provenance["prompt_version"]
        version: int = entry
        return version

    @property
    def suite(self) -> Suite | None:
        """The suite that its log names; None if its dimension is in none. Logs of version 0.1.0 are of `recrm`.

        Raises:
            DataError: that suite is not installed.
        """
        named = self.provenance.get("suite", {"name": RECRM.name})
        if named is None:
            return None
        if named["name"] not in suites():
            raise DataError(
                f"{self.file}: this run is of suite {named['name']!r}, which is not installed; the suites here are "
                f"{', '.join(suites())}"
            )
        return suites()[named["name"]]
