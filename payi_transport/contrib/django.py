"""A scope around each request of a Django project, under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.utils.module_loading import import_string

from payi_transport.contrib.request_scope import RequestScope
from payi_transport.contrib.streaming import ScopedAsyncBody, ScopedBody

__all__ = ["PayiMiddleware"]


class PayiMiddleware:
    """Run each request inside a scope. List it in `MIDDLEWARE` after the one that finds the user.

    The setting `PAYI_SCOPE` is a mapping as `track_context` accepts it, a function that returns one for
    Django's request, or the dotted path of such a function; under ASGI it may be async, as it has to be to
    `await request.auser()`. `PAYI_TRUST_BAGGAGE` is `trust_baggage` of `contrib.wsgi.PayiMiddleware`.

    Raises TypeError at the start of the server for settings that can't be used.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        scope = getattr(settings, "PAYI_SCOPE", None)
        self._scope = RequestScope(
            import_string(scope) if isinstance(scope, str) else scope,
            trust_baggage=getattr(settings, "PAYI_TRUST_BAGGAGE", False),
        )
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Handle one request; returns a coroutine under ASGI."""
        if self._is_async:
            return self._respond_async(request)
        with self._scope.enter(self._scope.make(request), request.headers.items()):
            return _wrap_body(self._get_response(request))

    async def _respond_async(self, request: Any) -> Any:
        made = await self._scope.make_async(request)
        with self._scope.enter(made, request.headers.items()):
            return _wrap_body(await self._get_response(request))


def _wrap_body(response: Any) -> Any:
    """Keep the scope around a body that is made while it is sent."""
    if response.streaming:
        content = response.streaming_content
        response.streaming_content = ScopedAsyncBody(content) if response.is_async else ScopedBody(content)
    return response
