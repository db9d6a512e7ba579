"""Runs the harnesses' command lines with real engines and reads what each record was answered.

They run in this process where they can: a harness takes tens of seconds to start.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import harness_commands

from recrm_tasks.answers.kind import normalise
from recrm_tasks.lm_eval_tasks.logged_samples import read_answers
from recrm_tasks.scoring.outcomes import Outcome

ROOT = Path(__file__).resolve().parents[2]
NAME = "smol"
"""What the server calls the model."""
CONTEXT = 2048
PROGRAMS = Path(sys.executable).parent
"""The folder of the commands `python` and `vllm`."""
TOKENS = 24
"""New tokens of a generated answer."""


MODES = ("generate", "logprob")
TASKS = {"generate": "recrm_hybrid", "logprob": "recrm_hybrid_logprob"}
"""lm-eval's task of all dimensions by answer mode."""


class Given(NamedTuple):
    """What one record was answered."""

    outcome: Outcome
    said: str | tuple[float, ...] | None
    """The completion, or the share of probability of each allowed answer; None where none was seen."""


Answers = dict[tuple[str, str], dict[str, Given]]
"""By (dimension, answer mode) and record."""


def environment(**more: str) -> dict[str, str]:
    """For a child process: no hub, a small cache for vLLM, a key for servers that want none."""
    own = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "2", "OPENAI_API_KEY": "none", "RECRM_DATA": "sample"}
    own["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # a process imports vLLM for 15 s: one instead of two or three
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    # vLLM looks for its tools, a compiler among them, beside the Python that runs it.
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, **own, "PYTHONPATH": path, "PATH": tools, **more}


def popen(*words: str, **more: str) -> subprocess.Popen[str]:
    """Starts a harness's command in a process of its own."""
    program = [PROGRAMS / "python", harness_commands.__file__]
    return subprocess.Popen(
        [*program, *words], env=environment(**more), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(*words: str, **more: str) -> None:
    """Runs a harness's command in this process."""
    with mock.patch.dict(os.environ, environment(**more)):
        harness_commands.run(words)


def lm_eval_words(
    model: str, arguments: str, modes: Sequence[str], limit: int, out: Path, **options: object
) -> list[str]:
    """The command line: all dimensions in one task per answer mode, at most `limit` records of each."""
    tasks = ",".join(TASKS[mode] for mode in modes)
    words = ["lm_eval", "--model", model, "--model_args", arguments, "--apply_chat_template", "--tasks", tasks]
    words += ["--metadata", json.dumps({"recrm_limit": limit, **options}), "--log_samples", "--output_path", str(out)]
    words += ["--include_path", str(ROOT / "recrm_tasks" / "lm_eval_tasks")]
    return words + (["--gen_kwargs", f"max_gen_toks={TOKENS}"] if "generate" in modes else [])


def lm_eval(model: str, arguments: str, modes: Sequence[str], limit: int, out: Path, **options: object) -> Answers:
    """One run of lm-evaluation-harness."""
    words = lm_eval_words(model, arguments, modes, limit, out, **options)
    if model.endswith("vllm"):  # its engine and the memory for it last as long as the process that started it
        process = popen(*words)
        _, said = process.communicate(timeout=1800)
        assert process.returncode == 0, said[-4000:]
    else:
        run(*words)
    return read_lm_eval(out)


def read_lm_eval(out: Path) -> Answers:
    """What the newest run in a folder was answered."""
    results = sorted(out.rglob("results_*.json"))[-1]
    said: dict[tuple[str, str], str | tuple[float, ...] | None] = {}
    for mode, task in TASKS.items():
        samples = results.with_name(f"samples_{task}_{results.stem.removeprefix('results_')}.jsonl")
        for line in samples.read_text(encoding="utf-8").splitlines() if samples.exists() else ():
            sample = json.loads(line)
            answer = sample["filtered_resps"]
            said[mode, sample["doc"]["id"]] = (
                normalise([float(logprob) for logprob, _ in answer]) if mode == "logprob" else answer[0]
            )
    return {
        (a.dimension, a.mode): {o.id: Given(o, said[a.mode, o.id]) for o in a.outcomes} for a in read_answers(results)
    }


def inspect_words(model: str, mode: str, limit: int, out: Path, *more: str) -> list[str]:
    """The command line: the five dimensions in one task."""
    words = ["inspect", "eval", f"{ROOT}/recrm_tasks/bench.py@bench", "--model", model]
    words += ["-T", f"answer={mode}", "-T", f"limit={limit}"]
    words += ["--max-tokens", str(TOKENS)] if mode == "generate" else []
    return [*words, "--log-dir", str(out), "--display", "plain", *more]


def inspect(model: str, mode: str, limit: int, out: Path, *more: str, **env: str) -> Answers:
    """One run of Inspect."""
    run(*inspect_words(model, mode, limit, out, *more), **env)
    return read_inspect(out)


def read_inspect(out: Path) -> Answers:
    """What the newest log in a folder was answered."""
    from inspect_ai.log import read_eval_log

    from inspect_tasks.logprobs import choice_logprobs

    log = read_eval_log(str(sorted(out.glob("*.eval"))[-1]))
    assert log.status == "success", log.error
    answers: Answers = {}
    for sample in log.samples or []:
        assert sample.metadata is not None
        assert sample.scores is not None
        mode = sample.metadata["mode"]
        said: str | tuple[float, ...] | None = sample.output.completion
        if mode == "logprob":
            logprobs = choice_logprobs(
                sample.output, [*sample.metadata["reading"]["choices"]], sample.metadata.get("answer_tokens")
            )
            said = normalise(logprobs) if isinstance(logprobs, list) else None
        outcome = Outcome.from_json(sample.scores["recrm_bench"].metadata["outcome"])
        answers.setdefault((sample.metadata["dimension"], mode), {})[outcome.id] = Given(outcome, said)
    return answers


class Server(NamedTuple):
    """A running `vllm serve`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def kill(self) -> None:
        """At once, with the engine's own processes: as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def metric(self, name: str) -> float:
        """The sum of one of the server's Prometheus counters."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as reply:
            lines = reply.read().decode().splitlines()
        found = [float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        assert found, name
        return sum(found)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(model: str, log: Path, port: int, *more: str) -> Server:
    """Starts vLLM's own server and waits until it answers."""
    words = ["vllm", "serve", model, "--max-model-len", str(CONTEXT), "--enforce-eager"]
    words += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", NAME, *more]
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [PROGRAMS / "vllm", *words[1:]], env=environment(), stdout=stream, stderr=stream, start_new_session=True
        )
    server = Server(process, f"http://127.0.0.1:{port}", log)
    for _ in range(300):
        assert process.poll() is None, log.read_text()[-4000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{server.url}/health", timeout=5):
            return server
        time.sleep(1)
    server.kill()
    raise TimeoutError(log.read_text()[-4000:])


@contextlib.contextmanager
def serving(model: str, log: Path, *more: str) -> Iterator[Server]:
    """A server for as long as it is needed."""
    server = start(model, log, free_port(), *more)
    try:
        yield server
    finally:
        server.kill()
