"""`recrm compare` of several runs, their jury, and `recrm consistency`, on logs that both harnesses wrote."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scripted
from saved_runs import by_inspect, by_lm_eval
from sklearn.metrics import accuracy_score, cohen_kappa_score

from inspect_tasks import dimension_task
from recrm_tasks.cli import main
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect_answers
from recrm_tasks.reports.compare_entries import MOST, Compared, compare_every_two
from recrm_tasks.reports.consistency_runs import consistency_of
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import match
from recrm_tasks.reports.several_judges import (
    agreements,
    compared,
    disputed_by_several,
    judges_of,
    jury_differences,
    jury_of,
)

Runs = dict[str, list[Answers]]


@pytest.fixture(scope="module")
def runs(logs: Path) -> Runs:
    """A: good, bad and unreadable answers; B: right ones; C: those of A, each in the place of the one before."""
    found = {
        name: collect_answers([str(logs / folder)], READERS) for name, folder in (("A", "lm-eval"), ("B", "right"))
    }
    return {**found, "C": [shifted(one) for one in found["A"]]}


def shifted(one: Answers) -> Answers:
    """Other answers to the same records."""
    rows = one.outcomes
    if isinstance(rows[0].gold, tuple):  # lists have lengths of their own
        turned = [row._replace(value=row.value and row.value[::-1]) for row in rows]
    else:
        pairs = zip(rows, rows[1:] + rows[:1], strict=True)
        turned = [row._replace(value=other.value, reason=other.reason) for row, other in pairs]
    return replace(one, model="shifted", outcomes=turned)


def test_every_two_are_compared_and_corrected_together(runs: Runs) -> None:
    found, notes = compare_every_two([Compared(name, 0.0, answers) for name, answers in runs.items()])
    assert notes == []
    assert Counter((one.first, one.second) for one in found) == {("A", "B"): 7, ("A", "C"): 7, ("B", "C"): 7}
    smallest = min(found, key=lambda one: one.row.difference.p)
    tests = sum(not math.isnan(one.row.difference.p) for one in found)
    assert smallest.row.adjusted == pytest.approx(min(1, tests * smallest.row.difference.p))


def test_agreement_is_that_of_scikit_learn(runs: Runs) -> None:
    matches, left = match(runs)
    assert left == []
    (of_factual,) = (one for one in matches if one.dimension == "factual")
    found = {(row.judges, row.measure.name): row for row in agreements(of_factual, list(runs))}
    values = [np.array([-1 if o.value is None else o.value for o in rows]) for rows in of_factual.outcomes.values()]
    for (first, one), (second, other) in ((("A", 0), ("B", 1)), (("A", 0), ("C", 2))):
        both = (values[one] >= 0) & (values[other] >= 0)
        row = found[(first, second), "kappa"]
        assert row.found.value == pytest.approx(cohen_kappa_score(values[one][both], values[other][both]))
        assert (row.found.n, row.total) == (both.sum(), 72)
        assert found[(first, second), "agreement"].found.value == pytest.approx(
            (values[one] == values[other])[both].mean()
        )
    assert {name for judges, name in found if len(judges) == 3} == {"kappa_fleiss", "alpha"}
    assert not any(name == "kappa_quadratic" for _, name in found)  # of two labels it is kappa
    assert any(row.measure.name == "kappa_quadratic" for one in matches for row in agreements(one, ["A", "B"]))


def test_a_jury_is_measured_as_its_members_are(runs: Runs) -> None:
    matches, _ = match(runs)
    for one in matches:
        members, jury = judges_of(one), jury_of(one, list(runs))
        primary = dimension_of(one.dimension).primary
        assert [member.score for member in members] == [member.run.metrics[primary] for member in members]
        assert (jury.name, jury.run.n, jury.members) == ("jury", 72, ["A", "B", "C"])
        if one.dimension == "factual":
            votes = zip(*([outcome.value for outcome in rows] for rows in one.outcomes.values()), strict=True)
            verdicts = []
            for vote in votes:
                ranked = Counter(v for v in vote if v is not None).most_common()
                verdicts.append(
                    -1 if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]) else ranked[0][0]
                )
            gold = [o.gold for o in one.outcomes["A"]]
            assert jury.run.metrics["acc"] == pytest.approx(accuracy_score(gold, verdicts))
            assert jury.run.metrics["coverage"] == pytest.approx(np.mean([v >= 0 for v in verdicts]))
    differences = jury_differences([(judges_of(one), jury_of(one, list(runs))) for one in matches])
    assert [(one.first, one.second) for one in differences] == [("B", "jury")] * 5  # B is right everywhere
    assert all(one.row.difference.value <= 0 and one.row.primary for one in differences)


def test_three_right_members_are_a_right_jury(runs: Runs) -> None:
    matches, _ = match(dict.fromkeys("ABC", runs["B"]))
    for one in matches:
        jury = jury_of(one, ["A", "B", "C"])
        assert jury.run.metrics["coverage"] == 1
        assert jury.score == judges_of(one)[0].score == 1
    assert disputed_by_several(matches, 5) == []


def test_both_commands_print(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(logs / name) for name in ("lm-eval", "right", "inspect")]
    assert main(["compare", *folders, "--jury", "--top", "1"]) == 0
    printed = capsys.readouterr().out
    for word in (
        "A: model in lm-eval",
        "C: model in inspect",
        "differences",
        "p (Holm)",
        "kappa_fleiss",
        "tau",
        "spearman",
    ):
        assert word in printed, word
    assert "the jury and its best member" in printed
    assert "A, C: unreadable" in printed
    assert max(len(line) for line in printed.splitlines() if line[1:3] != ": ") <= 150  # but for the files' names
    assert main(["consistency", folders[0]]) == 2
    assert "no record was answered twice by one model (model)" in capsys.readouterr().err


def test_every_number_in_files(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(logs / name) for name in ("lm-eval", "right", "inspect")]
    assert main(["compare", *folders, "--jury", "--top", "0", "--to", str(tmp_path / "c.json")]) == 0
    found = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert {name: len(of_run) for name, of_run in found["runs"].items()} == {"A": 5, "B": 5, "C": 5}
    assert [(one["run"], one["members"]) for one in found["scores"][:4]] == [
        ("A", []), ("B", []), ("C", []), ("jury", ["A", "B", "C"]),
    ]  # fmt: skip
    overall = {one["run"]: one for one in found["overall"]}
    assert overall["B"]["mean_score"] == 1 > overall["jury"]["mean_score"] >= overall["A"]["mean_score"]
    assert overall["A"]["hybrid"] == overall["C"]["hybrid"] < overall["B"]["hybrid"]
    assert len(found["differences"]) == 21
    assert len(found["juries"]) == 5
    alike = [one for one in found["agreement"] if one["runs"] == ["A", "C"]]
    assert {one["value"] for one in alike if one["measure"] != "kappa_quadratic"} == {1}
    assert all(one["n"] <= one["of"] == 72 for one in found["agreement"])
    assert main(["compare", *folders[:2], "--top", "0", "--to", str(tmp_path / "two.json")]) == 0
    two = json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))
    assert "mcc" in {one["metric"] for one in two["differences"]}
    assert main(["consistency", folders[0], folders[2], "--to", str(tmp_path / "again.json")]) == 0
    (first, *_) = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert first["figures"]["flip"]["value"] == 0
    assert first["repetitions"] == [2, 2]
    capsys.readouterr()
    for command in (["compare", *folders[:2]], ["consistency", *folders]):
        assert "--to x.csv: the numbers are written as .json" in lines_of(capsys, *command, "--to", "x.csv")


def test_two_runs_have_their_agreement_and_a_jury(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(logs / "lm-eval"), str(logs / "right"), "--jury", "--top", "0"]) == 0
    printed = capsys.readouterr().out
    for word in ("McNemar, exact", "agreement", "jury − best"):
        assert word in printed


def lines_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main(list(command)) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_what_is_no_comparison(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other, third = (str(logs / name) for name in ("lm-eval", "right", "inspect"))
    assert f"compare needs at least two runs, each a file or folder of its own; {one} is one" in lines_of(
        capsys, "compare", one
    )
    assert "a jury needs at least two members" in lines_of(capsys, "compare", one, "--jury")
    assert "A and C are the same run" in lines_of(capsys, "compare", one, other, one, "--jury")
    assert main(["compare", one, one, "--top", "0"]) == 0
    assert "note: A and B are the same run" in capsys.readouterr().err
    shutil.copytree(one, tmp_path / "copy")
    (tmp_path / "link").symlink_to(one)
    for again in (str(tmp_path / "copy"), str(tmp_path / "link")):
        assert "A and C are the same run" in lines_of(capsys, "compare", one, other, again, "--jury")
    said = lines_of(capsys, "consistency", one, str(tmp_path / "copy"))
    assert f"is a copy of {one}" in said
    assert "leave it out" in said

    table = scripted.completions(scripted.all_prompts())
    by_inspect(tmp_path / "few", table, dimension_task("factual", data="sample", limit=10))
    said = lines_of(capsys, "compare", one, third, str(tmp_path / "few"), "--jury")
    assert "factual: 72 records in A, 10 in C, 10 in both" in said

    by_lm_eval(tmp_path / "relevance", table, "recrm_relevance", model="other/model")
    assert main(["compare", one, other, str(tmp_path / "relevance"), "--jury", "--top", "0"]) == 0
    found = capsys.readouterr()
    assert "left out: factual (generate) is in A, B only" in found.err
    assert "jury of A, B" in found.out
    said = lines_of(capsys, "compare", str(tmp_path / "few"), str(tmp_path / "relevance"))
    assert "nothing to compare: A has factual (generate), B has relevance (generate)" in said


def other_version(results: dict) -> None:
    results["configs"]["recrm_factual"]["metadata"]["recrm_provenance"]["prompt_version"] = 2


def test_a_jury_of_other_versions_is_refused(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(logs / "lm-eval", tmp_path / "other")
    (file,) = (tmp_path / "other").rglob("results_*.json")
    results = json.loads(file.read_text())
    other_version(results)
    file.write_text(json.dumps(results))
    said = lines_of(capsys, "compare", str(logs / "right"), str(logs / "inspect"), str(tmp_path / "other"), "--jury")
    assert f"read by task version {dimensions()['factual'].version} in A, 2 in C" in said
    said = lines_of(capsys, "consistency", str(logs / "right"), str(tmp_path / "other"))
    assert "recrm rescore" in said


def test_twenty_runs(runs: Runs) -> None:
    many = {f"{i}": runs["ABC"[i % 3]] for i in range(20)}
    factual = {name: [one for one in answers if one.dimension == "factual"] for name, answers in many.items()}
    (of_factual,), _ = match(factual)
    some, fewer = compared(judges_of(of_factual), factual)
    assert (len(some), fewer) == (MOST, True)
    assert {int(one.name) % 3 for one in some if one.score == 1} == {1}  # the right ones are among them
    assert sum(one.score == 1 for one in some) == 7
    rows = agreements(of_factual, [one.name for one in some])
    assert len({row.judges for row in rows}) == MOST * (MOST - 1) // 2 + 1
    assert max(len(row.judges) for row in rows) == 20


def test_unreadable_everywhere(runs: Runs) -> None:
    silent = [
        replace(one, outcomes=[row._replace(value=None, reason="empty") for row in one.outcomes]) for one in runs["A"]
    ]
    matches, _ = match({"A": silent, "B": silent, "C": silent})
    for one in matches:
        jury = jury_of(one, ["A", "B", "C"])
        assert jury.run.metrics["coverage"] == 0
        assert {outcome.reason for outcome in jury.outcomes} == {"no_answer"}
        assert all(math.isnan(row.found.value) and row.found.n == 0 for row in agreements(one, ["A", "B", "C"]))
    juries = [(judges_of(one), jury_of(one, ["A", "B", "C"])) for one in matches]
    assert {one.row.difference.value for one in jury_differences(juries)} == {0}


# --- consistency -----------------------------------------------------------------------------------------------------


def of(found: list, dimension: str) -> dict[str, tuple[float, int]]:
    (one,) = (entry for entry in found if entry.dimension == dimension)
    return {figure.name: (figure.estimate.value, figure.n) for figure in one.figures}


def test_several_runs_of_one_model(runs: Runs) -> None:
    same = [replace(one, model="m") for answers in (runs["A"], runs["B"], runs["B"]) for one in answers]
    found, notes = consistency_of(same)
    assert notes == []
    assert {one.dimension: one.repetitions for one in found} == dict.fromkeys(dimensions(), (3, 3))
    (first,) = (one for one in runs["A"] if one.dimension == "factual")
    kind = dimension_of("factual").kind
    right = np.mean([kind.right(outcome) for outcome in first.outcomes])
    figures = of(found, "factual")
    assert figures["flip"] == figures["unstable"] == (pytest.approx(1 - right), 72)
    assert figures["pass^1"][0] == pytest.approx((right + 2) / 3)
    assert figures["pass^2"][0] == pytest.approx(right + (1 - right) / 3)
    assert figures["pass^3"][0] == pytest.approx(right)


def test_epochs_and_runs_of_unequal_number(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inspect's epochs are repetitions, and so is a run with fewer records."""
    table = scripted.completions(scripted.all_prompts())
    by_inspect(tmp_path / "epochs", table, dimension_task("factual", data="sample", limit=12), epochs=3)
    by_inspect(
        tmp_path / "few",
        scripted.right_answers(scripted.all_prompts()),
        dimension_task("factual", data="sample", limit=8),
    )
    (one,), _ = consistency_of(collect_answers([str(tmp_path / "epochs")], READERS))
    assert (one.runs, one.repetitions) == (1, (3, 3))
    assert of([one], "factual")["flip"] == (0, 12)
    (one,), _ = consistency_of(collect_answers([str(tmp_path)], READERS))
    assert (one.runs, one.repetitions) == (2, (3, 4))
    assert of([one], "factual")["pass^4"][1] == 8
    assert main(["consistency", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for word in ("3 to 4", "flip", "pass^4", "share of records that are answered right at times"):
        assert word in printed


def test_other_prompts_are_said_and_other_records_refused(runs: Runs) -> None:
    (one,) = (entry for entry in runs["A"] if entry.dimension == "factual")
    reworded = replace(one, prompts=dict.fromkeys(one.prompts, "other"))
    _, notes = consistency_of([one, reworded])
    assert notes == [f"factual (generate) by {one.model}: some prompts differ between the runs"]
    changed = replace(one, outcomes=[row._replace(gold=1 - row.gold) for row in one.outcomes])
    with pytest.raises(DataError, match="they are not the same record"):
        consistency_of([one, changed])


def test_scores_of_contents_have_no_consistency(runs: Runs) -> None:
    (one,) = (entry for entry in runs["B"] if entry.dimension == "factual")
    scored = replace(one, outcomes=[row._replace(value=0.5, question="q") for row in one.outcomes])
    with pytest.raises(DataError, match="scores of contents are neither right nor wrong"):
        consistency_of([scored, scored])


def test_orders_of_a_list_are_repetitions(runs: Runs) -> None:
    (one,) = (entry for entry in runs["B"] if entry.dimension == "ranking")
    again = [row._replace(id=f"{row.id}#1", group=row.id) for row in one.outcomes]
    rows = [row._replace(group=row.id) for row in one.outcomes]
    both = replace(one, provenance={**one.provenance, "orders": 2}, outcomes=[*rows, *again])
    ((found,), _) = consistency_of([both])
    figures = of([found], "ranking")
    assert found.repetitions == (2, 2)
    assert figures["flip"][1] == 0
    assert figures["unstable"] == (0, 72)
    assert figures["pass^2"] == (1, 72)
