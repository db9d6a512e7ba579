"""Names in sources of the fields that several dimensions share. Case, spaces and punctuation are ignored."""

from __future__ import annotations

QUERY = (
    "question", "user_query", "request", "user_input", "search_query",
    "查询", "用户查询", "问题", "请求", "用户请求", "搜索词",
)  # fmt: skip
RESPONSE = ("reply", "agent_response", "model_response", "candidate_response", "回复", "回答", "响应", "智能体回复")
ITEM = (
    "item_text", "item_info", "product", "poi", "shop", "merchant", "candidate", "candidate_item", "target_item", "doc",
    "商品", "商家", "店铺", "门店", "候选", "候选项", "物品",
)  # fmt: skip
USER = {
    "profile": (
        "user_profile", "user_info", "user_features", "persona", "user", "用户画像", "画像", "用户信息", "用户特征",
    ),
    "history": (
        "user_history", "behavior_history", "click_history", "order_history", "interactions", "behaviors", "sequence",
        "behavior_sequence", "历史", "历史行为", "行为序列", "用户历史", "历史记录",
    ),
    "context": (
        "scene", "scenario", "situation", "request_context", "场景", "情境", "上下文", "当前情境", "时空上下文",
    ),
}  # fmt: skip
