"""A body is joined from its chunks and inflated, and messages around a gap stay whole."""

from __future__ import annotations

import gzip

import pytest
from msgspec.structs import replace

from payi_transport.decode import body as module
from payi_transport.decode.body import Body, decode_body, decode_messages
from payi_transport.decode.inflate import Inflated
from payi_transport.framing.sse import split_sse
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES

CASE = next(case for case in CASES if case.name == "openai/chat_stream")
PACKED = gzip.compress(CASE.response)


@pytest.mark.parametrize("step", [1, 50, 100_000])
def test_a_body_is_joined_and_inflated(step: int) -> None:
    chunks = [PACKED[start : start + step] for start in range(0, len(PACKED), step)]
    exchange = make_exchange(CASE, chunks, headers={"content-encoding": "gzip"})
    assert decode_body(exchange, {"content-encoding": "gzip"}) == Body(CASE.response, split_sse)
    assert decode_messages(exchange) == decode_messages(make_exchange(CASE))


def test_a_body_that_the_http_library_inflated_is_not_inflated_again() -> None:
    exchange = replace(make_exchange(CASE), decoded=True)
    assert decode_body(exchange, {"content-encoding": "gzip"}) == Body(CASE.response, split_sse)


def test_a_body_that_can_not_be_inflated_is_empty_and_says_why() -> None:
    body = decode_body(make_exchange(CASE), {"content-encoding": "gzip"})
    assert body.data == b""
    assert body.is_cut
    assert "incorrect header check" in body.unread


def test_a_body_without_a_content_type_is_split_by_what_it_looks_like() -> None:
    exchange = replace(make_exchange(CASE), response_headers=())
    assert decode_messages(exchange) == decode_messages(make_exchange(CASE))


def test_a_fault_while_inflating_is_not_taken_for_a_bad_body(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(body: bytes, codings: str, limit: int) -> Inflated:
        raise RuntimeError("a fault")

    monkeypatch.setattr(module, "inflate", fail)
    with pytest.raises(RuntimeError, match="a fault"):
        decode_body(make_exchange(CASE), {"content-encoding": "gzip"})


@pytest.mark.parametrize("count", [10, 200])
def test_messages_on_both_sides_of_a_gap_stay_whole(count: int) -> None:
    event = b'data: {"a":1}\n\n'
    exchange = make_exchange(CASE, [event] * count, body_limit=len(event) * 3)
    gap = b"\n\n" if exchange.has_gap else b""
    kept = event * (3 + 64 if exchange.has_gap else count)
    assert exchange.has_gap == (count == 200)
    assert decode_body(exchange, {}).is_cut == exchange.has_gap
    assert decode_body(exchange, {}).data == kept[: 3 * len(event)] + gap + kept[3 * len(event) :]
    assert decode_messages(exchange)[0] == decode_messages(exchange)[-1]


def test_a_compressed_body_is_read_up_to_a_gap_in_its_compressed_bytes() -> None:
    exchange = make_exchange(CASE, [PACKED[:40], *[b"x"] * 100], body_limit=40)
    assert exchange.has_gap
    body = decode_body(exchange, {"content-encoding": "gzip"})
    assert CASE.response.startswith(body.data.rstrip())
    assert body.is_cut
    assert "max_body_bytes" in body.unread


def test_an_identity_coding_is_none() -> None:
    exchange = make_exchange(CASE, [b"data: 1\n\n"] * 100, body_limit=9)
    assert decode_body(exchange, {"content-encoding": "identity"}) == decode_body(exchange, {})


@pytest.mark.parametrize("count", [44, 45, 1000])
def test_a_compressed_body_that_is_large_when_inflated_keeps_its_beginning_and_its_end(count: int) -> None:
    event = b'data: {"a":1}\n\n'
    text = b"data: 0\n\n" + event * count + b"data: 9\n\n"
    exchange = make_exchange(
        CASE, [gzip.compress(text)], body_limit=169, headers={"content-encoding": "gzip"}
    )
    body = decode_body(exchange, {"content-type": "text/event-stream", "content-encoding": "gzip"})
    assert body.is_cut == (len(text) > 4 * 169)
    assert not body.unread
    assert body.data.startswith(b"data: 0\n\n") and body.data.endswith(b"data: 9\n\n")
    assert len(body.data) < 5 * 169
