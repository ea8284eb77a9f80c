"""Attribute the result of background work to the call that started it.

With `background: true`, OpenAI only responds that the work is queued. Its usage appears in a later response,
which the program fetches by id, perhaps on another thread, in another scope or in none. The same goes for
batches, videos and Google's interactions. The event has to carry the scope, the URL and the start time of the
call that started the work, no matter where the result is fetched.

So that call is remembered by the id of its response, and the fetch is decoded as if the call had waited for
the result. Memory is bounded: only the latest calls are remembered, and none of their content is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.context.frame import Frame

__all__ = ["BackgroundCall", "BackgroundCalls"]

# Some work is never fetched, or by another process, so the oldest calls are forgotten.
_MAX_REMEMBERED = 10_000


class BackgroundCall(msgspec.Struct, frozen=True):
    """Work that a call started and that isn't done: the id of its response, and the requested model."""

    response_id: str | None
    model: str | None


class _Start(msgspec.Struct, frozen=True):
    context: Frame
    log_content: bool
    model: str | None
    uri: str
    timestamp: float
    started: float


class BackgroundCalls:
    """Remember the calls of this process that started background work. Safe to use from any thread."""

    def __init__(self) -> None:
        # With inline delivery, exchanges are decoded on the threads of their callers.
        self._lock = threading.RLock()
        self._starts: OrderedDict[str, _Start] = OrderedDict()

    def remember(self, call: BackgroundCall, exchange: Exchange) -> None:
        """Remember that `exchange` started `call`; without an id, nobody could fetch its result."""
        if not call.response_id:
            return
        start = _Start(
            exchange.context,
            exchange.log_content,
            call.model,
            exchange.route.uri,
            exchange.timestamp,
            exchange.started,
        )
        with self._lock:
            self._starts[call.response_id] = start
            if len(self._starts) > _MAX_REMEMBERED:
                self._starts.popitem(last=False)

    def complete(self, response_id: str | None, fetched: Exchange) -> Exchange:
        """Return the exchange as if the call that started the work had waited for this result.

        Returns `fetched` itself if that call was made by another process, or too long ago.
        """
        with self._lock:
            # It stays, because a program may fetch the result more than once.
            start = self._starts.get(response_id or "")
        if start is None:
            return fetched
        return msgspec.structs.replace(
            fetched,
            route=fetched.route._replace(resource=start.model, uri=start.uri),
            context=start.context,
            log_content=start.log_content,
            timestamp=start.timestamp,
            started=start.started,
        )
