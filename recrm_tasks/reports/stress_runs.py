"""Answers of stress runs -> their figures, and the flips to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.reports.logged_answers import Answers, Logged
from recrm_tasks.robustness.measured import Measured, measured
from recrm_tasks.robustness.stress_questions import PLAIN, VERSION, question_id, record_and_change
from recrm_tasks.scoring.aggregate.forms import DEFAULT


class StressRun(NamedTuple):
    """One stress run of one harness."""

    answers: dict[str, Answers]
    """By dimension, in their order."""
    form: str
    """Of the hybrid reward."""
    found: Measured

    @property
    def info(self) -> Answers:
        """What all its dimensions have in common."""
        return next(iter(self.answers.values()))

    @property
    def title(self) -> str:
        """What tells it from other runs."""
        info = self.info
        return f"{info.model} in {info.harness}, answers: {info.mode}, data: {info.provenance['source']}"

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know: above all, plain verdicts that are unreadable."""
        lines = [note for one in self.answers.values() for note in one.notes]
        for key, answers in self.answers.items():
            plain = [one for one in answers.outcomes if record_and_change(one.id)[1] == PLAIN]
            reasons = Counter(one.reason for one in plain if one.reason is not None)
            if reasons:
                why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
                lines.append(
                    f"{self.title}: {reasons.total():,} of {len(plain):,} plain verdicts of {key} are unreadable "
                    f"({why}); they are in no flip"
                )
        now = {key: (dimension_of(key).version, VERSION) for key in self.answers}
        asked = {
            key: (one.provenance.get("prompt_version"), one.provenance.get("stress"))
            for key, one in self.answers.items()
        }
        if asked != now:
            lines.append(f"{self.title}: it was asked by another version of the task than the installed one")
        if self.found.left_out:
            lines.append(f"{self.title}: the reward is without {', '.join(self.found.left_out)}")
        return lines

    @property
    def readable(self) -> bool:
        """Whether any plain verdict can be read."""
        return len(self.found.left_out) < len(self.answers)


class Flip(NamedTuple):
    """A verdict that came down to something else on the changed record."""

    dimension: str
    record: str
    change: str
    before: float
    after: float
    plain: Logged
    changed: Logged


def stress_runs(answers: Sequence[Answers], form: str = DEFAULT) -> list[StressRun]:
    """The runs that answers of stress runs are of, by model, harness and answer mode.

    Args:
        answers: of stress runs, by dimension.
        form: of the hybrid reward.
    """
    grouped: dict[tuple[object, ...], dict[str, Answers]] = {}
    for one in answers:
        grouped.setdefault((one.model, one.harness, one.mode, one.logs), {})[one.dimension] = one
    found = []
    for key in sorted(grouped, key=lambda key: tuple(map(str, key))):
        own = {name: grouped[key][name] for name in dimensions() if name in grouped[key]}
        found.append(StressRun(own, form, measured({name: one.outcomes for name, one in own.items()}, form)))
    return found


def flips(run: StressRun, count: int) -> Iterator[Flip]:
    """Flips whose texts were kept: of each dimension and change the first ones, those of a fooled judge before others.

    Args:
        run: a stress run.
        count: at most this many of each.
    """
    for key, by_change in run.found.pairs.items():
        texts = {logged.outcome.id: logged for logged in run.answers[key].kept}
        for change, pairs in by_change.items():
            flipped = np.flatnonzero(pairs.raised | pairs.lowered)
            order = sorted(flipped.tolist(), key=lambda row: (not pairs.fooled[row], pairs.records[row]))
            shown = [row for row in order if question_id(pairs.records[row], change) in texts]
            for row in shown[:count]:
                record = pairs.records[row]
                yield Flip(
                    dimension=key,
                    record=record,
                    change=change,
                    before=float(pairs.before[row]),
                    after=float(pairs.after[row]),
                    plain=texts[question_id(record, PLAIN)],
                    changed=texts[question_id(record, change)],
                )
