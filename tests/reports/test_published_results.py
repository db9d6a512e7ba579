"""The paper's table as shipped: its digits say what the notes claim."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest

from recrm_tasks.cli import main
from recrm_tasks.reports.published_results import denominator, f1_of_one_class, published_results


def column(name):
    return {model: row[name] for model, row in published_results().items()}


def test_the_table_is_whole():
    assert [len(row) for row in published_results().values()] == [11] * 8
    assert column("UBP AUC")["RecRM-RL"].percent == 81.46
    assert column("IF ACC")["GPT-4.1"].percent == 55.47


def test_every_fc_accuracy_fits_297_and_gives_its_f1():
    f1 = column("FC F1")
    for model, figure in column("FC ACC").items():
        assert figure.n == 297
        hits = round(figure.percent * 2.97)
        assert 100 * f1_of_one_class(hits / 297) == pytest.approx(f1[model].percent, abs=0.0051)


def test_if_accuracies_fit_128_or_less():
    found = {model: figure.n for model, figure in column("IF ACC").items()}
    assert sorted(found.values()) == [119, 120, 125, 128, 128, 128, 128, 128]
    assert found["Qwen3-Max (w/o thinking)"] == 125
    assert found["DeepSeek-V3.2 (w/ thinking)"] == 119
    assert found["Qwen3-Max (w/ thinking)"] == 120


def test_intervals_are_wilsons():
    figure = column("IF ACC")["GPT-4.1"]
    theirs = binomtest(71, 128).proportion_ci(method="wilson")
    assert figure.interval == pytest.approx((100 * theirs.low, 100 * theirs.high), abs=1e-9)
    assert 8 < (figure.interval[1] - figure.interval[0]) / 2 < 9


def test_no_interval_without_a_number_of_records():
    for name, figure in (item for row in published_results().values() for item in row.items()):
        assert (figure.n is None) == (name not in ("IF ACC", "FC ACC"))
        assert math.isnan(figure.interval[0]) == (figure.n is None)
    assert denominator(33.33, 2) is None
    assert denominator(33.33, 10) == 9


def test_the_command(capsys):
    assert main(["published"]) == 0
    said = capsys.readouterr().out
    assert "2605.11874" in said
    assert "N 297" in said
    assert "consistent with k / 128" in " ".join(said.split())
    assert "RecRM-RL has ACC 86.78 above HR 83.67, but a hit among the first k is never rarer" in " ".join(said.split())


def test_the_ir_figures_are_not_those_of_first_places():
    """What the notes say of them."""
    above = {m for m, row in published_results().items() if row["IR ACC"].percent > row["IR HR"].percent}
    assert above == {"RecRM-RL"}
