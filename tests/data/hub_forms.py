"""Row forms that the hub's five files may have, under their published paths, each with its truth.

Each form has the same twelve questions (six in Chinese, six in English) as its dimension's others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATHS = {
    "instruction": "data/instruction_following/if_rewrite.jsonl",
    "relevance": "data/query_item_relevance/relevance_rewrite.jsonl",
    "ranking": "data/item_ranking/item_ranking_rewrite.jsonl",
    "factual": "data/factual_consistency/hallucination_rewrite.jsonl",
    "behavior": "data/behavior_prediction/user_rewrite.jsonl",
}
N = 12
Row = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """One form of one file."""

    key: str
    row: Callable[[Row], Row | list[Row]]
    """What is in the file of a question: a row, or several."""
    labels: Mapping[str, int]
    """The number of records of each label, by what it means."""
    answers: tuple[str, ...] = ()
    """The lines that a person uncomments; none, if it is read at once."""
    says: Callable[[Row], list[str]] = field(default=lambda q: q["needed"])
    """What the prompts of a row's records must show."""

    @property
    def text(self) -> str:
        """The file."""
        made = [self.row(q) for q in questions(self.key)]
        rows = [row for one in made for row in (one if isinstance(one, list) else [one])]
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def questions(key: str) -> list[Row]:
    """Twelve questions of a dimension, with everything that a form may need."""
    return [_QUESTIONS[key](n, n % 2 == 0) for n in range(N)]


def uncomment(mapping: Path, answers: Iterable[str]) -> None:
    """Does what the file says: removes the # of each answer, where it is first."""
    text = mapping.read_text(encoding="utf-8")
    for answer in answers:
        line = re.compile(rf"^( *)#({re.escape(answer)})(?=$|   #)", re.MULTILINE)
        assert line.search(text), f"{answer} is none of the answers in\n{text}"
        text = line.sub(r"\1\2", text, count=1)
    mapping.write_text(text, encoding="utf-8")


