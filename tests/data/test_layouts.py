"""Layouts that a data set may come in: each is read from a folder and from a hub, and gives the same records.

A layout that does not say what it means stops with what was seen and with the line that decides it; that line, in a
mapping.yaml, makes it load.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hub_server import COMMIT, run_client, serving

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.errors import RecrmError

ITEMS = [{"name": f"店{n}, “好吃”", "price": n} for n in range(1, 9)]
WHO = [("zh", "女，30岁，“不吃辣”"), ("en", 'Ann, 41, says "no\nonions", twice'), ("zh", "男，24岁"), ("en", "Bo, 19")]


def rows(key):
    """Four records of a dimension, as our own files hold them: quotes, commas and line breaks in them."""
    made = []
    for n, (lang, who) in enumerate(WHO):
        zh = lang == "zh"
        row = {"id": f"{key}-{n}", "dimension": key, "lang": lang, "source": "x"}
        if key in ("behavior", "ranking"):
            row |= {
                "profile": who,
                "history": ["周一 点粥", "周二 点面，少油"] if zh else ["Mon: soup", "Tue: rice, plain"],
                "context": f"周六晚上，第{n}次" if zh else f"Saturday night, visit number {n}",
            }
        query = f"{who} 想吃清淡的，第{n}家" if zh else f"{who} wants light food, shop number {n}"
        if key in ("instruction", "factual", "relevance"):
            row["query"] = query
        if key == "instruction":
            row |= {"instruction": "只推荐一家店。\n用“您”。" if zh else "Name one shop.\nBe brief, be kind."}
        if key == "factual":
            row["evidence"] = ["粥小满，2元", "关东煮：8元"] if zh else ["Soup House, $2", 'The "Den": $8']
        if key in ("instruction", "factual"):
            row["response"] = f"您好，去第{n}家。" if zh else f"Go to shop {n}, it is near."
        if key in ("relevance", "behavior"):
            row["item"] = ITEMS[n]
        if key == "relevance":
            row["category"] = ["food", "hotel"][n % 2]
        if key == "ranking":
            row["candidates"] = [{"id": f"c{i}", "text": f"店{n}{i}, new"} for i in range(3 + n % 2)]
            row["labels"] = [int(i == [2, 0, 1, 3][n]) for i in range(3 + n % 2)]
        else:
            row["label"] = LABELS[key][n]
        made.append(row)
    return made


LABELS = {
    "instruction": ["follows", "violates", "violates", "follows"],
    "factual": ["consistent", "inconsistent", "consistent", "consistent"],
    "relevance": ["relevant", "partial", "irrelevant", "relevant"],
    "behavior": [1, 0, 0, 1],
}
KEYS = (*LABELS, "ranking")
FIELDS = {
    "instruction": ["instruction", "query", "response"],
    "factual": ["query", "evidence", "response"],
    "relevance": ["query", "item", "category"],
    "behavior": ["profile", "history", "context", "item"],
    "ranking": ["profile", "history", "context", "candidates"],
}


def plain(key, names=None, label="label", ids="id"):
    """The records as another project would hold them: other names, no columns of ours."""
    names = names or {}
    last = "labels" if key == "ranking" else "label"
    return [
        {ids: r["id"], **{names.get(f, f): r[f] for f in FIELDS[key]}, (label if key != "ranking" else last): r[last]}
        for r in rows(key)
    ]


def expected(key, split=None):
    """What every layout of `rows(key)` has to give."""
    return [seen(r, split) for r in rows(key)]


def seen(row, split):
    """The parts of a record that a layout may not change."""
    item = row.get("item")
    shown = {
        "id": row["id"],
        "lang": row["lang"],
        "split": split,
        "label": row.get("labels", row.get("label")),
        **{name: row.get(name) for name in FIELDS[row["dimension"]]},
    }
    if isinstance(item, dict):
        shown["item"] = "\n".join(f"{k}: {v}" for k, v in item.items())
    return shown


def lines(made):
    """JSON Lines."""
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in made)


def table(made, delimiter=","):
    """CSV: lists and objects as JSON text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(made[0]), delimiter=delimiter)
    writer.writeheader()
    for row in made:
        writer.writerow(
            {k: json.dumps(v, ensure_ascii=False) if isinstance(v, list | dict) else v for k, v in row.items()}
        )
    return text.getvalue()


