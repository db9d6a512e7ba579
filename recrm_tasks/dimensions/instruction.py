"""Instruction following (IF): does the agent's response keep every rule that the agent was given?"""

from __future__ import annotations

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.base import Compared, Dimension
from recrm_tasks.dimensions.names import QUERY, RESPONSE
from recrm_tasks.dimensions.record import LabelledRecord, SharedTexts
from recrm_tasks.scoring.aggregate.parts import Role


class InstructionRecord(LabelledRecord):
    """An agent's rules, a user's query, and the response that is judged."""

    instruction: str
    query: str
    response: str

    shown = {"instruction": "", "query": "", "response": ""}
    # The rules alone may be those of all records.
    shared = {
        "request": SharedTexts(("instruction", "query"), needs=("query",)),
        "response": SharedTexts(("response",), least=64),
    }


class InstructionDimension(Dimension):
    """Instruction following."""

    key = "instruction"
    title = "instruction following"
    column = "IF"
    position = 1
    version = 7
    kind = LABEL
    asks = "does the response keep the agent's rules?"
    role = Role(gate=True, weight=1.0)
    record_type = InstructionRecord
    aliases = ("instruction following evaluation", "instruction_follow", "ifeval", "指令遵循", "指令跟随")
    columns = {
        "instruction": (
            "instructions", "rules", "system_prompt", "constraints", "constraint", "system_instruction", "requirements",
            "指令", "要求", "规则", "系统提示", "系统提示词", "约束", "约束条件", "系统指令", "指令要求", "用户指令",
        ),
        "query": QUERY,
        "response": RESPONSE,
    }  # fmt: skip
    telling = (
        "follows", "followed", "is_following", "follow_instruction", "compliant", "is_follow", "is_followed", "follow",
        "following", "follows_instruction", "instruction_followed", "is_compliant", "compliance", "pass", "passed",
        "is_pass", "is_passed", "是否遵循", "是否遵守", "遵循", "是否符合", "是否满足", "是否通过", "是否遵循指令",
        "是否遵守要求", "是否符合要求",
    )  # fmt: skip
    contrary = (
        "violates", "violated", "violation", "is_violation", "is_violated", "violates_instruction", "has_violation",
        "违反", "是否违反", "是否违规", "是否违反指令", "是否违反要求",
    )  # fmt: skip
    label_words = {
        "follows": (
            "following", "pass", "passed", "satisfied", "遵循", "已遵循", "完全遵循", "遵循指令", "满足", "符合要求",
            "通过",
        ),
        "violates": (
            "violation", "not follow", "not followed", "not following", "unfollowed", "non compliant", "noncompliant",
            "fail", "failed", "unsatisfied", "未遵循", "不遵循", "没有遵循", "未遵循指令", "违背", "未遵守", "不满足",
            "未满足", "不符合要求", "不通过", "未通过",
        ),
    }  # fmt: skip
    judged = "response"
    compared = Compared("response", ("instruction", "query"))
    of_dialogue = True
    default_labels = LabelSet(
        labels=(
            Label(
                name="follows",
                value=1,
                zh="遵守了全部要求",
                en="follows every rule",
                words=("yes", "follow", "followed", "all rules followed", "compliant", "遵守", "遵循", "符合", "是"),
            ),
            Label(
                name="violates",
                value=0,
                zh="违反了至少一条要求",
                en="violates at least one rule",
                words=(
                    "no",
                    "violate",
                    "violated",
                    "does not follow",
                    "not compliant",
                    "违反",
                    "不符合",
                    "不遵守",
                    "未遵守",
                    "没有遵守",
                    "不遵循",
                    "未遵循",
                    "没有遵循",
                    "否",
                ),
            ),
        )
    )
    question_text = {
        "en": (
            "You check the answers of a recommendation agent for local services. Below are the rules that the agent "
            "was given, the user's request and the agent's response. Check the response against every rule, one by "
            "one (number of items, order, limits, required or forbidden content, format, language). Does the response "
            "follow the rules?"
        ),
        "zh": (
            "你负责检查本地生活推荐智能体的回复。下面是智能体收到的要求、用户的请求和智能体的回复。"
            "请逐条核对回复是否做到了每一条要求（数量、顺序、限制、必须或禁止的内容、格式、语言）。回复是否遵守了要求？"
        ),
    }

    def request(self, record: InstructionRecord, lang: Lang) -> str:
        """See `Dimension.request`: the rules, then what the user asks for."""
        return f"{record.instruction}\n\n{record.query}"

    def body(self, record: InstructionRecord, lang: Lang) -> str:
        """See `Dimension.body`."""
        if lang == "zh":
            titles = ("【要求】", "【用户请求】", "【智能体回复】")
        else:
            titles = ("[Rules]", "[User request]", "[Agent response]")
        parts = (record.instruction, record.query, record.response)
        return "\n\n".join(f"{title}\n{part}" for title, part in zip(titles, parts, strict=True))
