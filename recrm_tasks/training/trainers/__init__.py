"""The trainers that training sets are written for, one file each."""

from __future__ import annotations

from recrm_tasks.errors import RecrmError
from recrm_tasks.training.rows import SET_KINDS, SetKind
from recrm_tasks.training.trainers.llama_factory import LLAMA_FACTORY
from recrm_tasks.training.trainers.ms_swift import MS_SWIFT
from recrm_tasks.training.trainers.openrlhf import OPENRLHF
from recrm_tasks.training.trainers.trainer import Target, Trainer
from recrm_tasks.training.trainers.trl import TRL
from recrm_tasks.training.trainers.verl import VERL

TRAINERS: dict[str, Trainer] = {one.name: one for one in (TRL, MS_SWIFT, VERL, OPENRLHF, LLAMA_FACTORY)}
"""By name."""


def target(trainer: str, kind: str) -> tuple[Trainer, SetKind, Target]:
    """How a trainer takes a kind of set.

    Raises:
        RecrmError: there is no such trainer or kind, or the trainer does not take it.
    """
    if trainer not in TRAINERS:
        raise RecrmError(f"--for must be one of {', '.join(TRAINERS)}, not {trainer!r}")
    known = next((one for one in SET_KINDS if one == kind), None)
    if known is None:
        raise RecrmError(f"--as must be one of {', '.join(SET_KINDS)}, not {kind!r}")
    chosen = TRAINERS[trainer]
    if known not in chosen.takes:
        others = [one.name for one in TRAINERS.values() if known in one.takes]
        raise RecrmError(
            f"{trainer} does not take {known}: it takes {', '.join(chosen.kinds)}; {known} can be written for "
            f"{', '.join(others)}"
        )
    return chosen, known, chosen.takes[known]
