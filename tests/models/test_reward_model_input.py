"""What a reward model is given: texts, classes, arguments; and the message for what it cannot use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import get_model
from marker_model import GOOD, WIDTH, save
from random_models import saved

from recrm_tasks.answers.prompt import Message
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.reward_model import RewardModelLM
from recrm_tasks.models.reward_model import Asked, RewardModel

pytestmark = pytest.mark.slow

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A scalar model that likes early letters of the alphabet."""
    return save(tmp_path_factory.mktemp("letters"), ["reward"], {chr(65 + i): 26.0 - i for i in range(26)})


def test_without_a_template_question_and_answer_are_a_pair(tmp_path: Path) -> None:
    model = RewardModel(save(tmp_path, ["reward"], {"A": 2.0, "B": 1.0}, template=False))
    ((first, second),), (tokens,) = model.rewards([Asked((Message(role="user", content="xy"),), ("A", "B"), ())])
    assert first > second
    assert tokens == 6


def test_mistakes_are_reported(letters: str, tmp_path: Path, byte_tokenizer: str) -> None:
    with pytest.raises(RecrmError, match="no reward model at '/nowhere'"):
        RewardModel("/nowhere")
    config = transformers.LlamaConfig(
        vocab_size=300, hidden_size=WIDTH, intermediate_size=WIDTH, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path / "language-model")
    transformers.AutoTokenizer.from_pretrained(byte_tokenizer).save_pretrained(tmp_path / "language-model")
    with pytest.raises(RecrmError, match=r"not a trained reward model: it has no score\.weight"):
        RewardModel(str(tmp_path / "language-model"))
    question = Asked((Message(role="user", content="x" * 300),), ("A", "B"), ())
    with pytest.raises(RecrmError, match=r"a text has 303 tokens, but '.*' takes at most 100"):
        RewardModel(letters, max_length=100).rewards([question])
    classes = save(tmp_path / "classes", ["a", "b", "c"], {GOOD: 1.0})
    with pytest.raises(RecrmError, match="has 3 classes, but candidates of a list are not classes"):
        RewardModel(classes).rewards([question])
    with pytest.raises(RecrmError, match="has 3 classes, not 2"):
        RewardModel(classes, classes=["a", "b"])


@pytest.mark.parametrize(("architecture", "longest"), [("bert", 256), ("xlm-roberta", 254)])
def test_the_longest_text(architecture: str, longest: int, tmp_path: Path) -> None:
    """RoBERTa's kind counts positions from the one after the padding token's."""
    folder, _ = saved(tmp_path, architecture, "own", "right", template=False)
    model = RewardModel(folder)
    around = 4  # <first>, <other>, the answer, <end>
    fits, too_long = (
        Asked((Message(role="user", content="a" * (count - around)),), ("b",)) for count in (longest, longest + 1)
    )
    assert model.rewards([fits])[1] == [longest]
    with pytest.raises(RecrmError, match=rf"a text has {longest + 1} tokens, but '.*' takes at most {longest}"):
        model.rewards([too_long])


def test_damaged_weights_are_reported(tmp_path: Path) -> None:
    folder = save(tmp_path, ["reward"], {GOOD: 1.0})
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(RecrmError, match=rf"no reward model at '{folder}': Error while deserializing header"):
        RewardModel(folder)


def lm_eval_of_objects(path: str, **arguments: Any) -> RewardModelLM:
    """As `simple_evaluate` makes it; its command line gives a batch size and a device in any case."""
    return RewardModelLM.create_from_arg_obj({"pretrained": path, **arguments}, {"batch_size": 1, "device": "cuda:0"})


def lm_eval_of_text(path: str, **arguments: Any) -> RewardModelLM:
    """As `simple_evaluate` makes it of arguments in one text."""
    text = ",".join(f"{name}={value}" for name, value in {"pretrained": path, **arguments}.items())
    return RewardModelLM.create_from_arg_string(text, {"batch_size": 1, "max_batch_size": None, "device": None})


def inspect(path: str, **arguments: Any) -> Any:
    """Inspect's."""
    return get_model(f"recrm-rm/{path}", memoize=False, **arguments).api


DOORS = [lm_eval_of_objects, lm_eval_of_text, inspect]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"batch_size": -4}, "batch_size must be a whole number of at least 1, not -4"),
        ({"batch_size": "auto"}, "batch_size must be a whole number of at least 1, not 'auto'"),
        ({"batch_size": "auto:4"}, "batch_size must be a whole number of at least 1, not 'auto:4'"),
        ({"batch_size": 2.5}, r"batch_size must be a whole number of at least 1, not 2\.5"),
        ({"batch_size": True}, "batch_size must be a whole number of at least 1, not True"),
        ({"max_length": 0}, "max_length must be a whole number of at least 1, not 0"),
        ({"max_length": "long"}, "max_length must be a whole number of at least 1, not 'long'"),
        ({"dtype": "float99"}, "dtype must be auto or a type of torch, for example bfloat16, not 'float99'"),
        ({"dtype": "Tensor"}, "dtype must be auto or a type of torch, for example bfloat16, not 'Tensor'"),
        ({"device": "gpu"}, "device 'gpu' cannot be used: "),
        ({"batchsize": 4}, "no reward model at .*unexpected keyword argument 'batchsize'"),
    ],
)
def test_arguments_that_cannot_be_used_are_reported(
    door: Any, argument: dict[str, Any], message: str, letters: str
) -> None:
    with pytest.raises((RecrmError, PrerequisiteError), match=message) as error:
        door(letters, **argument)
    assert "\n" not in str(error.value)


def test_lm_evals_argument_for_adapters_is_reported(letters: str) -> None:
    with pytest.raises(
        RecrmError, match=r"recrm-rm takes an adapter itself, .* the base model: pretrained=/my/adapter"
    ):
        lm_eval_of_text(letters, peft="/my/adapter")


def test_the_batch_size_of_lm_evals_model_args_is_used(letters: str) -> None:
    """It was an error: lm-eval gives its own beside it."""
    for door in (lm_eval_of_objects, lm_eval_of_text):
        assert door(letters)._model.classifier.batch_size == 1
        assert door(letters, batch_size=8)._model.classifier.batch_size == 8
        assert door(letters, batch_size="8", device="cpu")._model.classifier.batch_size == 8
    assert (
        RewardModelLM.create_from_arg_obj({"pretrained": letters}, {"batch_size": "4"})._model.classifier.batch_size
        == 4
    )


def test_both_harnesses_have_the_default_of_lm_evals_command_line(letters: str) -> None:
    from lm_eval.config.evaluate_config import EvaluatorConfig

    api = inspect(letters)
    assert (
        RewardModelLM(letters)._model.classifier.batch_size
        == api._model.classifier.batch_size
        == EvaluatorConfig().batch_size
        == 1
    )
    assert api.max_connections() == 4
    assert inspect(letters, batch_size=16).max_connections() == 64


@pytest.mark.parametrize("door", DOORS)
def test_passes_by_tokens(letters: str, door: Any) -> None:
    """lm-eval always gives a batch size, 1 if the user gives none: then the tokens alone are the limit."""
    classifier = door(letters, max_batch_tokens=4096)._model.classifier
    assert (classifier.batch_size, classifier.max_batch_tokens) == (None, 4096)
    assert classifier.together == 256
    classifier = door(letters, max_batch_tokens="4096", batch_size=8)._model.classifier
    assert (classifier.batch_size, classifier.max_batch_tokens) == (8, 4096)
