"""What pydantic found wrong, in one line."""

from __future__ import annotations

from pydantic import ValidationError

_SHOWN = 80
"""Characters of a wrong value that are shown."""


def first_problem(error: ValidationError, whole: str) -> str:
    """The first problem: where it is, what is wrong, and what was found; and the number of the others.

    Args:
        error: of pydantic.
        whole: what the thing as a whole is called, for problems that are nowhere in it.
    """
    details = error.errors(include_url=False)
    detail = details[0]
    where = ".".join(map(str, detail["loc"])) or whole
    if detail["type"] == "missing":
        what = "it is missing"
    elif detail["type"] == "extra_forbidden":
        what = "there is no such field"
    elif detail["type"] == "value_error":  # a check of our own: its message says all
        what = str(detail["ctx"]["error"])
    else:
        shown = repr(detail["input"])
        what = f"{detail['msg']}, not {shown[:_SHOWN]}{'…' if len(shown) > _SHOWN else ''}"
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return f"{where}: {what}{more}"
