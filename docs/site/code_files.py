"""Gives code files a place in the site: below the README.md of their folder, which lists them. Links lead there.

GitHub has a page for every file. In the site a link to one would download it, or show it without anything around it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from pymdownx.slugs import slugify
from zensical.extensions.context import ContextPreprocessor

LANGUAGES = {".py": "python", ".sh": "sh", ".yaml": "yaml"}
LINK = re.compile(r"\]\(([^()\s:#]+\.(?:py|sh|yaml))\)")
BEFORE_FENCES = 90
anchor = slugify(case="lower")


class CodeFiles(Preprocessor):
    """Lines of a page to lines that Python-Markdown reads."""

    def run(self, lines: list[str]) -> list[str]:
        context = ContextPreprocessor.from_markdown(self.md)
        assert context is not None, "Zensical gives every page its context"
        root, page = Path(context.config["root_dir"]), Path(context.page.path)
        text = "\n".join(lines)
        below = []
        if page.name == "README.md" and page.parent != Path("."):
            files = {name: root / page.parent / name for name in LINK.findall(text)}
            for name, file in files.items():
                if file.is_file():
                    code = file.read_text(encoding="utf-8").splitlines()
                    below += ["", f"## {name}", "", f"```{LANGUAGES[file.suffix]}", *code, "```"]

        def to_its_place(link: re.Match[str]) -> str:
            file = Path(os.path.normpath(page.parent / link[1]))
            lists = (up / "README.md" for up in file.parents if up != Path("."))
            readme = next((one for one in lists if (root / one).is_file()), None)
            if readme is None:  # the link leads to the file itself, if it is in the site
                return link[0]
            place = f"#{anchor(file.relative_to(readme.parent).as_posix(), '-')}"
            return f"]({'' if readme == page else os.path.relpath(readme, page.parent)}{place})"

        return LINK.sub(to_its_place, text).split("\n") + below


class CodeFilesExtension(Extension):
    """The extension, for the settings of the site."""

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.register(CodeFiles(md), "code_files", BEFORE_FENCES)


def makeExtension(**options: Any) -> CodeFilesExtension:
    """What Python-Markdown looks for in a module."""
    return CodeFilesExtension(**options)
