"""Real engines on the processor: HF transformers, vLLM, and vLLM's own server, through both harnesses' command lines.

`make test-vllm` sets up the environment that these need and runs them.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import agreement
import counted_run
import engines
import pytest
from engines import CONTEXT, NAME, Answers, Given, Server
from inspect_ai.log import read_eval_log
from line import Line

from recrm_tasks.answers.kind import normalise
from recrm_tasks.answers.prompt import Mode
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.lm_eval_tasks.results_file import load_results, numbers_of
from recrm_tasks.rewards import ServerJudge

pytest.importorskip("vllm", reason="vLLM is not installed here: make test-vllm")

pytestmark = pytest.mark.slow

LIMIT = 2
"""Records of each dimension. docs/backends.md is of more."""
ALL = LIMIT * len(dimensions())
ALIKE = 0.9
"""Share of equal answers: greedy decoding in float32 leaves few ways to differ."""
CLOSE = 1e-4
"""Between the probabilities that two engines give an answer: float32, kernels of other makers."""


@pytest.fixture(scope="module")
def server(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    more = ("--dtype", "float32", "--enable-prompt-tokens-details")
    with engines.serving(model, tmp_path_factory.mktemp("server") / "server.log", *more) as running:
        yield running


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    """A connection to the server that can be cut."""
    with Line(server.url) as made:
        yield made


@pytest.fixture(scope="module")
def answers(model: str, server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """What every way of asking was answered."""
    ways = agreement.runs(model, LIMIT, server, tmp_path_factory.mktemp("runs"))
    # Inspect's hf/ is compared with lm-eval's hf in tests/real/test_model.py.
    return {name: run() for name, run in ways.items() if name != "Inspect hf/"}


@pytest.mark.vllm
@pytest.mark.server
@pytest.mark.parametrize("mode", engines.MODES)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("lm-eval hf", "lm-eval vllm"),
        ("lm-eval hf", "lm-eval local-completions"),
        ("lm-eval vllm", "lm-eval local-chat-completions"),
        ("lm-eval vllm", "lm-eval recrm-vllm"),
        ("lm-eval local-completions", "lm-eval recrm-server, completions"),
        ("lm-eval vllm", "lm-eval recrm-server, chat"),
        ("lm-eval vllm", "Inspect vllm/"),
        ("Inspect vllm/", "Inspect openai-api/"),
    ],
)
def test_engines_answer_alike(first: str, second: str, mode: str, answers: dict[str, Answers]) -> None:
    equal = 0
    largest = 0.0
    for key in dimensions():
        if (key, mode) not in answers[second]:
            assert (mode, second) == ("logprob", "lm-eval local-chat-completions")
            return
        left, right = answers[first][key, mode], answers[second][key, mode]
        assert left.keys() == right.keys()
        assert len(left) == LIMIT
        equal += sum(agreement.same(one, right[record]) for record, one in left.items())
        if mode == "logprob":
            largest = max(largest, agreement.largest_difference(left, right))
            assert agreement.unseen(left) == agreement.unseen(right) == 0
    assert equal >= ALIKE * ALL
    assert largest < CLOSE


def test_vllm_gets_all_prompts_at_once_without_a_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    """lm-eval's command line gives a batch size of 1 if the user gives none."""
    from recrm_tasks.lm_eval_tasks.vllm_model import OnePassVLLM

    monkeypatch.setattr(OnePassVLLM, "__init__", lambda self, **given: setattr(self, "given", given))

    def batch_size(arguments: str, flag: object) -> object:
        more = {"batch_size": flag, "max_batch_size": None, "device": None}
        return OnePassVLLM.create_from_arg_string(arguments, more).given["batch_size"]  # type: ignore[attr-defined]

    assert [batch_size("pretrained=m", flag) for flag in (1, "1", 8, "auto")] == ["auto", "auto", 8, "auto"]
    assert batch_size("pretrained=m,batch_size=1", 1) == 1


