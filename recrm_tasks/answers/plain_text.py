"""Text without its dress: full-width forms, LaTeX, Markdown, code fences and quotes around an answer."""

from __future__ import annotations

import json
import re
from contextlib import suppress

# Full-width forms and wide spaces to their plain forms. Not Unicode's NFKC: it takes quadratic time on a long run of
# combining marks.
_TRADITIONAL = str.maketrans(
    "選擇項應該結論斷關與違據機終為無確輸當條滿評價類別從順對錯認會過還級標題響實質這個種請問覆證規則願預測計幾約達"
    "點擊單訂購買顧戶絕棄沒僅樣範檢總屬須將雖麼體說寫著聲稱時話設於並來後給優選門間數據聯繫",
    "选择项应该结论断关与违据机终为无确输当条满评价类别从顺对错认会过还级标题响实质这个种请问复证规则愿预测计几约达"
    "点击单订购买顾户绝弃没仅样范检总属须将虽么体说写着声称时话设于并来后给优选门间数据联系",
)
"""Traditional characters of the words that answers are made of."""
_CIRCLED = {start + i: first + i for start, first in ((0x24B6, 0x41), (0x24D0, 0x61)) for i in range(26)}
_ARROWS = dict.fromkeys(map(ord, "➜➔➙➝➞➡⟶⮕"), "→")
_PLACES = {ord("🥇"): "1. ", ord("🥈"): "2. ", ord("🥉"): "3. ", 0x20E3: ". "}
"""Medals, and the frame of a keycap such as 4️⃣."""
_CHEER = dict.fromkeys([*map(ord, "👍👌🙂😊😄😃😀😁😉🥳🎉🎯✨💪🙌👏🏁👉📌🔹🔸"), *range(0x1F3FB, 0x1F400), 0xFE0F])
"""Signs that say nothing about the answer. Thumbs down, crosses and question marks are no such signs."""
_PLAIN: dict[int, int | str | None] = {
    **{0xFF01 + i: 0x21 + i for i in range(94)},
    **{0x3000: 0x20, 0x00A0: 0x20, 0x2011: 0x2D},
    **_CIRCLED,
    **_TRADITIONAL,
    **_ARROWS,
    **_PLACES,
    **_CHEER,
}
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
_QUOTE = re.compile(r"\A(?:>[ \t]+)+(?![ \t\d.])")
"""Markdown's mark of a quote; before a number it may be a bound."""
_HTML = re.compile(r"</?(?:b|strong|i|em|u|span|mark|code)>", re.IGNORECASE)
_HTML_LINES = re.compile(r"</?(?:p|div)>|<br ?/?>", re.IGNORECASE)
_MARKDOWN = "*_`#\"'“”‘’「」『』【】《》✅✓✔☑\ufe0f \t"


def plain(text: str) -> str:
    """A completion in half-width, simplified characters, without LaTeX, HTML, code fences and blocks of program code.

    A completion that is a JSON string as a whole stands for its content.
    """
    text = text.strip()
    if text.startswith('"{') and text.endswith('}"'):
        with suppress(ValueError):
            text = json.loads(text, strict=False)
    text = _HTML_LINES.sub("\n", _HTML.sub("", text.translate(_PLAIN).replace("\r\n", "\n")))
    return _without_latex(_without_code(text)).strip()


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
