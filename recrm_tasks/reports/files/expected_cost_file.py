"""Expected costs -> a file for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recrm_tasks.prompting.asked_order import ORDERS
from recrm_tasks.prompting.expected_cost import Counting, Expected
from recrm_tasks.reports.files.writing import write_json
from recrm_tasks.reports.tables.expected_cost_table import Prices, sums


def write_expected_costs(
    expected: Sequence[Expected], source: str, stress: bool, counting: Counting, prices: Prices | None, file: Path
) -> None:
    """Writes the rows of the table as JSON, and what they were counted with.

    Raises:
        DataError: the file cannot be written.
    """
    whole = {
        "source": source,
        "stress": stress,
        "tokenizer": counting.tokens.name,
        "cached_prompts": counting.cached_prompts,
        "answer_tokens": counting.answer_tokens,
        "prices_per_million": None if prices is None else prices._asdict(),
        "ways": [_row(one, prices) for one in (*expected, *sums(expected))],
    }
    write_json(whole, file)


def _row(one: Expected, prices: Prices | None) -> dict[str, Any]:
    return {
        "dimension": one.dimension,
        "ask": one.ask,
        "answers": one.way,
        "records": one.records,
        "counted": one.counted,
        "requests": one.requests,
        "tokens_in": one.tokens_in,
        **{f"shared_{order}": one.shared[order] for order in ORDERS},
        "uses_cache": one.uses_cache,
        "tokens_out": one.tokens_out,
        **({f"price_{order}": prices.of(one, order) for order in ORDERS} if prices else {}),
    }
