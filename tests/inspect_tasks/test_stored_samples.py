"""Samples in a file behave as Inspect's own in memory."""

from __future__ import annotations

import copy
import errno
import pickle
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser

from inspect_tasks import bench_task, dimension_task, stored_samples
from inspect_tasks.stored_dataset import StoredDataset
from inspect_tasks.stored_samples import StoredSamples

MANY = 40


def samples(count: int = MANY) -> list[Sample]:
    """Of several lengths, with turns and with options."""
    return [
        Sample(
            id=f"{place}",
            input=[ChatMessageUser(content="问" * place, id="turn")] if place % 3 == 0 else "?" * (place * 7 % 11),
            target="A",
            choices=["one", "two", "three"],
            metadata={"place": place, "nested": {"values": [place / 3, None]}},
        )
        for place in range(count)
    ]


def test_they_are_the_samples_that_were_written() -> None:
    wanted, found = samples(), StoredSamples.of(iter(samples()))
    assert list(found) == wanted
    assert len(found) == MANY
    assert found[-1] == wanted[-1]
    for part in (slice(0, MANY), slice(3, 9), slice(None, None, -2), slice(50, 60)):
        assert list(found[part]) == wanted[part]
    assert list(found.chosen([5, 0, 5])) == [wanted[5], wanted[0], wanted[5]]
    assert list(found[10:].chosen([1])) == [wanted[11]]
    with pytest.raises(IndexError):
        found[MANY]
    assert list(StoredSamples.of([])) == []


def test_a_change_of_one_is_not_kept() -> None:
    found = StoredSamples.of(samples(2))
    found[0].id = "other"
    assert found[0].id == "0"
    assert copy.deepcopy(found)[1] == samples(2)[1]


def test_what_samples_have_in_common_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    question = {"before": "Is it? " * 9, "after": "Answer:"}
    made = [Sample(input=str(n), metadata={"prompt": {**question}, "reading": {"gold": n % 2}}) for n in range(6)]
    found = StoredSamples.of(made)
    assert list(found) == made
    one, other = found[0].metadata, copy.deepcopy(found[3:][1]).metadata
    assert one is not None and other is not None  # noqa: PT018
    assert one is not other
    assert all(one[name] is other[name] for name in ("prompt", "reading"))
    with pytest.raises(TypeError, match="many samples share this value"):
        one["prompt"]["after"] = "?"
    for copied in (pickle.loads(pickle.dumps(found[0])), copy.copy(found[0]), found[0].model_copy(deep=True)):
        assert copied == made[0]
        assert copied.model_dump_json() == made[0].model_dump_json()
    monkeypatch.setattr(stored_samples, "_MOST_SHARED", 0)
    found = StoredSamples.of(made)
    assert found[0].metadata == made[0].metadata
    assert found[0].metadata["prompt"] is not found[0].metadata["prompt"]


def test_many_threads_may_read() -> None:
    found, wanted = StoredSamples.of(samples()), samples()
    places = list(range(MANY)) * 50
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(found.__getitem__, places)) == [wanted[place] for place in places]


@pytest.mark.parametrize(
    "change",
    [
        lambda dataset: dataset.shuffle(7),
        lambda dataset: dataset.shuffle_choices(7),
        lambda dataset: dataset.sort(),
        lambda dataset: dataset.sort(reverse=True, key=lambda sample: sample.id),
        lambda dataset: dataset[3:20].shuffle(7),
        lambda dataset: None,
    ],
)
@pytest.mark.parametrize("taken", [lambda dataset: dataset, lambda dataset: dataset[5:25]])
def test_a_dataset_changes_as_inspects_own(change: Any, taken: Any) -> None:
    ours = taken(StoredDataset(StoredSamples.of(samples()), "somewhere"))
    theirs = taken(MemoryDataset(samples(), name="somewhere"))
    change(ours)
    change(theirs)
    assert list(ours) == list(theirs)
    assert (ours.name, ours.shuffled, len(ours)) == (theirs.name, theirs.shuffled, len(theirs))
    few = ours.filter(lambda sample: sample.metadata["place"] % 2 == 0)
    assert list(few) == list(theirs.filter(lambda sample: sample.metadata["place"] % 2 == 0))
    assert list(ours[2:4]) == list(theirs[2:4])


@pytest.mark.parametrize("make", [lambda: dimension_task("factual", data="sample"), lambda: bench_task(data="sample")])
def test_no_room_for_them_is_one_message(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(PrerequisiteError, match=r"the samples cannot be written to .*: No space left on device"):
        make()
