"""Questions with a common beginning follow one another."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.prompting.asked_order import grouped_order


def common(one: str, other: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(map(len, (one, other)))
    )


TEXTS = st.lists(st.text("ab", max_size=4), max_size=7)
QUESTIONS = st.lists(st.tuples(st.sampled_from([None, "u1", "u2"]), st.lists(st.text("ab", max_size=3), max_size=2)))


def test_groups_come_as_their_first_questions_do() -> None:
    questions = [("u2", ["b"]), (None, ["z"]), ("u1", ["c"]), ("u2", ["a"]), (None, ["y"]), ("u1", ["c"])]
    assert grouped_order(questions) == [3, 0, 4, 1, 2, 5]


@given(questions=QUESTIONS)
def test_every_question_is_asked_once_and_groups_stay_together(questions: list[tuple[str | None, list[str]]]) -> None:
    order = grouped_order(questions)
    assert sorted(order) == list(range(len(questions)))
    groups = [group for group, _ in itertools.groupby(questions[place][0] for place in order)]
    assert len(groups) == len(set(groups))
    assert groups == list(dict.fromkeys(group for group, _ in questions))


@settings(max_examples=40, deadline=None)
@given(texts=TEXTS)
def test_no_other_order_of_a_group_shares_more(texts: list[str]) -> None:
    def shared(order: list[int]) -> int:
        chosen = [texts[place] for place in order]
        return sum(common(one, other) for one, other in itertools.pairwise(chosen))

    ours = shared(grouped_order([("u", [text]) for text in texts]))
    if len(texts) <= 6:
        assert ours == max(shared(list(order)) for order in itertools.permutations(range(len(texts))))
    else:
        assert ours >= shared(list(range(len(texts))))
