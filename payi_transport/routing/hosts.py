"""Which category a host belongs to.

Two tables decide: the hosts that providers state, and the user's host mappings, which win. A program talks
to few hosts, many times, so every result is remembered, "unknown" too: after its first request, a host
costs one dict look-up. A mapping may be for a path of its host alone, as at a gateway that serves several
providers. `HostMatch.below` picks what applies to a path, once for each path, since routes are remembered.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from payi_transport.providers.provider import HostRule
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.values.patterns import lazy_compile

__all__ = [
    "HostMapping",
    "HostMatch",
    "HostPattern",
    "HostTable",
    "find_known",
    "parse_address",
    "parse_host",
    "patterns_of",
]


class HostPattern(NamedTuple):
    """A host, and a port if one was stated; `*.suffix` stands for every host below the suffix."""

    host: str
    port: int | None

    def __str__(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port is None else f"{name}:{self.port}"


class HostMatch(NamedTuple):
    """What the table says about one host. `pattern` is the row that matched.

    `categories_by_path` lists paths of this host that belong to another category. `known` means that the host
    is a provider's own, even if it is mapped, and `forwarded` that Pay-i's proxy can forward to it.
    `paid_paths` is that of its `HostRule`. `format` names what its requests are, see `Registry.formats`.
    `paths` has the mappings of single paths. Where a host has only those, its own category is empty.
    """

    category: str
    pattern: str
    mapped: bool
    include_usage: bool | None
    accepts_usage: bool
    categories_by_path: tuple[tuple[re.Pattern[str], str], ...] = ()
    known: bool = False
    forwarded: bool = True
    paid_paths: re.Pattern[str] | None = None
    format: str | None = None
    paths: tuple[tuple[str, Any], ...] = ()
    never_free: re.Pattern[str] | None = None

    def below(self, path: str) -> HostMatch:
        """Return what the table says about requests to `path`: the longest path that is mapped wins."""
        if not self.paths:
            return self
        path = f"{path.lower()}/"
        found: list[HostMatch] = [match for prefix, match in self.paths if path.startswith(f"{prefix}/")]
        return found[0] if found else self


class HostMapping(NamedTuple):
    """What the user's configuration says about a host, and about `paths` of it, in lower case.

    Without `whole`, it says something about the paths alone.
    """

    category: str | None
    include_usage: bool | None
    format: str | None = None
    paths: tuple[tuple[str, HostMapping], ...] = ()
    whole: bool = True


# Without this test, urlsplit() would take the host of `localhost:8080` for a scheme.
_SCHEME = lazy_compile(r"([a-z][a-z0-9+.-]*:)?//")
_SLASHES = lazy_compile("//+")
# What a path has on the wire as it is.
_SAFE = "/%:@!$&'()*+,;=~"
# Underscores are not allowed in host names, but clients connect to names that have them.
_LABEL = lazy_compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# The ports that a URL of the scheme may leave out. Without a scheme it may be either one.
_PORTS = {"http": (80,), "ws": (80,), "https": (443,), "wss": (443,), "": (80, 443)}


def parse_host(key: object) -> HostPattern:
    """Return the host that a key means, as `parse_address` does."""
    return parse_address(key)[0]


def parse_address(key: object) -> tuple[HostPattern, str]:
    """Return host and path that a mapping's key means: a name, a URL as text, or a URL of httpx or httpx2.

    The path is empty where the key has none. Scheme, query, trailing slash, and case don't matter. Raises
    ValueError if it can't be a host.
    """
    # URL objects are recognized by an attribute, because importing both libraries to check for their
    # classes would load one that the program may not use.
    if not isinstance(key, str) and not hasattr(key, "raw_host"):
        raise ValueError(f"{key!r} is not a host")
    text = str(key).strip().lower()
    try:
        parts = urlsplit(text if _SCHEME.match(text) else f"//{text}")
        name, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as exc:
        raise ValueError(f"{str(key)!r} is not a host ({exc})") from None
    host = _to_ascii(name.removeprefix("*."))
    # urlsplit() silently drops line breaks, so look for them in the text.
    if not _is_host(host) or parts.scheme not in _PORTS or len(text.split()) != 1:
        raise ValueError(f"{str(key)!r} is not a host")
    # Requests to the scheme's own port don't name it.
    if port in _PORTS[parts.scheme]:
        port = None
    pattern = HostPattern(f"*.{host}" if name.startswith("*.") else host, port)
    return pattern, _SLASHES.sub("/", quote(parts.path, safe=_SAFE)).rstrip("/")


def _to_ascii(host: str) -> str:
    """Return the spelling on the wire, because that is what requests have."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # DNS limits a whole name to 253 characters.
        return len(host) <= 253 and all(map(_LABEL.fullmatch, host.split(".")))
    return True


