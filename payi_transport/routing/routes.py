"""Which requests are observed: the host decides the category, the path decides the operation.

`Routes.find` runs on the caller's thread for every HTTP request of the process, so it must cost next to
nothing for requests that are not LLM calls: one look-up by host. Only requests to known hosts are looked at
any closer, and their routes are remembered. A request to an unknown host costs one more look-up, which
finds calls that a user probably wants to map.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from typing import Literal, NamedTuple

from payi_transport.providers.registry import Registry
from payi_transport.routing.hosts import HostMatch, HostPattern, HostTable, find_known
from payi_transport.routing.paths import find_operation, find_resource, may_be_call
from payi_transport.values.names import PROXY_CATEGORY

__all__ = ["Route", "Routes"]


class Route(NamedTuple):
    """What an observed request is.

    - `operation`: by name, see `Registry.operations`. `category`: what Pay-i prices the call by.
    - `uri`: scheme, host and path, without the query.
    - `resource`: the model, if the path names it.
    - `asks_usage`: ask a stream for its usage, if the caller didn't say.
    - `known`: the host is the provider's own. `proxied`: it is Pay-i's, which forwards to the provider.
    """

    operation: str
    category: str
    uri: str
    host: HostPattern
    resource: str | None = None
    asks_usage: bool = False
    known: bool = False
    proxied: bool = False


# The base URL of Pay-i may have a path of its own, so this may begin anywhere in the path.
_PROXIED = re.compile(r"/api/v1/proxy/([a-z.]+)/")
# Paths contain ids, so limit how many are remembered.
_REMEMBERED = 4096


class Routes:
    """Host table and path rules together.

    `instruments` limits which categories are observed, None is all. `include_usage` says whether to ask
    streams for their usage if the host's mapping doesn't say; "auto" asks where the host is known to accept
    it. `on_unmapped` is called with host and operation, once for each unknown host that gets what looks
    like an LLM call.
    """

    def __init__(
        self,
        hosts: HostTable,
        instruments: Set[str] | None = None,
        include_usage: bool | Literal["auto"] = "auto",
        on_unmapped: Callable[[str, str], None] | None = None,
    ) -> None:
        self.hosts = hosts
        self._registry = registry = hosts.registry
        self._categories = None if instruments is None else _expand(instruments, registry)
        self._include_usage = include_usage
        self._on_unmapped = on_unmapped
        # Checked for every request to an unknown host, so that one which was reported never costs the match
        # of a path again.
        self._reported: set[str] = set()
        self._found: dict[tuple[str, str, str, int | None, str], Route | None] = {}

    def find(self, method: str, scheme: str, host: str, port: int | None, path: str) -> Route | None:
        """Return the route of a request, None if it isn't observed. `port` is None for the scheme's own."""
        match = self.hosts.find(host, port)
        # Nothing about an unknown host's paths is remembered, because the quick check is a single look-up
        # itself.
        if match is None:
            if may_be_call(path, self._registry) and host not in self._reported:
                self._report_unmapped(host, port, find_operation(method, path, self._registry))
            return None
        key = (method, scheme, host, port, path)
        try:
            return self._found[key]
        # No lock, as in `HostTable.find`: two threads that miss at once store equal routes.
        except KeyError:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            route = self._found[key] = self._make_route(match, *key)
            return route

    def refine(self, match: HostMatch, path: str) -> HostMatch:
        """Return the match with what the path adds: a category, and whether streams accept a usage chunk."""
        # The proxy's host serves every provider, and only the path says which one a request is forwarded
        # to.
        if match.category == PROXY_CATEGORY:
            named = _PROXIED.search(path)
            known = self._registry.proxy_names
            return match._replace(category=known.get(named[1], PROXY_CATEGORY)) if named else match
        for pattern, category in match.categories_by_path:
            if pattern.match(path):
                match = match._replace(category=category)
                break
        # This is looked up by the refined category: only some of Azure's paths are those of its OpenAI API.
        usage_path = self._registry.usage_paths.get(match.category)
        if usage_path is not None and usage_path.match(path):
            match = match._replace(accepts_usage=True)
        return match

    def observes(self, match: HostMatch) -> bool:
        """Whether the category of a host is among `instruments`."""
        return self._categories is None or match.category in self._categories

    def _make_route(
        self, match: HostMatch, method: str, scheme: str, host: str, port: int | None, path: str
    ) -> Route | None:
        name = find_operation(method, path, self._registry)
        refined = self.refine(match, path)
        # A category that is still the proxy's names no provider, so there is nothing to price the call by.
        if name is None or not self.observes(refined) or refined.category == PROXY_CATEGORY:
            return None
        address = HostPattern(host, port)
        operation = self._registry.operations[name]
        return Route(
            name,
            refined.category,
            # The query is left out, because Gemini's API keys travel in it.
            f"{scheme}://{address}{path}",
            address,
            find_resource(path, self._registry),
            asks_usage=operation.has_usage_chunk and self._asks_usage(refined),
            # A mapped host may be known too: a mapping doesn't make it any less the provider's own, to
            # which Pay-i's proxy can forward.
            known=find_known(host, self._registry) is not None,
            proxied=match.category == PROXY_CATEGORY,
        )

    def _asks_usage(self, match: HostMatch) -> bool:
        # The mapping is the user's word about this one host, so it beats the setting for all hosts.
        if match.include_usage is not None:
            return match.include_usage
        return match.accepts_usage if self._include_usage == "auto" else self._include_usage

    def _report_unmapped(self, host: str, port: int | None, operation: str | None) -> None:
        # A program's own server may well have a path such as `/v1/chat`, and a warning about it would be
        # noise.
        if operation is None or not self._registry.operations[operation].distinctive:
            return
        # Without this bound, a crawler that meets endless hosts would fill memory with their names.
        if self._on_unmapped is not None and len(self._reported) < _REMEMBERED:
            self._reported.add(host)
            self._on_unmapped(str(HostPattern(host, port)), operation)


def _expand(instruments: Set[str], registry: Registry) -> frozenset[str]:
    # A name that no provider states is a category of the user's own, made by a mapping, and stands for
    # itself.
    return frozenset().union(*(registry.instruments.get(name, {name}) for name in instruments))
