"""Whether the built site is whole: all pages of docs/ are in the navigation, all links lead to a file and a heading.

    python docs/site/check.py       in the root, after the build

Zensical checks links to pages and headings, in the source. This sees all links of the result: to images, to files that
are not in the site, to code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import tomllib

SITE = Path("site")


class Links(HTMLParser):
    """The links of a page, images and scripts included, and the places in it that a link can name."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: dict[str, None] = {}
        self.places: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets[value] = None
            elif name in ("id", "name") and value:
                self.places.add(value)


def in_navigation(entries: Any) -> Iterator[str]:
    """The pages of `nav`, whatever groups they are in."""
    if isinstance(entries, str):
        yield entries
    else:
        for entry in entries.values() if isinstance(entries, dict) else entries:
            yield from in_navigation(entry)


def missing_pages() -> Iterator[str]:
    """Pages beside each other in docs/ that are in no group. Those in folders below may be linked only."""
    settings = tomllib.loads(Path("zensical.toml").read_text(encoding="utf-8"))
    listed = set(in_navigation(settings["project"]["nav"]))
    for page in sorted(Path("docs").glob("*.md")):
        if page.as_posix() not in listed:
            yield f"{page} is in no group of the navigation: add it to `nav` in zensical.toml"


def dead_links() -> Iterator[str]:
    """Links that lead to nothing in the site. Those to other sites are not followed."""
    # The page for missing pages links from the root of a server, wherever it is shown.
    pages = {page.resolve(): Links(page) for page in sorted(SITE.rglob("*.html")) if page.name != "404.html"}
    for page, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            place = unquote(parts.fragment)
            if not file.is_file():
                why = "is not in the site; `exclude_docs` in zensical.toml says what is"
            elif place and file in pages and place not in pages[file].places:
                why = "is no heading there; code is shown where the README.md of its folder links it"
            else:
                continue
            yield f"{page.relative_to(SITE.resolve())}: {target} {why}"


if __name__ == "__main__":
    found = [*missing_pages(), *dead_links()]
    if found:
        sys.exit("\n".join(found))
    print(f"Every link leads somewhere. Open {SITE / 'index.html'}")
