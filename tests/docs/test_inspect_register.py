"""The figures in docs/inspect_register.yaml are those of docs/report, and of the same commit."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_evaluation_report_is_that_of_the_docs() -> None:
    rows = json.loads((DOCS / "report" / "results.json").read_text(encoding="utf-8"))
    values = {
        (r["model"], r["harness"], r["answers"], r["setting"], r["dimension"], r["metric"]): r["value"] for r in rows
    }
    report = yaml.safe_load((DOCS / "inspect_register.yaml").read_text(encoding="utf-8"))["evaluation_report"]
    for result in report["results"]:
        key = (result["model"], "inspect", result["answers"], result["setting"])
        for metric in result["metrics"]:
            dimension, _, name = metric["key"].partition("_")
            found = values[(*key, *(("all", metric["key"]) if metric["key"] == "mean_score" else (dimension, name)))]
            assert metric["value"] == round(found, 4), (result["model"], result["answers"], metric["key"])
    assert f"commit `{report['commit'][:12]}`" in (DOCS / "report" / "README.md").read_text(encoding="utf-8")
