"""JSON values that have the expected type are read, and others count as missing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from payi_transport.providers.shared.json_values import decode, text, written
from tests.providers.shapes import DEEP

names = msgspec.json.Decoder(dict[str, str])


def test_what_the_decoder_reads_is_what_it_holds() -> None:
    assert decode(names, b'{"a":"b"}') == decode(names, msgspec.Raw(b'{"a":"b"}')) == {"a": "b"}


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":1}', b"\xff", b"null", *DEEP[:-1]])
def test_anything_else_is_nothing(data: bytes) -> None:
    assert decode(names, data) is None


@pytest.mark.parametrize(("value", "read"), [("x", "x"), ("", None), (None, None), (1, None), (["x"], None)])
def test_a_text_has_something_in_it(value: Any, read: str | None) -> None:
    assert text(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b'"{\\"a\\":1}"', '{"a":1}'),
        (b'""', ""),
        (b'{"a" : 1.0,"b":[ ]}', '{"a" : 1.0,"b":[ ]}'),
        (b"[1, 2]", "[1, 2]"),
        (b"1.50", "1.50"),
        (b"true", "true"),
        (b"null", None),
        (b"", None),
        (b'"\xff"', "\ufffd"),
        (b'{"a":"\xff"}', '{"a":"\ufffd"}'),
    ],
)
def test_a_string_is_read_and_anything_else_stays_as_on_the_wire(value: bytes, read: str | None) -> None:
    assert written(msgspec.Raw(value)) == read
