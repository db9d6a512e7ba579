"""What is refused before the first question is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recrm_tasks.errors import DataError
from recrm_tasks.prompting import Backend, Options, load_questions

LIST = {
    "dimension": "ranking", "lang": "en", "source": "mine", "profile": "p", "history": ["h"], "context": "c",
    "candidates": [{"id": "1", "text": "one"}, {"id": "2", "text": "two"}], "labels": [1, 0],
}  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "orders", "clash"),
    [
        (["a", "a#1"], 2, ("a", "a#1")),
        (["a#2", "b", "a"], 3, ("a", "a#2")),
        (["a#1#1", "a#1", "b"], 2, ("a#1", "a#1#1")),
        (["a", "a#2"], 2, None),
        (["a", "a#01", "a#0", "a#x", "#1", "b#1"], 5, None),
        (["a", "a#1"], 1, None),
    ],
)
def test_ids_that_are_those_of_further_orders(
    tmp_path: Path, ids: list[str], orders: int, clash: tuple[str, str] | None
) -> None:
    """Reported at load: after the run, the answers to two lists would count as those to one."""
    file = tmp_path / "ranking.jsonl"
    file.write_text("".join(json.dumps({"id": name, **LIST}) + "\n" for name in ids))
    options = Options(data=str(file), orders=orders)
    if clash is None:
        prompts, _ = load_questions("ranking", "generate", Backend(), options)
        asked = [prompt.id for prompt in prompts]
        assert len(set(asked)) == len(asked) == orders * len(ids)
        return
    with pytest.raises(DataError) as caught:
        load_questions("ranking", "generate", Backend(), options)
    for name in (*clash, "ranking.jsonl", "orders to 1"):
        assert name in str(caught.value)


def test_other_kinds_are_asked_once_whatever_their_ids() -> None:
    prompts, _ = load_questions("factual", "generate", Backend(), Options(data="sample", orders=3))
    assert len(list(prompts)) == 72