@pytest.mark.vllm
def test_one_request_a_record_by_the_engines_own_counters(
    model: str, answers: dict[str, Answers], tmp_path: Path
) -> None:
    """lm-eval's `vllm` sends each allowed answer, with all of the prompt; here the results say what the engine says.

    Once as users start it: in a Python of its own, and with the engine in a process beside it.
    """
    file = tmp_path / "counted.json"
    command = [sys.executable, counted_run.__file__, "recrm-vllm", model, "sample", "--limit", str(LIMIT)]
    command += ["--to", str(file), "--also-by-itself"]
    environment = engines.environment(VLLM_ENABLE_V1_MULTIPROCESSING="1")
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-4000:]
    counted = json.loads(file.read_text())
    assert sum(found["engine"]["cached"] for found in counted.values()) > 0
    for key, found in counted.items():
        engine, metrics = found["engine"], found["metrics"]
        assert engine["requests"] == engine["out"] == found["records"] == LIMIT
        assert metrics["requests"] == engine["requests"]
        assert metrics["tokens_out"] == engine["out"]
        assert metrics["tokens_in"] == engine["in"]
        assert metrics["tokens_cached"] == engine["cached"]
        by_itself = found["by_itself"]
        assert by_itself["engine"]["requests"] == sum(map(len, found["answers"].values()))
        assert by_itself["engine"]["cached"] == 0
        theirs = answers["lm-eval vllm"][key, "logprob"]
        for record, answer in found["answers"].items():
            shares = normalise([logprob for logprob, _ in answer])
            assert shares == pytest.approx(theirs[record].said, abs=CLOSE)
            own = normalise([logprob for logprob, _ in by_itself["answers"][record]])
            assert shares == pytest.approx(own, abs=CLOSE)


@pytest.mark.server
@pytest.mark.parametrize("api", ["completions", "chat"])
def test_one_request_a_record_by_the_servers_own_counters(server: Server, model: str, api: str, tmp_path: Path) -> None:
    settled(server)
    names = {"requests": "request_success", "tokens_in": "prompt_tokens", "tokens_cached": "prompt_tokens_cached"}
    before = {name: server.metric(f"vllm:{counter}_total") for name, counter in names.items()}
    arguments = f"model={NAME},base_url={server.url}/v1,num_concurrent=4,api={api}"
    arguments += f",tokenizer={model}" if api == "completions" else ""
    engines.lm_eval("recrm-server", arguments, ["logprob"], LIMIT, tmp_path)
    assert settled(server) - before["requests"] == ALL
    (results,) = tmp_path.rglob("results_*.json")
    saved = load_results(results)
    (table,) = (numbers_of(saved, task) for task in saved["results"])
    for name, counter in names.items():
        assert table[name] == server.metric(f"vllm:{counter}_total") - before[name], name


