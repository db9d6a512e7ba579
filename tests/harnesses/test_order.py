"""The order of the questions: what is asked after what, and that no number depends on it."""

from __future__ import annotations

import itertools
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
import saved_runs
import scripted
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import get_model

from inspect_tasks import bench_task, dimension_task
from inspect_tasks.samples import turns_of
from recrm_tasks.answers.prompt import MODES
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect, collect_answers
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.runs import Run

USERS, ITEMS = 9, 4


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Behavior and ranking of nine users, four records each."""
    rows: list[dict[str, Any]] = []
    for user, item in itertools.product(range(USERS), range(ITEMS)):
        of_user = {
            "lang": "zh" if user % 2 else "en", "source": "mine", "group": f"u{user}", "profile": f"user {user}",
            "history": [f"shop {n} of {user}" for n in range(5)], "context": f"evening {item}",
        }  # fmt: skip
        rows.append({
            "id": f"b{user}-{item}", "dimension": "behavior", **of_user, "item": f"shop {item}",
            "label": int((user + item) % 3 == 0),
        })  # fmt: skip
        rows.append({
            "id": f"r{user}-{item}", "dimension": "ranking", **of_user,
            "candidates": [{"id": str(n), "text": f"place {n}"} for n in range(4)],
            "labels": [int(n == (user * item) % 4) for n in range(4)],
        })  # fmt: skip
    file = tmp_path_factory.mktemp("records") / "records.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(file)


def groups_of(task: Task) -> list[str]:
    """The users, as they come one after the other."""
    return [group for group, _ in itertools.groupby((sample.metadata or {})["group"] for sample in task.dataset)]


def test_a_users_questions_follow_one_another(records: str) -> None:
    balanced = dimension_task("behavior", data=records, limit=20)
    grouped = dimension_task("behavior", data=records, limit=20, order="grouped")
    ids = [sample.id for sample in balanced.dataset]
    assert {sample.id for sample in grouped.dataset} == set(ids)
    users = groups_of(grouped)
    assert len(users) == len(set(users)) == USERS < len(groups_of(balanced))
    assert users == list(dict.fromkeys((sample.metadata or {})["group"] for sample in balanced.dataset))
    of_one = [
        turns_of(sample.input, sample.metadata)[-1].text
        for sample in grouped.dataset
        if sample.metadata["group"] == users[0]
    ]
    assert of_one == sorted(of_one)


def test_candidates_of_a_list_follow_one_another(records: str) -> None:
    grouped = dimension_task("ranking", data=records, ask="item", order="grouped")
    users = groups_of(grouped)
    assert len(users) == len(set(users)) == USERS
    # A user's lists differ in their context, which comes before the candidate.
    lists = [name for name, _ in itertools.groupby(sample.metadata["of_list"] for sample in grouped.dataset)]
    assert len(lists) == len(set(lists)) == USERS * ITEMS


def test_bench_asks_one_dimension_after_the_other() -> None:
    task = bench_task(data="sample", limit=3, order="grouped")
    keys = [key for key, _ in itertools.groupby(sample.metadata["dimension"] for sample in task.dataset)]
    assert keys == list(dimensions())


def test_the_order_is_in_the_provenance(records: str) -> None:
    given = {order: dimension_task("behavior", data=records, order=order) for order in ("balanced", "grouped")}
    provenance = {order: task.metadata["recrm_provenance"]["behavior"] for order, task in given.items()}
    assert provenance["grouped"] == {**provenance["balanced"], "order": "grouped"}


@pytest.mark.parametrize("make", [lambda data: dimension_task("behavior", data=data, order="grouped")])
@pytest.mark.parametrize("limit", [3, (2, 5)])
def test_a_harness_limit_is_refused(make: Any, limit: Any, records: str, tmp_path: Path) -> None:
    """It would take the questions of a few users; --sample-shuffle makes it a sample again."""
    table = scripted.right_answers(list(load("behavior", records).prompts("generate")))
    api = get_model("scripted/some/model", answers=table, memoize=False)
    with pytest.raises(PrerequisiteError, match="would take no balanced sample: use -T limit=N"):
        inspect_eval(make(records), model=api, limit=limit, display="none", log_dir=str(tmp_path))
    for options in ({"limit": USERS * ITEMS}, {"limit": 3, "sample_shuffle": 1}, {"sample_id": ["b0-0", "b5-1"]}):
        log = scripted.by_inspect(make(records), table, tmp_path, **options)
        assert scripted.numbers(log)["acc"] == 1


def run_of(folder: Path) -> Run:
    (run,) = collect([str(folder)], READERS).runs
    return run


def answers_of(folder: Path) -> Answers:
    (answers,) = collect_answers([str(folder)], READERS)
    return answers


def same(first: dict[str, float], second: dict[str, float]) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value == second[name] or (math.isnan(value) and math.isnan(second[name])), name


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("key", "ask"),
    [
        ("behavior", "list"),
        pytest.param("ranking", "list", marks=pytest.mark.slow),
        pytest.param("ranking", "item", marks=pytest.mark.slow),
    ],
)
def test_no_number_depends_on_the_order(key: str, ask: str, mode: Any, records: str, tmp_path: Path) -> None:
    """In Inspect's metrics, and as the readers of both harnesses compute them from answers in another order."""
    prompts = list(load(key, records, ask=ask).prompts(mode, ask=ask))
    table = scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)
    options = {"data": records, "answer": mode, **({"ask": ask} if key == "ranking" else {})}
    for order in ("balanced", "grouped"):
        saved_runs.by_inspect(tmp_path / order, table, dimension_task(key, order=order, **options))
    balanced, grouped = (run_of(tmp_path / order) for order in ("balanced", "grouped"))
    same(balanced.metrics, grouped.metrics)
    read = {order: answers_of(tmp_path / order) for order in ("balanced", "grouped")}
    assert [o.id for o in read["balanced"].outcomes] != [o.id for o in read["grouped"].outcomes]
    same(Run.of(read["balanced"]).metrics, Run.of(read["grouped"]).metrics)

    lm_eval = tmp_path / "lm-eval"
    suffix = "" if mode == "generate" else "_logprob"
    saved_runs.by_lm_eval(lm_eval, table, f"recrm_{key}{suffix}", data=records, recrm_ask=ask)
    before = Run.of(answers_of(lm_eval)).metrics
    (samples,) = lm_eval.rglob("samples_*.jsonl")
    lines = samples.read_text(encoding="utf-8").splitlines()
    random.Random(1).shuffle(lines)
    samples.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    same(Run.of(answers_of(lm_eval)).metrics, before)
    same({name: value for name, value in grouped.metrics.items() if name in before}, before)
