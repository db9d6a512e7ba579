"""Thinking sections and special tokens: they surround an answer and are not part of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from recrm_tasks.scoring.outcomes import Reason

Marks: TypeAlias = tuple[str, str]
"""What opens a thinking section, and what closes it."""


class Family(NamedTuple):
    """How some models mark their thinking."""

    models: str
    opening: str
    closing: str
    source: str
    """Where the marks are documented."""
    before: str = "\n"
    """What a closed, empty section has before its closing mark."""
    after: str = "\n\n"
    """The same for after it."""


HARMONY = Family(
    "gpt-oss",
    "<|channel|>analysis<|message|>",
    "<|channel|>final<|message|>",
    "OpenAI harmony response format",
    before="<|end|><|start|>assistant",
    after="",
)
HARMONY_HEADER = "<|start|>assistant"
"""The end of a harmony prompt: next comes the name of a channel, never an answer."""

FAMILIES: tuple[Family, ...] = (
    Family("Qwen3, DeepSeek-R1, GLM-4.5, Phi-4-reasoning, SmolLM3, …", "<think>", "</think>", "their chat templates"),
    Family("prompted models", "<thinking>", "</thinking>", "Anthropic's prompt guide"),
    Family("EXAONE Deep", "<thought>", "</thought>", "its chat template"),
    Family("fine-tuned models", "<reason>", "</reason>", "model cards"),
    Family("fine-tuned models", "<reasoning>", "</reasoning>", "model cards"),
    Family(
        "servers that add it to the text", "<reasoning_content>", "</reasoning_content>", "RooCodeInc/Roo-Code#8522"
    ),
    Family("Kimi-VL", "◁think▷", "◁/think▷", "its chat template"),
    Family("Magistral", "[THINK]", "[/THINK]", "mistral-common", before="", after=""),
    Family("Seed-OSS", "<seed:think>", "</seed:think>", "its chat template"),
    Family("MiniMax-M3", "<mm:think>", "</mm:think>", "its chat template"),
    Family("Gemma 4", "<|channel>", "<channel|>", "its chat template: <|channel>thought", before="", after=""),
    Family("OpenThinker", "<|begin_of_thought|>", "<|end_of_thought|>", "OpenThoughts' prompt"),
    Family("Command A Reasoning", "<|START_THINKING|>", "<|END_THINKING|>", "its chat template"),
    Family("Apertus", "<|inner_prefix|>", "<|inner_suffix|>", "its chat template", before="", after=""),
    HARMONY,
)

_ENDS = (
    *(
        "<|im_end|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        "<|eom_id|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
    ),
    *("<end_of_turn>", "<turn|>", "<|end▁of▁sentence|>", "<|END_OF_TURN_TOKEN|>", "<|END_RESPONSE|>", "<seed:eos>"),
    *("<|assistant_end|>", "<|end_of_solution|>"),
)
"""Tokens that end a turn: what follows is not the model's answer."""
_LAST = ("</s>", "<eos>", "<|eos|>")
"""Tokens that end a turn, but may also be markup within one: only the last of a text are removed."""
_STARTS = ("<|START_RESPONSE|>", "<|begin_of_solution|>")
"""Tokens that start the answer."""

_CHANNEL = r"<\|channel\|>(?P<name>[^<]*)(?:<\|constrain\|>[^<]*)?(?P<message><\|message\|>)?"
_BOX = re.compile(r"<\|begin_of_box\|>([^<]*)<\|end_of_box\|>")
_HARMONY_AS_TEXT = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)(?P<word>[A-Za-z])?")
_FINAL_AS_TEXT = re.compile(r"\s*final(?![a-z ])")
_FINAL = "assistantfinal"
_GEMMA_AS_TEXT = re.compile(r"\s*thought\n")
_WIDE = {0xFF1C: "<", 0xFF5C: "|", 0xFF1E: ">"}


def without_thinking(text: str, opened: str | None = None, marks: Marks | None = None) -> str | Reason:
    """The answer's part of a completion: without thinking sections, special tokens and what follows the turn's end.

    If the section was opened in the prompt, the text has only the closing mark; one that closes nothing counts as the
    end of such a section. Time is linear in the length of the text.

    Args:
        text: what the model wrote.
        opened: what the prompt left open, as `left_open` returns it.
        marks: marks of a family that is not in the table.

    Returns:
        The text; or `truncated` if a section is never closed, since the model was cut off while thinking.
    """
    if any(chr(wide) in text for wide in _WIDE):
        text = text.translate(_WIDE)
    plain = _plain_channels(text, opened == HARMONY_HEADER)
    if plain is not None:
        return plain if isinstance(plain, Reason) else _without_tokens(plain)
    parts = _parts(text, opened, marks)
    if isinstance(parts, Reason):
        return parts
    return _without_tokens("\n".join(text[start:end] for start, end in parts))


def answer_start(text: str, opened: str | None = None, marks: Marks | None = None) -> int | Reason:
    """Where the answer begins in a text with its special tokens; `truncated` as in `without_thinking`."""
    parts = _parts(text, opened, marks)
    return parts if isinstance(parts, Reason) else parts[-1][0]


