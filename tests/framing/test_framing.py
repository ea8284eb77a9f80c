"""Which framing a body has, its content type tells."""

from __future__ import annotations

import pytest

from payi_transport.framing import find_framing, is_stream
from payi_transport.framing.eventstream import split_eventstream
from payi_transport.framing.json_text import split_json
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
    assert is_stream(content_type)


@pytest.mark.parametrize(
    "content_type", ["application/vnd.amazon.eventstream", "Application/vnd.amazon.EventStream ; x=y"]
)
def test_the_event_stream_of_aws_is_told_by_its_content_type(content_type: str) -> None:
    assert find_framing(content_type) is split_eventstream
    assert is_stream(content_type)


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/html; charset=utf-8", "text/event-streams", ";", "x"]
)
def test_all_else_is_a_document(content_type: str) -> None:
    assert find_framing(content_type) is split_json
    assert not is_stream(content_type)
