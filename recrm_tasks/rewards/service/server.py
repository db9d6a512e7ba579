"""The service on a port."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
import threading
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from recrm_tasks.errors import RecrmError


def listening(host: str, port: int, has_token: bool) -> socket.socket:
    """A socket that listens.

    Args:
        host: an address or a name.
        port: 0 for any that is free.
        has_token: whether clients need a token; without one only this machine can be served.

    Raises:
        RecrmError: others could ask without a token, or the address cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        if not has_token and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
            raise RecrmError(
                f"{host} can be reached from other machines: set a token (--token-file, or the environment variable "
                "RECRM_REWARD_TOKEN), or listen on 127.0.0.1"
            )
        return socket.create_server((str(address[0]), port), family=family, backlog=1024)
    except (OSError, OverflowError, UnicodeError) as error:  # a name that is too long is a UnicodeError
        raise RecrmError(f"{host}:{port} cannot be listened on: {error}") from None


def serve(app: Starlette, on: socket.socket, grace: float) -> None:
    """Serves until SIGINT or SIGTERM. Requests in hand are then answered, new ones are not taken.

    Args:
        app: the service.
        on: where it listens.
        grace: seconds for the requests in hand.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=max(1, round(grace)),
    )
    with _quiet_signals():
        uvicorn.Server(config).run(sockets=[on])


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """uvicorn stops at a signal and then sends it to itself again, which would end the process with an error."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
