"""`recrm cost`: its table, its file, and mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.cli import main
from recrm_tasks.dimensions import dimensions
from recrm_tasks.prompting import Backend, load_questions
from recrm_tasks.prompting.options import parse
from recrm_tasks.prompting.tokens import tokens_of
from recrm_tasks.robustness.stress_options import StressOptions
from recrm_tasks.robustness.stress_questions import stress_questions

FACTUAL = ["--dimension", "factual", "--limit", "6"]


def written(file: Path, *words: str) -> dict[str, Any]:
    assert main(["cost", "sample", *words, "--to", str(file)]) == 0
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_table(byte_tokenizer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "sample", "--tokenizer", byte_tokenizer, "--limit", "4"]) == 0
    said = capsys.readouterr()
    rows = [[c.strip() for c in line.strip("│").split("│")] for line in said.out.splitlines() if line.startswith("│")]
    ways = ["generate", "logprob", "logprob per answer *"]
    assert [row[:2] for row in rows] == [
        [name, way] for name in (*dimensions(), "ranking, item by item", "all") for way in ways
    ]
    total = {row[1]: row for row in rows if row[0] == "all"}
    assert (total["generate"][2], total["generate"][3]) == ("20", "20")
    assert re.fullmatch(r"[\d,]+ \(\d+\.\d %\)", total["logprob"][5])
    assert "the prompt before begins too" in " ".join(said.out.split())
    assert said.err == ""


def test_shards_add_up_to_the_run(byte_tokenizer: str, tmp_path: Path) -> None:
    def ways(*words: str) -> list[dict[str, Any]]:
        words = ("--tokenizer", byte_tokenizer, "--dimension", "ranking", "--limit", "20", *words)
        return written(tmp_path / "c.json", *words)["ways"]

    whole, parts = ways(), [ways("--shard", f"{number}/3") for number in (1, 2, 3)]
    assert {part[0]["records"] for part in parts} == {6, 7}
    for i, one in enumerate(whole):
        for name in ("records", "counted", "requests", "tokens_in", "tokens_out"):
            assert sum(part[i][name] for part in parts) == one[name], name
    (some, *_) = ways("--shard", "2/3", "--counted", "3")
    assert (some["records"], some["counted"], some["requests"]) == (parts[1][0]["records"], 3, parts[1][0]["requests"])


def test_the_file(byte_tokenizer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices = ["--price-in", "2", "--price-cached", "0.5", "--price-out", "8", "--answer-tokens", "30"]
    found = written(tmp_path / "c.json", "--tokenizer", byte_tokenizer, *FACTUAL, *prices, "--cached-prompts", "50")
    assert (found["source"], found["tokenizer"], found["cached_prompts"]) == ("sample", byte_tokenizer, 50)
    assert found["prices_per_million"] == {"tokens_in": 2, "tokens_cached": 0.5, "tokens_out": 8}
    generate, logprob, several = found["ways"]
    assert [one["answers"] for one in found["ways"]] == ["generate", "logprob", "logprob per answer"]
    assert (generate["requests"], generate["tokens_out"], logprob["tokens_out"]) == (6, 180, 6)
    for one in (generate, logprob, several):
        for order in ("balanced", "grouped"):
            cached = one[f"shared_{order}"] if one["uses_cache"] else 0
            price = ((one["tokens_in"] - cached) * 2 + cached * 0.5 + one["tokens_out"] * 8) / 1e6
            assert one[f"price_{order}"] == pytest.approx(price, rel=1e-12)
    assert "one of the 50 prompts before begins too" in " ".join(capsys.readouterr().out.split())
    alone = written(tmp_path / "d.json", "--tokenizer", byte_tokenizer, *FACTUAL, "--price-in", "1", "--price-out", "0")
    assert alone["prices_per_million"]["tokens_cached"] == 1
    assert alone["ways"][0]["price_balanced"] == alone["ways"][0]["tokens_in"] / 1e6
    without = written(tmp_path / "e.json", "--tokenizer", byte_tokenizer, *FACTUAL)
    assert without["prices_per_million"] is None
    assert "price_balanced" not in without["ways"][0]


def test_a_part_of_the_records_is_scaled_up_and_said(
    byte_tokenizer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--tokenizer", byte_tokenizer, "--dimension", "factual", "--counted", "10"]
    found = written(tmp_path / "c.json", *words)
    assert "scaled up: factual: 10 of 72 records were counted" in capsys.readouterr().err
    assert (found["ways"][0]["records"], found["ways"][0]["counted"], found["ways"][0]["requests"]) == (72, 10, 72)


def test_how_lists_are_asked_can_be_chosen(byte_tokenizer: str, tmp_path: Path) -> None:
    words = ["--tokenizer", byte_tokenizer, "--limit", "3", "--dimension", "ranking"]
    both = written(tmp_path / "a.json", *words)
    item = written(tmp_path / "b.json", *words, "--ask", "item")
    assert [one["ask"] for one in both["ways"]] == ["list"] * 3 + ["item"] * 3
    assert item["ways"] == both["ways"][3:]
    assert written(tmp_path / "c.json", *words, "--ask", "list")["ways"] == both["ways"][:3]


def test_a_stress_run(byte_tokenizer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As many requests as the run has, with the tokens of its prompts; the questions of one record are a group."""
    words = ["--tokenizer", byte_tokenizer, "--stress", "--limit", "3", "--dimension", "factual"]
    found = written(tmp_path / "c.json", *words)
    said = capsys.readouterr()
    assert "expected cost of a stress run: sample" in said.out
    assert said.err == ""
    options = parse(StressOptions, {"data": "sample", "limit": 3})
    asked = list(load_questions("factual", "generate", Backend(), options, pose=stress_questions)[0])
    generate, logprob, several = found["ways"]
    assert found["stress"] is True
    assert (generate["records"], generate["requests"], logprob["requests"]) == (3, len(asked), len(asked))
    assert several["requests"] == sum(len(prompt.choices) for prompt in asked)
    tokens = tokens_of(byte_tokenizer)
    assert generate["tokens_in"] == sum(map(len, tokens.ids_of_all([prompt.messages for prompt in asked])))
    assert generate["shared_grouped"] > generate["tokens_in"] / 2
    scaled = written(tmp_path / "d.json", *words[:-4], "--dimension", "factual", "--counted", "3")
    assert scaled["ways"][0]["records"] == 72
    assert capsys.readouterr().err == "scaled up: factual: 3 of 72 records were counted\n"
    plain = written(tmp_path / "e.json", "--tokenizer", byte_tokenizer, *FACTUAL)
    assert plain["stress"] is False


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stress", "--orders", "2"], "--orders: a stress run asks about each list as a whole"),
        (["--stress", "--ask", "item"], "--ask: a stress run asks about each list as a whole"),
        (["--price-in", "2"], "a price needs both --price-in and --price-out"),
        (["--price-in", "-2", "--price-out", "1"], "--price-in must be a price of a million tokens, not '-2'"),
        (["--price-in", "nan", "--price-out", "1"], "--price-in must be a price of a million tokens, not 'nan'"),
        (["--cached-prompts", "0"], "--cached-prompts must be a whole number of at least 1, not '0'"),
        (["--counted", "x"], "--counted must be a whole number of at least 1, not 'x'"),
        (["--limit", "0"], "--limit must be 'lite' or a whole number of at least 1, not '0'"),
        (["--dimension", "none"], "none"),
        (["--dimension", "factual", "--ask", "item"], "factual has no lists, so --ask would have no effect"),
        (["--to", "cost.csv"], "--to cost.csv: costs are written as .json"),
        (["--context", "300"], "prompts do not fit"),
    ],
)
def test_mistakes(words: list[str], message: str, byte_tokenizer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "sample", "--tokenizer", byte_tokenizer, *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("recrm: ")
    assert message in said
    assert "Traceback" not in said


def test_a_tokenizer_without_a_template(plain_byte_tokenizer: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["cost", "sample", "--tokenizer", plain_byte_tokenizer, *FACTUAL]
    assert main(words) == 2
    assert f"{plain_byte_tokenizer} has no chat template, so it is of a base model: add --style completion" in (
        capsys.readouterr().err
    )
    assert main([*words, "--style", "completion"]) == 0
    assert main(["cost", "sample", "--tokenizer", "nowhere/nothing"]) == 2
    assert "no tokenizer at 'nowhere/nothing'" in capsys.readouterr().err


def test_dimensions_without_records_are_left_out(
    byte_tokenizer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {
        "id": "f", "dimension": "factual", "lang": "en", "source": "mine", "query": "open?", "evidence": ["Open."],
        "response": "Yes.", "label": "consistent",
    }  # fmt: skip
    file = tmp_path / "factual.jsonl"
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert main(["cost", str(file), "--tokenizer", byte_tokenizer]) == 0
    said = capsys.readouterr()
    assert "left out: behavior, which has no records" in said.err
    assert "all" not in re.findall(r"│ (\w+) +│ generate", said.out)
    assert main(["cost", str(file), "--tokenizer", byte_tokenizer, "--dimension", "ranking"]) == 2
