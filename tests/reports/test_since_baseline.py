"""`recrm report --baseline`: what changed, in the terminal, in Markdown and as a gate."""

from __future__ import annotations

from pathlib import Path

import pytest
import scripted
from paired import pair
from saved_runs import by_lm_eval

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect_answers
from recrm_tasks.reports.compare_runs import compare_pairs
from recrm_tasks.reports.since_baseline import since_baseline
from recrm_tasks.reports.tables.since_table import Links, since_table

FELL, ROSE = 6, 20


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of two dimensions. In factual 20 records became right and 6 wrong, 3 of them unreadable."""
    folder = tmp_path_factory.mktemp("since")
    factual, relevance = (list(load(key, "sample").prompts("generate")) for key in ("factual", "relevance"))
    right = scripted.right_answers([*factual, *relevance])

    def others(prompts: list, said: str = "") -> scripted.Answers:
        return {p.messages[-1].content: said or scripted.stated(p, scripted.wrong(p)) for p in prompts}

    before = {**right, **others(factual[:ROSE])}
    now = {**right, **others(factual[30:33]), **others(factual[33:36], "I cannot say.")}
    for name, table in (("before", before), ("now", now)):
        for task in ("recrm_factual", "recrm_relevance"):
            by_lm_eval(folder / name / task, table, task, f"lab/judge-{name}")
    return folder


def test_what_changed(runs: Path) -> None:
    """The differences are those of `recrm compare`; the records are those whose answers changed."""
    before, now = (collect_answers([str(runs / side)], READERS) for side in ("before", "now"))
    since = since_baseline(before, now)
    factual, relevance = since.changes
    assert len(factual.became_right) == ROSE
    assert len(factual.became_wrong) == FELL
    assert not set(factual.became_right) & set(factual.became_wrong)
    assert (relevance.became_right, relevance.became_wrong) == ((), ())
    pairs, _ = pair(before, now)
    compared = {row.dimension: row for row in compare_pairs(pairs) if row.primary}
    assert [one.difference for one in since.changes] == [compared["factual"], compared["relevance"]]
    assert since.settings == ["model: judge-before → judge-now", "path or name: lab/judge-before → lab/judge-now"]
    assert since.overall == since.one_sided == []
    again = since_baseline(now, now)
    assert again.settings == []
    assert {one.difference.difference.value for one in again.changes} == {0.0}


def test_the_table_and_its_sentence(runs: Path) -> None:
    before, now = (collect_answers([str(runs / side)], READERS) for side in ("before", "now"))
    table = since_table(since_baseline(before, now), {("factual", "generate"): Links("#right", "#wrong")})
    assert table.lead[0] == (
        "Since the baseline (judge-before): 1 of 2 primary metrics rose significantly (factual +0.1944); "
        "1 of 2 did not change by more than chance. 20 records became right, 6 became wrong."
    )
    headings = [heading.text for heading in table.headings]
    rows = [dict(zip(headings, row.cells, strict=True)) for row in table.rows]
    assert [row["dimension"].text for row in rows] == ["factual", "relevance"]
    assert (rows[0]["then"].text, rows[0]["now"].text) == (f"{52 / 72:.4f}", f"{66 / 72:.4f}")
    assert rows[0]["readable"].text == "100.0 % → 95.8 %"
    assert [(rows[0][f"became {what}"].text, rows[0][f"became {what}"].link) for what in ("right", "wrong")] == [
        ("20", "#right"),
        ("6", "#wrong"),
    ]
    assert rows[1]["became right"].link == ""
    assert [row.emphasised for row in table.rows] == [True, False]
    fell = since_table(since_baseline(now, before)).lead[0]
    assert "1 of 2 primary metrics fell significantly (factual -0.1944)" in fell


def test_without_a_gate(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A drop is shown, and no failure without --max-drop. Markdown begins with the same."""
    to = tmp_path / "report.md"
    arguments = ["report", str(runs / "before"), "--baseline", str(runs / "now"), "--no-baselines", "--to", str(to)]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("Since the baseline (judge-now): 1 of 2 primary metrics fell significantly")
    assert printed.err == ""
    assert to.read_text().startswith("## What changed since the baseline\n\nSince the baseline (judge-now)")
    assert main([*arguments, "--max-drop", "0.1"]) == 3
    assert "factual (generate): acc fell from 0.9167 to 0.7222" in capsys.readouterr().err


def test_what_cannot_be_compared(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is there all the same, and says why; the exit code is that of a mistake."""
    prompts = list(load("factual", "sample", limit=8).prompts("generate"))
    by_lm_eval(tmp_path / "few", scripted.right_answers(prompts), "recrm_factual", recrm_limit=8)
    page = tmp_path / "report.html"
    arguments = ["report", str(tmp_path / "few"), "--no-baselines", "--to", str(page), "--baseline"]
    assert main([*arguments, str(runs / "now")]) == 2
    said = capsys.readouterr().err
    assert "--baseline: the runs were not asked the same" in said
    assert "72 records in the baseline, 8 in this run" in said
    assert "Not compared: --baseline: the runs were not" in page.read_text()
    assert main([*arguments, str(tmp_path / "nowhere")]) == 2
    assert "no such file or folder" in capsys.readouterr().err


def test_a_folder_without_runs_makes_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path), "--to", str(page)]) == 2
    assert "no results of recrm tasks under" in capsys.readouterr().err
    assert not page.exists()
