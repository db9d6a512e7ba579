"""What a user chooses of a training set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from recrm_tasks.answers.prompt import Ask, Lang, Mode, Style
from recrm_tasks.training.rows import SetKind

Shares: TypeAlias = Literal["natural", "balanced"]
"""How often each label occurs: as in the data, or equally often within each language."""
SHARES: tuple[Shares, ...] = ("natural", "balanced")

Pairs: TypeAlias = Literal["verdict", "content"]
"""What pairs differ in. `verdict`: the answer to one question. `content`: the response or item in one situation."""
PAIRS: tuple[Pairs, ...] = ("verdict", "content")


@dataclass(frozen=True)
class SetOptions:
    """The options of a training set. None is the default of the kind, or no choice."""

    kind: SetKind
    data: str | None = None
    dimensions: tuple[str, ...] | None = None
    """None for all that the source has records of."""
    split: str | None = None
    mapping: str | None = None
    revision: str | None = None
    lang: Lang | None = None
    """Only records in this language."""
    prompt_lang: Lang | None = None
    shares: Shares = "natural"
    limit: int | None = None
    """The most rows of each dimension."""
    seed: int = 0
    style: Style = "chat"
    pairs: Pairs = "verdict"
    better: int = 1
    """Of content pairs: with how many better ones each worse content is paired, where there are that many."""
    answer: Mode | None = None
    ask: Ask | None = None

    @property
    def mode(self) -> Mode:
        """How answers are written: for classifiers and reward models as `recrm-rm` asks them, else as generated."""
        return self.answer or ("logprob" if self.kind in ("classes", "pairs") else "generate")

    @property
    def asked(self) -> Ask:
        """How lists are asked about: classes are of single candidates."""
        return self.ask or ("item" if self.kind == "classes" else "list")
