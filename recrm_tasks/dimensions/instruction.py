"""Instruction following (IF): does the agent's response keep every rule that the agent was given?"""

from __future__ import annotations

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.names import QUERY, RESPONSE
from recrm_tasks.dimensions.record import LabelledRecord
from recrm_tasks.scoring.aggregate.parts import Role


class InstructionRecord(LabelledRecord):
    """An agent's rules, a user's query, and the response that is judged."""

    instruction: str
    query: str
    response: str

    shown = {"instruction": "", "query": "", "response": ""}


class InstructionDimension(Dimension):
    """Instruction following."""

    key = "instruction"
    title = "instruction following"
    column = "IF"
    position = 1
    version = 3
    kind = LABEL
    asks = "does the response keep the agent's rules?"
    role = Role(gate=True, weight=1.0)
    record_type = InstructionRecord
    aliases = ("instruction following evaluation", "instruction_follow", "ifeval", "指令遵循", "指令跟随")
    columns = {
        "instruction": ("instructions", "rules", "system_prompt", "constraints", "指令", "要求", "规则", "系统提示"),
        "query": QUERY,
        "response": RESPONSE,
    }
    telling = ("follows", "followed", "is_following", "follow_instruction", "compliant", "是否遵循", "是否遵守", "遵循")
    default_labels = LabelSet(
        labels=(
            Label(
                name="follows",
                value=1,
                zh="遵守了全部要求",
                en="follows every rule",
                words=("yes", "follow", "followed", "all rules followed", "compliant", "遵守", "符合", "是"),
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

    def body(self, record: InstructionRecord, lang: Lang) -> str:
        """See `Dimension.body`."""
        if lang == "zh":
            titles = ("【要求】", "【用户请求】", "【智能体回复】")
        else:
            titles = ("[Rules]", "[User request]", "[Agent response]")
        parts = (record.instruction, record.query, record.response)
        return "\n\n".join(f"{title}\n{part}" for title, part in zip(titles, parts, strict=True))
