"""Records with prompts of their own, which ask for other forms of answer: both harnesses read the answers alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scripted

from inspect_tasks import dimension_task
from recrm_tasks.lm_eval_tasks.results_file import numbers_of

LABELS = {
    "instruction": ("follows", "violates"),
    "factual": ("consistent", "inconsistent"),
    "relevance": ("relevant", "irrelevant"),
}
WORDS = {"follows": "遵守", "violates": "违反", "consistent": "一致", "inconsistent": "不一致"} | {
    "relevant": "相关",
    "irrelevant": "不相关",
}


@pytest.mark.parametrize("dimension", [*LABELS, "behavior"])
def test_json_with_a_key_of_the_prompts_own(dimension: str, tmp_path: Path) -> None:
    rows, table = [], {}
    for i in range(8):
        label = i % 2 if dimension == "behavior" else LABELS[dimension][i % 2]
        asked = f'第{i}条：请判断，只输出 JSON：{{"理由": "…", "我的判定": "…"}}'
        rows.append(
            {"id": f"r{i}", "dimension": dimension, "lang": "zh", "source": "x", "label": label}
            | {"messages": [{"role": "user", "content": asked}]}
        )
        said = ("否", "是")[i % 2] if dimension == "behavior" else WORDS[str(label)]
        key = "预测" if dimension == "behavior" else "我的判定"
        # The last two answers are not readable, so that coverage is not 1 in both.
        table[asked] = json.dumps({"理由": "营业时间", key: said}, ensure_ascii=False) if i < 6 else "说不好"
    (tmp_path / f"{dimension}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    name = f"recrm_{dimension}"
    theirs = numbers_of(scripted.by_lm_eval(table, name, recrm_data=str(tmp_path)), name)
    ours = scripted.numbers(
        scripted.by_inspect(dimension_task(dimension, data=str(tmp_path)), table, tmp_path / "logs")
    )
    assert (ours["n"], ours["coverage"], ours["acc_valid"]) == (8, 0.75, 1)
    assert {metric: repr(theirs[metric]) for metric in ours} == {metric: repr(one) for metric, one in ours.items()}
