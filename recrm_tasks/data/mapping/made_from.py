"""What a mapping.yaml was made from: columns and labels of another commit or file may mean something else."""

from __future__ import annotations

import logging
from functools import cache

from recrm_tasks.data.mapping.mapping_file import MadeFrom, Mapping
from recrm_tasks.data.sources.origin import Origin

_log = logging.getLogger(__name__)


def made_from(origin: Origin) -> MadeFrom:
    """The entry of a mapping that is made from a source."""
    return MadeFrom(source=origin.name, revision=origin.commit)


def made_elsewhere(mapping: Mapping, origin: Origin, file: str) -> str | None:
    """The note that a mapping was made from another source, or from another commit of it; None if it was not.

    Args:
        mapping: a mapping that a person chose.
        origin: the source that it is used for.
        file: the mapping's file, for the note.
    """
    if mapping.made_from is None or mapping.made_from == made_from(origin):
        return None
    return (
        f"{file} was made from {_named(mapping.made_from)}, and is used for {_named(made_from(origin))}. Columns and "
        "labels may mean something else there: `recrm data inspect` without --mapping shows what is recognised, and "
        "--to another file writes a mapping for it"
    )


@cache
def warn(note: str) -> None:
    """Says it, once for each process."""
    _log.warning("%s", note)


def _named(source: MadeFrom) -> str:
    return source.source + (f" at {source.revision}" if source.revision else "")
