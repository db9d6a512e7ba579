"""A stand-in for the Hugging Face hub on 127.0.0.1, and runs of the real client against it in processes of their own.

The client reads its settings when it is imported, so that each run with other settings needs a process.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import unquote, urlparse

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "wwzeng/RecRM-Bench"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = "89abcdef0123456789abcdef0123456789abcdef"

Files = Mapping[str, "str | bytes"]


class Hub(ThreadingHTTPServer):
    """Answers what `dataset_info`, `list_repo_tree` and `snapshot_download` of huggingface_hub ask."""

    daemon_threads = True

    def __init__(self, files: Files) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.revisions = {"main": COMMIT, COMMIT: COMMIT}
        self.files: dict[str, Files] = {COMMIT: files}
        self.asked: list[str] = []
        self.refuse: tuple[int, str] | None = None
        """Status and error code of every answer."""
        self.gone: set[str] = set()
        """Files that are listed and not there."""
        self.lfs: set[str] = set()
        """Files in large file storage, which the hub lists with their SHA-256."""
        self.halved: set[str] = set()
        """Files of which half is sent before the connection breaks."""

        self.moves_to = ""
        """The commit that `main` means once somebody has asked for `/move`."""

    def add(self, commit: str, files: Files, name: str | None = None) -> None:
        """One more commit, under a name too."""
        self.files[commit] = files
        self.revisions |= {commit: commit, name or commit: commit}

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def downloaded(self) -> set[str]:
        """The files whose content was asked for."""
        return {path.partition("/resolve/")[2].partition("/")[2] for path in self.asked if "/resolve/" in path}

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is no failure of the test."""


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
        hub = self.server
        hub.asked.append(path)
        if path == "/move":
            hub.revisions |= {"main": hub.moves_to, hub.moves_to: hub.moves_to}
            return self.send(200, b"", with_body, {})
        if hub.refuse is not None:
            status, code = hub.refuse
            headers = {"X-Error-Code": code, "X-Error-Message": "no entry"} if code else {}
            return self.send(status, b'{"error":"no entry"}', with_body, headers)
        api, files = f"/api/datasets/{REPOSITORY}/", f"/datasets/{REPOSITORY}/resolve/"
        if path.startswith(api):
            kind, _, rest = path.removeprefix(api).partition("/")
            revision, _, folder = rest.rstrip("/").partition("/")
            commit = hub.revisions.get(revision)
            if commit is None:
                return self.send(404, b'{"error":"Invalid rev id"}', with_body, {"X-Error-Code": "RevisionNotFound"})
            if kind == "revision":
                answer = {"id": REPOSITORY, "sha": commit, "private": False, "tags": [], "downloads": 0, "likes": 0}
                answer["siblings"] = [{"rfilename": name} for name in hub.files[commit]]
            else:
                assert kind == "tree"
                below = {n: c for n, c in hub.files[commit].items() if not folder or n.startswith(f"{folder}/")}
                answer = [entry(name, content, name in hub.lfs) for name, content in below.items()]
            return self.send(200, json.dumps(answer).encode(), with_body, {"Content-Type": "application/json"})
        assert path.startswith(files), path
        revision, _, name = path.removeprefix(files).partition("/")
        commit = hub.revisions[revision]
        if name in hub.gone or name not in hub.files[commit]:
            return self.send(404, b"", with_body, {"X-Error-Code": "EntryNotFound"})
        content = as_bytes(hub.files[commit][name])
        tag = hashlib.sha256(content).hexdigest() if name in hub.lfs else oid(content)
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": commit}
        if name in hub.halved:
            headers["Content-Length"] = str(len(content))
            content = content[: len(content) // 2]
        return self.send(200, content, with_body, headers)

    def send(self, status, body, with_body, headers):
        """One response; the connection ends with it, whether all that was promised came or not."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def as_bytes(content: str | bytes) -> bytes:
    """Text in UTF-8."""
    return content.encode() if isinstance(content, str) else content


def entry(name: str, content: str | bytes, lfs: bool) -> dict[str, Any]:
    """One file of a list; large file storage adds what it knows."""
    size = len(as_bytes(content))
    stored = {"oid": hashlib.sha256(as_bytes(content)).hexdigest(), "size": size, "pointerSize": 134}
    return {"type": "file", "path": name, "size": size, "oid": oid(content), **({"lfs": stored} if lfs else {})}


def oid(content: str | bytes) -> str:
    """What stands for git's blob hash."""
    return hashlib.sha1(as_bytes(content)).hexdigest()


AnyHub = TypeVar("AnyHub", bound=Hub)


def serving(files: Files) -> AbstractContextManager[Hub]:
    """A running hub."""
    return running(Hub(files))


@contextmanager
def running(server: AnyHub) -> Iterator[AnyHub]:
    """A hub that answers, until it is left."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> str:
    """The URL of a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def run_client(code: str, arguments: list[str], endpoint: str, home: Path, **environment: str) -> str:
    """The last line that Python code prints in a process of its own, with the hub at a URL.

    Args:
        code: what to run.
        arguments: of the process.
        endpoint: the hub's URL.
        home: the folder of the hub's cache and of ours.
        environment: further settings.
    """
    done = _forked(code, arguments, endpoint, home, environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def recrm(arguments: list[str], endpoint: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`recrm` with these arguments, as a person runs it in the folder `home`."""
    return _forked("import sys, recrm_tasks.cli as cli; sys.exit(cli.main())", arguments, endpoint, home, environment)


def _forked(
    code: str, arguments: list[str], endpoint: str, home: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs code in a process forked from one that has imported our code, which takes a second, and not the client."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["recrm_tasks.cli"])
    here, there = context.Pipe(duplex=False)
    settings = _settings(endpoint, home, environment)
    process = context.Process(target=_run_code, args=(code, arguments, settings, home, there))
    process.start()
    there.close()
    assert here.poll(180), "it takes more than three minutes"
    done: subprocess.CompletedProcess[str] = here.recv()
    process.join()
    return done


def _run_code(code: str, arguments: list[str], settings: dict[str, str], home: Path, there: Connection) -> None:
    """Runs code as `python -c` does, and sends how it ended and what it printed."""
    stdout, stderr, status = StringIO(), StringIO(), 0
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            assert "huggingface_hub" not in sys.modules, "it has read its settings already"
            os.environ.clear()
            os.environ.update(settings)
            os.chdir(home)
            sys.argv[:] = ["-c", *arguments]
            exec(code, {"__name__": "__main__"})
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
            status = 1
    there.send(subprocess.CompletedProcess(arguments, status, stdout.getvalue(), stderr.getvalue()))


def hf_download(arguments: list[str], endpoint: str, home: Path, **environment: str) -> None:
    """`hf download` of the repository, as on a login node: it fills the hub's cache and nothing else."""
    command = ["-m", "huggingface_hub.cli.hf", "download", REPOSITORY, "--repo-type", "dataset", *arguments]
    done = subprocess.run(
        [sys.executable, *command],
        env=_settings(endpoint, home, environment),
        cwd=home,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
    )
    assert done.returncode == 0, done.stderr


def _settings(endpoint: str, home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process: none of the client's and our settings but those that are given."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "RECRM_")) and "proxy" not in k.lower()}
    return {
        **kept,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home / "hf"),
        "RECRM_CACHE": str(home / "recrm"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "NO_PROXY": "127.0.0.1",
        **environment,
    }
