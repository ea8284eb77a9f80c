"""A JSON body: a document, or an array of messages whose last may be incomplete."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing.json_text import split_json

ELEMENTS: list[Any] = [
    {"text": 'A "quoted" ], { or [', "more": [{}, [1, {"a": None}]]},
    {"text": "ünïcödé ☀ 🌦", "usage": {"n": 2}},
    {},
    [1, 2],
    3,
    "text",
    None,
]


def read(body: bytes) -> list[Any]:
    return [json.loads(data) for _, data in split_json(body)]


@pytest.mark.parametrize("separator", [",", ", ", "\n,\n", "\r\n,\r\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_the_elements_of_an_array_are_its_messages(separator: str, indent: int | None) -> None:
    body = "[" + separator.join(json.dumps(element, indent=indent) for element in ELEMENTS) + "\n]\n"
    assert read(body.encode()) == ELEMENTS


@pytest.mark.parametrize(
    "body", [b'{"a": [1, 2]}', b'  {"a"', b"plain [text]", b"<html>", b'"[1]"', b"{}\n[1]"]
)
def test_any_other_body_is_one_message(body: bytes) -> None:
    assert split_json(body) == [("", body)]


@pytest.mark.parametrize("body", [b"", b" \r\n", b"[]", b"[", b" [ \n", b"[,"])
def test_an_empty_body_is_not_a_message(body: bytes) -> None:
    assert split_json(body) == []


def test_a_message_is_as_it_was_on_the_wire() -> None:
    body = b' [{ "a":1.0,\r\n"b" : "\\u2600" } , {"c":"\xff"}'
    assert split_json(body) == [("", b'{ "a":1.0,\r\n"b" : "\\u2600" }'), ("", b'{"c":"\xff"}')]


@pytest.mark.parametrize("separator", [",", "\r\n,\r\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_of_a_cut_array_the_complete_elements_are_kept(separator: str, indent: int | None) -> None:
    objects = [element for element in ELEMENTS if isinstance(element, dict | list)]
    parts = [json.dumps(element, indent=indent).encode() for element in objects]
    body = b"[" + separator.encode().join(parts) + b"]"
    ends = [len(separator.encode().join(parts[: count + 1])) + 1 for count in range(len(parts))]
    for cut in range(1, len(body)):
        assert read(body[:cut]) == objects[: sum(end <= cut for end in ends)]


def test_of_an_array_with_a_gap_both_sides_are_kept() -> None:
    parts = [json.dumps({"n": n, "inner": {"text": "x" * 9}}, indent=2) for n in range(6)]
    body = "[" + "\n,\n".join(parts) + "]"
    for begin in range(len(parts[0]) + 4, len(parts[0]) * 2):
        pierced = body[:begin] + "\n\n" + body[len(parts[0]) * 3 :]
        assert [element["n"] for element in read(pierced.encode())] == [0, 3, 4, 5]


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b'{"a":1}\n{"a":2}', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":1}\r\n{"a":2}\r\n', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":1}\n\n{"a":2}', [b'{"a":1}\n\n{"a":2}']),
        (b'{"a":\n1}', [b'{"a":\n1}']),
        (b"\xef\xbb\xbf[1,2]", [b"1", b"2"]),
        (b'\n\xef\xbb\xbf [{"a":1},{"b', [b'{"a":1}']),
    ],
)
def test_lines_of_json_and_arrays_are_told_from_documents(body: bytes, messages: list[bytes]) -> None:
    assert split_json(body) == [("", message) for message in messages]


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        (b'[{"n":1},\n{"n":2,"x"\n,{"n":3}]', [1, 3]),
        (b'[{"n":1},\n{"n":2,"x"\n{"n":3}]', [1, 3]),
        (b'[{"n":2,"x"\n,\n{"n":3},{"n":4}]', [3, 4]),
        (b'[{"n":1},{"x":\n  {"n":2},\n{"n":3}]', [1, 3]),
        (b'[{"n":1},{"x":\n{"n":2}', [1, 2]),
        (b'[{"n":1},\n{"x"\n,{"n":3},\n{"y"\n,{"n":4}]', [1, 3]),
    ],
)
def test_behind_a_gap_elements_count_from_the_first_one_that_starts_a_line(
    body: bytes, numbers: list[int]
) -> None:
    assert [element["n"] for element in read(body)] == numbers


@pytest.mark.parametrize("body", [b"[" * 200_000, b'[{"a":' * 200_000, b"[1, {" * 9, b"[1 2]", b'[{"a":1}]]'])
def test_json_that_nests_too_deep_raises_nothing(body: bytes) -> None:
    split_json(body)


@given(
    st.binary(max_size=80)
    | st.text(alphabet='[]{},:"1a \n', max_size=60).map(lambda text: f"[{text}".encode())
)
def test_any_bytes_raise_nothing(body: bytes) -> None:
    assert all(name == "" and data in body for name, data in split_json(body))
