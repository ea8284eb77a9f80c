"""Recording streams: chunks pass unchanged, and the first of several ends counts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from payi_transport.capture.exchange import Exchange, OpenResponse, Outcome
from payi_transport.hooks.httpx.installed import get_family
from tests.hooks.scripted import every_module
from tests.support.exchanges import make_request
from tests.support.garbage import collect_garbage

CHUNKS = [b"one", b"", b"two", b"three"]


class Upper:
    """A rewriter that holds its last byte back."""

    def feed(self, chunk: bytes) -> bytes:
        return chunk.upper()

    def flush(self) -> bytes:
        return b"!"


def open_response(ended: list[Exchange], **options: Any) -> OpenResponse:
    return make_request(ended.append, **options).start_response(200, ())


def make_sync(module: Any, response: OpenResponse, rewriter: Any = None, error: Any = None) -> Any:
    class Inner(module.SyncByteStream):  # type: ignore[misc]
        flavor = "vanilla"
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            yield from CHUNKS
            if error is not None:
                raise error

        def close(self) -> None:
            self.closed = True

    return get_family(module.__name__).sync_stream(Inner(), response, rewriter)


@every_module
def test_a_stream_read_to_its_end_is_exhausted(module: Any) -> None:
    ended: list[Exchange] = []
    stream = make_sync(module, open_response(ended))
    assert isinstance(stream, module.SyncByteStream)
    assert stream.flavor == "vanilla"
    assert list(stream) == CHUNKS
    stream.close()
    assert stream._inner.closed
    [exchange] = ended
    assert (exchange.outcome, exchange.chunks, exchange.size) == (Outcome.EXHAUSTED, CHUNKS, 11)


@every_module
def test_a_rewriter_changes_what_the_caller_reads_but_not_what_is_recorded(module: Any) -> None:
    ended: list[Exchange] = []
    stream = make_sync(module, open_response(ended), Upper())
    assert list(stream) == [b"ONE", b"TWO", b"THREE", b"!"]
    assert ended[0].chunks == CHUNKS


@every_module
@pytest.mark.parametrize("error", [OSError("gone"), KeyboardInterrupt()], ids=repr)
def test_an_exception_of_the_stream_inside_ends_the_call_and_reaches_the_caller(
    module: Any, error: BaseException
) -> None:
    ended: list[Exchange] = []
    with pytest.raises(type(error)) as raised:
        list(make_sync(module, open_response(ended), error=error))
    assert raised.value is error
    assert (ended[0].outcome, ended[0].error) == (Outcome.FAILED, (type(error).__name__, str(error)))


@every_module
def test_a_stream_that_is_left_early_is_open_until_it_is_closed(module: Any) -> None:
    ended: list[Exchange] = []
    stream = make_sync(module, open_response(ended))
    reading = iter(stream)
    assert next(reading) == b"one"
    reading.close()
    assert ended == []
    stream.close()
    assert (ended[0].outcome, ended[0].chunks) == (Outcome.CLOSED, [b"one"])


@every_module
def test_a_stream_that_is_dropped_is_abandoned(module: Any) -> None:
    ended: list[Exchange] = []
    stream = make_sync(module, open_response(ended))
    del stream
    collect_garbage()
    assert [exchange.outcome for exchange in ended] == [Outcome.ABANDONED]


def make_async(module: Any, response: OpenResponse, wait: Any = None) -> Any:
    class Inner(module.AsyncByteStream):  # type: ignore[misc]
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in CHUNKS:
                yield chunk
            if wait is not None:
                await wait()

        async def aclose(self) -> None:
            self.closed = True

    return get_family(module.__name__).async_stream(Inner(), response)


@every_module
def test_an_async_stream_read_to_its_end_is_exhausted(module: Any) -> None:
    ended: list[Exchange] = []
    stream = make_async(module, open_response(ended))

    async def read() -> list[bytes]:
        chunks = [chunk async for chunk in stream]
        await stream.aclose()
        return chunks

    assert isinstance(stream, module.AsyncByteStream)
    assert anyio.run(read) == CHUNKS
    assert stream._inner.closed
    assert (ended[0].outcome, ended[0].chunks) == (Outcome.EXHAUSTED, CHUNKS)


@every_module
def test_a_task_that_is_cancelled_in_mid_stream_ends_the_call_with_the_cancellation(module: Any) -> None:
    ended: list[Exchange] = []
    read_all = asyncio.Event()

    async def wait_forever() -> None:
        read_all.set()
        await asyncio.Event().wait()

    async def main() -> None:
        stream = make_async(module, open_response(ended), wait_forever)

        async def read() -> None:
            async for _ in stream:
                pass

        task = asyncio.create_task(read())
        await read_all.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        await stream.aclose()

    asyncio.run(main())
    [exchange] = ended
    assert exchange.outcome is Outcome.FAILED
    assert exchange.error is not None
    assert exchange.error[0] == "CancelledError"
    assert exchange.chunks == CHUNKS


@every_module
def test_a_call_that_waits_for_its_report_ends_before_the_last_bytes_are_read(module: Any) -> None:
    ended: list[Exchange] = []
    response = open_response(ended, waits=True)
    stream = get_family(module.__name__).async_stream(make_async(module, response), response, Upper())

    async def read() -> list[tuple[bytes, int]]:
        return [(chunk, len(ended)) async for chunk in stream]

    assert anyio.run(read)[-1] == (b"!", 1)


@every_module
def test_the_beginning_and_the_end_of_a_body_over_the_limit_are_recorded(module: Any) -> None:
    ended: list[Exchange] = []
    stream = make_sync(module, open_response(ended, body_limit=4))
    assert list(stream) == CHUNKS

    async def read() -> None:
        stream = make_async(module, open_response(ended, body_limit=4))
        assert [chunk async for chunk in stream] == CHUNKS

    asyncio.run(read())
    assert len(ended) == 2
    for exchange in ended:
        assert exchange.size == 11
        assert (exchange.chunks, list(exchange.tail or ())) == ([b"one", b""], [b"two", b"three"])


@every_module
def test_its_own_attributes_can_be_set_and_all_others_are_those_inside(module: Any) -> None:
    stream = make_sync(module, open_response([]))
    stream._rewriter = Upper()
    stream.flavor = "lemon"
    assert stream._inner.flavor == "lemon"
    assert not hasattr(stream._inner, "_rewriter")
    assert b"".join(stream) == b"ONETWOTHREE!"
