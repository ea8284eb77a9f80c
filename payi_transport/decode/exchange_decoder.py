"""Decoding exchanges for a worker: which of them make an event, and who is told what Pay-i answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.decode.background_calls import BackgroundCalls
from payi_transport.decode.content_logger import ContentLogger
from payi_transport.decode.decode import BackgroundCall, DecodeOptions, decode
from payi_transport.decode.reported_responses import ReportedResponses
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.values.event import Event

__all__ = ["Decoded", "ExchangeDecoder"]


class Decoded(NamedTuple):
    """The event of an exchange, and who is to hear Pay-i's response to it."""

    event: Event
    listener: Listener | None = None


class ExchangeDecoder:
    """Reads for one process. Raises nothing for what a provider sent.

    `listener` is told what Pay-i answers to each event; there is none where they are answered in batches.
    """

    def __init__(
        self,
        options: DecodeOptions,
        warnings: OneTimeWarnings,
        *,
        content_logger: ContentLogger | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._options = options
        self._warnings = warnings
        self._content_logger = content_logger
        self._listener = listener
        self._background_calls = BackgroundCalls()
        self._reported = ReportedResponses()

    def decode(self, exchange: Exchange) -> Decoded | str:
        """Decode an exchange; return the reason where it makes no event."""
        if exchange.event is not None:
            return Decoded(exchange.event, exchange.listener)
        fetched = exchange.route.operation.endswith(".again")
        call, event = exchange, decode(exchange, self._options)
        if fetched and isinstance(event, Event):
            call = self._background_calls.complete(event.provider_response_id, exchange)
            event = decode(call, self._options)
        if isinstance(event, BackgroundCall):
            if not fetched:
                self._background_calls.keep(event, exchange)
            return "pending"
        if self._reported.is_repeat(event, fetched):
            return "repeated"
        context = call.context
        if not (context.price_as_category or context.price_as_resource):
            self._warnings.check_price(exchange.route, event)
        self._warnings.check_usage(exchange.route, event)
        return Decoded(event, self._listen(call, event))

    def _listen(self, exchange: Exchange, event: Event) -> Listener | None:
        log = None if self._content_logger is None else self._content_logger.listen(exchange, event)
        listener = self._listener
        if log is None or listener is None:
            return log or listener

        def tell_both(answer: Mapping[str, Any]) -> None:
            listener(answer)
            log(answer)

        return tell_both
