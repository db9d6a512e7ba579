"""Text without its dress: full-width forms, LaTeX, Markdown, code fences and quotes around an answer."""

from __future__ import annotations

import re

# Full-width forms and wide spaces to their plain forms. Not Unicode's NFKC: it takes quadratic time on a long run of
# combining marks.
_PLAIN = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0x00A0: 0x20, 0x2011: 0x2D}
_LATEX_TEXT = re.compile(
    r"\\(?:text|textbf|textit|textrm|texttt|textsf|mathrm|mathbf|mathsf|mathit|mathtt|operatorname|bf|rm)\s*"
    r"\{([^{}\n]{0,500})\}"
)
_LATEX_SIGNS = re.compile(r"\\(succeq|succ|geq|ge|gt|rightarrow|to|quad|,|;|!|%|\(|\)|\[|\])(?![A-Za-z])")
_SIGNS = {
    "succeq": ">", "succ": ">", "geq": ">=", "ge": ">=", "gt": ">", "rightarrow": ">", "to": ">", "%": "%",
}  # fmt: skip
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*([\w+#.-]*)[^`\n]*$", re.MULTILINE)
_CODE = frozenset({
    "python", "py", "python3", "javascript", "js", "typescript", "ts", "java", "c", "cpp", "c++", "csharp", "c#", "go",
    "rust", "ruby", "php", "bash", "sh", "shell", "sql", "html", "css", "kotlin", "swift", "r", "lua", "perl", "scala",
})  # fmt: skip
_QUOTE = re.compile(r"\A(?:>[ \t]+)+")
_MARKDOWN = "*_`#\"'“”‘’「」『』【】《》✅✓✔☑\ufe0f \t"


def plain(text: str) -> str:
    """A completion in half-width characters, without LaTeX's commands, code fences and blocks of program code."""
    return _without_latex(_without_code(text.translate(_PLAIN).replace("\r\n", "\n")))


def _without_code(text: str) -> str:
    """The text without the fences of code blocks; blocks of program code go, unless they are nothing but JSON."""
    kept: list[str] = []
    position = 0
    opened = False
    drops = False
    for fence in _FENCE.finditer(text):
        content = text[position : fence.start()]
        if not (opened and drops and not _is_data(content)):
            kept.append(content)
        opened = not opened
        language = fence.group(1).casefold()
        drops = opened and language in _CODE
        position = fence.end()
        if opened and language and not drops:
            position = fence.start() + fence.group().index(fence.group(1)) + len(language)
    content = text[position:]
    if not (opened and drops and not _is_data(content)):
        kept.append(content)
    return "".join(kept)


def _is_data(content: str) -> bool:
    content = content.strip()
    return content[:1] in ("{", "[") and content[-1:] in ("}", "]")


def _without_latex(text: str) -> str:
    """The text with LaTeX's commands for fonts and signs in plain form."""
    if "\\" not in text:
        return text
    text = _LATEX_TEXT.sub(r"\1", text)
    return _LATEX_SIGNS.sub(lambda match: _SIGNS.get(match.group(1), ""), text)


def bare(text: str) -> str:
    """Text without surrounding Markdown, quotes and LaTeX, without final punctuation, and in half-width characters."""
    text = _QUOTE.sub("", text.translate(_PLAIN)).strip().strip(_MARKDOWN)
    if text.startswith("$") and text.endswith("$"):
        text = text.strip("$")
    return text.rstrip(".。!;,，；！ ").strip(_MARKDOWN)
