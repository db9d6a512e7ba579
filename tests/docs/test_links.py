"""Every relative link in the Markdown pages leads to a file and a heading that exist, as GitHub shows them.

The links of the site are checked where it is built: tests/browser/test_site.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_pages import PAGES, ROOT, anchors, links


def broken(page: str) -> list[str]:
    """The links of a page that lead nowhere, with their lines."""
    bad = []
    for line, target in links(page):
        path, _, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        file = (ROOT / page).parent / path if path else ROOT / page
        known = file.exists() and (
            not anchor
            or (file.suffix == ".md" and anchor in anchors(Path(file).resolve().relative_to(ROOT).as_posix()))
        )
        if not known:
            bad.append(f"{page}:{line}: {target}")
    return bad


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    assert broken(page) == []


def test_the_pages_have_links() -> None:
    """So that the other test cannot pass because nothing is found."""
    assert sum(1 for page in PAGES for _ in links(page)) > 50


def test_pages_of_the_docs_are_linked_from_the_readme() -> None:
    linked = {target for _, target in links("README.md")}
    missing = [page for page in PAGES if page.startswith("docs/") and page.count("/") == 1 and page not in linked]
    assert missing == []
