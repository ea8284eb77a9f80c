"""The streams of responses of httpx and of its fork httpx2, remembered on their way to the caller."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from payi_transport.capture.exchange import OpenResponse, Outcome
from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.context.results import set_last
from payi_transport.runtime.threads import run_on_thread

__all__ = ["RecordedAsyncStream", "RecordedSyncStream"]


class _RecordedStream:
    """Wraps the stream of a response. Its other attributes are those of the stream inside."""

    def __init__(self, inner: Any, response: OpenResponse, rewriter: ResponseRewriter | None = None) -> None:
        self._inner = inner
        self._response = response
        self._rewriter = rewriter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __del__(self) -> None:
        # Nearly every call has ended by now. Finishing twice would be harmless, but asking is cheaper.
        if not self._response.request.ended:
            self._response.finish(Outcome.ABANDONED)


class RecordedSyncStream(_RecordedStream):
    """To be mixed into the SyncByteStream of httpx or httpx2."""

    def __iter__(self) -> Iterator[bytes]:
        response, rewriter = self._response, self._rewriter
        size, limit = 0, -1
        try:
            for chunk in self._inner:
                size += len(chunk)
                if size > limit:
                    append, limit = response.open_buffer(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if rewriter is not None and (shown := rewriter.flush()):
                yield shown
        except GeneratorExit:
            raise  # The caller stopped reading. Whether the response is over, close() says.
        except BaseException as exc:
            response.fail(exc)
            raise
        response.finish(size=size)

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            if not self._response.request.ended:
                self._response.finish(Outcome.CLOSED)


class RecordedAsyncStream(_RecordedStream):
    """To be mixed into the AsyncByteStream of httpx or httpx2."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        response, rewriter = self._response, self._rewriter
        size, limit = 0, -1
        chunks = self._inner.__aiter__()
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    append, limit = response.open_buffer(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if response.request.waits:
                shown = await run_on_thread(self._finish_and_wait)
                # A thread sets context variables for itself only.
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
                await chunks.aclose()
        response.finish(size=size)

    def _finish_and_wait(self) -> bytes:
        """End a call that waits for its report, and return what the caller gets last. May take long."""
        shown = b"" if self._rewriter is None else self._rewriter.flush()
        self._response.finish()
        return shown

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            if not self._response.request.ended:
                self._response.finish(Outcome.CLOSED)
