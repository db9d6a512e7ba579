"""Reward models on a server of vLLM: transformers' numbers in both harnesses, and one message for what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.model._model import init_active_model
from lm_eval.tasks import TaskManager
from marker_model import save
from pooling_stub import PoolingStub
from random_models import ASKED, END, saved

from inspect_tasks import dimension_task
from recrm_tasks import lm_eval_tasks
from recrm_tasks.answers.prompt import Message
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.results import outcome_of
from recrm_tasks.lm_eval_tasks.reward_model import RewardModelLM
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.scoring.outcomes import Outcome

pytestmark = pytest.mark.slow

CLOSE = 1e-4


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recrm_tasks.models.server_client._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("recrm_tasks.models.server_client._LONGEST_PAUSE", 0.1)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One logit, random weights, a chat template."""
    return saved(tmp_path_factory.mktemp("llama"), "llama", "own", "right", True)[0]


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One logit, which likes early letters of the alphabet."""
    return save(tmp_path_factory.mktemp("letters"), ["reward"], {chr(65 + i): 26.0 - i for i in range(26)})


@pytest.fixture
def server(llama: str) -> Iterator[PoolingStub]:
    with PoolingStub(llama) as running:
        yield running


def equal(folder: str, asked: list[Asked], **arguments: Any) -> PoolingStub:
    """The server's rewards and numbers of tokens are those of transformers."""
    here, tokens = RewardModel(folder, batch_size=4, **arguments).rewards(asked)
    with PoolingStub(folder) as running:
        there, same_tokens = RewardModel(folder, base_url=running.url, **arguments).rewards(asked)
    assert tokens == same_tokens
    assert len({round(reward, 3) for rewards in here for reward in rewards}) > 6, "the texts must differ"
    for ours, theirs in zip(there, here, strict=True):
        assert ours == pytest.approx(theirs, abs=CLOSE)
    return running


@pytest.mark.parametrize("reads", ["letters", "content"])
@pytest.mark.parametrize("padding", ["own", "config-with-another", "end", "end-and-config-without", "none"])
@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_one_logit(architecture: str, padding: str, reads: Any, tmp_path: Path) -> None:
    folder, _ = saved(tmp_path, architecture, padding, "right", True)
    running = equal(folder, [one._replace(reads=reads) for one in ASKED], reads=reads)
    sent = [ids for body in running.asked[2:] for ids in body["input"]]
    # Every text ends with the same token. Where that is the padding token too, transformers reads the one before it.
    assert {ids[-1] == END for ids in sent} == {not padding.startswith("end")}


@pytest.mark.parametrize("architecture", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("template", [True, False], ids=["chat", "pair"])
def test_encoders(architecture: str, template: bool, tmp_path: Path) -> None:
    equal(saved(tmp_path, architecture, "own", "right", template)[0], ASKED)


@pytest.mark.parametrize("padding", ["own", "end"])
def test_texts_of_few_tokens(padding: str, tmp_path: Path) -> None:
    """One token, also if it is the padding token; and one before it."""
    folder, _ = saved(tmp_path, "llama", padding, "right", True)
    texts = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in ([7], [8], [END], [7, END], [END, END])]
    here = RewardModel(folder).classifier.logits(texts)
    with PoolingStub(folder) as running:
        there = RewardModel(folder, base_url=running.url).classifier.logits(texts)
    assert [row[0] for row in there] == pytest.approx([row[0] for row in here], abs=CLOSE)


def test_classes(tmp_path: Path) -> None:
    folder, _ = saved(tmp_path, "llama", "own", "right", True, labels=3)
    names = (("LABEL_2",), ("LABEL_0",), ("LABEL_1",))
    running = equal(folder, [one._replace(choices=("A", "B", "C"), names=names) for one in ASKED])
    assert len(running.asked[2]["input"]) == len(ASKED)


def test_many_texts_go_in_several_requests(server: PoolingStub, llama: str) -> None:
    texts = [Asked((Message(role="user", content="ab" * i),), ("a", "b", "c")) for i in range(1, 30)]
    here = RewardModel(llama).rewards(texts)
    assert len(server.asked) == 0
    model = RewardModel(llama, base_url=server.url.removesuffix("/v1") + "/", num_concurrent=2)
    there = model.rewards(texts)
    assert [len(body["input"]) for body in server.asked[2:]] in ([32, 32, 23], [32, 23, 32], [23, 32, 32])
    for body in server.asked[2:]:
        assert (body["use_activation"], body["model"]) == (False, llama)
    assert [reward for rewards in there[0] for reward in rewards] == pytest.approx(
        [reward for rewards in here[0] for reward in rewards], abs=CLOSE
    )
    assert model.classifier.engine == "vllm 0.32.0 (server)"
    assert model.classifier.together == 64


