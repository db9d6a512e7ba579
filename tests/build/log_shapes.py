"""Small logs in the form of well-known public ones, the same in every run, with what is true of them.

The forms are those of the data sets' own descriptions: MIND (news.tsv, behaviors.tsv), MovieLens 1M (.dat files),
RecBole's atomic files, Ta-Feng (transactions), the Yelp Open Dataset (JSON lines). All content is made up.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

RECIPES = Path(__file__).resolve().parents[2] / "docs" / "recipes"
WORDS = ("quiet", "harbour", "lantern", "orchard", "paper", "tiger", "winter", "bread", "copper", "river", "garden")


@dataclass
class Truth:
    """What a log says."""

    log: str
    """The file of what users did."""
    acts: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """Of each user: when, in seconds since 1970, and on which item, in the order of the file."""
    histories: dict[str, list[str]] = field(default_factory=dict)
    """Of each list: the items that its row names as earlier ones."""
    records: dict[str, int] = field(default_factory=dict)
    """How many records there are to be of a dimension."""


def title(draw: random.Random) -> str:
    """A made-up title."""
    return " ".join(draw.sample(WORDS, draw.randint(2, 4))).capitalize()


def lines(file: Path, rows: list[list[str]], separator: str, encoding: str = "utf-8") -> None:
    """Writes rows without quotes."""
    file.write_text("".join(separator.join(row) + "\n" for row in rows), encoding=encoding)


def mind(folder: Path) -> Truth:
    """Impressions with clicks in them; titles with quotes; news of a history that the catalogue lacks."""
    draw, truth = random.Random(1), Truth("behaviors.tsv")
    news = [f"N{n}" for n in range(1, 61)]
    kinds = ("news", "sports", "foodanddrink")
    titles = [f'{title(draw)} "quoted' if n % 7 == 0 else title(draw) for n in range(60)]
    rest = ["", "https://example.org", "[]", "[]"]
    rows = [[n, draw.choice(kinds), "sub", shown, *rest] for n, shown in zip(news, titles, strict=True)]
    lines(folder / "news.tsv", rows, "\t")
    usable = 0
    rows, moment = [], datetime(2019, 11, 9, 6, 0, 0)
    for n in range(1, 241):
        moment += timedelta(seconds=draw.randint(0, 900))
        shown = draw.sample(news, draw.randint(2, 8))
        clicks = [int(draw.random() < 0.3) for _ in shown]
        history = [] if n % 11 == 0 else draw.sample([*news, "N999"], draw.randint(1, 14))
        truth.histories[str(n)] = history
        if 0 < sum(clicks) < len(clicks):
            usable += 1
        truth.records["behavior"] = truth.records.get("behavior", 0) + len(shown)
        impressions = " ".join(f"{item}-{click}" for item, click in zip(shown, clicks, strict=True))
        time = f"{moment.month}/{moment.day}/{moment.year} {moment:%I:%M:%S %p}"
        rows.append([str(n), f"U{draw.randint(1, 25)}", time, " ".join(history), impressions])
    truth.records["ranking"] = usable
    lines(folder / "behaviors.tsv", rows, "\t")
    return truth


def ratings(draw: random.Random, truth: Truth, items: int) -> list[tuple[str, str, int, int]]:
    """User, item, stars and time of some hundred ratings; many have the time of another one of the same user."""
    rows = []
    for user in range(1, 26):
        moment = 978_300_000 + draw.randint(0, 9_000_000)
        for item in draw.sample(range(1, items + 1), draw.randint(8, 18)):
            moment += draw.choice((0, 0, 60, 86_400))
            rows.append((str(user), str(item), draw.randint(1, 5), moment))
    draw.shuffle(rows)
    for user, item, _, moment in rows:
        truth.acts[user].append((moment, item))
    truth.records["behavior"] = sum(stars != 3 for _, _, stars, _ in rows)
    truth.records["ranking"] = sum(stars > 3 for _, _, stars, _ in rows)
    return rows


def movielens(folder: Path) -> Truth:
    """`::` between the fields, titles in latin-1, no headings."""
    draw, truth = random.Random(2), Truth("ratings.dat")
    films = [[str(n), f"{title(draw)}, Là ({1950 + n})", draw.choice(("Drama", "Comedy|Crime"))] for n in range(1, 61)]
    lines(folder / "movies.dat", films, "::", "latin-1")
    users = [[str(n), draw.choice("FM"), draw.choice(("1", "18", "25", "56")), "4", "48067"] for n in range(1, 26)]
    lines(folder / "users.dat", users, "::")
    rows = ratings(draw, truth, len(films))
    lines(folder / "ratings.dat", [[u, i, str(s), str(t)] for u, i, s, t in rows], "::")
    return truth


def recbole(folder: Path) -> Truth:
    """Columns with types in their names; numbers with and without a point."""
    draw, truth = random.Random(3), Truth("small.inter")
    heading = ["item_id:token", "movie_title:token_seq", "release_year:token", "class:token_seq"]
    films = [[str(n), title(draw), str(1950 + n), draw.choice(("Drama", "Comedy Crime", ""))] for n in range(1, 61)]
    lines(folder / "small.item", [heading, *films], "\t")
    heading = ["user_id:token", "age:token", "gender:token", "occupation:token", "zip_code:token"]
    users = [[str(n), str(draw.randint(15, 70)), draw.choice("FM"), "writer", "48067"] for n in range(1, 26)]
    lines(folder / "small.user", [heading, *users], "\t")
    heading = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]
    rows = [
        [u, i, f"{s}.0" if n % 2 else str(s), f"{t}.0" if n % 3 else str(t)]
        for n, (u, i, s, t) in enumerate(ratings(draw, truth, len(films)))
    ]
    lines(folder / "small.inter", [heading, *rows], "\t")
    return truth


def tafeng(folder: Path) -> Truth:
    """Transactions of days; equal rows; prices that change; no catalogue."""
    draw, truth = random.Random(4), Truth("ta_feng_all_months_merged.csv")
    names = "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE"
    rows, baskets, bought = [], set(), set()
    for _ in range(130):
        customer = f"{draw.randint(1, 20):08}"
        day = datetime(2000, 11, 1, tzinfo=ZoneInfo("Asia/Taipei")) + timedelta(days=draw.randint(0, 110))
        for product in draw.sample(range(60), draw.randint(1, 4)):
            item = str(4_710_199_010_000 + product)
            row = [f"{day.month}/{day.day}/{day.year}", customer, "45-49 ", "115", f"1004{product % 9}", item,
                   str(draw.randint(1, 3)), "24", str(20 + product + draw.randint(0, 2))]  # fmt: skip
            for _ in range(2 if draw.random() < 0.1 else 1):
                rows.append(row)
                truth.acts[customer].append((int(day.timestamp()), item))
            baskets.add((customer, row[0]))
            bought.add((customer, row[0], item))
    lines(folder / truth.log, [names.split(","), *rows], ",")
    truth.records = {"ranking": len(baskets), "behavior": len(bought) + 5 * len(baskets)}
    return truth


def yelp(folder: Path) -> Truth:
    """Lines of JSON with texts of several lines, businesses without categories, and totals that tell the future."""
    draw, truth = random.Random(5), Truth("yelp_academic_dataset_review.json")
    businesses = [
        {"business_id": f"b{n}", "name": title(draw), "city": "Tucson", "stars": 3.5, "review_count": 9, "is_open": 1,
         "attributes": {"RestaurantsTakeOut": "True"}, "hours": None, "categories": "Bakeries, Food" if n % 9 else None}
        for n in range(1, 61)
    ]  # fmt: skip
    (folder / "yelp_academic_dataset_business.json").write_text("".join(json.dumps(b) + "\n" for b in businesses))
    reviews = []
    for n, (user, item, stars, moment) in enumerate(ratings(draw, truth, len(businesses))):
        when = datetime.fromtimestamp(moment, timezone.utc)
        text = f"{title(draw)}.\n\n{title(draw)}!"
        reviews.append({"review_id": f"r{n}", "user_id": user, "business_id": f"b{item}", "stars": float(stars),
                        "useful": 0, "text": text, "date": f"{when:%Y-%m-%d %H:%M:%S}"})  # fmt: skip
    truth.acts = {user: [(t, f"b{item}") for t, item in acts] for user, acts in truth.acts.items()}
    (folder / truth.log).write_text("".join(json.dumps(r) + "\n" for r in reviews))
    return truth


SHAPES: dict[str, Callable[[Path], Truth]] = {
    "mind": mind, "movielens": movielens, "recbole": recbole, "tafeng": tafeng, "yelp": yelp,
}  # fmt: skip


def recipe_of(shape: str) -> Path:
    """The recipe in docs/recipes."""
    return RECIPES / f"{shape}.yaml"


def probed(shape: str, to: Path) -> Path:
    """The same recipe, but records say their time (`meta.time`), and entries of histories their time and item."""
    recipe = yaml.safe_load(recipe_of(shape).read_text(encoding="utf-8"))
    for part in recipe["records"].values():
        part["meta"] = {"time": "{{ time.timestamp() | int }}"}
    if "events" in recipe:
        recipe["events"]["entry"] = "{{ time.timestamp() | int }} {{ row['" + recipe["events"]["item"] + "'] }}"
    else:
        recipe["items"]["text"] = "{{ row['" + recipe["items"]["id"] + "'] }}"
    to.write_text(yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return to
