"""Completions of real models with something broken in them, and log-probabilities that no model returns."""

from __future__ import annotations

import json
import math
import random
from functools import cache
from pathlib import Path
from typing import TypeAlias

from recrm_tasks.answers.prompt import LANGS, STYLES, Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Form

CORPUS = Path(__file__).resolve().parents[1] / "answers"
MEGABYTE = 1_000_000

FORMS = [
    '{{"answer": "{a}"}}', '{{"probability": {p}}}', '{{"ranking": {r}}}', "{{'answer': '{a}'}}",
    "{{answer: {a}}}", '[{{"answer": "{a}"}}]', '{{"answer": {{"label": "{a}"}}}}',
    '```json\n{{"answer": "{a}"}}\n```', "{a}", "{a}.", "({a})", "**{a}**", "\\boxed{{{a}}}",
    "\\boxed{{\\text{{{a}}}}}", "$\\boxed{{\\mathrm{{{a}}}}}$", "[[{a}]]", "<answer>{a}</answer>",
    "Answer: {a}", "The answer is {a}.", "The correct option is {a}", "I choose {a}.", "Verdict: {w}", "选{a}",
    "故选{a}", "我选择{a}", "选择：{a}", "答：{a}", "【{a}】", "答案是{a}。", "结论：{a}", "判断：{w}", "{w}",
    "{a} ({w})", "{a}: {w}", "Probability: {p}", "{p}", "概率约为{p}", "about {p}", "~{p}", "70 %", "7e-1",
    "{p} (likely)", "0.6-0.7", "{o}", "{g}", "Ranking: {g}", "排序：{g}", "{n}", "{b}",
    "<think>\nIt may be {a}.\n</think>\n\n{a}", "<think>I see {a}, so {w}",
    "Let me see. {w}\n</think>\n\n{{\"answer\": \"{a}\"}}", "[THINK]{a}?[/THINK]{a}",
    "<|channel|>analysis<|message|>We reply {{\"answer\": \"{a}\"}} if<|end|><|start|>assistant<|channel|>final"
        "<|message|>{{\"answer\": \"{a}\"}}<|return|>",
    "analysisWe weigh {a}.assistantfinal{a}", "<seed:think>{a}</seed:think>{a}",
    "<|channel>thought\n{a}<channel|>{a}", "<|begin_of_box|>{a}<|end_of_box|>", "{a}<|im_end|>", "{a}</s>",
    "{a}<|eot_id|>", "Both are possible, {a} or {w}.", "Reason: {w}\n\nAnswer: {a}", "> {a}\n\n{a}",
    "| id | answer |\n|---|---|\n| 1 | {a} |",
]  # fmt: skip

