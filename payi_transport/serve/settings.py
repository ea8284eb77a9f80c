"""How a local service runs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from payi_transport.config.price_settings import PricesSettings
from payi_transport.errors import PayiError
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import HostMapping, HostPattern, parse_host
from payi_transport.values.shown import show

__all__ = ["DEFAULT_PORT", "ServeSettings", "is_loopback"]

DEFAULT_PORT = 8383
# The names of providers in the proxy's paths.
_PROVIDERS: Final = frozenset(row.name for row in REGISTRY.forwarded.values())
# A name as browsers send it.
_HOST: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_MEGABYTE = 1024 * 1024


class ServeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a local service runs.

    `token` is needed for every request if it is set, and has to be set unless `host` is a loopback address.
    `hosts` are the names besides "localhost" and plain addresses by which browsers may call the service.
    `strict` makes plain ingest count a repeated event twice, as Pay-i does. `mappings` are the hosts besides
    the providers' own that the proxy may call, and `upstreams` base URLs in place of a provider's own, by the
    name in the proxy's paths. `prices` are the user's own, None for those that the environment configures.
    `max_body` is in bytes; `keep_days` and `keep_content_days` are how long calls and their content stay,
    None forever.
    """

    file: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = None
    hosts: tuple[str, ...] = ()
    strict: bool = False
    mappings: Mapping[HostPattern, HostMapping] = {}
    upstreams: Mapping[str, str] = {}
    prices: PricesSettings | None = None
    max_body: int = 64 * _MEGABYTE
    keep_days: float | None = None
    keep_content_days: float | None = None

    def check(self) -> None:
        """Raise PayiError for settings that would let others in, or that can't do what they are for."""
        if not self.token and not is_loopback(self.host):
            raise PayiError(
                f"--host {self.host} can be reached from other machines, so it needs --token: choose a long"
                " one, and use it as PAYI_API_KEY"
            )
        for name in self.hosts:
            _check_host(name)
        _check_retention(self.keep_days, self.keep_content_days)
        for name, base in self.upstreams.items():
            _check_upstream(name, base)


def _check_host(name: str) -> None:
    if not _HOST.fullmatch(name):
        raise PayiError(
            "--allow-host: expected a name such as payi.lan, without a scheme, a port, or a path, got"
            f" {show(name)}; addresses need no --allow-host"
        )


def _check_retention(days: float | None, content_days: float | None) -> None:
    if days is not None and content_days is not None and content_days > days:
        raise PayiError(
            f"--keep-content {content_days:g}d is longer than --keep {days:g}d: the content of a call goes"
            " with the call"
        )


def _check_upstream(name: str, base: str) -> None:
    if name not in _PROVIDERS:
        known = ", ".join(sorted(_PROVIDERS))
        raise PayiError(f"--upstream {name}: expected one of {known}, got {show(name)}")
    try:
        parts = urlsplit(base)
        parse_host(base)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and "*" not in parts.netloc
        is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        is_address = is_plain = False
    if not (is_address and is_plain):
        raise PayiError(
            f"--upstream {name}: expected an address such as https://gateway.example.org, without"
            f" credentials or a query, got {show(base)}"
        )


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine can connect to a host."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
