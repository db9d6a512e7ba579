"""What was found out about how a source's files are written, so that nothing is taken in silence."""

from __future__ import annotations

from recrm_tasks.data.formats import taken
from recrm_tasks.data.mapping.plan import Plan
from recrm_tasks.data.sources.origin import Origin


def files_as_found(origin: Origin, plan: Plan) -> dict[str, str]:
    """Of each file that is not written as usual for its name: how it is read, in words.

    Args:
        origin: the source.
        plan: which of its files are read.
    """
    root = origin.local([name for files in plan.files for name, _ in files])
    found = {
        name: taken(root / name, source.form)
        for source, files in zip(plan.mapping.sources, plan.files, strict=True)
        for name, _ in files
    }
    return {name: said for name, said in found.items() if said}
