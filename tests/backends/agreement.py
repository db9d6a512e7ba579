"""Do engines answer alike? docs/backends.md holds what this prints.

    RECRM_TEST_MODEL=MODEL python tests/backends/agreement.py [--limit 72] [--mode logprob] [--differences]

Every engine is asked the same records of the sample through the harnesses' own command lines, greedy, in float32.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import engines
from engines import CONTEXT, NAME, Answers, Given, Server

from recrm_tasks.dimensions import dimensions

MODES = ("generate", "logprob")
HALF = "\N{REPLACEMENT CHARACTER}"
"""What transformers writes for the bytes of an unfinished character; vLLM leaves them out."""


def runs(model: str, mode: str, limit: int, server: Server, folder: Path) -> dict[str, Callable[[], Answers]]:
    """What is asked, by a name; the first is what the others are held against."""
    shared = f"pretrained={model},dtype=float32"
    api = f"model={NAME},num_concurrent=4,max_retries=3,max_length={CONTEXT}"
    chat, plain = f"{server.url}/v1/chat/completions", f"{server.url}/v1/completions"
    hf = ("-M", f"model_path={model}", "-M", "do_sample=false", "-M", "dtype=float32", "-M", "batch_size=1")

    def out(name: str) -> Path:
        return folder / mode / name.replace("/", "-").replace(" ", "-")

    def by_lm_eval(name: str, engine: str, arguments: str) -> Callable[[], Answers]:
        return lambda: engines.lm_eval(engine, arguments, mode, limit, out(name))

    def by_inspect(name: str, path: str, *more: str, **env: str) -> Callable[[], Answers]:
        return lambda: engines.inspect(path, mode, limit, out(name), *more, **env)

    url = f"{server.url}/v1"
    # A chat API has no log-probabilities for lm-eval; the completions API takes prompts that lm-eval has rendered.
    over_http = (
        by_lm_eval("api", "local-chat-completions", f"{api},base_url={chat},tokenizer_backend=None")
        if mode == "generate"
        else by_lm_eval("api", "local-completions", f"{api},base_url={plain},tokenizer={model}")
    )
    return {
        "lm-eval hf": by_lm_eval("hf", "hf", f"{shared},max_length={CONTEXT}"),
        "lm-eval vllm": by_lm_eval(
            "vllm", "vllm", f"{shared},max_model_len={CONTEXT},enforce_eager=True"
        ),
        f"lm-eval local-{'chat-' if mode == 'generate' else ''}completions": over_http,
        "Inspect hf/": by_inspect("ihf", f"hf/{NAME}", *hf, "--max-connections", "1"),
        "Inspect vllm/": by_inspect("ivllm", f"vllm/{NAME}", "--max-connections", "4", VLLM_BASE_URL=url),
        "Inspect openai-api/": by_inspect(
            "iapi", f"openai-api/local/{NAME}", "--max-connections", "4", LOCAL_BASE_URL=url, LOCAL_API_KEY="none"
        ),
    }  # fmt: skip


def same(left: Given, right: Given) -> bool:
    """The same text, but for a character that the limit cut in two; the same most probable answers, or none."""
    if isinstance(left.said, str) and isinstance(right.said, str):
        return left.said.rstrip(HALF) == right.said.rstrip(HALF)
    if isinstance(left.said, str) or isinstance(right.said, str):
        return False
    return _best(left.said) == _best(right.said)


def largest_difference(left: dict[str, Given], right: dict[str, Given]) -> float:
    """Of the probabilities of all answers to all records."""
    return max(
        (
            abs(p - q)
            for name, given in left.items()
            if isinstance(given.said, tuple) and isinstance(right[name].said, tuple)
            for p, q in zip(given.said, right[name].said, strict=True)  # type: ignore[arg-type]
        ),
        default=float("nan"),
    )


def _best(shares: tuple[float, ...] | None) -> list[int]:
    return [i for i, share in enumerate(shares or ()) if share == max(shares or ())]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Do engines answer alike?")
    parser.add_argument("--limit", type=int, default=72, help="records of each dimension")
    parser.add_argument("--mode", action="append", choices=MODES, help="answer mode; by default both")
    parser.add_argument("--differences", action="store_true", help="print every answer that differs")
    options = parser.parse_args()
    model = os.environ.get("RECRM_TEST_MODEL") or parser.error("RECRM_TEST_MODEL names the folder of a chat model")
    with tempfile.TemporaryDirectory() as folder, engines.serving(model, Path(folder) / "server.log") as server:
        for mode in options.mode or MODES:
            _table(model, mode, options.limit, server, Path(folder), options.differences)


def _table(model: str, mode: str, limit: int, server: Server, folder: Path, differences: bool) -> None:
    keys = list(dimensions())
    print(f"\n### {mode}, {limit} records of each dimension\n\n| | {' | '.join(keys)} | seconds |")
    print("|---" * (len(keys) + 2) + "|", flush=True)
    first: Answers = {}
    for name, run in runs(model, mode, limit, server, folder).items():
        began = time.perf_counter()
        answers = run()
        seconds = time.perf_counter() - began
        first = first or answers
        cells = []
        for key in keys:
            ours, theirs = first[key, mode], answers[key, mode]
            equal = sum(same(given, theirs[record]) for record, given in ours.items())
            cell = f"{equal}/{len(ours)}"
            if mode == "logprob":
                cell += f", {largest_difference(ours, theirs):.1g}"
            cells.append(cell)
            for record, given in ours.items() if differences else ():
                if not same(given, theirs[record]):
                    print(f"{name} {record}: {given.said!r} | {theirs[record].said!r}", file=sys.stderr)
        print(f"| {name} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
