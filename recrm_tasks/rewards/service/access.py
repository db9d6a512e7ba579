"""Who may ask a service."""

from __future__ import annotations

import base64
import hmac
import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import Request

from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.service.refusal import Refusal

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Access:
    """Clients that have the token. Where there is none, those that ask for this machine by a name of its own.

    A web page can point a name of its own at 127.0.0.1, and then read what a service there answers (DNS rebinding). Its
    requests have that name as their host, so only `localhost`, loopback addresses and declared names are allowed.

    Args:
        token: a bearer token, or the password of basic authentication. None: there is none.
        hosts: further names without a token; without ports, and addresses of IPv6 without brackets.

    Raises:
        RecrmError: the token is empty.
    """

    def __init__(self, token: str | None, hosts: Collection[str]) -> None:
        if token == "":
            raise RecrmError("the token is empty: everybody could ask. None means that on purpose")
        self._token = None if token is None else token.encode()
        self._hosts = [host.lower() for host in hosts]

    def check(self, request: Request) -> None:
        """Whether a request may be answered.

        Raises:
            Refusal: the token is wrong (401), the host is another (421), or the type of the body (415).
        """
        if self._token is None:
            host = request.headers.get("host", "")
            if not self._is_local(host):
                why = f"{host[:80]!r} is not this machine: ask 127.0.0.1, or start the service with a token"
                raise Refusal(421, why)
        elif not hmac.compare_digest(_sent(request), self._token):
            raise Refusal(401, "the token is missing or wrong: send Authorization: Bearer TOKEN", _CHALLENGE)
        # A web page can send other types to any address without asking.
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and kind != "application/json":
            raise Refusal(415, f"the content type must be application/json, not {kind[:80]!r}")

    def _is_local(self, header: str) -> bool:
        try:
            host = urlsplit(f"//{header}").hostname or ""
        except ValueError:  # brackets without an address
            return False
        if host == "localhost" or host in self._hosts:
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def _sent(request: Request) -> bytes:
    """The token that a client sent."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "basic":  # of clients that only take a URL: http://any:TOKEN@host:port
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except ValueError:  # not base64, or not ASCII
            return b""
    return b""
