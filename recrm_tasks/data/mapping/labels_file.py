"""labels.json beside the data: the label sets that a source declares.

`{"relevance": {"labels": [{"name": …, "value": …, "zh": …, "en": …}]}}`
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats import on_disk, opened
from recrm_tasks.data.formats.json_text import DECODER
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import DataError

_LONGEST = 1 << 26


def read_labels(file: Path, dimension: Dimension) -> LabelSet | None:
    """The label set that the file declares for the dimension; None if there is no file, or none in it.

    Raises:
        DataError: the file is not what it should be.
    """
    if dimension.default_labels is None or not on_disk(file).is_file():
        return None
    try:
        with opened(file, None) as stream:
            declared = DECODER.decode(stream.read(_LONGEST).decode("utf-8-sig"))
        if not isinstance(declared, dict):
            raise DataError(f"{file}: expected an object with one label set per dimension")
        unknown = sorted(set(declared) - set(dimensions()))
        if unknown:
            raise DataError(f"{file}: unknown dimension {', '.join(unknown)}; there are {', '.join(dimensions())}")
        return LabelSet.model_validate(declared[dimension.key]) if dimension.key in declared else None
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in detail["loc"])
        found = "" if detail["type"] == "missing" else f", found {json.dumps(detail['input'], default=str)[:80]}"
        message = detail["msg"].removeprefix("Value error, ")
        raise DataError(f"{file}: {dimension.key}: {f'{field}: ' if field else ''}{message}{found}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not valid JSON: {error}") from None
