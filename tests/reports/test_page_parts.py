"""The parts of the report's page that need no browser."""

from __future__ import annotations

import base64
import gzip
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.answer_format import answer_text, gold_text
from recrm_tasks.reports.collect import collect
from recrm_tasks.reports.entry_labels import labels
from recrm_tasks.reports.leaderboard_entries import Entry
from recrm_tasks.reports.logged_answers import Answers, Logged
from recrm_tasks.reports.page import svg_charts
from recrm_tasks.reports.page.palette import ACCENT, PALETTE
from recrm_tasks.reports.page.record_browser import packed
from recrm_tasks.reports.page.svg import png, themed
from recrm_tasks.reports.tables.run_details_table import NamedRun, details_table, metrics_tables
from recrm_tasks.scoring.outcomes import Outcome


def logged(name: str) -> Logged:
    return Logged("factual", Outcome(name, 0, 0, None, None, (1.0, 0.0)), (("user", name),), "en", "A", "A")


@given(st.permutations([f"r{i}" for i in range(30)]), st.integers(1, 40))
def test_runs_on_the_same_records_keep_the_same_ones(order: list[str], most: int) -> None:
    """In whatever order they were logged."""
    one, other = (Answers(Path("x"), "inspect", "m", "factual", "generate", {}, max_texts=most) for _ in range(2))
    for name in order:
        one.add(logged(name))
    for name in sorted(order):
        other.add(logged(name))
    assert len(one.kept) == min(most, 30)
    assert {entry.outcome.id for entry in one.kept} == {entry.outcome.id for entry in other.kept}
    places = [order.index(entry.outcome.id) for entry in one.kept]
    assert places == sorted(places)
    assert len(one.outcomes) == 30


def test_what_was_kept_of_nothing() -> None:
    answers = Answers(Path("x"), "inspect", "m", "factual", "generate", {})
    answers.add(logged("a"))
    assert answers.kept == []


@pytest.mark.parametrize(
    ("outcome", "read"),
    [
        (Outcome("a", 0, 1, None, None, (1.0, 0.5, 0.0)), "B"),
        (Outcome("a", 1, 0.25, None), "0.25"),
        (Outcome("a", (0, 1, 0), (0.1, 0.7, 0.2), None), "B > C > A"),
        (Outcome("a", (0, 1, 0), (0.1, 0.7, 0.7), None), "B = C > A"),
        (Outcome("a", 1, 1 / 3, None), "0.3333"),
        (Outcome("a", (0, 1), (0.5, 0.5), None), "A = B"),
        (Outcome("a", (0,) * 27, tuple(range(27)), None), " > ".join(str(27 - i) for i in range(27))),
        (Outcome("a", 0, None, "truncated", None, (1.0, 0.0)), "unreadable: truncated"),
    ],
)
def test_an_answer_as_it_was_read(outcome: Outcome, read: str) -> None:
    assert answer_text(outcome) == read


def test_a_gold_answer_is_shown_as_an_answer() -> None:
    assert gold_text(Outcome("a", 2, 0, None, None, (1.0, 0.5, 0.0))) == "C"
    assert gold_text(Outcome("a", 1, 0.25, None)) == "1"
    assert gold_text(Outcome("a", (0, 2, 1, 0), None, "empty")) == "B > C > A = D"


@given(st.integers(0, 1), st.one_of(st.none(), st.floats(0, 1)))
def test_right_is_what_acc_counts(gold: int, probability: float | None) -> None:
    kind = dimension_of("behavior")
    outcome = Outcome("a", gold, probability, None if probability is not None else "empty")
    assert kind.metrics([outcome])["acc"].value == kind.kind.right(outcome)


@given(st.permutations([0, 0, 1, 2]), st.permutations([0.1, 0.2, 0.3, 0.4]))
def test_right_of_a_list_is_its_first_place(gold: list[int], scores: list[float]) -> None:
    kind = dimension_of("ranking")
    outcome = Outcome("a", tuple(gold), tuple(scores), None)
    assert kind.metrics([outcome])["acc"].value == kind.kind.right(outcome)
    assert not kind.kind.right(outcome._replace(value=(0.5,) * 4))
    assert not kind.kind.right(outcome._replace(value=None, reason="empty"))


def test_records_are_packed_whole() -> None:
    """A lone surrogate, which UTF-8 cannot encode, loses only itself."""
    content = {"records": [{"prompt": [["user", "\u5962\u4f59 </script> \ud800"]]}]}
    read = json.loads(gzip.decompress(base64.b64decode(packed(content))))
    assert read == {"records": [{"prompt": [["user", "\u5962\u4f59 </script> ?"]]}]}


def test_labels_say_only_what_differs() -> None:
    def entry(model: str, harness: str = "inspect", mode: str = "generate", setting: tuple[str, ...] = ()) -> Entry:
        return Entry("s", model, harness, mode, setting)

    assert labels([entry("a"), entry("b")]) == ["a", "b"]
    assert labels([entry("a"), entry("a", "lm-eval")]) == ["a · inspect", "a · lm-eval"]
    assert labels([entry("a"), entry("b", mode="logprob")]) == ["a · generate", "b · logprob"]
    assert labels([entry("a"), entry("a", setting=("style completion", "4 examples"))]) == [
        "a",
        "a · style completion, 4 examples",
    ]
    assert labels([entry("a"), Entry("s", "a", "inspect", "generate", number=2)]) == ["a", "a (2)"]


def test_a_plot_takes_the_colours_of_its_page() -> None:
    rows = [
        {"entry": "本地生活", "value": 0.5, "low": 0.4, "high": 0.6},
        {"entry": "undefined", "value": math.nan, "low": math.nan, "high": math.nan},
    ]
    drawing = svg_charts.forest(rows, "acc", 0.5)
    assert "本地生活" in drawing
    assert "undefined" not in drawing
    assert ACCENT in drawing
    coloured = themed(drawing)
    assert not any(colour in coloured for colour in PALETTE)
    assert {"var(--accent)", "var(--ink)", "var(--paper)"} <= {
        f"var(--{name})" for name in PALETTE.values() if f"var(--{name})" in coloured
    }
    assert png(drawing).startswith(b"\x89PNG")


def test_no_two_names_have_one_colour() -> None:
    """A page replaces each colour by its name."""
    assert len(set(PALETTE.values())) == len(PALETTE)


def test_every_metric_is_in_one_table(logs: Path) -> None:
    """All of them in one would be wider than any screen."""
    for run in collect([str(logs / "right")], READERS).runs:
        tables = metrics_tables([NamedRun("a", run)])
        headings = [heading.text for table in tables for heading in table.headings if heading.text != "run"]
        assert sorted(headings) == sorted(["N" if name == "n" else name for name in run.metric_names])
        assert max(len(table.headings) for table in tables) <= 12


def test_what_is_the_same_for_all_runs_is_said_once(logs: Path) -> None:
    right, other = (
        [NamedRun(name, run) for run in collect([str(logs / name)], READERS).runs] for name in ("right", "inspect")
    )
    table = details_table([*right, *other])
    headings = [heading.text for heading in table.headings]
    assert headings[:3] == ["run", "dimension", "file"]
    assert "sha256" in headings
    assert "records available" not in headings
    assert "records available 72" in table.caption
    assert "shards" not in headings
    assert "shards" not in table.caption
    assert details_table(right[:1]).caption == ""
