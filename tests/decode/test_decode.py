"""A call's bytes become its event, however the network splits them and the provider compresses them."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from payi_transport.capture.exchange import Outcome
from payi_transport.context.frame import Frame
from payi_transport.decode.background_calls import BackgroundCall
from payi_transport.decode.decode import decode
from payi_transport.decode.options import DecodeOptions
from tests.support.exchanges import decode_case, every_case, make_exchange, read, shown
from tests.support.wire_cases import STREAM, UNARY, WireCase, by_name


def timeless(event: Any) -> Any:
    """Return an event without the fields that differ from run to run."""
    return replace(event, event_timestamp=None, end_to_end_latency_ms=None, time_to_first_token_ms=None)


@every_case
def test_a_recorded_call_makes_its_event(case: WireCase) -> None:
    assert shown(decode_case(case), case.event) == case.event


@every_case
def test_an_event_holds_no_field_that_the_case_does_not_expect(case: WireCase) -> None:
    event = decode_case(case)
    if "properties" not in case.event:
        assert event.properties is None
    if "provider_response_function_calls" not in case.event:
        assert event.provider_response_function_calls is None


# A few for each of hundreds of bodies.
@settings(max_examples=20)
@given(data=st.data())
@every_case
def test_an_event_does_not_depend_on_how_the_network_splits_the_body(
    case: WireCase, data: st.DataObject
) -> None:
    splits = sorted(data.draw(st.lists(st.integers(0, len(case.response)), max_size=12)))
    edges = [0, *splits, len(case.response)]
    chunks = [case.response[a:b] for a, b in itertools.pairwise(edges)]
    pieces, whole = decode_case(case, chunks), decode_case(case, [case.response])
    if whole.provider_response_id.startswith("payi_"):
        pieces = replace(pieces, provider_response_id=whole.provider_response_id)
    assert timeless(pieces) == timeless(whole)


@every_case
def test_an_event_is_the_same_byte_by_byte(case: WireCase) -> None:
    event = decode_case(case, [bytes([byte]) for byte in case.response])
    assert shown(event, case.event) == case.event


def deflate_bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", deflate_bare),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("gzip, br", lambda body: brotli.compress(gzip.compress(body))),
    ],
)
@pytest.mark.parametrize("case", [UNARY, STREAM], ids=lambda case: case.name)
def test_a_compressed_body_makes_the_same_event(
    case: WireCase, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(case.response)
    event = decode_case(case, [packed[:7], packed[7:]], headers={"content-encoding": coding})
    assert shown(event, case.event) == case.event


def test_the_values_of_a_repeated_response_header_are_joined() -> None:
    exchange = replace(make_exchange(UNARY), response_headers=(b"Via", b"1.1 one", b"via", b"1.1 two"))
    headers = {h.name: h.value for h in read(exchange).provider_response_headers or ()}
    assert headers["via"] == "1.1 one, 1.1 two"


@pytest.mark.parametrize(("sent", "expected"), [("0", None), ("2", {"system.retry": "2"})])
def test_a_retry_by_the_sdk_is_a_property(sent: str, expected: dict[str, str] | None) -> None:
    assert decode_case(UNARY, request_headers={"x-stainless-retry-count": sent}).properties == expected


def test_the_fields_of_the_scope_are_in_the_event() -> None:
    frame = Frame(
        limit_ids=("a", "b"),
        use_case_name="grüße",
        use_case_id="1",
        use_case_version=3,
        use_case_step="plan",
        user_id="日本",
        account_name="🎉",
        request_properties={"team": "blue"},
        use_case_properties={"tier": "gold"},
        request_tags=("x",),
        resource_scope="region.eu",
    )
    expected = {
        "limit_ids": ["a", "b"],
        "use_case_name": "grüße",
        "use_case_id": "1",
        "use_case_version": 3,
        "use_case_step": "plan",
        "user_id": "日本",
        "account_name": "🎉",
        "properties": {"team": "blue"},
        "use_case_properties": {"tier": "gold"},
        "request_tags": ["x"],
        "scope": "region.eu",
    }
    assert shown(decode_case(UNARY, context=frame), expected) == expected


def test_a_request_body_that_is_no_text_is_left_out() -> None:
    case = WireCase("binary", b"\xff\xfe", UNARY.response, 200, UNARY.headers, {})
    assert decode_case(case).provider_request_json is None


def test_queued_work_is_a_background_call_and_not_an_event() -> None:
    body = b'{"id":"resp_1","object":"response","status":"queued","model":"m","output":[],"usage":null}'
    request = b'{"model":"gpt"}'
    case = WireCase("queued", request, body, 200, UNARY.headers, {}, operation="openai.responses")
    assert decode(make_exchange(case)) == BackgroundCall("resp_1", "gpt")


@pytest.mark.parametrize("case", [UNARY, STREAM], ids=lambda case: case.name)
def test_a_response_without_a_content_type_is_read_by_what_its_body_looks_like(case: WireCase) -> None:
    event = read(replace(make_exchange(case), response_headers=()))
    assert shown(event, case.event) == case.event
    assert (event.time_to_first_token_ms is not None) == case.streams


@pytest.mark.parametrize("status", [400, 599])
def test_an_error_response_has_no_units_whatever_its_body_says(status: int) -> None:
    exchange = replace(make_exchange(UNARY), status=status)
    assert read(exchange).units == {}
    assert read(exchange, DecodeOptions(count_tokens=lambda model, text: 1)).units == {}


def test_the_reported_output_of_a_document_is_never_raised_by_a_tokenizer() -> None:
    # Closed before its end, this document is unfinished too, but its usage is complete.
    exchange = make_exchange(by_name["bedrock/llama_unary"], outcome=Outcome.CLOSED)
    assert read(exchange, DecodeOptions(count_tokens=lambda model, text: 1000)).units == read(exchange).units


def test_an_array_of_messages_is_a_stream() -> None:
    case = by_name["google/gemini_array_stream"]
    event = decode_case(case)
    messages = [msgspec.json.decode(part) for part in event.provider_response_json or ()]
    assert messages == msgspec.json.decode(case.response)
    assert event.time_to_first_token_ms is not None


PICTURE = b'{"model":"m","url":"data:image/png;base64,AAAA","b64_json":"AAAA"}'
BARE = PICTURE.replace(b"data:image/png;base64,AAAA", b"<not_instrumented>").replace(
    b"AAAA", b"<not_instrumented>"
)


@pytest.mark.parametrize(("inline_data", "kept"), [(False, BARE), (True, PICTURE)])
def test_inline_data_is_recorded_when_asked_for(inline_data: bool, kept: bytes) -> None:
    document = WireCase("inline", PICTURE, PICTURE, 200, {"content-type": "application/json"}, {})
    event = read(make_exchange(document), DecodeOptions(keep_inline_data=inline_data))
    assert event.provider_request_json == event.provider_response_json == kept.decode()
    stream = WireCase(
        "inline", b"", b"data: " + PICTURE + b"\n\n", 200, {"content-type": "text/event-stream"}, {}
    )
    event = read(make_exchange(stream), DecodeOptions(keep_inline_data=inline_data))
    assert event.provider_response_json == (kept.decode(),)
