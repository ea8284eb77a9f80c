"""Streams that record the response of httpx or httpx2 while the caller reads it.

Only `response.stream` is replaced, so the caller gets the response object that the transport made. For each
chunk, the loops below do one comparison and one `append`; everything else happens at the end. A stream may
end in five ways: read to its end, closed, failed, cancelled, or garbage collected. Each of them reports its
outcome, and the exchange counts the first. When iteration stops early (`GeneratorExit`), nothing is
reported yet: the caller may read on elsewhere, and `close` or garbage collection will follow.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import msgspec
from msgspec.structs import astuple

from payi_transport.capture.exchange import OpenResponse
from payi_transport.capture.outcome import EXHAUSTED, Outcome
from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.context.results import set_last
from payi_transport.runtime.clock import perf_counter
from payi_transport.runtime.threads import run_on_thread

__all__ = ["RecordedAsyncStream", "RecordedSyncStream"]


class _RecordedStream(msgspec.Struct, eq=False, weakref=True):
    """Wraps the stream of a response. All other attributes are those of the stream inside.

    Because of these, every look-up of an attribute takes long, even of its own. `astuple` returns all three
    in less time than a look-up of one.
    """

    _inner: Any
    _response: OpenResponse
    _rewriter: ResponseRewriter | None = None

    # That of a Struct would show the content of the call.
    __repr__ = object.__repr__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # A hook of the client may put another stream into the one inside.
        if name in self.__struct_fields__:
            super().__setattr__(name, value)
        else:
            setattr(self._inner, name, value)

    def __del__(self) -> None:
        # Nearly every call has ended by now. Finishing twice would be harmless, but checking is cheaper.
        if not self._response.request.ended:
            self._response.finish(Outcome.ABANDONED)


class RecordedSyncStream(_RecordedStream, eq=False):
    """Mixed into `SyncByteStream` of httpx or httpx2, which the client checks for."""

    def __iter__(self) -> Iterator[bytes]:
        stream, response, rewriter = astuple(self)
        size, limit, body_limit = 0, -1, response.request.body_limit
        try:
            for chunk in stream:
                size += len(chunk)
                if size > limit:
                    if limit < 0 and size <= body_limit:
                        # As `open_buffer` does. Most bodies are one chunk.
                        response.first_byte = perf_counter()
                        append, limit = response.chunks.append, body_limit
                    else:
                        append, limit = response.open_buffer(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if rewriter is not None and (shown := rewriter.flush()):
                yield shown
        except GeneratorExit:
            raise  # The caller stopped reading. `close()` will report whether the response is over.
        except BaseException as exc:
            response.fail(exc)
            raise
        response.request.end(response, EXHAUSTED, None, size)

    def close(self) -> None:
        stream, response, _ = astuple(self)
        try:
            stream.close()
        finally:
            # Even if closing fails: the caller reads no further.
            if not response.request.ended:
                response.finish(Outcome.CLOSED)


class RecordedAsyncStream(_RecordedStream, eq=False):
    """Mixed into `AsyncByteStream` of httpx or httpx2, which the client checks for."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        stream, response, rewriter = astuple(self)
        size, limit, body_limit = 0, -1, response.request.body_limit
        chunks = stream.__aiter__()
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    if limit < 0 and size <= body_limit:
                        # As `open_buffer` does. Most bodies are one chunk.
                        response.first_byte = perf_counter()
                        append, limit = response.chunks.append, body_limit
                    else:
                        append, limit = response.open_buffer(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if response.request.waits:
                shown = await run_on_thread(self._finish_and_wait)
                # The thread has set this variable in a context of its own. Set it in the caller's.
                set_last(response.request.result_slot)
            else:
                shown = b"" if rewriter is None else rewriter.flush()
            if shown:
                yield shown
        except GeneratorExit:
            raise
        except BaseException as exc:
            response.fail(exc)
            raise
        finally:
            if isinstance(chunks, AsyncGenerator):
                # Otherwise the event loop would close the inner generator at some later time, in a task of
                # its own.
                await chunks.aclose()
        response.request.end(response, EXHAUSTED, None, size)

    def _finish_and_wait(self) -> bytes:
        """End the call, block until it is reported, and return the last bytes for the caller."""
        shown = b"" if self._rewriter is None else self._rewriter.flush()
        self._response.finish()
        return shown

    async def aclose(self) -> None:
        stream, response, _ = astuple(self)
        try:
            await stream.aclose()
        finally:
            if not response.request.ended:
                response.finish(Outcome.CLOSED)
