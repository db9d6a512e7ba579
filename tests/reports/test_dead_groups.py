"""`recrm aggregate` on the expected dead groups: equal in both harnesses; in its table, in JSON, and as a warning."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import pytest

from recrm_tasks.cli import main
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.aggregate_runs import Aggregate, aggregate_runs
from recrm_tasks.reports.collect import answers_in, collect, collect_answers
from recrm_tasks.reports.leaderboard_entries import entries
from recrm_tasks.reports.page.chapters import chapters, dead_groups_of
from recrm_tasks.reports.starving_forms import SIZE, warnings
from recrm_tasks.scoring.aggregate.dead_groups import SIZES, dead_groups
from recrm_tasks.scoring.aggregate.forms import FORMS


@pytest.fixture(scope="module")
def found(logs: Path) -> Aggregate:
    (one,), _ = aggregate_runs(collect_answers([str(logs / "inspect")], READERS))
    return one


def test_it_is_of_the_verdicts_of_the_run(found: Aggregate, logs: Path) -> None:
    parts = [dimension_of(key).kind.parts(one.outcomes) for key, one in found.answers.items()]
    assert found.dead_groups.by_form == dead_groups(parts, list(found.roles.values()))
    (other,), _ = aggregate_runs(collect_answers([str(logs / "lm-eval")], READERS))
    assert other.dead_groups.by_form == found.dead_groups.by_form
    (weighed,), _ = aggregate_runs([*found.answers.values()], ["relevance=3"])
    assert weighed.dead_groups.by_form["weighted"] != found.dead_groups.by_form["weighted"]


def test_it_is_shown_and_written(
    found: Aggregate, logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "a.json", tmp_path / "parts.csv"]
    assert main(["aggregate", str(logs / "inspect"), *(word for file in files for word in ("--to", str(file)))]) == 0
    printed = capsys.readouterr()
    assert "Expected dead groups" in printed.out
    for form in FORMS:
        assert f"{100 * found.dead_groups.by_form[form][SIZE].value:.1f} %" in printed.out
    assert files[1].exists()
    (entry,) = json.loads(files[0].read_text())
    assert entry["starves"] == found.dead_groups.starving
    assert entry["hybrid"]["stratified"]["value"] == found.hybrid["stratified"].value
    assert set(entry["metrics"]) == set(found.answers)
    for form in FORMS:
        for size in SIZES:
            share, one = found.dead_groups.by_form[form][size], entry["dead_groups"][form][str(size)]
            assert (one["value"], one["stderr"], (one["low"], one["high"])) == (*share[:2], share.interval)
            assert one["low"] <= one["value"] <= one["high"]


def test_the_page_has_those_of_whole_suites(found: Aggregate, logs: Path) -> None:
    reader = lru_cache(partial(answers_in, readers=READERS))
    whole, one = (
        entries([run for run in collect([str(logs / "inspect")], READERS).runs if run.dimension in keys], reader)[0]
        for keys in (found.answers, ("factual",))
    )
    (chapter,), _ = chapters(whole, reader)
    (shown,) = dead_groups_of(chapter)
    assert shown == (chapter.lines[0].label, found.dead_groups.by_form)
    (alone,), _ = chapters(one, reader)
    assert dead_groups_of(alone) == []


def test_a_form_that_starves_is_told(logs: Path) -> None:
    """A judge that is right, but says of one record in eight only that it keeps the rules."""
    rare = []
    for answers in collect_answers([str(logs / "right")], READERS):
        outcomes = answers.outcomes
        if dimension_of(answers.dimension).role.gate:
            outcomes = [
                one._replace(value=one.values.index(float(n % 8 == 0)), reason=None) for n, one in enumerate(outcomes)
            ]
        rare.append(replace(answers, outcomes=outcomes))
    (one,), _ = aggregate_runs(rare)
    assert {"gated", "geometric"} <= set(one.dead_groups.starving)
    assert "stratified" not in one.dead_groups.starving
    (line,) = warnings([one.dead_groups])
    assert ": gated 8" in line or ": gated 9" in line
    assert "most groups of 8 responses without any difference: " in line
    assert "; stratified leaves " in line or "; weighted leaves " in line


def test_what_is_unreadable_starves_every_form(found: Aggregate) -> None:
    assert found.dead_groups.missing == pytest.approx(
        1 - math.prod(sum(o.reason is None for o in one.outcomes) / one.n for one in found.answers.values())
    )
    assert found.dead_groups.starving == list(FORMS)
    (line,) = warnings([found.dead_groups])
    share = f"{100 * found.dead_groups.missing:.1f} %"
    assert line.endswith(f"{share} of responses have an unreadable verdict, so no form helps, only missing=drop")


def test_verdicts_that_never_differ_starve_every_form(found: Aggregate) -> None:
    same = {}
    for key, answers in found.answers.items():
        kind = dimension_of(key).kind
        value = {"label": 0, "probability": 0.5}.get(kind.name)
        outcomes = [
            one._replace(value=(0.0,) * len(one.gold) if value is None and isinstance(one.gold, tuple) else value,
                         reason=None)
            for one in answers.outcomes
        ]  # fmt: skip
        same[key] = replace(answers, outcomes=outcomes)
    (one,), _ = aggregate_runs([*same.values()])
    assert one.dead_groups.starving == list(FORMS)
    (line,) = warnings([one.dead_groups])
    assert line.endswith("the verdicts hardly differ, so no form helps")
    assert math.isclose(one.dead_groups.by_form["weighted"][4].value, 1.0)
