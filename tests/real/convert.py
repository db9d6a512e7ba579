"""Real public data -> records of this project's form, for tests and measurements.

    python tests/real/convert.py OUT [--limit N]

writes OUT/<dataset>/<dimension>.jsonl, and labels.json where a data set has its own labels, and prints how many records
were made and what was left out, by reason. The data lies in `../shared/data` beside the project, or in the folder that
`RECRM_REAL_DATA` names; its README says whose it is. None of it is RecRM-Bench.

Texts are shortened so that a model with a context of 2,048 tokens can read a prompt. The rule, everywhere: a text of
more than its field's limit of characters keeps its first two thirds and its last third, with ` […] ` between, and is
then exactly as long as the limit; lists keep their first entries, histories their latest. The limits stand in the code.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

CUT = " […] "
"""What stands for the part of a text that was left out."""
LIST_LENGTH = 20
"""Longer lists are left out: servers report at most 20 alternatives for a token, and the prompt grows with the list."""

Row = dict[str, Any]


class Converted(NamedTuple):
    """The records of one dimension that were made of one data set."""

    dataset: str
    dimension: str
    records: list[Row]
    left_out: Counter[str]
    """Source rows (of ranking: lists) that became no record, by reason."""
    labels: Row | None = None
    """The declared label set, where it is not the dimension's default."""


