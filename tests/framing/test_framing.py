"""Which framing a body has, its content type tells."""

from __future__ import annotations

import pytest

from payi_transport.framing import find_framing
from payi_transport.framing.document import split_document
from payi_transport.framing.sse import split_sse


@pytest.mark.parametrize(
    "content_type",
    [
        "text/event-stream",
        "text/event-stream; charset=utf-8",
        "TEXT/Event-Stream;charset=UTF-8",
        "  text/event-stream ",
    ],
)
def test_an_event_stream_is_told_by_its_content_type(content_type: str) -> None:
    assert find_framing(content_type) is split_sse


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/html; charset=utf-8", "text/event-streams", ";", "x"]
)
def test_all_else_is_a_document(content_type: str) -> None:
    assert find_framing(content_type) is split_document
