"""The content type decides the framing of a body; if it names no stream, the first line does."""

from __future__ import annotations

import pytest

from payi_transport.framing import find_framing, is_stream
from payi_transport.framing.eventstream import split_eventstream
from payi_transport.framing.json_text import split_json
from payi_transport.framing.ndjson import split_ndjson
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
def test_an_event_stream_is_recognized_by_its_content_type(content_type: str) -> None:
    assert find_framing(content_type, b"") is split_sse
    assert is_stream(split_sse)


@pytest.mark.parametrize(
    "content_type", ["application/vnd.amazon.eventstream", "Application/vnd.amazon.EventStream ; x=y"]
)
def test_the_event_stream_of_aws_is_recognized_by_its_content_type(content_type: str) -> None:
    assert find_framing(content_type, b"") is split_eventstream
    assert is_stream(split_eventstream)


NAMELESS = ["", "application/json", "text/html; charset=utf-8", "text/event-streams", ";", "x"]


@pytest.mark.parametrize("content_type", NAMELESS)
@pytest.mark.parametrize(
    "body", [b"", b'{"data": 1}', b'[{"event": 1}]', b'"data:"', b"<html>", b"database: x"]
)
def test_all_else_is_a_document(content_type: str, body: bytes) -> None:
    assert find_framing(content_type, body) is split_json
    assert not is_stream(split_json)


@pytest.mark.parametrize("content_type", NAMELESS)
@pytest.mark.parametrize("body", [b"data: {}\n\n", b"\n: hello\n\n"])
def test_events_are_recognized_by_their_first_line_under_any_type(content_type: str, body: bytes) -> None:
    assert find_framing(content_type, body) is split_sse


@pytest.mark.parametrize("content_type", ["application/x-ndjson", "Application/Stream+JSON; charset=utf-8"])
def test_lines_of_json_are_recognized_by_their_content_type(content_type: str) -> None:
    assert find_framing(content_type, b"") is split_ndjson
    assert is_stream(split_ndjson)


def test_a_type_that_names_a_stream_counts_for_more_than_the_first_line() -> None:
    assert find_framing("application/x-ndjson", b"data: {}") is split_ndjson
