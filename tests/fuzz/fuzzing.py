"""Broken completions and broken files, in great number: `make fuzz`.

    python tests/fuzz/fuzzing.py [--completions 100000] [--files 10000] [--from 0]
    python tests/fuzz/fuzzing.py --again 'completions 123'

Every case has a name, from which it is made again. Each must be read without an error (files: but for one message), in
less than a second, and the counts must add up. What fails is shown with its name and the smallest part that still
fails. Exits with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from checks import Tally, read_answer, read_file, weigh, weigh_tokens
from mangled_files import ENDINGS, KINDS, Broken, broken
from mangled_texts import completion, logprobs, tokens
from shrinking import smallest
from tqdm import tqdm

CHUNK = 250
_SHOWN = 1_000


class Failure(NamedTuple):
    """A case that failed."""

    name: str
    error: str
    size: int
    """The length of the whole input."""
    smallest: str
    """The smallest part that fails in the same way, as Python writes it."""

    def __str__(self) -> str:
        shown = self.smallest
        if len(shown) > _SHOWN:
            shown = f"{shown[: _SHOWN // 2]} … {shown[-_SHOWN // 2 :]} ({len(shown):,} characters)"
        return f"{self.name}: {self.error}\n  of {self.size:,}, smallest: {shown}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')[:300]}"


def _alike(error: Exception, check: Callable[[], Any]) -> bool:
    """Whether the check fails with an error of the same class at the same place, and not only for its time."""
    try:
        check()
    except Exception as other:
        return type(other) is type(error) and _place(other) == _place(error)
    return False


def _place(error: Exception) -> tuple[str, int] | None:
    at, place = error.__traceback__, None
    while at is not None:
        place, at = (at.tb_frame.f_code.co_filename, at.tb_lineno), at.tb_next
    return place


def _completion(seed: int, longest: int, tally: Tally) -> Failure | None:
    key, prompt, text = completion(seed, longest)
    try:
        tally.add(key, read_answer(key, prompt, text))
    except Exception as error:
        failed = error
    else:
        return None
    small, size = text, 1
    if isinstance(text, str):
        small = smallest(text, lambda part: _alike(failed, lambda: read_answer(key, prompt, part)))
        size = len(text)
    return Failure(f"completions {seed}", f"{key}, {prompt.id}: {_said(failed)}", size, repr(small))


def _logprobs(seed: int, tally: Tally) -> Failure | None:
    key, prompt, values = logprobs(seed)
    try:
        outcome = weigh(key, prompt, values)
    except Exception as error:
        return Failure(f"completions {seed}", f"{key}, {prompt.id}: {_said(error)}", len(values), repr(values))
    if outcome is not None:
        tally.add(key, outcome)
    return None


def _tokens(seed: int, tally: Tally) -> Failure | None:
    key, prompt, reported = tokens(seed)
    try:
        tally.add(key, weigh_tokens(key, prompt, reported))
    except Exception as error:
        return Failure(f"completions {seed}", f"{key}, {prompt.id}: {_said(error)}", len(reported), repr(reported))
    return None


HAS_INSPECT = find_spec("inspect_ai") is not None


def completions(seeds: range, longest: int = 1_000_000) -> tuple[Tally, list[Failure]]:
    """Reads the completions, as many lists of log-probabilities, and, with Inspect, as many of reported tokens.

    Args:
        seeds: of the cases.
        longest: characters of the longest texts.
    """
    tally = Tally()
    failures: list[Failure] = []
    for seed in seeds:
        found = [_completion(seed, longest, tally), _logprobs(seed, tally)]
        if HAS_INSPECT:
            found.append(_tokens(seed, tally))
        failures += [failure for failure in found if failure is not None]
    try:
        tally.check()
    except Exception as error:
        failures.append(
            Failure(f"completions {seeds.start} to {seeds.stop - 1}", _said(error), len(seeds), "all of them")
        )
    return tally, failures


def file_case(number: int) -> tuple[str, str, int]:
    """The kind, the ending and the seed of one file: the kinds and endings take turns."""
    seed, which = divmod(number, len(KINDS) * len(ENDINGS))
    return KINDS[which % len(KINDS)], ENDINGS[which // len(KINDS)], seed


def files(numbers: range, size: int = 200_000) -> tuple[Counter[str], list[Failure]]:
    """Reads the files.

    Args:
        numbers: of the cases.
        size: of large files, in bytes.
    """
    counts: Counter[str] = Counter()
    failures = []
    with tempfile.TemporaryDirectory() as home:
        for number in numbers:
            case = broken(*file_case(number), size)
            if case is None:
                counts["not possible"] += 1
                continue
            try:
                counts[read_file(Path(home), case)] += 1
            except Exception as error:
                counts["failed"] += 1
                failures.append(_failed_file(number, case, error, Path(home)))
    return counts, failures


def _failed_file(number: int, case: Broken, error: Exception, home: Path) -> Failure:
    # Of a part the number of rows is not known.
    unknown = case._replace(count=None)
    small = smallest(case.content, lambda part: _alike(error, lambda: read_file(home, unknown._replace(content=part))))
    name = f"files {number} ({', '.join(map(str, file_case(number)))})"
    return Failure(name, f"{case.key}: {_said(error)}", len(case.content), repr(small))


def _chunks(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, CHUNK):
        yield range(start, min(first + count, start + CHUNK))


def _read(texts: range) -> tuple[dict[str, Counter[str]], list[Failure]]:
    tally, failures = completions(texts)
    return tally.counts(), failures


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--completions", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--again", metavar="NAME", help="one case: 'completions 123' or 'files 45'")
    options = parser.parse_args()
    if options.again:
        what, number = options.again.split()[:2]
        only = range(int(number), int(number) + 1)
        failures = (completions if what == "completions" else files)(only)[1]
        print(*failures, sep="\n")
        return int(bool(failures))
    with tempfile.TemporaryDirectory(prefix="recrm-fuzz-") as cache:
        os.environ["RECRM_CACHE"] = cache
        return _read_all(options.first, options.completions, options.files)


def _read_all(first: int, completion_count: int, file_count: int) -> int:
    """Reads the cases in all processors and prints what was found; 1 if a case failed."""
    failed: list[Failure] = []
    answers: dict[str, Counter[str]] = {}
    seen: Counter[str] = Counter()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        of_texts = pool.map(_read, _chunks(first, completion_count))
        of_files = pool.map(files, _chunks(first, file_count))
        for counts, failures in tqdm(of_texts, total=-(-completion_count // CHUNK), desc="completions"):
            failed += _shown(failures)
            for key, found in counts.items():
                answers.setdefault(key, Counter()).update(found)
        for of_chunk, failures in tqdm(of_files, total=-(-file_count // CHUNK), desc="files"):
            failed += _shown(failures)
            seen.update(of_chunk)
    for key, found in sorted(answers.items()):
        print(
            f"{key}: {found.total():,} answers:", ", ".join(f"{count:,} {name}" for name, count in found.most_common())
        )
    print(f"{seen.total():,} files:", ", ".join(f"{count:,} {name}" for name, count in seen.most_common()))
    print(f"{len(failed):,} cases failed")
    return int(bool(failed))


def _shown(failures: list[Failure]) -> list[Failure]:
    for failure in failures:
        tqdm.write(str(failure))
    return failures


if __name__ == "__main__":
    sys.exit(main())
