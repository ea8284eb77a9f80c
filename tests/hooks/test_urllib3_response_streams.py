"""Responses that that are streams of another kind, as mocks make them, are recorded as they are read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport.capture.exchange import Outcome
from payi_transport.hooks.urllib3_response import record_body
from tests.hooks.test_urllib3_response import make_open_response


class Stream(io.BytesIO):
    """A stream as a mock makes it."""


class Chunks(Stream):
    """A stream that is read in chunks, without `read` as vcrpy 8 does, or with it as vcrpy 9 does."""

    reads = False

    def stream(self, size: int) -> Iterator[bytes]:
        while chunk := self.read(size) if self.reads else super().read(size):
            yield chunk


class ReadChunks(Chunks):
    reads = True


class BrokenChunks(Stream):
    def stream(self, size: int) -> Iterator[bytes]:
        yield b"a"
        raise ConnectionResetError("gone")


class Broken(Stream):
    def read(self, *args: Any) -> bytes:
        raise ConnectionResetError("gone")


@pytest.mark.parametrize("sizes", [[None], [-1], [3, 100, 100]], ids=["whole", "the rest", "parts"])
def test_what_is_read_is_recorded(sizes: list[int | None]) -> None:
    open_response, ended = make_open_response()
    stream = Stream(b"a body")
    record_body(stream, open_response)
    assert b"".join(stream.read(size) for size in sizes) == b"a body"
    [exchange] = ended
    assert (b"".join(exchange.chunks), exchange.outcome) == (b"a body", Outcome.EXHAUSTED)


def test_a_stream_that_is_closed_early_has_the_part_that_was_read() -> None:
    open_response, ended = make_open_response()
    stream = Stream(b"a body")
    record_body(stream, open_response)
    stream.read(1)
    stream.close()
    assert (b"".join(ended[0].chunks), ended[0].outcome) == (b"a", Outcome.CLOSED)


def test_a_stream_that_nobody_reads_is_abandoned() -> None:
    open_response, ended = make_open_response()
    stream = Stream(b"a body")
    record_body(stream, open_response)
    del stream
    assert ended[0].outcome == Outcome.ABANDONED


def test_an_error_of_a_stream_reaches_its_reader() -> None:
    open_response, ended = make_open_response()
    stream = Broken(b"a body")
    record_body(stream, open_response)
    with pytest.raises(ConnectionResetError, match="gone"):
        stream.read()
    assert ended[0].outcome == Outcome.FAILED


@pytest.mark.parametrize("response", [io.BytesIO(b"a body"), object()], ids=["built in", "not a stream"])
def test_what_cannot_be_recorded_is_left_alone(response: Any) -> None:
    open_response, ended = make_open_response()
    before = type(response)
    record_body(response, open_response)
    assert type(response) is before
    assert ended[0].outcome == Outcome.CLOSED


@pytest.mark.parametrize("kind", [Chunks, ReadChunks])
def test_chunks_are_recorded_once(kind: type[Chunks]) -> None:
    open_response, ended = make_open_response()
    stream = kind(b"a body")
    record_body(stream, open_response)
    assert list(stream.stream(4)) == [b"a bo", b"dy"]
    assert (b"".join(ended[0].chunks), ended[0].outcome) == (b"a body", Outcome.EXHAUSTED)


def test_chunks_that_are_not_read_to_the_end_are_a_part() -> None:
    open_response, ended = make_open_response()
    stream = Chunks(b"a body")
    record_body(stream, open_response)
    chunks = stream.stream(4)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    stream.close()
    assert (b"".join(ended[0].chunks), ended[0].outcome) == (b"a bo", Outcome.CLOSED)


def test_an_error_between_chunks_reaches_the_reader() -> None:
    open_response, ended = make_open_response()
    stream = BrokenChunks(b"a body")
    record_body(stream, open_response)
    with pytest.raises(ConnectionResetError, match="gone"):
        list(stream.stream(4))
    assert ended[0].outcome == Outcome.FAILED
