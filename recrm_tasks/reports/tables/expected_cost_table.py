"""Expected costs -> a table of requests, tokens and prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.prompting.asked_order import ORDERS, Order
from recrm_tasks.prompting.expected_cost import Counting, Expected
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, count_cell

ALL = "all"
"""The dimension of rows that are sums."""
_NO_CACHE = "*"


class Prices(NamedTuple):
    """What a million tokens cost, in any currency."""

    tokens_in: float
    tokens_cached: float
    tokens_out: float

    def of(self, expected: Expected, order: Order) -> float:
        """The price of a run."""
        cached = expected.shared[order] if expected.uses_cache else 0
        computed = expected.tokens_in - cached
        million = 1_000_000
        return (
            computed * self.tokens_in + cached * self.tokens_cached + expected.tokens_out * self.tokens_out
        ) / million


def sums(expected: Sequence[Expected]) -> list[Expected]:
    """The costs of all dimensions in each way, each asked about in the first way that it has; none of one dimension."""
    asked = {one.dimension: one.ask for one in reversed(expected)}
    if len(asked) < 2:
        return []
    ways = dict.fromkeys(one.way for one in expected)
    parts = ([one for one in expected if one.way == way and one.ask == asked[one.dimension]] for way in ways)
    return [
        of_way[0]._replace(
            dimension=ALL,
            records=sum(one.records for one in of_way),
            counted=sum(one.counted for one in of_way),
            requests=sum(one.requests for one in of_way),
            tokens_in=sum(one.tokens_in for one in of_way),
            shared={order: sum(one.shared[order] for one in of_way) for order in ORDERS},
            tokens_out=sum(one.tokens_out for one in of_way),
        )
        for of_way in parts
    ]


def expected_cost_table(title: str, expected: Sequence[Expected], counting: Counting, prices: Prices | None) -> Table:
    """One row per dimension and way of asking, and the sums.

    Args:
        title: above the table.
        expected: the costs, the dimensions one after the other.
        counting: how they were counted.
        prices: of a million tokens, if they are known.
    """
    size = counting.cached_prompts
    before = "the prompt before" if size == 1 else f"one of the {size} prompts before"
    caption = (
        f"Tokens of {counting.tokens.name}. shared: those of the prompts with which {before} begins too, in the "
        "balanced and in the grouped order. Engines count whole blocks only. tokens out: "
        f"{counting.answer_tokens} per generated answer (--answer-tokens). logprob: a request gives the probabilities "
        f"of all allowed answers. {_NO_CACHE} One for each of them; engines do not use their cache for these."
    )
    rows = [*expected, *sums(expected)]
    priced = [_price(order, prices) for order in ORDERS] if prices else []
    return Table.of(title, [*_COLUMNS, *priced], rows, caption, section=lambda one: (one.dimension, one.ask))


def _share(expected: Expected, order: Order) -> Cell:
    count = expected.shared[order]
    share = f" ({100 * count / expected.tokens_in:.1f} %)" if expected.tokens_in else ""
    return Cell(f"{count:,}{share}", order=count)


def _price(order: Order, prices: Prices) -> Column[Expected]:
    def cell(one: Expected) -> Cell:
        price = prices.of(one, order)
        return Cell(f"{price:,.2f}", order=price)

    return Column(f"price, {order}", cell, numeric=True)


def _shared(order: Order) -> Column[Expected]:
    return Column(f"shared, {order}", lambda one: _share(one, order), numeric=True)


_COLUMNS: Sequence[Column[Expected]] = (
    Column("dimension", lambda one: one.dimension if one.ask == "list" else f"{one.dimension}, item by item"),
    Column("answers", lambda one: one.way if one.uses_cache else f"{one.way} {_NO_CACHE}"),
    Column("N", lambda one: count_cell(one.records), numeric=True),
    Column("requests", lambda one: count_cell(one.requests), numeric=True),
    Column("tokens in", lambda one: count_cell(one.tokens_in), numeric=True),
    *(_shared(order) for order in ORDERS),
    Column("tokens out", lambda one: count_cell(one.tokens_out), numeric=True),
)
