"""Scalar and classifier reward models through both harnesses' command lines."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import lm_eval
import pytest
import scripted
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.model._model import init_active_model
from lm_eval.tasks import TaskManager
from marker_model import BAD, GOOD, save

from inspect_tasks import dimension_task
from recrm_tasks import lm_eval_tasks
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.results import outcome_of
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.prompting import Backend, Options, load_questions
from recrm_tasks.scoring.outcomes import Outcome

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A scalar model that likes early letters of the alphabet, wherever they stand."""
    # Only the text after the prompt differs between the answers to one question.
    return save(tmp_path_factory.mktemp("letters"), ["reward"], {chr(65 + i): 26.0 - i for i in range(26)})


def marked(folder: Path, dimension: str, count: int = 8) -> Path:
    """Records of the sample with the marker of their own label in them, but for the first, which has the wrong one."""
    from recrm_tasks.data import load

    field, good = {"factual": ("response", "consistent"), "behavior": ("item", 1)}[dimension]
    rows = []
    for i, record in enumerate(load(dimension, "sample", limit=count).records()):
        row = json.loads(record.model_dump_json(exclude_none=True))
        right = GOOD if row["label"] == good else BAD
        mark = {GOOD: BAD, BAD: GOOD}[right] if i == 0 else right
        row[field] = f"{row[field]} {mark * 200}"
        rows.append(json.dumps(row, ensure_ascii=False))
    file = folder / f"{dimension}.jsonl"
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def by_lm_eval(model: str, name: str, data: str, limit: int | None = None, **arguments: Any) -> tuple[Any, Any]:
    manager = TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": data, "recrm_limit": limit, "pretrained": model},
    )
    done = lm_eval.simple_evaluate(
        "recrm-rm",
        model_args={"pretrained": model, **arguments},
        tasks=[name],
        task_manager=manager,
        batch_size=4,
        device="cuda:0",  # what lm-eval's command line says where the user says nothing
    )
    assert done is not None
    return numbers_of(done, name), [outcome_of(sample["score"]) for sample in done["samples"][name]]


def by_inspect(
    model: str, dimension: str, data: str, folder: Path, limit: int | None = None, **arguments: Any
) -> tuple[Any, Any]:
    api = get_model(f"recrm-rm/{model}", batch_size=4, memoize=False, **arguments)
    task = dimension_task(dimension, data=data, answer="logprob", limit=limit)
    (log,) = inspect_eval(task, model=api, log_dir=str(folder), display="none")
    assert log.status == "success", log.error
    outcomes = [Outcome.from_json(sample.scores["recrm"].metadata["outcome"]) for sample in log.samples]
    usage = log.stats.model_usage
    assert sum(one.input_tokens for one in usage.values()) > 0
    assert sum(one.output_tokens for one in usage.values()) == 0
    return scripted.numbers(log), outcomes


def same(ours: dict[str, float], theirs: dict[str, Any]) -> None:
    for metric, value in ours.items():
        assert value == theirs[metric] or (math.isnan(value) and math.isnan(theirs[metric])), metric


@pytest.mark.parametrize("dimension", ["instruction", "relevance", "ranking"])
def test_a_scalar_model_prefers_the_first_letter(dimension: str, letters: str, tmp_path: Path) -> None:
    limit = 6
    theirs, first = by_lm_eval(letters, f"recrm_{dimension}_logprob", "sample", limit)
    ours, second = by_inspect(letters, dimension, "sample", tmp_path, limit)
    assert sorted(first) == sorted(second)
    same(ours, theirs)
    golds = {
        p.id: p.gold for p in load_questions(dimension, "logprob", Backend(), Options(data="sample", limit=limit))[0]
    }
    assert ours["coverage"] == 1.0
    for outcome in second:
        if dimension == "ranking":
            assert list(outcome.value) == sorted(outcome.value, reverse=True)
        else:
            assert outcome.value == 0
    right = [(g[0] > 0) if isinstance(g, tuple) else g == 0 for g in golds.values()]
    assert ours["acc"] == sum(right) / limit


@pytest.mark.parametrize("pad", [True, False])
@pytest.mark.parametrize(
    ("dimension", "labels"),
    [
        ("factual", ["consistent", "inconsistent"]),
        ("factual", ["Inconsistent", "Consistent"]),
        ("behavior", ["LABEL_0", "LABEL_1"]),
        ("behavior", ["yes", "no"]),
    ],
)
def test_a_classifier_gives_the_known_verdicts(dimension: str, labels: list[str], pad: bool, tmp_path: Path) -> None:
    """All right but the first record, whose marker is the wrong one; whatever the order of the classes."""
    sign = 1.0 if labels[0] in ("consistent", "yes") else -1.0
    model = save(tmp_path / "model", labels, {GOOD: sign, BAD: -sign}, pad=pad)
    data = str(marked(tmp_path, dimension))
    theirs, first = by_lm_eval(model, f"recrm_{dimension}_logprob", data)
    ours, second = by_inspect(model, dimension, data, tmp_path / "logs")
    assert sorted(first) == sorted(second)
    same(ours, theirs)
    assert ours["n"] == 8
    assert ours["acc"] == 7 / 8


def test_classes_can_be_named_by_hand(tmp_path: Path) -> None:
    model = save(tmp_path / "model", ["LABEL_0", "LABEL_1"], {GOOD: 1.0, BAD: -1.0})
    data = str(marked(tmp_path, "factual"))
    with pytest.raises(
        RecrmError, match=r"has the classes LABEL_0, LABEL_1, .* example classes='consistent\|inconsist"
    ):
        by_lm_eval(model, "recrm_factual_logprob", data)
    theirs, _ = by_lm_eval(model, "recrm_factual_logprob", data, classes="consistent|inconsistent")
    ours, _ = by_inspect(model, "factual", data, tmp_path / "logs", classes="consistent|inconsistent")
    same(ours, theirs)
    assert ours["acc"] == 7 / 8


def test_a_reward_model_writes_no_text(letters: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RecrmError, match="use recrm_factual_logprob instead of recrm_factual"):
        by_lm_eval(letters, "recrm_factual", "sample", 2)
    assert "--apply_chat_template" not in caplog.text  # its own turns are always in the template
    init_active_model(get_model(f"recrm-rm/{letters}", memoize=False), GenerateConfig())
    try:
        with pytest.raises(PrerequisiteError, match="writes no text: leave out -T answer=generate"):
            dimension_task("factual", data="sample", limit=2, answer="generate")
        by_default = dimension_task("factual", data="sample", limit=2).metadata["recrm_provenance"]["factual"]
        assert by_default["mode"] == "logprob"
        assert by_default["fit"]["context"] == 20_000
    finally:
        init_active_model(None, GenerateConfig())  # type: ignore[arg-type]


def test_the_names_of_classes_are_those_of_the_labels() -> None:
    (prompt,) = load_questions("factual", "logprob", Backend(), Options(data="sample", limit=1))[0]
    names = dimension_of("factual").kind.class_names(prompt)
    assert "consistent" in names[0]
    assert "inconsistent" in names[1]


def test_lm_eval_knows_the_model_by_name() -> None:
    from lm_eval.api.registry import get_model as model_of

    assert model_of("recrm-rm").__name__ == "RewardModelLM"
    assert sys.modules["recrm_tasks.lm_eval_tasks.reward_model"]
