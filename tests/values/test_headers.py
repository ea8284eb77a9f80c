"""The forms of headers: the garbage collector has nothing to visit in either."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.values.headers import KeptHeaders, flatten, pack_headers, to_columns

FORMS: dict[str, KeptHeaders] = {
    "flat": (b"A", bytes(3), b"b", b"2"),
    "packed": pack_headers([(b"A", b"a", bytes(3)), (b"b", b"b", b"2")]),
}
every_form = pytest.mark.parametrize("kept", FORMS.values(), ids=FORMS)


@every_form
def test_the_garbage_collector_does_not_track_headers(kept: KeptHeaders) -> None:
    # In the second collection at the latest.
    gc.collect()
    gc.collect()
    assert not gc.is_tracked(kept)


@every_form
def test_headers_are_flat_however_they_were_kept(kept: KeptHeaders) -> None:
    assert flatten(kept) == (b"A", bytes(3), b"b", b"2")
    assert flatten(()) == ()


@every_form
def test_names_and_values_are_apart_however_they_were_kept(kept: KeptHeaders) -> None:
    assert to_columns(kept) == ((b"A", b"b"), (bytes(3), b"2"))
    assert to_columns(()) == to_columns(pack_headers([])) == ((), ())


@given(st.lists(st.tuples(st.binary(), st.binary(), st.binary())))
def test_any_bytes_are_unpacked_as_they_were(rows: list[tuple[bytes, bytes, bytes]]) -> None:
    assert flatten(pack_headers(rows)) == tuple(part for name, _, value in rows for part in (name, value))


def test_what_is_not_made_of_bytes_is_not_packed() -> None:
    with pytest.raises(TypeError):
        pack_headers([(object(), b"a", b"1")])
