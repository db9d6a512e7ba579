"""A server's answers about the sample are worth the same in `recrm reward score` and in both harnesses, with `==`."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.model import get_model
from scripted import manager
from stub_server import StubServer, message

from inspect_tasks import dimension_task
from inspect_tasks.samples import to_prompt, turns_of
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.rendering import render_entry
from recrm_tasks.lm_eval_tasks.results import outcome_of
from recrm_tasks.scoring.outcomes import Outcome

pytestmark = pytest.mark.slow

CANDIDATE = re.compile(r"^([A-Z])\. (.*)$", re.MULTILINE)


def digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def answer(asked: dict[str, Any], before: int) -> Any:
    """Depends on the question alone; of a list on each candidate, whatever their order. Some cannot be read."""
    text = asked["messages"][-1]["content"]
    listed = CANDIDATE.findall(text)
    if '"ranking"' in text:
        if sum(digest(candidate) for _, candidate in listed) % 7 == 0:
            return message("I cannot say.")
        return message(json.dumps({"ranking": [name for name, _ in sorted(listed, key=lambda one: digest(one[1]))]}))
    number = digest(text)
    if number % 7 == 0:
        return message("I cannot say.")
    if '"probability"' in text:
        return message(json.dumps({"probability": number % 1001 / 1000}))
    return message(json.dumps({"answer": listed[number % len(listed)][0]}))


def case_of(record: Any) -> dict[str, Any]:
    """A record of the sample as a line of the file."""
    given = record.model_dump(exclude={"dimension", "source", "split", "meta", "label", "labels", "messages", "group"})
    fields = {name: value for name, value in given.items() if value is not None}
    more = {"category": fields.pop("category")} if "category" in fields else {}
    if "item" in fields:
        fields["items"] = [fields.pop("item")]
    if "candidates" in fields:
        fields["items"] = [candidate["text"] for candidate in fields.pop("candidates")]
    return {**fields, "more": more}


def verdicts(key: str, outcome: Outcome, shown: str) -> dict[str, float | None]:
    """From 0 to 1, by candidate; None is unreadable."""
    found = dimension_of(key).kind.parts([outcome]).verdict.tolist()
    names = [text for _, text in CANDIDATE.findall(shown)] if isinstance(outcome.gold, tuple) else [""]
    return {name: None if math.isnan(one) else one for name, one in zip(names, found, strict=True)}


@pytest.mark.parametrize("key", dimensions())
def test_verdicts_are_equal(key: str, tmp_path: Path) -> None:
    records = {record.id: record for record in load(key, "sample").records()}
    (tmp_path / "cases.jsonl").write_text("\n".join(json.dumps(case_of(record)) for record in records.values()))
    with StubServer(answer) as server:
        to = tmp_path / "rewards.jsonl"
        judge = ["--judge", f"server:{server.url}", "--model", "stub", "--dimensions", key]
        assert main(["reward", "score", str(tmp_path / "cases.jsonl"), *judge, "--to", str(to)]) == 0
        done = lm_eval.simple_evaluate(
            "local-chat-completions",
            f"model=stub,base_url={server.url}/chat/completions,num_concurrent=8,tokenizer_backend=None",
            tasks=[f"recrm_{key}"],
            task_manager=manager(),
            apply_chat_template=True,
            bootstrap_iters=0,
        )
        api = get_model("openai-api/local/stub", base_url=server.url, api_key="none", memoize=False)
        task = dimension_task(key, data="sample")
        (log,) = inspect_eval(task, model=api, log_dir=str(tmp_path / "logs"), display="none", max_connections=8)
    ours: dict[str, dict[str, float | None]] = {}
    for line in map(json.loads, to.read_text().splitlines()):
        (asked,) = line["asked"]
        record = records[line["id"]]
        listed = [render_entry(one.text) for one in record.candidates] if hasattr(record, "candidates") else [""]
        found = asked["verdicts"] if asked["reason"] is None else [None] * len(listed)
        ours[line["id"]] = dict(zip(listed, found, strict=True))
    assert done is not None
    by_lm_eval = {
        sample["doc"]["id"]: verdicts(key, outcome_of(sample["score"]), sample["doc"]["prompt"])
        for sample in done["samples"][f"recrm_{key}"]
    }
    assert log.samples is not None
    by_inspect = {}
    for sample in log.samples:
        (score,) = (sample.scores or {}).values()
        outcome = Outcome.from_json((score.metadata or {})["outcome"])
        shown = turns_of(sample.input, sample.metadata)[-1].text
        by_inspect[str(sample.id)] = verdicts(key, outcome, shown)
        assert to_prompt(str(sample.id), str(sample.target), sample.metadata).dimension == key
    assert ours == by_lm_eval == by_inspect
    assert len(ours) == 72
    readable = [one for found in ours.values() for one in found.values() if one is not None]
    assert len(set(readable)) > 1
    assert any(None in found.values() for found in ours.values())
