"""docs/metrics.md lists every declared metric, and says of each what its declaration says."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.answers.kind import Kind
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.metric import Metric

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
KINDS: dict[str, Kind[Any]] = {d.kind.name: d.kind for d in dimensions().values()}
INTERVALS = {"share": "Wilson", "area": "logit", "normal": "± 1.96 errors", "none": "–"}
BETTER = {"higher": "higher", "lower": "lower", "neither": "–"}


def interval(metric: Metric[Any]) -> str:
    """As `Metric.interval` documents its default."""
    return INTERVALS[metric.interval or ("share" if (metric.low, metric.high) == (0.0, 1.0) else "normal")]


def cells(metric: Metric[Any]) -> tuple[str, ...]:
    """The names of a metric, its meaning, which way is better, its range, and its interval."""
    names = ", ".join(f"`{name}`" for name in metric.names)
    spread = f"from {metric.low:g}" if math.isinf(metric.high) else f"{metric.low:g} to {metric.high:g}"
    return names, metric.means, BETTER[metric.better], spread.replace("-", "−"), interval(metric)


def of_one_dimension() -> set[tuple[str, ...]]:
    """A row for each metric, with the kinds of answers that have it."""
    kinds: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, kind in KINDS.items():
        for metric in dict.fromkeys(kind.declared.values()):
            kinds[cells(metric)].append(name)
    return {(row[0], "all" if len(names) == len(KINDS) else ", ".join(names), *row[1:]) for row, names in kinds.items()}


def of_a_suite() -> set[tuple[str, ...]]:
    return {cells(metric) for metric in DECLARED.values()}


def table(heading: str) -> list[tuple[str, ...]]:
    """The rows of the first table under a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = section[section.index("\n|") + 1 :].partition("\n\n")[0].splitlines()
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


@pytest.mark.parametrize(
    ("heading", "declared"),
    [("Metrics of one dimension", of_one_dimension()), ("Metrics of a suite", of_a_suite())],
)
def test_the_page_lists_what_is_declared(heading: str, declared: set[tuple[str, ...]]) -> None:
    rows = table(heading)
    missing = ["| " + " | ".join(row) + " |" for row in sorted(declared - set(rows))]
    assert not missing, "docs/metrics.md has no such line:\n" + "\n".join(missing)
    assert set(rows) <= declared, set(rows) - declared
    assert len(rows) == len(set(rows))


def test_the_version_of_the_papers_suite_is_explained() -> None:
    """`recrm` is at version 1 + 3 + …: its revision, then its dimensions in their order."""
    found = re.search(r"at version ((?:\d+ \+ )+\d+) = (\d+)", PAGE)
    assert found is not None
    summands = [int(number) for number in found[1].split(" + ")]
    assert summands == [RECRM.revision, *(dimension.version for dimension in RECRM.dimensions.values())]
    assert int(found[2]) == RECRM.version
