"""Measures everything before a run's first question at the size of the hub's behavior and ranking files.

    python benchmarks/hub_scale.py /tmp/hub --rows 960862 --out /tmp/figures.jsonl

Writes the files of `hub_files.py` into the folder, unless they are there, and then runs, each in a process of its own:
`pyarrow` (only decodes the file, block by block), `inspect`, `export` and `show` of `recrm data`, and the start of both
harnesses: `lm-eval` makes the documents of a task, and `inspect-ai` the task, for `--limits` records and for all of
them. `first` is with an empty cache, `again` with that of an earlier process. `run-…` are whole evaluations with models
that cost nothing. Of steps that a time limit (`--most-s`) leaves no time for, the table says so.

Memory is the peak of the private memory of the process tree, sampled every 0.2 s, above that of an interpreter that
does nothing. `read` is what the process read from files other than through memory maps: less than the file's size, if
it was not read again. `disk` is the peak of caches, temporary files and output. `silence` is the longest time without a
sign on the terminal, such as a progress bar. MB is 10^6 bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hub_files
from processes import started, terminal, watch

HERE = Path(__file__).resolve().parent
TREE = HERE.parent


class Step(NamedTuple):
    """One process."""

    name: str
    dimension: str
    command: list[str]
    cache: str = "again"
    """`first`: the cache is emptied before."""
    limit: int | None = None


def steps(dimension: str, data: Path, limits: list[int]) -> Iterator[Step]:
    """What is measured of one dimension, the most telling first."""
    file = data / hub_files.PATHS[dimension]
    recrm = ["-m", "recrm_tasks.cli", "data"]
    yield Step("pyarrow", dimension, [__file__, "--decode", str(file)], "-")
    check = [*recrm, "inspect", str(data), "--dimension", dimension, "--to", "{work}/mapping.yaml"]
    yield Step("inspect", dimension, check, "first")
    yield Step("inspect", dimension, check)
    yield Step("show", dimension, [*recrm, "show", str(data), dimension])
    yield Step("export", dimension, [*recrm, "export", str(data), "--dimension", dimension, "--to", "{work}/out"])
    every = [*limits, None]
    for limit in every[:1]:
        for harness in HARNESSES:
            yield _start(harness, dimension, data, limit, "first")
            yield _start(harness, dimension, data, limit, "again")
    yield from (_start(harness, dimension, data, limit, "again") for limit in every[1:] for harness in HARNESSES)
    for harness, workload in (("lm-eval", None), ("inspect-ai", "inspect")):
        command = _workload(workload, dimension, data, limits[0]) if workload else _lm_eval(dimension, data, limits[0])
        yield Step(f"run-{harness}", dimension, command, limit=limits[0])
    yield from (_start(harness, dimension, data, limit, "first") for limit in every[1:] for harness in HARNESSES)


HARNESSES = {"lm-eval": "documents", "inspect-ai": "inspect-task"}


def _start(harness: str, dimension: str, data: Path, limit: int | None, cache: str) -> Step:
    command = _workload(HARNESSES[harness], dimension, data, limit)
    return Step(f"start-{harness}", dimension, command, cache, limit)


def _workload(workload: str, dimension: str, data: Path, limit: int | None) -> list[str]:
    return [str(HERE / "workloads.py"), workload, str(data), str(TREE), "generate", str(limit or ""), dimension]


def _lm_eval(dimension: str, data: Path, limit: int) -> list[str]:
    metadata = json.dumps({"recrm_data": str(data), "recrm_limit": limit})
    tasks = ["--tasks", f"recrm_{dimension}", "--include_path", str(TREE / "recrm_tasks" / "lm_eval_tasks")]
    return ["-m", "lm_eval", "run", "--model", "dummy", *tasks, "--metadata", metadata, "--output_path", "{work}/out"]


def decode(file: str) -> None:
    """pyarrow's own reading, block by block, which keeps nothing."""
    import pyarrow.json

    options = pyarrow.json.ReadOptions(block_size=1 << 24)
    print(sum(batch.num_rows for batch in pyarrow.json.open_json(file, read_options=options)))