def parquet(made):
    """Parquet with nested columns."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(made), sink)
    return sink.getvalue()


def arrow(made, stream):
    """An Arrow stream or file."""
    whole = pa.Table.from_pylist(made)
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, whole.schema) as writer:
        writer.write_table(whole)
    return sink.getvalue().to_pybytes()


def zstd(text):
    """Compressed as .zst."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(text.encode())
    return sink.getvalue().to_pybytes()


CARD = """---
configs:
- config_name: FC
  data_files:
  - split: test
    path: a/*.jsonl
- config_name: query-item relevance
  data_files: b/part.jsonl
---
# RecRM-Bench
"""
PAPER = {"instruction": "IF", "factual": "FC", "relevance": "QIR", "behavior": "UBP", "ranking": "IR"}
CHINESE = {
    "factual": {"query": "用户查询", "evidence": "检索结果", "response": "智能体回复"},
    "relevance": {"query": "查询", "item": "商品", "category": "类目"},
    "behavior": {"profile": "用户画像", "history": "历史行为", "context": "场景", "item": "候选项"},
}
WORDS = {
    "factual": {"consistent": "一致", "inconsistent": "不一致"},
    "relevance": {"relevant": "相关", "partial": "部分相关", "irrelevant": "不相关"},
    "behavior": {1: "是", 0: "否"},
}


def chinese(key):
    """Columns and labels in Chinese."""
    return [{**r, "标签": WORDS[key][r["标签"]]} for r in plain(key, CHINESE[key], "标签", "编号")]


def packed(key):
    """Fields in one column of JSON text."""
    return [
        {"id": r["id"], "extra_info": json.dumps({k: v for k, v in r.items() if k != "id"}, ensure_ascii=False)}
        for r in plain(key)
    ]


FOREIGN = {"profile": "user_profile", "history": "click_history", "context": "scene", "item": "candidate_item"}


def candidate_rows():
    """Ranking with one row per candidate, the lists mixed."""
    made = [
        {
            "session_id": r["id"],
            **{k: r[k] for k in ("profile", "history", "context")},
            "item_id": c["id"],
            "item": c["text"],
            "is_click": label,
        }
        for r in rows("ranking")
        for c, label in zip(r["candidates"], r["labels"], strict=True)
    ]
    return made[::2] + made[1::2]


def chosen(say):
    """Ranking where one column names the chosen candidate."""
    return [
        {
            **{k: r[k] for k in ("id", "profile", "history", "context", "candidates")},
            "answer": say(r["labels"].index(1), r["candidates"]),
        }
        for r in rows("ranking")
    ]


def mixed_prefix(count):
    """One file with all dimensions, so sorted that the first rows tell nothing of the last ones."""
    made = [{**r, "id": f"{r['id']}.{i}"} for i in range(count) for r in plain("behavior")]
    return [{"task": "UBP", **r} for r in made] + [{"task": "FC", **r} for r in plain("factual")]


SPLITS = ("dev", "dev", "test", "test")

