"""Reading exchanges for a worker: which of them make an event, and who is told what Pay-i answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.decode.background_calls import Origins
from payi_transport.decode.decode import Pending, Reading, decode
from payi_transport.decode.notices import Notices
from payi_transport.decode.prompt_log import PromptLog
from payi_transport.decode.repeats import Repeats
from payi_transport.values.event import Event

__all__ = ["Reader"]


class Reader:
    """Reads for one process. Raises nothing for what a provider sent.

    `listener` is told what Pay-i answers to each event; there is none where they are answered in batches.
    """

    def __init__(
        self,
        reading: Reading,
        notices: Notices,
        *,
        prompt_log: PromptLog | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._reading = reading
        self._notices = notices
        self._prompt_log = prompt_log
        self._listener = listener
        self._origins = Origins()
        self._repeats = Repeats()

    def read(self, exchange: Exchange) -> Event | str:
        """The event of an exchange, or why it needs none."""
        if exchange.event is not None:
            return exchange.event
        fetched = exchange.route.operation.endswith(".again")
        call, event = exchange, decode(exchange, self._reading)
        if fetched and isinstance(event, Event):
            call = self._origins.complete(event.provider_response_id, exchange)
            event = decode(call, self._reading)
        if isinstance(event, Pending):
            if not fetched:
                self._origins.keep(event, exchange)
            return "pending"
        if self._repeats.is_repeat(event, fetched):
            return "repeated"
        context = call.context
        if not (context.price_as_category or context.price_as_resource):
            self._notices.check_price(exchange.route, event)
        self._notices.check_usage(exchange.route, event)
        exchange.listener = self._listen(call, event)
        return event

    def _listen(self, exchange: Exchange, event: Event) -> Listener | None:
        log = None if self._prompt_log is None else self._prompt_log.listen(exchange, event)
        listener = self._listener
        if log is None or listener is None:
            return log or listener

        def tell_both(answer: Mapping[str, Any]) -> None:
            listener(answer)
            log(answer)

        return tell_both
