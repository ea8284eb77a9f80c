"""Server-sent events: the examples of the HTML standard, and what servers make of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing.sse import begins_sse, split_sse

LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
each_line_end = pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)

# Written with \n; the test puts every line end in its place.
CASES: dict[str, tuple[bytes, list[tuple[str, bytes]]]] = {
    "stock ticker of the standard": (
        b"data: YHOO\ndata: +2\ndata: 10\n\n",
        [("", b"YHOO\n+2\n10")],
    ),
    "comment and ids of the standard": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [("", b"first event"), ("", b"second event"), ("", b" third event")],
    ),
    "empty data of the standard, the last event kept": (
        b"data\n\ndata\ndata\n\ndata:",
        [("", b""), ("", b"\n"), ("", b"")],
    ),
    "one space after the colon is no data, in the standard": (
        b"data:test\n\ndata: test\n\n",
        [("", b"test"), ("", b"test")],
    ),
    "named events": (
        b"event: add\ndata: 73857293\n\nevent:remove\ndata: 2153\n\ndata: 113411\n\n",
        [("add", b"73857293"), ("remove", b"2153"), ("", b"113411")],
    ),
    "the last name of an event counts": (b"event: a\nevent: b\ndata: 1\n\n", [("b", b"1")]),
    "a name behind its data": (b"data: 1\nevent: late\n\n", [("late", b"1")]),
    "a name without data is no event, nor is it the next one's": (
        b"event: ping\n\ndata: 1\n\n",
        [("", b"1")],
    ),
    "comments and retry between": (b":\n: keep-alive\n\nretry: 10\n:x\ndata: 1\n\n", [("", b"1")]),
    "fields of other names": (b"data : no\nDATA: no\ndatas: no\n data: no\ndata: yes\n\n", [("", b"yes")]),
    "blank lines without end": (b"\n\n\ndata: 1\n\n\n\n\ndata: 2\n\n\n", [("", b"1"), ("", b"2")]),
    "colons in data": (b"data: a:b: c\n\n", [("", b"a:b: c")]),
    "no blank line at the end": (b"data: 1\n\ndata: 2\n", [("", b"1"), ("", b"2")]),
    "no line end at the end": (b"data: 1\n\nevent: e\ndata: 2", [("", b"1"), ("e", b"2")]),
    "nothing": (b"", []),
    "blank lines alone": (b"\n\n\n", []),
    "no stream at all": (b"<html>: no</html>", []),
}


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b'{"error": "x"}', [b'{"error": "x"}']),
        (b'\n{\n "data": 1,\n "event": "a: b"\n}\n', [b'\n{\n "data": 1,\n "event": "a: b"\n}\n']),
        (b'{"a": 1}\n{"a": 2}\n', [b'{"a": 1}', b'{"a": 2}']),
        (b'[{"a": 1},\n{"a": 2}]', [b'{"a": 1}', b'{"a": 2}']),
        # A stream all the same.
        (b'{"a": 1}\n\ndata: 1\n\n', [b"1"]),
    ],
)
def test_json_that_is_called_a_stream_is_split_as_json(body: bytes, events: list[bytes]) -> None:
    assert split_sse(body) == [("", data) for data in events]


@each_line_end
@pytest.mark.parametrize(("body", "events"), CASES.values(), ids=CASES)
def test_events_of_a_stream(body: bytes, events: list[tuple[str, bytes]], end: bytes) -> None:
    assert split_sse(body.replace(b"\n", end)) == events


@each_line_end
@pytest.mark.parametrize(("body", "events"), CASES.values(), ids=CASES)
def test_a_byte_order_mark_is_not_part_of_the_first_line(
    body: bytes, events: list[tuple[str, bytes]], end: bytes
) -> None:
    assert split_sse(b"\xef\xbb\xbf" + body.replace(b"\n", end)) == events


def test_only_one_byte_order_mark_is_left_out() -> None:
    assert split_sse(b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\n") == []
    assert split_sse(b"data: \xef\xbb\xbf1\n\n") == [("", b"\xef\xbb\xbf1")]


def test_line_ends_may_be_mixed() -> None:
    assert split_sse(b"data: 1\r\rdata: 2\r\n\ndata: 3\n\r\ndata: 4\n\r") == [
        ("", b"1"),
        ("", b"2"),
        ("", b"3"),
        ("", b"4"),
    ]


def test_data_keeps_its_bytes_and_a_name_that_is_not_utf8_is_replaced() -> None:
    assert split_sse(b"event: \xff\ndata: \xff\xfe\0\n\n") == [("�", b"\xff\xfe\0")]


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\x0b", "\x0c"])
def test_what_ends_a_line_in_unicode_alone_ends_none(separator: str) -> None:
    text = f"a{separator}b".encode()
    assert split_sse(b"data: " + text + b"\n\n") == [("", text)]


@given(st.binary())
def test_arbitrary_bytes_raise_nothing(body: bytes) -> None:
    split_sse(body)


@given(st.lists(st.sampled_from([b"data", b"event", b":", b" ", b"\n", b"\r", b"x", b"\xff", b"id"])))
def test_arbitrary_lines_raise_nothing_and_data_has_normalized_line_ends(parts: list[bytes]) -> None:
    for _, data in split_sse(b"".join(parts)):
        assert b"\r" not in data


line = st.binary(max_size=20).filter(lambda text: not set(text) & set(b"\r\n"))


@given(
    st.lists(st.tuples(st.sampled_from(["", "delta", "ping"]), st.lists(line, min_size=1, max_size=3))),
    st.sampled_from(sorted(LINE_ENDS.values())),
    st.booleans(),
)
def test_written_events_come_back(
    events: list[tuple[str, list[bytes]]], end: bytes, ends_blank: bool
) -> None:
    body = b""
    for name, lines in events:
        body += b"event: " + name.encode() + end if name else b""
        body += b"".join(b"data: " + part + end for part in lines) + end
    body = body if ends_blank else body.removesuffix(end)
    assert split_sse(body) == [(name, b"\n".join(lines)) for name, lines in events]


@each_line_end
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n\n", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize(
    "line", [b"data: {}", b"data:{}", b"event: add", b"id: 1", b"retry:3000", b": ping", b":"]
)
def test_the_first_line_of_a_stream_is_known(before: bytes, line: bytes, end: bytes) -> None:
    assert begins_sse((before + line + b"\n").replace(b"\n", end))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_never_begins_as_a_stream_does(value: object) -> None:
    assert not begins_sse(json.dumps(value).encode())
    assert not begins_sse(b"\n" + json.dumps(value, indent=1).encode())


@pytest.mark.parametrize(
    "body", [b"", b"data", b"Data: x", b"  data: x", b"database: x", b"<html>data:", b"\x00:"]
)
def test_other_beginnings_are_not_a_stream(body: bytes) -> None:
    assert not begins_sse(body)


# What is one line of data for each event is split in another way than the rest.
LINES = st.sampled_from([b"data: a", b"data: ", b"data:b", b"", b"", b"event: e", b": c", b"data: d\r", b"x"])


@given(st.lists(LINES), st.booleans())
def test_any_lines_are_the_same_events_one_after_another_as_at_once(lines: list[bytes], ends: bool) -> None:
    body = b"\n".join(lines) + b"\n" * ends
    # A comment in front changes no event, and rules the shorter way out.
    assert split_sse(body) == split_sse(b":\n" + body)


@given(st.lists(st.binary().filter(lambda data: not {10, 13} & set(data)), min_size=1), st.integers(0, 2))
def test_events_of_one_line_are_split(events: list[bytes], ends: int) -> None:
    body = b"\n\n".join(b"data: " + event for event in events) + b"\n" * ends
    assert split_sse(body) == [("", event) for event in events]
