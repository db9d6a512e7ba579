"""The runs of `variance.py` -> tables in Markdown: means over seeds with 95 % intervals (Student's t)."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy.stats import t

JUDGES = ("hard", "soft", "noisy", "votes")
REWARDS = ("outcome", "stratified", "gated", "weighted", "geometric", "normalised")
KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")

Run = Mapping[str, Any]


def _early(run: Run) -> Sequence[Mapping[str, Any]]:
    """The first third of its steps."""
    return run["steps"][: len(run["steps"]) // 3]


def _late(run: Run) -> Sequence[Mapping[str, Any]]:
    """The last sixth."""
    return run["steps"][-(len(run["steps"]) // 6) :]


def _mean_of(name: str) -> Callable[[Run], float]:
    return lambda run: statistics.fmean(step[name] for step in _early(run))


def _estimated(size: str) -> Callable[[Run], float]:
    return lambda run: run["estimated"][size] if run["estimated"] else math.nan


def _relative(run: Run) -> float:
    """The variance of the gradient's norm over its squared mean."""
    norms = [step["norm"] for step in _early(run)]
    mean = statistics.fmean(norms)
    return statistics.variance(norms) / mean**2 if mean else math.nan


def _at_end(*keys: str) -> Callable[[Run], float]:
    return lambda run: statistics.fmean(step["gold"][key] for step in _late(run) for key in keys)


EARLY: Mapping[str, Callable[[Run], float]] = {
    "dead groups of 8": _mean_of("dead"),
    "as estimated": _estimated("8"),
    "dead groups of 4": _mean_of("dead of 4"),
    "as estimated ": _estimated("4"),
    "deviation of the reward in a group": _mean_of("spread"),
    "variance of the advantage": _mean_of("advantage"),
    "relative variance of the gradient norm": _relative,
}
"""Over the first third of the steps."""
END: Mapping[str, Callable[[Run], float]] = {
    "mean of the parts": _at_end(*KEYS),
    **{key: _at_end(key) for key in KEYS},
    "dead groups of 8": lambda run: statistics.fmean(step["dead"] for step in _late(run)),
}
"""Over the last sixth of the steps; parts are as a judge without error gives them."""


def print_tables(folder: Path) -> None:
    """Prints them, of the seeds for which all arms of a judge are there."""
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")]
    runs.sort(key=lambda run: run["seed"])
    for judge in JUDGES:
        of_judge = [run for run in runs if run["judge"] == judge]
        seeds = [seed for seed in sorted({run["seed"] for run in of_judge}) if _whole(of_judge, seed)]
        if not seeds:
            continue
        arms = {
            reward: [run for run in of_judge if run["reward"] == reward and run["seed"] in seeds] for reward in REWARDS
        }
        steps = len(of_judge[0]["steps"])
        cpu = statistics.fmean(run["cpu_s"] for run in of_judge)
        print(f"\nJudge: {judge}. {len(seeds)} seeds, {steps} steps, {cpu:.1f} s of CPU a run.\n")
        _print(arms, EARLY)
        print()
        _print(arms, END)
        print(f"\nThe same less that of {REWARDS[0]}, seed by seed:\n")
        _print(arms, {**END, "relative variance of the gradient norm": _relative}, arms[REWARDS[0]])


def _whole(runs: Sequence[Run], seed: int) -> bool:
    return {run["reward"] for run in runs if run["seed"] == seed} == {*REWARDS}


def _print(
    arms: Mapping[str, Sequence[Run]], figures: Mapping[str, Callable[[Run], float]], less: Sequence[Run] = ()
) -> None:
    print(f"| reward | {' | '.join(figures)} |")
    print("|---" * (len(figures) + 1) + "|")
    for reward, runs in arms.items():
        if less:
            pairs = list(zip(runs, less, strict=True))
            cells = [_cell([figure(run) - figure(other) for run, other in pairs]) for figure in figures.values()]
        else:
            cells = [_cell([figure(run) for run in runs]) for figure in figures.values()]
        print(f"| {reward} | {' | '.join(cells)} |")


def _cell(values: Sequence[float]) -> str:
    """The mean and half of its interval."""
    if any(map(math.isnan, values)):
        return "–"
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.3f}"
    half = t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:.3f} ± {half:.3f}"
