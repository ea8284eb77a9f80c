"""Who began what goes on in the background: whoever fetches its end may know nothing of the call."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.context.frame import Frame
from payi_transport.decode.decode import BackgroundCall

__all__ = ["BackgroundCalls"]

# How many calls are remembered, the latest ones.
_REMEMBERED = 10_000


class _Origin(NamedTuple):
    context: Frame
    log_content: bool
    asked: str | None
    uri: str
    timestamp: float
    started: float


class BackgroundCalls:
    """Remembers the calls of this process whose answers are to be fetched, without their content."""

    def __init__(self) -> None:
        # Calls that wait for their own report end on many threads.
        self._lock = threading.Lock()
        self._begun: OrderedDict[str, _Origin] = OrderedDict()

    def keep(self, pending: BackgroundCall, exchange: Exchange) -> None:
        """An exchange began what is pending."""
        if not pending.response_id:
            return
        origin = _Origin(
            exchange.context,
            exchange.log_content,
            pending.model,
            exchange.route.uri,
            exchange.timestamp,
            exchange.started,
        )
        with self._lock:
            self._begun[pending.response_id] = origin
            if len(self._begun) > _REMEMBERED:
                self._begun.popitem(last=False)

    def complete(self, response_id: str | None, fetched: Exchange) -> Exchange:
        """What `fetched` were if the call that began it had waited; the same where that is not known."""
        with self._lock:
            origin = self._begun.get(response_id or "")
        if origin is None:
            return fetched
        return msgspec.structs.replace(
            fetched,
            route=fetched.route._replace(resource=origin.asked, uri=origin.uri),
            context=origin.context,
            log_content=origin.log_content,
            timestamp=origin.timestamp,
            started=origin.started,
        )