def data_folder() -> Path:
    """Where the real data is, whether or not it is there."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("RECRM_REAL_DATA") or default)


def convert_all(folder: Path) -> list[Converted]:
    """All data sets; a dimension may come more than once, from different ones."""
    return [converted for converter in CONVERTERS for converted in converter(folder)]


def write(converted: Iterable[Converted], out: Path, limit: int | None = None) -> None:
    """Writes OUT/<dataset>/<dimension>.jsonl and labels.json: the first `limit` records of each, in source order."""
    for part in converted:
        folder = out / part.dataset
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{part.dimension}.jsonl").open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in part.records[:limit])
        if part.labels:
            declared = json.dumps({part.dimension: part.labels}, ensure_ascii=False, indent=2)
            (folder / "labels.json").write_text(declared + "\n", encoding="utf-8")


def trim(text: str, limit: int) -> str:
    """The documented rule: at most `limit` characters, the first two thirds and the last third of a longer text."""
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t\r\f\v]+", " ", text)).strip()
    if len(text) <= limit:
        return text
    kept = limit - len(CUT)
    tail = kept // 3
    return text[: kept - tail] + CUT + text[-tail:]


def esci(folder: Path) -> list[Converted]:
    """Shopping queries and products, judged by people: exact, substitute, complement, irrelevant.

    The item is the title, brand, colour and the bullet points (the description where there are none).
    """
    records = []
    for row in _rows(folder / "esci" / "rows.jsonl"):
        facts = {"title": row["title"], "brand": row["brand"], "color": row["color"]}
        item = {key: trim(value, 200) for key, value in facts.items() if value}
        details = row["bullet_points"] or row["description"]
        if details:
            item["details"] = trim(details.replace("\n", "; "), 240)
        records.append(
            _record(
                "esci", "relevance", row["id"], "en", query=trim(row["query"], 200), item=item, label=row["esci_label"]
            )
        )
    labels = [
        _label("E", 1, "完全匹配：满足查询的全部要求", "exact: meets all that the query asks for", "完全匹配"),
        _label(
            "S", 2 / 3, "替代品：有要求没有满足，但可以替代", "substitute: misses a need, but can stand in", "替代品"
        ),
        _label(
            "C", 1 / 3, "互补品：不是所求，但可与它搭配使用", "complement: not it, but goes together with it", "互补品"
        ),
        _label("I", 0, "不相关：与查询无关", "irrelevant: has nothing to do with the query", "不相关"),
    ]
    return [Converted("esci", "relevance", records, Counter(), {"labels": labels})]


def llmbar(folder: Path) -> list[Converted]:
    """Instructions and two answers each, one of which does what was asked.

    LLMBar's instruction is what a user asks for, so it is the record's query; the agent's rule is the same for all.
    """
    rule = "Do what the user's request says, exactly as it is worded: all of it, and nothing else in its place."
    names = {1: "follows", 0: "violates"}
    records = [
        _record(
            "llmbar",
            "instruction",
            row["id"],
            "en",
            instruction=rule,
            query=trim(row["instruction"], 600),
            response=trim(row["response"], 600),
            label=names[row["label"]],
        )
        for row in _rows(folder / "llmbar" / "responses.jsonl")
    ]
    return [Converted("llmbar", "instruction", records, Counter())]


def begin(folder: Path) -> list[Converted]:
    """Dialogue answers and the text that they should rest on; people judged whether they do.

    Generic answers ("I agree!") claim nothing: they are left out and counted. Where nothing was said before
    (two rows), the query says so.
    """
    names = {"Fully attributable": "consistent", "Not fully attributable": "inconsistent"}
    records, left_out = [], Counter[str]()
    for row in _rows(folder / "begin" / "rows.jsonl"):
        if row["begin_label"] not in names:
            left_out[f"label {row['begin_label']}"] += 1
            continue
        records.append(
            _record(
                "begin",
                "factual",
                row["id"],
                "en",
                query=trim(row["message"] or "", 300) or "(nothing was said yet)",
                evidence=[trim(row["knowledge"], 600)],
                response=trim(row["response"], 600),
                label=names[row["begin_label"]],
            )
        )
    return [Converted("begin", "factual", records, left_out)]


def crosswoz(folder: Path) -> list[Converted]:
    """Chinese dialogues in which a user takes one of the venues that an assistant offers.

    The user's goal for this venue is the profile, the turns before are the history, and what the user said last is the
    context. The assistant's offer is not shown: some offers answer the question that the user's choice hangs on.
    """
    lists, pairs = [], []
    for row in _rows(folder / "crosswoz" / "choice_sets.jsonl"):
        goals = {f"(id={goal})" for goal, *_ in row["constraints"]}
        goal = "".join(text for text in row["user_goal"] if any(number in text for number in goals))
        *before, last = [f"{_SPEAKERS[turn['role']]}：{trim(turn['content'], 60)}" for turn in row["history"]]
        user = {
            "profile": trim(re.sub(r"\(id=\d+\)", "", goal), 160),
            "history": before[-4:],
            "context": {"类别": row["domain"], "刚才": last},
        }
        shown = [
            {"id": venue["名称"], "text": _venue(venue), "label": label}
            for venue, label in zip(row["candidates"], row["labels"], strict=True)
        ]
        lists.append(_list("crosswoz", row["id"], "zh", user, shown, split=row["split"]))
        pairs += _pairs("crosswoz", row["id"], "zh", user, shown, split=row["split"])
    return [
        Converted("crosswoz", "ranking", lists, Counter()),
        Converted("crosswoz", "behavior", pairs, Counter()),
    ]


def meituan(folder: Path) -> list[Converted]:
    """Takeaway orders: the shop that was ordered from among the shops that were looked at.

    History: the user's last five orders strictly before this one, with the shops looked at before each. Codes that the
    data does not explain stay codes. What would give the label away is not shown: shop numbers (every ordered shop has
    one below 3,327, a fifth of the others have not), and a shop's area and brand number, which are known more often of
    ordered shops. A shop has a made-up name instead, the same wherever it occurs.
    """
    import pyarrow.parquet as pq

    def table(name: str) -> list[Row]:
        rows: list[Row] = pq.read_table(folder / "meituan_trd" / f"{name}.parquet").to_pylist()
        return rows

    shops = {int(s["wm_poi_id"]): _shop(s) for s in table("pois") if s["wm_poi_id"] is not None}
    users = {u["user_id"]: u for u in table("users")}
    clicks = {c["wm_order_id"]: [int(x) for x in c["clicks"].split("#")] for c in table("click_sequences")}
    orders: dict[int, list[Row]] = defaultdict(list)
    for order in sorted(table("orders"), key=lambda o: (o["order_timestamp"], o["wm_order_id"])):
        orders[order["user_id"]].append(order)

    lists, pairs, left_out = [], [], Counter[str]()
    for row in _rows(folder / "meituan_trd" / "ranking_cases.jsonl"):
        before = [o for o in orders[row["user_id"]] if o["order_timestamp"] < row["timestamp"]][-5:]
        user = {
            "profile": _spending(users[row["user_id"]]),
            "history": [_order(o, shops[o["wm_poi_id"]], clicks.get(o["wm_order_id"], [])) for o in before],
            "context": _moment(row),
        }
        shown = [
            {"id": str(shop), "text": shops[shop], "label": label}
            for shop, label in zip(row["candidates"], row["labels"], strict=True)
        ]
        meta = {"order": row["order_id"], "history_orders": [o["wm_order_id"] for o in before]}
        pairs += _pairs("meituan", row["order_id"], "zh", user, shown, meta=meta)
        if len(shown) > LIST_LENGTH:
            left_out[f"list of more than {LIST_LENGTH} candidates"] += 1
        else:
            lists.append(_list("meituan", row["order_id"], "zh", user, shown, meta=meta))
    return [
        Converted("meituan", "ranking", lists, left_out),
        Converted("meituan", "behavior", pairs, Counter()),
    ]


def uci(folder: Path) -> list[Converted]:
    """Restaurants rated 0, 1 or 2 by their guests. There are no times, so there is no history.

    Behavior: 2 is a yes and 0 a no; 1 is neither, left out and counted. Ranking: 2 is a positive, the rest negatives;
    lists without both are left out and counted.
    """
    context = "A user in Mexico chooses a restaurant; earlier visits are not known."
    pairs, unclear = [], Counter[str]()
    for row in _rows(folder / "uci_restaurant" / "ratings.jsonl"):
        if row["rating"] == 1:
            unclear["rating 1"] += 1
            continue
        user = {"profile": _facts(row["user"], _GUEST), "history": [], "context": context}
        item = {
            "id": str(row["item"]["placeID"]),
            "text": _facts(row["item"], _RESTAURANT),
            "label": row["rating"] // 2,
        }
        pairs += _pairs("uci", row["user"]["userID"], "en", user, [item])
    lists, one_sided = [], Counter[str]()
    for row in _rows(folder / "uci_restaurant" / "user_lists.jsonl"):
        labels = [int(rating == 2) for rating in row["labels"]]
        if len(set(labels)) == 1:
            one_sided["no rating of 2" if labels[0] == 0 else "every rating is 2"] += 1
            continue
        user = {"profile": _facts(row["user"], _GUEST), "history": [], "context": context}
        shown = [
            {
                "id": str(place["placeID"]),
                "text": "; ".join(f"{k}: {v}" for k, v in _facts(place, _LISTED).items()),
                "label": x,
            }
            for place, x in zip(row["candidates"], labels, strict=True)
        ]
        lists.append(_list("uci", row["user"]["userID"], "en", user, shown))
    return [Converted("uci", "behavior", pairs, unclear), Converted("uci", "ranking", lists, one_sided)]


CONVERTERS: Sequence[Callable[[Path], list[Converted]]] = (llmbar, begin, esci, crosswoz, meituan, uci)

_SPEAKERS = {"usr": "用户", "sys": "客服"}
_VENUE = ("酒店类型", "评分", "人均消费", "价格", "门票", "游玩时间", "推荐菜", "酒店设施", "地址", "地铁")
_GUEST = {
    "birth_year": "birth year", "activity": "activity", "marital_status": "marital status", "hijos": "children",
    "budget": "budget", "cuisines": "likes", "ambience": "goes out with", "drink_level": "drinks", "smoker": "smokes",
    "dress_preference": "dress", "transport": "transport", "payment": "pays with", "personality": "personality",
    "interest": "interest",
}  # fmt: skip
_LISTED = {"name": "name", "cuisines": "cuisine", "price": "price", "alcohol": "alcohol"}
_RESTAURANT = {
    **_LISTED, "city": "city", "Rambience": "ambience", "dress_code": "dress code", "smoking_area": "smoking",
    "accessibility": "accessibility", "parking": "parking", "accepts": "accepts",
}  # fmt: skip
_PERIODS = ("早晨", "午间", "下午", "傍晚", "夜间")
"""Meituan's period codes, as the hours of the orders show: from 6, 10, 14, 17 and 21 o'clock."""
_BEIJING = timezone(timedelta(hours=8))


def _rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _label(name: str, value: float, zh: str, en: str, word: str) -> Row:
    return {"name": name, "value": value, "zh": zh, "en": en, "words": [en.split(":")[0], word]}


def _record(dataset: str, dimension: str, name: object, lang: str, **fields: Any) -> Row:
    return {"id": f"{dataset}-{name}", "dimension": dimension, "lang": lang, "source": dataset, **fields}


def _list(dataset: str, name: object, lang: str, user: Row, shown: Sequence[Row], **fields: Any) -> Row:
    """One ranking record."""
    candidates = [{"id": c["id"], "text": c["text"]} for c in shown]
    labels = [c["label"] for c in shown]
    return _record(dataset, "ranking", name, lang, **user, candidates=candidates, labels=labels, **fields)


def _pairs(dataset: str, name: object, lang: str, user: Row, shown: Sequence[Row], **fields: Any) -> list[Row]:
    """One behavior record per candidate: those that were not taken are the negatives."""
    return [
        _record(dataset, "behavior", f"{name}-{c['id']}", lang, **user, item=c["text"], label=c["label"], **fields)
        for c in shown
    ]


def _facts(source: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    """The known facts under readable names."""
    words = {"true": "yes", "false": "no"}
    known = {name: source[key] for key, name in names.items() if source[key] not in (None, [], "")}
    return {
        name: ", ".join(str(v).replace("_", " ") for v in value[:4])
        if isinstance(value, list)
        else words.get(str(value), str(value).replace("_", " "))
        for name, value in known.items()
    }


def _venue(venue: Row) -> str:
    """A venue of CrossWOZ in one line; what the data does not know is left out."""
    parts = [venue["名称"]]
    for key in _VENUE:
        value = venue.get(key)
        if value not in (None, [], ""):
            parts.append(f"{key}{'、'.join(value[:3]) if isinstance(value, list) else value}")
    return trim("，".join(parts), 120)


def _name(shop: int) -> str:
    """A shop's made-up name: the same shop has the same one everywhere, and it tells nothing of the number."""
    return hashlib.sha256(f"shop {shop}".encode()).hexdigest()[:5]


