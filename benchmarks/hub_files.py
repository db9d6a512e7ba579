"""Writes files of the size and form that the hub's behavior and ranking files may have, for measurements.

    python benchmarks/hub_files.py /tmp/hub --rows 960862

What is known of the hub's files: JSON Lines, 4,107,969,568 bytes of behavior and 319,447,484 of ranking, so about
4,275 and 4,223 bytes per row. What a row contains is not known: here it is a ready prompt in Chinese (a system turn, a
user turn with the user's number, 38 history entries, the moment and one item, and the answer as the last turn), with
nine items per user. The same seed gives the same rows, and the first N rows do not depend on the number of rows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from rows import CHUNK, Draw, _context, _item, _pick, _price, _profile, _shop, _text
from words import ZH, Service

PATHS = {
    "behavior": "data/behavior_prediction/user_rewrite.jsonl",
    "ranking": "data/item_ranking/item_ranking_rewrite.jsonl",
}
ENTRIES = 38
"""History entries of a user."""
ITEMS = 9
"""Rows of a user."""
DRAWS = 512
"""Random numbers per user: more than one takes."""

AS_TEXT = 2
"""The number of a user whose profile is a text."""

SYSTEM = "你是生活服务平台的推荐助手，需要根据用户的历史行为判断用户的意图。"
QUESTIONS = {
    "behavior": "请判断该用户此刻是否会点击这个候选项，只回答“是”或“否”。",
    "ranking": "候选项来自同一次推荐。请判断该用户是否会对这个候选项下单，只回答“是”或“否”。",
}


def rows(dimension: str, count: int, seed: int = 0) -> Iterator[dict[str, object]]:
    """Ready prompts of one dimension."""
    users = -(-CHUNK // ITEMS)
    made = (row for chunk in range(-(-count // (users * ITEMS))) for row in _chunk(dimension, chunk, users, seed))
    return islice(made, count)


def _chunk(dimension: str, number: int, users: int, seed: int) -> Iterator[dict[str, object]]:
    generator = np.random.default_rng([seed, list(PATHS).index(dimension), number])
    for place, draws in enumerate(generator.integers(0, 2**31, size=(users, DRAWS)).tolist()):
        draw = iter(draws).__next__
        head = _user(f"u{number * users + place:08d}", draw)
        for _ in range(ITEMS):
            yield _row(dimension, head, draw)


def _user(name: str, draw: Draw) -> str:
    """What all rows of a user share."""
    usual = tuple(_pick(ZH.services, draw) for _ in range(3))
    days = sorted(draw() % 336 for _ in range(ENTRIES))
    entries = [_entry(_pick(usual, draw), day, draw) for day in days]
    history = "\n".join(f"{i}. {entry}" for i, entry in enumerate(entries, 1))
    profile = _text(_profile(ZH, draw, AS_TEXT))
    return f"【用户】{name}，{profile}\n【历史行为】\n{history}\n【当前情境】{_context(ZH, draw)}"


def _entry(service: Service, day: int, draw: Draw) -> str:
    date, price = f"{ZH.months[day // 28]}{day % 28 + 1}日", _price(service, draw)
    shop, goods, note = _shop(ZH, service, draw), _pick(service.goods, draw), _pick(ZH.notes, draw)
    return f"{date} {service.name} 在{shop}{_pick(service.verbs, draw)}{goods}，¥{price:.0f}，{note}"


def _row(dimension: str, head: str, draw: Draw) -> dict[str, object]:
    user = f"{head}\n【候选项】\n{_text(_item(ZH, draw))}\n{QUESTIONS[dimension]}"
    answer = "是" if draw() % 10 < 3 else "否"
    turns = (("system", SYSTEM), ("user", user), ("assistant", answer))
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="a folder, which gets the hub's paths")
    parser.add_argument("--rows", type=int, default=960_862, help="of behavior; ranking gets as many in proportion")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for dimension, share in (("behavior", 1.0), ("ranking", 75_648 / 960_862)):
        file = options.out / PATHS[dimension]
        file.parent.mkdir(parents=True, exist_ok=True)
        count = round(options.rows * share)
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(encode(row) + "\n" for row in rows(dimension, count, options.seed))
        print(f"{file}: {count:,} rows, {file.stat().st_size / max(count, 1):,.0f} bytes per row")
    return 0


if __name__ == "__main__":
    sys.exit(main())
