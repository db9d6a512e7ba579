"""The corpus of answers: what a careful reader who sees only the text and the options reads in each text.

Each line of `*.jsonl` has `text`, `options` (as the prompt shows them), `expected` (a letter, a probability, a list of
letters, or null if the text must not be read), `reason` if it must not, `form` and `lang`.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.scoring.outcomes import Answer, Reason

HERE = Path(__file__).parent
LINES = [
    (file.stem, json.loads(line))
    for file in sorted(HERE.glob("*.jsonl"))
    for line in file.read_text(encoding="utf-8").splitlines()
]


@cache
def prompt_of(key: str, lang: str, letters: int) -> Prompt:
    """A prompt of the sample; for a list, with this number of candidates."""
    prompt = next(load(key, "sample", lang=lang).prompts("generate"))
    if key != "ranking":
        return prompt
    return prompt._replace(choices=tuple("ABCDEFGHIJ"[:letters]), gold=(1,) + (0,) * (letters - 1))


def expected_answer(line: dict[str, object], prompt: Prompt) -> Answer:
    """The expected reading in the reader's own terms."""
    expected = line["expected"]
    if expected is None:
        return Answer.invalid(Reason(line["reason"]))
    if isinstance(expected, list):
        scores = [float(len(prompt.choices) - expected.index(c)) if c in expected else 0.0 for c in prompt.choices]
        return Answer(tuple(scores))
    return Answer(prompt.choices.index(expected) if isinstance(expected, str) else expected)


# One test for each dimension, not for each text: pytest takes longer over a test than the reader over a text.
@pytest.mark.parametrize("key", dimensions())
def test_every_text_of_the_corpus(key: str) -> None:
    kind = dimension(key).kind
    wrong = []
    for line in (line for name, line in LINES if name == key):
        prompt = prompt_of(key, line["lang"], len(line["options"]))
        found, expected = kind.read(line["text"], prompt), expected_answer(line, prompt)
        if found != expected:
            wrong.append(f"{line['form']}: {line['text']!r} is read as {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("key", dimensions())
def test_the_options_are_those_of_the_prompt(key: str) -> None:
    for line in (line for name, line in LINES if name == key and isinstance(line["options"], dict)):
        prompt = prompt_of(key, line["lang"], len(line["options"]))
        shown = prompt.messages[-1].content
        assert tuple(line["options"]) == prompt.choices
        assert all(f"{letter}. {text}" in shown for letter, text in line["options"].items())


def test_the_corpus_covers_every_dimension_both_languages_and_what_must_not_be_read():
    counts = Counter((key, line["lang"], line["expected"] is None) for key, line in LINES)
    for key in dimensions():
        for lang in ("zh", "en"):
            assert counts[key, lang, False] >= 10
            assert counts[key, lang, True] >= 10
        unread = sum(counts[key, lang, True] for lang in ("zh", "en"))
        assert unread >= sum(counts[key, lang, False] for lang in ("zh", "en")) / 3
