r"""The marks of chat templates in texts -> turns. A prompt that was rendered already would be rendered a second time.

Known are the marks of ChatML (`<|im_start|>user\n…<|im_end|>`), Llama 3
(`<|start_header_id|>user<|end_header_id|>\n\n…<|eot_id|>`), Gemma (`<start_of_turn>user\n…<end_of_turn>`), Phi, Zephyr
and GLM (`<|user|>\n…<|end|>`), and Llama 2 and Mistral (`[INST] … [/INST] …</s>`).
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_ROLE = r"(?P<role{0}>system|user|human|assistant|model)"
_OPENING = re.compile(
    "|".join(
        (
            rf"<\|im_start\|>[ \t]*{_ROLE.format(1)}[ \t]*(?:\n|$)",
            rf"<\|start_header_id\|>{_ROLE.format(2)}<\|end_header_id\|>\s*",
            rf"<start_of_turn>{_ROLE.format(3)}[ \t]*(?:\n|$)",
            rf"<\|{_ROLE.format(4)}\|>\s*",
        )
    )
)
_ENDS = r"<\|im_end\|>|<\|eot_id\|>|<end_of_turn>|<\|endoftext\|>|<\|end\|>|<\|end_of_text\|>|</s>"
_END = re.compile(rf"\s*(?:{_ENDS})")
_INSTRUCTED = re.compile(
    r"\s*(?:<s>\s*)?\[INST\]\s*(?:<<SYS>>(?P<system>.*?)<</SYS>>)?(?P<user>.*?)\[/INST\](?P<assistant>.*?)"
    r"(?=\s*(?:<s>\s*)?\[INST\]|\Z)",
    re.DOTALL,
)
_ANY = r"\[INST\]|<\|(?:im_start|start_header_id|system|user|assistant)\|>|<start_of_turn>"
_BEGINNING = re.compile(r"\s*(?:<\|begin_of_text\|>|<bos>|<s>|\[gMASK\]|<sop>|\s)*")
"""What a text may have before its first turn."""

Turn = dict[str, str]


def with_turns(column: pa.StringArray, rows: list[object]) -> list[object]:
    """The values of a column of texts, with turns in place of texts that are made of marked turns.

    Args:
        column: the texts.
        rows: its values.
    """
    if not pc.any(pc.match_substring_regex(column, pattern=_ANY)).as_py():
        return rows
    return [(marked_turns(row) or row) if isinstance(row, str) else row for row in rows]


def marked_turns(text: str) -> list[Turn] | None:
    """The turns that a text consists of; None if it has other text as well, or no marks.

    An empty last turn, which only tells a model to begin, is left out.
    """
    at = _BEGINNING.match(text)
    place, found = at.end() if at else 0, []
    if text.startswith("[INST]", place):
        return _instructed(text[place:])
    openings = list(_OPENING.finditer(text))
    if not openings or openings[0].start() != place:
        return None
    for opening, following in zip(openings, [*openings[1:], None], strict=True):
        said = text[opening.end() : following.start() if following else len(text)]
        content, *rest = _END.split(said, maxsplit=1)
        if rest and _END.sub("", rest[0]).strip():
            return None
        role = next(name for name in opening.groupdict().values() if name)
        found.append({"role": role, "content": content.strip()})
    if not found[-1]["content"]:
        found.pop()
    return found or None


def _instructed(text: str) -> list[Turn] | None:
    """The turns of a text in the form of Llama 2."""
    found = []
    for match in _INSTRUCTED.finditer(text):
        found += [
            {"role": role, "content": _END.sub("", said or "").strip()} for role, said in match.groupdict().items()
        ]
    return [turn for turn in found if turn["content"]] or None


def without_end_marks(column: pa.StringArray) -> pa.StringArray:
    """Texts without the marks that end a model's turn."""
    return pc.replace_substring_regex(column, pattern=rf"\s*(?:{_ENDS})\s*\z", replacement="")
