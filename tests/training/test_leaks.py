"""Leaks made on purpose, between records and in training sets of any form."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datasketch")
pytest.importorskip("ahocorasick_rs")

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions

TRAIN, TEST = "hash-train", "hash-test"


def factual(number: int, **changes: Any) -> dict[str, Any]:
    """A record of its own: no other number has a text of it."""
    about = f"{number:04} {number * 7919 % 1_000_003}"
    return {
        "id": f"f{number}",
        "dimension": "factual",
        "lang": "en",
        "source": "mine",
        "group": f"g{number}",
        "query": f"When does house {about} open, and who has the key for it?",
        "evidence": [
            f"House {about} opens at {number % 24} o'clock.",
            f"The key of {about} is with neighbour {number}.",
        ],
        "response": f"House {about} opens at {number % 24} o'clock sharp; please ask neighbour {number} for the key.",
        "label": "consistent" if number % 2 else "inconsistent",
        **changes,
    }


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def call(name: str, rows: list[dict[str, Any]]) -> str:
        file = tmp_path / name
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return str(file)

    return call


@pytest.fixture
def check(tmp_path: Path) -> Any:
    """Runs the command; gives the exit code and the result's file."""

    def call(*arguments: str) -> tuple[int, Any]:
        file = tmp_path / "leaks.json"
        file.unlink(missing_ok=True)
        code = main(["data", "leaks", *arguments, "--to", str(file)])
        return code, json.loads(file.read_text(encoding="utf-8")) if file.exists() else None

    return call


def shared(result: Any) -> dict[str, dict[str, int]]:
    """Per dimension and kind, the records that share it."""
    return {p["dimension"]: {kind: s["records"] for kind, s in p["shared"].items()} for p in result["test"]}


def near(result: Any) -> int:
    return sum(part["near_equal"]["records"] for part in result["test"])


def test_hashed_splits_of_the_sample_have_nothing_in_common(check: Any, capsys: Any) -> None:
    code, result = check("sample", "sample", "--train-split", TRAIN, "--test-split", TEST)
    assert (code, result["leak"]) == (0, False)
    assert shared(result) == {key: {} for key in dimensions()}
    assert sum(part["records"] for part in result["test"]) + result["train_records"] == 72 * len(dimensions())
    assert "no leak" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"group": "g1"}, {"group": 1}),
        ({"evidence": factual(1)["evidence"]}, {"evidence": 1}),
        ({"evidence": [text.upper().replace(" ", "  ") for text in factual(1)["evidence"]]}, {"evidence": 1}),
        ({"response": factual(1)["response"]}, {"response": 1}),
        ({"evidence": factual(1)["evidence"][:1]}, {}),
        ({"query": factual(1)["query"]}, {}),
        ({"group": "g1", "source": "theirs"}, {}),
    ],
)
def test_one_leak_of_each_kind(write: Any, check: Any, changes: Any, expected: Any) -> None:
    train = write("train.jsonl", [*map(factual, range(100, 200)), factual(500, **changes)])
    test = write("test.jsonl", [factual(n) for n in range(20)])
    code, result = check(train, test)
    assert shared(result) == {"factual": expected}
    assert code == (1 if expected else 0)
    if expected:
        (found,) = result["test"][0]["shared"].values()
        assert [(e["test"], e["train"]) for e in found["examples"]] == [("f1", "f500")]


def test_the_same_record_under_another_name_is_an_equal_text(write: Any, check: Any) -> None:
    train = write("train.jsonl", [factual(1, id="other", group="other", label="inconsistent"), factual(30)])
    code, result = check(train, write("test.jsonl", [factual(1), factual(2)]))
    assert (code, shared(result)) == (1, {"factual": {"evidence": 1, "response": 1, "text": 1}})
    assert near(result) == 0


def test_near_equal_texts_are_only_reported(write: Any, check: Any, capsys: Any) -> None:
    changed = factual(40, **{k: v + " Thanks." for k, v in factual(1).items() if k in ("query", "response")})
    changed["evidence"] = [*factual(1)["evidence"], "Thanks."]
    train = write("train.jsonl", [changed, factual(30)])
    test = write("test.jsonl", [factual(1), factual(2)])
    code, result = check(train, test)
    assert (code, shared(result), near(result)) == (0, {"factual": {}}, 1)
    assert "near-equal  1 of 2 (50.0%)" in capsys.readouterr().out
    assert near(check(train, test, "--near", "0.99")[1]) == 0
    assert check(train, test, "--near", "off")[1]["test"][0]["near_equal"] is None


@cache
def prompts(key: str, split: str) -> list[tuple[list[dict[str, str]], str]]:
    data = load(key, "sample", split=split)
    return [([turn.model_dump() for turn in p.messages], p.target) for p in data.prompts("generate")]


