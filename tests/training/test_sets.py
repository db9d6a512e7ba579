"""What training sets contain: the benchmark's own questions of the train split, with answers that it reads as right."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from written_sets import GROUPS, made, rows_of, write_source

from recrm_tasks.answers.prompt import MODES
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.rewards import Case
from recrm_tasks.rewards.gold_reward import GoldReward
from recrm_tasks.training.question_rows import class_names
from recrm_tasks.training.trainers import TRAINERS

KEYS = tuple(dimensions())
HELD_OUT = {f"g{group}" for group in range(3, GROUPS, 4)}


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write_source(tmp_path / "source")


def asked(key: str, source: str, mode: Any = "generate", **how: Any) -> dict[str, Any]:
    """The evaluation's own questions about the train split, by their first turn."""
    dataset = load(key, source, split="train", ask=how.get("ask", "list"))
    return {prompt.messages[0].content: prompt for prompt in dataset.prompts(mode, **how)}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("mode", MODES)
def test_questions_are_those_of_the_tasks_and_answers_are_read_as_right(
    tmp_path: Path, source: str, key: str, mode: Any
) -> None:
    found = made(tmp_path / "set", "trl", source, key, kind="sft", answer=mode)
    prompts, kind = asked(key, source, mode), dimension_of(key).kind
    rows = rows_of(tmp_path / "set")
    assert {row["prompt"][0]["content"] for row in rows} == set(prompts)
    for row in rows:
        prompt, (turn,) = prompts[row["prompt"][0]["content"]], row["completion"]
        assert turn["role"] == "assistant"
        if mode == "generate":
            assert kind.right(prompt.outcome(kind.read(turn["content"], prompt)))
        else:
            scores = [0.0 if choice == turn["content"] else -5.0 for choice in prompt.choices]
            assert kind.right(prompt.outcome(kind.weigh(scores, prompt)))
    assert found.manifest["rows"] == len(rows) == len(prompts)
    assert set(found.manifest["counts"][key]) == {"en", "zh"}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("mode", MODES)
def test_verdict_pairs_have_a_right_and_a_wrong_answer(tmp_path: Path, source: str, key: str, mode: Any) -> None:
    made(tmp_path / "set", "trl", source, key, kind="pairs", answer=mode)
    prompts, kind = asked(key, source, mode), dimension_of(key).kind
    for row in rows_of(tmp_path / "set"):
        prompt = prompts[row["prompt"][0]["content"]]
        right = []
        for side in ("chosen", "rejected"):
            text = row[side][0]["content"]
            scores = [0.0 if choice == text else -5.0 for choice in prompt.choices]
            answer = kind.read(text, prompt) if mode == "generate" else kind.weigh(scores, prompt)
            assert answer.reason is None
            right.append(kind.right(prompt.outcome(answer)))
        assert right == [True, False]
        assert 0 < row["margin"] <= 1
    margins = {row["margin"] for row in rows_of(tmp_path / "set")}
    assert margins == ({0.5, 1.0} if key == "relevance" else {1.0})


@pytest.mark.parametrize("key", KEYS)
def test_content_pairs_are_of_one_situation(tmp_path: Path, source: str, key: str) -> None:
    """Three contents of a group: each that is not the best is the worse one of one pair."""
    found = made(tmp_path / "set", "trl", source, key, kind="pairs", pairs="content")
    rows = rows_of(tmp_path / "set")
    assert len(rows) == 2 * (GROUPS - len(HELD_OUT))
    worse = Counter()
    for row in rows:
        (better,), (rejected,), (asked_for,) = row["chosen"], row["rejected"], row["prompt"]
        place = better["content"].removeprefix("name: ").partition(",")[0]
        assert rejected["content"].removeprefix("name: ").startswith(f"{place},")
        assert place in asked_for["content"] or f"user {place.split()[1]}" in asked_for["content"]
        assert better["content"] not in asked_for["content"]
        worse[rejected["content"]] += 1
        expected = {("quiet", "cheap"): 0.5, ("quiet", "closed"): 1.0, ("cheap", "closed"): 0.5}
        sides = (better["content"].rpartition(" ")[2], rejected["content"].rpartition(" ")[2])
        assert row["margin"] == (expected[sides] if key == "relevance" else 1.0)
        assert key == "relevance" or sides[0] == "quiet"
    assert set(worse.values()) == {1}
    assert len(found.manifest["records"][key]) == (1 if key == "ranking" else 3) * (GROUPS - len(HELD_OUT))


