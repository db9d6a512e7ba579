"""docs/judges.md lists every declared measure of agreement and every figure of consistency, with their meanings."""

from __future__ import annotations

from pathlib import Path

from recrm_tasks.dimensions import dimensions
from recrm_tasks.scoring.consistency import MEANINGS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "judges.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[tuple[str, ...]]:
    """The rows of the first table under a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = section[section.index("\n|") + 1 :].partition("\n\n")[0].splitlines()
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


def test_every_measure_of_agreement() -> None:
    kinds = {dimension.kind.name: dimension.kind for dimension in dimensions().values()}
    assert rows("Agreement") == [
        (f"`{one.name}`", name, one.judges, one.means) for name, kind in kinds.items() for one in kind.agreement
    ]


def test_every_figure_of_consistency() -> None:
    assert rows("Consistency") == [(f"`{name}`", meaning) for name, meaning in MEANINGS.items()]