def _factual(n: int, zh: bool) -> Row:
    right = n % 3 != 0
    day = "一二三四五六"[n // 2] if zh else ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")[n // 2]
    query = f"周{day}营业吗？" if zh else f"Is it open on {day}?"
    evidence = [f"荷花面馆：周{day}八点到十八点", "可停车"] if zh else [f"Lotus Bowl: {day} 8-18", "Parking is free"]
    good = f"营业，周{day}八点开门。" if zh else f"Yes, from eight on {day}."
    bad = f"不营业，周{day}休息。" if zh else f"No, it is closed on {day}."
    return {
        "n": n, "zh": zh, "query": query, "evidence": evidence, "good": good, "bad": bad, "yes": right,
        "response": good if right else bad, "needed": [query, *evidence, good if right else bad],
        "asks": "回复是否与依据一致？请先说明理由，再给出结论。" if zh else
        "Is the response consistent with the evidence? Give a reason, then the verdict.",
        "system": "你是一名严谨的事实核查员。" if zh else "You are a careful checker of facts.",
    }  # fmt: skip


def _instruction(n: int, zh: bool) -> Row:
    right = n % 4 != 0
    rules = f"只推荐一家店，编号{n}，不超过十个字。" if zh else f"Name one shop only, rule {n}, in at most five words."
    query = f"附近第{n}条街哪里有面吃？" if zh else f"Where do I get noodles near street {n}?"
    good = f"荷花面馆{n}号店" if zh else f"Lotus Bowl number {n}"
    bad = f"荷花面馆、老王面馆和{n}号街的很多别的店都不错。" if zh else f"Lotus Bowl, Old Mill and {n} more shops."
    return {
        "n": n, "zh": zh, "rules": rules, "query": query, "good": good, "bad": bad, "yes": right,
        "response": good if right else bad, "needed": [rules, query, good if right else bad],
        "asks": "回复是否遵循了全部要求？" if zh else "Does the response follow every rule?",
        "system": "你是一名评审员。" if zh else "You are a judge of agents.",
    }  # fmt: skip


def _relevance(n: int, zh: bool) -> Row:
    query = f"第{n}街 素食拉面" if zh else f"vegan ramen, street {n}"
    item = {"name": f"绿碗{n}店" if zh else f"Green Bowl {n}", "price": 10 + n}
    other = {"name": f"牛排屋{n}店" if zh else f"Steak House {n}", "price": 50 + n}
    return {
        "n": n, "zh": zh, "query": query, "item": item, "other": other, "grade": 2 - n % 3,
        "needed": [query, item["name"]], "asks": "商家与查询的相关程度如何？" if zh else "How relevant is the item?",
    }  # fmt: skip


def _behavior(n: int, zh: bool) -> Row:
    who = f"女，{20 + n}岁，不吃辣" if zh else f"Ann, {20 + n}, no spicy food"
    history = [f"周{d} 在荷花面馆点了第{n}号面" for d in "一二三"] if zh else [f"{d}: soup {n}" for d in ("Mon", "Tue")]
    context = f"周六晚上，下雨，第{n}次打开" if zh else f"Saturday night, rain, visit number {n}"
    item = f"荷花面馆 清汤面 {n} 元" if zh else f"Lotus Bowl, clear soup, ${n}"
    return {
        "n": n, "zh": zh, "user": f"u{n // 3}", "profile": who, "history": history, "context": context, "item": item,
        "yes": n % 4 == 0, "needed": [who, *history, item],
        "asks": "该用户会点击这个候选项吗？" if zh else "Will this user click the item?",
    }  # fmt: skip


def _ranking(n: int, zh: bool) -> Row:
    row = _behavior(n, zh)
    names = [f"店铺{n}{c}" if zh else f"Shop {n}{c}" for c in "abcd"]
    candidates = [{"id": f"p{n}{i}", "name": name} for i, name in enumerate(names)]
    return {**row, "candidates": candidates, "chosen": n % 4, "needed": [row["profile"], *names]}


_QUESTIONS = {
    "factual": _factual,
    "instruction": _instruction,
    "relevance": _relevance,
    "behavior": _behavior,
    "ranking": _ranking,
}


def whole(q: Row) -> str:
    """A ready prompt that has everything in it."""
    return "\n\n".join([q["asks"], *q["needed"]])


def turns(q: Row, answer: str | None, system: str | None = None) -> list[Row]:
    """The same as turns."""
    said = [{"role": "system", "content": system}] if system else []
    said.append({"role": "user", "content": whole(q)})
    return [*said, {"role": "assistant", "content": answer}] if answer is not None else said


def shared(q: Row, answer: str) -> list[Row]:
    """The same in ShareGPT's form."""
    return [{"from": "human", "value": whole(q)}, {"from": "gpt", "value": answer}]


def thought(answer: str) -> str:
    """An answer behind a thinking section that names other answers."""
    return f"<think>\nIt may be yes, it may be no: 一致? inconsistent?\n</think>\n\n{answer}"


def about(q: Row, candidate: str) -> str:
    """A ready prompt about one candidate of a list."""
    asked = [q["profile"], *q["history"], ("候选商家：" if q["zh"] else "Candidate: ") + candidate, q["asks"]]
    return "\n".join(asked)


def numbered(q: Row) -> str:
    """A ready prompt whose candidates are in its text only."""
    listed = [f"{i}. {c['name']}" for i, c in enumerate(q["candidates"], 1)]
    heading, asks = ("候选商家：", "请按点击可能性排序。") if q["zh"] else ("Candidates:", "Order them.")
    return "\n".join([q["profile"], *q["history"], heading, *listed, asks])


def best_first(q: Row) -> str:
    """The numbers of all candidates, the chosen one first."""
    order = [q["chosen"] + 1, *(i + 1 for i in range(4) if i != q["chosen"])]
    return json.dumps({"ranking": order})


def said_before(q: Row) -> list[list[str]]:
    """Earlier turns, as ms-swift's `history` has them."""
    return [[f"您好，第{q['n']}次", "请说"]] if q["zh"] else [[f"Hello number {q['n']}", "Please ask."]]


def ranks(q: Row) -> list[int]:
    """The rank of each candidate: 1 for the chosen one."""
    rest = iter((2, 3, 4))
    return [1 if i == q["chosen"] else next(rest) for i in range(4)]


def names(q: Row, chosen: bool | None = None) -> list[str]:
    """The names of the candidates, or of those that were chosen or not."""
    return [c["name"] for i, c in enumerate(q["candidates"]) if chosen is None or chosen == (i == q["chosen"])]


def marked(q: Row, answer: str = "") -> str:
    """A ready prompt with the marks of a chat template."""
    system = f"<|im_start|>system\n{q['system']}<|im_end|>\n"
    end = f"{answer}<|im_end|>\n" if answer else ""
    return f"{system}<|im_start|>user\n{whole(q)}<|im_end|>\n<|im_start|>assistant\n{end}"


def pick(q: Row, zh: tuple[str, str], en: tuple[str, str]) -> str:
    """The word for no or yes."""
    return (zh if q["zh"] else en)[q["yes"]]


def _tags(q: Row) -> str:
    return f"<reasoning>…</reasoning><answer>{pick(q, ('不一致', '一致'), ('inconsistent', 'consistent'))}</answer>"


def _reasoned(q: Row) -> str:
    word = pick(q, ("不一致", "一致"), ("inconsistent", "consistent"))
    return json.dumps({"reason": "与“一致”的标准对照后得出", "answer": word}, ensure_ascii=False)


def _keyed(q: Row) -> str:
    return json.dumps({"reason": "以依据为准", "is_hallucination": not q["yes"]}, ensure_ascii=False)


FC = {"consistent": 8, "inconsistent": 4}
IF = {"follows": 9, "violates": 3}
QIR = {"relevant": 4, "partial": 4, "irrelevant": 4}
UBP = {"1": 3, "0": 9}
IR = {"lists": 12}

HALLUCINATED = ("hallucinated", "faithful")
CONSISTENT = ("inconsistent", "consistent")
FORMS: dict[str, Form] = {
    # Factual consistency: the file is called "hallucination".
    "messages, JSON beside a reason": Form(
        "factual", lambda q: {"messages": turns(q, _reasoned(q), q["system"])}, FC
    ),
    "messages, behind thinking": Form(
        "factual",
        lambda q: {"id": q["n"], "messages": turns(q, thought(pick(q, ("不一致。", "一致。"), CONSISTENT)))},
        FC,
    ),
    "messages, JSON key that says what is asked": Form("factual", lambda q: {"messages": turns(q, _keyed(q))}, FC),
    "query and response, in tags": Form("factual", lambda q: {"query": whole(q), "response": _tags(q)}, FC),
    "query and response, with system": Form(
        "factual", lambda q: {"system": q["system"], "query": whole(q), "response": _reasoned(q)}, FC,
        says=lambda q: [q["system"], *q["needed"]],
    ),
    "query and response, yes and no": Form(
        "factual", lambda q: {"query": whole(q), "response": "是" if q["yes"] else "否"}, FC,
        ("label: {column: response, values: {否: inconsistent, 是: consistent}}",),
    ),
    "messages, yes and no": Form(
        "factual", lambda q: {"messages": turns(q, thought("是" if q["yes"] else "否"))}, FC,
        ("label: {column: messages, values: {否: inconsistent, 是: consistent}, read: answer}",),
    ),
    "prompt and 0 or 1": Form(
        "factual", lambda q: {"prompt": whole(q), "label": int(q["yes"])}, FC,
        ("label: {column: label, values: {'0': inconsistent, '1': consistent}}",),
    ),
    "prompt and whether it is hallucinated": Form(
        "factual", lambda q: {"prompt": whole(q), "hallucination": "no" if q["yes"] else "yes"}, FC
    ),
    "verl": Form(
        "factual",
        lambda q: {
            "data_source": "meituan", "prompt": turns(q, None, q["system"]), "ability": "judge",
            "reward_model": {"style": "rule", "ground_truth": pick(q, ("有幻觉", "无幻觉"), HALLUCINATED)},
            "extra_info": {"index": q["n"], "answer": pick(q, ("有幻觉", "无幻觉"), HALLUCINATED)},
        },
        FC,
    ),
    "columns, is_hallucination": Form(
        "factual",
        lambda q: {"question": q["query"], "evidence": q["evidence"], "response": q["response"],
                   "is_hallucination": int(not q["yes"])},
        FC,
    ),
    "columns in Chinese, whether there is a hallucination": Form(
        "factual",
        lambda q: {"编号": q["n"], "用户问题": q["query"], "检索证据": q["evidence"], "模型回复": q["response"],
                   "是否存在幻觉": "否" if q["yes"] else "是"},
        FC,
    ),
    "columns, words for hallucinations": Form(
        "factual",
        lambda q: {"query": q["query"], "docs": q["evidence"], "reply": q["response"],
                   "label": "无幻觉" if q["yes"] else "有幻觉"},
        FC,
    ),
    "columns, float": Form(
        "factual",
        lambda q: {"query": q["query"], "evidence": q["evidence"], "response": q["response"],
                   "is_consistent": f"{int(q['yes'])}.0"},
        FC,
    ),
    "columns, 0 or 1": Form(
        "factual",
        lambda q: {"query": q["query"], "evidence": q["evidence"], "response": q["response"],
                   "label": int(not q["yes"])},
        FC,
        ("label: {column: label, values: {'0': consistent, '1': inconsistent}}",),
    ),
    "pairs of answers": Form(
        "factual",
        lambda q: {"question": q["query"], "knowledge": q["evidence"], "right_answer": q["good"],
                   "hallucinated_answer": q["bad"]},
        {"consistent": 12, "inconsistent": 12},
        says=lambda q: [q["query"], *q["evidence"], q["good"], q["bad"]],
    ),
    "prompt, evidence and response": Form(
        "factual",
        lambda q: {"prompt": q["query"], "evidence": q["evidence"], "model_response": q["response"],
                   "is_consistent": q["yes"]},
        FC,
        ("fields: {query: prompt, evidence: evidence, response: model_response}",),
    ),
    "input and output": Form("factual", lambda q: {"input": whole(q), "output": _reasoned(q)}, FC),
    "messages, JSON with a key that nobody knows": Form(
        "factual",
        lambda q: {"messages": turns(q, json.dumps({"why": "as it stands", "outcome": "bad" if q["yes"] else "ok"}))},
        FC,
        ("label: {column: messages, values: {bad: consistent, ok: inconsistent}, read: answer, key: outcome}",),
    ),
    "messages and all fields": Form(
        "factual",
        lambda q: {"messages": turns(q, _reasoned(q)), "query": q["query"], "evidence": q["evidence"],
                   "response": q["response"]},
        FC,
        ("fields: {query: query, evidence: evidence, response: response}",),
    ),
    "prompt beside a long reason": Form(
        "factual",
        lambda q: {"prompt": whole(q), "label": pick(q, ("不一致", "一致"), CONSISTENT),
                   "reason": "The opening hours in the evidence are compared with those in the response."},
        FC,
        ("messages: prompt",),
    ),
    "no query": Form(
        "factual",
        lambda q: {"evidence": q["evidence"], "response": q["response"],
                   "label": pick(q, ("矛盾", "一致"), CONSISTENT)},
        FC,
        ("fields: {query: null}",),
        says=lambda q: q["needed"][1:],
    ),
    "query, response and history": Form(
        "factual",
        lambda q: {"system": q["system"], "query": whole(q), "response": pick(q, ("不一致", "一致"), CONSISTENT),
                   "history": said_before(q) if q["n"] % 2 else []},
        FC,
        ("messages: [system, history, query]",),
        says=lambda q: [q["system"], *q["needed"], *(said_before(q)[0] if q["n"] % 2 else [])],
    ),
    "columns without evidence": Form(
        "factual",
        lambda q: {"query": whole(q), "response": q["response"], "label": pick(q, ("不一致", "一致"), CONSISTENT)},
        FC,
        ("messages: [query, response]",),
    ),
    "pairs without evidence": Form(
        "factual",
        lambda q: {"prompt": "\n".join(q["evidence"]), "right_answer": q["good"], "hallucinated_answer": q["bad"]},
        {"consistent": 12, "inconsistent": 12},
        ("fields: {evidence: prompt, query: null}",),
        says=lambda q: [*q["evidence"], q["good"], q["bad"]],
    ),
    "columns, spans": Form(
        "factual",
        lambda q: {"query": q["query"], "evidence": q["evidence"], "response": q["response"],
                   "hallucination_spans": [] if q["yes"] else [{"start": 0, "end": 2, "text": q["response"][:2]}]},
        FC,
    ),
    "columns, lists of labels": Form(
        "factual",
        lambda q: {"query": q["query"], "evidence": q["evidence"], "response": q["response"],
                   "labels": [] if q["yes"] else [[0, 2 + q["n"]]]},
        FC,
        ("label: {column: labels, values: {'false': consistent, 'true': inconsistent}, read: filled}",),
    ),
    "prompt with the marks of a chat": Form(
        "factual", lambda q: {"prompt": marked(q), "label": pick(q, ("不一致", "一致"), CONSISTENT)}, FC,
        says=lambda q: [q["system"], *q["needed"]],
    ),
    "text with the marks of a chat": Form(
        "factual", lambda q: {"text": marked(q, pick(q, ("不一致", "一致"), CONSISTENT))}, FC,
        says=lambda q: [q["system"], *q["needed"]],
    ),
    "an answer that is judged beside a score": Form(
        "factual",
        lambda q: {"query": q["query"], "evidence": q["evidence"], "answer": q["response"], "score": int(q["yes"])},
        FC,
        ("fields: {response: answer}", "label: {column: score, values: {'0': inconsistent, '1': consistent}}"),
    ),
    "an answer beside a score that it contradicts": Form(
        "factual",
        lambda q: {"prompt": whole(q), "answer": "一致" if q["zh"] else "consistent", "score": int(q["yes"])},
        FC,
        ("label: {column: score, values: {'0': inconsistent, '1': consistent}}",),
    ),
    "an answer beside a score that says the same": Form(
        "factual",
        lambda q: {"prompt": whole(q), "answer": "consistent" if q["yes"] else "inconsistent", "score": int(q["yes"])},
        FC,
    ),
    # Instruction following.
    "prompt, completion and label": Form(
        "instruction",
        lambda q: {"prompt": q["rules"] + "\n" + q["query"], "completion": q["response"], "label": bool(q["yes"])},
        IF,
        ("label: {column: label, values: {'false': violates, 'true': follows}}",
         "fields: {instruction: prompt, query: null, response: completion}"),
    ),
    "turns of a prompt and a completion": Form(
        "instruction",
        lambda q: {
            "prompt": [{"role": "system", "content": q["rules"]}, {"role": "user", "content": q["query"]}],
            "completion": [{"role": "assistant", "content": q["response"]}], "label": bool(q["yes"]),
        },
        IF,
        ("label: {column: label, values: {'false': violates, 'true': follows}}",
         "fields: {instruction: prompt.system, query: prompt.user, response: completion.assistant}"),
    ),
    "system, query, response, history and a label": Form(
        "instruction",
        lambda q: {"system": q["rules"], "query": q["query"], "response": q["response"], "history": said_before(q),
                   "label": "pass" if q["yes"] else "fail"},
        IF,
        ("fields: {instruction: system}", "fields: {query: [history, query]}"),
        says=lambda q: [*q["needed"], *said_before(q)[0]],
    ),
    "messages, the last turn is judged": Form(
        "instruction",
        lambda q: {
            "messages": [{"role": "system", "content": q["rules"]}, {"role": "user", "content": q["query"]},
                         {"role": "assistant", "content": q["response"]}],
            "label": "follows" if q["yes"] else "violates",
        },
        IF,
        ("fields: {instruction: messages.system, query: messages.user, response: messages.assistant}",),
    ),
    "messages, the last turn is judged and kept": Form(
        "instruction",
        lambda q: {
            "messages": [{"role": "system", "content": q["rules"]}, {"role": "user", "content": q["query"]},
                         {"role": "assistant", "content": q["response"]}],
            "is_follow": int(q["yes"]),
        },
        IF,
        ("last_turn: keep",),
    ),
    "messages, the last turn says the label": Form(
        "instruction",
        lambda q: {"messages": turns(q, thought("pass" if q["yes"] else "fail")), "is_follow": q["yes"]},
        IF,
    ),
    "alpaca": Form(
        "instruction",
        lambda q: {"instruction": q["asks"], "input": whole(q),
                   "output": pick(q, ("未遵循", "遵循"), ("fail", "pass"))},
        IF,
    ),
    "alpaca without input": Form(
        "instruction",
        lambda q: {"instruction": whole(q),
                   "output": thought(pick(q, ("答案：未遵循", "答案：遵循"), ("fail", "pass")))},
        IF,
    ),
    "alpaca, the output is judged": Form(
        "instruction",
        lambda q: {"instruction": q["rules"], "input": q["query"], "output": q["response"],
                   "label": "pass" if q["yes"] else "fail"},
        IF,
        ("fields: {instruction: instruction, query: input, response: output}",),
    ),
    "columns, is_follow": Form(
        "instruction",
        lambda q: {"system_prompt": q["rules"], "query": q["query"], "response": q["response"], "is_follow": q["yes"]},
        IF,
    ),
    "columns in Chinese, followed or not": Form(
        "instruction",
        lambda q: {"指令": q["rules"], "用户请求": q["query"], "智能体回复": q["response"],
                   "标注结果": "遵循" if q["yes"] else "未遵循"},
        IF,
    ),
    "chosen and rejected": Form(
        "instruction",
        lambda q: {"instruction": q["rules"], "input": q["query"], "chosen": q["good"], "rejected": q["bad"]},
        {"follows": 12, "violates": 12},
        says=lambda q: [q["rules"], q["query"], q["good"], q["bad"]],
    ),
    "chosen and rejected turns": Form(
        "instruction",
        lambda q: {
            "prompt": [{"role": "system", "content": q["rules"]}, {"role": "user", "content": q["query"]}],
            "chosen": [{"role": "assistant", "content": q["good"]}],
            "rejected": [{"role": "assistant", "content": q["bad"]}],
        },
        {"follows": 12, "violates": 12},
        says=lambda q: [q["rules"], q["query"], q["good"], q["bad"]],
    ),
    "prompt, chosen and rejected": Form(
        "instruction",
        lambda q: {"prompt": q["rules"] + "\n" + q["query"], "chosen": q["good"], "rejected": q["bad"]},
        {"follows": 12, "violates": 12},
        ("fields: {query: prompt, instruction: null}",),
        says=lambda q: [q["rules"], q["query"], q["good"], q["bad"]],
    ),
    "a prompt beside whole conversations that begin with it": Form(
        "instruction",
        lambda q: {
            "prompt": q["query"], "prompt_id": f"p{q['n']}", "score_chosen": 8.5, "score_rejected": 2,
            **{side: [{"role": "user", "content": q["query"]}, {"role": "assistant", "content": q[word]}]
               for side, word in (("chosen", "good"), ("rejected", "bad"))},
        },
        {"follows": 12, "violates": 12},
        ("fields: {query: chosen.user, instruction: null}",),
        says=lambda q: [q["query"], q["good"], q["bad"]],
    ),
    "whole conversations, chosen and rejected": Form(
        "instruction",
        lambda q: {
            side: [{"role": "system", "content": q["rules"]}, {"role": "user", "content": q["query"]},
                   {"role": "assistant", "content": q[word]}]
            for side, word in (("chosen", "good"), ("rejected", "bad"))
        },
        {"follows": 12, "violates": 12},
        says=lambda q: [q["rules"], q["query"], q["good"], q["bad"]],
    ),
    "messages without system, the last turn is judged": Form(
        "instruction",
        lambda q: {
            "messages": [{"role": "user", "content": q["rules"] + "\n" + q["query"]},
                         {"role": "assistant", "content": q["response"]}],
            "follow": q["yes"],
        },
        IF,
        ("fields: {instruction: null, query: messages.user, response: messages.assistant}",),
    ),
    "content parts": Form(
        "instruction",
        lambda q: {
            "messages": [{"role": "system", "content": [{"type": "text", "text": q["system"]}]},
                         {"role": "user", "content": [{"type": "text", "text": part} for part in q["needed"]]}],
            "label": "follows" if q["yes"] else "violates",
        },
        IF,
        says=lambda q: [q["system"], *q["needed"]],
    ),
    "a prompt beside its system prompt and what a model wrote": Form(
        "instruction",
        lambda q: {"system_prompt": q["rules"], "prompt": q["query"], "model_output": q["response"],
                   "label": "follows" if q["yes"] else "violates"},
        IF,
        ("fields: {instruction: system_prompt, query: prompt, response: model_output}",),
    ),
    "conversations with a system column": Form(
        "instruction",
        lambda q: {"system": q["system"],
                   "conversations": shared(q, pick(q, ("违反", "遵守"), ("violates", "follows")))},
        IF,
        says=lambda q: [q["system"], *q["needed"]],
    ),
    # Query-item relevance.
    "graded words": Form(
        "relevance",
        lambda q: {"query": q["query"], "item": q["item"], "label": ("Irrelevant", "Complement", "Exact")[q["grade"]]},
        {"Exact": 4, "Complement": 4, "Irrelevant": 4},
    ),
    "graded numbers, by name": Form(
        "relevance",
        lambda q: {"query": q["query"], "poi": q["item"], "relevance": q["grade"]},
        {"2": 4, "1": 4, "0": 4},
    ),
    "numbers": Form(
        "relevance", lambda q: {"query": q["query"], "item": q["item"], "label": q["grade"]}, QIR,
        ("label: {column: label, values: {'0': irrelevant, '1': partial, '2': relevant}}",),
    ),
    "more numbers than labels": Form(
        "relevance",
        lambda q: {"query": q["query"], "item": q["item"], "label": 2 * q["grade"] + (q["n"] < 6) * (q["grade"] < 2)},
        {"4": 4, "3": 2, "2": 2, "1": 2, "0": 2},
        ("label: {column: label, grades: ['4', '3', '2', '1', '0']}",),
    ),
    "numbers with fractions": Form(
        "relevance", lambda q: {"query": q["query"], "item": q["item"], "label": (1, 1.67, 2.33, 3)[q["n"] % 4]},
        {"1": 3, "1.67": 3, "2.33": 3, "3": 3},
        ("label: {column: label, grades: ['3', '2.33', '1.67', '1']}",),
    ),
    "prompt and words": Form(
        "relevance",
        lambda q: {"prompt": whole(q), "label": (("不相关", "部分相关", "相关") if q["zh"] else
                                                ("irrelevant", "partial", "relevant"))[q["grade"]]},
        QIR,
    ),
    "prompt and item": Form(
        "relevance",
        lambda q: {"prompt": q["query"], "product": q["item"]["name"],
                   "label": ("irrelevant", "partial", "relevant")[q["grade"]]},
        QIR,
        ("fields: {query: prompt, item: product}",),
    ),
    "columns in Chinese": Form(
        "relevance",
        lambda q: {"搜索词": q["query"], "商家信息": q["item"], "相关性": ("不相关", "部分相关", "相关")[q["grade"]]},
        QIR,
    ),
    "label column of another name": Form(
        "relevance",
        lambda q: {"query": q["query"], "item": q["item"],
                   "judgement": ("Irrelevant", "Complement", "Exact")[q["grade"]]},
        {"Exact": 4, "Complement": 4, "Irrelevant": 4},
        ("label: {column: judgement}",),
    ),
    "pairs of items": Form(
        "relevance",
        lambda q: {"query": q["query"], "pos_item": q["item"]["name"], "neg_item": q["other"]["name"]},
        {"relevant": 12, "irrelevant": 12},
        says=lambda q: [q["query"], q["item"]["name"], q["other"]["name"]],
    ),
    "lists of items": Form(
        "relevance",
        lambda q: {"query": q["query"], "pos": [q["item"]["name"]], "neg": [q["other"]["name"], f"X{q['n']}"]},
        {"relevant": 12, "irrelevant": 24},
        says=lambda q: [q["query"], q["item"]["name"], q["other"]["name"], f"X{q['n']}"],
    ),
    # User behavior prediction.
    "columns without a context": Form(
        "behavior",
        lambda q: {"user_id": q["user"], "user_profile": q["profile"], "behavior_sequence": q["history"],
                   "candidate_item": q["item"], "is_click": int(q["yes"])},
        UBP,
    ),
    "columns in Chinese without a context": Form(
        "behavior",
        lambda q: {"用户id": q["user"], "用户画像": q["profile"], "历史行为": q["history"], "候选商家": q["item"],
                   "是否点击": float(q["yes"])},
        UBP,
    ),
    "columns with a context of another name": Form(
        "behavior",
        lambda q: {"user_id": q["user"], "profile": q["profile"], "history": q["history"], "moment": q["context"],
                   "item": q["item"], "click": int(q["yes"])},
        UBP,
        ("fields: {context: moment}",),
        says=lambda q: [*q["needed"], q["context"]],
    ),
    "words for what the user did": Form(
        "behavior",
        lambda q: {"user": q["profile"], "history": q["history"], "item": q["item"],
                   "action": ("ordered" if q["n"] else "clicked") if q["yes"] else "not_clicked"},
        UBP,
    ),
    "an item and nothing of the user": Form(
        "behavior",
        lambda q: {"user_id": q["user"], "item": q["item"], "label": int(q["yes"])},
        UBP,
        ("fields: {profile: null, history: null, context: null}",),
        says=lambda q: [q["item"]],
    ),
    "click and order": Form(
        "behavior",
        lambda q: {"profile": q["profile"], "history": q["history"], "context": q["context"], "item": q["item"],
                   "click": int(q["yes"]), "order": int(q["yes"] and q["n"] > 4)},
        {"1": 1, "0": 11},
        ("label: {column: order}",),
    ),
    "a long prompt and 0 or 1": Form(
        "behavior", lambda q: {"user_id": q["user"], "prompt": whole(q), "label": int(q["yes"])}, UBP
    ),
    "query and response, acts or not": Form(
        "behavior", lambda q: {"query": whole(q), "response": "是" if q["yes"] else "否"}, UBP
    ),
    "pairs of items, one of which was clicked": Form(
        "behavior",
        lambda q: {"user_id": q["user"], "profile": q["profile"], "history": q["history"], "clicked_item": q["item"],
                   "unclicked_item": f"X{q['n']}"},
        {"1": 12, "0": 12},
        says=lambda q: [*q["needed"], f"X{q['n']}"],
    ),
    "pairs of items and a column that may be the context": Form(
        "behavior",
        lambda q: {"user_id": q["user"], "profile": q["profile"], "history": q["history"], "moment": q["context"],
                   "clicked_item": q["item"], "unclicked_item": f"X{q['n']}"},
        {"1": 12, "0": 12},
        ("fields: {context: moment}",),
        says=lambda q: [*q["needed"], q["context"], f"X{q['n']}"],
    ),
    "pairs of items and nothing of the user": Form(
        "behavior",
        lambda q: {"user_id": q["user"], "pos_item": q["item"], "neg_item": f"X{q['n']}"},
        {"1": 12, "0": 12},
        ("fields: {profile: null, history: null, context: null}",),
        says=lambda q: [q["item"], f"X{q['n']}"],
    ),
    "messages, JSON behind thinking": Form(
        "behavior",
        lambda q: {"messages": turns(q, thought(json.dumps({"reason": "it rains", "answer": int(q["yes"])})))},
        UBP,
    ),
    "prompt and item beside a click": Form(
        "behavior",
        lambda q: {"user_id": q["user"], "prompt": "\n".join([q["profile"], *q["history"]]), "item": q["item"],
                   "click": int(q["yes"])},
        UBP,
        ("messages: [prompt, item]",),
    ),
    # Item ranking.
    "grades in the candidates": Form(
        "ranking",
        lambda q: {"user_profile": q["profile"], "history": q["history"],
                   "candidates": [{**c, "clicked": int(i == q["chosen"])} for i, c in enumerate(q["candidates"])]},
        IR,
    ),
    "candidates beside items and clicked": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": q["candidates"],
                   "items": [c["id"] for c in q["candidates"]],
                   "clicked": [int(i == q["chosen"]) for i in range(4)]},
        IR,
    ),
    "an object of items and clicked": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"],
                   "candidates": {"items": [c["name"] for c in q["candidates"]],
                                  "clicked": [int(i == q["chosen"]) for i in range(4)]}},
        IR,
    ),
    "ids of the clicked": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": q["candidates"],
                   "clicked": [q["candidates"][q["chosen"]]["id"]]},
        IR,
    ),
    "messages beside candidates": Form(
        "ranking",
        lambda q: {"messages": turns(q, thought(json.dumps({"reason": "A is far", "answer": "ABCD"[q["chosen"]]}))),
                   "candidates": q["candidates"]},
        IR,
    ),
    "number of the chosen": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": [c["name"] for c in q["candidates"]],
                   "label": max(q["chosen"], 1)},
        IR,
        ("label: {column: label, numbers: from 0}",),
    ),
    "a row for each candidate, with its list": Form(
        "ranking",
        lambda q: [{"session_id": f"s{q['n']}", "profile": q["profile"], "history": q["history"], "item": c["name"],
                    "clicked": int(i == q["chosen"])} for i, c in enumerate(q["candidates"])],
        IR,
    ),
    "a prompt for each candidate": Form(
        "ranking",
        lambda q: [{"prompt": about(q, c["name"]), "label": int(i == q["chosen"])}
                   for i, c in enumerate(q["candidates"])],
        IR,
        ("list_id: {column: prompt, without: '(?:Candidate:[ \\t]*|候选商家：[ \\t]*)(.+)'}",),
    ),
    "a prompt for each candidate, no lists": Form(
        "ranking",
        lambda q: [{"prompt": about(q, c["name"]), "label": int(i == q["chosen"])}
                   for i, c in enumerate(q["candidates"])],
        {"0": 36, "1": 12},
        ("messages: prompt", "no_lists: true", "fields: {candidates: null}"),
    ),
    "lists of the chosen and of the others": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "pos": names(q, True), "neg": names(q, False)},
        IR,
    ),
    "prompt, the chosen and the others": Form(
        "ranking",
        lambda q: {"prompt": "\n".join([q["profile"], *q["history"]]), "pos": names(q, True), "neg": names(q, False)},
        IR,
        ("fields: {candidates: [pos, neg], context: prompt}",),
    ),
    "objects of the chosen and of the others": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "positive": q["candidates"][q["chosen"]],
                   "negatives": [c for i, c in enumerate(q["candidates"]) if i != q["chosen"]]},
        IR,
    ),
    "candidates in one text": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": "；".join(names(q)),
                   "label": names(q)[q["chosen"]]},
        IR,
    ),
    "candidates in one text, a label for each": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "候选商家": "|".join(names(q)),
                   "labels": "|".join(str(int(i == q["chosen"])) for i in range(4))},
        IR,
    ),
    "candidates in numbered lines": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "label": q["chosen"] + 1,
                   "candidates": "\n".join(f"{i}. {name}" for i, name in enumerate(names(q), 1))},
        IR,
    ),
    "candidates in one text, commas": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": ", ".join(names(q)),
                   "clicked": [i == q["chosen"] for i in range(4)]},
        IR,
    ),
    "ranks": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": names(q), "rank": ranks(q)},
        IR,
    ),
    "ranks in the candidates": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"],
                   "candidates": [{**c, "rank": rank} for c, rank in zip(q["candidates"], ranks(q), strict=True)]},
        IR,
    ),
    "a row for each candidate, with its rank": Form(
        "ranking",
        lambda q: [{"session_id": f"s{q['n']}", "profile": q["profile"], "history": q["history"], "item": name,
                    "rank": rank} for name, rank in zip(names(q), ranks(q), strict=True)],
        IR,
    ),
    "ranking": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": names(q), "ranking": ranks(q)},
        IR,
        ("label: {column: ranking, listed: ranks}",),
    ),
    "names from the best on": Form(
        "ranking",
        lambda q: {"profile": q["profile"], "history": q["history"], "candidates": names(q),
                   "ranking": names(q, True) + names(q, False)},
        IR,
    ),
    "candidates in the text, best first": Form(
        "ranking",
        lambda q: {"messages": [{"role": "user", "content": numbered(q)},
                                {"role": "assistant", "content": thought(best_first(q))}]},
        IR,
        ("label: {column: messages, read: answer, listed: order}",
         "fields: {candidates: {column: messages, pattern: '(?m)^[ \\t]*(\\d{1,3})[.)、．:：][ \\t]*(.+)$'}}"),
    ),
}  # fmt: skip
