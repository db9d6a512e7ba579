"""The hub reader against a stand-in hub on 127.0.0.1, in a fresh process each time: its settings are read at import."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hub_server import COMMIT, OLDER, REPOSITORY, ROOT, closed_port, run_client, serving

# A process per call, and the client's own retries.
pytestmark = pytest.mark.slow

LOAD = """
import json, sys
from recrm_tasks.data import load
from recrm_tasks.errors import RecrmError
try:
    found = load(sys.argv[1], split="all", **json.loads(sys.argv[2]))
except RecrmError as error:
    print(json.dumps({"error": str(error)}))
else:
    labels = [x.name for x in found.labels.labels] if found.labels else None
    print(json.dumps({"ids": sorted(r.id for r in found.records()), "labels": labels, "provenance": found.provenance}))
"""


def rows(dimension, count=3):
    """Records of the sample, enough for a repository."""
    text = (ROOT / "recrm_tasks" / "data" / "sources" / "sample" / f"{dimension}.jsonl").read_text(encoding="utf-8")
    return "".join(line + "\n" for line in text.splitlines()[:count])


FILES = {
    "README.md": "# RecRM-Bench",
    "data/factual.jsonl": rows("factual"),
    "data/relevance.jsonl": rows("relevance"),
}
IDS = ["factual-zh-01", "factual-zh-02", "factual-zh-03"]


@pytest.fixture
def hub(request):
    """A running hub; the parameter, where there is one, is its files."""
    with serving(getattr(request, "param", FILES)) as server:
        server.add(OLDER, {"factual.jsonl": rows("factual", 1)}, "v0")
        yield server


@pytest.fixture
def ask(tmp_path):
    """Loads a dimension from the hub at a URL, in a process of its own; the caches are those of the test."""

    def call(dimension, endpoint, options=None, **environment):
        return json.loads(run_client(LOAD, [dimension, json.dumps(options or {})], endpoint, tmp_path, **environment))

    return call


def refused(found, *words):
    """The message, which names the repository, the way out, and these words."""
    assert set(found) == {"error"}, found
    assert "Traceback" not in found["error"]
    for word in (REPOSITORY, *words):
        assert word in found["error"]
    return found["error"]


def test_branch_is_resolved_and_stands_in_provenance(hub, ask):
    found = ask("factual", hub.url)
    assert found["ids"] == IDS
    assert found["provenance"]["data"] == "hub"
    assert found["provenance"]["source"] == REPOSITORY
    assert found["provenance"]["revision"] == COMMIT


def test_only_files_of_the_dimension_are_downloaded(hub, ask):
    ask("relevance", hub.url)
    assert hub.downloaded == {"README.md", "data/relevance.jsonl"}


def test_revision_by_argument_before_the_environment(hub, ask):
    by_environment = ask("factual", hub.url, RECRM_REVISION="v0")
    by_argument = ask("factual", hub.url, {"revision": "v0"})
    both = ask("factual", hub.url, {"revision": OLDER}, RECRM_REVISION="main")
    assert by_environment == by_argument == both
    assert both["ids"] == IDS[:1]
    assert both["provenance"]["revision"] == OLDER
    assert "belongs to the data choice 'hub'" in ask("factual", hub.url, {"revision": "v0", "data": "sample"})["error"]


def test_cached_commit_works_offline_and_a_branch_does_not(hub, ask):
    """Offline nobody can tell which commit `main` is today; the message says what to set."""
    online = ask("factual", hub.url)
    asked = len(hub.asked)
    offline = ask("factual", closed_port(), HF_HUB_OFFLINE="1", RECRM_REVISION=COMMIT)
    assert offline == online
    unreachable = ask("factual", closed_port(), RECRM_REVISION=COMMIT)
    assert unreachable == online
    branch = ask("factual", hub.url, HF_HUB_OFFLINE="1")
    refused(branch, "RECRM_REVISION", f"known from earlier runs: {COMMIT}")
    assert len(hub.asked) == asked


def test_another_commit_is_never_handed_over(hub, ask):
    ask("factual", hub.url)
    refused(ask("factual", closed_port(), HF_HUB_OFFLINE="1", RECRM_REVISION=OLDER), OLDER, COMMIT)
    hub.revisions["main"] = OLDER
    moved = ask("factual", hub.url)
    assert (moved["provenance"]["revision"], moved["ids"]) == (OLDER, IDS[:1])
    assert ask("factual", hub.url, RECRM_REVISION=COMMIT)["ids"] == IDS


def test_dimension_that_was_not_cached_is_an_error_offline(hub, ask):
    ask("factual", hub.url)
    refused(ask("relevance", closed_port(), HF_HUB_OFFLINE="1", RECRM_REVISION=COMMIT), COMMIT, "relevance.jsonl")


@pytest.mark.parametrize(
    "settings",
    [{}, {"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "1", "RECRM_REVISION": COMMIT}],
    ids=["closed port", "offline", "commit offline"],
)
def test_unreachable_hub_names_the_way_out_and_never_falls_back(ask, settings):
    refused(ask("factual", closed_port(), **settings), "RECRM_DATA=sample")


@pytest.mark.parametrize("revision", ["no-such-branch", "f" * 40])
def test_revision_that_is_gone(hub, ask, revision):
    refused(ask("factual", hub.url, RECRM_REVISION=revision), revision, "no such revision", "RECRM_DATA=sample")


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "RepoNotFound"), (401, ""), (403, ""), (403, "GatedRepo"), (404, "RepoNotFound")],
    ids=["private", "bad token", "forbidden", "gated", "gone"],
)
def test_repository_that_is_not_shown(hub, ask, status, code):
    hub.refuse = (status, code)
    refused(ask("factual", hub.url), "private, gated or gone", "HF_TOKEN", "RECRM_DATA=sample")


def test_hub_that_is_ill(hub, ask):
    hub.refuse = (400, "")
    refused(ask("factual", hub.url), "the hub answers 400", "RECRM_DATA=sample")


def test_file_that_is_gone(hub, ask):
    hub.gone = {"data/factual.jsonl"}
    refused(ask("factual", hub.url), "data/factual.jsonl", COMMIT)


def test_half_a_download_is_never_taken_for_the_whole(hub, ask):
    hub.halved = {"data/factual.jsonl"}
    refused(ask("factual", hub.url), COMMIT)
    refused(ask("factual", closed_port(), HF_HUB_OFFLINE="1", RECRM_REVISION=COMMIT), COMMIT)
    hub.halved = set()
    assert ask("factual", hub.url)["ids"] == IDS


def test_truncated_file_in_the_cache_is_told(hub, ask, tmp_path):
    ask("factual", hub.url)
    (file,) = (tmp_path / "hf").rglob("snapshots/*/data/factual.jsonl")
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.rfind(b"\n", 0, len(whole) - 1) + 1])  # whole lines: nothing else would tell
    for endpoint, settings in ((hub.url, {}), (closed_port(), {"HF_HUB_OFFLINE": "1", "RECRM_REVISION": COMMIT})):
        found = refused(ask("factual", endpoint, **settings), str(len(whole)), "factual.jsonl")
    Path(re.search("Remove (.*), and run again", found)[1]).unlink()
    assert ask("factual", hub.url)["ids"] == IDS


UNKNOWN = {"README.md": "", "IF/test.parquet": "x", "FC/test.parquet": "y", "notes.txt": "z"}


@pytest.mark.parametrize("hub", [UNKNOWN], indirect=True)
def test_broken_file_is_named(hub, ask):
    assert "FC/test.parquet: cannot be read" in ask("factual", hub.url)["error"]
    assert "no records of dimension 'ranking'" in refused(ask("ranking", hub.url), "IF/test.parquet: instruction")


@pytest.mark.parametrize("hub", [{"README.md": "", "data.zip": "x"}], indirect=True)
def test_repository_without_data_files_lists_what_it_has(hub, ask):
    refused(ask("factual", hub.url), "no data files", "data.zip", ".parquet")


OWN_LABELS = {
    "factual": {
        "labels": [
            {"name": "grounded", "value": 1, "zh": "有依据", "en": "grounded"},
            {"name": "made up", "value": 0, "zh": "无依据", "en": "made up"},
        ]
    }
}
OWN_ROWS = (
    rows("factual")
    .replace('"label": "inconsistent"', '"label": "made up"')
    .replace('"label": "consistent"', '"label": "grounded"')
)


@pytest.mark.parametrize("folder", ["", "data/"])
@pytest.mark.parametrize("hub", [{}], indirect=True)
def test_labels_beside_the_records_count(hub, ask, folder):
    hub.files[COMMIT] = {f"{folder}factual.jsonl": OWN_ROWS, f"{folder}labels.json": json.dumps(OWN_LABELS)}
    assert ask("factual", hub.url).get("labels") == ["grounded", "made up"]
