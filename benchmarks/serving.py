"""Measures the cost of a verdict on a real engine: passes, tokens, their share in the prefix cache, records per second.

    python benchmarks/serving.py MODEL DATA [--limit 500] [--mode logprob]
    python benchmarks/serving.py MODEL DATA --cache [--dimensions factual,relevance]
    python benchmarks/serving.py MODEL DATA --per-candidate | --quality | --passes | --orders

The first form starts vLLM's server on MODEL (a folder), evaluates DATA (records of all dimensions) with Inspect after
a warm-up of two records, and reads the server's own counters. Then lm-eval evaluates a part of the sample with the
completions API; its seconds include its start. `--cache` starts two servers, one with the prefix cache and one without,
and asks them in turns, 50 records at a time. On few cores the servers may still get unequal shares: `--swap` starts and
asks them in the other order, and only an effect in both orders is due to the cache.
`--per-candidate` asks about every candidate of a list separately, as behavior does, and compares this with one question
for the whole list. `--quality` compares the AUC of both with lm-eval's `hf`, which knows the probability of every
answer. `--passes` counts the forward passes of lm-eval's `hf` in both answer modes. `--orders` asks about behavior in
the balanced order (the first records of DATA) and in the grouped one (all records of some users), each of a server
whose cache holds 50 prompts, beside what `recrm cost` expects. The script runs in the environment of `make test-vllm`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "backends"))

import engines
from engines import NAME, Server

from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.ranking import RankingRecord
from recrm_tasks.lm_eval_tasks.logged_samples import read_answers
from recrm_tasks.prompting import Options
from recrm_tasks.prompting.expected_cost import Counting, expected_costs, whole_groups
from recrm_tasks.prompting.tokens import tokens_of
from recrm_tasks.scoring.metrics.ranked_list import list_auc
from recrm_tasks.scoring.outcomes import Outcome

COUNTERS = {
    "requests": "vllm:request_success_total",
    "in": "vllm:prompt_tokens_total",
    "out": "vllm:generation_tokens_total",
    "asked": "vllm:prefix_cache_queries_total",
    "held": "vllm:prefix_cache_hits_total",
}


def counters(server: Server) -> dict[str, float]:
    """The current values of the server's counters."""
    return {name: server.metric(counter) for name, counter in COUNTERS.items()}


def risen(server: Server, before: dict[str, float]) -> dict[str, float]:
    """The increase of the counters since then."""
    return {name: value - before[name] for name, value in counters(server).items()}


PART = 50


def ask(
    server: Server,
    dimension: str,
    mode: str,
    data: str,
    limit: int,
    logs: str,
    part: tuple[int, int] | None = None,
    order: str = "balanced",
) -> tuple[dict[str, float], Any]:
    """One run with Inspect; returns the increase of the counters, with the seconds, and its log."""
    from inspect_ai import eval as evaluate
    from inspect_ai.model import get_model
    from inspect_ai.model._providers import vllm

    vllm._vllm_servers.clear()  # by the model's name: the second server of a name would never be asked
    before = counters(server)
    (log,) = evaluate(
        f"recrm_tasks/{dimension}.py",
        model=get_model(f"vllm/{NAME}", base_url=f"{server.url}/v1", memoize=False),
        task_args={"data": data, "answer": mode, "limit": limit, "order": order},
        max_tokens=engines.TOKENS,
        max_connections=32,
        limit=part,
        log_dir=logs,
        display="none",
    )
    assert log.status == "success", log.error
    rise = risen(server, before)
    began, ended = (datetime.fromisoformat(at) for at in (log.stats.started_at, log.stats.completed_at))
    return {**rise, "seconds": (ended - began).total_seconds(), "records": log.results.completed_samples}, log


def ask_by_lm_eval(server: Server, model: str, limit: int, folder: str) -> dict[str, float]:
    """All dimensions of the sample with lm-eval's completions API, which takes a request per answer."""
    before = counters(server)
    api = f"model={NAME},base_url={server.url}/v1/completions,num_concurrent=32,tokenizer={model}"
    began = time.perf_counter()
    given = engines.lm_eval("local-completions", api, ["logprob"], limit, Path(folder) / "lm-eval")
    seconds = time.perf_counter() - began
    return {**risen(server, before), "seconds": seconds, "records": float(sum(map(len, given.values())))}


