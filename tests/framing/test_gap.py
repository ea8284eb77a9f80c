"""What is whole on both sides of a gap is read, and nothing is made up of what is not."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing.gap import close_document, join_document, join_messages
from payi_transport.framing.sse import split_sse

ITEMS = [{"index": n, "embedding": 'A"\\' * 9, "floats": [0.5] * 9, "x": {"y": [[], {}]}} for n in range(9)]
USAGE = {"prompt_tokens": 8, "total_tokens": 8}
DOCUMENT: dict[str, Any] = {
    "id": "a",
    "n": 12345,
    "data": ITEMS,
    "text": "}]{[,\\",
    "usage": USAGE,
    "model": "m",
}
WIRE = json.dumps(DOCUMENT).encode()
START, END = WIRE.index(b'"data"'), WIRE.index(b'"text"')


@pytest.mark.parametrize("start", range(START + 8, END - 40, 37))
def test_the_fields_before_and_after_a_gap_in_a_list_are_read(start: int) -> None:
    for end in range(start + 1, END, 29):
        joined = json.loads(join_document(WIRE[:start], WIRE[end:]) or b"")
        # The gap may end within the comma before the next field.
        assert {**joined, "data": 0, "text": 0} == {**DOCUMENT, "data": 0, "text": 0}


@given(st.integers(1, len(WIRE)), st.integers(1, len(WIRE)))
def test_no_field_has_a_value_that_was_never_sent(one: int, other: int) -> None:
    head, tail = WIRE[: min(one, other)], WIRE[max(one, other) :]
    document = join_document(head, tail)
    joined = {} if document is None else json.loads(document)
    assert all(joined[name] == DOCUMENT[name] for name in ("id", "n", "usage", "model") if name in joined)


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"[[1", b"2}]"),
        (b"", b"}"),
        (b"{", b""),
        (b"[1", b"2}"),
        (b"x", b"y"),
        (b"{}", b"{}"),
        (b"]", b"["),
    ],
)
def test_sides_that_do_not_fit_are_not_joined(head: bytes, tail: bytes) -> None:
    assert join_document(head, tail) is None


@pytest.mark.parametrize(
    ("head", "closed"),
    [
        (b'{"a": 1, "usage": {"n": 2}, "data": [[1, 2], [', b'{"a": 1, "usage": {"n": 2}}'),
        (b'{"a": 1', b"{}"),
        (b'{"a": 1, "usage": {"n": 2', b'{"a": 1}'),
        (b'[{"a": 1}, {"b": {"c": 1}, "d', b'[{"a": 1}, {"b": {"c": 1}}]'),
        (b'[{"a": 1}, {"b": 2}, ', b'[{"a": 1}, {"b": 2}]'),
        (b"x", None),
        (b"", None),
    ],
)
def test_a_document_whose_end_is_missing_has_its_whole_fields(head: bytes, closed: bytes | None) -> None:
    assert close_document(head) == closed


def read(head: bytes, tail: bytes) -> list[Any]:
    messages = split_sse(join_messages(head, tail, b"data: ", b"\n\n"))
    read: list[Any] = []
    for _, data in messages:
        try:
            read.append(json.loads(data))
        except ValueError:
            continue
    return read


def test_of_a_message_before_and_another_after_a_gap_the_whole_fields_are_read() -> None:
    head = b'data: {"n":1}\n\ndata: {"type":"partial","x":[1,{"y":2,"b64":"AA'
    tail = b'AA"}],"usage":{"n":2}},"last":3}\n\ndata: {"n":4}\n\n'
    assert read(head, tail) == [
        {"n": 1},
        {"type": "partial"},
        {"usage": {"n": 2}},
        {"last": 3},
        {"n": 4},
    ]


@pytest.mark.parametrize(
    "head", [b'data: {"n":1}\n\n', b'data: {"n":1}\n\n: commen', b'data: {"n":1}\n\ndat']
)
@pytest.mark.parametrize("tail", [b'data: {"n":2}\n\n', b'\n\ndata: {"n":2}\n\n', b'it\n\ndata: {"n":2}\n\n'])
def test_whole_messages_stay_what_they_are(head: bytes, tail: bytes) -> None:
    assert read(head, tail) == [{"n": 1}, {"n": 2}]


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing(head: bytes, tail: bytes) -> None:
    join_document(b"{" + head, tail + b"}")
    assert tail in join_messages(b"data: {" + head, tail, b"data: ", b"\n\n")


@pytest.mark.parametrize(
    "part", [b'"', b"\\", b'\\"', b'"\\', b"[", b"{", b"]", b"}", b",", b"1,", b"[1,"], ids=repr
)
def test_time_is_linear(part: bytes) -> None:
    data = part * (200_000 // len(part))
    start = time.thread_time()
    join_document(b"{" + data, data + b"}")
    join_messages(b"data: {" + data, data + b"}", b"data: ", b"\n\n")
    assert time.thread_time() - start < 8


@pytest.mark.parametrize(
    ("head", "tail", "joined"),
    [
        (b'{"a": 1, "x": [1', b'2], "b": 3}', b'{"a": 1, "b": 3}'),
        (b'{"x": [1', b'2], "b": 3}', b'{ "b": 3}'),
        (b'{"a": 1, "x": [1', b"2]}", b'{"a": 1}'),
        (b'{"x": "a', b'b"}', b"{}"),
        (b' {"a": 1, "x": "a', b'b"} \n', b' {"a": 1} \n'),
        (b'{"a": "]}", "x": "a', b'b\\"", "c": "{[", "d": 1}', b'{"a": "]}", "c": "{[", "d": 1}'),
        (b'[{"a": 1, "x": "a', b'b", "b": 2}, {"c": 3}]', b'[{"a": 1, "b": 2}, {"c": 3}]'),
        (b'[{"a": 1}, {"x": "a', b'b"}, {"c": 3}]', b'[{"a": 1}, {}, {"c": 3}]'),
        (b'[{"a": 1}, [1, "a', b'b", 2]]', b'[{"a": 1}, [1, 2]]'),
        (b'[{"a": 1}, [1, "a', b'b", "c": 2}]', None),
        (b'[{"a": 1}, ', b'{"c": 3}]', None),
        (b'{"a": 1, "x": {"y": [', b']}, "b": 2', None),
    ],
)
def test_what_is_around_a_gap_is_joined_as_one_document(
    head: bytes, tail: bytes, joined: bytes | None
) -> None:
    assert join_document(head, tail) == joined


@pytest.mark.parametrize(
    ("head", "tail", "messages"),
    [
        (b'data: {"a":1,"x":"y', b'z","b":2}\n\n', [{"a": 1}, {"b": 2}]),
        (b'data: {"x":"y', b'z"}\n\n', [{}]),
        (b'data: [1,2,{"x":"y', b'z"},3]\n\n', []),
        (b'event: e\ndata:{"a":1,"x":"y', b'z"}\n\n', [{"a": 1}]),
        (b'data: {"a":1,"x":{"b":2,"y":"z', b'z","c":3},"d":4}\n\n', [{"a": 1}, {"c": 3}, {"d": 4}]),
        (b'data: {"x":{"y":{"z":"z', b'z","b":2},"c":3},"d":4}\n\n', [{}, {"c": 3}, {"d": 4}]),
        (b': note {"a":1,', b'z"}\n\ndata: {"d":4}\n\n', [{"d": 4}]),
    ],
)
def test_each_side_of_a_gap_makes_messages_of_its_own(head: bytes, tail: bytes, messages: list[Any]) -> None:
    assert read(head, tail) == messages


def test_lines_of_json_are_joined_like_events() -> None:
    joined = join_messages(b'{"n":1}\n{"a":1,"x":"y', b'z","b":2}\n{"n":4}\n', b"", b"\n")
    whole = []
    for line in joined.splitlines():
        try:
            whole.append(json.loads(line))
        except ValueError:
            continue
    assert whole == [{"n": 1}, {"a": 1}, {"b": 2}, {"n": 4}]
