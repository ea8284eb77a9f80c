"""The form of headers: flat, so that the garbage collector has nothing to visit."""

from __future__ import annotations

import gc

from payi_transport.values.headers import Headers


def test_the_garbage_collector_stops_tracking_headers() -> None:
    headers: Headers = (b"accept", bytes(3))
    assert gc.is_tracked(headers)
    gc.collect()
    assert not gc.is_tracked(headers)
