"""The site of the docs, built by `make docs` in a copy: what it has, what fails it, and that it works from the disk."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_pages import ROOT, anchors
from playwright.sync_api import Page, expect

pytest.importorskip("zensical", reason="it needs Python 3.11")

pytestmark = pytest.mark.slow

SOURCES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "zensical.toml", "docs", "examples")
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**/*.md", "examples/*.md")
    for page in ROOT.glob(pattern)
)
SHAPES = ("h1", "h2", "h3", "ul", "ol", "li", "table", "tr", "th", "td", "pre", "blockquote", "img", "strong", "em")

Build = Callable[[], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the site is made of, in a folder of its own."""
    folder = tmp_path_factory.mktemp("recrm-bench")
    for name in SOURCES:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def make_docs(copy: Path) -> Build:
    """`make docs` in the copy, with what is installed here."""
    command = ["make", f"VENV={sys.prefix}", f"--old-file={sys.prefix}/docs", "docs"]
    return lambda: subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def site(copy: Path, make_docs: Build) -> Path:
    """Its pages, kept from the builds that fail later."""
    done = make_docs()
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(shutil.move(copy / "site", copy / "whole"))


def article(site: Path, page: str) -> str:
    """The text of a page, as HTML; of the README.md of a folder without the code files that are shown below it."""
    file = site / re.sub(r"README\.md$", "index.md", page).replace(".md", ".html")
    text = file.read_text(encoding="utf-8")
    text = text[text.index("<article") : text.index("</article>")]
    return re.split(r'<h2 id="\w+(?:py|sh|yaml)"', text)[0] if page.endswith("/README.md") else text


@pytest.mark.parametrize("page", PAGES)
def test_the_site_shows_what_github_shows(site: Path, page: str) -> None:
    """As many lists, tables and so on, and the same anchors. What to do where they differ: CONTRIBUTING.md."""
    github = MarkdownIt("commonmark").enable("table").render((ROOT / page).read_text(encoding="utf-8"))
    expected, found = (Counter(re.findall(r"<(\w+)", text)) for text in (github, article(site, page)))
    expected["h1"] = expected["h1"] or 1  # the file's name, where a page has none
    assert {shape: found[shape] for shape in SHAPES} == {shape: expected[shape] for shape in SHAPES}
    assert anchors(page) <= set(re.findall(r'<h\d id="([^"]+)"', article(site, page)))


def test_code_files_are_shown_below_the_page_that_lists_them(site: Path) -> None:
    recipes = (site / "docs" / "recipes" / "index.html").read_text(encoding="utf-8")
    listed = re.findall(r'<h2 id="\w+">(\w+\.yaml)<', recipes)
    assert listed == sorted(file.name for file in (ROOT / "docs" / "recipes").glob("*.yaml"))
    assert 'href="../examples/index.html#agentpy"' in article(site, "docs/agents.md")


def test_nothing_is_loaded_from_the_network(site: Path) -> None:
    """Neither scripts nor styles, fonts or pictures. Links may lead there."""
    for page in site.rglob("*.html"):
        text = re.sub(r"<a\b[^>]*>", "", page.read_text(encoding="utf-8"))
        assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', text) == [], page


def test_a_dead_link_to_a_page_or_a_heading_fails(site: Path, copy: Path, make_docs: Build) -> None:
    page = copy / "docs" / "data.md"
    text = page.read_text(encoding="utf-8")
    links = "[a page](gone.md), [a heading](tasks.md#gone), [one of this page](#gone)"
    page.write_text(f"{text}\n{links}\n", encoding="utf-8")
    done = make_docs()
    page.write_text(text, encoding="utf-8")
    output = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
    assert done.returncode != 0
    line = text.count("\n") + 2
    assert len(re.findall(rf"docs/data\.md:{line}:\d+", output)) == 3, output


def test_a_dead_link_to_a_file_and_a_page_without_a_group_fail(site: Path, copy: Path, make_docs: Build) -> None:
    """A picture, code that is not in the site, code that its folder's page does not list."""
    page = copy / "docs" / "data.md"
    text = page.read_text(encoding="utf-8")
    links = "![](gone.png) [code](../recrm_tasks/cli.py) [unlisted](../examples/unlisted.py)"
    page.write_text(f"{text}\n{links}\n", encoding="utf-8")
    (copy / "examples" / "unlisted.py").touch()
    (copy / "docs" / "unlisted.md").write_text("# Unlisted\n", encoding="utf-8")
    done = make_docs()
    page.write_text(text, encoding="utf-8")
    assert done.returncode != 0
    assert [line for line in done.stderr.splitlines() if "docs/" in line] == [
        "docs/unlisted.md is in no group of the navigation: add it to `nav` in zensical.toml",
        *(
            f"docs/data.html: {target} is not in the site; `exclude_docs` in zensical.toml says what is"
            for target in ("gone.png", "../recrm_tasks/cli.py")
        ),
        "docs/data.html: ../examples/index.html#unlistedpy is no heading there; code is shown where the README.md of "
        "its folder links it",
    ]


def test_search_finds_from_the_disk(site: Path, page: Page) -> None:
    """English, a name with an underscore, Chinese within a sentence; and the result leads to its page."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("/")
    found = page.locator("a:visible[href*='?h=']")
    for words, expected in (
        ("coverage", "docs/metrics.html"),
        ("vllm", "docs/backends.html"),
        ("position_bias", "docs/metrics.html"),
        ("答案", "docs/tasks.html"),
    ):
        page.locator("input:visible").fill(words)
        expect(found.and_(page.locator(f"[href*='{expected}']")).first).to_be_visible()
    found.first.click()
    page.wait_for_url("**/*.html?h=*")
    expect(page.locator("h1")).to_be_visible()
    assert all(url.startswith("file:") for url in asked)


def test_no_page_sticks_out(site: Path, page: Page) -> None:
    """On a phone, a tablet and a desk: what is wider is moved within itself."""
    for name in ("index", "docs/metrics", "docs/rewards"):
        page.goto((site / f"{name}.html").as_uri())
        for width in (390, 800, 1400):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