def measure(step: Step, work: Path, most_gb: float, most_s: float, mapping: str | None) -> dict[str, Any]:
    """Runs one step."""
    for folder in ["out", "tmp", *(["cache"] if step.cache == "first" else [])]:
        shutil.rmtree(work / folder, ignore_errors=True)
    (work / "tmp").mkdir(parents=True)
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("RECRM_", "INSPECT_"))}
    env = {
        **kept,
        "PYTHONPATH": str(TREE),
        "RECRM_CACHE": str(work / "cache"),
        "TMPDIR": str(work / "tmp"),
        "HF_HOME": str(work / "tmp" / "hf"),
        "INSPECT_LOG_DIR": str(work / "tmp" / "logs"),
        "XDG_DATA_HOME": str(work / "tmp" / "data"),
        "HF_HUB_OFFLINE": "1",
        **({"RECRM_MAPPING": mapping} if mapping else {}),
    }
    command = [sys.executable, *(part.replace("{work}", str(work)) for part in step.command)]
    shows, written = terminal()
    try:
        with (work / "output.txt").open("wb") as output, started(command, env, str(work), output, written) as process:
            found = watch(process, most_gb, most_s, work, shows)
    finally:
        os.close(shows)
        os.close(written)
    return {"step": step.name, "dimension": step.dimension, "cache": step.cache, "limit": step.limit, **vars(found)}


def _line(result: dict[str, Any], alone: float, idle: float) -> str:
    limit = f"{result['limit']:,}" if result["limit"] else "all"
    cells = [result["dimension"], result["step"], limit if "start" in result["step"] else "", result["cache"]]
    if "wall_s" not in result:
        return "| " + " | ".join([*cells, result["outcome"]]) + " |"
    cells += [f"{result['wall_s']:.1f}", f"{result['cpu_s']:.1f}", f"{result['wall_s'] / alone:.2f}" if alone else ""]
    cells += [f"{1000 * (result['own_gb'] - idle):,.0f}"]
    cells += [f"{1000 * result[name]:,.0f}" for name in ("read_gb", "disk_gb")]
    cells += [f"{result['silence_s']:.1f}", result["outcome"]]
    return "| " + " | ".join(cells) + " |"


COLUMNS = (
    "dimension", "step", "limit", "cache", "s", "cpu s", "times pyarrow", "MB", "read MB", "disk MB", "silence s",
    "outcome",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a folder for the files and everything else")
    parser.add_argument("--decode", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=960_862, help="of behavior; ranking gets as many in proportion")
    parser.add_argument("--dimension", nargs="+", choices=list(hub_files.PATHS), default=list(hub_files.PATHS))
    parser.add_argument("--limits", nargs="+", type=int, default=[1_000, 100_000], help="besides all (1000 100000)")
    parser.add_argument("--only", nargs="+", metavar="STEP", help="inspect, export, show, start-lm-eval, …")
    parser.add_argument("--mapping", help="a mapping.yaml for what is not recognised")
    parser.add_argument("--out", type=Path, help="a file that gets one JSON line per step")
    parser.add_argument("--most-gb", type=float, default=10.0, help="end a step that takes more memory (10)")
    parser.add_argument("--most-s", type=float, default=7200.0, help="for all steps together (7200)")
    options = parser.parse_args(arguments)
    if options.decode:
        decode(str(options.data))
        return 0
    begin = time.monotonic()
    data = options.data.resolve()
    if not all((data / path).exists() for path in hub_files.PATHS.values()):
        hub_files.main([str(data), "--rows", str(options.rows)])
    mapping = str(Path(options.mapping).resolve()) if options.mapping else None
    # Beside the data, not in it: what is in the folder is the source.
    with tempfile.TemporaryDirectory(prefix=f"{data.name}-work-", dir=data.parent) as folder:
        work = Path(folder)
        nothing = Step("nothing", "-", ["-c", "import time; time.sleep(1)"], "-")
        idle = measure(nothing, work, options.most_gb, 60, None)["own_gb"]
        print(f"An interpreter that does nothing: {1000 * idle:.0f} MB")
        print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
        for dimension in options.dimension:
            alone = 0.0
            for step in steps(dimension, data, options.limits):
                if options.only and step.name not in ("pyarrow", *options.only):
                    continue
                left = options.most_s - (time.monotonic() - begin)
                if left < 1:
                    result = {**step._asdict(), "step": step.name, "outcome": "no time left"}
                else:
                    result = measure(step, work, options.most_gb, left, mapping)
                alone = result.get("wall_s", 0.0) if step.name == "pyarrow" else alone
                print(_line(result, alone, idle), flush=True)
                if (said := result.pop("said", "")) and result["outcome"].startswith("exit"):
                    print(said[-1_000:], file=sys.stderr)
                if step.name == "inspect" and result["outcome"].startswith("exit"):
                    print(f"{dimension}: nothing else is measured of a file that is not read", file=sys.stderr)
                    break
                if options.out:
                    with options.out.open("a", encoding="utf-8") as stream:
                        stream.write(json.dumps({**result, "idle_gb": idle}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
