"""What goes out in place of a request: nothing, the same through Pay-i, or a question for its usage."""

from __future__ import annotations

from collections.abc import Callable

from payi_transport.capture.exchange import RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.delivery.limits import LimitStates
from payi_transport.rewrite.blocked import make_blocked_response
from payi_transport.rewrite.include_usage import ask_for_usage
from payi_transport.rewrite.proxy import Proxy
from payi_transport.routing.routes import Route
from payi_transport.values.names import PayiCategories

__all__ = ["RequestRewriter"]


class RequestRewriter:
    """`limits` are given where they are to be enforced, `proxy` where calls may go through Pay-i.

    `adds_results`: answers get a field of ours, so they have to come in plain text. `warn` tells the user of
    a call that can't go the way that was asked for.
    """

    def __init__(
        self,
        proxy: Proxy,
        limits: LimitStates | None = None,
        *,
        adds_results: bool = False,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._proxy = proxy
        self._limits = limits
        self._adds_results = adds_results
        self._warn = warn

    def find(
        self, route: Route, frame: Frame, body: bytes | None, own: frozenset[bytes], *, rewrites: bool = True
    ) -> RequestRewrite | None:
        """The detour of a call; None when it goes out as it is. `own` are headers for Pay-i alone.

        Without `rewrites`, the answer can't be changed on its way, and nothing is asked that needs it.
        """
        if self._limits is not None and frame.limit_ids:
            blocked = self._limits.find_blocked(frame.limit_ids)
            if blocked:
                self._warn(f"a call was refused, as limit {blocked[0]} is blocked")
                return RequestRewrite(refusal=make_blocked_response(route.operation, blocked[0]))
        if route.proxied or frame.proxy:
            detour = self._divert(route, frame, own)
            if detour is not None:
                return detour
        asking = ask_for_usage(body) if body and rewrites and route.asks_usage else None
        # AWS's signature may cover the header that says which codings are accepted.
        adds = self._adds_results and rewrites and route.category != PayiCategories.aws_bedrock
        if asking is None and not own and not adds:
            return None
        return RequestRewrite(
            without=own, body=asking, hides_usage=asking is not None, plain=adds or asking is not None
        )

    def _divert(self, route: Route, frame: Frame, own: frozenset[bytes]) -> RequestRewrite | None:
        detour = self._proxy.divert(route, frame, own)
        if detour is None:
            self._warn(
                f"a call to {route.host} can not go through Pay-i's proxy, it goes to its provider and is"
                " reported"
            )
        return detour