# name -> (files, {dimension: (split, what is different)})
LAYOUTS = {
    "own lines": ({f"data/{k}.jsonl": lines(rows(k)) for k in KEYS}, dict.fromkeys(KEYS)),
    "array, pretty": (
        {f"{k}.json": json.dumps(plain(k), ensure_ascii=False, indent=2) for k in KEYS},
        dict.fromkeys(KEYS),
    ),
    "array, one line": ({f"{k}.json": json.dumps(plain(k)) for k in KEYS}, dict.fromkeys(KEYS)),
    "csv": ({f"{k}.csv": table(plain(k)) for k in KEYS}, dict.fromkeys(KEYS)),
    "tsv": ({f"{k}.tsv": table(plain(k), "\t") for k in KEYS}, dict.fromkeys(KEYS)),
    "parquet": ({f"{k}.parquet": parquet(plain(k)) for k in KEYS}, dict.fromkeys(KEYS)),
    "arrow stream": (
        {f"{k}/test/data-00000-of-00001.arrow": arrow(plain(k), True) for k in KEYS}
        | {f"{k}/dataset_dict.json": "{}" for k in KEYS}
        | {f"{k}/test/{n}.json": "{}" for k in KEYS for n in ("state", "dataset_info")},
        dict.fromkeys(KEYS, "test"),
    ),
    "arrow file": ({f"{k}.arrow": arrow(plain(k), False) for k in KEYS}, dict.fromkeys(KEYS)),
    "compressed": (
        {"factual.jsonl.gz": gzip.compress(lines(plain("factual")).encode())}
        | {"relevance.csv.gz": gzip.compress(table(plain("relevance")).encode())}
        | {"behavior.jsonl.zst": zstd(lines(plain("behavior")))}
        | {"ranking.json.zst": zstd(json.dumps(plain("ranking")))},
        dict.fromkeys(("factual", "relevance", "behavior", "ranking")),
    ),
    "folder per dimension": (
        {f"{k}/train-00000-of-00002.parquet": parquet(plain(k)[:1]) for k in KEYS}
        | {f"{k}/train-00001-of-00002.parquet": parquet(plain(k)[1:2]) for k in KEYS}
        | {f"{k}/test-00000-of-00001.parquet": parquet(plain(k)[2:]) for k in KEYS},
        dict.fromkeys(KEYS, ("train", "train", "test", "test")),
    ),
    "data folder in folders": (
        {f"RecRM/{PAPER[k]}/data/train-00000-of-00001.parquet": parquet(plain(k)) for k in KEYS},
        dict.fromkeys(KEYS, "train"),
    ),
    "configs in the card": (
        {"README.md": CARD, "a/1.jsonl": lines(plain("factual")), "b/part.jsonl": lines(plain("relevance"))},
        {"factual": "test", "relevance": None},
    ),
    "dimension column": (
        {"test.jsonl": lines([{"task": PAPER[k], **r} for k in KEYS for r in plain(k)])},
        dict.fromkeys(KEYS, "test"),
    ),
    "dimension column, sorted": ({"all.jsonl": lines(mixed_prefix(300))}, {"factual": None}),
    "columns tell": ({"part1.csv": table(plain("factual")), "part2.csv": table(plain("relevance"))},
                     dict.fromkeys(("factual", "relevance"))),
    "split column": (
        {"factual.csv": table([{**r, "split": s} for r, s in zip(plain("factual"), SPLITS, strict=True)])},
        {"factual": ("validation", "validation", "test", "test")},
    ),
    "chinese": ({f"{k}.csv": table(chinese(k)) for k in CHINESE}, dict.fromkeys(CHINESE)),
    "chinese file names": (
        {"事实一致性_测试集.jsonl": lines(plain("factual")), "物品排序/训练.jsonl": lines(plain("ranking"))},
        {"factual": "test", "ranking": "train"},
    ),
    "json in strings": ({f"{k}.parquet": parquet(packed(k)) for k in KEYS}, dict.fromkeys(KEYS)),
    "foreign names": (
        {"user_behavior_test.csv": table(plain("behavior", FOREIGN, "is_click"))},
        {"behavior": "test"},
    ),
    "rows of candidates": ({"ranking.csv": table(candidate_rows())}, {"ranking": None}),
    "chosen, from 0": ({"IR.jsonl": lines(chosen(lambda i, c: i))}, {"ranking": None}),
    "chosen, from 1": ({"IR.jsonl": lines(chosen(lambda i, c: i + 1))}, {"ranking": None}),
    "chosen, letter": ({"IR.jsonl": lines(chosen(lambda i, c: "ABCDEF"[i]))}, {"ranking": None}),
    "chosen, id": ({"IR.csv": table(chosen(lambda i, c: c[i]["id"]))}, {"ranking": None}),
    "chosen, text": ({"IR.csv": table(chosen(lambda i, c: c[i]["text"]))}, {"ranking": None}),
}  # fmt: skip


def asked(row):
    """A prompt that a data set might have made of a record."""
    return f"{row.get('query') or row.get('profile')}\n可以吗？" if row["lang"] == "zh" else f"{row['id']}: is it so?"


def prompts(key, form):
    """Rows of ready prompts."""
    return [form(r, asked(r), str(r.get("label"))) for r in rows(key)]


