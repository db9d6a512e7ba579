"""Measures how fast the report's page responds with many records, in Chromium.

    python benchmarks/page.py [--records 10000]

Two scripted models answer this number of behavior records (copies of the sample's with other contexts). `recrm report`
writes the page, which is then opened, filtered and searched. It needs the same packages as tests/browser.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "harnesses"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

from conftest import FLAGS
from playwright.sync_api import sync_playwright
from saved_runs import by_lm_eval
from test_page import answering

from recrm_tasks.cli import main as recrm
from recrm_tasks.data import load


def write(folder: Path, count: int) -> Path:
    """Writes the page of two models on `count` records."""
    records = [record.model_dump(mode="json", exclude_none=True) for record in load("behavior", "sample").records()]
    (folder / "data").mkdir()
    with (folder / "data" / "behavior.jsonl").open("w", encoding="utf-8") as stream:
        for i in range(count):
            row = {**records[i % len(records)], "id": f"r{i:07}", "context": f"number {i}"}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    data = str(folder / "data")
    prompts = list(load("behavior", data).prompts("generate"))
    for name, good in (("one", 0.9), ("other", 0.6)):
        by_lm_eval(folder / "runs", answering(prompts, good), "recrm_behavior", name, data=data)
    file = folder / "report.html"
    began = time.perf_counter()
    assert recrm(["report", str(folder / "runs"), "--to", str(file), "--records", str(count)]) == 0
    print(f"written in {time.perf_counter() - began:.1f} s, {file.stat().st_size / 1e6:.1f} MB")
    return file


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = write(Path(folder), options.records)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        page = browser.new_page()

        def timed(what: str, do: Callable[[], object]) -> None:
            began = time.perf_counter()
            do()
            print(f"{what}: {1000 * (time.perf_counter() - began):.0f} ms")

        timed("open", lambda: page.goto(file.as_uri()))
        box = page.locator("details.browser")

        def unpack() -> None:
            box.locator("summary").click()
            box.locator(".records li").first.wait_for()

        timed("unpack the records", unpack)
        count = "document.querySelector('.browser .count').textContent"
        change = "control => {{ control.value = '{}'; control.dispatchEvent(new Event('change')); return {}; }}"
        for value in ("differ", "wrong", "all"):
            show = change.format(value, count)
            timed(f"show {value}", lambda show=show: print(box.locator(".show").evaluate(show), end=", "))
        timed("next page", lambda: box.locator(".on").evaluate("button => button.click()"))
        began = time.perf_counter()
        box.locator(".search").fill("number 4321")
        box.locator(".count", has_text=re.compile(r"^1 of")).wait_for()
        print(f"search, from the last key: {1000 * (time.perf_counter() - began):.0f} ms (120 of them a pause)")
        browser.close()


if __name__ == "__main__":
    main()