FORMS = {
    "sft": lambda turns, answer: {"prompt": turns, "completion": [{"role": "assistant", "content": answer}]},
    "messages": lambda turns, answer: {"messages": [*turns, {"role": "assistant", "content": answer}]},
    "pairs": lambda turns, answer: {
        "chosen": [*turns, {"role": "assistant", "content": answer}],
        "rejected": [*turns, {"role": "assistant", "content": "?"}],
    },
    "sharegpt": lambda turns, answer: {
        "conversations": [
            *({"from": "human", "value": turn["content"]} for turn in turns),
            {"from": "gpt", "value": answer},
        ]
    },
    "text": lambda turns, answer: {"text": "\n".join(turn["content"] for turn in turns) + answer},
    "rl": lambda turns, answer: {"data_source": "x", "prompt": turns, "reward_model": {"ground_truth": answer}},
}


@pytest.mark.parametrize("form", FORMS)
def test_training_sets_of_prompts(write: Any, check: Any, form: str) -> None:
    """Our own prompts, in the forms that trainers read: of the train split nothing is found, of all everything is."""
    rows = {split: [row for key in dimensions() for row in prompts(key, split)] for split in (TRAIN, "all")}
    made = {split: [FORMS[form](*row) for row in said] for split, said in rows.items()}
    options = ["--test-split", TEST, "--near", "off"]
    code, result = check(write("train.jsonl", made[TRAIN]), "sample", *options)
    assert (code, shared(result)) == (0, {key: {} for key in dimensions()})
    assert result["train_records"] == len(made[TRAIN])
    code, result = check(write("all.jsonl", made["all"]), "sample", *options)
    assert code == 1
    for part in result["test"]:
        assert part["shared"]["text"]["records"] == part["records"]


def test_a_set_that_another_tool_made_of_the_records(write: Any, check: Any) -> None:
    test = write("test.jsonl", [factual(n) for n in range(20)])
    own = [f"Evidence: {'; '.join(factual(n)['evidence'])}\n\nReply: something else" for n in range(3, 6)]
    rows = [{"prompt": text, "chosen": "yes", "rejected": "no"} for text in own]
    code, result = check(write("pairs.jsonl", rows), test)
    assert (code, shared(result)) == (1, {"factual": {"evidence": 3}})
    examples = result["test"][0]["shared"]["evidence"]["examples"]
    assert {(e["test"], e["train"]) for e in examples} == {(f"f{n + 2}", f"pairs.jsonl:{n}") for n in (1, 2, 3)}
    # The other way round: our records, their rows.
    code, result = check(test, write("pairs.jsonl", rows), "--train-split", "test")
    assert (code, shared(result)) == (1, {None: {"evidence": 3}})


def test_rows_of_two_tools(write: Any, check: Any) -> None:
    one = [{"prompt": f"Is {n * 7919} a prime number? Explain.", "completion": "yes"} for n in range(30)]
    other = [{"messages": [{"role": "user", "content": f"is  {n * 7919} a prime number? explain."}]} for n in (5, 90)]
    code, result = check(write("a.jsonl", one), write("b.jsonl", other))
    assert (code, shared(result)) == (1, {None: {"text": 1}})
    assert check(write("a.jsonl", one[6:]), write("b.jsonl", other))[0] == 0


def test_behavior_rows_of_a_list_that_is_ranked(write: Any, check: Any) -> None:
    user = {"lang": "en", "source": "mine", "profile": "31, vegetarian", "history": ["Bowl"], "context": "noon"}
    items = [{"id": x, "text": f"House {x}"} for x in "abc"]
    asked = [
        {"id": x["id"], "dimension": "behavior", **user, "item": x["text"], "label": int(x["id"] == "a")} for x in items
    ]
    ranked = {"id": "l", "dimension": "ranking", **user, "candidates": items, "labels": [1, 0, 0]}
    code, result = check(write("behavior.jsonl", asked), write("ranking.jsonl", [ranked]))
    assert (code, shared(result)) == (1, {"ranking": {"situation": 1}})


