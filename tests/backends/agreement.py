"""Do engines answer alike? docs/backends.md holds what this prints.

    RECRM_TEST_MODEL=MODEL python tests/backends/agreement.py [--limit 72] [--dtype bfloat16] [--differences]

Every engine is asked the same records of the sample through the harnesses' own command lines, greedy.
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
from engines import CONTEXT, MODES, NAME, Answers, Given, Server

from recrm_tasks.dimensions import dimensions

HALF = "\N{REPLACEMENT CHARACTER}"
"""What transformers writes for the bytes of an unfinished character; vLLM leaves them out."""


def runs(
    model: str, limit: int, server: Server, folder: Path, dtype: str = "float32"
) -> dict[str, Callable[[], Answers]]:
    """What is asked, by a name; the others are compared with the first."""
    shared = f"pretrained={model},dtype={dtype}"
    api = f"model={NAME},num_concurrent=4,max_retries=3,max_length={CONTEXT}"
    hf = ("-M", f"model_path={model}", "-M", f"dtype={dtype}", "-M", "batch_size=1")
    url = f"{server.url}/v1"

    def by_lm_eval(engine: str, arguments: str, *modes: str, out: str = "") -> Callable[[], Answers]:
        return lambda: engines.lm_eval(engine, arguments, modes, limit, folder / (out or engine))

    def by_inspect(path: str, *more: str, **env: str) -> Callable[[], Answers]:
        def run() -> Answers:
            answers: Answers = {}
            for mode in MODES:
                answers |= engines.inspect(path, mode, limit, folder / path.replace("/", "-") / mode, *more, **env)
            return answers

        return run

    return {
        "lm-eval hf": by_lm_eval("hf", f"{shared},max_length={CONTEXT}", *MODES),
        "lm-eval vllm": by_lm_eval("vllm", f"{shared},max_model_len={CONTEXT},enforce_eager=True", *MODES),
        "lm-eval recrm-vllm": by_lm_eval(
            "recrm-vllm", f"{shared},max_model_len={CONTEXT},enforce_eager=True,batch_size=auto", *MODES
        ),
        # A chat API has no log-probabilities for lm-eval's own models. The completions API takes prompts that lm-eval
        # has rendered.
        "lm-eval local-chat-completions": by_lm_eval(
            "local-chat-completions", f"{api},base_url={url}/chat/completions,tokenizer_backend=None", "generate"
        ),
        "lm-eval local-completions": by_lm_eval(
            "local-completions", f"{api},base_url={url}/completions,tokenizer={model}", *MODES
        ),
        "lm-eval recrm-server, completions": by_lm_eval(
            "recrm-server", f"{api},base_url={url},tokenizer={model}", *MODES
        ),
        "lm-eval recrm-server, chat": by_lm_eval(
            "recrm-server", f"{api},base_url={url},api=chat", *MODES, out="recrm-server-chat"
        ),
        "Inspect hf/": by_inspect(f"hf/{NAME}", *hf, "--max-connections", "1"),
        "Inspect vllm/": by_inspect(f"vllm/{NAME}", "--max-connections", "4", VLLM_BASE_URL=url),
        "Inspect openai-api/": by_inspect(
            f"openai-api/local/{NAME}", "--max-connections", "4", LOCAL_BASE_URL=url, LOCAL_API_KEY="none"
        ),
    }


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


def unseen(given: dict[str, Given]) -> int:
    """Records with an allowed answer whose probability is not known."""
    return sum(one.said is None or 0.0 in one.said for one in given.values() if not isinstance(one.said, str))


def _best(shares: tuple[float, ...] | None) -> list[int]:
    return [i for i, share in enumerate(shares or ()) if share == max(shares or ())]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Do engines answer alike?")
    parser.add_argument("--limit", type=int, default=72, help="records of each dimension")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--differences", action="store_true", help="print every answer that differs")
    options = parser.parse_args()
    model = os.environ.get("RECRM_TEST_MODEL") or parser.error("RECRM_TEST_MODEL names the folder of a chat model")
    with (
        tempfile.TemporaryDirectory() as folder,
        engines.serving(model, Path(folder) / "server.log", "--dtype", options.dtype) as server,
    ):
        answers, seconds = {}, {}
        for name, run in runs(model, options.limit, server, Path(folder), options.dtype).items():
            began = time.perf_counter()
            answers[name] = run()
            seconds[name] = time.perf_counter() - began
            print(f"{name}: {seconds[name]:.0f} s", file=sys.stderr, flush=True)
    for mode in MODES:
        _table(mode, options.limit, answers, options.differences)


def _table(mode: str, limit: int, answers: dict[str, Answers], differences: bool) -> None:
    keys = list(dimensions())
    print(f"\n### {mode}, {limit} records of each dimension\n\n| | {' | '.join(keys)} |")
    print("|---" * (len(keys) + 1) + "|")
    first = next(iter(answers.values()))
    for name, given in answers.items():
        if (keys[0], mode) not in given:
            continue
        cells = [_cell(first[key, mode], given[key, mode], mode) for key in keys]
        print(f"| {name} | {' | '.join(cells)} |")
        for key in keys if differences else ():
            for record, one in first[key, mode].items():
                other = given[key, mode][record]
                if not same(one, other):
                    print(f"{name} {record}: {one.said!r} | {other.said!r}", file=sys.stderr)


def _cell(first: dict[str, Given], given: dict[str, Given], mode: str) -> str:
    """Equal answers; then equal outcomes, or the largest difference of probabilities, and records with unseen ones."""
    equal = sum(same(one, given[record]) for record, one in first.items())
    cell = f"{equal}/{len(first)}"
    if mode == "logprob":
        return f"{cell}, {largest_difference(first, given):.1g}, {unseen(given)}"
    read = sum(one.outcome == given[record].outcome for record, one in first.items())
    return f"{cell}, {read}/{len(first)}"


if __name__ == "__main__":
    main()
