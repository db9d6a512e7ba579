"""A reward model's config says how it was trained, so that it is evaluated in that way without further arguments."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import get_model
from marker_model import BAD, GOOD, save

from recrm_tasks.answers.prompt import Message
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.documents import documents
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.models.trained_as import TrainedAs, reads_of_model, trained_as, write_trained_as
from recrm_tasks.prompting import Options

pytestmark = pytest.mark.slow

QUESTION = (Message(role="user", content="x"),)


def saved(folder: Path, classes: int = 1, **more: Any) -> str:
    labels = [f"LABEL_{i}" for i in range(classes)]
    return save(folder, labels, {GOOD: 1.0, BAD: -1.0, "A": 2.0, "B": 1.0}, **more)


def config(folder: str) -> dict[str, Any]:
    return json.loads(Path(folder, "config.json").read_text(encoding="utf-8"))


def set_entry(folder: str, entry: Any) -> None:
    Path(folder, "config.json").write_text(json.dumps({**config(folder), "recrm": entry}), encoding="utf-8")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    assert trained_as(folder) is None
    write_trained_as(folder, "content", ["factual", "ranking"], ask="item", prompt_lang="zh")
    versions = {key: dimension_of(key).version for key in ("factual", "ranking")}
    assert trained_as(folder) == TrainedAs("content", versions, "item", "zh")
    assert RewardModel(folder).reads == "content"
    scores, _ = RewardModel(folder).rewards([Asked(QUESTION, (GOOD, BAD), reads="content")])
    assert scores[0][0] > scores[0][1]


def test_classes_and_padding_are_written(tmp_path: Path) -> None:
    folder = saved(tmp_path, 2)
    Path(folder, "config.json").write_text(json.dumps({**config(folder), "pad_token_id": None}))
    write_trained_as(folder, "letters", ["factual"], classes=["consistent", "inconsistent"])
    assert config(folder)["id2label"] == {"0": "consistent", "1": "inconsistent"}
    assert config(folder)["label2id"] == {"consistent": 0, "inconsistent": 1}
    assert config(folder)["pad_token_id"] == 1
    names = (("consistent",), ("inconsistent",))
    ((first, second),), _ = RewardModel(folder).rewards(
        [Asked((Message(role="user", content=GOOD),), ("A", "B"), names)]
    )
    assert first > second


def test_classes_may_be_called_like_letters(tmp_path: Path) -> None:
    """One classifier for several dimensions: each uses as many letters as it has answers."""
    folder = saved(tmp_path, 3)
    write_trained_as(folder, "letters", ["factual", "relevance"], classes=["A", "B", "C"])
    model = RewardModel(folder)
    three = Asked(QUESTION, ("A", "B", "C"), (("relevant",), ("partial",), ("irrelevant",)))
    two = Asked(QUESTION, ("A", "B"), (("consistent",), ("inconsistent",)))
    (some, fewer), _ = model.rewards([three, two])
    assert len(some) == 3
    assert fewer == some[:2]


def test_names_of_labels_come_before_letters(tmp_path: Path) -> None:
    """Labels that are called B and A in this order."""
    model = RewardModel(saved(tmp_path, 2), classes=["A", "B"])
    ((b, a),), _ = model.rewards([Asked((Message(role="user", content=GOOD),), ("A", "B"), (("B",), ("A",)))])
    assert b < a


def test_an_adapter_has_the_entry_and_its_classes_in_its_own_config(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "base"}))
    write_trained_as(tmp_path, "letters", ["behavior"], classes=["no", "yes"])
    found = trained_as(str(tmp_path))
    assert found is not None
    assert found.classes == ("no", "yes")
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize(
    ("classes", "arguments", "message"),
    [
        (2, {"reads": "content"}, "the model has 2 logits, not 1"),
        (3, {"reads": "letters", "classes": ["a", "b"]}, "the model has 3 logits, not 2"),
        (1, {"reads": "content", "classes": ["reward"]}, "a model that reads content has one logit, which has no name"),
        (1, {"reads": "words"}, "reads must be letters or content, not 'words'"),
        (1, {"reads": "letters", "ask": "pair"}, "ask must be list or item, not 'pair'"),
        (1, {"reads": "letters", "prompt_lang": "fr"}, "prompt_lang must be zh or en, not 'fr'"),
        (1, {"reads": "letters", "dimensions": ["tone"]}, "unknown dimension 'tone'"),
    ],
)
def test_what_cannot_be_written(classes: int, arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = saved(tmp_path, classes)
    before = config(folder)
    with pytest.raises(RecrmError, match=message):
        write_trained_as(folder, **{"dimensions": ["factual"], **arguments})
    assert config(folder) == before


def test_no_saved_model(tmp_path: Path) -> None:
    with pytest.raises(RecrmError, match=r"no saved model whose config can be read .*; save it there first"):
        write_trained_as(tmp_path / "nowhere", "content", ["factual"])


@pytest.mark.parametrize("entry", ["content", {"ask": "list"}, {"reads": "x"}, {"reads": "content", "ask": 3}, [1]])
def test_an_entry_that_cannot_be_used_is_reported(entry: Any, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    set_entry(folder, entry)
    with pytest.raises(RecrmError, match=r"the entry 'recrm' in the config of '.*' cannot be used .*: write it with"):
        RewardModel(folder)


def test_the_argument_and_the_config_must_agree(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    write_trained_as(folder, "content", ["factual"])
    assert RewardModel(folder, reads="content").reads == "content"
    with pytest.raises(RecrmError, match=r"was trained to read content, as its config says, .* leave the argument out"):
        RewardModel(folder, reads="letters")
    with pytest.raises(RecrmError, match="reads must be letters or content, not 'verdicts'"):
        reads_of_model(folder, "verdicts", None)


def test_a_classifier_cannot_read_content(tmp_path: Path) -> None:
    folder = saved(tmp_path, 2)
    message = r"has 2 classes \(LABEL_0, LABEL_1\), but a score of content is one logit: .* leave out reads=content"
    with pytest.raises(RecrmError, match=message):
        RewardModel(folder, reads="content")
    with pytest.raises(PrerequisiteError, match=message):
        get_model(f"recrm-rm/{folder}", memoize=False, reads="content")


def test_inspect_does_not_load_a_model_twice(tmp_path: Path, caplog: Any) -> None:
    """It looks models up by making another one, without the user's arguments."""
    from inspect_ai.model import get_model_info

    folder = saved(tmp_path)
    with caplog.at_level(logging.WARNING):
        get_model(f"recrm-rm/{folder}", memoize=False, reads="content")
        assert get_model_info(f"recrm-rm/{folder}") is None
    assert "has one logit" not in caplog.text


