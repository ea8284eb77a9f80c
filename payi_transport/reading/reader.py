"""Reading exchanges for a worker: which of them make an event, and who is told what Pay-i answers to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payi_transport.event import Event
from payi_transport.exchange import Exchange, Listener
from payi_transport.feedback.results import Result
from payi_transport.reading.decode import Reading, decode
from payi_transport.reading.notices import Notices
from payi_transport.reading.prompt_log import PromptLog
from payi_transport.reading.repeats import Repeats

__all__ = ["Reader"]


class Reader:
    """Reads for one process. `on_result` hears what Pay-i says of a single event; None where it is not asked.

    Raises nothing for what a provider sent.
    """

    def __init__(
        self,
        reading: Reading,
        notices: Notices,
        *,
        prompt_log: PromptLog | None = None,
        on_result: Callable[[Result], None] | None = None,
    ) -> None:
        self._reading = reading
        self._notices = notices
        self._prompt_log = prompt_log
        self._on_result = on_result
        self._repeats = Repeats()

    def read(self, exchange: Exchange) -> Event | str:
        """The event of an exchange, or why it needs none."""
        if exchange.event is not None:
            return exchange.event
        event = decode(exchange, self._reading)
        if event is None:
            return "pending"
        if self._repeats.is_repeat(event, exchange.route.operation.endswith(".again")):
            return "repeated"
        context = exchange.context
        if not (context.price_as_category or context.price_as_resource):
            self._notices.check_price(exchange.route, event)
        exchange.listener = self._listen(exchange, event)
        return event

    def _listen(self, exchange: Exchange, event: Event) -> Listener | None:
        log = None if self._prompt_log is None else self._prompt_log.listen(exchange, event)
        on_result = self._on_result
        if on_result is None:
            return log

        def hear(answer: Mapping[str, Any]) -> None:
            result = answer.get("xproxy_result")
            if isinstance(result, dict):
                on_result(result)
            if log is not None:
                log(answer)

        return hear
