"""A stream that fails behind its status of 200, in an event whose body has the shape of no provider."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.providers.registry import REGISTRY
from payi_transport.values.event import Event, Units
from tests.support.exchanges import ROUTE, make_request, read

STREAM = (b"content-type", b"text/event-stream")
OPERATIONS = [
    operation.name
    for operation in REGISTRY.operations.values()
    if operation.method == "POST"
    if REGISTRY.find_readers(operation.name, operation.category).session is None
]


def decode_stream(operation: str, body: bytes, log_content: bool = True) -> Event:
    ended: list[Any] = []
    request = make_request(ended.append, route=ROUTE._replace(operation=operation), log_content=log_content)
    response = request.start_response(200, STREAM)
    append, _ = response.open_buffer(len(body))
    append(body)
    response.finish()
    return read(ended[0])


def make_stream(error: bytes) -> bytes:
    return b": hello\n\nevent: error\ndata: " + error + b"\n\n"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"message": "Upstream is gone", "code": 502}, "502", "Upstream is gone"),
        ({"detail": "Upstream is gone"}, "error", "Upstream is gone"),
    ],
    ids=["message", "detail"],
)
def test_an_event_of_any_api_that_is_named_error_is_a_failure(
    operation: str, body: Any, code: str, message: str
) -> None:
    event = decode_stream(operation, make_stream(json.dumps(body).encode()))
    assert event.properties == {"system.failure": code, "system.failure.description": message}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"detail":{"code":"busy","message":"Later"}}', "busy", "Later"),
        (b'{"detail":[{"msg":"wrong"}]}', "error", "error"),
        (b'{"detail":"no","message":"yes","type":"t"}', "t", "yes"),
        (b'{"error":{"code":"busy","message":"Later"}}', "busy", "Later"),
        (b'{"code":"busy"}', "busy", "busy"),
        (b"{}", "error", "error"),
        (b"upstream timed out", "error", "upstream timed out"),
        (b"", "error", "error"),
        (b'["x"]', "error", '["x"]'),
    ],
)
def test_the_body_of_an_error_event_is_read_as_far_as_it_says_something(
    body: bytes, code: str, message: str
) -> None:
    event = decode_stream("openai.chat", make_stream(body))
    assert event.properties == {"system.failure": code, "system.failure.description": message}


def test_what_the_reader_of_a_provider_understands_is_not_read_again() -> None:
    error = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"message":"other"}'
    event = decode_stream("anthropic.messages", make_stream(error))
    assert event.properties == {
        "system.failure": "overloaded_error",
        "system.failure.description": "Overloaded",
    }


def test_the_units_before_an_error_event_are_kept() -> None:
    chunk = {"choices": [], "usage": {"prompt_tokens": 19, "completion_tokens": 21}}
    body = b"data: " + json.dumps(chunk).encode() + b"\n\n" + make_stream(b'{"detail":"gone"}')
    event = decode_stream("openai.chat", body)
    assert event.units == {"text": Units(19, 21)}
    assert event.properties == {"system.failure": "error", "system.failure.description": "gone"}


def test_without_content_no_text_of_an_error_event_is_told() -> None:
    event = decode_stream("openai.chat", make_stream(b"secret text"), log_content=False)
    assert event.properties == {"system.failure": "error", "system.failure.description": "error"}
