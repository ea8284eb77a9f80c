"""Which request is observed, as what: the host gives the category, the path gives the wire format."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from typing import Literal, NamedTuple

from payi_transport.routing.hosts import HostMatch, HostPattern, HostTable, find_known
from payi_transport.routing.paths import find_operation, find_resource, may_be_call
from payi_transport.values.names import INSTRUMENT_FAMILIES, PROXY_CATEGORY, PROXY_NAMES, PayiCategories

__all__ = ["HAS_USAGE_CHUNK", "Route", "Routes", "refine"]


class Route(NamedTuple):
    """What an observed request is: `operation` names the wire format of its bodies.

    `uri` is scheme, host and path; `resource` is the model, where the path says it. `asks_usage`: whether a
    stream is to be asked for its usage, if the caller did not say. `known`: the host is the provider's own;
    `proxied`: it is Pay-i's, which forwards to the provider.
    """

    operation: str
    category: str
    uri: str
    host: HostPattern
    resource: str | None = None
    asks_usage: bool = False
    known: bool = False
    proxied: bool = False


# Many a program's own server has a path that ends like these.
_OF_ANYBODY = ("cohere.", "ollama.", "openai.video", "openai.batch", "openai.decisions")
# What has a usage chunk to ask for.
HAS_USAGE_CHUNK = frozenset({"openai.chat", "openai.completions"})


_PROXIED = re.compile(r"/api/v1/proxy/([a-z.]+)/")
# A resource of Azure AI Foundry has them at its root, and each of its projects below its own path.
_OPENAI_ON_AZURE = re.compile(r"(?:/api/projects/[^/]+)?/openai/(v1/)?")


def refine(match: HostMatch, path: str) -> HostMatch:
    """The match with the category that the path gives, where a host of several providers leaves it open."""
    if match.category == PROXY_CATEGORY:
        named = _PROXIED.search(path)
        return match._replace(category=PROXY_NAMES.get(named[1], PROXY_CATEGORY)) if named else match
    openai = _OPENAI_ON_AZURE.match(path)
    if openai and match.by_path:
        match = match._replace(category=PayiCategories.azure_openai)
    # Azure's v1 API takes `stream_options`; of its dated versions, only the later ones do.
    if openai and openai[1] and match.category == PayiCategories.azure_openai:
        match = match._replace(accepts_usage=True)
    return match


# Paths hold ids, so what is remembered of them needs a bound.
_REMEMBERED = 4096


class Routes:
    """Host table and path rules together.

    `instruments` limits the categories that are observed; `include_usage` is whether to ask streams for their
    usage where the host's mapping does not say: "auto" is where the host is known to accept it.
    """

    def __init__(
        self,
        hosts: HostTable,
        instruments: Set[str] | None = None,
        include_usage: bool | Literal["auto"] = "auto",
        on_unmapped: Callable[[str, str], None] | None = None,
    ) -> None:
        self.hosts = hosts
        self._categories = None if instruments is None else _expand(instruments)
        self._include_usage = include_usage
        self._on_unmapped = on_unmapped
        self._told: set[str] = set()
        self._found: dict[tuple[str, str, str, int | None, str], Route | None] = {}

    def find(self, method: str, scheme: str, host: str, port: int | None, path: str) -> Route | None:
        """The route of a request, or None when it is not observed. `port` is None for the scheme's own."""
        match = self.hosts.find(host, port)
        if match is None:
            if may_be_call(path) and host not in self._told:
                self._tell(host, port, find_operation(method, path))
            return None
        key = (method, scheme, host, port, path)
        try:
            return self._found[key]
        except KeyError:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            route = self._found[key] = self._make_route(match, *key)
            return route

    def observes(self, match: HostMatch) -> bool:
        """Whether the category of a host is among `instruments`."""
        return self._categories is None or match.category in self._categories

    def _make_route(
        self, match: HostMatch, method: str, scheme: str, host: str, port: int | None, path: str
    ) -> Route | None:
        operation = find_operation(method, path)
        refined = refine(match, path)
        if operation is None or not self.observes(refined) or refined.category == PROXY_CATEGORY:
            return None
        address = HostPattern(host, port)
        return Route(
            operation,
            refined.category,
            f"{scheme}://{address}{path}",
            address,
            find_resource(path),
            asks_usage=operation in HAS_USAGE_CHUNK and self._asks_usage(refined),
            known=find_known(host) is not None,
            proxied=match.category == PROXY_CATEGORY,
        )

    def _asks_usage(self, match: HostMatch) -> bool:
        if match.include_usage is not None:
            return match.include_usage
        return match.accepts_usage if self._include_usage == "auto" else self._include_usage

    def _tell(self, host: str, port: int | None, operation: str | None) -> None:
        """A host that nobody knows gets what looks like an LLM call: told once, lest it be a typo."""
        if operation is None or operation.startswith(_OF_ANYBODY):
            return
        if self._on_unmapped is not None and len(self._told) < _REMEMBERED:
            self._told.add(host)
            self._on_unmapped(str(HostPattern(host, port)), operation)


def _expand(instruments: Set[str]) -> frozenset[str]:
    return frozenset().union(*(INSTRUMENT_FAMILIES.get(name, {name}) for name in instruments))
