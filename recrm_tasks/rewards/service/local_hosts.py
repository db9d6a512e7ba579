"""Whether a request names this machine as its host.

A web page can point a name of its own at 127.0.0.1, and then read what a service there answers (DNS rebinding). Its
requests have that name as their host. Where a token is needed, such a page does not have it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


def is_local(header: str, names: Collection[str]) -> bool:
    """Whether a header `Host` has `localhost`, a loopback address or one of some further names.

    Args:
        header: with or without a port.
        names: in lower case, without ports; addresses of IPv6 without brackets.
    """
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:  # brackets without an address
        return False
    if host == "localhost" or host in names:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
