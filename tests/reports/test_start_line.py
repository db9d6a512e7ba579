"""What a report says in a sentence: how good the best model is, against what, and whether it leads."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import pytest
import scripted
from saved_runs import by_lm_eval

from recrm_tasks.baselines.result import Evaluated, Figure, Result
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import answers_in, collect
from recrm_tasks.reports.compare_entries import compare_entries
from recrm_tasks.reports.entry_labels import labels
from recrm_tasks.reports.leaderboard_entries import Entry, entries, matching
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.start_line import start_line
from recrm_tasks.reports.without_model import Standing, best_free, standing


def listed(*paths: Path) -> list[Entry]:
    """The entries of some logs."""
    return entries(collect(map(str, paths), READERS).runs, lru_cache(partial(answers_in, readers=READERS)))[0]


def with_acc(run: Run, value: float, n: int) -> Run:
    """The same run with another accuracy and number of records."""
    error = math.sqrt(value * (1 - value) / n)
    return replace(run, metrics={**run.metrics, "acc": value, "acc_stderr": error, "n": float(n), "clusters": float(n)})


def free_of(low: float, value: float, high: float) -> dict[str, list[Evaluated]]:
    """One baseline of factual."""
    figure = Figure("acc", value, low, high)
    return {"factual": [Evaluated("factual", 72, {}, "train", 9, 9, [Result("overlap", {}, figure, figure)], {})]}


@pytest.fixture
def factual(logs: Path) -> Run:
    (entry,) = listed(logs / "right")
    return entry.runs["factual"]


@pytest.mark.parametrize(
    ("value", "n", "free", "expected"),
    [
        (0.9, 72, {}, Standing.ABOVE),  # chance is 0.5: half of the labels
        (0.55, 72, {}, Standing.LEVEL),
        (0.1, 72, {}, Standing.BELOW),
        (0.9, 72, free_of(0.7, 0.8, 0.88), Standing.LEVEL),
        (0.9, 10_000, free_of(0.7, 0.8, 0.88), Standing.ABOVE),
        (0.6, 10_000, free_of(0.7, 0.8, 0.88), Standing.BELOW),
        (0.9, 10_000, free_of(math.nan, math.nan, math.nan), Standing.ABOVE),
        (math.nan, 72, {}, None),
    ],
)
def test_standing(factual: Run, value: float, n: int, free: dict[str, list[Evaluated]], expected: Standing) -> None:
    assert standing(with_acc(factual, value, n), free) is expected


def test_no_best_baseline_of_different_records() -> None:
    (one,) = free_of(0.1, 0.2, 0.3)["factual"]
    found = best_free({"factual": [one]}, "factual", "acc")
    assert found is not None
    assert (found.baseline, found.figure.value) == ("overlap", 0.2)
    assert best_free({"factual": [one, one]}, "factual", "acc") is None
    assert best_free({"factual": [one]}, "factual", "auc") is None
    assert best_free({}, "factual", "acc") is None


def test_one_model(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the terminal, above the table; with a part of the records it says so."""
    assert main(["report", str(logs / "right"), "--no-baselines"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    (entry,) = listed(logs / "right")
    n = sum(run.n for run in entry.runs.values())
    assert printed.startswith(f"{entry.model} (generate): mean score 1.000 (")
    assert f"over 5 dimensions; above chance in 5 of 5 ({', '.join(dimensions())}); " in printed
    assert f"{n} of {n} answers readable." in printed
    assert "Next of" not in printed
    assert "; above what needs no model in 5 of 5 (" in start_line([entry], free_of(0.1, 0.2, 0.3))[0]


def test_which_model_leads(tmp_path: Path) -> None:
    """A lead of one record is none; one of half of them is."""
    prompts = list(load("factual", "sample").prompts("generate"))
    right = scripted.right_answers(prompts)
    wrong = {p.messages[-1].content: scripted.stated(p, scripted.wrong(p)) for p in prompts[:36]}
    for name, table in (("first", right), ("second", {**right, prompts[0].messages[-1].content: ""})):
        by_lm_eval(tmp_path / name, table, "recrm_factual", f"lab/{name}")
    group = listed(tmp_path)
    assert "`recrm compare`" in start_line(group, {})[1]
    answers = lru_cache(partial(answers_in, readers=READERS))

    def with_tests(group: list[Entry]) -> list[str]:
        names = labels(group)
        lines = [(name, one, matching(one.runs, answers)) for name, one in zip(names, group, strict=True)]
        return start_line(group, {}, compare_entries(lines)[0])

    best, lead = with_tests(group)
    assert best.startswith("first (generate): factual acc 1.000 (")
    assert lead.startswith("It leads second, the next of 2, by 0.014 in acc (")
    assert lead.endswith("p 1.0000 after Holm's correction): not significant, so neither leads for sure.")
    by_lm_eval(tmp_path / "third", {**right, **wrong}, "recrm_factual", "lab/third")
    best, lead = with_tests(listed(tmp_path))
    assert lead.endswith("It is significantly ahead of 1 of the 2 that it was compared with.")
    only = [one for one in listed(tmp_path) if one.model != "second"]
    assert with_tests(only)[1].endswith("p < 0.0001 after Holm's correction): significant.")


def test_entries_that_cannot_be_ranked(logs: Path, tmp_path: Path) -> None:
    """One of all dimensions, and one of one of them, which has a score but no mean."""
    prompts = list(load("factual", "sample").prompts("generate"))
    by_lm_eval(tmp_path, scripted.right_answers(prompts), "recrm_factual", "lab/narrow", recrm_limit=2)
    lines = start_line([*listed(logs / "right"), *listed(tmp_path)], {})
    assert "mean score 1.000" in lines[0]
    assert lines[1] == "The other entries are of other dimensions or ways of scoring: none is ranked with it."
    (line,) = start_line(listed(tmp_path), {})
    assert line.startswith("narrow (generate): factual acc 1.000 (")
    assert line.endswith("only a part of the records was asked.")
