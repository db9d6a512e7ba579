"""The report's page in a real browser: what it shows is what the runs say, and it can be worked with."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import pytest
import scripted
from playwright.sync_api import Page, expect
from saved_runs import by_inspect, by_lm_eval

from inspect_tasks import bench_task
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import answers_in, collect
from recrm_tasks.reports.leaderboard_entries import Entry, entries
from recrm_tasks.reports.page import svg, svg_charts

pytestmark = pytest.mark.slow

Opened = Callable[..., Page]

CHINESE = "本地生活-奖励模型"
ODD = 'odd<b>"&name'
SAID = "<img src=x onerror=\"document.title='hacked'\"></script><script>document.title='hacked'</script>答案是B"


def answering(prompts: list[Prompt], good: float) -> scripted.Answers:
    """Right answers, wrong ones, and one in ten that nobody can read."""
    draw = random.Random(good)
    table: scripted.Answers = {}
    for prompt in prompts:
        value = (scripted.right if draw.random() < good else scripted.wrong)(prompt)
        if isinstance(value, float):
            value = abs(value - draw.random() / 2)
        table[prompt.messages[-1].content] = scripted.stated(prompt, value) if draw.random() < 0.9 else "I cannot say."
    return table


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on the sample, one of them in both harnesses, and one dimension of other data."""
    folder = tmp_path_factory.mktemp("runs")
    prompts = scripted.all_prompts()
    good = answering(prompts, 0.8)
    good[next(p for p in prompts if p.id == "factual-en-01").messages[-1].content] = SAID
    by_lm_eval(folder, good, "recrm_bench", f"some/{CHINESE}")
    for name, table in ((CHINESE, good), (ODD, answering(prompts, 0.5))):
        by_inspect(folder / "inspect", table, bench_task(data="sample"), name)
    return folder


