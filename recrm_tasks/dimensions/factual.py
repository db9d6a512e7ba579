"""Factual consistency (FC): is every claim of the agent's response grounded in the retrieved evidence?"""

from __future__ import annotations

from pydantic import Field

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.base import Compared, Dimension
from recrm_tasks.dimensions.names import QUERY, RESPONSE
from recrm_tasks.dimensions.record import LabelledRecord, SharedTexts
from recrm_tasks.dimensions.rendering import Text, render_list
from recrm_tasks.scoring.aggregate.parts import Role


class FactualRecord(LabelledRecord):
    """A user's query, the retrieved evidence, and the response that is judged."""

    query: str
    evidence: list[Text] = Field(min_length=1)
    response: str

    shown = {"query": "", "evidence": [""], "response": ""}
    shared = {"evidence": SharedTexts(("evidence",)), "response": SharedTexts(("response",), least=64)}


class FactualDimension(Dimension):
    """Factual consistency."""

    key = "factual"
    title = "factual consistency"
    column = "FC"
    position = 2
    version = 8
    kind = LABEL
    asks = "is the response grounded in the evidence?"
    role = Role(gate=True, weight=1.0)
    record_type = FactualRecord
    aliases = ("factual", "factuality", "fact_consistency", "faithfulness", "事实一致性", "事实性")
    columns = {
        "query": QUERY,
        "evidence": (
            "evidences", "documents", "docs", "passages", "knowledge", "context", "retrieved", "retrieved_evidence",
            "references", "retrieval", "retrieved_docs", "retrieved_documents", "retrieval_results", "evidence_list",
            "证据", "依据", "检索结果", "参考资料", "知识", "参考信息", "检索证据", "事实依据", "检索内容",
            "检索到的证据", "参考文本", "上下文",
        ),
        "response": RESPONSE,
    }  # fmt: skip
    telling = (
        "consistent", "is_consistent", "faithful", "supported", "grounded", "attributable", "is_faithful",
        "is_supported", "is_grounded", "is_factual", "factual", "consistency", "consistency_label",
        "factually_consistent", "是否一致", "一致", "是否事实一致", "事实是否一致", "事实一致", "事实一致性",
        "是否有依据", "是否符合事实",
    )  # fmt: skip
    contrary = (
        "hallucination", "is_hallucination", "hallucinated", "is_hallucinated", "has_hallucination",
        "hallucination_label", "contains_hallucination", "with_hallucination", "inconsistent", "is_inconsistent",
        "contradicts", "幻觉", "是否幻觉", "是否有幻觉", "是否存在幻觉", "是否包含幻觉", "存在幻觉", "有幻觉",
        "有无幻觉", "幻觉标签", "是否不一致", "是否矛盾",
    )  # fmt: skip
    label_words = {
        "consistent": (
            "faithful", "factual", "no hallucination", "not hallucinated", "non hallucinated", "non hallucination",
            "no hallucinations", "without hallucination", "pass", "passed", "无幻觉", "没有幻觉", "不存在幻觉",
            "非幻觉", "未出现幻觉", "事实一致", "符合事实", "通过", "supports", "entailed", "entailment", "支持",
        ),
        "inconsistent": (
            "unfaithful", "non factual", "nonfactual", "hallucination", "hallucinated", "has hallucination",
            "contradicted", "contradiction", "refuted", "refutes", "fail", "failed", "有幻觉", "存在幻觉", "幻觉",
            "出现幻觉", "事实不一致", "不符合事实", "不通过", "未通过", "不支持",
        ),
    }  # fmt: skip
    judged = "response"
    compared = Compared("response", ("evidence",))
    default_labels = LabelSet(
        labels=(
            Label(
                name="consistent",
                value=1,
                zh="完全有依据",
                en="fully supported by the evidence",
                words=("yes", "supported", "fully supported", "grounded", "一致", "有依据", "是"),
            ),
            Label(
                name="inconsistent",
                value=0,
                zh="与依据矛盾，或有依据中没有的内容",
                en="contradicts the evidence or adds to it",
                words=(
                    "no",
                    "not supported",
                    "unsupported",
                    "contradicts",
                    "not grounded",
                    "不一致",
                    "无依据",
                    "矛盾",
                    "否",
                ),
            ),
        )
    )
    question_text = {
        "en": (
            "You check the facts in the answers of a recommendation agent for local services. Below are the user's "
            "query, the evidence that was retrieved and the agent's response. Compare every fact in the response "
            "(names, prices, times, places, facilities, sums) with the evidence. Is the response consistent with the "
            "evidence?"
        ),
        "zh": (
            "你负责核查本地生活推荐智能体回复中的事实。下面是用户的问题、检索到的依据和智能体的回复。"
            "请把回复中的每一个事实（名称、价格、时间、地点、设施、计算结果）与依据对照。回复是否与依据一致？"
        ),
    }

    def request(self, record: FactualRecord, lang: Lang) -> str:
        """See `Dimension.request`: the evidence alone, since responses to several queries may rest on it."""
        asked = (
            "只根据以下依据回答，不要添加其他内容。"
            if lang == "zh"
            else "Answer from this evidence alone, and add nothing to it."
        )
        return f"{asked}\n\n{render_list(record.evidence)}"

    def body(self, record: FactualRecord, lang: Lang) -> str:
        """See `Dimension.body`."""
        if lang == "zh":
            titles = ("【用户问题】", "【依据】", "【智能体回复】")
        else:
            titles = ("[User query]", "[Evidence]", "[Agent response]")
        parts = (record.query, render_list(record.evidence), record.response)
        return "\n\n".join(f"{title}\n{part}" for title, part in zip(titles, parts, strict=True))
