"""A scope around each request of an ASGI application: Starlette, FastAPI, Quart, Django, Litestar, …"""

from __future__ import annotations

from typing import Any

from payi_transport.contrib.request_scope import RequestScope, ScopeArgument

__all__ = ["PayiMiddleware"]


class PayiMiddleware:
    """Run each HTTP request and each WebSocket connection inside a scope.

    `scope` is a mapping as `track_context` accepts it, or a function, async or not, that returns one for the
    ASGI scope of a request, such as `lambda request: {"user_id": request["user"].id}`. Responses that stream
    and background tasks of the request are inside as well.

    With `trust_baggage`, the scope that the caller's `baggage` header carries counts, too. Leave it off where
    strangers can call: they would choose whom a call is billed to.

    Raises TypeError for arguments that can't be used. If the function fails, the request goes on without a
    scope, and a warning is logged.
    """

    def __init__(self, app: Any, scope: ScopeArgument | None = None, *, trust_baggage: bool = False) -> None:
        self.app = app
        self._scope = RequestScope(scope, trust_baggage=trust_baggage)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one ASGI connection."""
        # The rest, such as the messages of a server's start and stop, are not requests.
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        made = await self._scope.make_async(scope)
        with self._scope.enter(made, scope["headers"]):
            await self.app(scope, receive, send)
