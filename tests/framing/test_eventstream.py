"""AWS's binary event stream, checked against the parser of botocore and its SDK's own encoders."""

from __future__ import annotations

import contextlib
import itertools
import struct
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer, EventStreamMessage, ParserError
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing.eventstream import EXCEPTION, split_eventstream
from tests.support.eventstream import Value, write_event, write_message

EVENTS = [
    ("messageStart", b'{"p":"ab","role":"assistant"}'),
    ("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"Hi"}}'),
    ("messageStop", b'{"stopReason":"end_turn"}'),
    ("metadata", b'{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}'),
]
MESSAGES = [write_event(*event) for event in EVENTS]

integers = {2: 8, 3: 16, 4: 32, 5: 64, 8: 64}
values: st.SearchStrategy[Value] = st.one_of(
    st.tuples(st.sampled_from([0, 1]), st.none()),
    *(
        st.tuples(st.just(kind), st.integers(-(1 << bits - 1), (1 << bits - 1) - 1))
        for kind, bits in integers.items()
    ),
    st.tuples(st.just(6), st.binary(max_size=40)),
    st.tuples(st.just(7), st.text(max_size=40)),
    st.tuples(st.just(9), st.binary(min_size=16, max_size=16)),
)
names = st.sampled_from([":event-type", ":exception-type", ":message-type", ":content-type"]) | st.text(
    min_size=1, max_size=20
)
messages = st.builds(
    lambda headers, payload: write_message(headers.items(), payload),
    st.dictionaries(names, values, max_size=6),
    st.binary(max_size=200),
)


def ask_botocore(body: bytes) -> list[EventStreamMessage]:
    """What botocore reads before the body ends or is found corrupt."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    read: list[EventStreamMessage] = []
    with contextlib.suppress(ParserError):
        read.extend(buffer)
    return read


def name_of(headers: dict[str, Any]) -> str:
    """The frame's name, by the headers that botocore read."""
    for header, prefix in ((":exception-type", EXCEPTION), (":error-code", EXCEPTION), (":event-type", "")):
        if isinstance(headers.get(header), str):
            return f"{prefix}{headers[header]}"
    return ""


@given(st.lists(messages, max_size=5))
def test_every_message_is_read_as_botocore_reads_it(parts: list[bytes]) -> None:
    body = b"".join(parts)
    expected = [(name_of(message.headers), message.payload) for message in ask_botocore(body)]
    assert len(expected) == len(parts)
    assert split_eventstream(body) == expected


@given(st.lists(messages, min_size=1, max_size=4), st.data())
def test_a_stream_cut_anywhere_gives_the_messages_before_the_cut(
    parts: list[bytes], data: st.DataObject
) -> None:
    body = b"".join(parts)
    cut = data.draw(st.integers(0, len(body)))
    whole = sum(end <= cut for end in itertools.accumulate(map(len, parts)))
    assert split_eventstream(body[:cut]) == split_eventstream(b"".join(parts[:whole]))
    assert len(ask_botocore(body[:cut])) == whole


@given(st.lists(messages, min_size=1, max_size=4), st.data())
def test_a_corrupt_byte_costs_only_its_own_message(parts: list[bytes], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(parts) - 1))
    at = data.draw(st.integers(0, len(parts[number]) - 1))
    bits = data.draw(st.integers(1, 255))
    part = bytearray(parts[number])
    part[at] ^= bits
    body = b"".join([*parts[:number], bytes(part), *parts[number + 1 :]])
    assert split_eventstream(body) == split_eventstream(b"".join(parts[:number] + parts[number + 1 :]))
    assert len(ask_botocore(body)) == number


@pytest.mark.parametrize("gap", [b"", b"\n\n", b"\xff" * 11, b"\x01\0\0\0\0\0\xff" * 4])
@pytest.mark.parametrize("cut", range(1, len(MESSAGES[1]), 7))
def test_messages_after_a_gap_are_read(cut: int, gap: bytes) -> None:
    body = MESSAGES[0] + MESSAGES[1][:cut] + gap + MESSAGES[1][cut + 1 :] + MESSAGES[2] + MESSAGES[3]
    assert split_eventstream(body) == [EVENTS[0], EVENTS[2], EVENTS[3]]


def test_an_exception_has_another_name_than_an_event_of_its_type() -> None:
    body = write_event("throttlingException", b"{}") + write_event("exception:throttlingException", b"{}")
    assert split_eventstream(body) == [
        ("throttlingException", b"{}"),
        ("exception:throttlingException", b"{}"),
    ]


