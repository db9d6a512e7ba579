"""docs/hub: the declaration of the benchmark, by Inspect's own reader and from a stand-in of the hub with the page's
configurations. The columns are invented here, since those of the real files are not known.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hub_server import REPOSITORY, run_client, serving
from markdown_pages import ROOT, blocks

from recrm_tasks.dimensions import dimensions

DECLARATION = (ROOT / "docs" / "hub" / "eval.yaml").read_text(encoding="utf-8")
ROWS = [{"asked": "Grounded? One word.", "right": "yes"}, {"asked": "So? One word.", "right": "no"}]
SAID = ["I would not say yes.", "No. The evidence says otherwise."]
"""The page's examples: the first is wrong, the second is right."""

RUN = """
import json, sys
from inspect_ai import eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model

def said(text):
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output

name, texts = sys.argv[1], json.loads(sys.argv[2])
model = get_model("mockllm/model", custom_outputs=[said(text) for text in texts])
(log,) = eval(name, model=model, display="none", log_dir="logs", max_connections=1)
print(json.dumps([log.status, log.eval.task, [one.scores["match"].value for one in log.samples],
                  log.results.scores[0].metrics["accuracy"].value]))
"""


def files() -> dict[str, str]:
    """The repository, as the page describes it."""
    (head,) = (block.code for block in blocks("docs/hub/README.md") if block.language == "yaml")
    paths = [one["path"] for config in yaml.safe_load(head)["configs"] for one in config["data_files"]]
    published = ROOT / "recrm_tasks" / "data" / "sources" / "published_files.json"
    known = {one["dimension"]: one["path"] for one in json.loads(published.read_text(encoding="utf-8"))["files"]}
    assert paths == [known[key] for key in dimensions()]
    rows = "".join(json.dumps(row) + "\n" for row in ROWS)
    declaration = DECLARATION.replace("INPUT_COLUMN", "asked").replace("TARGET_COLUMN", "right")
    return {"README.md": f"---\n{head}---\n# Data\n", "eval.yaml": declaration, **dict.fromkeys(paths, rows)}


def test_the_declaration_says_what_the_hub_wants() -> None:
    """By the hub's specification: these fields, and no others at the top."""
    declared = yaml.safe_load(DECLARATION)
    assert list(declared) == ["name", "description", "evaluation_framework", "tasks"]
    assert declared["evaluation_framework"] == "inspect-ai"
    assert [task["id"] for task in declared["tasks"]] == list(dimensions())
    columns = {column for task in declared["tasks"] for column in task["field_spec"].values()}
    assert columns == {"INPUT_COLUMN", "TARGET_COLUMN"}  # until they are known


@pytest.mark.slow
def test_inspect_runs_it(tmp_path: Path) -> None:
    with serving(files()) as hub:
        settings = {"HF_DATASETS_CACHE": str(tmp_path / "datasets"), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
        line = run_client(RUN, [f"hf/{REPOSITORY}/factual", json.dumps(SAID)], hub.url, tmp_path, **settings)
        assert "data/factual_consistency/hallucination_rewrite.jsonl" in hub.downloaded
    status, task, scores, accuracy = json.loads(line)
    assert (status, task) == ("success", f"hf/{REPOSITORY}/factual/factual")
    assert all(f"`{said}`" in (ROOT / "docs" / "hub" / "README.md").read_text(encoding="utf-8") for said in SAID)
    assert (scores, accuracy) == (["C", "I"], 0.5)
