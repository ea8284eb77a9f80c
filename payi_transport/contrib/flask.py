"""A scope around each request of a Flask application, made where Flask knows the user and the route."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import flask

from payi_transport.contrib.request_scope import RequestScope, ScopeArgument
from payi_transport.contrib.streaming import ScopedBody

__all__ = ["init_app"]

_ENTERED = "payi_transport_scope"


def init_app(app: flask.Flask, scope: ScopeArgument | None = None, *, trust_baggage: bool = False) -> None:
    """Run each request of `app` inside a scope, responses that stream included.

    `scope` is a mapping as `track_context` accepts it, or a function that returns one for Flask's request. It
    runs as a `before_request` function, after those that were registered earlier, so `flask.g` and
    `request.view_args` are there. `trust_baggage` is that of `contrib.wsgi.PayiMiddleware`.

    Raises TypeError for arguments that can't be used.
    """
    request_scope = RequestScope(scope, trust_baggage=trust_baggage)

    def enter() -> None:
        request = flask.request
        stack = ExitStack()
        stack.enter_context(request_scope.enter(request_scope.make(request), request.headers.items()))
        setattr(flask.g, _ENTERED, stack)

    def wrap_body(response: flask.Response) -> flask.Response:
        if response.is_streamed and not response.direct_passthrough:
            body: Any = ScopedBody(response.response)
            response.response = body
        return response

    def leave(exc: BaseException | None) -> None:
        # Missing where an earlier function refused the request.
        stack = flask.g.pop(_ENTERED, None)
        if stack is not None:
            stack.close()

    app.before_request(enter)
    app.after_request(wrap_body)
    app.teardown_request(leave)
