"""Runs of agents on the same samples, judged alike -> the paired difference of their hybrid rewards."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from recrm_tasks.reports.agent_runs import AgentRun, Listed
from recrm_tasks.reports.compare_entries import MOST, EntryDifference, corrected
from recrm_tasks.reports.compare_runs import MetricDifference
from recrm_tasks.scoring.compare.difference import Difference
from recrm_tasks.scoring.compare.paired import of_means


def compare_agents(runs: Sequence[Listed]) -> tuple[list[EntryDifference], list[str]]:
    """Every two whole runs on the same samples that one judge judged in the same way.

    The samples are the same if their ids, their epochs and what the agents were asked are. Each must have a reward in
    both runs, and of the same parts: a reward without its missing parts is of something else.

    Args:
        runs: of one task.

    Returns:
        The differences of the rewards by the chosen form, their p corrected over all of them; and one line for each two
        runs that differ in what is missing.
    """
    alike: dict[str, list[Listed]] = {}
    for one in runs:
        if one.run.finished:
            asked = {str(place): sample.asked for place, sample in one.run.samples.items()}
            alike.setdefault(json.dumps([one.run.versions, asked], sort_keys=True), []).append(one)
    found: list[EntryDifference] = []
    left: list[str] = []
    several = len({one.run.judge for one in runs}) > 1
    for group in alike.values():
        best = sorted(group, key=lambda one: -one.run.numbers.get("reward", -1.0))[:MOST]
        if len(group) > MOST:
            left.append(f"only the {MOST} agents with the highest rewards by {group[0].run.judge} are compared")
        judged = f", judged by {group[0].run.judge}" if several else ""
        for first, second in combinations([one for one in group if one in best], 2):
            if problem := _problem(first.run, second.run):
                left.append(f"the agents {first.name} and {second.name}{judged} are not compared: {problem}")
                continue
            row = MetricDifference("", "all", "reward", _difference(first.run, second.run), math.nan)
            found.append(EntryDifference(first.compared + judged, second.compared + judged, row))
    return corrected(found), left


def _problem(first: AgentRun, second: AgentRun) -> str:
    """Why the rewards of two runs are not of the same things; empty if they are."""
    pairs = [(sample.judged, second.samples[place].judged) for place, sample in first.samples.items()]
    if any(one.reward is None or other.reward is None for one, other in pairs):
        return "some samples have no reward"
    different = sum(_known(one.parts) != _known(other.parts) for one, other in pairs)
    if different and first.versions.get("missing") != "zero":
        return (
            f"other parts are missing in {different} of {len(pairs)} samples, so their rewards are of other things; "
            "judge both with missing='zero'"
        )
    return ""


def _known(parts: Mapping[str, float | None]) -> set[str]:
    return {key for key, part in parts.items() if part is not None}


def _difference(first: AgentRun, second: AgentRun) -> Difference:
    """Second minus first. Samples of one user, or epochs of one sample, are one cluster."""
    places = sorted(first.samples)
    one, other = (
        np.array([run.samples[place].judged.reward for place in places], dtype=np.float64) for run in (first, second)
    )
    names = [first.samples[place].judged.cluster for place in places]
    _, clusters = np.unique(names, return_inverse=True)
    return of_means(one, other, None if len(set(names)) == len(names) else clusters.astype(np.int64))