def show(name: str, cost: dict[str, float], lists: float | None = None) -> None:
    """Prints one row of the table; `lists` is their number if each list is several records."""
    count = lists or cost["records"]
    held = f"{100 * cost['held'] / cost['asked']:.1f} %" if cost["asked"] else "–"
    cells = (
        f"{count:.0f}", f"{cost['requests'] / count:.2f}", f"{cost['in'] / count:.0f}", f"{cost['out'] / count:.1f}",
        held, f"{cost['seconds']:.1f}", f"{count / cost['seconds']:.2f}",
    )  # fmt: skip
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def by_candidate(data: str, limit: int, file: Path) -> list[RankingRecord]:
    """Writes each candidate of the lists as a behavior record, in which the user's history and context come first."""
    lists = list(load("ranking", data, limit=limit).records())
    with file.open("w", encoding="utf-8") as stream:
        for one in lists:
            for i, (candidate, label) in enumerate(zip(one.candidates, one.labels, strict=True)):
                row = {
                    "id": f"{one.id}/{i}", "dimension": "behavior", "lang": one.lang, "source": one.source,
                    "group": one.id, "profile": one.profile, "history": one.history, "context": one.context,
                    "item": candidate.text, "label": int(label > 0),
                }  # fmt: skip
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return lists


CACHED_PROMPTS = 50
BLOCK = 128
"""Tokens in a block of vLLM's cache on CPUs."""


def by_orders(model: str, data: str, limit: int, mode: str) -> None:
    """The share of prompt tokens from a small cache, by the order in which behavior is asked."""
    counting = Counting(tokens_of(model), limit, CACHED_PROMPTS, answer_tokens=1)
    options = Options(data=data)
    expected = next(one for one in expected_costs("behavior", options, counting, ("list",)) if one.way == mode)
    length = expected.tokens_in / expected.requests
    blocks = CACHED_PROMPTS * math.ceil(length / BLOCK)
    run = load("behavior", data)
    chosen = run.only(whole_groups(run, limit))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "behavior.jsonl"
        rows = (record.model_dump(mode="json", exclude_defaults=True) for record in chosen.records())
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        users = len({record.group for record in chosen.records()})
        print(
            f"{length:.0f} tokens a prompt, a cache of {blocks} blocks; grouped: {len(chosen)} records, {users} users"
        )
        print("| order | N | requests | tokens in | of these expected | from the cache | computed | seconds |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for order, source, most in (("balanced", data, limit), ("grouped", str(file), len(chosen))):
            with serving(model, *PLAIN, "--num-gpu-blocks-override", str(blocks)) as (server, logs):
                ask(server, "factual", mode, "sample", 2, logs)
                cost, _ = ask(server, "behavior", mode, source, most, logs, order=order)
            count = cost["records"]
            held, share = cost["held"] / cost["asked"], expected.shared[order] / expected.tokens_in
            print(
                f"| {order} | {count:.0f} | {cost['requests'] / count:.2f} | {cost['in'] / count:.0f} | "
                f"{100 * share:.1f} % | {100 * held:.1f} % | {cost['in'] / count * (1 - held):.0f} | "
                f"{cost['seconds']:.1f} |",
                flush=True,
            )


def mean_auc(lists: list[RankingRecord], outcomes: Iterable[Outcome]) -> float:
    """The mean AUC within lists by the probability of each candidate; candidates without one tie at the bottom."""
    given = {o.id: -1.0 if o.value is None else o.value for o in outcomes}
    aucs = [list_auc(one.labels, tuple(float(given[f"{one.id}/{i}"]) for i in range(len(one.labels)))) for one in lists]
    return sum(aucs) / len(aucs)


def quality(model: str, data: str, limit: int) -> None:
    """Compares the AUC of one pass over letters with that of one pass per candidate, on the same lists."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "behavior.jsonl"
        lists = by_candidate(data, limit, file)
        count = sum(len(one.labels) for one in lists)
        outcomes = {}
        for key, source, most in (("ranking", data, limit), ("behavior", str(file), count)):
            out = Path(folder) / key
            command = ["run", "--model", "hf", "--model_args", f"pretrained={model},dtype=float32", "--batch_size", "4"]
            command += ["--tasks", f"recrm_{key}_logprob", "--apply_chat_template", "--log_samples"]
            command += [
                "--output_path",
                str(out),
                "--metadata",
                json.dumps({"recrm_data": source, "recrm_limit": most}),
            ]
            subprocess.run([str(Path(sys.executable).with_name("lm_eval")), *command], check=True)
            (answers,) = read_answers(next(out.rglob("results_*.json")))
            outcomes[key] = answers.outcomes
        at_once = dimension_of("ranking").metrics(outcomes["ranking"])["auc"]
        print(f"{len(lists)} lists, {count} candidates: one pass {at_once.value:.4f} ± {at_once.stderr:.4f}")
        print(f"one pass for each candidate: {mean_auc(lists, outcomes['behavior']):.4f}")


def by_turns(model: str, data: str, limit: int, mode: str, keys: list[str], swap: bool) -> None:
    """Compares servers with and without the prefix cache, in turns."""
    without = ("--no-enable-prefix-caching",)
    one_of, other_of = (without, ()) if swap else ((), without)
    with serving(model, *PLAIN, *one_of) as (first, folder), serving(model, *PLAIN, *other_of) as (second, _):
        held, bare = (second, first) if swap else (first, second)
        headings = ("", "N", "tokens in", "of these cached", "per second with the cache", "without", "ratio")
        print(f"| {' | '.join(headings)} |\n" + "|---" * len(headings) + "|")
        for server in (first, second):
            ask(server, "factual", mode, "sample", 2, folder)
        for key in keys:
            total: dict[Server, Counter[str]] = {held: Counter(), bare: Counter()}
            for start in range(0, limit, PART):
                for server in (first, second):
                    cost, _ = ask(server, key, mode, data, limit, folder, (start, min(start + PART, limit)))
                    total[server].update(cost)
            one, other = (total[server]["records"] / total[server]["seconds"] for server in (held, bare))
            cost = total[held]
            print(
                f"| {key} | {cost['records']:.0f} | {cost['in'] / cost['records']:.0f} | "
                f"{100 * cost['held'] / cost['asked']:.1f} % | {one:.2f} | {other:.2f} | {one / other:.2f} |",
                flush=True,
            )


PLAIN = ("--dtype", "float32")


@contextmanager
def serving(model: str, *more: str) -> Iterator[tuple[Server, str]]:
    """A server and a folder for logs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        engines.serving(model, Path(folder) / "server.log", *more) as server,
    ):
        yield server, folder