# What a mapping of a known host leaves as it is.
_KEPT = ("known", "forwarded", "paid_paths", "never_free")
# A program may call any number of hosts, so limit how many are remembered.
_REMEMBERED = 4096


class HostTable:
    """Looks up hosts. The most specific row wins: host and port, host, longest suffix, then built-in rows."""

    def __init__(
        self, mappings: Mapping[HostPattern, HostMapping] | None = None, registry: Registry = REGISTRY
    ) -> None:
        self.registry = registry
        self._mappings = dict(mappings or {})
        # What `find` has found, by its arguments; None for hosts that are not a provider's. The hook of httpx
        # looks here first.
        self.found: dict[tuple[str, int | None], HostMatch | None] = {}

    def find(self, host: str, port: int | None) -> HostMatch | None:
        """Return what the table says about a host (lower case) and port (None for the scheme's own)."""
        key = (host, port)
        try:
            return self.found[key]
        # Concurrent searches for the same host are harmless: both store an equal result, so this needs no
        # lock.
        except KeyError:
            if len(self.found) >= _REMEMBERED:
                # Start over rather than evict one by one, which would need an order of use and therefore
                # work on every hit.
                self.found.clear()
            match = self.found[key] = self._search(host.lower().rstrip("."), port)
            return match

    def _search(self, host: str, port: int | None) -> HostMatch | None:
        # The built-in row is needed even where a mapping matches: a mapping may set only `include_usage`
        # and keep the category of the known host.
        known = find_known(host, port, self.registry)
        match, paths = known, list[tuple[str, HostMatch]]()
        for pattern in patterns_of(host, port):
            mapping = self._mappings.get(pattern)
            if mapping is None:
                continue
            for path, row in sorted(mapping.paths, key=lambda item: -len(item[0])):
                found = _apply(row, f"{pattern}{path}", known)
                paths += [(path, found)] if found else []
            if mapping.whole:
                match = _apply(mapping, str(pattern), known)
                break
        if paths:
            match = (match or _UNMAPPED)._replace(paths=tuple(paths))
        return match


# A host of which only paths are mapped.
_UNMAPPED = HostMatch("", "", False, None, False)


def _apply(mapping: HostMapping, pattern: str, known: HostMatch | None) -> HostMatch | None:
    """Return what a mapping makes of a host, None if nothing says how to price its calls."""
    category = mapping.category or (known.category if known else None)
    if category is None:
        return None
    accepts = known is not None and known.accepts_usage
    # A category that the user stated holds for the whole mapping, so the built-in exceptions by path end with
    # it.
    by_path = known.categories_by_path if known and mapping.category is None else ()
    match = HostMatch(category, pattern, True, mapping.include_usage, accepts, by_path, format=mapping.format)
    # A mapping doesn't make a host any less the provider's own.
    return match if known is None else match._replace(**{name: getattr(known, name) for name in _KEPT})


def find_known(host: str, port: int | None = None, registry: Registry = REGISTRY) -> HostMatch | None:
    """Return what the built-in table says about a host, or about the hosts that `*.suffix` stands for."""
    if host.startswith("*."):
        # A mapping's key may be `*.suffix`. Every host below the suffix matches the same rows, so a made-up
        # one stands for all of them.
        host = f"any{host[1:]}"
    for pattern in patterns_of(host, port):
        rule = registry.hosts.get(str(pattern))
        if rule is not None:
            return _match(rule, str(pattern))
    # Patterns come last because each one costs a match, and most known hosts are found by name.
    for regional, rule in registry.host_patterns.items():
        if regional.fullmatch(host):
            return _match(rule, regional.pattern)
    return None


def _match(rule: HostRule, row: str) -> HostMatch:
    return HostMatch(
        rule.category,
        row,
        mapped=False,
        include_usage=None,
        accepts_usage=rule.accepts_usage,
        categories_by_path=rule.categories_by_path,
        known=True,
        forwarded=rule.forwarded,
        paid_paths=rule.paid_paths,
        never_free=rule.never_free,
    )


def patterns_of(host: str, port: int | None) -> Iterable[HostPattern]:
    """Yield the rows that may match a host, most specific first."""
    names = [host]
    labels = host.split(".")
    names += ["*." + ".".join(labels[start:]) for start in range(1, len(labels))]
    for name in names:
        if port is not None:
            yield HostPattern(name, port)
        yield HostPattern(name, None)
