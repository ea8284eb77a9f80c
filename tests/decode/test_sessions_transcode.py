"""The binary messages of an exchange are decoded like the JSON that they stand for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.sessions import transcode
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import UNARY


def make(sent: bool, message: bytes) -> bytes:
    """Stand for a codec that reads all messages but one."""
    return b"" if message == b"odd" else b"%b:%b" % (b"sent" if sent else b"got", message)


def exchange_of(status: int | None = 200, request: bytes | None = b"q") -> Exchange:
    chunks = [b"a", b"odd", b"b"]
    return replace(make_exchange(UNARY), status=status, request_body=request, chunks=chunks, transcode=make)


@pytest.mark.parametrize("status", [200, 399, None])
def test_each_message_becomes_json_and_what_cannot_be_read_is_left_out(status: int | None) -> None:
    exchange = exchange_of(status)
    read = transcode(exchange, make)
    assert (read.request_body, read.chunks) == (b"sent:q", [b"got:a", b"got:b"])
    assert (read.framed, read.decoded, read.transcode) == (True, True, None)
    assert (read.status, read.route, read.context) == (status, exchange.route, exchange.context)
    # The exchange itself may be decoded again.
    assert exchange.chunks == [b"a", b"odd", b"b"]


@pytest.mark.parametrize("status", [400, 503])
def test_the_body_of_an_error_is_text_already(status: int) -> None:
    read = transcode(exchange_of(status), make)
    assert (read.request_body, read.chunks) == (b"sent:q", [b"a", b"odd", b"b"])


def test_a_request_that_was_not_captured_stays_so() -> None:
    assert transcode(exchange_of(request=None), make).request_body is None
