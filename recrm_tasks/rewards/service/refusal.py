"""Why a request is refused."""

from __future__ import annotations


class Refusal(Exception):
    """One message for the client: what is wrong, where, and what to do.

    Args:
        status: of HTTP.
        message: the message.
        headers: of the response.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
