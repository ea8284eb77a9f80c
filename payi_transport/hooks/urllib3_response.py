"""Remembers the body of a urllib3 response as it is read: what requests and botocore have in common.

The bytes are those of the wire, before urllib3 undoes their coding, whichever way the caller reads: `stream`,
`read`, `read1`, `readinto`, lines, or the chunks themselves.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from payi_transport.capture.exchange import BlockedResponse, Exchange, Outcome
from payi_transport.hooks.call import pair_headers

__all__ = ["READERS", "make_refused", "record_body", "record_read"]

# Where urllib3 1.26 and 2 take bytes of a body from the connection: sized ones, and chunked ones.
READERS = ("_fp_read", "_handle_chunk")


class _RecordedResponse:
    """To be mixed into the class of a response. All that it adds to an instance is one attribute."""

    _payi_body: _Body

    def _fp_read(self, *args: Any, **kwargs: Any) -> Any:
        data = super()._fp_read(*args, **kwargs)  # type: ignore[misc]
        self._payi_body.append(data)
        return data

    def _handle_chunk(self, *args: Any, **kwargs: Any) -> Any:
        data = super()._handle_chunk(*args, **kwargs)  # type: ignore[misc]
        self._payi_body.append(data)
        return data

    def read(self, amt: int | None = None, *args: Any, **kwargs: Any) -> Any:
        exchange = self._payi_body.exchange
        try:
            data = super().read(amt, *args, **kwargs)  # type: ignore[misc]
        except BaseException as exc:
            exchange.fail(exc)
            raise
        if amt is None or self.isclosed():  # type: ignore[attr-defined]
            self._payi_body.end(self.length_remaining)  # type: ignore[attr-defined]
        return data

    def read_chunked(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        body = self._payi_body
        body.waits = True
        try:
            for chunk in super().read_chunked(*args, **kwargs):  # type: ignore[misc]
                body.waits = False
                yield chunk
                body.waits = True
        except GeneratorExit:
            raise  # left early; whether the answer is over, close() tells
        except BaseException as exc:
            body.exchange.fail(exc)
            raise
        body.exchange.finish()

    def close(self) -> None:
        body = self._payi_body
        try:
            super().close()  # type: ignore[misc]
        finally:
            # urllib3 itself closes a body that is cut between chunks, and then raises what it was.
            if not body.waits:
                body.exchange.finish(Outcome.CLOSED)

    def __del__(self) -> None:
        # What io.IOBase does then is to close.
        self._payi_body.exchange.finish(Outcome.ABANDONED)
        super().__del__()  # type: ignore[misc]


class _RecordedFile(_RecordedResponse):
    """With what urllib3 1.26 has not: whoever is given a file looks whether it has this method."""

    def read1(self, *args: Any, **kwargs: Any) -> Any:
        exchange = self._payi_body.exchange
        try:
            data = super().read1(*args, **kwargs)  # type: ignore[misc]
        except BaseException as exc:
            exchange.fail(exc)
            raise
        if self.isclosed():  # type: ignore[attr-defined]
            self._payi_body.end(self.length_remaining)  # type: ignore[attr-defined]
        return data


class _Body:
    """The bytes of one answer. `waits`: urllib3 is at the next chunk."""

    __slots__ = ("_keep", "_room", "_size", "exchange", "waits")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.waits = False
        self._size, self._room = 0, -1

    def append(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._room:
            self._keep, self._room = self.exchange.open_lane(self._size)
        self._keep(data)

    def end(self, missing: int | None) -> None:
        """No more comes, though `missing` bytes were promised: not everybody has urllib3 look at that."""
        if missing:
            from urllib3.exceptions import IncompleteRead

            self.exchange.fail(IncompleteRead(self._size, missing))
        else:
            self.exchange.finish()


def record_read(response: Any, body: bytes, exchange: Exchange) -> None:
    """Record the body of a response that has been read already, as it was on the wire."""
    read = _Body(exchange)
    read.append(body)
    read.end(response.length_remaining)


_classes: dict[type[Any], type[Any]] = {}


def record_body(response: Any, exchange: Exchange) -> None:
    """Record what is read of a response from now on, and how that ends.

    Anything but a urllib3 response is left alone, and its exchange ends without a body.
    """
    cls = type(response)
    recorded = _classes.get(cls) or _make_recorded(cls)
    if recorded is None:
        exchange.finish(Outcome.CLOSED)
        return
    response._payi_body = _Body(exchange)
    # By its class, since methods on the instance would hold it and keep its connection open.
    response.__class__ = recorded


def _make_recorded(cls: type[Any]) -> type[Any] | None:
    if not all(hasattr(cls, name) for name in READERS):
        return None
    mixin = _RecordedFile if hasattr(cls, "read1") else _RecordedResponse
    return _classes.setdefault(cls, type(cls.__name__, (mixin, cls), {"__module__": cls.__module__}))


def make_refused(refusal: BlockedResponse) -> Any:
    """The urllib3 response to a request that is not sent."""
    return sys.modules["urllib3"].HTTPResponse(
        body=io.BytesIO(refusal.body),
        headers={name.decode(): value.decode() for name, value in pair_headers(refusal.headers)},
        status=refusal.status,
        reason=HTTPStatus(refusal.status).phrase,
        preload_content=False,
    )