def test_files_that_name_no_source_are_compared_by_their_ids(write: Any, check: Any) -> None:
    def row(number: int, user: str) -> dict[str, Any]:
        return {"user_id": user, "profile": f"p{number}", "history": f"h{number}", "context": f"c{number}"} | {
            "item": f"i{number}",
            "is_click": number % 2,
        }

    train = write("behavior_train.jsonl", [row(n, f"u{n % 10}") for n in range(100)])
    test = write("behavior_test.jsonl", [row(n, f"u{n}") for n in (200, 201, 3)])
    code, result = check(train, test)
    assert (code, shared(result)["behavior"]["user"]) == (1, 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "more.jsonl",
            b'{"prompt": "a", "completion": "b"}\n{"prompt": "a", "comp',
            "more.jsonl, line 2: not valid JSON",
        ),
        ("more.jsonl", b'{"prompt": "a", "comp', "more.jsonl, line 1: not valid JSON"),
        ("more.jsonl", '{"prompt": "café", "completion": "b"}'.encode("latin-1"), "more.jsonl, line 1: not UTF-8"),
        ("more.json", b'[{"prompt": "a", "completion": "b"}, {"pro', "more.json"),
        ("more.parquet", b"PAR1", "more.parquet"),
        ("manifest.json", b'{"rows": 3}', None),
        ("recrm_records.jsonl", b'{"dimension": "factual", "id": "1"}', None),
        ("later.jsonl", b"", None),
    ],
)
def test_no_file_of_a_training_set_is_passed_over(
    tmp_path: Path, check: Any, name: str, content: bytes, said: str | None, capsys: Any
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps({"prompt": "x", "completion": "y"}), encoding="utf-8")
    (folder / name).write_bytes(content)
    code, _ = check(str(folder), "sample", "--near", "off")
    assert code == (0 if said is None else 2)
    said_out, said_err = capsys.readouterr()
    assert said is None or said in said_err
    assert ("ids: not compared, since rows of prompts name no user" in said_out) == (said is None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sample", "sample"], "TRAIN and TEST are the same set, sample (all): name two splits of it"),
        (["{a}", "{a}"], "are the same set"),
        (["{a}", "{a}", "--train-split", TRAIN, "--test-split", TRAIN], "are the same set"),
        (["{a}", "nowhere.jsonl"], "TEST: "),
        (["{empty}", "{a}"], "TRAIN: "),
        (["{a}", "{no_text}"], "no_text.jsonl, line 1: no text in any column that trainers read"),
        (["{a}", "sample", "--dimension", "ranking"], "TRAIN: "),
        (["sample", "{a}", "--dimension", "ranking"], "TEST: "),
        (["sample", "{a}", "--dimension", "tone"], "unknown dimension 'tone'"),
        (["{rows}", "sample", "--train-split", TRAIN], "TRAIN: rows.jsonl: its rows name no groups"),
        (["{rows}", "sample", "--train-split", "train"], "TRAIN: rows.jsonl: no file of split 'train'"),
        (["{a}", "sample", "--train-split", "dev"], "TRAIN: factual: no records of split 'dev'"),
        (["sample", "{a}", "--near", "1.2"], "--near 1.2: a number above 0 and up to 1, or off"),
        (["sample", "{a}", "--near", "much"], "--near much"),
        (["sample", "{a}", "--revision", "main"], "--revision is of the data choice hub"),
        (["sample", "{a}", "--to", "leaks.txt"], "the result is written as .json"),
        (["sample", "{a}", "--to", "no/folder/leaks.json"], "cannot be written"),
        (["sample", "{a}", "--test-mapping", "nowhere.yaml"], "TEST: "),
    ],
)
def test_mistakes_are_one_message(write: Any, arguments: list[str], said: str, capsys: Any) -> None:
    files = {
        "a": write("a.jsonl", [factual(n) for n in range(40)]),
        "rows": write("rows.jsonl", [{"prompt": "a", "completion": "b"}]),
        "no_text": write("no_text.jsonl", [{"prompt": "", "completion": ""}]),
        "empty": write("empty.jsonl", []),
    }
    assert main(["data", "leaks", *(word.format(**files) for word in arguments)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("recrm: ")
    assert said in error


def test_without_a_group_only_texts_are_compared_and_it_is_said(write: Any, check: Any, capsys: Any) -> None:
    def row(number: int, **more: Any) -> dict[str, Any]:
        turns = [{"role": "user", "content": f"Question number {number}: is it so?"}]
        return (
            {"id": f"f{number}", "dimension": "factual", "lang": "en", "source": "mine", "messages": turns}
            | {"label": "consistent"}
            | more
        )

    code, result = check(write("train.jsonl", [row(1), row(2)]), write("test.jsonl", [row(2, id="x"), row(3)]))
    assert (code, shared(result), result["test"][0]["without_group"]) == (1, {"factual": {"text": 1}}, 2)
    assert "no group: 2, of which only the whole texts were compared" in capsys.readouterr().out


def test_the_library_is_asked_for_before_anything_is_read(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("recrm_tasks.training.near_equal.find_spec", lambda name: None)
    assert main(["data", "leaks", "nowhere", "nowhere"]) == 2
    assert "pip install 'recrm-tasks[leaks]', or leave it out: --near off" in capsys.readouterr().err


def test_the_manifest_of_an_export_has_the_ids_that_its_rows_do_not_show(
    write: Any, check: Any, tmp_path: Path, capsys: Any
) -> None:
    train = write("train.jsonl", [factual(number, split="train") for number in range(6)])
    folder = tmp_path / "set"
    main(["data", "export", train, "--as", "sft", "--for", "trl", "--split", "train", "--to", str(folder)])
    test = write("test.jsonl", [factual(number, split="test") for number in (90, 91)])
    assert check(str(folder), test, "--near", "off")[0] == 0
    assert "ids: not compared" not in capsys.readouterr().out
    leaking = write("leaking.jsonl", [factual(90, group="g4", split="test"), factual(91, split="test")])
    code, result = check(str(folder), leaking, "--near", "off")
    assert (code, shared(result)) == (1, {"factual": {"group": 1}})
    (pair,) = result["test"][0]["shared"]["group"]["examples"]
    assert (pair["test"], pair["train"]) == ("f90", "recrm_manifest.json")
    (folder / "recrm_manifest.json").unlink()
    assert check(str(folder), leaking, "--near", "off")[0] == 0
    assert "ids: not compared" in capsys.readouterr().out