def test_content_pairs_with_several_better_ones(tmp_path: Path, source: str) -> None:
    """Of three grades three pairs, none of them twice."""
    found = made(tmp_path / "set", "trl", source, "relevance", kind="pairs", pairs="content", better=5)
    assert found.manifest["rows"] == 3 * (GROUPS - len(HELD_OUT))
    rows = rows_of(tmp_path / "set")
    assert len({json.dumps([row["chosen"], row["rejected"]]) for row in rows}) == len(rows)


def test_content_pairs_of_equal_texts(tmp_path: Path) -> None:
    """The same response with two labels: it is the worse one of a pair with each other response that is better."""
    rows = [
        {"id": f"{group}-{i}", "dimension": "factual", "lang": "en", "source": "mine", "query": "?",
         "evidence": [f"Inn {group} is open"], "response": text, "label": "inconsistent" if i % 2 else "consistent"}
        for group in range(12)
        for i, text in enumerate(("same", "same", "better", "worse"))
    ]  # fmt: skip
    file = tmp_path / "factual.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made(tmp_path / "set", "trl", str(file), "factual", kind="pairs", pairs="content", split="all")
    pairs = Counter((row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in rows_of(tmp_path / "set"))
    assert pairs["better", "same"] == 12
    assert pairs["better", "worse"] + pairs["same", "worse"] == 12
    assert sum(pairs.values()) == 24
    file.write_text("\n".join(json.dumps(row) for row in rows if row["response"] == "same"), encoding="utf-8")
    with pytest.raises(DataError, match=r"no two records of the 24 .* the same situation, another response and"):
        made(tmp_path / "none", "trl", str(file), "factual", kind="pairs", pairs="content", split="all")


@pytest.mark.parametrize("key", KEYS)
def test_classes_are_those_that_recrm_rm_finds(tmp_path: Path, source: str, key: str) -> None:
    """By name, among the names that the evaluation gives to each answer."""
    found = made(tmp_path / "set", "trl", source, key, kind="classes")
    prompts, kind = asked(key, source, "logprob", ask="item"), dimension_of(key).kind
    classes = found.manifest["classes"]
    for row in rows_of(tmp_path / "set"):
        prompt = prompts[row["text"]]
        scores = [0.0 if classes[row["label"]] in names else -5.0 for names in kind.class_names(prompt)]
        assert scores.count(0.0) == 1
        assert kind.right(prompt.outcome(kind.weigh(scores, prompt)))
    unnamed = {f"label_{i}" for i in range(len(classes))}
    if any(unnamed & set(names) for names in kind.class_names(prompt)):  # a config without names of its own
        called = class_names(dimension_of(key), prompt, ())
        places = [next(j for j, names in enumerate(kind.class_names(prompt)) if one in names) for one in called]
        assert [f"label_{i}" in kind.class_names(prompt)[j] for i, j in enumerate(places)] == [True] * len(called)


@pytest.mark.parametrize("key", KEYS)
def test_rewards_compare_with_the_right_answer(tmp_path: Path, source: str, key: str) -> None:
    made(tmp_path / "set", "trl", source, key, kind="rl")
    made(tmp_path / "pairs", "trl", source, key, kind="pairs", answer="generate")
    reward = GoldReward()
    wrong = {row["prompt"][0]["content"]: row["rejected"][0]["content"] for row in rows_of(tmp_path / "pairs")}
    for row in rows_of(tmp_path / "set"):
        case = json.loads(row["case"])
        said = (row["ground_truth"], wrong[row["prompt"][0]["content"]], "I cannot say.")
        right, other, unread = reward([Case(**case, response=text) for text in said])
        assert right.value == right.parts[key] == 1
        assert other.value < 1
        assert unread.value == 0
        assert unread.missing == {key: "unreadable: no_answer"}


def test_only_the_train_split(tmp_path: Path, source: str) -> None:
    found = made(tmp_path / "set", "trl", source, kind="sft")
    ids = found.manifest["records"]
    assert {key: len(names) for key, names in ids.items()} == {key: 9 if key == "ranking" else 27 for key in KEYS}
    trained = {name.split("-")[1] for names in ids.values() for name in names}
    assert not {f"g{group}" for group in trained} & HELD_OUT
    (note,) = (note for note in found.notes if "Evaluate" in note)
    assert note.startswith(f"Evaluate {', '.join(KEYS)} on split=test (lm-eval: recrm_split)")


def test_without_splits_whole_groups_are_left_for_evaluation(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", splits=False)
    found = made(tmp_path / "set", "trl", source, "relevance", kind="sft")
    assert found.manifest["records"]["relevance"] == sorted(load("relevance", source, split="hash-train").ids())
    assert "split=hash-test" in " ".join(found.notes)


def test_what_other_splits_have_is_left_out(tmp_path: Path, source: str) -> None:
    """A leak made on purpose: one evidence, and one whole question, in both splits."""
    file = Path(source) / "factual.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    held_out = next(row for row in rows if row["split"] == "test")
    trained = [row for row in rows if row["split"] == "train"]
    trained[0]["evidence"] = held_out["evidence"]
    trained[1] |= {name: held_out[name] for name in ("query", "evidence", "response", "lang")}
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    found = made(tmp_path / "set", "trl", source, "factual", kind="sft")
    assert {trained[0]["id"], trained[1]["id"]}.isdisjoint(found.manifest["records"]["factual"])
    assert sum(found.manifest["dimensions"]["factual"]["left_out"].values()) == 2
    assert any(note.startswith("Left out: 2 records of factual that share something") for note in found.notes)
    only = [row for row in rows if row["split"] == "test"] + trained[:2]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in only), encoding="utf-8")
    with pytest.raises(DataError, match=r"all 2 records of factual in split 'train' share"):
        made(tmp_path / "none", "trl", source, "factual", kind="sft")


