"""Bytes and JSON of any shape in place of a body make an event at most, and never an exception."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.capture.exchange import Outcome
from payi_transport.decode.background_calls import BackgroundCall
from payi_transport.decode.decode import decode
from payi_transport.providers.registry import REGISTRY
from tests.support.exchanges import decode_case, every_case, make_exchange
from tests.support.wire_cases import UNARY, WireCase

operations = st.sampled_from(sorted(REGISTRY.operations))


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "rot13"])
def test_a_body_that_can_not_be_inflated_makes_an_event_without_units(coding: str) -> None:
    event = decode_case(UNARY, [b"this is not a compressed body"], headers={"content-encoding": coding})
    assert event.units == {}
    assert event.http_status_code == 200
    assert event.provider_response_json is None


@given(
    body=st.binary(max_size=300) | st.text(max_size=100).map(str.encode),
    request=st.binary(max_size=60),
    status=st.integers(100, 599),
    content_type=st.sampled_from(
        [
            "text/event-stream",
            "application/vnd.amazon.eventstream",
            "application/json",
            "",
            ";;",
            "text/html; charset=x",
        ]
    ),
    coding=st.sampled_from(["", "gzip", "br", "zstd", "nonsense"]),
    outcome=st.sampled_from(Outcome),
    operation=operations,
)
def test_garbage_is_never_an_exception(
    body: bytes,
    request: bytes,
    status: int,
    content_type: str,
    coding: str,
    outcome: Outcome,
    operation: str,
) -> None:
    case = WireCase("garbage", request, body, status, {"content-type": content_type}, {}, operation)
    event = decode(make_exchange(case, [body], headers={"content-encoding": coding}, outcome=outcome))
    assert isinstance(event, BackgroundCall) or event.http_status_code == status
    msgspec.json.encode(event)


@every_case
def test_a_string_that_is_not_utf_8_is_never_an_exception(case: WireCase) -> None:
    # Each of up to 60 strings of a recorded body by itself, keys included.
    quotes = [found.end() for found in re.finditer(rb'[{\[:,]\s*"', case.response)]
    for quote in quotes[:: len(quotes) // 60 + 1]:
        spoiled = case.response[:quote] + b"\xff" + case.response[quote + 1 :]
        msgspec.json.encode(decode(make_exchange(case, [spoiled])))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
chat_like = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "model", "choices", "usage", "error", "service_tier", "object"), json_values
    ),
)


@given(document=chat_like, streams=st.booleans(), operation=operations)
def test_json_with_every_field_of_any_type_is_never_an_exception(
    document: dict[str, Any], streams: bool, operation: str
) -> None:
    data = msgspec.json.encode(document)
    body = b"data: " + data + b"\n\n" if streams else data
    kind = "text/event-stream" if streams else "application/json"
    case = WireCase("any", data, body, 200, {"content-type": kind}, {}, operation)
    msgspec.json.encode(decode(make_exchange(case, [body])))


@given(document=json_values, status=st.integers(400, 599), operation=operations)
def test_an_error_body_of_any_shape_makes_an_event(document: Any, status: int, operation: str) -> None:
    body = msgspec.json.encode({"error": document})
    event = decode_case(
        WireCase("any", b"{}", body, status, {"content-type": "application/json"}, {}, operation), [body]
    )
    assert event.http_status_code == status
    msgspec.json.encode(event)
