"""Broken completions and broken files: a small part of what `make fuzz` reads."""

from __future__ import annotations

from pathlib import Path

import fuzzing
import pytest
from checks import read_answer
from fuzzing import completions, file_case, files
from mangled_files import ENDINGS, KINDS, PLAIN, packed, rows
from shrinking import smallest

from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions

ONCE = len(KINDS) * len(ENDINGS)
"""Files until each kind of damage has been in a file of each ending."""


@pytest.mark.slow
def test_broken_completions() -> None:
    """Two of each dimension are as long as a megabyte."""
    several = 500 * len(dimensions())
    for seeds in (range(600), range(several, several + 400)):
        tally, failures = completions(seeds)
        assert not failures, "\n".join(map(str, failures))
        counts = tally.counts()
        assert set(counts) == set(dimensions())
        assert all(found["valid"] and found.total() > found["valid"] for found in counts.values()), counts


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1))
def test_broken_files(part: int) -> None:
    counts, failures = files(range(part * ONCE, (part + 1) * ONCE))
    assert not failures, "\n".join(map(str, failures))
    assert counts["read"] > 0
    assert counts["refused"] > 0
    assert counts.total() == ONCE


def test_a_file_that_failed_once() -> None:
    """A ranking file whose label column is a list, beside a column of turns: it ended in a KeyError."""
    number = 57 * ONCE + len(KINDS) * ENDINGS.index("parquet") + KINDS.index("fields")
    _, failures = files(range(number, number + 1))
    assert not failures, "\n".join(map(str, failures))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_many_broken_completions(part: int) -> None:
    _, failures = completions(range(3_000 + 1_000 * part, 4_000 + 1_000 * part))
    assert not failures, "\n".join(map(str, failures))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1, 4))
def test_many_broken_files(part: int) -> None:
    _, failures = files(range(part * ONCE, (part + 1) * ONCE))
    assert not failures, "\n".join(map(str, failures))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("key", dimensions())
def test_files_with_nothing_broken_are_read(tmp_path: Path, ending: str, key: str) -> None:
    """Else what is broken in them shows nothing."""
    if ending == "xlsx":
        pytest.importorskip("fastexcel", reason="needs the extra `excel`")
    made = rows(key)
    content = PLAIN[ending.partition(".")[0]](made)
    assert content is not None
    (tmp_path / f"{key}.{ending}").write_bytes(packed(content, ending))
    assert len(load(key, str(tmp_path), split="all")) == len(made)


def test_the_same_name_is_the_same_case() -> None:
    assert {file_case(number)[:2] for number in range(ONCE)} == {(kind, ending) for kind in KINDS for ending in ENDINGS}
    assert file_case(0)[2] == 0
    assert file_case(ONCE)[2] == 1


def test_what_fails_is_shown_with_its_name_and_its_smallest_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reader that cannot read braces."""

    def broken_reader(key, prompt, completion):
        if isinstance(completion, str) and "{" in completion:
            raise KeyError("x")
        return read_answer(key, prompt, completion)

    monkeypatch.setattr(fuzzing, "read_answer", broken_reader)
    _, failures = completions(range(60), 5_000)
    assert failures
    assert all(failure.smallest == "'{'" for failure in failures)
    assert all(failure.name.startswith("completions ") for failure in failures)
    assert "KeyError: 'x'" in str(failures[0])


def test_an_exception_that_leaves_a_file_unread_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_reader(folder, case):
        if b"{" in case.content:
            raise IndexError
        return "read"

    monkeypatch.setattr(fuzzing, "read_file", broken_reader)
    _, failures = files(range(ONCE), 5_000)
    assert failures
    assert all(failure.smallest == "b'{'" for failure in failures)


def test_nothing_is_cut_that_the_failure_needs() -> None:
    assert smallest("aaXbbbbYcc" * 3, lambda text: text.count("X") >= 2 and "Y" in text) in ("XXY", "XYX", "YXX")
    assert smallest(b"abc", lambda content: True) == b""
