"""Thinking of every family goes if it is finished, and is `truncated` if not; special tokens are no part of answers."""

from __future__ import annotations

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.answers.thinking import (
    FAMILIES,
    HARMONY,
    HARMONY_HEADER,
    answer_start,
    closing_of,
    left_open,
    without_thinking,
)
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension
from recrm_tasks.scoring.outcomes import Answer, Reason

PLAIN = [family for family in FAMILIES if family is not HARMONY]
ANALYSIS = "<|channel|>analysis<|message|>"
FINAL = "<|channel|>final<|message|>"
RIGHT, WRONG = '{"answer": "B"}', '{"answer": "A"}'


@cache
def first_prompt() -> Prompt:
    return next(iter(load("factual", "sample").prompts("generate")))


def read(text: str, opened: str | None = None, marks: tuple[str, str] | None = None) -> Answer:
    return dimension("factual").kind.read(text, first_prompt()._replace(opened=opened, marks=marks))


@pytest.mark.parametrize("family", PLAIN, ids=lambda one: one.opening)
def test_thinking_of_every_family(family) -> None:
    opening, closing = family.opening, family.closing
    b, truncated = Answer(1), Answer.invalid(Reason.TRUNCATED)
    assert read(f"{opening}Is it {WRONG}? No.{closing}\n\n{RIGHT}") == b
    assert read(f"{opening.upper()}{WRONG}{closing.upper()}{RIGHT}") == b
    assert read(f"{opening}\nWe reply {WRONG} if the evidence") == truncated
    assert read(f"{RIGHT}{opening}but wait") == truncated
    assert read(f"{opening}{WRONG}{closing}{RIGHT}{opening}hm") == truncated
    assert read(f"Is it {WRONG}? No.{closing}{RIGHT}") == b  # the prompt had the opening mark
    assert read(f"Is it {WRONG}? No.{closing}{RIGHT}", opened=opening) == b
    assert read(f"{opening}{WRONG}{closing}{RIGHT}", opened=opening) == b
    assert read(f"We reply {WRONG} if the evidence", opened=opening) == truncated
    assert read(f"{opening}{WRONG}{closing}") == Answer.invalid(Reason.EMPTY)


def test_a_section_ends_with_its_own_mark() -> None:
    assert read(f"<think><reasoning>x</reasoning> {WRONG} or") == Answer.invalid(Reason.TRUNCATED)
    assert read(f"<think><reasoning>x</reasoning> {WRONG}?</think>{RIGHT}") == Answer(1)
    assert read(f"{WRONG}</reasoning>", opened="<think>") == Answer.invalid(Reason.TRUNCATED)


@pytest.mark.parametrize(
    "text",
    [
        f"{ANALYSIS}We reply {WRONG}?<|end|><|start|>assistant{FINAL}{RIGHT}<|return|>",
        f"<|start|>assistant{ANALYSIS}{WRONG}<|end|><|start|>assistant{FINAL}{RIGHT}",
        f"{ANALYSIS}{WRONG}<|end|>{RIGHT}",  # as llama.cpp leaves it
        f"{ANALYSIS}{WRONG}{FINAL}{RIGHT}",
        f"{FINAL}{RIGHT}<|return|>",
        f"{ANALYSIS}x<|end|><|start|>assistant<|channel|>commentary<|message|>{WRONG}<|end|>{FINAL}{RIGHT}",
        f"{ANALYSIS}x<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{RIGHT}<|return|>",
        f"{FINAL}{RIGHT}<|return|><|start|>user<|message|>{WRONG}",
        f"analysisWe reply {WRONG}?assistantfinal{RIGHT}",
        f"analysis{WRONG}assistantcommentaryhm assistantfinal{RIGHT}",
        f"analysis of it: {WRONG}\nassistantfinal\n{RIGHT}",
        f"assistantfinal{RIGHT}",
    ],
)
def test_the_final_channel_of_harmony_is_the_answer(text: str) -> None:
    assert read(text) == Answer(1)
    assert read(text, opened=HARMONY_HEADER) == Answer(1)


@pytest.mark.parametrize(
    "text",
    [
        f"{ANALYSIS}We reply {WRONG} if",
        f"{ANALYSIS}x<|end|><|start|>assistant<|channel|>",
        f"{ANALYSIS}x<|end|><|start|>assistant<|channel|>final",
        f"{ANALYSIS}x<|end|><|start|>assistant<|channel|>commentary<|message|>{WRONG}",
        f"analysisWe reply {WRONG} if",
        f"thought\nWe reply {WRONG} if",  # Gemma without its special tokens
    ],
)
def test_harmony_without_a_final_channel_is_unfinished(text: str) -> None:
    assert read(text) == Answer.invalid(Reason.TRUNCATED)


@pytest.mark.parametrize("text", ["Analysis: it fits.\nAnswer: B", "analysis of the claims.\nAnswer: B", "Analysis\nB"])
def test_the_word_analysis_is_an_ordinary_word(text: str) -> None:
    assert read(text) == Answer(1)


def test_a_prompt_that_ends_before_the_name_of_a_channel() -> None:
    """Servers that drop special tokens leave the name alone; those that understand it leave nothing."""
    assert read("finalB", opened=HARMONY_HEADER) == Answer(1)
    assert read(f"final{RIGHT}", opened=HARMONY_HEADER) == Answer(1)
    assert read("B", opened=HARMONY_HEADER) == Answer(1)
    assert read("Final answer: B", opened=HARMONY_HEADER) == Answer(1)
    assert read(f"analysis of it: {WRONG}", opened=HARMONY_HEADER) == Answer.invalid(Reason.TRUNCATED)


