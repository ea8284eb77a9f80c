"""A document is one message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing.document import split_document


@pytest.mark.parametrize("body", [b"{}", b'{"a": 1}\n', b"<html>", b"\xff\xfe"])
def test_a_body_is_one_message_without_a_name(body: bytes) -> None:
    assert split_document(body) == [("", body)]


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\t "])
def test_an_empty_body_has_no_message(body: bytes) -> None:
    assert split_document(body) == []


@given(st.binary())
def test_no_byte_is_lost(body: bytes) -> None:
    assert b"".join(data for _, data in split_document(body)).strip() == body.strip()