def _shop(shop: Row) -> str:
    """A shop of Meituan in one line: category codes, and scores where it has any."""
    tags = [shop[f"primary_{level}_tag_name"] for level in ("first", "second", "third")]
    parts = [f"店铺{_name(int(shop['wm_poi_id']))}"]
    if any(tag is not None for tag in tags):
        parts.append("品类代码" + "-".join(tag or "未知" for tag in tags))
    for title, key in (("评分", "poi_score"), ("口味", "food_comment_avg_score")):
        if shop[key]:
            parts.append(f"{title}{shop[key]:.1f}")
    return "，".join(parts)


def _order(order: Row, shop: str, clicked: Sequence[int]) -> str:
    """One earlier order in one line."""
    others = [_name(x) for x in dict.fromkeys(clicked) if x != order["wm_poi_id"]][-2:]
    looked = f"，还看过{'、'.join(others)}" if others else ""
    when = datetime.fromtimestamp(order["order_timestamp"], _BEIJING)
    return f"{when.month}月{when.day}日{when:%H:%M} {shop}，{_price(order['order_price_interval'])}{looked}"


def _moment(case: Row) -> Row:
    when = datetime.fromtimestamp(case["timestamp"], _BEIJING)
    weekday = "一二三四五六日"[when.weekday()]
    known = {
        "时间": f"{when.month}月{when.day}日 周{weekday} {when:%H:%M}（{_PERIODS[case['period']]}）",
        "场景代码": case["scene"],
        "区域代码": str(case["area"]),
        "地点类型代码": case["aoi_type"],
    }
    return {key: value for key, value in known.items() if value != "未知"}


