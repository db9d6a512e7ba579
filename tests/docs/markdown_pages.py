"""The Markdown pages of this repository, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "benchmarks/*.md", "docs/**/*.md", "examples/*.md", "recrm_tasks/lm_eval_tasks/*.md")
    for path in ROOT.glob(pattern)
)
"""Paths relative to the root."""
RECORDED_PAGES = {"docs/report/tables.md": "written by `recrm report`"}
"""Pages that no person writes."""


class Block(NamedTuple):
    """A fenced block, or code within a line."""

    page: str
    line: int
    language: str | None
    """The first word after the fence; None within a line."""
    file: str
    """The second word: the file that the block belongs into; or nothing."""
    code: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def tokens(page: str) -> tuple[Token, ...]:
    """The page as markdown-it reads it, with the tables of GitHub."""
    return tuple(MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text(encoding="utf-8")))


def blocks(page: str) -> Iterator[Block]:
    """All code of a page, in its order."""
    line = 0
    for token in tokens(page):
        line = token.map[0] + 1 if token.map else line
        if token.type in ("fence", "code_block"):
            language, _, file = token.info.strip().partition(" ")
            yield Block(page, line, language, file, token.content)
        for child in token.children or ():
            if child.type == "code_inline":
                yield Block(page, line, None, "", child.content)


def links(page: str) -> Iterator[tuple[int, str]]:
    """The line and the target of every link and image."""
    line = 0
    for token in tokens(page):
        line = token.map[0] + 1 if token.map else line
        for child in token.children or ():
            target = child.attrGet("href") if child.type == "link_open" else child.attrGet("src")
            if target:
                yield line, str(target)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for token, inline in zip(tokens(page), tokens(page)[1:], strict=False):
        if token.type == "heading_open":
            text = "".join(c.content for c in inline.children or () if c.type in ("text", "code_inline"))
            anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            repeated = (f"{anchor}-{i}" for i in range(1, 100))
            found.add(next(a for a in (anchor, *repeated) if a not in found))
    return found
