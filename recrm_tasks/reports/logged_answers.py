"""What a run answered to each record of one dimension, whichever harness made it."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.scoring.outcomes import Outcome

Turns = tuple[tuple[str, str], ...]
"""The role and text of each turn of a prompt, before any chat template."""


class Logged(NamedTuple):
    """One line of a harness's log."""

    dimension: str
    outcome: Outcome
    turns: Turns
    lang: str
    target: str
    """The right answer, to be shown."""
    said: str
    """What the model wrote, or the log-probability of each allowed answer."""
    unseen: bool = False
    """The provider did not report the log-probability of every allowed answer."""


@dataclass(frozen=True)
class Answers(RunInfo):
    """The outcomes of one dimension and where they come from."""

    unfinished: str = ""
    """What is missing from the run, in words; empty if nothing is."""
    max_texts: int = 0
    """Keep the texts of at most this many records: those whose ids have the smallest hashes, so that runs on the same
    records keep the same ones."""
    outcomes: list[Outcome] = field(default_factory=list)
    """As the harness logged them; several of one id where a record was asked several times."""
    prompts: dict[str, str] = field(default_factory=dict)
    """A hash of the prompt, by record."""
    targets: dict[int, str] = field(default_factory=dict)
    """The name of each label, with its letter: `B (inconsistent)`. Of logs without label sets only of gold labels."""
    unseen: list[str] = field(default_factory=list)
    """The ids of records with an allowed answer whose log-probability was not reported."""
    notes: list[str] = field(default_factory=list)
    """What a reader must know of how it was put together from shards."""
    _kept: list[tuple[int, int, Logged]] = field(default_factory=list)

    @classmethod
    def joined(cls, shards: Sequence[Answers], info: RunInfo, unfinished: str, notes: list[str]) -> Answers:
        """The answers of all shards of a run, one shard after the other. No metric depends on the order of outcomes.

        Args:
            shards: those of its parts.
            info: what is known of the run.
            unfinished: as the field.
            notes: as the field.
        """
        most = shards[0].max_texts
        found = cls(**vars(info), unfinished=unfinished, max_texts=most, notes=notes)
        for shard in shards:
            found._kept.extend((hashed, turn - found.n, sample) for hashed, turn, sample in shard._kept)
            found.outcomes.extend(shard.outcomes)
            found.prompts.update(shard.prompts)
            found.targets.update({gold: name for gold, name in shard.targets.items() if gold not in found.targets})
            found.unseen.extend(shard.unseen)
        found._kept[:] = heapq.nlargest(most, found._kept)
        return found

    @property
    def finished(self) -> bool:
        """Whether it has all answers that were to be given."""
        return not self.unfinished

    @property
    def n(self) -> int:
        """The number of answers."""
        return len(self.outcomes)

    def same_as(self, other: Answers) -> bool:
        """Whether every outcome is the same."""
        return self.outcomes == other.outcomes

    def add(self, sample: Logged, labels: Callable[[], Mapping[int, str]] | None = None) -> None:
        """Adds one.

        Args:
            sample: what was answered.
            labels: gives the names of all labels of its label set; it is called while some have no name.
        """
        name = sample.outcome.id
        self.outcomes.append(sample.outcome)
        self.prompts[name] = prompt_hash(sample.turns)
        if sample.unseen:
            self.unseen.append(name)
        if isinstance(sample.outcome.gold, int):
            self.targets.setdefault(sample.outcome.gold, sample.target)
            if labels is not None and len(self.targets) < len(sample.outcome.values):
                self.targets.update(labels())
        if self.max_texts:
            place = -int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
            put = heapq.heappush if len(self._kept) < self.max_texts else heapq.heappushpop
            put(self._kept, (place, -len(self.outcomes), sample))

    @property
    def kept(self) -> list[Logged]:
        """Those whose texts were kept, in the order of the log."""
        return [sample for _, _, sample in sorted(self._kept, key=lambda entry: -entry[1])]


def label_names(dimension: str, prompt: Prompt) -> dict[int, str]:
    """The name of each label of a prompt, as its target has it; empty where answers are no labels."""
    kind = dimension_of(dimension).kind
    return {i: kind.shown(i, prompt) for i in range(len(prompt.words))} if kind.has_labels else {}


def prompt_hash(turns: Iterable[tuple[str, str]]) -> str:
    """A hash of a prompt."""
    text = json.dumps(list(turns), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
