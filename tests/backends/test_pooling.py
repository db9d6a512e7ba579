"""Reward models on vLLM, in this process and on its server: the logits that transformers has for the same weights.

`make test-vllm` sets up the environment that these need and runs them.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import engines
import pytest
import random_models
from random_models import ASKED, saved

from recrm_tasks.answers.prompt import Message
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.models import pooling_heads
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.prompting import Backend, Options, load_questions

pytest.importorskip("vllm", reason="vLLM is not installed here: make test-vllm")

VERSION = version("vllm")
pytestmark = pytest.mark.slow

CLOSE = 1e-4
"""Float32, kernels of other makers."""
WIDTH = 64
"""vLLM's attention on the CPU has no smaller heads than two of these."""
SIZES: dict[str, Any] = {**random_models.SIZES, "hidden_size": WIDTH}


@pytest.fixture(autouse=True)
def small_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Little memory for each, and none for those before."""
    for name, value in engines.environment(VLLM_CPU_KVCACHE_SPACE="1").items():
        monkeypatch.setenv(name, value)
    yield
    gc.collect()


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM's engine in this process: one of its own imports vLLM again, which takes four times as long as the test."""
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")


def equal(here: RewardModel, there: RewardModel, asked: list[Asked], close: float = CLOSE) -> None:
    """Both give the same rewards for the same number of tokens."""
    expected, tokens = here.rewards(asked)
    found, same_tokens = there.rewards(asked)
    assert tokens == same_tokens
    assert len({round(reward, 3) for rewards in expected for reward in rewards}) > 6, "the texts must differ"
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=close, rel=close)


def named(labels: int) -> list[Asked]:
    """The questions for a model with that many classes."""
    if labels == 1:
        return ASKED
    names = tuple((f"LABEL_{i}",) for i in range(labels))[::-1]
    return [one._replace(choices=tuple("ABCDEF"[:labels]), names=names) for one in ASKED]


