"""Deciding what to send in place of a request. Most requests are sent unchanged.

The checks come in an order in which each makes the next one unnecessary. First a blocked limit or a spent
budget: nothing is sent. Then proxy mode: Pay-i reads the usage itself. Last, what this library needs to read
usage and add results: a stream may have to be asked for its usage, and a response that will be changed must
come uncompressed.
"""

from __future__ import annotations

from collections.abc import Callable

from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.delivery.limits import LimitStates
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.rewrite.blocked import make_blocked_response, make_refusal
from payi_transport.rewrite.include_usage import ask_for_usage
from payi_transport.rewrite.proxy import Proxy
from payi_transport.routing.routes import Route
from payi_transport.values.headers import KeptHeaders, to_columns
from payi_transport.values.names import PayiCategories

__all__ = ["RequestRewriter"]

# Headers that sign a body or have a digest of it, in lower case. Sources: RFC 1864, 3230, 9421, and 9530, and
# AWS's Signature Version 4.
_SIGNING = frozenset(
    [b"content-digest", b"content-md5", b"digest", b"repr-digest", b"signature", b"x-amz-content-sha256"]
)
# The program names the hosts. Bounded anyway, in case it generates names.
_MAX_WARNED = 1000


class RequestRewriter:
    """Plans the rewrite of each request.

    `limits` is None unless limits are enforced. `find_refusal` returns why a call in a frame must not be
    sent, or None, and is itself None unless budgets are enforced. `adds_results` says that `xproxy_result` is
    added to responses, so they have to arrive without a content coding. `warn` logs a call that is blocked,
    or that proxy mode can't be applied to, and `warn_apart` what is logged once for each operation.
    """

    def __init__(
        self,
        proxy: Proxy,
        limits: LimitStates | None = None,
        *,
        find_refusal: Callable[[Frame], str | None] | None = None,
        adds_results: bool = False,
        warn: Callable[[str], None] = lambda message: None,
        warn_apart: Callable[[str], None] = lambda message: None,
        registry: Registry = REGISTRY,
    ) -> None:
        self._registry = registry
        self._proxy = proxy
        self._limits = limits
        self._find_refusal = find_refusal
        self._may_refuse = limits is not None or find_refusal is not None
        self._adds_results = adds_results
        # Whether any request may be rewritten, or end elsewhere than in the queue. Otherwise `plan` is needed
        # only for one that goes through the proxy, has Pay-i's headers, or may be a stream.
        self.looks_at_all = self._may_refuse or adds_results
        self._warn = warn
        self._warn_apart = warn_apart
        # Operations at hosts that Pay-i does not forward, and that have been logged.
        self._warned: set[tuple[str, str]] = set()

    def plan(
        self,
        route: Route,
        frame: Frame,
        body: bytes | None,
        payi_headers: frozenset[bytes],
        abilities: HookAbilities = HookAbilities(),  # noqa: B008 (immutable)
        headers: KeptHeaders = (),
    ) -> RequestRewrite | None:
        """Return the rewrite of a request, or None if it is sent unchanged.

        `payi_headers` names the headers that are for Pay-i alone. If the hook can't rewrite responses,
        nothing is asked for that would have to be hidden in one, and nothing in a body that `headers` sign.
        """
        if not abilities.rewrites_requests:
            return None
        if self._may_refuse:
            refused = self._refuse(route, frame)
            if refused is not None:
                return refused
        if route.proxied or frame.proxy:
            rewrite = self._send_through_proxy(route, frame, payi_headers)
            # Otherwise the call goes to its provider, and is reported like any other.
            if rewrite is not None:
                return rewrite
        asks_usage = body and abilities.rewrites_responses and route.asks_usage
        asking_body = ask_for_usage(body) if body and asks_usage else None
        if asking_body is not None and _sign_body(headers):
            asking_body = None
        # An AWS signature may cover `accept-encoding`, so it stays as it is for Bedrock.
        adds = (
            self._adds_results
            and abilities.rewrites_responses
            and route.category != PayiCategories.aws_bedrock
        )
        # Most requests end here, and the caller's own object is sent.
        if asking_body is None and not payi_headers and not adds:
            return None
        return RequestRewrite(
            without=payi_headers,
            body=asking_body,
            hides_usage=asking_body is not None,
            # Nothing can be hidden in a compressed response, or added to it, without decompressing it on
            # its way.
            plain=adds or asking_body is not None,
        )

    def _refuse(self, route: Route, frame: Frame) -> RequestRewrite | None:
        """Return the rewrite of a call for a blocked limit or a spent budget, None if it may be sent."""
        if self._limits is not None and frame.limit_ids:
            blocked = self._limits.find_blocked(frame.limit_ids)
            if blocked:
                state = self._limits.find_state(blocked[0])
                self._warn(
                    f"limit {blocked[0]} is {state}, so a call was not sent and its caller got a permission"
                    " error; raise or reset the limit in Pay-i, or turn config.enforce_limits off"
                )
                return RequestRewrite(
                    blocked_response=make_blocked_response(route.operation, blocked[0], state, self._registry)
                )
        refusal = None if self._find_refusal is None else self._find_refusal(frame)
        if refusal is None:
            return None
        self._warn(f"a call was refused, and its caller got a permission error: {refusal}")
        return RequestRewrite(blocked_response=make_refusal(route.operation, refusal, self._registry))

    def _send_through_proxy(
        self, route: Route, frame: Frame, payi_headers: frozenset[bytes]
    ) -> RequestRewrite | None:
        rewrite = self._proxy.rewrite(route, frame, payi_headers)
        if rewrite is None:
            self._warn_of_direct_call(route)
        return rewrite

    def _warn_of_direct_call(self, route: Route) -> None:
        if not self._proxy.is_usable:
            self._warn(
                f"a call to {route.host} can't go through Pay-i's proxy, so it was sent to the provider"
                " and is reported afterwards; the proxy needs an API key and an https address of Pay-i"
            )
            return
        named = (route.operation, str(route.host))
        if named not in self._warned and len(self._warned) < _MAX_WARNED:
            self._warned.add(named)
            self._warn_apart(
                f"calls of {route.operation} to {route.host} can't go through Pay-i's proxy, which does not"
                " forward them, so they are sent to the provider and reported afterwards"
            )


def _sign_body(headers: KeptHeaders) -> bool:
    """Return whether the receiver of a request would notice that its body is another one."""
    return any(name.lower() in _SIGNING for name in to_columns(headers)[0])
