"""The bodies that requests sends: what is in memory is recorded, and all arrive as they were."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import pytest
import requests

from payi_transport import MemorySink
from tests.contract.responses import PATH, UNARY, make_response, view_both
from tests.support.exchanges import events_of
from tests.support.origin import Origin

BODIES: dict[str, tuple[Callable[[], dict[str, Any]], str | None]] = {
    "bytes": (lambda: {"data": UNARY.request}, UNARY.request.decode()),
    "text": (lambda: {"data": UNARY.request.decode()}, UNARY.request.decode()),
    "form": (lambda: {"data": {"model": "gpt-4.1"}}, "model=gpt-4.1"),
    "files": (
        lambda: {"data": {"model": "m"}, "files": {"file": ("a.mp3", b"\x00\x01")}},
        '{"model": "m", "file": "<not_instrumented>"}',
    ),
    "files of another kind": (lambda: {"data": b"--x", "headers": {"content-type": "multipart/mixed"}}, None),
    "file": (lambda: {"data": io.BytesIO(UNARY.request)}, None),
    "generator": (lambda: {"data": iter([UNARY.request]), "headers": {"content-length": "1"}}, None),
    "nothing": (dict, None),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_in_memory_is_recorded(body: str, origin: Origin, sink: MemorySink) -> None:
    make, recorded = BODIES[body]

    def scenario() -> Any:
        with contextlib.suppress(requests.RequestException):
            return requests.post(f"{origin.url}{PATH}", timeout=30, **make()).content

    view_both(origin, sink, make_response(UNARY))(scenario)
    if body != "files":  # its boundary is another one each time
        assert origin.received[0].body == origin.received[1].body
    assert events_of(sink)[0].provider_request_json == recorded
