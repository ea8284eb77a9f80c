"""The scope of a request: what all middlewares make of the arguments that the user gave them.

The user's function runs for each request of a server, and a mistake in it must not cost a request. So
whatever it raises or returns wrongly is logged at a limited rate, and the request goes on without a scope.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from payi_transport.context.fields import Scope
from payi_transport.context.frame import check_scope
from payi_transport.context.scope import track_context
from payi_transport.propagate import extract
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger

__all__ = ["RequestScope", "ScopeArgument"]

ScopeArgument = Mapping[str, object] | Callable[[Any], Any]
# Seconds between two warnings about the same function.
_WINDOW = 60.0
_logger = logging.getLogger("payi.instrument")


class RequestScope:
    """Makes the scope of each request from a mapping, or by a function of the request.

    Raises TypeError for a mapping that `track_context` would not accept, and for anything else that can't be
    called. With `trust_baggage`, the values in the request's header `baggage` count as well, where the user's
    own do not replace them.
    """

    def __init__(self, scope: ScopeArgument | None, *, trust_baggage: bool = False) -> None:
        scope = {} if scope is None else scope
        if isinstance(scope, Mapping):
            check_scope("scope", scope)
        elif not callable(scope):
            raise TypeError(f"scope: expected a dict or a function of the request, got {scope!r}")
        if not isinstance(trust_baggage, bool):
            raise TypeError(f"trust_baggage: expected True or False, got {trust_baggage!r}")
        self._scope = scope
        self._trusts_baggage = trust_baggage
        self._log = RateLimitedLogger(_logger, _WINDOW)

    def make(self, request: Any) -> Scope:
        """Return the user's scope for a request."""
        try:
            return self._check(self._scope if isinstance(self._scope, Mapping) else self._scope(request))
        except Exception as exc:
            self._warn(exc)
            return {}

    async def make_async(self, request: Any) -> Scope:
        """Return the user's scope for a request; the function may be async."""
        try:
            made = self._scope if isinstance(self._scope, Mapping) else self._scope(request)
            return self._check(await made if isinstance(made, Awaitable) else made)
        except Exception as exc:
            self._warn(exc)
            return {}

    @contextmanager
    def enter(self, scope: Scope, headers: Iterable[tuple[Any, Any]]) -> Iterator[None]:
        """Run a block in `scope`, and outside of it in the scope that the request's headers carry."""
        with track_context(**(extract(headers) if self._trusts_baggage else {})), track_context(**scope):
            yield

    def _check(self, made: Any) -> Scope:
        if inspect.iscoroutine(made):
            # Closed, or Python would warn that it was never awaited.
            made.close()
            raise TypeError("an async function needs an async server")
        scope: Scope = {} if made is None else made
        check_scope("scope", scope)
        return scope

    def _warn(self, exc: Exception) -> None:
        self._log.warning(
            f"could not make the scope of a request ({type(exc).__name__}), so its calls are reported"
            " without it; fix the function that is passed as scope",
            fault=exc,
        )
