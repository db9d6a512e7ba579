"""User behavior prediction (UBP): how likely is it that this user acts on this item?"""

from __future__ import annotations

from typing import Literal

from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.base import Compared, Dimension
from recrm_tasks.dimensions.names import ACTED, ITEM, USER
from recrm_tasks.dimensions.rendering import Text, render
from recrm_tasks.dimensions.user import UserRecord


class BehaviorRecord(UserRecord):
    """A user, the situation, and an item; the label says whether the user acted on it."""

    item: Text
    label: Literal[0, 1]

    shown = {"profile": "", "history": [], "context": "", "item": ""}


class BehaviorDimension(Dimension):
    """User behavior prediction."""

    key = "behavior"
    title = "user behavior prediction"
    column = "UBP"
    position = 4
    version = 8
    kind = PROBABILITY
    asks = "how likely does the user act on the item?"
    record_type = BehaviorRecord
    aliases = (
        "user behavior",
        "user behaviour",
        "behaviour",
        "behavior prediction",
        "click prediction",
        "ctr",
        "用户行为预测",
        "行为预测",
    )
    columns = {**USER, "item": ITEM}
    telling = (
        "click", "clicked", "is_click", "order", "ordered", "is_order", "purchase", "purchased", "action", "acted",
        "converted", "conversion", "is_clicked", "is_ordered", "is_purchase", "is_purchased", "is_buy", "buy",
        "bought", "booked", "is_booked", "click_label", "is_acted", "是否点击", "是否下单", "点击", "下单", "购买",
        "是否购买", "是否转化", "是否预订", "是否行动",
    )  # fmt: skip
    contrary = ("skip", "skipped", "is_skip", "is_skipped", "是否跳过")
    label_words = ACTED
    judged = "item"
    compared = Compared("item", ("history",))
    question_text = {
        "en": (
            "You predict what users of a platform for local services do. Below are a user's profile and history, the "
            "present context and one item. Weigh recent habits above old ones, and mind what the context rules out. "
            "Will this user act on the item (click, book or order it)?"
        ),
        "zh": (
            "你负责预测本地生活平台用户的行为。下面是用户画像、历史行为、当前情境和一个候选项。"
            "近期习惯比早先习惯更重要，并注意情境排除了什么。该用户会对这个候选项采取行动（点击、预订或下单）吗？"
        ),
    }

    def request(self, record: BehaviorRecord, lang: Lang) -> str:
        """See `Dimension.request`: the user in the situation."""
        return record.ask_for_item(lang)

    def body(self, record: BehaviorRecord, lang: Lang) -> str:
        """See `Dimension.body`."""
        return f"{record.show_user(lang)}\n\n{'【候选项】' if lang == 'zh' else '[Item]'}\n{render(record.item)}"
