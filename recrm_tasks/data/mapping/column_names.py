"""Names that sources use for columns and values. A whole name must fit; case, spaces and marks do not matter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

COMMON: dict[str, tuple[str, ...]] = {
    "id": ("id", "sample_id", "record_id", "row_id", "example_id", "uuid", "编号", "样本id", "序号"),
    "lang": ("lang", "language", "locale", "语言"),
    "split": ("split", "partition", "subset", "数据集划分", "划分"),
    "group": ("group", "user_id", "uid", "query_id", "qid", "session_id", "用户id", "查询id"),
    "dimension": (
        "dimension",
        "task",
        "task_type",
        "task_name",
        "ability",
        "type",
        "data_source",
        "维度",
        "任务",
        "任务类型",
    ),
    "messages": (
        "messages",
        "conversations",
        "conversation",
        "chat",
        "dialogue",
        "dialog",
        "prompt",
        "对话",
        "提示",
        "提示词",
    ),
}
LABEL = (
    "label", "answer", "output", "response", "completion", "solution", "target", "gold", "ground_truth", "chosen",
    "reward_model.ground_truth", "extra_info.answer", "标签", "标注", "答案", "输出",
    "判断结果", "标注结果", "人工标注", "gold_label", "gt_label",
)  # fmt: skip
"""Names of label columns that do not say what is asked."""
LABELS = (
    "labels", "label", "clicks", "grades", "relevances", "answer_index", "answer_idx", "label_index", "chosen_index",
    "chosen_id", "clicked_id", "target_id", "clicked_item", "chosen_item", "标签", "标签列表",
)  # fmt: skip
"""Of lists: a label per candidate, or the number or name of the chosen one."""
CONTAINERS = (
    "extra_info", "extra", "extras", "meta", "metadata", "info", "data", "record", "sample", "fields", "payload",
    "json", "content", "附加信息", "扩展信息", "元数据", "数据",
)  # fmt: skip
"""Columns with objects whose fields count as columns, where no column has the name."""
LIST_ID = (
    "list_id",
    "session_id",
    "request_id",
    "impression_id",
    "query_id",
    "qid",
    "group_id",
    "列表id",
    "会话id",
    "请求id",
)
CANDIDATE_ID = ("item_id", "candidate_id", "poi_id", "product_id", "shop_id", "商品id", "店铺id", "候选id")
YES = ("1", "true", "yes", "y", "t", "positive", "是", "有", "会", "正", "存在", "包含")
NO = ("0", "false", "no", "n", "f", "negative", "否", "没有", "不会", "负", "无", "不存在", "不包含")
ANSWERS = ("output", "response", "completion", "answer", "solution", "target", "输出", "回答", "答案", "回复")
"""Columns with the answer to a ready prompt, if what they hold can be read as one."""
CONTINUED = ("completion",)
"""Columns with what a model continued a prompt with, as preference data has it: it is what a label judges."""
ASKED = (
    "query", "question", "input", "text", "problem", "source", "context", "content",
    "输入", "问题", "查询", "文本",
)  # fmt: skip
"""Columns with a ready prompt, if the answer to it stands beside them and a record's fields do not."""
SYSTEM = ("system", "system_prompt", "sys", "系统", "系统提示", "系统提示词", "系统指令")
MAYBE: dict[str, tuple[str, ...]] = {
    "instruction": ("system", "prompt", "instruction"),
    "query": ("prompt", "input", "text", "problem", "messages", "输入", "提示", "文本"),
    "response": ("output", "completion", "answer", "prediction", "text", "输出", "答案"),
    "evidence": ("source", "input", "text", "content", "来源", "输入"),
    "item": ("name", "title", "document", "text", "content", "item_name", "item_title", "名称", "标题"),
}
"""Names that a record's field may have where nothing else is it: they are offered to a person."""
TURN_PARTS = {"instruction": "system", "query": "user"}
"""The part of turns that a field may be; the judged field is the last turn."""
PAIRS = (
    ("chosen", "rejected"), ("chosen_response", "rejected_response"), ("accepted", "rejected"),
    ("preferred", "rejected"), ("preferred", "dispreferred"), ("right_answer", "hallucinated_answer"),
    ("right_response", "hallucinated_response"), ("right", "hallucinated"), ("correct_answer", "hallucinated_answer"),
    ("faithful_response", "hallucinated_response"), ("faithful", "hallucinated"), ("correct", "hallucinated"),
    ("correct_answer", "wrong_answer"), ("correct_answer", "incorrect_answer"), ("good_response", "bad_response"),
    ("positive_response", "negative_response"), ("positive", "negative"), ("pos", "neg"),
    ("positive_item", "negative_item"), ("pos_item", "neg_item"), ("clicked_item", "unclicked_item"),
    ("正确回答", "幻觉回答"), ("正确答案", "幻觉答案"), ("正确回复", "幻觉回复"), ("正例", "负例"),
    ("正样本", "负样本"), ("优选回复", "拒绝回复"), ("好回答", "坏回答"), ("好回复", "坏回复"),
)  # fmt: skip
"""Names of two columns that stand for the judged field: in the first it deserves the best label, in the other the
worst."""

