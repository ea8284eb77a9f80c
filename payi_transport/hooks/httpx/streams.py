"""The streams of answers of httpx and of its fork httpx2, remembered as they pass to the caller."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.results import set_last
from payi_transport.runtime.threads import run_on_thread

__all__ = ["RecordedAsyncStream", "RecordedSyncStream"]


class _RecordedStream:
    """The stream of an answer, remembered as it passes. Its attributes are those of the stream inside."""

    def __init__(self, inner: Any, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __del__(self) -> None:
        # Asked here and at close, as nearly every call comes by again: to finish it twice would do no harm.
        if not self._exchange.ended:
            self._exchange.finish(Outcome.ABANDONED)


class RecordedSyncStream(_RecordedStream):
    """To be mixed into a family's SyncByteStream."""

    def __iter__(self) -> Iterator[bytes]:
        exchange = self._exchange
        rewriter = exchange.rewriter
        size, room = 0, -1
        try:
            for chunk in self._inner:
                size += len(chunk)
                if size > room:
                    append, room = exchange.open_lane(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if rewriter is not None and (shown := rewriter.flush()):
                yield shown
        except GeneratorExit:
            raise  # left early; whether the answer is over, close() tells
        except BaseException as exc:
            exchange.fail(exc)
            raise
        exchange.size = size
        exchange.finish()

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            if not self._exchange.ended:
                self._exchange.finish(Outcome.CLOSED)


class RecordedAsyncStream(_RecordedStream):
    """To be mixed into a family's AsyncByteStream."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        rewriter = exchange.rewriter
        size, room = 0, -1
        chunks = self._inner.__aiter__()
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > room:
                    append, room = exchange.open_lane(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if exchange.waits:
                shown = await run_on_thread(_settle, exchange)
                # What a thread sets of the context, it sets for itself alone.
                set_last(exchange.result_slot)
            else:
                shown = b"" if rewriter is None else rewriter.flush()
            if shown:
                yield shown
        except GeneratorExit:
            raise
        except BaseException as exc:
            exchange.fail(exc)
            raise
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        exchange.size = size
        exchange.finish()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            if not self._exchange.ended:
                self._exchange.finish(Outcome.CLOSED)


def _settle(exchange: Exchange) -> bytes:
    """What is still to be shown at the end of an answer that waits for its report. May take long."""
    shown = b"" if exchange.rewriter is None else exchange.rewriter.flush()
    exchange.settle()
    return shown
