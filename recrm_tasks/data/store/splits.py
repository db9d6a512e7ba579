"""Which records are evaluated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recrm_tasks.data.store.arrow_store import Stored, codes_of
from recrm_tasks.data.store.sampling import fraction
from recrm_tasks.errors import DataError

Rows = npt.NDArray[np.int64]

HASHED = ("hash-test", "hash-train")
"""Splits made here: a tenth of the users or queries (of the records, where a source names none), and the rest."""
SHARE = 0.1


def choose_split(stored: Stored, wanted: str | None, hashed: bool) -> tuple[Rows, str | None]:
    """The places of the records of a split, and its name.

    Args:
        stored: the records.
        wanted: a split of the source, `hash-test`, `hash-train`, or `all`; by default the source's `test`, if it has
            one.
        hashed: what is used if the source has no `test`: `hash-test` if true; else all records of a source without
            splits, and an error for one with splits.

    Raises:
        DataError: there is no such split, or some records have a split and others have none.
    """
    codes, names = codes_of(stored.index.column("split"))
    usable = np.ones(len(codes), dtype=bool)
    usable[stored.manifest["dropped"]] = False
    splits = sorted(name for name in names if name is not None)
    if wanted is None:
        wanted = "test" if "test" in splits else "hash-test" if hashed else "test" if splits else None
    if wanted is None or wanted == "all":
        return np.flatnonzero(usable), wanted
    if wanted in HASHED and wanted not in splits:
        rows = np.flatnonzero(usable & (in_test(stored) == (wanted == "hash-test")))
        if not len(rows):
            raise DataError(f"no records of split {wanted!r}: all {int(usable.sum())} are in the other hashed split")
        return rows, wanted
    without = int((usable & (codes == names.index(None))).sum()) if None in names else 0
    if splits and without:
        raise DataError(
            f"{without} records have no split, {int(usable.sum()) - without} are of {', '.join(splits)}: name all"
        )
    if wanted not in splits:
        raise DataError(
            f"no records of split {wanted!r}; the source has {', '.join(splits) or 'no splits'} "
            f"({', '.join(HASHED)} and all work for any source)"
        )
    return np.flatnonzero(usable & (codes == names.index(wanted))), wanted


def in_test(stored: Stored) -> npt.NDArray[np.bool_]:
    """Whether each record is in the hashed test split: by its group, so that no user or query is on both sides."""
    parts, start, renamed = [], 0, stored.manifest["renamed"]
    for batch in stored.index.select(["id", "group"]).to_batches():
        names, groups = (c.to_pylist() for c in batch.columns)
        if renamed:  # records with the same content stay together
            names = [name.removesuffix(renamed.get(str(i), "")) for i, name in enumerate(names, start)]
        keys = (name if group is None else group for name, group in zip(names, groups, strict=True))
        parts.append(np.array([fraction(f"split\n{key}") < SHARE for key in keys], dtype=bool))
        start += batch.num_rows
    return np.concatenate(parts) if parts else np.array([], dtype=bool)
