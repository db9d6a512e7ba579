"""ms-swift's own loader and template take the sets, and its plugin the reward."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from written_sets import made, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.trainer]


def loaded(folder: Path, **options: Any) -> list[dict[str, Any]]:
    """As `swift … --dataset FILE --strict true` loads it."""
    from swift.dataset import load_dataset

    found, _ = load_dataset([str(folder / "train.jsonl")], strict=True, shuffle=False, **options)
    return list(found)


@pytest.mark.parametrize("kind", ["sft", "pairs", "classes"])
def test_rows(tmp_path: Path, source: str, kind: Any) -> None:
    from swift.template import TemplateInputs

    made(tmp_path / "set", "ms-swift", source, "relevance", kind=kind)
    rows = rows_of(tmp_path / "set")
    found = loaded(tmp_path / "set")
    assert len(found) == len(rows)
    for row, one in zip(rows, found, strict=True):
        assert one["messages"] == row["messages"]
        inputs = TemplateInputs.from_dict(one)
        if kind == "pairs":
            assert inputs.chosen.margin == row["margin"]
            assert inputs.chosen.messages[-1]["content"] == row["messages"][-1]["content"]
            assert inputs.rejected.messages[-1]["content"] == row["rejected_response"]
        elif kind == "classes":
            assert inputs.chosen.label == row["label"]


def test_rewards(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from swift.rewards import orms
    from swift.utils import import_external_file

    made(tmp_path / "set", "ms-swift", source, kind="rl")
    monkeypatch.setenv("RECRM_REWARD", str(tmp_path / "set" / "reward.yaml"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    import_external_file(str(tmp_path / "set" / "plugin.py"))
    rows = loaded(tmp_path / "set", remove_unused_columns=False)
    assert len(rows) == len(rows_of(tmp_path / "set"))
    columns = {"case": [row["case"] for row in rows]}
    assert orms["recrm"](args=None)([row["ground_truth"] for row in rows], **columns) == [1.0] * len(rows)
