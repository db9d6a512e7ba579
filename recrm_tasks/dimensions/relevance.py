"""Query-item relevance (QIR): how well does an item meet what the query asks for?"""

from __future__ import annotations

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.base import Compared, Dimension
from recrm_tasks.dimensions.names import ITEM, QUERY
from recrm_tasks.dimensions.record import LabelledRecord, SharedTexts
from recrm_tasks.dimensions.rendering import Text, render


class RelevanceRecord(LabelledRecord):
    """A user's query and one item; the label is an ordered grade."""

    query: str
    item: Text
    category: str | None = None

    shown = {"query": "", "item": ""}
    group_is = "query"
    shared = {"query": SharedTexts(("query",))}


class RelevanceDimension(Dimension):
    """Query-item relevance."""

    key = "relevance"
    title = "query-item relevance"
    column = "QIR"
    position = 3
    version = 8
    kind = LABEL
    asks = "how relevant is the item to the query?"
    record_type = RelevanceRecord
    strata = ("label", "category")
    aliases = (
        "relevance",
        "query item",
        "item relevance",
        "search relevance",
        "相关性",
        "查询物品相关性",
        "搜索相关性",
    )
    columns = {
        "query": QUERY,
        "item": ITEM,
        "category": ("service_category", "domain", "service", "类目", "品类", "类别", "业务"),
    }
    telling = (
        "relevance",
        "relevance_label",
        "relevance_grade",
        "grade",
        "is_relevant",
        "相关性",
        "相关度",
        "相关等级",
        "relevant",
        "是否相关",
    )
    contrary = ("irrelevant", "is_irrelevant", "是否不相关", "不相关")
    judged = "item"
    compared = Compared("query", ("item",))
    default_labels = LabelSet(
        labels=(
            Label(
                name="relevant",
                value=1,
                zh="相关：满足查询的全部需求",
                en="relevant: meets every need of the query",
                words=("fully relevant", "highly relevant", "相关", "完全相关"),
            ),
            Label(
                name="partial",
                value=0.5,
                zh="部分相关：品类对，但有一两项需求没有满足",
                en="partial: the right kind of thing, but one or two needs are not met",
                words=("partially relevant", "partly relevant", "部分相关"),
            ),
            Label(
                name="irrelevant",
                value=0,
                zh="不相关：是另一类东西，或意图不同",
                en="irrelevant: a different kind of thing or a different intent",
                words=("not relevant", "不相关", "无关"),
            ),
        )
    )
    question_text = {
        "en": (
            "You judge the search results of a platform for local services. Below are a user's query and one item. "
            "Compare the item with every need stated in the query (kind of thing, place, time, price, other "
            "conditions). How relevant is the item to the query?"
        ),
        "zh": (
            "你负责评判本地生活平台的搜索结果。下面是用户的查询和一个候选项。"
            "请把候选项与查询中的每一项需求（品类、地点、时间、价格、其他条件）对照。候选项与查询的相关程度如何？"
        ),
    }

    def request(self, record: RelevanceRecord, lang: Lang) -> str:
        """See `Dimension.request`: the query as the user wrote it."""
        return record.query

    def body(self, record: RelevanceRecord, lang: Lang) -> str:
        """See `Dimension.body`."""
        if lang == "zh":
            return f"【查询】\n{record.query}\n\n【候选项】\n{render(record.item)}"
        return f"[Query]\n{record.query}\n\n[Item]\n{render(record.item)}"