@pytest.fixture(scope="module")
def thinker(model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model with a chat template that opens the thinking in the prompt, as those of reasoning models do."""
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("thinker")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template += "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}"
    tokenizer.save_pretrained(folder)
    for file in Path(model).iterdir():
        if not (folder / file.name).exists() and file.name != "chat_template.jinja":
            (folder / file.name).symlink_to(file.resolve())
    return str(folder)


@pytest.mark.server
def test_thinking_that_the_prompt_opens_is_closed_on_a_server(thinker: str, tmp_path: Path) -> None:
    """The server renders the template itself, and must continue the turn that closes the thinking."""
    closed = ("-T", "close_thinking=true")
    own = ("-M", f"model_path={thinker}", "-M", "do_sample=false", "-M", "dtype=float32", "--max-connections", "1")
    left = engines.inspect(f"hf/{NAME}", "logprob", 1, tmp_path / "hf", *closed, *own)
    with engines.serving(thinker, tmp_path / "server.log", "--dtype", "float32") as server:
        more = (*closed, "-T", f"tokenizer={thinker}")
        url = f"{server.url}/v1"
        right = engines.inspect(f"vllm/{NAME}", "logprob", 1, tmp_path / "vllm", *more, VLLM_BASE_URL=url)
    for key in dimensions():
        one, other = left[key, "logprob"], right[key, "logprob"]
        assert one.keys() == other.keys()
        assert agreement.unseen(one) == agreement.unseen(other) == 0
        assert agreement.largest_difference(one, other) < CLOSE
    (log,) = (read_eval_log(str(file)) for file in (tmp_path / "vllm").glob("*.eval"))
    assert all(sample.messages[-2].text == "<think>\n\n</think>\n\n" for sample in log.samples or [])


def wait_for(count: int, server: Server, run: subprocess.Popen[str]) -> None:
    """Until the server has answered that many requests of a run that goes on."""
    for _ in range(1200):
        if server.metric("vllm:request_success_total") >= count:
            return
        assert run.poll() is None, run.communicate()[1][-4000:]
        time.sleep(0.1)
    raise TimeoutError


def settled(server: Server) -> int:
    """The requests that the server has finished, once none is running: those of a cut line are given up."""
    for _ in range(600):
        if server.metric("vllm:num_requests_running") == 0:
            return int(server.metric("vllm:request_success_total"))
        time.sleep(0.1)
    raise TimeoutError


def outcomes(given: Answers, mode: str) -> dict[str, Any]:
    return {key: {record: one.outcome for record, one in given[key, mode].items()} for key in dimensions()}


@pytest.mark.server
def test_lm_eval_goes_on_where_a_dead_server_left_it(
    server: Server, line: Line, answers: dict[str, Answers], tmp_path: Path
) -> None:
    before = settled(server)
    api = f"model={NAME},num_concurrent=2,max_retries=2,max_length={CONTEXT},tokenizer_backend=None"
    arguments = f"{api},base_url={line.url}/v1/chat/completions"
    words = engines.lm_eval_words("local-chat-completions", arguments, ["generate"], LIMIT, tmp_path / "out")
    words += ["--use_cache", str(tmp_path / "cache")]
    first = engines.popen(*words)
    wait_for(before + 2, server, first)
    line.cut()
    _, said = first.communicate(timeout=300)
    assert first.returncode != 0, said[-2000:]
    with sqlite3.connect(tmp_path / "cache_rank0.db") as cache:
        (kept,) = cache.execute("select count(*) from unnamed").fetchone()
    assert 0 < kept < ALL
    before = settled(server)
    line.open()
    engines.run(*words)
    assert settled(server) - before == ALL - kept
    undisturbed = answers["lm-eval local-chat-completions"]
    assert outcomes(engines.read_lm_eval(tmp_path / "out"), "generate") == outcomes(undisturbed, "generate")


@pytest.mark.server
def test_inspect_goes_on_where_a_dead_server_left_it(
    server: Server, line: Line, answers: dict[str, Answers], tmp_path: Path
) -> None:
    url = {"LOCAL_BASE_URL": f"{line.url}/v1", "LOCAL_API_KEY": "none"}
    before = settled(server)
    first = engines.popen(
        *engines.inspect_words(f"openai-api/local/{NAME}", "generate", LIMIT, tmp_path),
        "--max-connections", "2", "--max-retries", "1", **url,
    )  # fmt: skip
    wait_for(before + 2, server, first)
    line.cut()
    first.communicate(timeout=300)
    (log,) = tmp_path.glob("*.eval")
    kept = sum(sample.error is None for sample in read_eval_log(str(log)).samples or [])
    assert 0 < kept < ALL
    before = settled(server)
    line.open()
    engines.run("inspect", "eval-retry", str(log), "--log-dir", str(tmp_path), "--display", "plain", **url)
    assert settled(server) - before == ALL - kept
    undisturbed = answers["Inspect openai-api/"]
    assert outcomes(engines.read_inspect(tmp_path), "generate") == outcomes(undisturbed, "generate")


@pytest.mark.server
@pytest.mark.parametrize("mode", engines.MODES)
def test_a_judge_of_rewards_answers_as_inspect(server: Server, mode: Mode, answers: dict[str, Answers]) -> None:
    """The same questions to the same server: the same texts and verdicts; the same probability of every answer."""
    inspected = answers["Inspect openai-api/"]
    judge = ServerJudge(NAME, f"{server.url}/v1", mode, max_tokens=engines.TOKENS)
    for key, dimension in dimensions().items():
        prompts = list(load(key, "sample", limit=LIMIT).prompts(mode))
        before = settled(server)
        replies = asyncio.run(judge.ask(prompts))
        assert settled(server) - before == len(prompts)
        for prompt, reply in zip(prompts, replies, strict=True):
            assert reply.said is not None, reply.error
            assert reply.tokens_in
            given = inspected[key, mode][prompt.id]
            if isinstance(reply.said, str):
                assert reply.said == given.said
                assert prompt.outcome(dimension.kind.read(reply.said, prompt)) == given.outcome
            else:
                judged = Given(given.outcome, normalise(reply.said))
                assert agreement.same(judged, given)
                assert agreement.largest_difference({prompt.id: judged}, {prompt.id: given}) < CLOSE
                assert reply.unseen == agreement.unseen({prompt.id: given}) == 0
