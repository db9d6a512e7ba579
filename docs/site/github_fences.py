"""Reads the fences of these pages in Python-Markdown: ```python task.py names the file that the code belongs into.

GitHub takes any words after the language. SuperFences takes options only, and shows `title` above the code.
"""

from __future__ import annotations

import re
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

FENCE = re.compile(r'^(\s*```\w+) ([^\s"=]+)$')
BEFORE_SUPERFENCES = 100


class NamedFiles(Preprocessor):
    """Makes titles of the files' names."""

    def run(self, lines: list[str]) -> list[str]:
        return [FENCE.sub(r'\1 title="\2"', line) for line in lines]


class GitHubFences(Extension):
    """The extension, for the settings of the site."""

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.register(NamedFiles(md), "github_fences", BEFORE_SUPERFENCES)


def makeExtension(**options: Any) -> GitHubFences:
    """What Python-Markdown looks for in a module."""
    return GitHubFences(**options)
