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
    "messages": ("messages", "conversations", "conversation", "chat", "prompt", "对话", "提示"),
}
LABEL = (
    "label", "answer", "output", "response", "completion", "solution", "target", "gold", "ground_truth", "chosen",
    "reward_model.ground_truth", "extra_info.answer", "标签", "标注", "答案", "输出",
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
YES = ("1", "true", "yes", "y", "t", "positive", "是", "有", "会", "正")
NO = ("0", "false", "no", "n", "f", "negative", "否", "没有", "不会", "负")

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
