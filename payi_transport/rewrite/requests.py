"""What goes out in place of a request: nothing, the same through Pay-i, or the same asking for its usage.

Most requests go out as they are. The checks come in the order in which one makes the next pointless: a
blocked limit, then proxy mode, where Pay-i reads the usage itself, and only then what our own reading
needs.
"""

from __future__ import annotations

from collections.abc import Callable

from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.delivery.limits import LimitStates
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.rewrite.blocked import make_blocked_response
from payi_transport.rewrite.include_usage import ask_for_usage
from payi_transport.rewrite.proxy import Proxy
from payi_transport.routing.routes import Route
from payi_transport.values.names import PayiCategories

__all__ = ["RequestRewriter"]


class RequestRewriter:
    """Plans the rewrite of each request.

    `limits` are given where they are enforced. `adds_results` says that responses get a field of ours, so
    they have to arrive without a content coding. `warn` logs a call that can't go the way that was asked
    for.
    """

    def __init__(
        self,
        proxy: Proxy,
        limits: LimitStates | None = None,
        *,
        adds_results: bool = False,
        warn: Callable[[str], None] = lambda message: None,
        registry: Registry = REGISTRY,
    ) -> None:
        self._registry = registry
        self._proxy = proxy
        self._limits = limits
        self._adds_results = adds_results
        self._warn = warn

    def plan(
        self,
        route: Route,
        frame: Frame,
        body: bytes | None,
        own: frozenset[bytes],
        abilities: HookAbilities = HookAbilities(),  # noqa: B008 (immutable)
    ) -> RequestRewrite | None:
        """Return the rewrite of a request, None where it goes out as it is.

        `own` names the headers that are for Pay-i alone. Where the hook can't rewrite responses, nothing is
        asked for that would have to be taken out of one.
        """
        if not abilities.rewrites_requests:
            return None
        if self._limits is not None and frame.limit_ids:
            blocked = self._limits.find_blocked(frame.limit_ids)
            if blocked:
                self._warn(f"a call was refused because limit {blocked[0]} is blocked")
                return RequestRewrite(
                    blocked_response=make_blocked_response(route.operation, blocked[0], self._registry)
                )
        if route.proxied or frame.proxy:
            rewrite = self._send_through_proxy(route, frame, own)
            if rewrite is not None:
                return rewrite
        asking = ask_for_usage(body) if body and abilities.rewrites_responses and route.asks_usage else None
        # AWS's signature may cover the header that says which codings are accepted.
        adds = (
            self._adds_results
            and abilities.rewrites_responses
            and route.category != PayiCategories.aws_bedrock
        )
        if asking is None and not own and not adds:
            return None
        return RequestRewrite(
            without=own, body=asking, hides_usage=asking is not None, plain=adds or asking is not None
        )

    def _send_through_proxy(self, route: Route, frame: Frame, own: frozenset[bytes]) -> RequestRewrite | None:
        rewrite = self._proxy.rewrite(route, frame, own)
        if rewrite is None:
            self._warn(
                f"a call to {route.host} can not go through Pay-i's proxy, so it goes to its provider and is"
                " reported instead"
            )
        return rewrite
