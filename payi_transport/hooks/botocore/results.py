"""What Pay-i says of a call, as an item of what botocore made of the answer: a dict, or a stream of dicts.

Only of the call itself, and only where it is known when the answer is over. The item is there then: where
a body is still to be read, once it was read.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from payi_transport.capture.exchange import Exchange

__all__ = ["attach_result"]

# In the last chunk of a model's own stream. Source: the user guide on InvokeModelWithResponseStream.
_METRICS = b'"amazon-bedrock-invocationMetrics"'


def attach_result(answer: Any, begun: Sequence[Exchange], *, in_streams: bool) -> Any:
    """The answer of a call with its result. The last of its exchanges `begun` is the one answered."""
    bedrocks = [exchange for exchange in begun if exchange.route.operation.startswith("bedrock.")]
    if not bedrocks or not bedrocks[-1].brings_result or not isinstance(answer, dict):
        return answer
    streams = [part for part in answer.values() if isinstance(part, _event_stream())]
    if not streams:
        return _add_at_end(answer, bedrocks[-1])
    if in_streams:
        _add_to_last_event(streams[0], bedrocks[-1])
    return answer


class _Answer(dict[str, Any]):
    """A dict that can be referred to weakly: one that its own body holds would keep its connection open."""

    __slots__ = ("__weakref__",)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _add_at_end(answer: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
    if exchange.ended:
        _add(answer, exchange)
        return answer
    held = _Answer(answer)
    found = weakref.ref(held)

    def add(ended: Exchange) -> None:
        item = found()
        if item is not None:
            _add(item, ended)

    exchange.then = add
    return held


def _event_stream() -> type[Any]:
    stream: type[Any] = sys.modules["botocore.eventstream"].EventStream
    return stream


def _add(item: dict[str, Any], exchange: Exchange) -> None:
    if exchange.result is not None:
        item["xproxy_result"] = exchange.result


class _SyncStream:
    """To be mixed into EventStream, whose events come once, however often it is iterated."""

    _payi_events: Iterator[Any]

    def __iter__(self) -> Iterator[Any]:
        return self._payi_events


class _AsyncStream:
    """To be mixed into aiobotocore's, of which this makes the iterator."""

    _payi_events: AsyncIterator[Any]

    def __anext__(self) -> AsyncIterator[Any]:
        return self._payi_events


_classes: dict[type[Any], type[Any]] = {}


def _add_to_last_event(stream: Any, exchange: Exchange) -> None:
    cls = type(stream)
    is_async = hasattr(cls, "__anext__")
    mixin = _AsyncStream if is_async else _SyncStream
    stream._payi_events = (
        _add_to_last_async(cls.__anext__(stream), exchange)
        if is_async
        else _add_to_last(cls.__iter__(stream), exchange)
    )
    stream.__class__ = _classes.get(cls) or _classes.setdefault(
        cls, type(cls.__name__, (mixin, cls), {"__module__": cls.__module__})
    )


def _add_to_last(events: Iterator[dict[str, Any]], exchange: Exchange) -> Iterator[dict[str, Any]]:
    held = _Held()
    try:
        for event in events:
            yield from held.feed(event)
    except Exception:
        yield from held.flush()
        raise
    for event in held.flush():
        _add(event, exchange)
        yield event


async def _add_to_last_async(
    events: AsyncIterator[dict[str, Any]], exchange: Exchange
) -> AsyncIterator[dict[str, Any]]:
    held = _Held()
    try:
        async for event in events:
            for shown in held.feed(event):
                yield shown
    except Exception:
        for shown in held.flush():
            yield shown
        raise
    for event in held.flush():
        _add(event, exchange)
        yield event


class _Held:
    """The event that may be the last, until what is behind it is there."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []

    def feed(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """What is to be shown now that `event` has come."""
        if _may_be_last(event):
            shown, self._events = self._events, [event]
            return shown
        return [*self.flush(), event]

    def flush(self) -> list[dict[str, Any]]:
        shown, self._events = self._events, []
        return shown


def _may_be_last(event: Mapping[str, Any]) -> bool:
    chunk = event.get("chunk")
    return "metadata" in event or (isinstance(chunk, dict) and _METRICS in chunk.get("bytes", b""))
