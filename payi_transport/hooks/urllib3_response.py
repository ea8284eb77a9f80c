"""Recording the body of a urllib3 response as it is read, for requests and botocore.

A urllib3 response can be read in many ways: `stream`, `read`, `read1`, `readinto`, by line, or by chunk. All
of them get their bytes from two private methods, so those are overridden, and the recorded bytes are those on
the wire, before urllib3 decodes them. The response object itself stays, since the caller may hold it already;
only its class is replaced with a subclass.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from payi_transport.capture.exchange import OpenResponse, Outcome
from payi_transport.capture.rewrites import BlockedResponse
from payi_transport.hooks.call import pair_headers
from payi_transport.runtime.generators import wrap_generator

__all__ = ["READERS", "build_blocked_response", "record_body", "record_read"]

# The methods with which urllib3 1.26 and 2 read from the connection: bodies with a length, and chunked ones.
READERS = ("_fp_read", "_handle_chunk")


class _RecordedResponse:
    """Mixed into the class of a response. Adds one attribute to the instance."""

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
        response = self._payi_body.response
        try:
            data = super().read(amt, *args, **kwargs)  # type: ignore[misc]
        except BaseException as exc:
            response.fail(exc)
            raise
        if amt is None or self.isclosed():  # type: ignore[attr-defined]
            self._payi_body.end(self.length_remaining)  # type: ignore[attr-defined]
        return data

    def read_chunked(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        body = self._payi_body
        # What the caller throws in reaches urllib3, which makes errors of its own of it.
        read = wrap_generator(super().read_chunked, lambda: body)  # type: ignore[misc]
        try:
            yield from read(*args, **kwargs)
        except GeneratorExit:
            raise  # The caller stopped reading. `close()` will report whether the response is over.
        except BaseException as exc:
            body.response.fail(exc)
            raise
        body.response.finish()

    def close(self) -> None:
        body = self._payi_body
        try:
            super().close()  # type: ignore[misc]
        finally:
            # If the body is cut off between chunks, urllib3 closes it first and raises the reason afterwards.
            if not body.is_reading:
                body.response.finish(Outcome.CLOSED)

    def __del__(self) -> None:
        # This comes first because io.IOBase.__del__ closes the response.
        self._payi_body.response.finish(Outcome.ABANDONED)
        super().__del__()  # type: ignore[misc]


class _RecordedFile(_RecordedResponse):
    """Adds `read1`, which urllib3 1.26 lacks. A class of its own, because callers check whether it exists."""

    def read1(self, *args: Any, **kwargs: Any) -> Any:
        response = self._payi_body.response
        try:
            data = super().read1(*args, **kwargs)  # type: ignore[misc]
        except BaseException as exc:
            response.fail(exc)
            raise
        if self.isclosed():  # type: ignore[attr-defined]
            self._payi_body.end(self.length_remaining)  # type: ignore[attr-defined]
        return data


class _RecordedStream:
    """Mixed into the class of a response that is a stream of another kind, such as one that vcrpy replays.

    What its caller reads is all that can be recorded.
    """

    _payi_body: _Body

    def read(self, amt: int | None = None, *args: Any, **kwargs: Any) -> Any:
        response = self._payi_body.response
        try:
            data = super().read(amt, *args, **kwargs)  # type: ignore[misc]
        except BaseException as exc:
            response.fail(exc)
            raise
        if data:
            self._payi_body.append(data)
        if not data or amt is None or amt < 0:
            response.finish()
        return data

    def close(self) -> None:
        try:
            super().close()  # type: ignore[misc]
        finally:
            self._payi_body.response.finish(Outcome.CLOSED)

    def __del__(self) -> None:
        self._payi_body.response.finish(Outcome.ABANDONED)
        super().__del__()  # type: ignore[misc]


class _RecordedChunks(_RecordedStream):
    """Adds `stream`. A class of its own, because callers check whether it exists."""

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        body = self._payi_body
        size = body.size
        try:
            for chunk in super().stream(*args, **kwargs):  # type: ignore[misc]
                # It may have been read with `read`, which has recorded it.
                if chunk and body.size == size:
                    body.append(chunk)
                size = body.size
                yield chunk
        except GeneratorExit:
            raise  # The caller stopped reading. `close()` will report whether the response is over.
        except BaseException as exc:
            body.response.fail(exc)
            raise
        body.response.finish()


class _Body:
    """The bytes of one response. In a block of it, `is_reading` says that urllib3 reads the next chunk."""

    __slots__ = ("_append", "_limit", "is_reading", "response", "size")

    def __init__(self, response: OpenResponse) -> None:
        self.response = response
        self.is_reading = False
        self.size, self._limit = 0, -1

    def __enter__(self) -> None:
        self.is_reading = True

    def __exit__(self, *error: object) -> None:
        self.is_reading = False

    def append(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit:
            self._append, self._limit = self.response.open_buffer(self.size)
        self._append(data)

    def end(self, missing: int | None) -> None:
        """Finish, or fail if `missing` bytes of the announced length did not arrive.

        urllib3 makes this check only where `enforce_content_length` is set.
        """
        if missing:
            from urllib3.exceptions import IncompleteRead

            self.response.fail(IncompleteRead(self.size, missing))
        else:
            self.response.finish()


def record_read(response: Any, body: bytes, open_response: OpenResponse) -> None:
    """Record a body, as it was on the wire, of a response that has already been read."""
    read = _Body(open_response)
    read.append(body)
    read.end(response.length_remaining)


# `Py_TPFLAGS_HEAPTYPE` and `Py_TPFLAGS_IMMUTABLETYPE`: https://docs.python.org/3/c-api/typeobj.html
_IS_HEAP_TYPE, _IS_IMMUTABLE = 1 << 9, 1 << 8
_classes: dict[type[Any], type[Any]] = {}


def record_body(response: Any, open_response: OpenResponse) -> None:
    """Record what is read of a response from now on, and how it ends.

    Anything that is neither a urllib3 response nor a stream is left alone, and the call ends without a body.
    """
    cls = type(response)
    recorded = _classes.get(cls) or _make_recorded(cls)
    if recorded is None:
        open_response.finish(Outcome.CLOSED)
        return
    response._payi_body = _Body(open_response)
    # Replace its class. Methods set on the instance would form a reference cycle that keeps the connection
    # open until the garbage collector runs.
    response.__class__ = recorded


def _make_recorded(cls: type[Any]) -> type[Any] | None:
    mixin = _choose_mixin(cls)
    if mixin is None:
        return None
    return _classes.setdefault(cls, type(cls.__name__, (mixin, cls), {"__module__": cls.__module__}))


def _choose_mixin(cls: type[Any]) -> type[Any] | None:
    if all(hasattr(cls, name) for name in READERS):
        return _RecordedFile if hasattr(cls, "read1") else _RecordedResponse
    # Only instances of classes that are written in Python can change their class.
    is_python = cls.__flags__ & (_IS_HEAP_TYPE | _IS_IMMUTABLE) == _IS_HEAP_TYPE
    is_stream = is_python and issubclass(cls, io.IOBase)
    if not is_stream:
        return None
    return _RecordedChunks if hasattr(cls, "stream") else _RecordedStream


def build_blocked_response(blocked: BlockedResponse) -> Any:
    """Return the urllib3 response to a request that is not sent."""
    return sys.modules["urllib3"].HTTPResponse(
        body=io.BytesIO(blocked.body),
        headers={name.decode(): value.decode() for name, value in pair_headers(blocked.headers)},
        status=blocked.status,
        reason=HTTPStatus(blocked.status).phrase,
        preload_content=False,
    )
