"""The parts of a URL that routing needs, for libraries that have it as text.

Every request of the program is split here, most of them to hosts that are not observed. So this does less
than `urllib.parse`, and remembers the hosts.
"""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

__all__ = ["get_target", "split_url"]

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_CACHED_HOSTS = 4096


def split_url(url: str) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port, and path of an absolute URL, as `Routes.find` takes them.

    The port is None if it is the scheme's default. User and password are dropped. Raises ValueError if the
    port is not a number.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("#")[0].partition("?")[0].partition("/")
    host, port = _split_authority(scheme, authority)
    return scheme, host, port, slash + path


# A program requests many different paths, but from few hosts.
@functools.lru_cache(_CACHED_HOSTS)
def _split_authority(scheme: str, authority: str) -> tuple[str, int | None]:
    netloc = authority.rpartition("@")[2]
    host, colon, port = netloc.rpartition(":")
    # An IPv6 address contains colons, too. Without a port it ends in a bracket.
    if not colon or port.endswith("]"):
        host, port = netloc, ""
    number = int(port) if port and port != _DEFAULT_PORTS.get(scheme) else None
    return host.strip("[]").lower(), number


def get_target(url: str) -> str:
    """Return path and query of an absolute URL, as they are sent."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
