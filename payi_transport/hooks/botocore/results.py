"""Adding Pay-i's result of a Bedrock call to what botocore returns: a dict, or the last event of a stream.

The result is known when the response ends. botocore reads most responses before it returns, so the result
is in the dict that the caller gets. InvokeModel returns a body that the caller still has to read;
`xproxy_result` appears in the dict once that is done. A stream of events gets the result in its last event,
so an event that may be the last is held back until the next one arrives or the stream ends.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from payi_transport.capture.exchange import SentRequest

__all__ = ["attach_result"]

# Marks the last chunk of a model's own stream. Source: the user guide on InvokeModelWithResponseStream.
_METRICS = b'"amazon-bedrock-invocationMetrics"'


def attach_result(output: Any, attempts: Sequence[SentRequest], *, in_streams: bool) -> Any:
    """Return the output of a call with its result added, which is that of the last attempt."""
    requests = [request for request in attempts if request.route.operation.startswith("bedrock.")]
    if not requests or not requests[-1].brings_result or not isinstance(output, dict):
        return output
    streams = [part for part in output.values() if isinstance(part, _event_stream())]
    if not streams:
        return _add_at_end(output, requests[-1])
    if in_streams:
        _add_to_last_event(streams[0], requests[-1])
    return output


class _Output(dict[str, Any]):
    """A dict that allows weak references. A strong one from its own body would keep the connection open."""

    __slots__ = ("__weakref__",)

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as a plain dict, so that whatever reads it needs neither this class nor this library.
        return dict, (dict(self),)


def _add_at_end(output: dict[str, Any], request: SentRequest) -> dict[str, Any]:
    if request.ended:
        _add(output, request)
        return output
    later = _Output(output)
    reference = weakref.ref(later)

    def add(ended: SentRequest) -> None:
        item = reference()
        # Otherwise the caller has dropped the output, and nobody can see the result.
        if item is not None:
            _add(item, ended)

    request.add_done_callback(add)
    return later


def _event_stream() -> type[Any]:
    stream: type[Any] = sys.modules["botocore.eventstream"].EventStream
    return stream


def _add(item: dict[str, Any], request: SentRequest) -> None:
    if request.result is not None:
        item["xproxy_result"] = request.result


class _SyncStream:
    """Mixed into EventStream. Its events come once, however often it is iterated."""

    _payi_events: Iterator[Any]

    def __iter__(self) -> Iterator[Any]:
        return self._payi_events


class _AsyncStream:
    """Mixed into aiobotocore's EventStream, whose `__anext__` returns the iterator."""

    _payi_events: AsyncIterator[Any]

    def __anext__(self) -> AsyncIterator[Any]:
        return self._payi_events


# One subclass for each class of streams, or every call would leave a new class behind.
_classes: dict[type[Any], type[Any]] = {}


def _add_to_last_event(stream: Any, request: SentRequest) -> None:
    cls = type(stream)
    is_async = hasattr(cls, "__anext__")
    mixin = _AsyncStream if is_async else _SyncStream
    stream._payi_events = (
        _add_to_last_async(cls.__anext__(stream), request)
        if is_async
        else _add_to_last(cls.__iter__(stream), request)
    )
    # Python looks up special methods on the class, so setting them on the instance would have no effect.
    stream.__class__ = _classes.get(cls) or _classes.setdefault(
        cls, type(cls.__name__, (mixin, cls), {"__module__": cls.__module__})
    )


def _add_to_last(events: Iterator[dict[str, Any]], request: SentRequest) -> Iterator[dict[str, Any]]:
    buffer = _LastEventBuffer()
    try:
        for event in events:
            yield from buffer.feed(event)
    # What was held back arrived before the error. Not for GeneratorExit: a generator that is being closed
    # must not yield.
    except Exception:
        yield from buffer.flush()
        raise
    for event in buffer.flush():
        _add(event, request)
        yield event


async def _add_to_last_async(
    events: AsyncIterator[dict[str, Any]], request: SentRequest
) -> AsyncIterator[dict[str, Any]]:
    buffer = _LastEventBuffer()
    try:
        async for event in events:
            for shown in buffer.feed(event):
                yield shown
    except Exception:
        for shown in buffer.flush():
            yield shown
        raise
    for event in buffer.flush():
        _add(event, request)
        yield event


class _LastEventBuffer:
    """Holds back an event that may be the last until the next one arrives."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []

    def feed(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the events to pass on now that `event` has arrived."""
        if _may_be_last(event):
            shown, self._events = self._events, [event]
            return shown
        return [*self.flush(), event]

    def flush(self) -> list[dict[str, Any]]:
        """Return what is held back."""
        shown, self._events = self._events, []
        return shown


def _may_be_last(event: Mapping[str, Any]) -> bool:
    chunk = event.get("chunk")
    return "metadata" in event or (isinstance(chunk, dict) and _METRICS in chunk.get("bytes", b""))
