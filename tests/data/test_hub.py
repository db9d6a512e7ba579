"""The hub reader against a stand-in hub on 127.0.0.1, in a fresh process each time: its settings are read at import."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from hub_server import COMMIT, OLDER, REPOSITORY, ROOT, closed_port, hf_download, run_client, serving

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


def test_what_was_loaded_once_works_offline(hub, ask):
    """A branch is the commit that it was then. Without HF_HUB_OFFLINE an unreachable hub is an error: `main` may have
    moved."""
    online = ask("factual", hub.url)
    asked = len(hub.asked)
    offline = ask("factual", closed_port(), HF_HUB_OFFLINE="1", RECRM_REVISION=COMMIT)
    assert offline == online
    unreachable = ask("factual", closed_port(), RECRM_REVISION=COMMIT)
    assert unreachable == online
    assert ask("factual", hub.url, HF_HUB_OFFLINE="1") == online
    assert len(hub.asked) == asked
    refused(ask("factual", closed_port()), "cannot be reached", "HF_HUB_OFFLINE=1", COMMIT)
    refused(ask("factual", hub.url, HF_HUB_OFFLINE="1", RECRM_REVISION="v0"), "--revision v0", COMMIT)


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


# --- a cache that `hf download` has filled: RECRM_CACHE is empty, and there is no network ----------------------------


@pytest.fixture
def offline(ask):
    """Loads a dimension on a machine without a network."""

    def call(dimension, options=None, **environment):
        return ask(dimension, closed_port(), options, HF_HUB_OFFLINE="1", **environment)

    return call


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE"])
def test_hf_download_is_enough(hub, ask, offline, tmp_path, variable):
    """By branch, by commit and by tag, wherever the variables of the hub's client put its cache."""
    cache = {variable: str(tmp_path / "elsewhere")}
    hf_download([], hub.url, tmp_path, **cache)
    hf_download(["--revision", "v0"], hub.url, tmp_path, **cache)
    asked = len(hub.asked)
    by_branch = offline("factual", **cache)
    assert (by_branch["ids"], by_branch["provenance"]["revision"]) == (IDS, COMMIT)
    assert "files" not in by_branch["provenance"]
    assert offline("factual", {"revision": COMMIT}, **cache) == by_branch
    assert offline("relevance", **cache)["provenance"]["revision"] == COMMIT
    by_tag = offline("factual", RECRM_REVISION="v0", **cache)
    assert (by_tag["ids"], by_tag["provenance"]["revision"]) == (IDS[:1], OLDER)
    assert len(hub.asked) == asked
    refused(offline("factual"), str(tmp_path / "hf" / "hub"), f"hf download {REPOSITORY} --repo-type dataset`")
    assert ask("factual", hub.url, RECRM_CACHE=str(tmp_path / "online")) == by_branch


def test_a_part_that_was_downloaded(hub, offline, tmp_path):
    """The list that the client keeps says what is missing; a dimension that is there as a whole is served."""
    hf_download(["--include", "data/factual*"], hub.url, tmp_path)
    refused(offline("factual"), f"--revision {COMMIT} README.md`", COMMIT)
    hf_download(["README.md"], hub.url, tmp_path)
    assert offline("factual")["ids"] == IDS
    refused(
        offline("relevance"), f"hf download {REPOSITORY} --repo-type dataset --revision {COMMIT} data/relevance.jsonl`"
    )


PARTS = {f"factual/test-{i:05}-of-00003.jsonl": rows("factual", i + 1).splitlines()[-1] for i in range(3)}


@pytest.mark.parametrize("hub", [{"README.md": "", "relevance.jsonl": rows("relevance"), **PARTS}], indirect=True)
def test_a_part_of_a_dimension_is_never_taken_for_the_whole(hub, offline, tmp_path):
    """With the client's list, and, as older clients leave it, without one."""
    hf_download(["--include", "README.md", "--include", "factual/test-0000[02]*"], hub.url, tmp_path)
    missing = "factual/test-00001-of-00003.jsonl"
    refused(offline("factual"), f" {missing}")
    forget_lists(tmp_path)
    refused(offline("factual"), f"--revision {COMMIT} {missing}`")
    hf_download([], hub.url, tmp_path)
    assert offline("factual")["ids"] == IDS


def test_files_that_nobody_can_compare_with_a_list(hub, offline, tmp_path):
    """`hf download` of one file keeps no list: what is there is served, and every result says so."""
    hf_download(["data/factual.jsonl"], hub.url, tmp_path)
    found = offline("factual")
    assert found["ids"] == IDS
    assert found["provenance"]["revision"] == COMMIT
    assert "not available" in found["provenance"]["files"]
    refused(offline("relevance"), "no records of dimension 'relevance'", "that were downloaded")
    hf_download([], hub.url, tmp_path)  # what was found before is not taken for the hub's list
    assert "files" not in offline("factual")["provenance"]
    assert "revision" in offline("relevance")["provenance"]


def test_an_interrupted_download(hub, offline, tmp_path):
    hub.halved = {"data/factual.jsonl"}
    with pytest.raises(AssertionError):
        hf_download([], hub.url, tmp_path)
    refused(offline("factual"), "data/factual.jsonl")


def forget_lists(home):
    """Leaves the hub's cache as clients before 2.0 do, which keep no list of a commit's files."""
    (folder,) = (home / "hf").rglob("trees")
    shutil.rmtree(folder)


UNKNOWN = {"README.md": "", "IF/test.parquet": "x", "FC/test.parquet": "y", "notes.txt": "z"}


@pytest.mark.parametrize("hub", [UNKNOWN], indirect=True)
def test_broken_file_is_named(hub, ask):
    assert "FC/test.parquet: cannot be read" in ask("factual", hub.url)["error"]
    assert "no records of dimension 'ranking'" in refused(ask("ranking", hub.url), "IF/test.parquet: instruction")


@pytest.mark.parametrize("hub", [{"README.md": "", "data.rar": "x"}], indirect=True)
def test_repository_without_data_files_lists_what_it_has(hub, ask):
    refused(ask("factual", hub.url), "no data files", "data.rar", ".parquet")


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