def passes(model: str, data: str, limit: int) -> None:
    """Counts the forward passes and tokens of lm-eval's `hf`, one record at a time."""
    import lm_eval
    import torch
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from recrm_tasks import lm_eval_tasks

    lm = HFLM(pretrained=model, dtype="float32", batch_size=1, device="cuda" if torch.cuda.is_available() else "cpu")
    counts = [0, 0]

    def count(module: Any, arguments: Any, keywords: dict[str, Any]) -> None:
        ids = keywords.get("input_ids", arguments[0] if arguments else None)
        counts[0] += 1
        counts[1] += ids.numel()

    lm.model.register_forward_pre_hook(count, with_kwargs=True)
    manager = TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": data, "recrm_limit": limit, "pretrained": model},
    )
    print("| | records | passes per record | tokens per record |\n|---|---|---|---|")
    for key in dimensions():
        for suffix in ("", "_logprob"):
            counts[:] = 0, 0
            name = f"recrm_{key}{suffix}"
            done = lm_eval.simple_evaluate(
                lm, tasks=[name], task_manager=manager, apply_chat_template=True,
                gen_kwargs=None if suffix else f"max_gen_toks={engines.TOKENS}",
            )  # fmt: skip
            records = done["results"][name]["n,none"]
            print(f"| {name} | {records:.0f} | {counts[0] / records:.2f} | {counts[1] / records:.0f} |", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of a chat model")
    parser.add_argument("data", help="records of all dimensions, or sample")
    parser.add_argument("--limit", type=int, default=500, help="records of each dimension (500)")
    parser.add_argument("--mode", choices=engines.MODES, default="logprob")
    parser.add_argument("--dimensions", default=",".join(dimensions()), help="of --cache")
    parser.add_argument("--cache", action="store_true", help="compare a server with a prefix cache and one without")
    parser.add_argument("--swap", action="store_true", help="of --cache: start and ask the two in the other order")
    parser.add_argument("--per-candidate", action="store_true", help="also ask for each candidate of a list separately")
    parser.add_argument("--quality", action="store_true", help="which of the two ways ranks better, with lm-eval's hf")
    parser.add_argument("--orders", action="store_true", help="compare the balanced and the grouped order of behavior")
    parser.add_argument("--passes", action="store_true", help="count the passes of lm-eval's hf")
    options = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"  # the served name is not a model on the hub
    if options.passes:
        return passes(options.model, options.data, options.limit)
    if options.orders:
        return by_orders(options.model, options.data, options.limit, options.mode)
    if options.quality:
        return quality(options.model, options.data, options.limit)
    if options.cache:
        return by_turns(
            options.model, options.data, options.limit, options.mode, options.dimensions.split(","), options.swap
        )
    with serving(options.model, *PLAIN) as (server, folder):
        ask(server, "factual", options.mode, "sample", 2, folder)
        print("| | N | requests | tokens in | tokens out | of these cached | seconds | per second |")
        print("|---|---|---|---|---|---|---|---|")
        for key in ["ranking"] if options.per_candidate else dimensions():
            cost, _ = ask(server, key, options.mode, options.data, options.limit, folder)
            show(key, cost)
        if options.per_candidate:
            file = Path(folder) / "behavior.jsonl"
            lists = by_candidate(options.data, options.limit, file)
            cost, _ = ask(server, "behavior", "logprob", str(file), sum(len(one.labels) for one in lists), folder)
            show("ranking, by candidate", cost, len(lists))
        else:
            show("all, by lm-eval", ask_by_lm_eval(server, options.model, min(options.limit, 24), folder))
    return None


if __name__ == "__main__":
    main()
