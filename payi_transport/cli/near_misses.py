"""What a host or a path that is not observed was probably meant to be.

Most requests that go unobserved miss a rule by little: another port, a subdomain, a typo, a trailing slash.
Hosts are compared with every row of the built-in table and every mapping of the user; paths with the
example of every operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from payi_transport.providers.registry import Registry
from payi_transport.routing.hosts import HostMapping, HostPattern, parse_host
from payi_transport.routing.paths import find_operation
from payi_transport.values.near_names import measure_likeness

__all__ = ["NearHost", "NearPath", "find_near_host", "find_near_path"]

# Below this, two names share no more than what all of them share, such as `api.` and `.com`.
_CLOSE = 0.8


class NearHost(NamedTuple):
    """How close a host comes to a row, in words too; `key` is the mapping that would match it."""

    closeness: float
    says: str
    key: HostPattern
    category: str | None


class NearPath(NamedTuple):
    """The call that a path was probably meant for."""

    method: str
    path: str
    operation: str
    category: str

    def __str__(self) -> str:
        return f"{self.method} {self.path} is a call of {self.operation}"


class _Row(NamedTuple):
    """A row that a host may have missed."""

    pattern: HostPattern
    category: str | None
    name: str


def find_near_host(
    host: HostPattern, mappings: Mapping[HostPattern, HostMapping], registry: Registry
) -> NearHost | None:
    """Return the closest row, None if none is close. Of two that are as close, the user's own wins."""
    misses = [miss for row in _rows(mappings, registry) if (miss := _compare_row(row, host)) is not None]
    return max(misses, key=lambda miss: miss.closeness, default=None)


def _rows(mappings: Mapping[HostPattern, HostMapping], registry: Registry) -> Iterator[_Row]:
    # The user's rows come first, because max() keeps the first of equals.
    for pattern, mapping in mappings.items():
        yield _Row(pattern, mapping.category, f"your mapping {pattern}")
    named = [
        (host, rule.category)
        for host, rule in registry.hosts.items()
        # A row with a port is about that port alone; nothing follows for other servers of the machine.
        if parse_host(host).port is None
    ]
    # A host with a region in a label has no row of its own, so an example stands for its pattern.
    named += [(rule.example, rule.category) for rule in registry.host_patterns.values()]
    for host, category in named:
        yield _Row(HostPattern(host, None), category, f"the known host {host}")


def _compare_row(row: _Row, host: HostPattern) -> NearHost | None:
    """Return how a host misses a row: by its port, by a level, or by a few letters; None if by more."""
    pattern, category, name = row
    bare = pattern.host.removeprefix("*.")
    starred = bare != pattern.host
    # Suggest a port only where the row has one: a mapping without a port is for all of them.
    port = host.port if pattern.port else None
    below = host.host.endswith(f".{bare}")
    if below if starred else host.host == bare:
        return NearHost(3, f"{name} is for another port than {host.port or 'the default'}", host, category)
    if below:
        key = HostPattern(f"*.{bare}", port)
        return NearHost(2, f"{name} is for that host alone; {key} is for all hosts below it", key, category)
    if host.host == bare:
        return NearHost(2, f"{name} is for hosts below {bare}, not for {bare} itself", host, category)
    closeness = _compare_names(host.host, bare, starred)
    if closeness < _CLOSE:
        return None
    return NearHost(closeness, f"{name} is spelled almost the same; a typo?", host, category)


def _compare_names(host: str, bare: str, starred: bool) -> float:
    """Return how alike a host and a row are, from 0 to 1; for a `*.` row, how alike their ends are."""
    size = bare.count(".") + 1
    # Compare as many labels as the row has, or a long subdomain would drown a typo in the part that
    # matters.
    end = ".".join(host.split(".")[-size:]) if starred and host.count(".") >= size else host
    return measure_likeness(end, bare)


def find_near_path(path: str, registry: Registry, category: str | None = None) -> NearPath | None:
    """Return the call that a path is, or would be but for a slash, its case or a few letters.

    If it could be several, operations that hosts of the category usually serve come first.
    """
    tidy = path.rstrip("/").lower()
    for example in registry.examples.get(category or "", ()):
        # All of it, or what a base URL leaves out.
        if example.startswith(f"{tidy}/"):
            name = find_operation("POST", example, registry) or ""
            return NearPath("POST", example, name, category or "")
    start, last = "/".join(tidy.split("/")[:-2]), "/".join(tidy.split("/")[-2:])
    is_base = re.fullmatch(r"(.*/)?v\d+\w*", tidy)
    # sorted() is stable, so operations of one category stay in the order of the registry, which begins with
    # OpenAI's.
    for operation in sorted(registry.operations.values(), key=lambda row: row.category != category):
        end = "/".join(operation.example.split("/")[-2:])
        if is_base or not tidy:
            # The version may be in the base URL or in the path that a client adds to it.
            end = re.sub(r"v\d+\w*/", "", end)
            whole = f"{tidy}/{end}" if tidy else operation.example
            return NearPath(operation.method, whole, operation.name, operation.category)
        if measure_likeness(last, end) > _CLOSE:
            return NearPath(operation.method, f"{start}/{end}", operation.name, operation.category)
    return None
