"""Prompts and responses become text, if content is logged and is text."""

from __future__ import annotations

import base64
import json
import random

import pytest
from msgspec.structs import replace

from payi_transport.decode.content import record_request, record_response
from payi_transport.decode.decode import decode
from payi_transport.decode.inline_data import strip_inline_data
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Event
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import UNARY, WireCase

PICTURE = b'{"b64_json":"AAAA"}'
STRIPPED = '{"b64_json":"<not_instrumented>"}'
STREAM = RawResponse([("", PICTURE), ("", b"\xff"), ("", b"[DONE]")], is_stream=True)
DOCUMENT = RawResponse([("", PICTURE)])


def make_case(request: bytes) -> WireCase:
    return WireCase("content", request, b"{}", 200, UNARY.headers, {})


@pytest.mark.parametrize(("keep", "text"), [(True, PICTURE.decode()), (False, STRIPPED)])
def test_inline_data_is_replaced_unless_it_is_to_be_kept(keep: bool, text: str) -> None:
    exchange = make_exchange(make_case(PICTURE))
    assert record_request(exchange, keep) == text
    assert record_response(exchange, DOCUMENT, PICTURE, keep) == text
    assert record_response(exchange, STREAM, PICTURE, keep) == (text, "\N{REPLACEMENT CHARACTER}")


def test_content_that_is_not_logged_is_not_recorded() -> None:
    exchange = make_exchange(make_case(PICTURE), log_content=False)
    assert record_request(exchange, True) is None
    assert record_response(exchange, DOCUMENT, PICTURE, True) is None
    assert record_response(exchange, STREAM, PICTURE, True) is None


@pytest.mark.parametrize("body", [b"", b"\xff\xfe"], ids=["empty", "not text"])
def test_a_body_that_is_empty_or_not_text_is_not_recorded(body: bytes) -> None:
    exchange = make_exchange(make_case(body))
    assert record_request(exchange, False) is None
    assert record_response(exchange, RawResponse([]), body, False) is None


def test_a_request_body_that_was_not_captured_is_not_recorded() -> None:
    exchange = replace(make_exchange(make_case(b"{}")), request_body=None)
    assert record_request(exchange, False) is None


DATA_URL = "data:image/png;base64,AAAA"
LONG = base64.b64encode(random.Random(1).randbytes(600)).decode()
TEXTS = {
    "short": ["a", "b", "c", "d"],
    "a data URL in a repeat": ["a", "b", DATA_URL, "d"],
    "long data in a repeat": ["a", "b", LONG, "d"],
    "long data in the first": [LONG, "b", "c", "d"],
}


@pytest.mark.parametrize("fields", [{}, {"b64_json": "AAAA"}], ids=["plain", "data in each"])
@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_each_message_of_a_stream_of_repeats_is_searched_for_data(
    texts: list[str], fields: dict[str, str]
) -> None:
    messages = [{"choices": [{"delta": {"content": text}}], **fields} for text in texts]
    chunks = [b"data: %b\n\n" % json.dumps(message).encode() for message in messages]
    case = WireCase("content", b"{}", b"", 200, {"content-type": "text/event-stream"}, {})
    event = decode(make_exchange(case, chunks))
    assert isinstance(event, Event)
    expected = [strip_inline_data(json.dumps(message).encode()).decode() for message in messages]
    assert list(event.provider_response_json or ()) == expected


def test_a_stream_without_messages_is_not_recorded() -> None:
    raw = RawResponse([("", b"[DONE]")], is_stream=True)
    assert record_response(make_exchange(make_case(b"{}")), raw, b"data: [DONE]\n\n", False) is None


@pytest.mark.parametrize("status", [400, 401, 500])
def test_an_error_loses_the_keys_that_it_quotes_and_stays_json(status: int) -> None:
    body = rb'{"error":{"message":"bad key sk-abc1, not Bearer \"x\" or Bearer xyz.1","param":"token"}}'
    exchange = replace(make_exchange(make_case(b"{}")), status=status)
    text = record_response(exchange, RawResponse([]), body, False)
    assert isinstance(text, str)
    assert json.loads(text)["error"] == {
        "message": 'bad key <removed>, not Bearer "x" or <removed>',
        "param": "token",
    }
    for well in (200, 399, None):
        exchange = replace(make_exchange(make_case(b"{}")), status=well)
        assert record_response(exchange, RawResponse([]), body, False) == body.decode()


@pytest.mark.parametrize("keep", [True, False])
def test_the_vectors_of_a_document_are_kept_where_inline_data_is(keep: bool) -> None:
    body = b'{"embedding":[0.5,0.25]}'
    left = body if keep else b'{"embedding":"<not_instrumented>"}'
    assert record_response(make_exchange(make_case(b"{}")), RawResponse([]), body, keep) == left.decode()
    stream = RawResponse([("", b" " * 300 + body)], is_stream=True)
    shown = record_response(make_exchange(make_case(b"{}")), stream, b"", keep)
    assert shown == (" " * 300 + left.decode(),)