LIST_PAIRS = (
    ("pos", "neg"), ("positive", "negative"), ("positive", "negatives"), ("positives", "negatives"),
    ("pos_items", "neg_items"), ("positive_items", "negative_items"), ("pos_list", "neg_list"),
    ("pos_item", "neg_items"), ("positive_item", "negative_items"), ("pos_item", "neg_item"),
    ("positive_item", "negative_item"), ("pos_ids", "neg_ids"), ("positive_passages", "negative_passages"),
    ("clicked_items", "unclicked_items"), ("clicked_item", "unclicked_items"), ("clicked_item", "unclicked_item"),
    ("clicked", "unclicked"), ("clicked", "not_clicked"), ("chosen_items", "rejected_items"), ("chosen", "rejected"),
    ("正例", "负例"), ("正样本", "负样本"), ("正样本列表", "负样本列表"), ("点击", "未点击"),
    ("点击商品", "未点击商品"), ("点击商家", "未点击商家"),
)  # fmt: skip
"""Names of two columns that are a list of candidates together: those of the first were chosen."""
SCORES = (
    "score", "rating", "grade", "points", "verdict", "judgement", "judgment", "correct", "is_correct", "correctness",
    "得分", "分数", "评分", "打分", "判定", "是否正确",
)  # fmt: skip
"""Names of columns in which somebody judges. Beside an `answer` they may have the label, and it be what is judged."""
RANKS = ("rank", "ranks", "rank_list", "item_rank", "item_ranks", "排名", "名次", "位次")
"""Of lists: the rank of each candidate, 1 for the best."""
ORDERS = ("ranking", "rankings", "ranked", "ranked_list", "ranked_items", "ideal_ranking", "sorted", "排序", "排序结果")
"""Of lists: the candidates from the best on, or their ranks."""
SPANS = ("_spans", "_span", "_segments", "_sentences", "_list", "s", "片段", "列表")
"""Endings of names of columns with a list of the places that something was found in."""

SCALES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("exact", "e"), ("substitute", "s"), ("complement", "c"), ("irrelevant", "i")),
    (("perfect",), ("excellent",), ("good",), ("fair",), ("bad",)),
    (
        ("highly relevant", "very relevant"),
        ("relevant",),
        ("partially relevant", "marginally relevant"),
        ("irrelevant", "not relevant"),
    ),
    (("high",), ("medium",), ("low",), ("none",)),
    (("非常相关", "高度相关", "强相关"), ("相关", "比较相关"), ("部分相关", "弱相关"), ("不相关", "无关")),
)
"""Scales of graded words in common use, best first."""


@lru_cache(maxsize=1 << 16)
def same(name: str) -> str:
    """A name in the form that names are compared in."""
    return re.sub(r"[^0-9a-z\u4e00-\u9fff.]+", "", name.casefold())


def with_spans(names: Iterable[str]) -> list[str]:
    """The names of columns that list the places of something, by names of columns that say whether there is any."""
    return [name + ending for name in names for ending in SPANS]


@lru_cache(maxsize=1 << 16)
def word(value: str) -> str:
    """A label's value in the form that words are compared in: `1.0` is 1, and `Not_Clicked` is `not clicked`."""
    folded = re.sub(r"[\s_-]+", " ", value.strip().casefold()).strip()
    return re.sub(r"\.0+$", "", folded) if re.fullmatch(r"\d{1,9}\.0+", folded) else folded or value.strip()


def named(columns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The columns with one of the names, in the order of the names.

    If there are none: the fields inside of `CONTAINERS` with one of the names.
    """
    columns = list(columns)
    wanted = list(dict.fromkeys(same(n) for n in names))
    known = [(c, same(c)) for c in columns]
    if found := _in_order(known, wanted):
        return found
    containers = {same(n) for n in CONTAINERS}
    return _in_order([(c, name.partition(".")[2]) for c, name in known if name.partition(".")[0] in containers], wanted)


def _in_order(columns: list[tuple[str, str]], wanted: list[str]) -> list[str]:
    by_name: dict[str, list[str]] = {}
    for column, name in columns:
        by_name.setdefault(name, []).append(column)
    return [column for name in wanted for column in by_name.get(name, ())]