def lm_eval_run(model: str, url: str | None) -> dict[str, Any]:
    where = {"base_url": url} if url else {}
    manager = TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": "sample", "recrm_limit": 4, "pretrained": model, **where},
    )
    done = lm_eval.simple_evaluate(
        "recrm-rm", model_args={"pretrained": model, **where}, tasks=["recrm_relevance_logprob"], task_manager=manager
    )
    assert done is not None
    return done


def test_both_harnesses(letters: str, tmp_path: Path) -> None:
    """The numbers of an engine in this process, and the engine in the provenance."""
    here = lm_eval_run(letters, None)
    with PoolingStub(letters) as running:
        running.models[0]["max_model_len"] = 20_000
        there = lm_eval_run(letters, running.url)
        api = get_model(f"recrm-rm/{letters}", base_url=running.url, memoize=False)
        init_active_model(api, GenerateConfig())
        try:
            task = dimension_task("relevance", data="sample", limit=4, answer="logprob")
        finally:
            init_active_model(None, GenerateConfig())  # type: ignore[arg-type]
        (log,) = inspect_eval(task, model=api, log_dir=str(tmp_path), display="none")
    assert log.status == "success", log.error
    name = "recrm_relevance_logprob"
    outcomes = [[outcome_of(sample["score"]) for sample in done["samples"][name]] for done in (here, there)] + [
        [Outcome.from_json(sample.scores["recrm"].metadata["outcome"]) for sample in log.samples or [] if sample.scores]
    ]
    assert len(outcomes[0]) == 4
    assert sorted(outcomes[0]) == sorted(outcomes[1]) == sorted(outcomes[2])
    engines = [done["configs"][name]["metadata"]["recrm_provenance"]["engine"] for done in (here, there)]
    engines.append(log.eval.metadata["recrm_provenance"]["relevance"]["engine"])
    import transformers

    assert engines == [f"transformers {transformers.__version__}", "vllm 0.32.0 (server)", "vllm 0.32.0 (server)"]


def by_lm_eval(path: str, **arguments: Any) -> RewardModelLM:
    return RewardModelLM.create_from_arg_obj({"pretrained": path, **arguments}, {"batch_size": 1, "device": "cuda:0"})


def by_inspect(path: str, **arguments: Any) -> Any:
    return get_model(f"recrm-rm/{path}", memoize=False, **arguments).api


@pytest.fixture(params=[by_lm_eval, by_inspect])
def door(request: pytest.FixtureRequest) -> Any:
    """Makes the model in one of the harnesses."""
    return request.param


def refused(door: Callable[..., Any], path: str, message: str, **arguments: Any) -> None:
    with pytest.raises((RecrmError, PrerequisiteError), match=message) as error:
        door(path, **arguments)
    assert "\n" not in str(error.value)