@pytest.mark.parametrize(
    "end",
    [
        *(
            "<|im_end|>",
            "<|endoftext|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|end_of_text|>",
            "<|return|>",
            "<|end|>",
            "</s>",
        ),
        *("<end_of_turn>", "<turn|>", "<｜end▁of▁sentence｜>", "<|END_OF_TURN_TOKEN|>", "<eos>", "<seed:eos>"),
        *("</s></s>", " </s>\n</s>\n", "<|im_end|>\n<|im_start|>user\nAnd A?", "<|eot_id|>\n\nAnswer: A"),
    ],
)
def test_what_ends_a_turn_is_no_part_of_the_answer(end: str) -> None:
    assert read(f"B{end}") == Answer(1)
    assert read(f"<think>A</think>\n{RIGHT}{end}") == Answer(1)


def test_a_token_that_is_also_markup_ends_nothing() -> None:
    assert without_thinking("<s>no</s> yes</s>") == "<s>no</s> yes"


def test_boxes_are_explicit_answers() -> None:
    assert read("It is <|begin_of_box|>B<|end_of_box|>, since A is not.") == Answer(1)
    assert read("<think>A</think><|begin_of_box|>B<|end_of_box|>") == Answer(1)
    assert read(f"So: <|begin_of_box|>{RIGHT}<|end_of_box|>") == Answer(1)
    assert read("<|begin_of_box|>B").value is None


def test_own_marks() -> None:
    marks = "<plan>", "</plan>"
    assert read(f"<plan>{WRONG}</plan>{RIGHT}") == Answer.invalid(Reason.AMBIGUOUS)
    assert read(f"<plan>{WRONG}</plan>{RIGHT}", marks=marks) == Answer(1)
    assert read(f"<plan>{WRONG}", marks=marks) == Answer.invalid(Reason.TRUNCATED)
    assert read(f"<think>{WRONG}</think>{RIGHT}", marks=marks) == Answer(1)
    words = "Here is my thought process:", "Here is my response:"
    assert read(f"{words[0]} {WRONG} {words[1]} {RIGHT}", marks=words) == Answer(1)
    assert left_open("<go><plan>\n", marks) == "<plan>"
    assert closing_of("<plan>", marks) == "\n</plan>\n\n"


GENERATION_PROMPTS = [
    ("<|im_end|>\n<|im_start|>assistant\n", None),  # Qwen3
    ("<|im_end|>\n<|im_start|>assistant\n<think>\n", "<think>"),  # Qwen3-Thinking-2507
    ("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", None),  # Qwen3, enable_thinking=false
    ("<｜Assistant｜><think>\n", "<think>"),  # DeepSeek-R1
    ("<｜Assistant｜></think>", None),  # DeepSeek-V3.1, thinking=false
    ("[/INST]", None),  # Magistral
    ("<seed:eos><seed:bos>assistant\n<seed:think>", "<seed:think>"),  # Seed-OSS
    ("<turn|>\n<|turn>model\n<|channel>thought\n<channel|>", None),  # Gemma 4, enable_thinking=false
    ("<turn|>\n<|turn>model\n<|channel>thought\n", "<|channel>"),
    ("<|end|><|start|>assistant", HARMONY_HEADER),  # gpt-oss
    (f"<|end|><|start|>assistant{ANALYSIS}", ANALYSIS),
    (f"<|end|><|start|>assistant{FINAL}", None),
    ("<|im_assistant|>assistant<|im_middle|>◁think▷", "◁think▷"),  # Kimi
    ("", None),
]


@pytest.mark.parametrize(("end", "opened"), GENERATION_PROMPTS)
def test_what_generation_prompts_leave_open(end: str, opened: str | None) -> None:
    assert left_open(end) == opened
    if opened is not None:
        assert left_open(end + closing_of(opened)) is None


def test_closed_thinking_is_as_the_templates_themselves_write_it() -> None:
    assert "<think>\n" + closing_of("<think>") == "<think>\n\n</think>\n\n"  # Qwen3
    assert "<|channel>thought\n" + closing_of("<|channel>") == "<|channel>thought\n<channel|>"  # Gemma 4
    assert closing_of(HARMONY_HEADER) == FINAL


def test_where_an_answer_starts_among_tokens() -> None:
    assert answer_start("A") == 0
    assert answer_start("</think>\n\nB") == len("</think>")
    assert answer_start(f"{ANALYSIS}x<|end|><|start|>assistant{FINAL}B<|return|>", HARMONY_HEADER) > 0
    assert answer_start("A", "<think>") is Reason.TRUNCATED
    assert answer_start("<|channel|>") is Reason.TRUNCATED


PIECES = [
    *(mark for family in FAMILIES for mark in (family.opening, family.closing)),
    *("<|end|>", "<|start|>assistant", "<|channel|>", "</s>", "</s> ", "<", "[", "analysis", "assistantfinal", "｜"),
    *("<|begin_of_box|>", "<|begin_of_box|>B<|end_of_box|>", " \n", "<|im_end|>", "B<|im_end|>"),
]


@pytest.mark.parametrize("piece", PIECES)
def test_time_is_linear(piece: str) -> None:
    """A fraction of a second on any machine; in quadratic time it would be minutes."""
    start = time.process_time()
    without_thinking("<|channel|>" + piece * (300_000 // len(piece)))
    assert time.process_time() - start < 10


@given(st.lists(st.sampled_from([*PIECES, "A", "{", "\n", "x "])).map("".join), st.sampled_from([None, "<think>"]))
def test_any_mixture_is_read(text: str, opened: str | None) -> None:
    found = without_thinking(text, opened)
    assert isinstance(found, str)
    assert answer_start(text, opened) in range(len(text) + 1) or answer_start(text, opened) is Reason.TRUNCATED
