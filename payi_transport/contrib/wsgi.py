"""A scope around each request of a WSGI application: Flask, Django, Bottle, Pyramid, …"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from payi_transport.contrib.request_scope import RequestScope, ScopeArgument
from payi_transport.contrib.streaming import ScopedBody

__all__ = ["PayiMiddleware"]


class PayiMiddleware:
    """Run each request inside a scope, including a body that is made while it is sent.

    `scope` is a mapping as `track_context` accepts it, or a function that returns one for the WSGI environ of
    a request, such as `lambda environ: {"account_name": environ.get("HTTP_X_TENANT")}`.

    With `trust_baggage`, the scope that the caller's `baggage` header carries counts, too. Leave it off where
    strangers can call: they would choose whom a call is billed to.

    Raises TypeError for arguments that can't be used. If the function fails, the request goes on without a
    scope, and a warning is logged.
    """

    def __init__(self, app: Any, scope: ScopeArgument | None = None, *, trust_baggage: bool = False) -> None:
        self.app = app
        self._scope = RequestScope(scope, trust_baggage=trust_baggage)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Handle one request."""
        made = self._scope.make(environ)
        with self._scope.enter(made, [("baggage", environ.get("HTTP_BAGGAGE", ""))]):
            body = self.app(environ, start_response)
            # A body with a length is complete, and servers make a header of it. They may send a file by means
            # that a wrapper would take away, too.
            wrapper = environ.get("wsgi.file_wrapper")
            is_file = isinstance(wrapper, type) and isinstance(body, wrapper)
            return body if is_file or hasattr(body, "__len__") else ScopedBody(body)