PROMPTS = {
    "messages": lambda r, q, a: {
        "id": r["id"],
        "messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}],
    },
    "sharegpt": lambda r, q, a: {
        "id": r["id"],
        "conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}],
    },
    "verl": lambda r, q, a: {
        "id": r["id"],
        "data_source": "meituan",
        "prompt": [{"role": "user", "content": q}],
        "reward_model": {"style": "rule", "ground_truth": a},
    },
    "answer in tags": lambda r, q, a: {"id": r["id"], "prompt": q, "solution": f"<think>…</think><answer>{a}</answer>"},
}  # fmt: skip
READY = {f"prompts: {name}": form for name, form in PROMPTS.items()}
READY_KEYS = ("factual", "behavior")
WRITERS = {"jsonl": lines, "parquet": parquet}
for name, form in READY.items():
    LAYOUTS[name] = (
        {f"{k}.{ending}": WRITERS[ending](prompts(k, form)) for k, ending in zip(READY_KEYS, WRITERS, strict=True)},
        dict.fromkeys(READY_KEYS),
    )
ALPACA = [
    {"id": r["id"], "instruction": "判断 / judge", "input": asked(r), "output": r["label"]} for r in rows("factual")
]
LAYOUTS["prompts: alpaca"] = ({"factual.json": json.dumps(ALPACA)}, {"factual": None})

SHAREGPT = [{**PROMPTS["sharegpt"](r, asked(r), r["label"]), "system": "be brief"} for r in rows("factual")]
LAYOUTS["prompts: sharegpt with system"] = ({"factual.json": json.dumps(SHAREGPT)}, {"factual": None})
LETTERED = [
    {**PROMPTS["messages"](r, asked(r), "ABCDEF"[r["labels"].index(1)]), "candidates": r["candidates"]}
    for r in rows("ranking")
]
LAYOUTS["prompts: messages of lists"] = ({"ranking.jsonl": lines(LETTERED)}, {"ranking": None})

CASES = [(name, key) for name, (_, keys) in LAYOUTS.items() for key in keys]


def check(name, key, found):
    """Whether records are those of the layout."""
    split = LAYOUTS[name][1][key]
    splits = split if isinstance(split, tuple) else (split,) * 4
    wanted = {r["id"]: seen(r, s) for r, s in zip(rows(key), splits, strict=True)}
    if not name.startswith("prompts"):
        assert {r["id"]: r["fields"] for r in found} == wanted
        return
    for row in rows(key):
        got = next(r for r in found if r["id"] == row["id"])
        content = f"判断 / judge\n\n{asked(row)}" if name.endswith("alpaca") else asked(row)
        system = [["system", "be brief"]] if name.endswith("system") else []
        assert got["messages"] == [*system, ["user", content]]
        assert got["fields"]["label"] == row.get("labels", row.get("label"))
    assert len(found) == 4


READ = """
import json, sys
from recrm_tasks.data import load
from recrm_tasks.errors import RecrmError

def told(key, fields, *choice, **options):
    try:
        found = load(key, *choice, split="all", **options)
        return [as_json(r, fields) for r in found.records()]
    except RecrmError as error:
        return str(error)

def as_json(record, fields):
    shown = {n: getattr(record, n) for n in ("id", "lang", "split", *fields)}
    shown["label"] = getattr(record, "labels", None) or getattr(record, "label", None)
    if "candidates" in shown:
        shown["candidates"] = [{"id": c.id, "text": c.text} for c in shown["candidates"]]
    turns = [[m.role, m.content] for m in record.messages] if record.messages else None
    return {"id": record.id, "fields": shown, "messages": turns}
"""
LOOP = """
print(json.dumps([told(key, fields, "hub", revision=commit) for key, fields, commit in json.load(open(sys.argv[1]))]))
"""
HERE: dict = {}
exec(READ, HERE)


