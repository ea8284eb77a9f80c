"""Which category a host belongs to: the built-in table, and the user's host mappings over it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from payi_transport.values.names import PayiCategories

__all__ = ["HostMatch", "HostPattern", "HostTable", "parse_host", "patterns_of"]


class HostPattern(NamedTuple):
    """A host, and a port where one was given; `*.suffix` stands for every host below the suffix."""

    host: str
    port: int | None

    def __str__(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port is None else f"{name}:{self.port}"


class HostMatch(NamedTuple):
    """What a table says of one host. `pattern` is the row that said it.

    `by_path` says that models of several providers are at this host, so the path may give another category.
    """

    category: str
    pattern: str
    mapped: bool
    include_usage: bool | None
    accepts_usage: bool
    by_path: bool = False


class HostMapping(NamedTuple):
    """A row of the user's."""

    category: str | None
    include_usage: bool | None


_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*:)?//")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# The ports that a URL of the scheme need not name; without a scheme it may be of either.
_PORTS = {"http": (80,), "https": (443,), "": (80, 443)}


def parse_host(key: object) -> HostPattern:
    """The host that a mapping's key means: a name, a URL as text, or a URL object of httpx or httpx2.

    Scheme, path, query, trailing slash and case don't matter. Raises ValueError for what can't be a host.
    """
    if not isinstance(key, str) and not hasattr(key, "raw_host"):
        raise ValueError(f"{key!r} is no host")
    text = str(key).strip().lower()
    try:
        parts = urlsplit(text if _SCHEME.match(text) else f"//{text}")
        name, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as exc:
        raise ValueError(f"{str(key)!r} is no host ({exc})") from None
    host = _to_ascii(name.removeprefix("*."))
    # urlsplit() leaves line breaks out without a word.
    if not _is_host(host) or parts.scheme not in _PORTS or len(text.split()) != 1:
        raise ValueError(f"{str(key)!r} is no host")
    # A request to the scheme's own port names none.
    if port in _PORTS[parts.scheme]:
        port = None
    return HostPattern(f"*.{host}" if name.startswith("*.") else host, port)


def _to_ascii(host: str) -> str:
    """The spelling on the wire, which is what requests are compared by."""
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
        return len(host) <= 253 and all(map(_LABEL.fullmatch, host.split(".")))
    return True


# Sources: the providers' own documentation of their endpoints.
KNOWN_HOSTS = {
    "api.openai.com": PayiCategories.openai,
    "*.api.openai.com": PayiCategories.openai,
    "*.openai.azure.com": PayiCategories.azure_openai,
    "*.cognitiveservices.azure.com": PayiCategories.azure_openai,
    "*.services.ai.azure.com": PayiCategories.azure,
    "*.models.ai.azure.com": PayiCategories.azure,
    "api.anthropic.com": PayiCategories.anthropic,
    "generativelanguage.googleapis.com": PayiCategories.google_vertex,
    "aiplatform.googleapis.com": PayiCategories.google_vertex,
    "*.azuredatabricks.net": PayiCategories.databricks_azure,
    "*.cloud.databricks.com": PayiCategories.databricks_aws,
    "*.gcp.databricks.com": PayiCategories.databricks_google,
}
# Where AWS's endpoints are: worldwide, in China and in Europe's own cloud, for IPv4 alone and for both.
_AWS = r"(amazonaws\.(com(\.cn)?|eu)|api\.(aws|amazonwebservices\.(com\.cn|eu)))"
# Hosts with the region inside a label, which no suffix can tell.
_KNOWN_REGIONAL = (
    # Also multi-regions, and the addresses for clients with certificates.
    (
        re.compile(
            r"([a-z0-9-]+-aiplatform(\.mtls)?|aiplatform\.mtls|aiplatform\.[a-z0-9-]+\.rep"
            r"|generativelanguage\.mtls)\.googleapis\.com"
        ),
        PayiCategories.google_vertex,
    ),
    (
        re.compile(rf"(.+\.)?bedrock-runtime(-fips)?\.[a-z0-9-]+\.(vpce\.)?{_AWS}"),
        PayiCategories.aws_bedrock,
    ),
    (re.compile(r"bedrock-mantle\.[a-z0-9-]+\.api\.aws"), PayiCategories.aws_bedrock),
)
# OpenAI documents `stream_options.include_usage` for its own API; elsewhere it may be an error.
_ACCEPTS_USAGE = re.compile(r"(.+\.)?api\.openai\.com")
# Hosts are the caller's choice, so what is remembered of them needs a bound.
_REMEMBERED = 4096


class HostTable:
    """Looks hosts up. The most specific row wins: host and port, host, longest suffix, then the built-in."""

    def __init__(self, mappings: Mapping[HostPattern, HostMapping] | None = None) -> None:
        self._mappings = dict(mappings or {})
        self._found: dict[tuple[str, int | None], HostMatch | None] = {}

    def find(self, host: str, port: int | None) -> HostMatch | None:
        """What the table says of a host (lower case) and port (None for the scheme's own)."""
        key = (host, port)
        try:
            return self._found[key]
        except KeyError:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            match = self._found[key] = self._search(host.lower().rstrip("."), port)
            return match

    def _search(self, host: str, port: int | None) -> HostMatch | None:
        known = find_known(host)
        mapped = next((p for p in patterns_of(host, port) if p in self._mappings), None)
        if mapped is None:
            return known
        mapping = self._mappings[mapped]
        category = mapping.category or (known.category if known else None)
        if category is None:
            return None
        accepts = known is not None and known.accepts_usage
        by_path = known is not None and known.by_path and mapping.category is None
        return HostMatch(category, str(mapped), True, mapping.include_usage, accepts, by_path)


def find_known(host: str) -> HostMatch | None:
    """What the built-in table says of a host, or of the hosts that `*.suffix` stands for."""
    if host.startswith("*."):
        host = f"any{host[1:]}"
    for pattern in patterns_of(host, None):
        if pattern.host in KNOWN_HOSTS:
            category: str = KNOWN_HOSTS[pattern.host]
            accepts = _ACCEPTS_USAGE.fullmatch(host) is not None
            by_path = category == PayiCategories.azure
            return HostMatch(category, pattern.host, False, None, accepts, by_path)
    for regional, category in _KNOWN_REGIONAL:
        if regional.fullmatch(host):
            return HostMatch(category, regional.pattern, False, None, False)
    return None


def patterns_of(host: str, port: int | None) -> Iterable[HostPattern]:
    """The rows that may match a host, most specific first."""
    names = [host]
    labels = host.split(".")
    names += ["*." + ".".join(labels[start:]) for start in range(1, len(labels))]
    for name in names:
        if port is not None:
            yield HostPattern(name, port)
        yield HostPattern(name, None)
