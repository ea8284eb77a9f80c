"""What is read of a urllib3 response is remembered as it was on the wire, whichever way it is read."""

from __future__ import annotations

import gc
import gzip
import http.client
import io
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from payi_transport.capture.exchange import Exchange, OpenResponse, Outcome
from payi_transport.hooks.urllib3_response import READERS, record_body, record_read
from tests.support.exchanges import make_request

BODY = b"".join(b"line %d\n" % number for number in range(40))
PACKED = gzip.compress(BODY)


def make_open_response(body_limit: int = 1 << 20) -> tuple[OpenResponse, list[Exchange]]:
    """An open response, and where its exchange will be."""
    ended: list[Exchange] = []
    return make_request(ended.append, body_limit=body_limit).start_response(200, ()), ended


def parse(head: bytes, body: bytes) -> Any:
    """A response as urllib3 makes it of what comes out of a socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body)
    with ours:
        inner = http.client.HTTPResponse(ours, method="POST")
        inner.begin()
    return urllib3.HTTPResponse(
        body=inner,
        headers=dict(inner.getheaders()),
        status=200,
        preload_content=False,
        original_response=inner,
    )


def by_length(body: bytes, more: bytes = b"") -> Any:
    return parse(b"content-length: %d\r\n%b" % (len(body), more), body)


def chunked(body: bytes, more: bytes = b"") -> Any:
    parts = [body[i : i + 50] for i in range(0, len(body), 50)]
    written = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return parse(b"transfer-encoding: chunked\r\n" + more, written + b"0\r\n\r\n")


def read_into(response: Any) -> bytes:
    buffer = bytearray(4096)
    return bytes(buffer[: response.readinto(buffer)])


WAYS: dict[str, Callable[[Any], bytes]] = {
    "read": lambda response: response.read(),
    "pieces": lambda response: b"".join(iter(lambda: response.read(7), b"")),
    "read1": lambda response: b"".join(iter(response.read1, b"")),
    "read1 pieces": lambda response: b"".join(iter(lambda: response.read1(7), b"")),
    "stream": lambda response: b"".join(response.stream(16)),
    "lines": lambda response: b"".join(response),
    "data": lambda response: response.data,
    "into": read_into,
    "buffered": lambda response: io.BufferedReader(response).read(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framing", [by_length, chunked])
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_the_bytes_of_the_wire_are_remembered(way: str, framing: Callable[..., Any], coding: str) -> None:
    body, head = (PACKED, b"content-encoding: gzip\r\n") if coding else (BODY, b"")
    without = WAYS[way](framing(body, head))
    (open_response, ended), response = make_open_response(), framing(body, head)
    record_body(response, open_response)
    assert isinstance(response, urllib3.HTTPResponse)
    assert WAYS[way](response) == without
    response.close()
    [exchange] = ended
    assert b"".join(exchange.chunks) == body
    assert exchange.outcome is Outcome.EXHAUSTED
    assert exchange.weight == len(body)


def test_a_body_is_remembered_up_to_its_limit_and_at_its_end() -> None:
    (open_response, ended), response = make_open_response(body_limit=100), chunked(BODY)
    record_body(response, open_response)
    assert b"".join(response.stream(50)) == BODY
    [exchange] = ended
    assert b"".join(exchange.chunks) == BODY[:100]
    assert BODY.endswith(b"".join(exchange.tail or ()))


@pytest.mark.parametrize("framing", [by_length, chunked])
def test_a_response_that_is_closed_early_is_closed(framing: Callable[..., Any]) -> None:
    (open_response, ended), response = make_open_response(), framing(BODY)
    record_body(response, open_response)
    next(response.stream(16))
    response.close()
    [exchange] = ended
    assert exchange.outcome is Outcome.CLOSED
    assert b"".join(exchange.chunks) == BODY[:16]


@pytest.mark.parametrize("is_recorded", [False, True])
def test_what_is_thrown_into_a_stream_becomes_an_error_of_urllib3(is_recorded: bool) -> None:
    (open_response, ended), response = make_open_response(), chunked(BODY)
    if is_recorded:
        record_body(response, open_response)
    chunks = response.stream(4)
    next(chunks)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        chunks.throw(TimeoutError())
    assert [exchange.outcome for exchange in ended] == [Outcome.FAILED] * is_recorded


def test_a_response_that_is_dropped_is_abandoned_at_once() -> None:
    (open_response, ended), response = make_open_response(), chunked(BODY)
    record_body(response, open_response)
    chunks = response.stream(16)
    next(chunks)
    gc.disable()
    try:
        del response, chunks
    finally:
        gc.enable()
    if sys.version_info < (3, 11):
        # There, contextlib leaves a reference cycle when urllib3's own generator is closed.
        gc.collect()
    [exchange] = ended
    assert exchange.outcome is Outcome.ABANDONED


CUT = {
    "by length": (b"content-length: 99\r\n", b"x" * 9),
    "in a chunk": (b"transfer-encoding: chunked\r\n", b"63\r\nxxxxxxxxx"),
    "between chunks": (b"transfer-encoding: chunked\r\n", b"9\r\nxxxxxxxxx\r\n"),
}


@pytest.mark.parametrize("way", ["stream", "read", "read1", "pieces"])
@pytest.mark.parametrize("cut", CUT)
def test_a_body_that_is_cut_has_failed(cut: str, way: str) -> None:
    seen: list[Any] = []
    (open_response, ended), recorded = make_open_response(), parse(*CUT[cut])
    record_body(recorded, open_response)
    for response in (parse(*CUT[cut]), recorded):
        try:
            seen.append(WAYS[way](response))
        except urllib3.exceptions.HTTPError as exc:
            seen.append((type(exc), str(exc)))
    assert seen[0] == seen[1]
    [exchange] = ended
    assert exchange.outcome is Outcome.FAILED
    assert exchange.error is not None
    assert (b"x" * 9).startswith(b"".join(exchange.chunks))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("way", ["stream", "read1", "read"])
def test_a_body_that_cannot_be_decoded_has_failed(coding: str, way: str) -> None:
    open_response, ended = make_open_response()
    response = by_length(b"no such thing", b"content-encoding: %b\r\n" % coding.encode())
    response.decode_content = True
    record_body(response, open_response)
    with pytest.raises(urllib3.exceptions.DecodeError):
        WAYS[way](response) if way != "read1" else response.read1(decode_content=True)
    [exchange] = ended
    assert exchange.outcome is Outcome.FAILED
    assert exchange.error == ("DecodeError", exchange.error[1] if exchange.error else "")


def test_a_response_of_another_library_is_left_alone() -> None:
    (open_response, ended), response = make_open_response(), io.BytesIO(BODY)
    record_body(response, open_response)
    assert type(response) is io.BytesIO
    [exchange] = ended
    assert exchange.outcome is Outcome.CLOSED
    assert exchange.chunks == []


class Older(io.IOBase):
    """As much of urllib3 1.26 as matters: its responses have no `read1`."""

    length_remaining = 0

    def _fp_read(self, amt: int | None = None) -> bytes:
        return BODY

    def _handle_chunk(self, amt: int | None) -> bytes:
        raise NotImplementedError

    def read(self, amt: int | None = None) -> bytes:
        return self._fp_read(amt)


def test_a_response_gets_no_method_that_its_version_has_not() -> None:
    (open_response, ended), response = make_open_response(), Older()
    record_body(response, open_response)
    assert isinstance(response, Older)
    assert not hasattr(response, "read1")
    assert response.read() == BODY
    [exchange] = ended
    assert exchange.outcome is Outcome.EXHAUSTED
    assert exchange.chunks == [BODY]


def test_a_class_is_mixed_once_and_keeps_its_name() -> None:
    one, other = by_length(BODY), chunked(BODY)
    for response in (one, other):
        record_body(response, make_open_response()[0])
    assert type(one) is type(other)
    assert type(one).__name__ == urllib3.HTTPResponse.__name__
    assert type(one).__module__ == urllib3.HTTPResponse.__module__


def test_a_body_that_was_read_already_is_remembered_as_it_was() -> None:
    (open_response, ended), response = make_open_response(), by_length(BODY)
    record_read(response, response.read(decode_content=False), open_response)
    [exchange] = ended
    assert exchange.chunks == [BODY]
    assert exchange.outcome is Outcome.EXHAUSTED


def test_a_body_that_was_read_already_and_cut_has_failed() -> None:
    (open_response, ended), response = make_open_response(), parse(b"content-length: 99\r\n", b"x" * 9)
    response.enforce_content_length = False
    record_read(response, response.read(5) + response.read(99), open_response)
    [exchange] = ended
    assert exchange.chunks == [b"x" * 9]
    assert exchange.outcome is Outcome.FAILED


def test_this_version_of_urllib3_reads_where_we_look() -> None:
    assert all(hasattr(urllib3.HTTPResponse, name) for name in READERS)
