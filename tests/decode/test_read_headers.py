"""Headers are read by lower-case name, and their values become text when they are asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.decode import read_headers as module
from payi_transport.decode.read_headers import read_headers
from payi_transport.values.headers import pack_headers

_NAMES = st.binary(max_size=3)


def test_names_are_lower_case_and_repeated_headers_are_joined() -> None:
    raw = (b"X-Via", b"one", b"x-via", b"two", b"A", b"\xe9")
    assert read_headers(raw) == {"x-via": "one, two", "a": "é"}
    assert read_headers(raw).names == ("x-via", "a")


def test_a_header_that_is_missing_has_the_default_as_its_value() -> None:
    headers = read_headers((b"A", b"1"))
    assert (headers.get("a"), headers.get("b"), headers.get("b", "")) == ("1", None, "")
    assert ("a" in headers, "b" in headers, len(headers)) == (True, False, 1)
    with pytest.raises(KeyError):
        headers["b"]


@given(st.lists(st.tuples(_NAMES, st.binary())))
def test_any_headers_read_the_same_however_they_were_kept(rows: list[tuple[bytes, bytes]]) -> None:
    joined: dict[str, str] = {}
    for raw, value in rows:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        joined[name] = f"{joined[name]}, {text}" if name in joined else text
    flat = read_headers(tuple(part for row in rows for part in row))
    packed = read_headers(pack_headers([(name, name.lower(), value) for name, value in rows]))
    assert list(flat.items()) == list(packed.items()) == list(joined.items())
    assert [value.decode("latin-1") for value in flat.pick([True] * len(flat))] == list(joined.values())


def test_only_the_values_that_are_flagged_are_picked() -> None:
    headers = read_headers((b"A", b"1", b"b", b"2", b"C", b"3"))
    assert list(headers.pick((True, False, True))) == [b"1", b"3"]


def test_names_that_a_server_makes_up_do_not_fill_the_memory() -> None:
    for number in range(2000):
        read_headers((b"x-%d" % number, b"1"))
    assert 0 < module._read_names.cache_info().currsize < 2000
