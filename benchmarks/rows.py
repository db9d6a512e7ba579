"""Writes synthetic behavior records, for measurements at RecRM-Bench's size.

    python benchmarks/rows.py /tmp/behavior.jsonl --rows 1000000 --format jsonl
    python benchmarks/rows.py /tmp/foreign.parquet --rows 1000000 --format parquet --foreign

About 1,000 characters per row, like the logs of a platform for local services; half Chinese, half English. The same
seed gives the same rows in every format and layout, and the first N rows do not depend on the number of rows.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from words import EN, ZH, Service, Words

CHUNK = 10_000
"""Rows whose random numbers are drawn together: each chunk is seeded by its index."""
USERS = 1_000
"""Users per chunk, so about ten rows per user."""
DRAWS = 128
"""Random numbers per row: more than a row with the longest history takes."""
GROUP = 50_000
"""Rows per row group of a Parquet file."""

FOREIGN = {
    "id": "sample_id",
    "profile": "user_profile",
    "history": "click_history",
    "context": "scene",
    "item": "candidate_item",
    "label": "is_click",
}
"""Own field -> its name in the foreign layout. Other fields are absent there."""

Row = dict[str, Any]
Draw = Callable[[], int]


def rows(count: int, seed: int = 0) -> Iterator[Row]:
    """Records in the project's own form."""
    return islice(chain.from_iterable(_chunk(number, seed) for number in range(-(-count // CHUNK))), count)


def foreign(row: Row) -> Row:
    """The same row as in another data set: other names, no language, no source."""
    return {theirs: row[ours] for ours, theirs in FOREIGN.items()}


def _chunk(number: int, seed: int) -> Iterator[Row]:
    generator = np.random.default_rng([seed, number])
    people = generator.integers(0, 2**31, size=(USERS, DRAWS)).tolist()
    users = [_profile(EN if i % 2 else ZH, iter(draws).__next__, i) for i, draws in enumerate(people)]
    for i, draws in enumerate(generator.integers(0, 2**31, size=(CHUNK, DRAWS)).tolist()):
        draw = iter(draws).__next__
        words = EN if i % 2 else ZH
        user = 2 * (draw() % (USERS // 2)) + i % 2
        yield {
            "id": f"b{number * CHUNK + i:08d}",
            "dimension": "behavior",
            "lang": "en" if i % 2 else "zh",
            "source": "made-up",
            "profile": users[user],
            "history": _history(words, draw),
            "context": _context(words, draw),
            "item": _item(words, draw),
            "label": int(draw() % 10 < 3),
            "meta": {"user": f"u{number * USERS + user:07d}"},
        }


def _pick(options: tuple[Any, ...], draw: Draw) -> Any:
    return options[draw() % len(options)]


def _profile(words: Words, draw: Draw, number: int) -> str | Row:
    """An object for every other pair of users, a text for the rest."""
    age, sex = 18 + draw() % 55, _pick(words.sexes, draw)
    city, job = _pick(words.cities, draw), _pick(words.jobs, draw)
    tags = list(dict.fromkeys(_pick(words.tags, draw) for _ in range(3 + draw() % 3)))
    if number % 4 < 2:
        return dict(zip(words.keys, (age, sex, city, job, tags), strict=False))
    if words is ZH:
        return f"{sex}，{age}岁，{city}，{job}；{'、'.join(tags)}。"
    return f"{age}-year-old {sex} in {city}, {job}; {', '.join(tags)}."


def _shop(words: Words, service: Service, draw: Draw) -> str:
    space = "" if words is ZH else " "
    return space.join((_pick(words.before, draw), _pick(words.middle, draw), _pick(service.shops, draw)))


def _price(service: Service, draw: Draw) -> float:
    low, high = service.price
    return low + draw() % (100 * (high - low)) / 100


def _history(words: Words, draw: Draw) -> list[str]:
    """Events from old to new; each user uses up to three services."""
    usual = tuple(_pick(words.services, draw) for _ in range(3))
    area = _pick(words.areas, draw)
    days = sorted(draw() % 336 for _ in range(6 + draw() % 5))
    return [_event(words, _pick(usual, draw), area, day, draw) for day in days]


def _event(words: Words, service: Service, area: str, day: int, draw: Draw) -> str:
    gap = "" if words is ZH else " "
    date, minute = f"{words.months[day // 28]}{gap}{day % 28 + 1}", draw() % 960 + 420
    clock = f"{minute // 60:02d}:{minute % 60:02d}"
    verb, goods, shop = _pick(service.verbs, draw), _pick(service.goods, draw), _shop(words, service, draw)
    price, note = _price(service, draw), _pick(words.notes, draw)
    if words is ZH:
        return f"{date}日 {clock} [{service.name}] 在{shop}（{area}店）{verb}：{goods}，¥{price:.2f}，{note}"
    return f"{date} {clock} {verb} {goods} at {shop} ({area}), ${price:.2f}, {note}"


def _context(words: Words, draw: Draw) -> str:
    month, day, minute = _pick(words.months, draw), draw() % 28 + 1, draw() % 960 + 420
    clock = f"{minute // 60:02d}:{minute % 60:02d}"
    city, area = _pick(words.cities, draw), _pick(words.areas, draw)
    weather, moment = _pick(words.weather, draw), _pick(words.moments, draw)
    if words is ZH:
        return f"{month}{day}日 {clock}，{city}{area}，{weather}；{moment}"
    return f"{month} {day}, {clock}, {area} in {city}, {weather}; {moment}"


def _item(words: Words, draw: Draw) -> Row:
    service: Service = _pick(words.services, draw)
    values = (
        _shop(words, service, draw),
        _pick(service.goods, draw),
        round(_price(service, draw), 2),
        (30 + draw() % 21) / 10,
        f"{(draw() % 120 + 1) / 10} km",
        _pick(words.areas, draw),
    )
    return dict(zip(words.keys[5:], values, strict=True))


def _text(value: str | Row) -> str:
    """An object as the prompt would show it: columns of a table hold one type."""
    if isinstance(value, str):
        return value
    return "\n".join(f"{k}: {', '.join(v) if isinstance(v, list) else v}" for k, v in value.items())


def _flat(row: Row) -> Row:
    return {**row, "profile": _text(row["profile"]), "item": _text(row["item"])}


def write_jsonl(out: Path, records: Iterator[Row], layout: Callable[[Row], Row]) -> None:
    """One JSON object per line."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with out.open("w", encoding="utf-8") as stream:
        stream.writelines(encode(layout(row)) + "\n" for row in records)


def write_csv(out: Path, records: Iterator[Row], layout: Callable[[Row], Row]) -> None:
    """With a header; lists and `meta` as JSON."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for i, record in enumerate(records):
            row = layout(_flat(record))
            if i == 0:
                writer.writerow(row)
            writer.writerow(encode(v) if isinstance(v, list | dict) else v for v in row.values())


def write_parquet(out: Path, records: Iterator[Row], layout: Callable[[Row], Row]) -> None:
    """zstd, `GROUP` rows per row group, `history` a list of strings, `meta` a struct."""
    # Imported here: the other formats need only numpy.
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"history": pa.list_(pa.string()), "label": pa.int8(), "meta": pa.struct({"user": pa.string()})}
    types |= {theirs: types[ours] for ours, theirs in FOREIGN.items() if ours in types}
    first = next(records)
    schema = pa.schema([(name, types.get(name, pa.string())) for name in layout(first)])
    records = chain([first], records)
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        while group := [layout(_flat(row)) for row in islice(records, GROUP)]:
            writer.write_table(pa.Table.from_pylist(group, schema=schema), row_group_size=GROUP)


WRITERS = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet}


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--format", choices=sorted(WRITERS), default="jsonl")
    parser.add_argument(
        "--foreign", action="store_true", help="other column names, no language, as a hub layout may be"
    )
    parser.add_argument("--texts", action="store_true", help="objects as text in JSON Lines too, as in tables")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    named = foreign if options.foreign else dict
    layout = (lambda row: named(_flat(row))) if options.texts else named
    WRITERS[options.format](options.out, rows(options.rows, options.seed), layout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