def _spending(user: Row) -> Row:
    names = {"avg_pay_amt": "平均消费", "avg_pay_amt_weekdays": "工作日", "avg_pay_amt_weekends": "周末"}
    return {name: _price(user[key]) for key, name in names.items() if user[key] != "未知"}


def _price(interval: str) -> str:
    """`[29,36)` and the like, in words."""
    if interval.startswith("<"):
        return f"{interval[1:]}元以下"
    if interval.startswith(">="):
        return f"{interval[2:]}元以上"
    low, high = interval.strip("[)").split(",")
    return f"{low}到{high}元"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: writes everything and prints what became of the rows."""
    parser = argparse.ArgumentParser(description="Real public data as records of recrm-bench.")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--limit", type=int, help="the most records per file, in source order")
    options = parser.parse_args(arguments)
    folder = data_folder()
    if not folder.is_dir():
        parser.error(f"no data at {folder}; RECRM_REAL_DATA names the folder")
    converted = convert_all(folder)
    write(converted, options.out, options.limit)
    for part in converted:
        cut = sum(CUT in json.dumps(record, ensure_ascii=False) for record in part.records)
        reasons = ", ".join(f"{count} {reason}" for reason, count in part.left_out.items()) or "nothing"
        written = len(part.records[: options.limit])
        print(
            f"{part.dataset}/{part.dimension}: {len(part.records)} records, {written} written; left out: {reasons}; "
            f"with a shortened text: {cut}"
        )


if __name__ == "__main__":
    main()
