"""Inspect's own view of a run, bundled as for a web server, in a real browser."""

from __future__ import annotations

import functools
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import scripted
from playwright.sync_api import Page, expect

from inspect_tasks import bench_task
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions

pytestmark = pytest.mark.slow

LIMIT = 4


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[tuple[str, str]]:
    """The address of a bundled run, and the name of its log."""
    logs, folder = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("bundle") / "view"
    prompts = [one for key in dimensions() for one in load(key, "sample", limit=LIMIT).prompts("generate")]
    log = scripted.by_inspect(bench_task(data="sample", limit=LIMIT), scripted.right_answers(prompts), logs)
    command = [programs / "inspect", "view", "bundle", "--log-dir", str(logs), "--output-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", Path(log.location).name
        server.shutdown()


def test_a_list_and_a_sample(bundle: tuple[str, str], page: Page) -> None:
    address, name = bundle
    page.goto(f"{address}/#/logs/{name}")
    rows = page.get_by_role("row")
    expect(page.get_by_text(f"{LIMIT * len(dimensions())} Samples", exact=True)).to_be_visible()
    page.locator(".cm-content").click()
    page.keyboard.insert_text('metadata.dimension == "factual" and metadata.lang == "zh"')
    (sample, *others) = (one for one in load("factual", "sample", limit=LIMIT).prompts("generate") if one.lang == "zh")
    expect(rows.filter(has_text="factual-")).to_have_count(1 + len(others))
    expect(rows.filter(has_text="behavior-")).to_have_count(0)
    row = rows.filter(has_text=sample.id)
    assert row.inner_text().count(sample.target) == 2  # the target, and the answer beside it
    assert sample.record.splitlines()[0] in row.inner_text()
    page.goto(f"{address}/#/logs/{name}/samples/sample/{sample.id}/1/scoring")
    expect(page.get_by_text(f"{sample.target}, read from the text:")).to_be_visible()
