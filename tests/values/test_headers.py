"""The forms of headers: the garbage collector has nothing to visit in either."""

from __future__ import annotations

import gc

import pytest

from payi_transport.values.headers import KeptHeaders, flatten

FORMS: dict[str, KeptHeaders] = {
    "flat": (b"A", bytes(3), b"b", b"2"),
    "httpx": ((b"A", b"a", bytes(3)), (b"b", b"b", b"2")),
}
every_form = pytest.mark.parametrize("kept", FORMS.values(), ids=FORMS)


@every_form
def test_the_garbage_collector_stops_tracking_headers(kept: KeptHeaders) -> None:
    # In the second collection at the latest, which finds the tuples inside no longer tracked.
    gc.collect()
    gc.collect()
    assert not gc.is_tracked(kept)


@every_form
def test_headers_are_flat_however_they_were_kept(kept: KeptHeaders) -> None:
    assert flatten(kept) == (b"A", bytes(3), b"b", b"2")
    assert flatten(()) == ()
