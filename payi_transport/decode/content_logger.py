"""Call the user's `prompt_and_response_logger` with the content of each delivered event.

The user's function needs Pay-i's request id, which only exists once Pay-i has accepted the event. The content
is gone by then, since exchanges drop it as soon as they are decoded. So the content is read while decoding
and kept by a listener, which runs on delivery.

The function runs where the event is delivered: before the call returns, or on the worker's thread. In both
cases it runs in the context variables of the original call, so that it sees the caller's trace or tenant. It
gets the content even if `log_prompt_and_response` keeps it from Pay-i
for the whole program, but not if a scope turned it off for that very call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from typing import Any

import msgspec

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.decode.decode import decode
from payi_transport.decode.options import DecodeOptions
from payi_transport.values.event import Event
from payi_transport.values.names import LOCAL_REQUEST_ID

__all__ = ["ContentLogger", "PromptAndResponseLogger"]

# Takes Pay-i's request id, and the request and response as text under the names of their event fields.
PromptAndResponseLogger = Callable[[str, dict[str, str]], None]


class ContentLogger:
    """Call `logger` for each delivered event; what it raises goes to `on_fault`."""

    def __init__(
        self,
        logger: PromptAndResponseLogger,
        options: DecodeOptions,
        on_fault: Callable[[BaseException], None],
    ) -> None:
        self._logger = logger
        self._options = options
        self._on_fault = on_fault

    def make_listener(self, exchange: Exchange, event: Event) -> Listener:
        """Return what to call with Pay-i's response to `event`. The exchange must still hold its content."""
        data = self._read_content(exchange, event)
        caller = exchange.caller if isinstance(exchange.caller, Context) else Context()

        def log(response: Mapping[str, Any]) -> None:
            sent_id = response.get("request_id")
            request_id = sent_id if isinstance(sent_id, str) else LOCAL_REQUEST_ID
            try:
                caller.run(self._logger, request_id, data)
            # Nothing that the user's function raises, not even SystemExit, may end the worker's thread.
            except BaseException as exc:
                self._on_fault(exc)

        return log

    def _read_content(self, exchange: Exchange, event: Event) -> dict[str, str]:
        if not exchange.log_content and exchange.context.log_prompt_and_response is not False:
            # Decode it again for the logger alone, because the event that goes to Pay-i must not have the
            # content.
            shown = decode(msgspec.structs.replace(exchange, log_content=True), self._options)
            event = shown if isinstance(shown, Event) else event
        content = {
            "provider_request_json": event.provider_request_json,
            "provider_response_json": event.provider_response_json,
        }
        return {name: _to_text(value) for name, value in content.items() if value is not None}


def _to_text(value: str | Sequence[str]) -> str:
    """Return text as it is, and the messages of a stream as one JSON array."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
