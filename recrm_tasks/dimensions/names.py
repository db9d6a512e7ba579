"""Names in sources of the fields that several dimensions share. Case, spaces and punctuation are ignored."""

from __future__ import annotations

QUERY = (
    "question", "user_query", "request", "user_input", "search_query", "user_question", "user_request", "user_message",
    "查询", "用户查询", "问题", "请求", "用户请求", "搜索词", "查询词", "用户问题", "用户输入", "用户提问", "搜索查询",
    "检索词", "用户需求",
)  # fmt: skip
RESPONSE = (
    "reply", "agent_response", "model_response", "candidate_response", "model_output", "model_answer", "model_reply",
    "assistant_response", "agent_reply", "bot_response", "llm_response", "llm_output", "generated_response",
    "回复", "回答", "响应", "智能体回复", "模型回复", "模型回答", "模型输出", "助手回复", "智能体回答", "生成回复",
)  # fmt: skip
ITEM = (
    "item_text", "item_info", "product", "poi", "shop", "merchant", "candidate", "candidate_item", "target_item",
    "doc", "poi_info", "商品", "商家", "店铺", "门店", "候选", "候选项", "物品", "商品信息", "商家信息", "店铺信息",
    "门店信息", "物品信息", "候选商品", "候选商家", "目标商品", "目标商家", "商户", "商户信息", "候选商户", "目标商户",
)  # fmt: skip
USER = {
    "profile": (
        "user_profile", "user_info", "user_features", "persona", "user", "用户画像", "画像", "用户信息", "用户特征",
        "用户属性",
    ),
    "history": (
        "user_history", "behavior_history", "click_history", "order_history", "interactions", "behaviors", "sequence",
        "behavior_sequence", "历史", "历史行为", "行为序列", "用户历史", "历史记录",
        "user_behavior", "user_behaviors", "user_behavior_sequence", "behavior_log", "用户行为", "用户历史行为",
        "用户行为序列", "行为历史", "历史订单", "点击历史", "历史点击", "浏览历史",
    ),
    "context": (
        "scene", "scenario", "situation", "request_context", "场景", "情境", "上下文", "当前情境", "时空上下文",
        "current_context", "spatiotemporal_context", "当前场景", "时空场景", "时空信息", "环境信息", "请求上下文",
    ),
}  # fmt: skip
ACTED = {
    "1": (
        "click", "clicked", "order", "ordered", "purchase", "purchased", "buy", "bought", "book", "booked", "acted",
        "converted", "点击", "已点击", "下单", "已下单", "购买", "已购买", "预订", "已预订",
    ),
    "0": (
        "skip", "skipped", "no click", "not click", "not clicked", "unclicked", "non click", "no order",
        "not ordered", "not purchased", "ignored", "no action", "未点击", "没有点击", "不点击", "未下单",
        "没有下单", "不下单", "未购买", "跳过", "无行为",
    ),
}  # fmt: skip
"""Words for what a user did with an item, by the grade that they mean."""
