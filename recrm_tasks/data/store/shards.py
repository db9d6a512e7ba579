"""Shards: the records of one run divided among several machines, those of one user or query together."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.store.arrow_store import Stored, codes_of
from recrm_tasks.data.store.sampling import Digests, digests

SHARDS = "i/n, the i-th of n parts from 1/n to n/n"


class Shard(NamedTuple):
    """One of the parts of a run."""

    number: int
    """From 1."""
    of: int
    """The number of parts."""

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, value: object) -> Shard:
        """The shard that a user wrote.

        Raises:
            ValueError: it is not one of `SHARDS`.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", value) if isinstance(value, str) else None
        shard = cls(int(found[1]), int(found[2])) if found else None
        if shard is None or not 1 <= shard.number <= shard.of:
            raise ValueError(f"shard must be {SHARDS}, not {value!r}")
        return shard


def groups_of(stored: Stored, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The groups of some records: the number of each record's, and the groups' names. A record without a group is one
    by itself.

    Args:
        stored: the records' store.
        rows: the records' places in it.
    """
    index = stored.index
    return codes_of(pc.coalesce(index.column("group"), index.column("id")).take(pa.array(rows)))


def divide(codes: npt.NDArray[np.int64], names: Sequence[str], count: int, seed: int) -> npt.NDArray[np.int64]:
    """The shard of every record, from 1.

    The groups are dealt out by falling size, each to the shard with the fewest records so far; groups of one size in
    the order of a hash of their names and the seed. So the order of the records does not matter, no two shards differ
    by more records than the largest group has, and none is empty if there are as many groups as shards.

    Args:
        codes: the number of each record's group.
        names: the groups' names, each with at least one record.
        count: the number of shards.
        seed: another seed divides equal groups differently.
    """
    sizes = np.bincount(codes, minlength=len(names))
    hashed = digests(f"{seed}\nshard\n{name}".encode("utf-8", "surrogatepass") for name in names)
    order = np.lexsort((hashed[:, 1], hashed[:, 0], -sizes))
    shards = np.empty(len(names), dtype=np.int64)
    loads = [(0, number) for number in range(1, count + 1)]
    for group, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        load, number = loads[0]
        shards[group] = number
        heapq.heapreplace(loads, (load + size, number))
    return shards[codes]


def division_hash(ids: Digests, shards: npt.NDArray[np.int64]) -> str:
    """A hash of which record is in which shard. Whatever the order of the records, equal divisions have the same.

    Args:
        ids: the digests of the records' ids.
        shards: the shard of each record.
    """
    order = np.lexsort((ids[:, 1], ids[:, 0]))
    return hashlib.sha256(shards[order].astype(">u4").tobytes()).hexdigest()[:16]
