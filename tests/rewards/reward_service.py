"""The service on a real port, in a thread of the test's process; and a client that sends what no library would."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn

from recrm_tasks.rewards.episode import EpisodeRewards
from recrm_tasks.rewards.service.app import reward_app
from recrm_tasks.rewards.service.in_hand import Limits


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


class Service:
    """A service that runs.

    Args:
        port: where it listens.
        token: what its clients send.
    """

    def __init__(self, port: int, token: str | None) -> None:
        self.port = port
        self.token = token

    def ask(self, path: str, content: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """A GET, or a POST of bytes or of what becomes JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        body = content if content is None or isinstance(content, bytes) else json.dumps(content).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request("GET" if body is None else "POST", path, body, {**sent, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        """The value of a line of /metrics."""
        lines = self.ask("/metrics").body.decode().splitlines()
        return float(next(line for line in lines if line.startswith(name + " ")).rpartition(" ")[2])


@contextmanager
def running(
    rewards: EpisodeRewards,
    token: str | None = None,
    completion: Any = "response",
    no_reward: float = 0.0,
    hosts: Collection[str] = (),
    **limits: Any,
) -> Iterator[Service]:
    """The service, until the end of the block."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    app = reward_app(rewards, token, Limits(**limits), completion, no_reward, hosts)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield Service(listening.getsockname()[1], token)
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