@pytest.mark.parametrize(
    ("headers", "payload", "data"),
    [
        ({":error-code": "Boom", ":error-message": 'no "luck"'}, b"", b'{"message": "no \\"luck\\""}'),
        ({":error-code": "Boom"}, b"", b'{"message": ""}'),
        ({":error-code": "Boom", ":error-message": "x"}, b'{"a":1}', b'{"a":1}'),
    ],
)
def test_an_error_in_headers_is_an_exception_too(
    headers: dict[str, str], payload: bytes, data: bytes
) -> None:
    written = [(name, (7, value)) for name, value in headers.items()]
    body = write_message([(":message-type", (7, "error")), *written], payload)
    assert split_eventstream(body) == [("exception:Boom", data)]


def with_headers(head: bytes) -> bytes:
    prelude = struct.pack("!II", 16 + len(head), len(head))
    message = prelude + struct.pack("!I", crc32(prelude)) + head
    return message + struct.pack("!I", crc32(message))


@pytest.mark.parametrize(
    "head",
    [
        b"\x0b",
        b"\xff:event-type",
        b"\x0b:event-type",
        b"\x0b:event-type\x07",
        b"\x0b:event-type\x07\0",
        b"\x0b:event-type\x0a\0\x05chunk",
        b"\x0b:event-type\x06\0\x05chunk",
    ],
)
def test_headers_that_break_off_or_have_an_unknown_type_name_nothing(head: bytes) -> None:
    assert split_eventstream(with_headers(head) + MESSAGES[0]) == [("", b""), EVENTS[0]]


def test_headers_before_one_of_an_unknown_type_count() -> None:
    assert split_eventstream(with_headers(b"\x0b:event-type\x07\0\x05chunk\x01x\x0a")) == [("chunk", b"")]


def test_a_name_that_is_not_utf8_is_replaced() -> None:
    assert split_eventstream(with_headers(b"\x0b:event-type\x07\0\x01\xff")) == [("�", b"")]


@pytest.mark.parametrize(
    ("length", "headers"),
    [
        (15, 0),
        (0, 0),
        (20, 5),
        (1 << 31, 0),
        ((24 << 20) + 17, 0),
        ((128 << 10) + 17, (128 << 10) + 1),
        (0xFFFFFFFF, 0xFFFFFFFF),
    ],
)
def test_lengths_over_the_limits_are_not_messages(length: int, headers: int) -> None:
    prelude = struct.pack("!II", length, headers)
    body = prelude + struct.pack("!I", crc32(prelude)) + bytes(min(length, 1 << 25))
    assert split_eventstream(body) == []


@pytest.mark.parametrize(
    ("head", "payload", "is_read"),
    [
        (0, 24 << 20, True),
        (0, (24 << 20) + 1, False),
        (128 << 10, 0, True),
        ((128 << 10) + 1, 0, False),
    ],
)
def test_a_message_may_be_as_large_as_awss_sdks_accept(head: int, payload: int, is_read: bool) -> None:
    prelude = struct.pack("!II", 16 + head + payload, head)
    message = prelude + struct.pack("!I", crc32(prelude)) + bytes(head) + b"x" * payload
    body = message + struct.pack("!I", crc32(message))
    assert split_eventstream(body) == ([("", b"x" * payload)] if is_read else [])


@pytest.mark.parametrize(("damaged", "is_read"), [(64, True), (65, False)])
def test_a_message_is_found_behind_so_many_beginnings_of_others(damaged: int, is_read: bool) -> None:
    body = (b"\0\xff\xff\xff\0\0" + b"\xff" * 4) * damaged + MESSAGES[0]
    assert split_eventstream(body) == ([EVENTS[0]] if is_read else [])


def test_the_shortest_message_may_end_a_body() -> None:
    assert split_eventstream(write_message([], b"")) == [("", b"")]
    assert split_eventstream(write_message([], b"")[:-1]) == []


@pytest.mark.parametrize("body", [b"", b"\0", b"{}", b"data: {}\n\n", b"\0" * 16])
def test_other_bodies_have_no_messages(body: bytes) -> None:
    assert split_eventstream(body) == []


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing(body: bytes) -> None:
    split_eventstream(body)


@pytest.mark.parametrize(
    "part", [b"\0", b"\x01\0\0\0\0\0", MESSAGES[0][:12], MESSAGES[0][:-1], b"{"], ids=repr
)
def test_large_bodies_that_look_like_messages_are_read_in_bounded_time(part: bytes) -> None:
    body = part * ((16 << 20) // len(part))
    assert split_eventstream(body) == []
