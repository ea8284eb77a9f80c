"""`prompt_and_response_logger`: a function of the user's that is told each call's content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from typing import Any

import msgspec

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.decode.decode import DecodeOptions, decode
from payi_transport.values.event import Event
from payi_transport.values.names import LOCAL_REQUEST_ID

__all__ = ["ContentLogger", "PromptAndResponseLogger"]

# Takes Pay-i's request id, and request and response as text by the names of their fields in an event.
PromptAndResponseLogger = Callable[[str, dict[str, str]], None]


class ContentLogger:
    """Calls `logger` for each delivered event. What that raises goes to `on_fault`."""

    def __init__(
        self,
        logger: PromptAndResponseLogger,
        options: DecodeOptions,
        on_fault: Callable[[BaseException], None],
    ) -> None:
        self._logger = logger
        self._options = options
        self._on_fault = on_fault

    def listen(self, exchange: Exchange, event: Event) -> Listener:
        """What is to be told of the delivery of `event`. The exchange has its content still."""
        data = self._read_content(exchange, event)
        caller = exchange.caller or Context()

        def log(answer: Mapping[str, Any]) -> None:
            given = answer.get("request_id")
            request_id = given if isinstance(given, str) else LOCAL_REQUEST_ID
            try:
                caller.run(self._logger, request_id, data)
            # The thread is not the user's to end, by whatever the logger raises.
            except BaseException as exc:
                self._on_fault(exc)

        return log

    def _read_content(self, exchange: Exchange, event: Event) -> dict[str, str]:
        """Without `log_prompt_and_response` the content goes to the logger alone, of a scope to nobody."""
        if not exchange.log_content and exchange.context.log_prompt_and_response is not False:
            shown = decode(msgspec.structs.replace(exchange, log_content=True), self._options)
            event = shown if isinstance(shown, Event) else event
        content = {
            "provider_request_json": event.provider_request_json,
            "provider_response_json": event.provider_response_json,
        }
        return {name: _to_text(value) for name, value in content.items() if value is not None}


def _to_text(value: str | Sequence[str]) -> str:
    """The parts of a stream as one JSON array."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
