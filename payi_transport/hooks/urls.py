"""The parts of a URL that say what is observed, for libraries that have it as text."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

__all__ = ["get_target", "split_url"]

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_REMEMBERED = 4096


def split_url(url: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port (None for the scheme's own) and path of an absolute URL: what `Routes.find` takes.

    Without what may stand before the host, a user and a password. Raises ValueError for a port that is no
    number. By hand, as every request to anywhere pays for it.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("#")[0].partition("?")[0].partition("/")
    host, port = _split_authority(scheme, authority)
    return scheme, host, port, slash + path


# Of what a program asks, the paths are new again and again, the hosts are few.
@functools.lru_cache(_REMEMBERED)
def _split_authority(scheme: str, authority: str) -> tuple[str, int | None]:
    netloc = authority.rpartition("@")[2]
    host, colon, port = netloc.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = netloc, ""
    number = int(port) if port and port != _DEFAULT_PORTS.get(scheme) else None
    return host.strip("[]").lower(), number


def get_target(url: str) -> str:
    """Path and query of an absolute URL, as they are sent."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
