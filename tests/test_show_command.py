"""`recrm data show`: what a person sees is what a model is asked, and how its answers are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.answers.prompt import ASKS
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.prompting import Backend, Options, load_questions


@pytest.mark.parametrize("key", dimensions())
def test_the_first_records_of_a_run(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "show", "sample", key, "--n", "2"]) == 0
    printed = capsys.readouterr().out
    prompts = list(load(key, "sample", limit=2).prompts("generate"))
    assert [line.split()[2] for line in printed.splitlines() if line.startswith("=== ")] == [p.id for p in prompts]
    for prompt in prompts:
        assert all(turn.content in printed for turn in prompt.messages)
        assert f"{prompt.target} is read as " in printed
    assert printed.count("(right)") == 2


def test_every_dimension_with_three_records(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "show", "sample"]) == 0
    shown = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("=== ")]
    assert shown == [f"{key}:" for key in dimensions() for _ in range(3)]


def test_one_record_in_the_form_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    name = next(load("factual", "sample", lang="zh", split="hash-test").records()).id
    words = ["--id", name, "--prompt-lang", "en", "--style", "completion"]
    examples = ["--fewshot", "1", "--split", "hash-test"]
    assert main(["data", "show", "sample", "factual", *words, *examples]) == 0
    printed = capsys.readouterr().out
    assert printed.count("=== ") == 1
    assert printed.count("Is the response consistent with the evidence?") == 1
    assert main(["data", "show", "sample", "factual", *words, "--split", "hash-train"]) == 2
    assert f"has the id '{name}' in split 'hash-train'; split=all has all records" in capsys.readouterr().err


def test_answers_are_read_as_in_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ['{"answer": "A"}', "B", "Answer: A. Answer: B"]
    assert main(["data", "show", "sample", "factual", "--n", "1", *(w for t in texts for w in ("--read", t))]) == 0
    read = capsys.readouterr().out.splitlines()[-3:]
    assert {line.rpartition(" (")[2] for line in read[:2]} == {"right)", "wrong)"}
    assert read[2] == "Answer: A. Answer: B is read as unreadable: ambiguous"


def test_a_dimension_alone_is_of_the_environments_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECRM_DATA", "sample")
    assert main(["data", "show", "ranking", "--n", "1"]) == 0
    assert capsys.readouterr().out.startswith("=== ranking: ")


def test_texts_cannot_command_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = ("relevant", "irrelevant")
    rows = [{"query": f"q{i}\x1b[2J", "item": f"item {i}", "label": labels[i % 2], "lang": "en"} for i in range(2)]
    (tmp_path / "relevance.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code = main(["data", "show", str(tmp_path), "relevance", "--n", "2"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "\x1b" not in printed.out
    assert "\\x1b[2J" in printed.out


def test_the_page_shows_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("jinja2")
    page = tmp_path / "records.html"
    assert main(["data", "show", "sample", "factual", "--n", "2", "--read", "<b>B</b>", "--to", str(page)]) == 0
    assert capsys.readouterr().out == f"written: {page}\n"
    text = page.read_text(encoding="utf-8")
    for record in load("factual", "sample", limit=2).records():
        assert f"{record.id} <small>" in text
    assert "&lt;b&gt;B&lt;/b&gt;" in text
    assert text.count('class="right"') == 2


@pytest.mark.parametrize("key", dimensions())
@pytest.mark.parametrize("ask", ASKS)
def test_contents_are_those_of_a_run(key: str, ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The user's turn, and each content as a turn of the assistant with what it is worth; no letter is asked for."""
    words = ["--ask", ask] if key == "ranking" else []
    assert main(["data", "show", "sample", key, "--n", "2", "--reads", "content", *words]) == 0
    printed = capsys.readouterr().out
    options = Options(data="sample", limit=2, ask=ask)
    prompts = list(load_questions(key, "logprob", Backend(), options, reads="content")[0])
    assert printed.count("--- user\n") == len(prompts)
    assert printed.count("--- assistant") == sum(len(prompt.choices) for prompt in prompts)
    assert "right answer" not in printed
    for prompt in prompts:
        turns = printed.partition(f"=== {key}: {prompt.id} ")[2].partition("\n\n=== ")[0]
        (turn,) = prompt.messages
        assert f"--- user\n{turn.content}\n--- assistant" in turns
        golds = prompt.gold if isinstance(prompt.gold, tuple) else (None,)
        for content, grade in zip(prompt.choices, golds, strict=True):
            value = f", value {prompt.values[prompt.gold]:g}" if prompt.values else ""  # type: ignore[index]
            said = f"label {prompt.target}{value}" if grade is None else f"grade {grade:g}"
            assert f": {said}\n{content}\n" in f"{turns}\n"


def test_the_page_shows_contents_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    escape = pytest.importorskip("markupsafe").escape
    page = tmp_path / "records.html"
    assert main(["data", "show", "sample", "ranking", "--n", "1", "--reads", "content", "--to", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    (prompt,) = load_questions("ranking", "logprob", Backend(), Options(data="sample", limit=1), reads="content")[0]
    count = len(prompt.choices)
    assert f"<h4>assistant ({count} of {count}) <small>grade {prompt.gold[-1]:g}</small></h4>" in text  # type: ignore[index]
    assert all(escape(content) in text for content in prompt.choices)
    assert "right answer</h4>" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sample", "factual", "--id", "nope"], "no record of factual has the id 'nope'\n"),
        (["sample", "--id", "a"], "--id: name the dimension too"),
        (["sample", "facts"], "unknown dimension 'facts'"),
        (["sample", "factual", "--n", "0"], "--n must be a whole number of at least 1, not '0'"),
        (["sample", "factual", "--style", "prose"], "--style must be chat or completion, not 'prose'"),
        (["sample", "factual", "--to", "page.txt"], "--to page.txt: a page is written as .html"),
        (["nowhere"], "no such file or folder"),
        (["sample", "--reads", "content", "--answer", "generate"], "reads content writes no text"),
        (["sample", "--reads", "content", "--read", "A"], "--read: a reward model that reads content writes no answer"),
        (["sample", "factual", "--reads", "content", "--fewshot", "1"], "with reads=content fewshot would have no"),
    ],
)
def test_mistakes_are_one_message(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "show", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
