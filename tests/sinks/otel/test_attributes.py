"""The attributes of calls of every provider, and of bodies that are not what they should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from payi_transport import Event
from payi_transport.providers.registry import REGISTRY
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.attributes import (
    describe_call,
    describe_usage,
    find_error,
    name_operation,
    name_span,
)
from payi_transport.values.event import Units
from tests.support.exchanges import ROUTE, decode_case, make_exchange
from tests.support.wire_cases import CASES, UNARY, by_name

EVENT = decode_case(UNARY)


def _decode_any(case: Any) -> Any:
    return decode_case(case)


def make(body: bytes, **options: Any) -> Any:
    exchange = make_exchange(UNARY, **options)
    exchange.request_body = body
    return exchange


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_tokens_of_every_recorded_call_are_those_of_its_units(case: Any) -> None:
    event = _decode_any(case)
    if not isinstance(event, Event):
        return
    usage = describe_usage(event)
    counted = [unit for name, unit in event.units.items() if not name.startswith(("web_", "guardrail"))]
    for name, side in ((names.INPUT_TOKENS, "input"), (names.OUTPUT_TOKENS, "output")):
        assert usage.get(name, 0) == sum(getattr(unit, side) or 0 for unit in counted)


def test_cached_and_reasoning_tokens_and_modalities_are_parts() -> None:
    units = {
        "text": Units(10, 5),
        "text_cache_read": Units(3),
        "text_cache_write_1h": Units(2),
        "reasoning": Units(None, 4),
        "vision": Units(7),
        "web_search_request": Units(None, 9),
    }
    assert describe_usage(replace(EVENT, units=units)) == {
        "gen_ai.usage.input_tokens": 22,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.cache_creation.input_tokens": 2,
        "gen_ai.usage.reasoning.output_tokens": 4,
        "gen_ai.usage.text.input_tokens": 15,
        "gen_ai.usage.text.output_tokens": 5,
        "gen_ai.usage.image.input_tokens": 7,
    }


@pytest.mark.parametrize(
    "body",
    [
        b'{"max_completion_tokens": 9, "temperature": 1, "top_p": 0.5}',
        b'{"generationConfig": {"maxOutputTokens": 9, "temperature": 1, "topP": 0.5}}',
        b'{"inferenceConfig": {"maxTokens": 9, "temperature": 1, "topP": 0.5}}',
        b'{"options": {"num_predict": 9, "temperature": 1, "top_p": 0.5}}',
    ],
)
def test_parameters_are_read_from_every_format(body: bytes) -> None:
    found = describe_call(make(body), EVENT)
    assert [found[f"gen_ai.request.{name}"] for name in ("max_tokens", "temperature", "top_p")] == [9, 1, 0.5]


@given(st.binary() | st.sampled_from([b'{"model": 1, "temperature": "hot", "options": []}', b"[" * 9999]))
def test_a_request_of_any_bytes_has_attributes(body: bytes) -> None:
    found = describe_call(make(body), EVENT)
    assert found[names.OPERATION] == "chat"
    assert "gen_ai.request.temperature" not in found or isinstance(found["gen_ai.request.temperature"], float)


@pytest.mark.parametrize(
    ("uri", "server"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/x", ("gcp.gemini", 443)),
        ("http://127.0.0.1:8000/v1", ("openai", 8000)),
        ("http://host/v1", ("openai", 80)),
        ("ws://host/v1", ("openai", 80)),
        ("wss://host/v1", ("openai", 443)),
        ("grpc://host/v1", ("openai", None)),
        ("https://host:port/v1", ("openai", None)),
    ],
)
def test_the_server_is_that_of_the_address(uri: str, server: tuple[str, int | None]) -> None:
    exchange = make_exchange(UNARY)
    exchange.route = ROUTE._replace(uri=uri)
    found = describe_call(exchange, EVENT)
    assert (found[names.PROVIDER], found.get(names.SERVER_PORT)) == server


@pytest.mark.parametrize("limit", [10**30, -(10**30), 2**63])
def test_a_number_that_no_exporter_can_encode_is_left_out(limit: int) -> None:
    found = describe_call(make(b'{"max_tokens": %d, "temperature": 1}' % limit), EVENT)
    assert "gen_ai.request.max_tokens" not in found
    assert found["gen_ai.request.temperature"] == 1.0
    usage = describe_usage(replace(EVENT, units={"text": Units(2**63 - 1), "vision": Units(2**63 - 1)}))
    assert usage[names.INPUT_TOKENS] == 2**63 - 1


def test_a_model_of_any_length_is_cut() -> None:
    found = describe_call(make(b'{"model": "%b"}' % (b"m" * 100_000)), EVENT)
    assert found[names.REQUEST_MODEL] == "m" * 256


def test_a_request_to_aws_has_its_id() -> None:
    case = by_name["bedrock/converse_unary"]
    found = describe_call(make_exchange(case), decode_case(case))
    assert found["aws.request_id"] == case.headers["x-amzn-requestid"]
    assert names.RESPONSE_ID not in found


def test_binary_messages_are_read_as_json() -> None:
    exchange = make_exchange(UNARY)
    exchange.transcode = lambda is_request, data: b'{"temperature": 2.0, "finish_reason": "stop"}'
    found = describe_call(exchange, EVENT)
    assert (found["gen_ai.request.temperature"], found[names.FINISH_REASONS]) == (2.0, ("stop",))


def test_errors_are_the_code_or_the_status() -> None:
    assert find_error(EVENT) is None
    assert find_error(replace(EVENT, http_status_code=503)) == "503"
    assert find_error(replace(EVENT, http_status_code=400)) == "400"
    assert find_error(replace(EVENT, http_status_code=399)) is None
    assert find_error(replace(EVENT, http_status_code=None)) is None
    assert find_error(replace(EVENT, properties={"system.failure": "limit"})) == "limit"
    both = {"system.failure": "limit", "provider.error.type": "rate"}
    assert find_error(replace(EVENT, properties=both)) == "limit"
    assert find_error(replace(EVENT, properties={"provider.error.type": "rate"})) == "rate"


@pytest.mark.parametrize(("status", "has_response"), [(200, True), (399, True), (400, False), (None, False)])
def test_a_response_that_failed_describes_nothing(status: int | None, has_response: bool) -> None:
    exchange = make_exchange(UNARY)
    exchange.status = status
    found = describe_call(exchange, EVENT)
    shown = [
        name for name in (names.RESPONSE_ID, names.RESPONSE_MODEL, names.FINISH_REASONS) if name in found
    ]
    assert len(shown) == (3 if has_response else 0)


@pytest.mark.parametrize(
    ("first_byte", "token", "seconds"),
    [(7.5, 2500, 2.5), (4.0, 0, 0.0), (None, 2500, None), (7.5, None, None)],
)
def test_a_stream_has_the_time_to_its_first_chunk(
    first_byte: float | None, token: int | None, seconds: float | None
) -> None:
    exchange = make_exchange(UNARY)
    exchange.started, exchange.first_byte = 5.0, first_byte
    found = describe_call(exchange, replace(EVENT, time_to_first_token_ms=token))
    assert found.get(names.FIRST_CHUNK) == seconds
    assert found.get(names.REQUEST_STREAM) is (None if token is None else True)


def test_a_span_is_named_for_its_operation_and_its_model() -> None:
    assert name_span({names.OPERATION: "chat", names.REQUEST_MODEL: "m"}) == "chat m"
    assert name_span({names.OPERATION: "chat"}) == "chat"


def test_every_operation_has_a_name() -> None:
    assert {name_operation(name) for name in ("openai.chat", "openai.responses.again")} == {"chat"}
    assert name_operation("openai.embeddings") == "embeddings"
    assert all(name_operation(name) for name in REGISTRY.operations)
    assert "anthropic/message_unary" in by_name
