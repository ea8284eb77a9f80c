"""Recording the body of an aiohttp response as it arrives.

The parser appends each chunk to a deque of the response's `StreamReader`, and that deque is replaced with one
that records. So it does not matter how the caller reads, and a response that the caller left early is
recorded as far as it arrived. The end is noticed by the list of end-of-file callbacks, which the reader
clears whenever it ends.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from payi_transport.capture.exchange import OpenResponse, Outcome

__all__ = ["record_body"]


def record_body(reader: Any, response: OpenResponse) -> None:
    """Record what a StreamReader has received and will receive. For an empty body it has no buffer."""
    buffer = _Buffer(response, getattr(reader, "_buffer", ()))
    if reader.is_eof() or reader.exception() is not None:
        _end(reader, response)
    else:
        reader._buffer = buffer
        reader._eof_callbacks = _Callbacks(response, reader)


_deque_append = deque.append


class _Buffer(deque[bytes]):
    """The chunks that a reader keeps for the caller, decoded by the parser."""

    # Every chunk passes through here. Slots halve the cost of that.
    __slots__ = ("_append", "_limit", "_response", "_size")

    def __init__(self, response: OpenResponse, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._response = response
        self._size, self._limit = 0, -1
        for chunk in chunks:
            self.append(chunk)

    def append(self, chunk: bytes) -> None:
        size = self._size = self._size + len(chunk)
        if size > self._limit:
            self._append, self._limit = self._response.open_buffer(size)
        self._append(chunk)
        _deque_append(self, chunk)

    def __del__(self) -> None:
        self._response.finish(Outcome.ABANDONED)


class _Callbacks(list[Callable[[], None]]):
    """The end-of-file callbacks of a reader, which clears this list whenever and however it ends."""

    def __init__(self, response: OpenResponse, reader: Any) -> None:
        super().__init__(reader._eof_callbacks)
        self._response = response
        self._reader = reader

    def clear(self) -> None:
        super().clear()
        # Reader and callbacks refer to each other. Break the cycle, so that the reader is freed without the
        # garbage collector.
        self._reader._eof_callbacks = []
        _end(self._reader, self._response)


def _end(reader: Any, response: OpenResponse) -> None:
    error = reader.exception()
    if reader.is_eof():
        response.finish()
    elif type(error) is not sys.modules["aiohttp"].ClientConnectionError:
        response.fail(error)
    elif isinstance(raised := sys.exc_info()[1], _find_ends_of_reading()):
        # aiohttp closes the response while it handles a timeout or a cancellation. That is the real reason.
        response.fail(raised)
    else:
        response.finish(Outcome.CLOSED)


def _find_ends_of_reading() -> tuple[type[BaseException], ...]:
    asyncio = sys.modules["asyncio"]
    # In Python 3.10, asyncio's timeout is an exception of its own.
    return TimeoutError, asyncio.TimeoutError, asyncio.CancelledError
