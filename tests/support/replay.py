"""Calls written down as JSON, sent through the whole library: from the URL to the event.

Nothing but the network is missing: the host and the path are routed, the body is captured in chunks, framed
and read. A call is `{"url", "request", "response"}`. A `request` that is missing makes it a GET. `response`
is a document; `sse`, `ndjson` or `aws` in its place hold the messages of a stream, of which those of AWS are
pairs of a name and JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from payi_transport import (
    MemorySink,
    PayiTransport,
    payi_flush,
    payi_instrument,
    payi_stats,
    payi_uninstrument,
)
from payi_transport.values.event import Event
from tests.support.eventstream import write_stream

__all__ = ["replay", "show_units"]

Call = Mapping[str, Any]


class _Chunks(httpx.SyncByteStream):
    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks


def replay(*calls: Call, **config: Any) -> list[Event]:
    """Send the calls and return their events, in order. `config` is that of the library."""
    sink = MemorySink()
    options: Any = {"use_case_name": "replay", **config}
    payi_instrument(sink=sink, config=options)
    try:
        for call in calls:
            _send(call)
        assert payi_flush(10)
        assert payi_stats().faults == 0
        return sink.events
    finally:
        payi_uninstrument()


def show_units(event: Event) -> dict[str, int]:
    """Return the counts of an event by unit and direction, such as `text.input`, without zeros."""
    sides = {
        f"{name}.{side}": count
        for name, units in event.units.items()
        for side, count in (("input", units.input), ("output", units.output))
    }
    return {name: count for name, count in sides.items() if count}


def _send(call: Call) -> None:
    media, chunks = _write_body(call)
    extra = {name: value for name, value in call.get("headers", {}).items() if value is not None}
    headers = {"content-type": media, **extra}
    answer = httpx.Response(call.get("status", 200), headers=headers, stream=_Chunks(chunks))
    transport = PayiTransport(httpx.MockTransport(lambda request: answer))
    request = call.get("request")
    with httpx.Client(transport=transport) as client:
        client.request("GET" if request is None else "POST", call["url"], json=request)


def _write_body(call: Call) -> tuple[str, list[bytes]]:
    if "sse" in call:
        return "text/event-stream", [_write_sse(message) for message in call["sse"]]
    if "ndjson" in call:
        return "application/x-ndjson", [json.dumps(line).encode() + b"\n" for line in call["ndjson"]]
    if "aws" in call:
        return "application/vnd.amazon.eventstream", write_stream(call["aws"])
    return "application/json", [json.dumps(call.get("response")).encode()]


def _write_sse(message: Any) -> bytes:
    if isinstance(message, str):
        return f"data: {message}\n\n".encode()
    # Anthropic and OpenAI's Responses name their events by the type of what they hold.
    name = message.get("type") or message.get("event_type")
    return (f"event: {name}\n" if name else "").encode() + f"data: {json.dumps(message)}\n\n".encode()