@pytest.fixture(scope="module")
def page_file(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all of them."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    assert main(["report", str(runs), "--to", str(file), "--published"]) == 0
    return file


@pytest.fixture(scope="module")
def listed(runs: Path) -> dict[tuple[str, str], Entry]:
    """The entries by model and harness."""
    found, _ = entries(collect([str(runs)], READERS).runs, lru_cache(partial(answers_in, readers=READERS)))
    return {(entry.model, entry.harness): entry for entry in found}


@pytest.fixture(scope="module")
def states(listed: dict[tuple[str, str], Entry]) -> dict[tuple[str, str, str], dict[str, str]]:
    """What became of each record, by model, harness and dimension."""
    found = {}
    for (model, harness), entry in listed.items():
        for key, run in entry.runs.items():
            (answers,) = (one for one in answers_in(run.logs, READERS) if one.dimension == key)
            right = dimension_of(key).kind.right
            found[model, harness, key] = {
                o.id: "unreadable" if o.reason else "right" if right(o) else "wrong" for o in answers.outcomes
            }
    return found


def column(page: Page, table: str, number: int) -> list[str]:
    """The first line of each cell."""
    return [text.split("\n")[0] for text in page.locator(f"{table} tbody tr > :nth-child({number})").all_inner_texts()]


def test_the_leaderboard_says_what_the_runs_say(opened: Opened, page_file: Path, listed: dict) -> None:
    page = opened(page_file)
    rows = [
        [cell.split("\n")[0] for cell in row.locator("th, td").all_inner_texts()]
        for row in page.locator(".leaderboard tbody tr").all()
    ]
    assert {(row[0], row[1]): row[3:] for row in rows} == {
        key: [
            *(f"{run.metrics[run.primary]:.4f}" for run in entry.runs.values()),
            *(f"{entry.overall[name]:.4f}" for name in ("mean_score", "hybrid")),
        ]
        for key, entry in listed.items()
    }
    assert listed[CHINESE, "inspect"].overall == listed[CHINESE, "lm-eval"].overall
    assert page.title() == "recrm-bench report"


def test_columns_sort(opened: Opened, page_file: Path) -> None:
    page = opened(page_file)
    heading = page.locator(".leaderboard thead th", has_text="factual")
    heading.click()
    assert heading.get_attribute("aria-sort") == "descending"
    values = [float(text) for text in column(page, ".leaderboard", 5)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 1
    heading.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert [float(text) for text in column(page, ".leaderboard", 5)] == values[::-1]
    page.locator(".leaderboard thead th", has_text="model").click()
    assert heading.get_attribute("aria-sort") is None
    assert column(page, ".leaderboard", 1)[0] == ODD


def test_differences(opened: Opened, page_file: Path) -> None:
    """The same run through both harnesses does not differ; the two models do."""
    page = opened(page_file)
    headings = page.locator(".differences thead th").all_inner_texts()
    assert headings == ["A", "B", *dimensions(), "mean_score", "hybrid"]
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(".differences tbody tr").all()]
    assert len(rows) == 3
    (same,) = (row for row in rows if CHINESE in row[0] and CHINESE in row[1])
    assert all(cell.startswith("0.0000\n") and cell.endswith("p 1.0000") for cell in same[2:])
    others = [cell for row in rows if ODD in row[0] + row[1] for cell in row[2:]]
    assert len(others) == 14
    assert any(cell.endswith(", significant") for cell in others)


def test_every_plot_is_there(opened: Opened, page_file: Path) -> None:
    page = opened(page_file)
    for name in ("profile", "cost", *(f"{kind}-{key}" for kind in ("forest", "reasons") for key in dimensions())):
        assert page.locator(f"#sample-{name} svg").bounding_box()["width"] > 200
    for name in ("confusion-instruction", "confusion-factual", "confusion-relevance", "reliability-behavior"):
        assert page.locator(f"#sample-{name} svg").is_visible()
    texts = page.locator("#sample-confusion-factual svg text").all_text_contents()
    assert {"A (consistent)", "B (inconsistent)", "unreadable"} <= set(texts)
    counts = [int(text) for text in texts if text.isdecimal()]
    assert sum(counts) == 3 * 72
    assert any(CHINESE in text for text in page.locator("#sample-places-ranking svg text").all_text_contents())


def test_the_published_table_stands_by_itself(opened: Opened, page_file: Path) -> None:
    page = opened(page_file)
    assert page.locator("#published tbody tr").count() == 8
    assert "GPT-4.1" not in page.locator("#sample").inner_text()


def browse(page: Page, dimension: str) -> Page:
    box = page.locator(f"#sample-{dimension} details.browser")
    box.locator("summary").click()
    box.locator(".records li").first.wait_for()
    return box


def count(box: Page, **chosen: str) -> int:
    """How many records are left after a choice."""
    for name, value in chosen.items():
        control = box.locator(f".{name}")
        control.fill(value) if name == "search" else control.select_option(value)
    # The page waits 120 ms for further typing. A later timer of its own ends after that one, however busy it is.
    box.page.evaluate("() => new Promise(done => setTimeout(done, 150))")
    return int(box.locator(".count").inner_text().split()[0])


@pytest.mark.parametrize("dimension", dimensions())
def test_records_are_filtered(opened: Opened, page_file: Path, listed: dict, states: dict, dimension: str) -> None:
    """The counts of every filter, from the outcomes themselves."""
    box = browse(opened(page_file), dimension)
    names = box.locator("select.a option").all_inner_texts()
    outcomes = [states[(*name.split(" · "), dimension)] for name in names]
    for place, of_run in enumerate(outcomes):
        found = {show: count(box, a=str(place), show=show) for show in ("right", "wrong", "unreadable")}
        assert found == {"right": 0, "wrong": 0, "unreadable": 0} | Counter(of_run.values())
        assert sum(found.values()) == count(box, show="all") == 72
    one, other = names.index(f"{CHINESE} · lm-eval"), names.index(f"{CHINESE} · inspect")
    assert count(box, a=str(one), b=str(other), show="differ") == 0
    odd = names.index(f"{ODD} · inspect")
    expected = sum(state == "right" != outcomes[odd][i] for i, state in outcomes[one].items())
    assert count(box, b=str(odd), show="only-a") == expected > 0
    assert count(box, show="differ") >= expected
    acc = listed[CHINESE, "lm-eval"].runs[dimension].metrics["acc"]
    if dimension != "ranking":  # whose acc takes ties at their expected value
        assert acc * 72 == pytest.approx(Counter(outcomes[one].values())["right"])


def test_a_record_is_shown_as_it_is(opened: Opened, page_file: Path) -> None:
    """What a model wrote is text, whatever it would be as HTML; and it can be searched."""
    page = opened(page_file)
    box = browse(page, "factual")
    assert count(box, search="ONERROR") == 1
    box.locator(".line").click()
    texts = box.locator(".detail pre").all_inner_texts()
    assert SAID in texts
    prompt = next(p for p in load("factual", "sample").prompts("generate") if p.id == "factual-en-01")
    assert texts[0] == prompt.messages[-1].content
    assert page.title() == "recrm-bench report"
    box.locator(".line").click()
    assert box.locator(".detail").count() == 0
    assert count(box, search="factual-zh-0") == 9
    assert count(box, search="nowhere to be found") == 0
    assert box.locator(".where").inner_text() == "none"


def test_both_themes(opened: Opened, page_file: Path) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = opened(page_file, scheme=scheme)
        text = page.locator("#sample-forest-factual svg text").first
        colours[scheme] = (
            page.evaluate("getComputedStyle(document.body).backgroundColor"),
            text.evaluate("node => getComputedStyle(node).fill"),
        )
    assert colours["light"][0] == colours["dark"][1].replace("227, 231, 235", "253, 253, 253")
    assert all(one != other for one, other in zip(*colours.values(), strict=True))
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == colours["light"][0]


def overflowing(page: Page) -> list[str]:
    """The tables that do not fit into their boxes, with all details open."""
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    found: list[str] = page.locator(".wide").evaluate_all(
        "boxes => boxes.filter(b => b.scrollWidth > b.clientWidth).map(b => b.firstElementChild.className)"
    )
    return found


def test_no_column_is_cut_off(opened: Opened, page_file: Path) -> None:
    """On a screen of 1,400 pixels. Narrower ones scroll tables in their boxes, which say so, and never the page."""
    page = opened(page_file, width=1400)
    assert page.locator("table").count() > 20
    assert overflowing(page) == []
    assert page.locator(".scrolls").count() == 0
    page.set_viewport_size({"width": 800, "height": 900})
    assert "sortable leaderboard" in overflowing(page)
    box = page.locator(".wide", has=page.locator(".leaderboard"))
    page.wait_for_function("document.querySelectorAll('.wide.scrolls').length > 0")
    assert "more to the right" in box.evaluate("box => getComputedStyle(box, '::before').content")
    assert page.evaluate("document.documentElement.scrollWidth") <= 800


def places(page: Page, dimension: str) -> list[tuple[float, float]]:
    """Left and top of every plot of a dimension that is not as wide as the page."""
    boxes = [one.bounding_box() for one in page.locator(f"#sample-{dimension} figure:not(.full)").all()]
    return [(box["x"], box["y"]) for box in boxes if box]


def test_plots_stand_in_a_grid(opened: Opened, page_file: Path) -> None:
    page = opened(page_file, width=1400)
    for key in dimensions():
        assert len({x for x, _ in places(page, key)}) == 3
        assert len({y for _, y in places(page, key)}) == 1
    page.set_viewport_size({"width": 800, "height": 900})
    assert {len({x for x, _ in places(page, key)}) for key in dimensions()} == {1}


@pytest.fixture(scope="module")
def since_file(runs: Path, listed: dict[tuple[str, str], Entry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the worse model, with the better one as the baseline."""
    file = tmp_path_factory.mktemp("since") / "report.html"
    odd, good = (next(iter(listed[name, "inspect"].runs.values())).file for name in (ODD, CHINESE))
    assert main(["report", str(odd), "--baseline", str(good), "--no-baselines", "--to", str(file)]) == 0
    return file


def test_what_changed_leads_to_its_records(opened: Opened, since_file: Path, states: dict) -> None:
    page = opened(since_file)
    assert page.locator("main > section").first.get_attribute("id") == "since"
    assert page.locator("#since .lead").first.inner_text().startswith(f"Since the baseline ({CHINESE}): ")
    for key in dimensions():
        row = page.locator("#since tbody tr", has=page.get_by_role("rowheader", name=key, exact=True))
        now, then = (states[name, "inspect", key] for name in (ODD, CHINESE))
        for cell, one, other in ((-2, now, then), (-1, then, now)):
            expected = sum(state == "right" != other[name] for name, state in one.items())
            link = row.locator("td").nth(cell).locator("a")
            assert link.inner_text() == str(expected)
            link.click()
            box = page.locator(f"#sample-{key} details.browser")
            box.locator(".records li").first.wait_for()
            expect(box.locator(".count")).to_have_text(f"{expected} of 72")
            assert box.locator("select.b option:checked").inner_text() == f"baseline: {CHINESE} (generate)"
    # The address of one of them opens it.
    again = opened(since_file)
    again.goto(page.url)
    again.reload()
    again.locator(f"#sample-{key} .records li").first.wait_for()
    assert again.locator(f"#sample-{key} select.show").input_value() == "only-b"


def test_twenty_runs(opened: Opened, tmp_path: Path) -> None:
    """Nothing is cut off, and no plot tells models apart by colours that it has not."""
    prompts = list(load("factual", "sample").prompts("generate"))
    for number in range(20):
        table = answering(prompts, 0.4 + number / 40)
        by_lm_eval(tmp_path / "runs" / str(number), table, "recrm_factual", f"a-lab/judge-{number:02}-本地生活")
    file = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "runs"), "--to", str(file), "--no-baselines"]) == 0
    page = opened(file, width=1400)
    assert overflowing(page) == []
    assert page.locator(".leaderboard tbody tr").count() == 20
    assert page.locator("#sample-forest-factual svg text", has_text="judge-").count() == 20
    assert page.locator("#sample-confusion-factual.full svg text", has_text="judge-").count() == 20
    assert "the next of 20" in page.locator("#sample-leaderboard .lead").nth(1).inner_text()


def test_on_a_phone_nothing_sticks_out(opened: Opened, page_file: Path) -> None:
    page = opened(page_file, width=390, height=844)
    browse(page, "ranking").locator(".line").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_ten_thousand_records(opened: Opened, tmp_path: Path) -> None:
    """All of them can be searched and paged through; a page with fewer says of how many."""
    records = [record.model_dump(mode="json", exclude_none=True) for record in load("behavior", "sample").records()]
    lines = (json.dumps({**records[i % 72], "id": f"r{i:05}", "context": f"number {i}"}) for i in range(10_000))
    data = tmp_path / "data"
    data.mkdir()
    (data / "behavior.jsonl").write_text("\n".join(lines))
    prompts = list(load("behavior", str(data)).prompts("generate"))
    for name, good in (("one", 0.9), ("other", 0.6)):
        by_lm_eval(tmp_path / "runs", answering(prompts, good), "recrm_behavior", name, data=str(data))
    file = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "runs"), "--to", str(file)]) == 0
    page = opened(file)
    box = page.locator("details.browser")
    box.locator("summary").click()
    box.locator(".records li").first.wait_for()
    assert count(box) == 10_000
    assert box.locator(".records li").count() == 50
    assert count(box, search="number 4321\n") == count(box, search="r04321") == 1
    assert count(box, search="") == 10_000
    box.locator(".on").click()
    assert box.locator(".where").inner_text() == "51 – 100"
    assert box.locator(".line span").first.inner_text() == "r00050"
    assert 0 < count(box, show="only-b") < count(box, show="only-a") < 10_000
    assert main(["report", str(tmp_path / "runs"), "--to", str(file), "--records", "100"]) == 0
    box = opened(file).locator("details.browser")
    box.locator("summary").click()
    box.locator(".records li").first.wait_for()
    assert box.locator(".count").inner_text() == "100 of 100 (the run has 10000)"


def test_plots_are_written_with_chinese(runs: Path, tmp_path: Path) -> None:
    """Signs without a font would all be the same box."""
    assert main(["report", str(runs), "--plots", str(tmp_path)]) == 0
    written = sorted(file.name for file in tmp_path.iterdir())
    assert len(written) == 2 * (2 + 2 * 5 + 3 + 1 + 1)
    for file in tmp_path.glob("*.png"):
        assert file.read_bytes().startswith(b"\x89PNG")
        assert file.with_suffix(".svg").read_text().startswith("<svg")
    drawn = {
        svg.png(svg_charts.forest([{"entry": name, "value": 0.5, "low": 0.4, "high": 0.6}], "acc", 0.5))
        for name in "模型奖励"
    }
    assert len(drawn) == 4
