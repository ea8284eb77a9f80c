"""The body of an answer: without its coding, and whole again behind a gap."""

from __future__ import annotations

import gzip

import pytest

from payi_transport.decode.body import decode_body, decode_messages
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES

CASE = next(case for case in CASES if case.name == "openai/chat_stream")
PACKED = gzip.compress(CASE.answer)


@pytest.mark.parametrize("step", [1, 50, 100_000])
def test_a_body_is_joined_and_inflated(step: int) -> None:
    chunks = [PACKED[start : start + step] for start in range(0, len(PACKED), step)]
    exchange = make_exchange(CASE, chunks, headers={"content-encoding": "gzip"})
    assert decode_body(exchange, {"content-encoding": "gzip"}) == CASE.answer
    assert decode_messages(exchange) == decode_messages(make_exchange(CASE))


def test_a_body_that_the_library_had_inflated_is_taken_as_it_is() -> None:
    exchange = make_exchange(CASE)
    exchange.decoded = True
    assert decode_body(exchange, {"content-encoding": "gzip"}) == CASE.answer


def test_a_body_that_can_not_be_inflated_is_empty() -> None:
    assert decode_body(make_exchange(CASE), {"content-encoding": "gzip"}) == b""


@pytest.mark.parametrize("count", [10, 200])
def test_events_on_both_sides_of_a_gap_stay_whole(count: int) -> None:
    event = b'data: {"a":1}\n\n'
    exchange = make_exchange(CASE, [event] * count, body_limit=len(event) * 3)
    gap = b"\n\n" if exchange.has_gap else b""
    kept = event * (3 + 64 if exchange.has_gap else count)
    assert exchange.has_gap == (count == 200)
    assert decode_body(exchange, {}) == kept[: 3 * len(event)] + gap + kept[3 * len(event) :]
    assert decode_messages(exchange)[0] == decode_messages(exchange)[-1]


def test_a_compressed_body_with_a_gap_gives_what_can_be_read() -> None:
    exchange = make_exchange(CASE, [PACKED[:40], *[b"x"] * 100], body_limit=40)
    assert exchange.has_gap
    assert CASE.answer.startswith(decode_body(exchange, {"content-encoding": "gzip"}))
