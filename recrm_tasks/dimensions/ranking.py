"""Item ranking (IR): in which order would this user want the candidates?"""

from __future__ import annotations

from pydantic import Field, model_validator

from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.base import Compared, Dimension
from recrm_tasks.dimensions.names import ACTED, QUERY, USER
from recrm_tasks.dimensions.record import Candidate
from recrm_tasks.dimensions.user import UserRecord


class RankingRecord(UserRecord):
    """A user, the situation, and a list of candidates with a grade each (0 is negative).

    A list without a positive or without a negative, such as one of a single candidate, cannot be put in order: it can
    only be asked about candidate by candidate.
    """

    query: str | None = None
    candidates: list[Candidate] = Field(min_length=1)
    labels: list[int]

    shown = {"profile": "", "history": [], "context": ""}

    @model_validator(mode="after")
    def _usable(self) -> RankingRecord:
        if len(self.labels) != len(self.candidates):
            raise ValueError(f"labels: {len(self.labels)} labels for {len(self.candidates)} candidates")
        if min(self.labels) < 0:
            raise ValueError("labels: grades cannot be negative")
        if len({c.id for c in self.candidates}) != len(self.candidates):
            raise ValueError("candidates: ids must differ")
        return self


class RankingDimension(Dimension):
    """Item ranking."""

    key = "ranking"
    title = "item ranking"
    column = "IR"
    position = 5
    version = 8
    kind = ORDER
    asks = "in which order would the user want these?"
    record_type = RankingRecord
    aliases = (
        "ranking",
        "rank",
        "item rank",
        "rerank",
        "reranking",
        "recommendation ranking",
        "user behavior ranking",
        "behavior ranking",
        "物品排序",
        "商品排序",
        "排序",
    )
    columns = {
        **USER,
        "query": QUERY,
        "candidates": (
            "candidate_items", "candidate_list", "item_list", "items", "候选", "候选项", "候选列表", "候选商品",
            "candidate_pois", "candidate_shops", "poi_list", "候选集", "候选商家", "候选商品列表", "候选商家列表",
            "候选物品",
        ),
    }  # fmt: skip
    telling = (
        "click",
        "clicked",
        "is_click",
        "order",
        "ordered",
        "is_order",
        "purchase",
        "purchased",
        "是否点击",
        "是否下单",
        "is_clicked",
        "is_ordered",
        "点击",
        "下单",
    )
    label_words = ACTED
    compared = Compared("candidates", ("query", "history"))
    question_text = {
        "en": (
            "You order the candidates that a platform for local services shows to a user. Below are the user's profile "
            "and history, the present context and the candidates. Weigh recent habits above old ones, and mind what "
            "the context rules out. Order the candidates from the one that this user is most likely to choose to the "
            "least likely one."
        ),
        "zh": (
            "你负责为本地生活平台的用户给候选项排序。下面是用户画像、历史行为、当前情境和候选项。"
            "近期习惯比早先习惯更重要，并注意情境排除了什么。请把候选项从该用户最可能选择的到最不可能选择的排序。"
        ),
    }

    item_question = {
        "en": (
            "You predict what users of a platform for local services choose. Below are the user's profile and history, "
            "the present context and one candidate. Weigh recent habits above old ones, and mind what the context "
            "rules out. Will this user choose the candidate?"
        ),
        "zh": (
            "你负责预测本地生活平台的用户会选择什么。下面是用户画像、历史行为、当前情境和一个候选项。"
            "近期习惯比早先习惯更重要，并注意情境排除了什么。该用户会选择这个候选项吗？"
        ),
    }

    def request(self, record: RankingRecord, lang: Lang) -> str:
        """See `Dimension.request`: the user in the situation, with the query if there is one."""
        return record.ask_for_item(lang, record.query)

    def body(self, record: RankingRecord, lang: Lang) -> str:
        """See `Dimension.body`."""
        title = "【用户查询】" if lang == "zh" else "[User query]"
        query = f"\n\n{title}\n{record.query}" if record.query else ""
        return f"{record.show_user(lang)}{query}"