def test_what_another_dimension_holds_out_is_left_out(tmp_path: Path, source: str) -> None:
    """The user whose list is ranked in `test` is in the train split of `behavior`."""
    file = Path(source) / "ranking.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert (rows[0]["group"], rows[0]["split"]) == ("g0", "train")
    rows[0]["split"] = "test"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    records = made(tmp_path / "both", "trl", source, "behavior", "ranking", kind="sft").manifest["records"]
    assert not {"behavior-0-0", "behavior-0-1", "behavior-0-2", "ranking-0"} & {
        *records["behavior"],
        *records["ranking"],
    }
    assert {key: len(ids) for key, ids in records.items()} == {"behavior": 24, "ranking": 8}
    alone = made(tmp_path / "alone", "trl", source, "behavior", kind="sft").manifest
    assert len(alone["records"]["behavior"]) == 27


@pytest.mark.parametrize(
    ("splits", "split", "said"),
    [
        ("train test", None, "Evaluate factual on split=test "),
        ("train dev test", None, "Evaluate factual on split=test or dev "),
        ("train dev", None, "Evaluate factual on split=dev "),
        ("train dev", "dev", "Evaluate factual on split=train "),
        ("train test", "hash-train", "Evaluate factual on split=hash-test "),
        ("train test", "hash-test", "Evaluate factual on split=hash-train "),
        ("train test", "all", "Warning: all records of factual that the source has are trained on"),
        ("train", None, "Warning: all records of factual that the source has are trained on"),
        ("", "all", "Warning: all records of factual that the source has are trained on"),
    ],
)
def test_where_the_model_may_be_evaluated(tmp_path: Path, splits: str, split: str | None, said: str) -> None:
    """On a split that the source has, and that was not trained on."""
    source = write_source(tmp_path / "source")
    file = Path(source) / "factual.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        group = int(row["group"][1:])
        row["split"] = splits.split()[group % len(splits.split())] if splits else None
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    notes = made(tmp_path / "set", "trl", source, "factual", kind="sft", split=split).notes
    assert [note.startswith(said) for note in notes if "valuate" in note] == [True]