def left_open(prompt_end: str, marks: Marks | None = None) -> str | None:
    """What the end of a prompt leaves open: an opening mark, `HARMONY_HEADER`, or None if an answer can follow.

    Args:
        prompt_end: what the chat template writes after the last turn.
        marks: as in `without_thinking`.
    """
    if prompt_end.rstrip().endswith(HARMONY_HEADER):
        return HARMONY_HEADER
    inside: str | None = None
    for kind, family, _ in _found(prompt_end, marks):
        if kind == "open" and inside is None:
            inside = family
        elif kind == "final" or (kind == "close" and family == inside):
            inside = None
    return inside


def closing_of(opened: str, marks: Marks | None = None) -> str:
    """The text that closes a thinking section in a prompt, so that an answer can follow.

    Args:
        opened: what `left_open` found.
        marks: as in `without_thinking`.
    """
    if opened == HARMONY_HEADER:
        return HARMONY.closing
    if marks is not None and opened == marks[0]:
        return f"\n{marks[1]}\n\n"
    family = next(one for one in FAMILIES if one.opening == opened)
    return f"{family.before}{family.closing}{family.after}"


def _parts(text: str, opened: str | None, marks: Marks | None) -> list[tuple[int, int]] | Reason:
    """Start and end of each part of a text that is not thinking, at least one; `truncated` if the last is thinking."""
    inside = None if opened == HARMONY_HEADER else opened
    kept: list[tuple[int, int]] = []
    start, end = 0, len(text)
    for kind, family, found in _found(text, marks):
        if kind == "open":
            if inside is None:
                kept.append((start, found.start()))
                inside = family
        elif kind == "close":
            if inside in (None, family):
                if inside is None:
                    kept.clear()
                inside, start = None, found.end()
        elif kind == "final":
            kept.clear()
            inside, start = None, found.end()
        elif kind == "header":
            if inside is None:
                kept.append((start, found.start()))
                start = found.end()
        elif inside == HARMONY.opening:  # each channel is a message, and has its end
            inside, start = None, found.end()
        elif inside is None:
            end = found.start()
            break
    return Reason.TRUNCATED if inside is not None else [*kept, (start, end)]


def _found(text: str, marks: Marks | None) -> list[tuple[str, str, re.Match[str]]]:
    """The marks of a text in their order: kind (open, close, final, header, end), opening mark of the family, match."""
    pattern, kinds = _pattern(marks)
    found = []
    for match in pattern.finditer(text):
        if match["channel"]:
            final = match["name"].split(" ")[0] == "final" and match["message"]
            found.append(("final" if final else "open", HARMONY.opening, match))
        elif match["header"]:
            found.append(("header", HARMONY.opening, match))
        else:
            found.append((*kinds[match[0].lower()], match))
    return found


@lru_cache(maxsize=8)
def _pattern(marks: Marks | None) -> tuple[re.Pattern[str], dict[str, tuple[str, str]]]:
    """The pattern of all marks, and for each mark in lower case its kind and the opening mark of its family."""
    kinds = {end.lower(): ("end", "") for end in _ENDS} | {start.lower(): ("final", "") for start in _STARTS}
    families = [(one.opening, one.closing) for one in FAMILIES if one is not HARMONY]
    for opening, closing in (*families, *((marks,) if marks else ())):
        kinds[opening.lower()] = ("open", opening)
        kinds[closing.lower()] = ("close", opening)
    words = sorted(kinds, key=len, reverse=True)
    first = "".join(re.escape(letter) for letter in sorted({case for word in words for case in _cases(word[0])}))
    every = "|".join(re.escape(word) for word in words)
    pattern = rf"(?=[{first}])(?:(?P<channel>{_CHANNEL})|(?P<header><\|start\|>\w*)|(?:{every}))"
    return re.compile(pattern, re.IGNORECASE), kinds


def _cases(letter: str) -> tuple[str, str]:
    return letter.lower(), letter.upper()


def _plain_channels(text: str, header: bool) -> str | Reason | None:
    """The answer of a text whose special tokens were dropped: `analysis…assistantfinal…`. None for all other texts.

    A word that is glued to `analysis` is a sign of a dropped token. `Analysis: …` and `analysis of …` are ordinary
    text, unless `assistantfinal` follows.

    Args:
        text: what the model wrote.
        header: the prompt ends with `HARMONY_HEADER`, so that the text begins with the name of a channel.
    """
    channel = _HARMONY_AS_TEXT.match(text)
    last = text.rfind(_FINAL)
    if last >= 0 and (channel or not text[:last].strip()):
        return text[last + len(_FINAL) :]
    if channel and (header or channel["word"]):
        return Reason.TRUNCATED
    if header and (final := _FINAL_AS_TEXT.match(text)):
        return text[final.end() :]
    return Reason.TRUNCATED if _GEMMA_AS_TEXT.match(text) else None


def _without_tokens(text: str) -> str:
    """Boxes as LaTeX has them, which are explicit answers; and no special tokens at the end."""
    text = _BOX.sub(lambda box: _boxed(box[1]), text)
    end = len(text.rstrip())
    while last := next((token for token in _LAST if text.endswith(token, 0, end)), None):
        end -= len(last)
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end]


def _boxed(content: str) -> str:
    return f"\n{content}\n" if "{" in content or "\n" in content.strip() else rf"\boxed{{{content.strip()}}}"
