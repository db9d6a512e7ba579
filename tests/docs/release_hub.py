"""A stand-in for the hub to which a release is published: it serves the benchmark's data, and keeps uploads."""

from __future__ import annotations

import base64
import json
import re
from contextlib import AbstractContextManager
from urllib.parse import unquote, urlparse

from hub_server import COMMIT, Files, Handler, Hub, entry, oid, running

UPLOADS = re.compile(r"/api/(model|dataset)s/([^/]+/[^/]+)/(preupload|commit)/main")
ASKED = re.compile(r"/api/(model|dataset)s/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+)(?:/(.*))?)?")
RESOLVED = re.compile(r"/(?:(dataset)s/)?([^/]+/[^/]+)/resolve/[^/]+/(.*)")


class ReleaseHub(Hub):
    """Also has repositories of users."""

    def __init__(self, files: Files) -> None:
        super().__init__(files)
        self.RequestHandlerClass = ReleaseHandler
        self.uploaded: dict[str, dict[str, bytes]] = {}
        """The files of each repository, `model some/name` or `dataset some/name`."""
        self.private: set[str] = set()
        self.tokens: set[str] = set()
        """Those that uploads came with."""


class ReleaseHandler(Handler):
    """As the real hub answers `hf upload` and `hf download`."""

    server: ReleaseHub

    def do_POST(self):
        """Makes a repository, or takes files."""
        path = unquote(urlparse(self.path).path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hub = self.server
        hub.tokens.add(self.headers["Authorization"])
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('type', 'model')} {asked['organization']}/{asked['name']}"
            url = f"{hub.url}/{'datasets/' * name.startswith('dataset')}{asked['organization']}/{asked['name']}"
            if name in hub.uploaded:
                return self.answer({"error": "You already created this repository", "url": url}, 409)
            hub.uploaded[name] = {}
            hub.private |= {name} if asked.get("private") or asked.get("visibility") == "private" else set()
            return self.answer({"url": url})
        found = UPLOADS.fullmatch(path)
        assert found, path
        if found[3] == "preupload":
            files = [one["path"] for one in json.loads(body)["files"]]
            modes = [{"path": one, "uploadMode": "regular", "shouldIgnore": False, "oid": None} for one in files]
            return self.answer({"files": modes})
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                content = base64.b64decode(line["value"]["content"])
                hub.uploaded[f"{found[1]} {found[2]}"][line["value"]["path"]] = content
        url = f"{hub.url}/{found[2]}/commit/{COMMIT}"
        return self.answer({"success": True, "commitOid": COMMIT, "commitUrl": url})

    def respond(self, with_body):
        """The data of the benchmark; or what was uploaded."""
        path = unquote(urlparse(self.path).path)
        found = ASKED.fullmatch(path) or RESOLVED.fullmatch(path)
        files = self.server.uploaded.get(f"{found[1] or 'model'} {found[2]}") if found else None
        if files is None:
            return super().respond(with_body)
        assert found is not None
        self.server.asked.append(path)
        if found.re is RESOLVED:
            content = files.get(found[3])
            if content is None:
                return self.send(404, b"", with_body, {"X-Error-Code": "EntryNotFound"})
            return self.send(200, content, with_body, {"ETag": f'"{oid(content)}"', "X-Repo-Commit": COMMIT})
        if found[3] == "tree":
            return self.answer([entry(name, content, False) for name, content in files.items()])
        siblings = [{"rfilename": name} for name in files]
        return self.answer({"id": found[2], "sha": COMMIT, "private": False, "siblings": siblings, "tags": []})

    def answer(self, value, status=200):
        """JSON."""
        self.send(status, json.dumps(value).encode(), True, {"Content-Type": "application/json"})


def publishing(files: Files) -> AbstractContextManager[ReleaseHub]:
    """A running one.

    Args:
        files: of the benchmark's repository.
    """
    return running(ReleaseHub(files))