def test_the_leak_check_finds_nothing_in_a_set(tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ahocorasick_rs")
    for trainer, target in TRAINERS.items():
        for kind in target.kinds:
            to = tmp_path / f"{trainer}-{kind}"
            made(to, trainer, source, "factual", kind=kind)
            words = ["data", "leaks", str(to), source, "--dimension", "factual", "--near", "off"]
            assert main(words) == 0, capsys.readouterr()
            capsys.readouterr()
    leaking = tmp_path / "leaking"
    made(leaking, "trl", source, "factual", kind="sft", split="test")
    assert main(["data", "leaks", str(leaking), source, "--dimension", "factual", "--near", "off"]) == 1


def test_the_manifest_says_what_is_in_the_set(tmp_path: Path, source: str) -> None:
    found = made(tmp_path / "set", "verl", source, "factual", "behavior", kind="rl", seed=3)
    manifest = json.loads((tmp_path / "set" / "recrm_manifest.json").read_text(encoding="utf-8"))
    assert manifest == found.manifest
    assert manifest["dimensions"]["factual"]["split"] == "train"
    assert manifest["dimensions"]["factual"]["version"] == dimension_of("factual").version
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((tmp_path / "set" / name).read_bytes()).hexdigest() == digest
    assert set(manifest["files"]) == {"README.md", "reward.yaml", "train.parquet"}
    assert manifest["counts"]["behavior"]["zh"] == {"0": 12, "1": 6}
    assert manifest["groups_sha256"] == sorted(manifest["groups_sha256"])
    assert len(manifest["groups_sha256"]) >= GROUPS - len(HELD_OUT)


def test_long_lists_are_in_files(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short = made(tmp_path / "short", "trl", source, "factual", kind="sft").manifest
    monkeypatch.setattr("recrm_tasks.training.manifest._FEW", 5)
    long = made(tmp_path / "long", "trl", source, "factual", kind="sft").manifest
    lines = (tmp_path / "long" / long["records"]["file"]).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == short["records"]["factual"]
    groups = (tmp_path / "long" / long["groups_sha256"]["file"]).read_text(encoding="ascii").split()
    assert groups == short["groups_sha256"]
    assert set(long["files"]) == {"README.md", "train.jsonl", "recrm_records.jsonl", "recrm_groups.txt"}


def test_balanced_labels(tmp_path: Path, source: str) -> None:
    found = made(tmp_path / "set", "trl", source, "factual", kind="sft", shares="balanced")
    assert found.manifest["counts"]["factual"] == {
        "en": {"consistent": 3, "inconsistent": 3},
        "zh": {"consistent": 6, "inconsistent": 6},
    }
    # A prefix is balanced too.
    found = made(tmp_path / "few", "trl", source, "factual", kind="sft", shares="balanced", limit=6)
    totals: Counter[str] = Counter()
    for labels in found.manifest["counts"]["factual"].values():
        totals.update(labels)
    assert totals == {"consistent": 3, "inconsistent": 3}


def test_balanced_candidates(tmp_path: Path, source: str) -> None:
    found = made(tmp_path / "set", "trl", source, "ranking", kind="classes", shares="balanced")
    assert found.manifest["counts"]["ranking"] == {"en": {"0": 3, "1": 3}, "zh": {"0": 6, "1": 6}}


def test_dimensions_are_spread_over_the_set(tmp_path: Path, source: str) -> None:
    made(tmp_path / "set", "verl", source, "factual", "relevance", kind="rl")
    abilities = [row["ability"] for row in rows_of(tmp_path / "set")]
    assert all(set(abilities[i : i + 4]) == {"factual", "relevance"} for i in range(len(abilities) - 4))
    assert [row["extra_info"]["index"] for row in rows_of(tmp_path / "set")] == list(range(len(abilities)))


@pytest.mark.parametrize("how", [{"kind": "sft", "ask": "item"}, {"kind": "pairs", "pairs": "content", "better": 2}])
def test_dimensions_with_several_rows_of_a_record_are_spread_too(tmp_path: Path, source: str, how: Any) -> None:
    found = made(tmp_path / "set", "verl" if how["kind"] == "sft" else "trl", source, "relevance", "ranking", **how)
    sizes = {key: sum(sum(c.values()) for c in langs.values()) for key, langs in found.manifest["counts"].items()}
    assert sizes == {"relevance": 27, "ranking": 27 if how["kind"] == "sft" else 18}
    asked = [str(row.get("prompt", row.get("messages"))) for row in rows_of(tmp_path / "set")]
    of_ranking = ["user " in text or "用户画像" in text for text in asked]
    assert sum(of_ranking) == sizes["ranking"]
    third = len(of_ranking) // 3
    for part in (of_ranking[:third], of_ranking[third : 2 * third], of_ranking[2 * third :]):
        assert abs(sum(part) - sizes["ranking"] / 3) <= 1


def test_pairs_of_generated_answers_are_not_for_reward_models(tmp_path: Path, source: str) -> None:
    """`recrm-rm` asks about letters, so nothing writes into a config that such a model was trained on them."""
    for answer, expected in ((None, True), ("generate", False)):
        found = made(tmp_path / f"set-{answer}", "trl", source, "factual", kind="pairs", answer=answer)
        said = (tmp_path / f"set-{answer}" / "README.md").read_text(encoding="utf-8")
        assert ("write_trained_as" in said) == expected
        assert any("recrm-rm asks reward models about letters" in note for note in found.notes) != expected


def test_one_language_limit_and_seed(tmp_path: Path, source: str) -> None:
    found = made(tmp_path / "a", "trl", source, "factual", kind="sft", lang="en", limit=4)
    assert list(found.manifest["counts"]["factual"]) == ["en"]
    assert found.manifest["rows"] == 4
    again = made(tmp_path / "b", "trl", source, "factual", kind="sft", lang="en", limit=4)
    other = made(tmp_path / "c", "trl", source, "factual", kind="sft", lang="en", limit=4, seed=1)
    assert again.manifest["files"]["train.jsonl"] == found.manifest["files"]["train.jsonl"]
    assert other.manifest["records"] != found.manifest["records"]
    chinese = made(tmp_path / "d", "trl", source, "factual", kind="sft", lang="en", prompt_lang="zh")
    assert chinese.manifest["counts"]["factual"].keys() == {"zh"}
    assert "【依据】" in rows_of(tmp_path / "d")[0]["prompt"][0]["content"]


def test_base_models_get_text(tmp_path: Path, source: str) -> None:
    made(tmp_path / "set", "trl", source, "relevance", kind="sft", style="completion")
    row = rows_of(tmp_path / "set")[0]
    assert row["prompt"].endswith(("Answer:", "答案："))
    assert row["completion"] in (" A", " B", " C")


def test_ready_prompts_keep_their_form_of_answer(tmp_path: Path) -> None:
    """Letters where the prompt shows them, else the label's name."""
    folder = tmp_path / "source"
    folder.mkdir()
    texts = {"A": "Is it so?\nA: yes\nB: no", "consistent": "Is it grounded?"}
    rows = [
        {"id": f"{i}-{j}", "dimension": "factual", "lang": "en", "source": "mine", "split": "train", "label": label,
         "messages": [{"role": "system", "content": "Judge."}, {"role": "user", "content": f"{i} {text}"}]}
        for i in range(3) for text in texts.values() for j, label in enumerate(("consistent", "inconsistent"))
    ]  # fmt: skip
    for number, row in enumerate(rows):
        row["id"] = str(number)
    (folder / "factual.jsonl").write_text("\n".join(map(json.dumps, rows)))
    made(tmp_path / "set", "trl", str(folder), "factual", kind="sft")
    answers = {row["completion"][0]["content"] for row in rows_of(tmp_path / "set") if "A: yes" in str(row["prompt"])}
    others = {row["completion"][0]["content"] for row in rows_of(tmp_path / "set") if "grounded" in str(row["prompt"])}
    assert answers == {"A", "B"}
    assert others == {"consistent", "inconsistent"}
    made(tmp_path / "turns", "ms-swift", str(folder), "factual", kind="sft")
    assert [turn["role"] for turn in rows_of(tmp_path / "turns")[0]["messages"]] == ["system", "user", "assistant"]


def test_tokens_are_counted_with_the_answer(tmp_path: Path, source: str, byte_tokenizer: str) -> None:
    """Tokens are bytes there."""
    found = made(tmp_path / "set", "trl", source, "factual", kind="sft", tokenizer=byte_tokenizer)
    sizes = [
        len("".join(f"<{t['role']}>{t['content']}</>" for t in (*row["prompt"], *row["completion"])).encode() + b"<go>")
        for row in rows_of(tmp_path / "set")
    ]
    lengths = found.manifest["lengths"]
    assert (lengths["unit"], lengths["longest"]) == ("tokens", max(sizes))
    limit = -(-max(sizes) // 8) * 8
    assert f"--max_length {limit} " in found.command
    over = sum(size > 1024 for size in sizes)
    warning = f"{over} of {len(sizes)} rows are longer than the 1,024 tokens that are trl's default; it shortens them"
    assert any(warning in note for note in found.notes) == bool(over)


def test_rows_over_a_default_are_told(tmp_path: Path, source: str, byte_tokenizer: str) -> None:
    found = made(tmp_path / "set", "openrlhf", source, "factual", kind="pairs", tokenizer=byte_tokenizer)
    assert found.notes[0].startswith(
        "Warning: 27 of 27 rows are longer than the 512 tokens that are openrlhf's default"
    )
    assert "without an error" in found.notes[0]
    stops = made(tmp_path / "rl", "verl", source, "factual", kind="rl", tokenizer=byte_tokenizer)
    assert "it stops at them. The command has data.max_prompt_length=" in stops.notes[0]
    assert "Lengths are in characters" in made(tmp_path / "none", "trl", source, "factual", kind="sft").notes[0]


def test_a_tokenizer_without_template(tmp_path: Path, source: str, plain_byte_tokenizer: str) -> None:
    found = made(tmp_path / "set", "trl", source, "factual", kind="sft", tokenizer=plain_byte_tokenizer)
    assert "has no chat template" in found.notes[0]
    plain = made(
        tmp_path / "plain", "trl", source, "factual", kind="sft", style="completion", tokenizer=plain_byte_tokenizer
    )
    assert not any("template" in note for note in plain.notes)


@pytest.mark.parametrize("trainer", TRAINERS)
def test_every_command_names_files_that_are_there(tmp_path: Path, source: str, trainer: str) -> None:
    for kind in TRAINERS[trainer].kinds:
        to = tmp_path / f"set-{kind}"
        found = made(to, trainer, source, "factual", kind=kind)
        named = [word.partition("=")[2] or word for word in found.command.split() if str(to) in word]
        assert named
        assert all(Path(word[word.index(str(to)) :]).exists() for word in named)
        readme = (to / "README.md").read_text(encoding="utf-8")
        assert found.command.replace(str(to), to.name) in readme


def test_datasets_does_not_load_an_earlier_set_of_the_same_name(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cache goes by the names of folder and config."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for key in ("factual", "behavior"):
        to = tmp_path / key / "set"
        to.parent.mkdir()
        made(to, "trl", source, key, kind="sft")
        assert datasets.load_dataset(str(to))["train"].to_list() == rows_of(to)
