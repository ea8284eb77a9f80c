"""Which request is observed, as what: the host gives the category, the path gives the wire format."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import NamedTuple

from payi_transport.hosts import HostMatch, HostTable
from payi_transport.names import INSTRUMENT_FAMILIES, PayiCategories

__all__ = ["Route", "Routes", "find_operation", "refine"]


class Route(NamedTuple):
    """What an observed request is. `operation` names the wire format of its bodies."""

    operation: str
    category: str
    include_usage: bool | None
    accepts_usage: bool


class _PathRule(NamedTuple):
    method: str
    pattern: re.Pattern[str]
    operation: str


# By the last segment of the path, so that a request costs one look-up.
_PATH_RULES = {
    "completions": (_PathRule("POST", re.compile(r"(.*/)?chat/completions"), "openai.chat"),),
}


def find_operation(method: str, path: str) -> str | None:
    """The operation whose wire format a request to `path` speaks, or None."""
    rules = _PATH_RULES.get(path[path.rfind("/") + 1 :])
    for rule in rules or ():
        if rule.method == method and rule.pattern.fullmatch(path):
            return rule.operation
    return None


def refine(match: HostMatch, path: str) -> HostMatch:
    """The match with the category that the path gives, where a host of several providers leaves it open."""
    if match.by_path and path.startswith("/openai/"):
        return match._replace(category=PayiCategories.azure_openai)
    return match


# Paths hold ids, so what is remembered of them needs a bound.
_REMEMBERED = 4096


class Routes:
    """Host table and path rules together. `instruments` limits the categories that are observed."""

    def __init__(self, hosts: HostTable, instruments: Set[str] | None = None) -> None:
        self.hosts = hosts
        self._categories = None if instruments is None else _expand(instruments)
        self._found: dict[tuple[str, str, int | None, str], Route | None] = {}

    def find(self, method: str, host: str, port: int | None, path: str) -> Route | None:
        """The route of a request, or None when it is not observed."""
        key = (method, host, port, path)
        try:
            return self._found[key]
        except KeyError:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            route = self._found[key] = self._search(*key)
            return route

    def _search(self, method: str, host: str, port: int | None, path: str) -> Route | None:
        match = self.hosts.find(host, port)
        if match is None:
            return None
        operation = find_operation(method, path)
        if operation is None:
            return None
        match = refine(match, path)
        if not self.observes(match):
            return None
        return Route(operation, match.category, match.include_usage, match.accepts_usage)

    def observes(self, match: HostMatch) -> bool:
        """Whether the category of a host is among `instruments`."""
        return self._categories is None or match.category in self._categories


def _expand(instruments: Set[str]) -> frozenset[str]:
    return frozenset().union(*(INSTRUMENT_FAMILIES.get(name, {name}) for name in instruments))
