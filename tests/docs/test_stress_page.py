"""docs/stress.md names every change and every figure of stress runs, and says what is fair."""

from __future__ import annotations

import re
from pathlib import Path

from recrm_tasks.dimensions import dimensions
from recrm_tasks.robustness.change import has_evidence
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.figures import DECLARED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "stress.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """The last cell of each row of the first table under a heading, by each name in the first cell."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {name: cells[-1].strip() for cells in lines for name in re.findall(r"`(\w+)`", cells[0])}


def test_every_change_with_what_is_fair() -> None:
    fair = {}
    for key, change in CHANGES.items():
        by_dimension = {name: change.fair_in(dimension) for name, dimension in dimensions().items()}
        (usual,) = {one for name, one in by_dimension.items() if not has_evidence(dimensions()[name])}
        others = [f"{name}: {one}" for name, one in by_dimension.items() if one != usual]
        fair[key] = "; ".join([usual, *others])
    assert rows("What is changed") == fair


def test_every_figure() -> None:
    assert rows("The figures").keys() | {"clusters"} == DECLARED.keys()