def test_a_model_is_not_asked_what_it_does_not_read(tmp_path: Path) -> None:
    content = RewardModel(saved(tmp_path), reads="content")
    with pytest.raises(RecrmError, match="reads content, but is asked about letters: a task must know what its model"):
        content.rewards([Asked(QUESTION, ("A", "B"))])
    letters = RewardModel(saved(tmp_path), reads="letters")
    with pytest.raises(RecrmError, match="reads letters, but is asked about content"):
        letters.rewards([Asked(QUESTION, ("some response",), reads="content")])


def test_a_model_that_does_not_say_what_it_reads_is_reported_once(tmp_path: Path, caplog: Any) -> None:
    folder = saved(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert RewardModel(folder).reads == "letters"
    (record,) = [one for one in caplog.records if one.name.startswith("recrm_tasks")]
    assert "has one logit, and its config does not say what it was trained to score" in record.getMessage()
    caplog.clear()
    RewardModel(folder, reads="letters")
    write_trained_as(folder, "letters", ["factual"])
    RewardModel(folder)
    assert not [one for one in caplog.records if one.name.startswith("recrm_tasks")]


def test_a_judge_does_not_take_a_model_that_reads_content(tmp_path: Path) -> None:
    from recrm_tasks.rewards.judges.reward_model_judge import RewardModelJudge

    with pytest.raises(RecrmError, match="reads content, but a judge is asked the questions of the dimensions"):
        RewardModelJudge(saved(tmp_path), reads="content")


def test_the_run_has_the_options_of_the_training() -> None:
    trained = TrainedAs("letters", {}, "item", "zh")
    assert trained.options(Options()) == Options(ask="item", prompt_lang="zh")
    assert trained.options(Options(prompt_lang="en", split="all")) == Options(ask="item", prompt_lang="en", split="all")
    assert TrainedAs("letters").options(Options(ask="item")) == Options(ask="item")


def test_other_prompts_than_those_of_the_training_are_reported(caplog: Any) -> None:
    version = dimension_of("factual").version
    with caplog.at_level(logging.WARNING):
        TrainedAs("letters", {"factual": version}).check("m", "factual")
        assert not caplog.records
        TrainedAs("letters", {"factual": version - 1}).check("m", "factual")
        TrainedAs("letters", {"factual": version}).check("m", "relevance")
    first, second = (record.getMessage() for record in caplog.records)
    assert (
        f"m was trained on version {version - 1} of the prompts of factual, and is asked with version {version}"
        in first
    )
    assert second == "m was trained on factual, not on relevance"


def test_documents_are_those_that_the_model_reads(tmp_path: Path, caplog: Any) -> None:
    folder = saved(tmp_path)
    write_trained_as(folder, "content", ["ranking"], ask="item")
    set_entry(folder, {**config(folder)["recrm"], "prompt_versions": {"ranking": 1}})
    provenance: dict[str, Any] = {}
    found = documents("ranking", "logprob", provenance, pretrained=folder, recrm_data="sample", recrm_limit=2)["test"]
    assert provenance["reads"] == "content"
    assert provenance["ask"] == "item"
    assert all(len(choices) == 1 for choices in found["choices"])
    assert "was trained on version 1 of the prompts of ranking" in caplog.text


def test_a_language_models_config_says_nothing(tmp_path: Path, byte_tokenizer: str) -> None:
    """The entry is of classifiers: lm-eval's hf and the like read letters."""
    folder = saved(tmp_path)
    write_trained_as(folder, "content", ["factual"])
    Path(folder, "config.json").write_text(json.dumps({**config(folder), "architectures": ["LlamaForCausalLM"]}))
    assert trained_as(folder) is None
    assert trained_as("/nowhere") is None
