"""Which requests are observed: the host decides the category, the path decides the operation.

`Routes.find` runs on the caller's thread for every HTTP request of the process, so it must cost next to
nothing for requests that are not LLM calls: one look-up by host. Only requests to known hosts are looked at
any closer, and their routes are remembered. A request to an unknown host costs one more look-up, which
finds calls that a user probably wants to map.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Literal, NamedTuple

from payi_transport.providers.provider import GRPC
from payi_transport.providers.registry import Registry
from payi_transport.routing.hosts import HostMatch, HostPattern, HostTable
from payi_transport.routing.paths import find_operation, find_resource, may_be_call, tidy_path
from payi_transport.routing.unobserved import Unobserved, find_unread_reason, is_free
from payi_transport.runtime.counter import Counter
from payi_transport.values.names import PROXY_CATEGORY
from payi_transport.values.patterns import lazy_compile

__all__ = ["Route", "Routes"]


class Route(NamedTuple):
    """What an observed request is.

    - `operation`: by name, see `Registry.operations`. `category`: what Pay-i prices the call by.
    - `uri`: scheme, host and path, without the query.
    - `resource`: the model, if the path names it.
    - `asks_usage`: ask a stream for its usage, if the caller didn't say.
    - `known`: the host is the provider's own. `proxied`: it is Pay-i's, which forwards to the provider.
    - `forwarded`: Pay-i's proxy can forward requests to the host.
    """

    operation: str
    category: str
    uri: str
    host: HostPattern
    resource: str | None = None
    asks_usage: bool = False
    known: bool = False
    proxied: bool = False
    forwarded: bool = True

    @property
    def is_fetch(self) -> bool:
        """Whether the request fetches by its id what another call started. Nobody pays for that."""
        return self.operation.endswith(".again")


# The base URL of Pay-i may have a path of its own, so this may begin anywhere in the path.
_PROXIED = lazy_compile(r"/api/v1/proxy/([a-z.]+)/")
# Paths contain ids, so limit how many are remembered.
_REMEMBERED = 4096


class Routes:
    """Host table and path rules together.

    `instruments` limits which categories are observed, None is all. `include_usage` says whether to ask
    streams for their usage if the host's mapping doesn't say; "auto" asks where the host is known to accept
    it. `on_unmapped` is called with host, operation, and path, once for each unknown host that gets what
    looks like an LLM call, and `on_unread` with host, reason, and the request, once for each known host and
    reason.
    `unobserved` counts all of these requests.
    """

    def __init__(
        self,
        hosts: HostTable,
        instruments: Set[str] | None = None,
        include_usage: bool | Literal["auto"] = "auto",
        on_unmapped: Callable[[str, str, str], None] | None = None,
        on_unread: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self.hosts = hosts
        self._registry = registry = hosts.registry
        self._categories = None if instruments is None else _expand(instruments, registry)
        self._include_usage = include_usage
        self._on_unmapped = on_unmapped
        self._on_unread = on_unread
        self.unobserved = Unobserved()
        # Each host is reported once for each reason.
        self._reported: set[tuple[str, str]] = set()
        # The counters of requests that are not observed, and None for those that aren't counted either. They
        # are apart from the routes, so that an observed request costs nothing more.
        self._counters: dict[tuple[str, str, str, int | None, str], Counter | None] = {}
        # What `find` has found, by its arguments. The hook of httpx looks here first, and calls `find` only
        # where there is no route.
        self.found: dict[tuple[str, str, str, int | None, str], Route | None] = {}

    def find(self, method: str, scheme: str, host: str, port: int | None, path: str) -> Route | None:
        """Return the route of a request, None if it isn't observed. `port` is None for the scheme's own."""
        match = self.hosts.find(host, port)
        # Nothing about an unknown host's paths is remembered, because the quick check is a single look-up
        # itself.
        if match is None:
            if may_be_call(path, self._registry):
                self._count(None, method, scheme, host, port, path)
            return None
        key = (method, scheme, host, port, path)
        try:
            return self.found[key]
        # No lock, as in `HostTable.find`: two threads that miss at once store equal routes.
        except KeyError:
            # A request that is counted stays out of the routes, so that it comes here again.
            if key in self._counters and self._count(match, *key):
                return None
            route = self._make_route(match, *key)
            if route is not None or not self._count(match, *key):
                if len(self.found) >= _REMEMBERED:
                    self.found.clear()
                self.found[key] = route
            return route

    def is_counted(self, method: str, scheme: str, host: str, port: int | None, path: str) -> bool:
        """Return whether `find`, which returned no route for a request, has counted it."""
        return self._counters.get((method, scheme, host, port, path)) is not None

    def reaches_provider(self, host: str, port: int | None, path: str) -> bool:
        """Return whether requests to a path go to a provider, which must not get Pay-i's headers.

        Other hosts and paths may be the user's own services, which pass the headers on, and Pay-i's proxy
        needs them.
        """
        match = self.hosts.find(host, port)
        if match is None:
            return False
        return match.below(tidy_path(path)).category not in ("", PROXY_CATEGORY)

    def may_observe(self, host: str, port: int | None, path: str) -> bool:
        """Return whether calls of an RPC are recorded or counted. A hook need not see any other."""
        if find_operation(GRPC, path, self._registry) is not None:
            return True
        match = self.hosts.find(host, port)
        return match is not None and find_unread_reason(GRPC, path, match.paid_paths) is not None

    def count_channel(self, host: str, port: int | None) -> None:
        """Count a channel of gRPC to a known host whose calls no hook sees."""
        match = self.hosts.find(host, port)
        if match is not None and match.known and self.observes(match):
            name = str(HostPattern(host, port))
            self._report(name, "channel", self._on_unread, "channel", "gRPC")
            self.unobserved.find_counter(name, "grpc").add()

    def forget_counts(self) -> None:
        """Count from zero, in a process that was just forked."""
        self.unobserved.clear()
        self._counters.clear()

    def find_operation(self, match: HostMatch, method: str, path: str) -> str | None:
        """Return the operation that a request asks for, by the format of a mapping or by the path."""
        if match.format is None:
            name = find_operation(method, path, self._registry)
            return name if name is None or self._is_served(match, name, path) else None
        names = self._registry.formats[match.format]
        name = find_operation(method, path, self._registry, frozenset(names))
        # One API may have any path. Of a provider with several, only the path says which one is asked for.
        if name is not None or match.format in self._registry.providers_by_name or is_free(path):
            return name
        operations = self._registry.operations
        started = (name for name in names if not name.endswith(".again"))
        return next((name for name in started if operations[name].method == method), None)

    def _is_served(self, match: HostMatch, name: str, path: str) -> bool:
        """Whether the host is one where the operation costs something."""
        operation = self._registry.operations[name]
        if not operation.free_elsewhere or match.category == operation.category:
            return True
        return match.never_free is not None and match.never_free.search(tidy_path(path)) is not None

    def refine(self, match: HostMatch, path: str) -> HostMatch:
        """Return the match with what the path adds: a category, and whether streams accept a usage chunk.

        The category is empty where mappings of other paths are all that is known of the host.
        """
        match = match.below(tidy_path(path))
        # The proxy's host serves every provider, and only the path says which one a request is forwarded
        # to.
        if match.category == PROXY_CATEGORY:
            named = _PROXIED.search(path)
            known = self._registry.proxy_names
            return match._replace(category=known.get(named[1], PROXY_CATEGORY)) if named else match
        tidy = f"{tidy_path(path)}/" if path.endswith("/") else tidy_path(path)
        for pattern, category in match.categories_by_path:
            if pattern.match(tidy):
                match = match._replace(category=category)
                break
        # This is looked up by the refined category: only some of Azure's paths are those of its OpenAI API.
        usage_path = self._registry.usage_paths.get(match.category)
        if usage_path is not None and usage_path.match(tidy):
            match = match._replace(accepts_usage=True)
        return match

    def observes(self, match: HostMatch) -> bool:
        """Whether the category of a host is among `instruments`."""
        return self._categories is None or match.category in self._categories

    def _make_route(
        self, match: HostMatch, method: str, scheme: str, host: str, port: int | None, path: str
    ) -> Route | None:
        refined = self.refine(match, path)
        name = self.find_operation(refined, method, path)
        # A category that is still the proxy's names no provider, so there is nothing to price the call by.
        if name is None or not self.observes(refined) or refined.category in ("", PROXY_CATEGORY):
            return None
        # Has the readers imported here, once for each provider, so that the worker never imports: a library
        # that patches threads may have the program by then.
        self._registry.find_readers(name, refined.category)
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
            known=match.known,
            proxied=match.category == PROXY_CATEGORY,
            forwarded=match.forwarded,
        )

    def _asks_usage(self, match: HostMatch) -> bool:
        # The mapping is the user's word about this one host, so it beats the setting for all hosts.
        if match.include_usage is not None:
            return match.include_usage
        return match.accepts_usage if self._include_usage == "auto" else self._include_usage

    def _count(
        self, match: HostMatch | None, method: str, scheme: str, host: str, port: int | None, path: str
    ) -> bool:
        """Count a request that is not observed; return False if it is none that costs something."""
        key = (method, scheme, host, port, path)
        try:
            counter = self._counters[key]
        except KeyError:
            counter = self._find_counter(match, method, host, port, path)
            if len(self._counters) >= _REMEMBERED:
                self._counters.clear()
            self._counters[key] = counter
        if counter is None:
            return False
        counter.add()
        return True

    def _find_counter(
        self, match: HostMatch | None, method: str, host: str, port: int | None, path: str
    ) -> Counter | None:
        """Return the counter of a request, and report its host if that is new."""
        reason = self.find_reason(match, method, port, path)
        if reason is None:
            return None
        name = str(HostPattern(host, port))
        if reason == "unmapped":
            operation = find_operation(method, path, self._registry) or ""
            self._report(name, reason, self._on_unmapped, operation, path)
        else:
            self._report(name, reason, self._on_unread, reason, f"{method} {path}")
        return self.unobserved.find_counter(name, reason)

    def find_reason(self, match: HostMatch | None, method: str, port: int | None, path: str) -> str | None:
        """Return why a request that is not observed is counted, None for one that costs nothing."""
        refined = None if match is None else self.refine(match, path)
        if match is None or refined is None or not refined.category:
            operation = find_operation(method, path, self._registry)
            is_call = operation is not None and self._is_distinctive(operation, port, path)
            return "unmapped" if is_call else None
        # What the user has left out by `instruments` is not missed, and Pay-i counts what it forwards. On a
        # host that the user has mapped, only batches and WebSockets are sure to be of a model.
        if match.category == PROXY_CATEGORY or not self.observes(refined):
            return None
        reads_batches = refined.category in self._registry.reads_batches
        reason = find_unread_reason(method, path, match.paid_paths, match.never_free, reads_batches)
        return reason if match.known or reason in ("batch", "websocket") else None

    def _is_distinctive(self, operation: str, port: int | None, path: str) -> bool:
        # A program's own server may well have a path such as `/v1/chat`, and a warning about it would be
        # noise.
        row = self._registry.operations[operation]
        return row.distinctive or port in row.ports or tidy_path(path).endswith(row.distinctive_ends)

    def _report(self, host: str, reason: str, report: Callable[..., None] | None, *what: str) -> None:
        # Without this bound, a crawler that meets endless hosts would fill memory with their names.
        if report is None or (host, reason) in self._reported or len(self._reported) >= _REMEMBERED:
            return
        self._reported.add((host, reason))
        report(host, *what)


def _expand(instruments: Set[str], registry: Registry) -> frozenset[str]:
    # A name that no provider states is a category of the user's own, made by a mapping, and stands for
    # itself.
    return frozenset().union(*(registry.instruments.get(name, {name}) for name in instruments))
