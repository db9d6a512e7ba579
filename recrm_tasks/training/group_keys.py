"""What a record has in common with others: its user or query by id, and the texts that its record type names.

A model that was trained on records with a key of an evaluated one has seen a part of what it is asked. Keys are
compared over all dimensions: the list that one dimension asks about as a whole, another asks about item by item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from recrm_tasks.dimensions.record import Record
from recrm_tasks.training.normal_text import ENTRY, digest, field_texts, size, wording


class GroupKey(NamedTuple):
    """One thing that records may share."""

    kind: str
    """What it is, such as `user`, `query` or `evidence`; `group` where a dimension does not say what its groups are."""
    value: str
    """24 hexadecimal digits: equal for the same id or the same text. Of an id, other dimensions than those that have
    the same groups have other values."""
    source: str = ""
    """For ids, the data that they are of; empty if nothing says it. The same id in two known sources is chance; texts
    are compared whatever they come from."""


def id_key(group: str, dimension: str, group_is: str | None, source: str) -> GroupKey:
    """The key of a group's id.

    Args:
        group: the id.
        dimension: the key of a dimension whose records have such groups.
        group_is: what it names, if its record type says it.
        source: the data that it is of; empty if nothing says it.
    """
    return GroupKey(group_is or "group", digest(["id", group_is or dimension, group]), source)


def group_keys(record: Record, source_known: bool = True) -> set[GroupKey]:
    """All keys of a record.

    Args:
        record: a checked record of any dimension.
        source_known: whether its `source` names the data, and not only the file that it was read from.
    """
    keys = set()
    if record.group is not None:
        source = record.source if source_known else ""
        keys.add(id_key(record.group, record.dimension, record.group_is, source))
    for kind, (fields, needs, least) in record.shared.items():
        texts = {name: field_texts(getattr(record, name)) for name in fields}
        tells = any(texts[n] for n in needs) if needs else all(texts.values())
        if tells and sum(size(text) for name in fields for text in texts[name]) >= least:
            keys.add(GroupKey(kind, digest(["text", kind, *(_joined(texts[name]) for name in fields)])))
    return keys


def _joined(entries: list[str]) -> str:
    """The entries of a field, in whatever order the record has them."""
    return ENTRY.join(sorted(map(wording, entries)))


class GroupIndex:
    """The keys of some records, and which of them others share.

    Ids are the same if their sources are, or if one source is not known.
    """

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str], set[str]] = defaultdict(set)

    def add(self, keys: Iterable[GroupKey]) -> None:
        """Adds the keys of a record."""
        for kind, value, source in keys:
            self._sources[kind, value].add(source)

    def shared(self, keys: Iterable[GroupKey]) -> set[GroupKey]:
        """The keys of the index that are the same as one of these."""
        found = set()
        for kind, value, source in keys:
            for known in self._sources.get((kind, value), ()):
                if known == source or not known or not source:
                    found.add(GroupKey(kind, value, known))
        return found


def shared_groups(train: Iterable[Record], test: Iterable[Record]) -> set[GroupKey]:
    """The keys of test records that a training record has too. Each record's `source` is taken to name its data."""
    index = GroupIndex()
    for record in test:
        index.add(group_keys(record))
    found: set[GroupKey] = set()
    for record in train:
        found |= index.shared(group_keys(record))
    return found