@pytest.mark.vllm
@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize(
    ("architecture", "padding", "template", "types", "labels", "reads"),
    [
        ("llama", "own", True, False, 1, "letters"),
        ("llama", "end", True, False, 1, "content"),  # the score is before the last token
        ("llama", "own", True, False, 3, "letters"),
        ("qwen2", "none", False, False, 1, "letters"),
        ("mistral", "end-and-config-without", True, False, 1, "letters"),
        ("qwen3", "config-with-another", True, False, 2, "letters"),
        ("bert", "own", False, True, 1, "letters"),  # pairs of texts, marked by token types
        ("bert", "own", True, False, 2, "letters"),
        ("xlm-roberta", "own", True, False, 1, "letters"),
        ("modernbert", "own", True, False, 1, "letters"),
    ],
)
def test_an_engine_in_this_process(
    architecture: str, padding: str, template: bool, types: bool, labels: int, reads: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sizes = {**SIZES, "head_dim": WIDTH // 2} if architecture in ("mistral", "qwen3") else SIZES
    monkeypatch.setitem(random_models.NAMED, architecture, sizes)
    folder, _ = saved(tmp_path, architecture, padding, "right", template, WIDTH, labels, types)
    model = RewardModel(folder, engine="vllm", reads=reads, enforce_eager=True)
    assert model.classifier.engine == f"vllm {VERSION}"
    equal(RewardModel(folder, reads=reads), model, [one._replace(reads=reads) for one in named(labels)])
    long = Asked((Message(role="user", content="x" * 299),), ("a", "b"), (("LABEL_0",), ("LABEL_1",)), reads)
    with pytest.raises(RecrmError, match=r"a text has 30\d tokens, but '.*' takes at most 25[46]"):
        model.rewards([long])


@pytest.mark.vllm
@pytest.mark.usefixtures("no_process")
def test_texts_of_few_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(random_models.NAMED, "llama", SIZES)
    folder, _ = saved(tmp_path, "llama", "end", "right", True, WIDTH)
    texts = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in ([7], [8], [2], [7, 2], [2, 2])]
    here = RewardModel(folder).classifier.logits(texts)
    there = RewardModel(folder, engine="vllm", enforce_eager=True).classifier.logits(texts)
    assert [row[0] for row in there] == pytest.approx([row[0] for row in here], abs=CLOSE)


@pytest.mark.vllm
@pytest.mark.usefixtures("no_process")
def test_heads_that_vllm_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(random_models.NAMED, "helium", {**SIZES, "head_dim": 32})
    folder, _ = saved(tmp_path / "helium", "helium", "own", "right", True, WIDTH)
    with pytest.raises(RecrmError, match="not known to compute the head of HeliumForSequenceClassification"):
        RewardModel(folder, engine="vllm")
    # What would happen without our list: vLLM's own plan shows that it has no code for this model.
    monkeypatch.setattr(pooling_heads, "_DECODERS", ("Helium",))
    with pytest.raises(RecrmError, match=r"vllm .* would run '.*' through transformers' code, not its own"):
        RewardModel(folder, engine="vllm")


@pytest.mark.vllm
@pytest.mark.usefixtures("no_process")
def test_another_pooling_and_arguments_of_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(random_models.NAMED, "llama", SIZES)
    folder, _ = saved(tmp_path, "llama", "own", "right", True, WIDTH)
    with pytest.raises(RecrmError, match=r"vllm .* cannot run '.*': .*batchsize") as error:
        RewardModel(folder, engine="vllm", batchsize=4)
    assert "\n" not in str(error.value)
    from vllm.config import PoolerConfig

    with pytest.raises(RecrmError, match=r"would run '.*' with pooling CLS where the model has LAST"):
        RewardModel(folder, engine="vllm", pooler_config=PoolerConfig(task="classify", seq_pooling_type="CLS"))


@pytest.mark.server
def test_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(random_models.NAMED, "llama", SIZES)
    folder, _ = saved(tmp_path / "model", "llama", "end", "right", True, WIDTH)
    short = ("--max-model-len", "200", "--dtype", "float32", "--runner", "pooling")
    with engines.serving(folder, tmp_path / "server.log", *short) as server:
        model = RewardModel(folder, base_url=f"{server.url}/v1")
        assert model.classifier.engine == f"vllm {VERSION.partition('+')[0]} (server)"
        equal(RewardModel(folder), model, ASKED)
        with pytest.raises(RecrmError, match="takes at most 200"):
            model.rewards([Asked((Message(role="user", content="x" * 210),), ("a", "b"))])
        other, _ = saved(tmp_path / "other", "llama", "end", "right", True, WIDTH, labels=2)
        with pytest.raises(RecrmError, match=f"serves {engines.NAME}, not '{other}'"):
            RewardModel(other, base_url=server.url)
        with pytest.raises(RecrmError, match=r"has a model with 1 classes, but .* has 2"):
            RewardModel(other, base_url=server.url, served_model_name=engines.NAME)
    first = ("--pooler-config", json.dumps({"pooling_type": "CLS"}))
    message = r"reads the scores at the first token, but .* has them at the last"
    with (
        engines.serving(folder, tmp_path / "first.log", *short, *first) as server,
        pytest.raises(RecrmError, match=message),
    ):
        RewardModel(folder, base_url=server.url)


@pytest.fixture(scope="module")
def real(model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real language model's weights, with a head of random weights and a fixed seed."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tmp_path_factory.mktemp("real")
    torch.manual_seed(0)
    classifier = AutoModelForSequenceClassification.from_pretrained(model, num_labels=1, dtype="float32")
    classifier.save_pretrained(folder)
    AutoTokenizer.from_pretrained(model).save_pretrained(folder)
    return str(folder)


def questions(limit: int) -> list[Asked]:
    """Those of the sample, of all dimensions."""
    found = []
    for key in dimensions():
        prompts = load_questions(key, "logprob", Backend(), Options(data="sample", limit=limit))[0]
        found += [Asked(p.messages, p.choices, dimension_of(key).kind.class_names(p)) for p in prompts]
    return found


@pytest.mark.vllm
@pytest.mark.usefixtures("no_process")
def test_real_weights(real: str) -> None:
    equal(RewardModel(real), RewardModel(real, engine="vllm", enforce_eager=True, max_length=2048), questions(2))


@pytest.mark.server
def test_both_harnesses_with_a_server(real: str, tmp_path: Path) -> None:
    """The verdicts and the provenance of both are those of transformers in lm-eval."""
    limit = 2
    arguments = f"pretrained={real},reads=letters"
    here = engines.lm_eval("recrm-rm", arguments, ["logprob"], limit, tmp_path / "here")
    with engines.serving(real, tmp_path / "server.log", "--dtype", "float32", "--runner", "pooling") as server:
        url = f"{server.url}/v1"
        before = server.metric("vllm:prompt_tokens_total")
        there = engines.lm_eval("recrm-rm", f"{arguments},base_url={url}", ["logprob"], limit, tmp_path / "there")
        assert server.metric("vllm:prompt_tokens_total") > before
        by_inspect = engines.inspect(
            f"recrm-rm/{real}", "logprob", limit, tmp_path / "logs", "-M", "reads=letters", "--model-base-url", url
        )
    for key in dimensions():
        for record, one in here[key, "logprob"].items():
            for other in (there[key, "logprob"][record], by_inspect[key, "logprob"][record]):
                assert one.outcome.gold == other.outcome.gold
                assert other.said == pytest.approx(one.said, abs=CLOSE)
    (results,) = (tmp_path / "there").rglob("results_*.json")
    (configuration,) = json.loads(results.read_text(encoding="utf-8"))["configs"].values()
    provenance = configuration["metadata"]["recrm_provenance"]
    assert {entry["engine"] for entry in provenance.values()} == {f"vllm {VERSION.partition('+')[0]} (server)"}


@pytest.mark.vllm
def test_both_harnesses_with_an_engine_in_their_process(real: str, tmp_path: Path) -> None:
    limit = 1
    here = engines.lm_eval("recrm-rm", f"pretrained={real},reads=letters", ["logprob"], limit, tmp_path / "here")
    of_vllm = {"reads": "letters", "engine": "vllm", "enforce_eager": "True", "max_length": "2048"}
    given = ",".join(f"{name}={value}" for name, value in {"pretrained": real, **of_vllm}.items())
    ended(engines.lm_eval_words("recrm-rm", given, ["logprob"], limit, tmp_path / "there"))
    options = [word for name, value in of_vllm.items() for word in ("-M", f"{name}={value}")]
    ended(engines.inspect_words(f"recrm-rm/{real}", "logprob", limit, tmp_path / "logs", *options))
    for there in (engines.read_lm_eval(tmp_path / "there"), engines.read_inspect(tmp_path / "logs")):
        for key in dimensions():
            assert len(there[key, "logprob"]) == limit
            for record, one in here[key, "logprob"].items():
                assert there[key, "logprob"][record].said == pytest.approx(one.said, abs=CLOSE)


def ended(words: list[str]) -> None:
    """Runs a harness's command in a process of its own, which takes vLLM's memory with it."""
    process = engines.popen(*words)
    _, said = process.communicate(timeout=1800)
    assert process.returncode == 0, said[-4000:]