def put(folder, files):
    """Writes files."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture(scope="module")
def by_hub(tmp_path_factory):
    """What every case gives when it is read from a hub, where every layout is a commit: one process reads them all."""
    home = tmp_path_factory.mktemp("home")
    commits = {name: f"{n:040x}" for n, name in enumerate(LAYOUTS, 1)}
    cases = [(key, FIELDS[key], commits[name]) for name, key in CASES]
    (home / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    with serving({}) as hub:
        for name, (files, _) in LAYOUTS.items():
            hub.add(commits[name], files)
        answer = run_client(READ + LOOP, [str(home / "cases.json")], hub.url, home)
    assert COMMIT not in commits.values()
    return dict(zip(CASES, json.loads(answer), strict=True))


def marked(row, label):
    """A list as its user and what is said of each candidate, in whatever order."""
    candidates = ((c["id"], c["text"], grade) for c, grade in zip(row["candidates"], row[label], strict=True))
    return row["profile"], row["history"], row["context"], sorted(candidates)


@pytest.mark.parametrize(("name", "key"), CASES, ids=[f"{n}-{k}" for n, k in CASES])
def test_layout(name, key, tmp_path, by_hub):
    data = put(tmp_path, LAYOUTS[name][0])
    found = HERE["told"](key, FIELDS[key], str(data))
    assert isinstance(found, list), found
    if name == "dimension column, sorted":
        found = [r for r in found if "." not in r["id"]]
    if name == "rows of candidates":
        wanted = {r["id"]: marked(r, "labels") for r in rows(key)}
        for got in (found, by_hub[name, key]):
            assert {r["id"]: marked(r["fields"], "label") for r in got} == wanted
    else:
        check(name, key, found)
    assert {r["id"] for r in by_hub[name, key]} == {r["id"] for r in found}
    if name != "rows of candidates":
        check(name, key, by_hub[name, key])


def renamed(key, **names):
    """Our fields under other names."""
    return [{names.get(k, k): v for k, v in r.items()} for r in plain(key)]


def added(key, **columns):
    """Our fields and more."""
    return [{**r, **{name: make(r) for name, make in columns.items()}} for r in plain(key)]


def recoded(key, values, column="label"):
    """The labels in other words."""
    return [{**{k: v for k, v in r.items() if k != "label"}, column: values[r["label"]]} for r in plain(key)]


def only(key, *names):
    """Some of our fields."""
    return [{n: r[n] for n in names} for r in plain(key)]


NUMBERED = [
    {
        **r,
        "candidates": [
            {"id": str((i + 1) % len(r["candidates"])), "text": c["text"]} for i, c in enumerate(r["candidates"])
        ],
    }
    for r in chosen(lambda i, c: i)
]
BETWEEN = [{**r, "answer": 1 + n % 2} for n, r in enumerate(chosen(lambda i, c: 0))]
SPOKEN = {
    "consistent": "After a long look I say: good enough, as all of it is in the evidence that was given to me",
    "inconsistent": "After a long look I say: bad, as some of it is not in the evidence that was given to me",
}
ZERO_ONE = {"consistent": 1, "inconsistent": 0}
VERL = [
    {**PROMPTS["verl"](r, asked(r), "consistent"), "extra_info": {"answer": r["label"], "index": 1}}
    for r in rows("factual")
]

# name -> (dimension, file, rows, words of the message, what fills each `?`, replacements in the told line)
UNCLEAR = {
    "two label columns": (
        "factual", "factual.jsonl", added("factual", answer=lambda r: "consistent"),
        ["factual.jsonl: label: each of the columns label, answer may be it", "query, evidence, response, label"],
        {"label.column": "label"}, {},
    ),
    "no label column": (
        "factual", "factual.csv", renamed("factual", label="verdict"),
        ["no column for it", "verdict"], {"label.column": "verdict"}, {},
    ),
    "0 and 1 in a column that does not say of what": (
        "factual", "factual.csv", recoded("factual", ZERO_ONE),
        ["what do the values '0', '1' of label mean?", "Each is one of consistent, inconsistent"],
        {"label.values.0": "inconsistent", "label.values.1": "consistent"},
        "label: {column: label, values: {'0': inconsistent, '1': consistent}}",
    ),
    "unknown words": (
        "relevance", "QIR.parquet", recoded("relevance", {"relevant": "好", "partial": "一般", "irrelevant": "差"}),
        ["'一般'", "relevant, partial, irrelevant"],
        {"label.values.好": "relevant", "label.values.一般": "partial", "label.values.差": "irrelevant"},
        "label: {column: label, values: {一般: partial, 好: relevant, 差: irrelevant}}",
    ),
    "words for what a user did": (
        "behavior", "behavior.csv", recoded("behavior", {1: "tap", 0: "scroll"}, "action"),
        ["what do the values 'scroll', 'tap' of action mean?", "Each is one of 1, 0\n"],
        {"label.values.tap": "1", "label.values.scroll": "0"},
        "label: {column: action, values: {scroll: '0', tap: '1'}}",
    ),
    "words for a prompt that is not known": (
        "factual", "factual.jsonl",
        [PROMPTS["messages"](r, asked(r), "是" if r["label"] == "consistent" else "否") for r in rows("factual")],
        ["what do the values '否', '是' of messages mean?"],
        {"label.values.是": "consistent", "label.values.否": "inconsistent"},
        "label: {column: messages, values: {否: inconsistent, 是: consistent}}",
    ),
    "whole sentences": (
        "factual", "factual.jsonl", recoded("factual", SPOKEN | {"x": ""}),
        ["of label mean?"],
        {f"label.values.{v}": k for k, v in SPOKEN.items()}, None,
    ),
    "texts with a label in them": (
        "factual", "factual.jsonl",
        [{**r, "id": r["id"] if i < 4 else f"x{i}", "label": f"{i}: {r['label']} it is"}
         for i, r in enumerate(plain("factual") * 10)],
        ["label holds texts, not labels, like '0: consistent it is'"], {"label.pattern": r"(\w+) it is"},
        {"REGULAR EXPRESSION WITH (THE LABEL)": r"(\w+) it is"},
    ),
    "number from 0 or from 1": (
        "ranking", "ranking.jsonl", BETWEEN,
        ["the numbers 1, 2 in answer", "count them from 0 or count them from 1"],
        {"label.numbers": "from 1"}, {"from 0}": "from 1}"},
    ),
    "number or id": (
        "ranking", "ranking.jsonl", NUMBERED, ["be the ids of candidates or count them from 0"],
        {"label.numbers": "from 0"}, {"labels}": "from 0}"},
    ),
    "grades or an order": (
        "ranking", "ranking.jsonl", [{**r, "labels": list(range(len(r["labels"])))} for r in plain("ranking")],
        ["labels holds every number from 0 on once", "grades, ranks, or an order?"], {"label.numbers": "labels"}, {},
    ),
    "empty labels": (
        "ranking", "ranking.jsonl", [{**r, "labels": None, "best": r["labels"]} for r in plain("ranking")],
        ["labels is empty in the first rows"], {"label.column": "best"}, "label: {column: best}",
    ),
    "name of two dimensions": (
        "factual", "factual_and_relevance.jsonl", plain("factual"),
        ["factual_and_relevance.jsonl may be of factual or relevance by its name"], None, {},
    ),
    "no name at all": ("factual", "data.jsonl", prompts("factual", PROMPTS["messages"]), ["no dimension"], None, {}),
    "missing field": (
        "behavior", "behavior.csv", renamed("behavior", context="moment"),
        ["no column for context of behavior records", "moment"], {"fields.context": "moment"},
        "fields: {context: moment}",
    ),
    "missing field that a record needs": (
        "factual", "factual.jsonl", only("factual", "id", "evidence", "response", "label"),
        ["no column for query"], {"fields.query": None}, "fields: {query: null}",
    ),
    "missing fields but a prompt of another name": (
        "factual", "factual.jsonl",
        [{"id": r["id"], "said": q["messages"], "verdict": r["label"]}
         for r, q in zip(rows("factual"), prompts("factual", PROMPTS["messages"]), strict=True)],
        ["no column for query, evidence, response", "    messages: said"],
        None, None,
    ),
    "two names for a field": (
        "factual", "factual.jsonl",
        [{**r, "request": "?"} for r in renamed("factual", query="question")],
        ["query: each of the columns question, request may be it"], {"fields.query": "question"}, {},
    ),
    "fields and a prompt": (
        "factual", "factual.jsonl", added("factual", prompt=lambda r: "Is it so?"),
        ["two readings are possible", "query, evidence, response"], {"messages": "prompt"}, {},
    ),
    "two labels of verl": (
        "factual", "factual.parquet", VERL,
        ["each of the columns reward_model.ground_truth, extra_info.answer may be it"],
        {"label.column": "extra_info.answer"}, "label: {column: extra_info.answer}",
    ),
}  # fmt: skip


def inspected(data, key, mapping, capsys):
    """What `recrm data inspect` says: standard output and the message."""
    code = main(["data", "inspect", str(data), "--dimension", key, "--to", str(mapping)])
    said = capsys.readouterr()
    assert code == (2 if said.err else 0)
    return said.out, said.err


def refused(key, data, **options):
    """The message of a run."""
    with pytest.raises(RecrmError) as caught:
        load(key, str(data), **options)
    return str(caught.value)


def set_at(content, path, value):
    """Replaces the `?` at a dotted path."""
    *way, last = path.split(".", 2)
    for part in way:
        content = content[part]
    assert content[last] == "?"
    content[last] = value


@pytest.mark.parametrize("case", UNCLEAR)
def test_unclear_layout_stops_and_can_be_decided(case, tmp_path, capsys):
    key, file, made, said, fills, told = UNCLEAR[case]
    content = {"jsonl": lines, "csv": table, "parquet": parquet}[file.rpartition(".")[2]](made)
    data, mapping = put(tmp_path / "data", {file: content}), tmp_path / "mapping.yaml"
    message = refused(key, data)
    out, error = inspected(data, key, mapping, capsys)
    for word in said:
        assert word in message
        assert word in error
    if fills is not None:
        assert f"written: {mapping}" in out
        assert f"still to be decided (?): sources.0.{min(fills)}" in refused(key, data, mapping=str(mapping))
        filled = yaml.safe_load(mapping.read_text(encoding="utf-8"))
        for path, value in fills.items():
            set_at(filled["dimensions"][key]["sources"][0], path, value)
        assert decided(key, data, filled, tmp_path, capsys)
    if told is not None:
        line = next(part for part in message.splitlines() if part.startswith("    ")).strip()
        if isinstance(told, str):
            assert told in [part.strip().partition("   #")[0] for part in message.splitlines()]
            line, told = told, {}
        for old, new in told.items():
            assert old in line
            line = line.replace(old, new)
        by_line = yaml.safe_load(line)
        if "dimensions" not in by_line:
            whole = yaml.safe_load(mapping.read_text(encoding="utf-8"))
            source = whole["dimensions"][key]["sources"][0]
            for name, value in by_line.items():
                source[name] = source.get(name, {}) | value if name == "fields" else value
            by_line = whole
        assert decided(key, data, by_line, tmp_path, capsys)


def decided(key, data, content, folder, capsys):
    """Whether a mapping makes the data load, with the labels that they have."""
    file = folder / "decided.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    found = load(key, str(data), mapping=str(file))
    assert found.provenance["mapping"] == "given"
    labels = {r.id: getattr(r, "labels", None) or r.label for r in found.records()}
    assert main(["data", "inspect", str(data), "--dimension", key, "--mapping", str(file)]) == 0
    assert f"\n{key}: {len(found)} records" in capsys.readouterr().out
    if key == "ranking":  # other labels than those of `rows`
        return all(max(r) > min(r) == 0 for r in labels.values())
    return {i: label for i, label in labels.items() if i[0] != "x"} == {r["id"]: r["label"] for r in rows(key)}


def test_rows_that_are_not_what_the_file_is_called(tmp_path):
    data = put(tmp_path, {"factual.jsonl": lines([{**r, "task": "QIR"} for r in plain("factual")])})
    assert "no row is by its column task" in refused("factual", data)


def test_prompt_under_another_name(tmp_path, capsys):
    """Nothing is known but what the person says: the prompt and the label."""
    key, file, made, *_ = UNCLEAR["missing fields but a prompt of another name"]
    data = put(tmp_path / "data", {file: lines(made)})
    source = {"files": {"-": [file]}, "id": "id", "messages": "said", "label": {"column": "verdict"}}
    assert decided(key, data, {"dimensions": {key: {"sources": [source]}}}, tmp_path, capsys)


@pytest.mark.parametrize("case", UNCLEAR)
def test_messages_are_plain(case, tmp_path, capsys):
    """No path of this machine beyond the file, no Python, no lines without end."""
    key, file, made, *_ = UNCLEAR[case]
    content = {"jsonl": lines, "csv": table, "parquet": parquet}[file.rpartition(".")[2]](made)
    out, error = inspected(put(tmp_path / "data", {file: content}), key, tmp_path / "m.yaml", capsys)
    assert not re.search(r"Traceback|object at|<class|pyarrow|None", out + error)
    assert max(map(len, error.splitlines())) < 400
