"""Splitting a file into its items, however it is written and wherever it is cut."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports import items as module
from payi_transport.reports.items import NotJson, iterate_items, split_line

OBJECTS = st.lists(
    st.dictionaries(
        st.text(max_size=5), st.text(max_size=9) | st.integers() | st.lists(st.integers()), max_size=3
    ),
    max_size=6,
)


def read(content: bytes) -> list[Any]:
    found = iterate_items(io.BytesIO(content))
    return [msgspec.json.decode(item) if isinstance(item, bytes) else item for item in found]


@given(OBJECTS, st.integers(8, 50))
def test_every_layout_of_the_same_objects_has_the_same_items(
    objects: list[dict[str, Any]], chunk: int
) -> None:
    lines = [json.dumps(item, ensure_ascii=False) for item in objects]
    layouts = [
        "[\n" + ",\n".join(lines) + "\n]\n",  # as the offline sink writes them
        "\n".join(lines),
        "\r\n".join(lines) + "\r\n",
        json.dumps(objects),
        json.dumps(objects, indent=2),
        "\ufeff \n" + json.dumps(objects, indent=1),
        "\n".join(json.dumps(item, indent=2) for item in objects),
    ]
    usual, module._CHUNK_BYTES = module._CHUNK_BYTES, chunk
    try:
        for layout in layouts:
            assert read(layout.encode()) == objects, layout
    finally:
        module._CHUNK_BYTES = usual


def test_an_empty_file_and_an_empty_array_have_no_items() -> None:
    assert read(b"") == read(b" \n") == read(b"[]") == read(b"[\n]\n") == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello", "it begins with neither"),
        (b"\x00\x01", "it begins with neither"),
        (b'[{"a": 1}', "it ends early"),
        (b'[{"a": ', "Expecting value"),
        (b'[{"a": 1} x', "Expecting value"),
        (b"[" + b"[" * 100_000, "recursion"),
    ],
)
def test_what_is_not_json_says_so(content: bytes, reason: str) -> None:
    with pytest.raises(NotJson, match=reason):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b'[{"a": 1}, {"b": 2}, 5, null]',
        b'[{"a": 1},\n{"b": 2}, 5, null]',
        b'[{"a": 1},\n{"b": 2},\n5, null]\n',
        b'[\n{"a": 1},\n{"b": 2}, 5, null\n]\n',
    ],
)
def test_values_are_found_wherever_lines_and_brackets_are(content: bytes) -> None:
    found = iterate_items(io.BytesIO(content))
    parts = [part for item in found for part in (split_line(item) if isinstance(item, bytes) else [item])]
    assert parts == [{"a": 1}, {"b": 2}, 5, None]


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "x\\ud800", "b": NaN}',
        b'[{"a": 1},\n{"a": "x\\ud800", "b": NaN}]',
        b'[\n {\n  "a": "x\\ud800",\n  "b": NaN\n }\n]',
        b'{"a": 1}\n{"a": "x\xff", "b": NaN}\n',
    ],
)
def test_what_other_writers_allow_in_json_is_mended(content: bytes) -> None:
    *_, item = iterate_items(io.BytesIO(content))
    (part,) = split_line(item) if isinstance(item, bytes) else [item]
    assert part == {"a": "x\ufffd", "b": None}


@pytest.mark.parametrize("line", [b'{"a":', b"\xff", b"[" * 100_000])
def test_a_line_that_is_no_json_stays_as_it_is(line: bytes) -> None:
    assert split_line(line) == [line]


def test_a_line_that_is_damaged_is_an_item_of_its_own() -> None:
    found = [*iterate_items(io.BytesIO(b'{"a": 1}\n{"b": \n{"c": 3}\n'))]
    assert found == [b'{"a": 1}', b'{"b":', b'{"c": 3}']


def test_an_item_that_never_ends_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BYTES", 1000)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 100)
    file = io.BytesIO(b'[{"a":\n"' + b"x" * 1_000_000)
    with pytest.raises(NotJson):
        list(iterate_items(file))
    assert file.tell() < 10_000
