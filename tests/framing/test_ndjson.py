"""One message per line of JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing.ndjson import split_ndjson


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"\n\r\n", []),
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\r\n\r\n{"b":', [b'{"a":1}', b'{"b":']),
    ],
)
def test_each_line_is_a_message_and_the_last_may_be_incomplete(body: bytes, lines: list[bytes]) -> None:
    assert split_ndjson(body) == [("", line) for line in lines]


@given(
    st.lists(st.binary(min_size=1, max_size=9).filter(lambda line: not set(line) & set(b" \t\n\r\x0b\x0c")))
)
def test_lines_come_back_as_they_were(lines: list[bytes]) -> None:
    assert [data for _, data in split_ndjson(b"\n".join(lines))] == lines
