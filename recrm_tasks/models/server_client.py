"""Requests to an OpenAI-compatible server, tried again if that can help.

With aiohttp and not the openai package, which costs seven times the CPU per request: at 64 requests at a time that is
what a fast judge would wait for.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import random
import time
import urllib.request
import weakref
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from recrm_tasks.models.server_tokens import NotOffered

_FIRST_PAUSE = 0.5
"""Seconds between the first try and the second; the next pauses are twice as long as those before."""
_LONGEST_PAUSE = 8.0
_LONGEST_WISH = 60.0
"""A server may ask for a pause of at most this length (Retry-After)."""
_AGAIN = (408, 409, 429)
"""Statuses that may be others the next time."""
_NOT_IMPLEMENTED = 501
"""The only one from 500 that may not."""
_SHOWN = 300
"""Characters of a server's message that an error shows."""

_OF_OTHERS: list[aiohttp.ClientSession] = []


class RequestFailed(Exception):
    """A request failed after all tries.

    Args:
        why: what went wrong.
        status: of the response, if there was one.
    """

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class ServerClient:
    """The connections to one server. It belongs to the event loop that it is made in.

    Args:
        url: the server's API, usually ending in `/v1`.
        key: the bearer token; None sends none.
        connections: the most at a time.
        timeout: seconds for one try, from its beginning to the last byte.
        retries: further tries of a request.
    """

    def __init__(self, url: str, key: str | None, connections: int, timeout: float, retries: int) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._retries = retries
        self._proxy = _proxy_for(url)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})},
        )
        self._session = session
        weakref.finalize(self, _close, session, asyncio.get_running_loop(), os.getpid())

    async def complete(self, body: Mapping[str, Any]) -> bytes:
        """The body of the response to a chat request, as the server sent it with status 200.

        Raises:
            RequestFailed: there is none, or it is an error, after all tries.
        """
        return await self.send(self._url + "/chat/completions", body)

    async def fetch(self, url: str, body: Mapping[str, Any] | None) -> Any:
        """See `server_tokens.Fetch`; None if the response is no JSON.

        Raises:
            RequestFailed: there is no response, after all tries.
        """
        try:
            return json.loads(await self.send(url, body))
        except RequestFailed as error:
            if error.status is None or _may_change(error.status):
                raise
            raise NotOffered(error.status) from None
        except (ValueError, RecursionError):
            return None

    async def send(self, url: str, body: Mapping[str, Any] | None) -> bytes:
        """The body of the response with status 200 to a body, or to a request without one.

        Raises:
            RequestFailed: there is none, after all tries.
        """
        method = "GET" if body is None else "POST"
        data = None if body is None else json.dumps(body).encode("ascii")
        for left in reversed(range(self._retries + 1)):
            wish: float | None = None
            try:
                async with self._session.request(method, url, data=data, proxy=self._proxy) as response:
                    content = await response.read()
                status = _status_within(content) if response.ok else response.status
                if status is None:
                    return content
                wish = _wished(response.headers)
                why = f"{self._url} answered with status {response.status}: {_message(content)}"
                failed = RequestFailed(why, status)
                if not _may_change(status):
                    raise failed
            except asyncio.TimeoutError:
                failed = RequestFailed(f"no answer from {self._url} within {self._timeout:g} s, {self._tries}")
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                failed = RequestFailed(f"no connection to {self._url}, {self._tries}: {error}")
            except aiohttp.ClientError as error:
                raise RequestFailed(f"{self._url}: {type(error).__name__}: {error}") from None
            if left:
                await asyncio.sleep(_pause(self._retries - left) if wish is None else wish)
        raise failed

    @property
    def _tries(self) -> str:
        return f"{self._retries + 1} tries" if self._retries else "1 try"


def _status_within(content: bytes) -> int | None:
    """The status of an error that a gateway sends with status 200: what its provider answered. None if it is no error.

    An error without a number may be another the next time.
    """
    if b'"error"' not in content:  # nearly always, and much faster than to read it
        return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    choices = found.get("choices") if isinstance(found, dict) else None
    place = choices[0] if isinstance(choices, list) and choices else found
    error = place.get("error") if isinstance(place, dict) else None
    if not error:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _may_change(status: int) -> bool:
    """Whether the same request may get another status the next time."""
    return status in _AGAIN or (status >= 500 and status != _NOT_IMPLEMENTED)


def _pause(number: int) -> float:
    """Not the same for all requests that failed together."""
    return min(_FIRST_PAUSE * 2.0**number, _LONGEST_PAUSE) * random.uniform(0.75, 1.0)


def _wished(headers: Mapping[str, str]) -> float | None:
    """The pause that a server asks for: seconds or a date (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return seconds if 0 < seconds <= _LONGEST_WISH else None


def _message(content: bytes) -> str:
    """The message in the body of an error, which has one of several forms; or the body."""
    text = content.decode("utf-8", "replace").strip()
    try:
        found: Any = json.loads(text)
        for name in ("error", "message"):
            found = found.get(name, found) if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        found = text
    return (found if isinstance(found, str) else json.dumps(found))[:_SHOWN] or "no message"


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names (HTTPS_PROXY, NO_PROXY)."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _close(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop, process: int) -> None:
    """Closes the connections when nobody needs them any more."""
    if process == os.getpid() and loop.is_running():
        asyncio.run_coroutine_threadsafe(session.close(), loop)
    else:
        # In a child process they are the parent's too, and closing them would take them from its loop.
        _OF_OTHERS.append(session)