MARKS = [
    "<think>", "</think>", "<thinking>", "</reasoning>", "◁think▷", "◁/think▷", "[THINK]", "[/THINK]",
    "<seed:think>", "</seed:think>", "<mm:think>", "<reasoning_content>", "<|channel|>analysis<|message|>",
    "<|channel|>final<|message|>", "<|channel>thought", "<channel|>", "<|end|>", "<|start|>assistant",
    "assistantfinal", "analysis", "<|im_end|>", "</s>", "<|eot_id|>", "<|return|>", "<end_of_turn>",
    "<|begin_of_box|>", "<|end_of_box|>", "<answer>", "</answer>", "[[", "]]", "{", "}", "[", "]", "(", ")",
    '"', "'", "“", "”", "「", "『", "`", "```", "```json\n", "~~~", "\\boxed{", "\\text{", "$", "$$", "\\",
    "\\\"", "\\u0041", "\\ud83d", "{{", "}}", '{"', '":', ",", "，", "、", ":", "：", ";", "=", ">", ">=", "＞",
    "<", "≥", "≻", "->", "|", "#", "*", "**", "_", "-", "- ", "• ", "1. ", "1) ", "①", "(a) ", "> ", "%", "％",
    "/", "~", "约", "到", "0", "1", "7", "0.5", ".5", "5.", "1.0", "-1", "-0", "+1", "1/2", "1e5", "1e309",
    "-1e309", "1e-400", "0x1F", "1_0", "1,5", "9" * 400, "0." + "3" * 400, "NaN", "nan", "Infinity", "-inf",
    "null", "true", "None", "½", "Ⅳ", "٣", "７", "𝟕", "三", "百分之七十", "A", "B", "C", "Z", "AB", "a", "Ａ",
    "𝐀", "А", "Á", "是", "否", "不", "yes", "no", "not ", "answer", "Answer: ", "答案", "答案是", "是", "is",
    "ranking", "probability", "选", "或", " or ", " and ", "both", "\n", "\n\n", "\r", "\r\n", "\t", " ",
    "\u3000", "\xa0", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\x00", "\x07", "\x1b[31m",
    "\x7f", "\ufeff", "\u200b", "\u202e", "\u2066", "\ud800", "\udfff", "\ufffd", "\U0010ffff", "e\u0301",
    "\u0301" * 50, "👩‍👩‍👧", "🇨🇳", "ß", "İ", "ſ", "ﬁ", "ก็",
]  # fmt: skip


@cache
def prompts(key: str) -> list[Prompt]:
    """Questions of a dimension, in every language and style."""
    return [
        prompt
        for lang in LANGS
        for style in STYLES
        for prompt in load(key, "sample", lang=lang, limit=4).prompts("generate", form=Form(style))
    ]


@cache
def corpus() -> list[str]:
    """Texts of the corpus of answers, where it has been written."""
    texts = []
    for file in sorted(CORPUS.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        texts += [row["text"] for row in rows if isinstance(row.get("text"), str)]
    return texts


def realistic(prompt: Prompt, chance: random.Random) -> str:
    """An answer in one of the forms that models use, right or wrong."""
    texts = corpus()
    if texts and chance.random() < 0.3:
        return chance.choice(texts)
    if chance.random() < 0.05:
        return prompt.messages[-1].content
    order = chance.sample(prompt.choices, len(prompt.choices))
    words = [word for names in prompt.words for word in names] or ["likely"]
    return chance.choice(FORMS).format(
        a=chance.choice(prompt.choices),
        w=chance.choice(words),
        p=chance.choice(["0.7", "0.05", "1", "0", "0.999", "70%"]),
        r=json.dumps(order),
        o=", ".join(order),
        g=" > ".join(order),
        n="\n".join(f"{i}. {name}" for i, name in enumerate(order, 1)),
        b="\n".join(f"- {name}: fits" for name in order),
    )


def mangled(text: str, prompt: Prompt, chance: random.Random, longest: int) -> str:
    """The text after some changes; at most `longest` characters."""
    for _ in range(chance.randint(0, 6)):
        at = chance.randrange(len(text) + 1)
        to = min(len(text), at + chance.choice([1, 1, 2, 5, 20, 200]))
        how = chance.randrange(12)
        if how < 5:
            text = text[:at] + chance.choice(MARKS) + text[at:]
        elif how == 5:
            text = text[:at] + text[to:]
        elif how == 6:
            text = text[:at] if chance.random() < 0.5 else text[at:]
        elif how == 7:
            text = text[:at] + text[at:to] * chance.choice([2, 3, 30]) + text[to:]
        elif how == 8:
            lines = text.splitlines(keepends=True)
            chance.shuffle(lines)
            text = "".join(lines)
        elif how == 9:
            text = text + chance.choice(["", " ", "\n", "\n\n"]) + realistic(prompt, chance)
        elif how == 10:
            text = chance.choice([str.upper, str.lower, str.swapcase, json.dumps, repr, str.title])(text)
        else:
            text = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and chance.random() < 0.5 else c for c in text)
    return text[:longest]


def repeated(text: str, chance: random.Random, size: int) -> str:
    """A text of that size that repeats itself: part of it, a mark, or two marks in turns."""
    how = chance.randrange(4)
    if how == 0:
        unit = text
    elif how == 1:
        at = chance.randrange(len(text) + 1)
        unit = text[at : at + chance.choice([1, 2, 5, 20])]
    elif how == 2:
        unit = chance.choice(MARKS)
    else:
        unit = chance.choice(MARKS) + chance.choice(MARKS)
    unit = unit or "B\n"
    body = (unit * (size // len(unit) + 1))[:size]
    return body if chance.random() < 0.5 else (text + body if chance.random() < 0.5 else body + text)


def completion(seed: int, longest: int = MEGABYTE) -> tuple[str, Prompt, object]:
    """One case: the key of a dimension, a question, and what a model answered.

    Args:
        seed: of the case. One of 500 is as long as `longest`.
        longest: characters of the longest texts.
    """
    chance = random.Random(f"completion {seed}")
    keys = list(dimensions())
    key = keys[seed % len(keys)]
    prompt = chance.choice(prompts(key))
    text = realistic(prompt, chance)
    if seed % (500 * len(keys)) < len(keys):
        return key, prompt, repeated(text, chance, longest)
    if chance.random() < 0.002:
        return key, prompt, chance.choice([None, 7, 0.5, b"B", ["B"], {"answer": "B"}, True, math.nan])
    return key, prompt, mangled(text, prompt, chance, 20_000)


ODD_LOGPROBS = [-math.inf, 0.0, -0.0, -1e-300, -1e-9, -0.5, -0.5, -1.0, -40.0, -745.2, -1e308, 1e-9, 3.0, 700.0]


def logprobs(seed: int) -> tuple[str, Prompt, list[float]]:
    """One case of the other mode: log-probabilities of the allowed answers; one in ten has a NaN or too few."""
    chance = random.Random(f"logprobs {seed}")
    key = chance.choice(list(dimensions()))
    prompt = chance.choice(prompts(key))
    values = [chance.choice([*ODD_LOGPROBS, -chance.random() * 20]) for _ in prompt.choices]
    if chance.random() < 0.1:
        values[chance.randrange(len(values))] = chance.choice([math.nan, math.inf])
    elif chance.random() < 0.05:
        values = values[: chance.randrange(len(values))] if chance.random() < 0.5 else [*values, -1.0]
    return key, prompt, values


Token: TypeAlias = tuple[str, float, list[tuple[str, float]]]
"""A token, its log-probability, and the same of its alternatives."""


def tokens(seed: int) -> tuple[str, Prompt, list[Token]]:
    """What a server reports in log-probability mode: each token with its log-probability and its alternatives."""
    chance = random.Random(f"tokens {seed}")
    key = chance.choice(list(dimensions()))
    prompt = chance.choice(prompts(key))
    text = mangled(realistic(prompt, chance), prompt, chance, 500)
    width = chance.randint(1, 6)
    pieces = [text[i : i + width] for i in range(0, len(text), width)]
    pieces = chance.choice(
        [pieces, [chance.choice(prompt.choices)], [" " + chance.choice(prompt.choices)], [""], pieces]
    )
    names = [*prompt.choices, *(f" {name}" for name in prompt.choices), *MARKS]

    def value() -> float:
        return min(0.0, chance.choice([*ODD_LOGPROBS, -chance.random() * 20]))

    return key, prompt, [
        (piece, value(), [(chance.choice(names), value()) for _ in range(chance.choice([0, 1, 5, 20]))])
        for piece in pieces
    ]  # fmt: skip
