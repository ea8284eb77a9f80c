"""Decode the exchanges of one process: `decode`, plus everything that needs to remember earlier calls.

The pure function `decode` knows one exchange only. Four questions need memory: which call started the
background work that is fetched here (`background_calls`), what of this response was already reported
(`reported_responses`), whether another call had the same id (`response_ids`), and which warnings were already
logged (`warnings`). Finally, each event gets its listener, which receives Pay-i's response once the event is
delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.context.frame import Frame
from payi_transport.decode.background_calls import BackgroundCall, BackgroundCalls
from payi_transport.decode.content_logger import ContentLogger
from payi_transport.decode.decode import decode
from payi_transport.decode.missing_fields import find_missing_fields
from payi_transport.decode.missing_units import has_missing_units
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.pricing import find_requested_model
from payi_transport.decode.read_headers import read_headers
from payi_transport.decode.reported_responses import ReportedResponses
from payi_transport.decode.response_ids import ResponseIds
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.runtime.counter import Counter
from payi_transport.values.event import Event
from payi_transport.values.names import STREAM_PROPERTY

__all__ = ["Decoded", "ExchangeDecoder"]


class Decoded(NamedTuple):
    """The event of an exchange, and the listener to call with Pay-i's response to it."""

    event: Event
    listener: Listener | None = None


class ExchangeDecoder:
    """Decode exchanges on any thread. Doesn't raise, whatever a provider sends.

    `listener` receives Pay-i's response to each event. It is None if events are delivered in batches, since
    Pay-i doesn't respond to each event of a batch. `charge` counts an event under the budgets of its frame,
    once and before it is delivered; it must not raise. `trace` returns the event with its span.
    `missing_units` counts the calls that succeeded without units that can be read, or not all of them, and
    `missing_fields` those that lack a required field, by its name.
    """

    def __init__(
        self,
        options: DecodeOptions,
        warnings: OneTimeWarnings,
        *,
        content_logger: ContentLogger | None = None,
        listener: Listener | None = None,
        charge: Callable[[Frame, Event], None] | None = None,
        trace: Callable[[Exchange, Event], Event] | None = None,
    ) -> None:
        # In inline mode, many threads decode.
        self.missing_units = Counter()
        self.missing_fields = {name: Counter() for name in options.required_fields}
        self._options = options
        self._warnings = warnings
        self._content_logger = content_logger
        self._listener = listener
        self._charge = charge
        self._trace = trace
        self._background_calls = BackgroundCalls()
        self._reported = ReportedResponses()
        self._ids = ResponseIds()

    def decode(self, exchange: Exchange) -> Decoded | str:
        """Return the event of an exchange, or why it has none: "pending" or "repeated"."""
        # Inline delivery decodes first, and queues the exchange if it can't reach Pay-i.
        if exchange.event is not None:
            return Decoded(exchange.event, exchange.listener)
        is_fetch = exchange.route.is_fetch
        call, event = exchange, decode(exchange, self._options)
        if is_fetch and isinstance(event, Event):
            call = self._background_calls.complete(event.provider_response_id, exchange)
            # Decode it again, because the price and the properties follow from the scope of the first call.
            event = decode(call, self._options)
        if isinstance(event, BackgroundCall):
            if not is_fetch:
                # A poll that finds the work unfinished did not start it.
                self._background_calls.remember(event, exchange)
            return "pending"
        new = self._reported.find_new(event, is_fetch)
        if new is None:
            return "repeated"
        if not is_fetch and event.properties and STREAM_PROPERTY in event.properties:
            self._remember_partial(exchange, event)
        # After the id has shown whether the event is a repeat.
        event = self._ids.distinguish(new, exchange.route.host, is_fetch)
        self._check(call, exchange, event)
        if self._trace is not None:
            event = self._trace(call, event)
        return Decoded(event, self._make_listener(call, event))

    def note_counted(self, exchange: Exchange) -> None:
        """Remember a call that Pay-i's proxy has counted, so that fetching its response again counts nothing.

        The proxy forwards no such fetch. If the work was not done yet, the fetch brings the usage.
        """
        self._count_missing_fields(exchange.context)
        if not self._may_be_fetched(exchange):
            return
        event = decode(exchange, self._options)
        if isinstance(event, BackgroundCall):
            self._background_calls.remember(event, exchange)
        else:
            self._reported.find_new(event, False)

    def _remember_partial(self, exchange: Exchange, event: Event) -> None:
        """Remember a call that was left early: what it used after that may be fetched, and belongs to it."""
        if self._may_be_fetched(exchange):
            model = find_requested_model(exchange, read_headers(exchange.response_headers))
            self._background_calls.remember(BackgroundCall(event.provider_response_id, model), exchange)

    def _may_be_fetched(self, exchange: Exchange) -> bool:
        return f"{exchange.route.operation}.again" in self._options.registry.operations

    def _check(self, call: Exchange, exchange: Exchange, event: Event) -> None:
        context = call.context
        # A price that the scope sets needs no mapping.
        if not (context.price_as_category or context.price_as_resource):
            self._warnings.check_price(exchange.route, event)
            self._warnings.check_category(exchange.route, event)
        if has_missing_units(event):
            self.missing_units.add()
            self._warnings.warn_missing_units(exchange.route, event)
        self._count_missing_fields(context)
        self._warnings.check_other_sdk()
        if self._charge is not None:
            self._charge(context, event)

    def _count_missing_fields(self, frame: Frame) -> None:
        for name in find_missing_fields(frame, self._options.required_fields):
            self.missing_fields[name].add()

    def _make_listener(self, call: Exchange, event: Event) -> Listener | None:
        log = None if self._content_logger is None else self._content_logger.make_listener(call, event)
        listener = self._listener
        if log is None or listener is None:
            return log or listener

        def call_both(response: Mapping[str, Any]) -> None:
            listener(response)
            log(response)

        return call_both
