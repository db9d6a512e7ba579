"""The hub reader against a stand-in hub on 127.0.0.1, in a fresh process each time: its settings are read at import."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlparse

import pytest

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "wwzeng/RecRM-Bench"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = "89abcdef0123456789abcdef0123456789abcdef"

LOAD = """
import json, sys
from recrm_tasks.data import load
from recrm_tasks.errors import RecrmError
try:
    found = load(sys.argv[1])
except RecrmError as error:
    print(json.dumps({"error": str(error)}))
else:
    labels = [x.name for x in found.labels.labels] if found.labels else None
    print(json.dumps({"ids": sorted(r.id for r in found.records), "labels": labels, "provenance": found.provenance}))
"""


def rows(dimension, count=3):
    """Records of the sample, enough for a repository."""
    text = (ROOT / "recrm_tasks" / "data" / "sample" / f"{dimension}.jsonl").read_text(encoding="utf-8")
    return "".join(line + "\n" for line in text.splitlines()[:count])


FILES = {
    "README.md": "# RecRM-Bench",
    "data/factual.jsonl": rows("factual"),
    "data/relevance.jsonl": rows("relevance"),
}


class Hub(ThreadingHTTPServer):
    """Answers what `dataset_info`, `list_repo_tree` and `snapshot_download` of huggingface_hub ask."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.revisions = {"main": COMMIT, COMMIT: COMMIT, "v0": OLDER, OLDER: OLDER}
        self.files = {COMMIT: files, OLDER: {"factual.jsonl": rows("factual", 1)}}
        self.asked: list[str] = []

    @property
    def url(self):
        """What HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def downloaded(self):
        """The files whose content was asked for."""
        return {path.rpartition(f"/{COMMIT}/")[2] for path in self.asked if "/resolve/" in path}


class Handler(BaseHTTPRequestHandler):
    """One request; the paths are those of the real hub."""

    server: Hub

    def log_message(self, *_args):
        """Says nothing."""

    def do_GET(self):
        """Sends the content."""
        self.respond(with_body=True)

    def do_HEAD(self):
        """Sends the headers only."""
        self.respond(with_body=False)

    def respond(self, with_body):
        """Information, file list or file."""
        path = unquote(urlparse(self.path).path)
        self.server.asked.append(path)
        api, files = f"/api/datasets/{REPOSITORY}/", f"/datasets/{REPOSITORY}/resolve/"
        if path.startswith(api):
            kind, _, revision = path.removeprefix(api).partition("/")
            commit = self.server.revisions.get(revision.rstrip("/"))
            if commit is None:
                return self.send(404, b'{"error":"Invalid rev id"}', with_body, {"X-Error-Code": "RevisionNotFound"})
            if kind == "revision":
                answer = {"id": REPOSITORY, "sha": commit, "private": False, "tags": [], "downloads": 0, "likes": 0}
                answer["siblings"] = [{"rfilename": name} for name in self.server.files[commit]]
            else:
                assert kind == "tree"
                answer = [
                    {"type": "file", "path": name, "size": len(text.encode()), "oid": oid(text)}
                    for name, text in self.server.files[commit].items()
                ]
            return self.send(200, json.dumps(answer).encode(), with_body, {"Content-Type": "application/json"})
        assert path.startswith(files), path
        revision, _, name = path.removeprefix(files).partition("/")
        commit = self.server.revisions[revision]
        text = self.server.files[commit][name]
        return self.send(200, text.encode(), with_body, {"ETag": f'"{oid(text)}"', "X-Repo-Commit": commit})

    def send(self, status, body, with_body, headers):
        """One whole response."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def oid(text):
    """What stands for git's blob hash."""
    return hashlib.sha1(text.encode()).hexdigest()


@pytest.fixture
def hub(request):
    """A running hub; the parameter, where there is one, is its files."""
    server = Hub(getattr(request, "param", FILES))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ask(tmp_path):
    """Loads a dimension from the hub at a URL, in a process of its own with a cache of its own."""

    def call(dimension, endpoint, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "RECRM_")) and "proxy" not in k.lower()}
        settings = {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            [sys.executable, "-c", LOAD, dimension],
            env={**kept, **settings, **environment},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return call


def closed_port():
    """The URL of a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_branch_is_resolved_and_stands_in_provenance(hub, ask):
    found = ask("factual", hub.url)
    assert found["ids"] == ["factual-zh-01", "factual-zh-02", "factual-zh-03"]
    assert found["provenance"]["data"] == "hub"
    assert found["provenance"]["source"] == REPOSITORY
    assert found["provenance"]["revision"] == COMMIT


def test_only_files_of_the_dimension_are_downloaded(hub, ask):
    ask("relevance", hub.url)
    assert hub.downloaded == {"data/relevance.jsonl"}


def test_tag_by_environment(hub, ask):
    found = ask("factual", hub.url, RECRM_REVISION="v0")
    assert found["ids"] == ["factual-zh-01"]
    assert found["provenance"]["revision"] == OLDER


def test_cached_commit_works_offline_and_a_branch_does_not(hub, ask):
    """Offline nobody can tell which commit `main` is today; the message says what to set."""
    online = ask("factual", hub.url)
    asked = len(hub.asked)
    offline = ask("factual", closed_port(), HF_HUB_OFFLINE="1", RECRM_REVISION=COMMIT)
    assert offline == online
    unreachable = ask("factual", closed_port(), RECRM_REVISION=COMMIT)
    assert unreachable == online
    branch = ask("factual", hub.url, HF_HUB_OFFLINE="1")
    assert "RECRM_REVISION" in branch["error"]
    assert len(hub.asked) == asked


def test_dimension_that_was_not_cached_is_an_error_offline(hub, ask):
    ask("factual", hub.url)
    found = ask("relevance", closed_port(), HF_HUB_OFFLINE="1", RECRM_REVISION=COMMIT)
    assert set(found) == {"error"}
    assert COMMIT in found["error"]


@pytest.mark.parametrize(
    "settings",
    [{}, {"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "1", "RECRM_REVISION": COMMIT}],
    ids=["closed port", "offline", "commit offline"],
)
def test_unreachable_hub_names_the_way_out_and_never_falls_back(ask, settings):
    found = ask("factual", closed_port(), **settings)
    assert set(found) == {"error"}
    assert REPOSITORY in found["error"]
    assert "RECRM_DATA=sample" in found["error"]
    assert "Traceback" not in found["error"]


@pytest.mark.parametrize("revision", ["no-such-branch", "f" * 40])
def test_bad_revision(hub, ask, revision):
    found = ask("factual", hub.url, RECRM_REVISION=revision)
    assert set(found) == {"error"}
    assert revision in found["error"]


@pytest.mark.parametrize("hub", [{"README.md": "", "IF/test.parquet": "x", "FC/test.parquet": "y"}], indirect=True)
def test_unknown_layout_lists_the_files(hub, ask):
    found = ask("factual", hub.url)
    for word in ("factual.jsonl", "IF/test.parquet", "FC/test.parquet", "RECRM_DATA=PATH", COMMIT):
        assert word in found["error"]


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
    """Both are downloaded from any folder, so both are read from any folder."""
    hub.files[COMMIT] = {f"{folder}factual.jsonl": OWN_ROWS, f"{folder}labels.json": json.dumps(OWN_LABELS)}
    assert ask("factual", hub.url).get("labels") == ["grounded", "made up"]
