"""The addresses of NATS servers, and the error for what goes wrong with them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from payi_transport.errors import PayiConfigError
from payi_transport.values.shown import show

__all__ = ["NatsError", "Server", "parse_server"]

_PORT = 4222


class NatsError(Exception):
    """NATS can't be used now. `denied` if it can't until somebody changes something."""

    def __init__(self, problem: str, *, denied: bool = False) -> None:
        super().__init__(problem)
        self.denied = denied


class Server(NamedTuple):
    """The address of a server, and the login that its URL has."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'tls' if self.tls else 'nats'}://{host}:{self.port}"


def parse_server(url: str) -> Server:
    """Return the server that a URL names. Raises PayiConfigError, which quotes no credentials."""
    try:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        return _make_server(parts)
    except ValueError:
        raise PayiConfigError(
            f"config.nats.servers: expected addresses such as 'nats://host:4222' or 'tls://host:4222',"
            f" got {show(url)}"
        ) from None


def _make_server(parts: SplitResult) -> Server:
    if parts.scheme not in ("nats", "tls") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError
    user, password = (None if text is None else unquote(text) for text in (parts.username, parts.password))
    return Server(parts.hostname, parts.port or _PORT, parts.scheme == "tls", user, password)
