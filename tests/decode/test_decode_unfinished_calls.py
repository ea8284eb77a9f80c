"""The events of calls without a response, and of streams that broke or were left early."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from payi_transport.capture.exchange import Outcome
from payi_transport.values.event import Units
from tests.support.exchanges import decode_case, make_exchange, read
from tests.support.wire_cases import STREAM, UNARY, WireCase, by_name


def test_a_call_without_a_response_has_status_299_and_the_failure() -> None:
    error = ("ConnectError", "no route to https://api.openai.com/v1/x?api_key=sk-secret&b=1 at all")
    event = read(replace(make_exchange(UNARY, []), status=None, error=error))
    assert event.http_status_code == 299
    assert event.units == {}
    assert event.resource == "gpt-4.1"
    assert event.properties == {
        "system.failure": "ConnectError",
        "system.failure.description": "no route to https://api.openai.com/v1/x at all",
    }
    assert event.provider_response_id.startswith("payi_")


def test_a_stream_that_broke_is_partial_and_names_the_failure() -> None:
    exchange = make_exchange(STREAM, STREAM.chunks()[:4], outcome=Outcome.FAILED)
    event = read(replace(exchange, error=("RemoteProtocolError", "")))
    assert event.properties == {
        "system.stream": "partial",
        "system.failure": "RemoteProtocolError",
        "system.failure.description": "RemoteProtocolError",
    }


def test_a_stream_closed_after_its_last_message_is_complete() -> None:
    assert decode_case(STREAM, outcome=Outcome.CLOSED).properties is None


def test_a_stream_closed_before_its_usage_is_partial() -> None:
    event = decode_case(STREAM, STREAM.chunks()[:-2], outcome=Outcome.CLOSED)
    assert event.properties == {"system.stream": "partial"}
    assert event.units == {}


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("case", [STREAM, UNARY], ids=["stream", "unary"])
def test_only_a_response_that_nobody_closed_has_no_end_to_end_latency(
    case: WireCase, outcome: Outcome
) -> None:
    exchange = make_exchange(case, outcome=outcome)
    event = read(replace(exchange, started=1.0, first_byte=1.25, ended=4.5))
    assert event.end_to_end_latency_ms == (None if outcome is Outcome.ABANDONED else 3500)
    assert event.time_to_first_token_ms == (250 if case is STREAM else None)


def test_a_truncated_array_of_messages_is_partial_and_keeps_the_complete_ones() -> None:
    case = by_name["google/gemini_array_stream"]
    event = decode_case(case, [case.response[:-30]], outcome=Outcome.CLOSED)
    assert event.properties == {"system.stream": "partial"}
    assert event.units == {"text": Units(input=8, output=2)}
