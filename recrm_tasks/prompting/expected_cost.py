"""What a run will ask an engine for: requests and tokens, and how many of them a prefix cache can spare."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from recrm_tasks.answers.prompt import ASKS, MODES, Ask, Mode, Prompt
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.data.progress import progress
from recrm_tasks.data.store.arrow_store import codes_of
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.prompting.asked_order import Order, grouped_order
from recrm_tasks.prompting.fit import Backend
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.questions import Pose, load_questions, plain_questions, records_of_run
from recrm_tasks.prompting.recent_prompts import RecentPrompts
from recrm_tasks.prompting.tokens import Tokens

Way: TypeAlias = Literal["generate", "logprob", "logprob per answer"]
"""How answers are asked for: as a text, all allowed ones in one request, or each in a request of its own."""

_PART = 256


class Expected(NamedTuple):
    """One dimension, asked in one way."""

    dimension: str
    ask: Ask
    way: Way
    records: int
    """Of the run."""
    counted: int
    """Of these, how many were counted. If fewer, the other figures are scaled up."""
    grouped: bool
    """Whether any record names a group, or has several questions."""
    requests: int
    tokens_in: int
    """Tokens of all prompts, in the model's chat template."""
    shared: Mapping[Order, int]
    """Those of `tokens_in` with which one of the last prompts began too, by the order of the questions."""
    tokens_out: int

    @property
    def uses_cache(self) -> bool:
        """Whether engines take what is shared from their cache. Not where they report log-probabilities of prompts."""
        return self.way != "logprob per answer"


class Counting(NamedTuple):
    """How a cost is counted."""

    tokens: Tokens
    records: int
    """Count at most this many records of a dimension. In the grouped order whole groups are counted, at most twice as
    many records."""
    cached_prompts: int
    """How many prompts the cache holds."""
    answer_tokens: int
    """Tokens that a generated answer is expected to have."""


def expected_costs(
    dimension: str, options: Options, counting: Counting, asks: Collection[Ask], pose: Pose = plain_questions
) -> Iterator[Expected]:
    """The costs of a dimension in all ways.

    Args:
        dimension: its key.
        options: the run's; its `ask` is ignored.
        counting: how to count.
        asks: how lists are asked about; other dimensions are asked in one way.
        pose: makes the questions about a record.

    Raises:
        RecrmError: anything that the user can put right.
    """
    for ask in asks if asks_of(dimension) == ASKS else asks_of(dimension):
        of_ask = replace(options, ask=ask)
        run = records_of_run(dimension, of_ask)
        some = min(len(run), counting.records)
        groups = whole_groups(run, some)
        first = () if some == len(run) else replace(run, rows=run.rows[:some]).ids()
        for mode in MODES:
            asked = _Asked(dimension, mode, of_ask, counting, pose, first)
            grouped = _Asked(dimension, mode, of_ask, counting, pose, groups) if first and groups else asked
            yield from _ways(asked, grouped, len(run), some, bool(groups) or pose is not plain_questions)


def asks_of(dimension: str) -> Sequence[Ask]:
    """In which ways the records of a dimension can be asked about; `list` is also that of records without lists."""
    registered = dimension_of(dimension)
    return ASKS if is_list(registered.record_type) and registered.item_question else ("list",)


def whole_groups(dataset: Dataset, least: int) -> list[str]:
    """The ids of all records of some groups, each group as likely as any other. A record without a group is one.

    Args:
        dataset: the records of a run.
        least: this many records, and at most twice as many.

    Returns:
        None if no record has a group.
    """
    codes, names = codes_of(dataset.stored.index.column("group"))
    if names == [None]:
        return []
    groups = codes[dataset.rows]
    if None in names:
        alone = groups == names.index(None)
        groups[alone] = len(names) + np.arange(int(alone.sum()))
    _, groups, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(0).permutation(len(sizes))
    taken = order[: int(np.searchsorted(np.cumsum(sizes[order]), least)) + 1]
    places = np.flatnonzero(np.isin(groups, taken))[: 2 * least]
    return replace(dataset, rows=dataset.rows[places]).ids()


class _Asked:
    """Some questions and their tokens, in the balanced order."""

    def __init__(
        self, dimension: str, mode: Mode, options: Options, counting: Counting, pose: Pose, ids: Collection[str] = ()
    ) -> None:
        self.dimension, self.mode, self.ask, self.counting = dimension, mode, options.ask, counting
        self.prompts: list[Prompt] = list(load_questions(dimension, mode, Backend(), options, ids, pose=pose)[0])
        self.tokens: list[npt.NDArray[np.uint32]] = []
        with progress(f"counting {dimension}", len(self.prompts)) as bar:
            for start in range(0, len(self.prompts), _PART):
                part = self.prompts[start : start + _PART]
                # Of four bytes each: Python's numbers take nine times the memory.
                found = counting.tokens.ids_of_all([prompt.messages for prompt in part])
                self.tokens += [np.array(one, dtype=np.uint32) for one in found]
                bar.update(len(part))

    @property
    def total(self) -> int:
        return sum(map(len, self.tokens))

    def shared(self, order: Order) -> int:
        """The tokens that a cache can spare."""
        cache = RecentPrompts(self.counting.cached_prompts)
        keys = [(p.group or p.of_list, [turn.content for turn in p.messages]) for p in self.prompts]
        places = range(len(keys)) if order == "balanced" else grouped_order(keys)
        return sum(cache.shared(self.tokens[place]) for place in places)


def _ways(asked: _Asked, grouped: _Asked, records: int, counted: int, has_groups: bool) -> Iterator[Expected]:
    """The ways of one answer mode.

    Args:
        asked: the questions that are counted.
        grouped: those that are counted in the grouped order.
        records: the number of records of the run.
        counted: the number of records of `asked`.
        has_groups: as `Expected.grouped`.
    """
    scale = records / counted if counted else 1.0

    def scaled(number: float) -> int:
        return round(number * scale)

    total = asked.total
    share = grouped.shared("grouped") / max(1, grouped.total)
    shared: dict[Order, float] = {"balanced": asked.shared("balanced"), "grouped": share * total}
    answer_tokens = asked.counting.answer_tokens if asked.mode == "generate" else 1
    way: Way = "generate" if asked.mode == "generate" else "logprob"
    of = Expected(
        dimension=asked.dimension,
        ask=asked.ask,
        way=way,
        records=records,
        counted=counted,
        grouped=has_groups,
        requests=scaled(len(asked.prompts)),
        tokens_in=scaled(total),
        shared={order: scaled(number) for order, number in shared.items()},
        tokens_out=scaled(len(asked.prompts) * answer_tokens),
    )
    yield of
    if asked.mode == "generate":
        return
    several = [len(prompt.choices) for prompt in asked.prompts]
    again = sum((count - 1) * len(tokens) for count, tokens in zip(several, asked.tokens, strict=True))
    answers = sum(_tokens_of_choices(asked.counting.tokens, prompt.choices) for prompt in asked.prompts)
    yield of._replace(
        way="logprob per answer",
        requests=scaled(sum(several)),
        tokens_in=scaled(total + again + answers),
        shared={order: scaled(number + again) for order, number in shared.items()},
        tokens_out=scaled(sum(several)),
    )


@lru_cache(maxsize=256)
def _tokens_of_choices(tokens: Tokens, choices: tuple[str, ...]) -> int:
    """The tokens of all allowed answers; after a chat template they begin at once, in plain text with a space."""
    return sum(len(tokens.of_text(one if tokens.has_chat_template else f" {one}")) for one in choices)