def test_no_server(door: Any, llama: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused(door, llama, rf"no connection to http://127.0.0.1:{port}, 1 try", base_url=f"http://127.0.0.1:{port}/v1")
    refused(door, llama, "base_url must begin with http:// or https://, not 'here'", base_url="here")


def test_a_server_with_another_model(door: Any, server: PoolingStub, llama: str) -> None:
    server.models[0] |= {"id": "other", "root": "somewhere"}
    message = rf"serves other, not '{llama}': start the server with this model, or .* served_model_name="
    refused(door, llama, message, base_url=server.url)
    refused(door, llama, "serves other, not 'third'", base_url=server.url, served_model_name="third")
    assert not server.asked
    door(llama, base_url=server.url, served_model_name="other")
    assert {body["model"] for body in server.asked} == {"other"}
    server.models[0] |= {"id": "named", "root": llama}  # `--served-model-name`
    server.asked.clear()
    door(llama, base_url=server.url)
    assert {body["model"] for body in server.asked} == {"named"}


def test_a_server_with_other_classes(door: Any, server: PoolingStub, tmp_path: Path) -> None:
    folder, _ = saved(tmp_path, "llama", "own", "right", True, labels=2)
    server.models[0]["id"] = folder
    refused(door, folder, "has a model with 1 classes, but .* has 2: it serves another model", base_url=server.url)


def test_a_server_of_another_kind(door: Any, server: PoolingStub, llama: str) -> None:
    server.models[0]["owned_by"] = "sglang"
    refused(door, llama, "is not a vLLM server", base_url=server.url)
    server.models[0]["owned_by"] = "vllm"
    server.always = 404
    refused(door, llama, "has no /classify .*: start it with vllm serve .* --runner pooling", base_url=server.url)


def test_a_server_that_computes_something_else(door: Any, server: PoolingStub, llama: str) -> None:
    server.pooling_first = True
    refused(door, llama, "reads the scores at the first token, but .* has them at the last", base_url=server.url)
    server.pooling_first, server.always_activated = False, True
    refused(door, llama, "returns probabilities, not logits, also with use_activation=false", base_url=server.url)
    server.always_activated, server.more_tokens = False, 1
    refused(door, llama, "returned 8 results of 24 tokens for 8 texts of 16 tokens", base_url=server.url)


def test_classes_of_a_server_that_computes_something_else(server: PoolingStub, tmp_path: Path) -> None:
    folder, _ = saved(tmp_path, "llama", "own", "right", True, labels=3)
    with PoolingStub(folder) as running:
        running.always_activated = True
        with pytest.raises(RecrmError, match="returns probabilities, not logits"):
            RewardModel(folder, base_url=running.url)


def test_heads_and_pairs_of_texts(door: Any, server: PoolingStub, tmp_path: Path) -> None:
    folder, _ = saved(tmp_path / "gpt2", "gpt2", "own", "right", True)
    refused(door, folder, "not known to compute the head of GPT2ForSequenceClassification", base_url=server.url)
    pairs, _ = saved(tmp_path / "bert", "bert", "own", "right", False, types=True)
    refused(door, pairs, "marks the answer by token types, which a server does not take", base_url=server.url)
    assert not server.asked


def test_the_pooling_of_sentence_transformers(door: Any, server: PoolingStub, tmp_path: Path) -> None:
    folder, _ = saved(tmp_path, "bert", "own", "right", True)
    (tmp_path / "modules.json").write_text("[]", encoding="utf-8")
    message = r"has a pooling of sentence-transformers \(modules.json\), which a server uses instead"
    refused(door, folder, message, base_url=server.url)


def test_a_text_that_is_too_long(server: PoolingStub, llama: str) -> None:
    question = Asked((Message(role="user", content="x" * 300),), ("a", "b"))
    with pytest.raises(RecrmError, match=r"a text has 303 tokens, but '.*' takes at most 256"):
        RewardModel(llama, base_url=server.url).rewards([question])
    with pytest.raises(RecrmError, match="takes at most 100"):
        RewardModel(llama, base_url=server.url, max_length=100).rewards([question])
    server.models[0]["max_model_len"] = 200
    with pytest.raises(RecrmError, match="takes at most 200"):
        RewardModel(llama, base_url=server.url).rewards([question])


def test_a_server_that_fails_for_a_while_and_for_good(server: PoolingStub, llama: str) -> None:
    model = RewardModel(llama, base_url=server.url)
    expected = RewardModel(llama).rewards(ASKED)[0]
    server.fails = [500, 503]
    for ours, theirs in zip(model.rewards(ASKED)[0], expected, strict=True):
        assert ours == pytest.approx(theirs, abs=CLOSE)
    server.always = 400
    with pytest.raises(RecrmError, match="answered with status 400: out of order"):
        model.rewards(ASKED)
    server.always = 500
    with pytest.raises(RecrmError, match="answered with status 500: out of order"):
        model.rewards(ASKED)


def test_a_key(server: PoolingStub, llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server.key = "secret"
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(RecrmError, match=r"/version answered with status 401"):
        RewardModel(llama, base_url=server.url)
    RewardModel(llama, base_url=server.url, api_key="secret")
    by_inspect(llama, base_url=server.url, api_key="secret")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    by_lm_eval(llama, base_url=server.url)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base_url": "http://localhost:1", "engine": "hf"}, "and engine=hf is in this process: give one of them"),
        ({"base_url": "http://localhost:1", "device": "cpu"}, "device: only for engine=hf"),
        ({"base_url": "http://localhost:1", "dtype": "float32"}, "dtype: not for a model on a server"),
        ({"base_url": "http://localhost:1", "max_batch_tokens": 9}, "max_batch_tokens: only for engine=hf"),
        ({"base_url": "http://localhost:1", "batchsize": 4}, "a model on a server has no argument batchsize"),
        (
            {"base_url": "http://localhost:1", "num_concurrent": 0},
            "num_concurrent must be a whole number of at least 1",
        ),
        ({"served_model_name": "smol"}, "served_model_name: only for a model on a server, so give base_url= too"),
        ({"num_concurrent": 4}, "num_concurrent: only for a model on a server"),
        ({"engine": "sglang"}, "engine must be hf or vllm, not 'sglang'"),
        ({"engine": "vllm", "device": "cpu"}, "device: only for engine=hf"),
        ({"engine": "vllm", "max_batch_tokens": 9}, "max_batch_tokens: only for engine=hf"),
        ({"max_batch_tokens": 0}, "max_batch_tokens must be a whole number of at least 1, not 0"),
    ],
)
def test_arguments_that_an_engine_does_not_use(door: Any, llama: str, arguments: dict[str, Any], message: str) -> None:
    refused(door, llama, message, **arguments)


def test_vllm_that_is_not_installed(door: Any, llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "vllm", None)
    refused(door, llama, r"engine=vllm needs vllm: pip install 'recrm-tasks\[vllm\]'", engine="vllm")
