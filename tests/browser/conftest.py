"""A real browser, and pages that the command wrote."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lean import few_pairs, machine_described_once
from playwright.sync_api import Browser, Page, expect, sync_playwright

__all__ = ["browser", "few_pairs", "machine_described_once", "opened", "page"]

# As root, and where nothing but this machine can be reached: Chromium looks for its makers' hosts at every start.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

PATIENCE = 120_000
"""Milliseconds. Other tests run at the same time, on as few processors as there are."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium without a window. One per test: while Playwright's loop runs, Inspect can neither run nor read logs."""
    path = shutil.which(os.environ.get("RECRM_CHROMIUM", "chromium"))
    if path is None:
        pytest.skip("no Chromium: tests/browser/install_chromium.sh")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS), timeout=PATIENCE)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Page:
    """A page with nothing in it."""
    made = browser.new_page(viewport={"width": 1500, "height": 900})
    made.set_default_timeout(PATIENCE)
    return made


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page; at the end there was no error, and nothing was asked for but the file."""
    complaints: list[str] = []
    contexts = []

    def open_(file: Path, width: int = 1280, height: int = 900, scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url == file.as_uri() or complaints.append(request.url))
        page.goto(file.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
