"""Spans of events that another process has recorded: what a relay exports."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from payi_transport import Event, Units
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.providers.registry import REGISTRY
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.attributes import describe_call
from payi_transport.sinks.otel.relayed import RelayedSpans, rebuild_exchange
from payi_transport.values.event import Header
from tests.sinks.otel.application import Collector
from tests.support.exchanges import ROUTE, decode_case, make_exchange
from tests.support.origin import CannedResponse
from tests.support.wire_cases import CASES

EVENT = Event(
    category="system.openai",
    resource="gpt-4.1",
    units={"text": Units(input=12, output=3)},
    provider_response_id="chatcmpl-1",
    event_timestamp=datetime(2026, 11, 1, 12, tzinfo=timezone.utc),
    end_to_end_latency_ms=1500,
    http_status_code=200,
    provider_uri="https://api.openai.com/v1/chat/completions",
    use_case_name="bot",
    provider_request_json='{"messages": [{"role": "user", "content": "Hello"}], "top_p": 0.5}',
    provider_response_json='{"id": "chatcmpl-1", "choices": [{"finish_reason": "stop"}]}',
)

# Its end is no time that OTLP has.
TOO_LONG = replace(EVENT, end_to_end_latency_ms=2**80)


def deliver(*events: Event, **settings: Any) -> Any:
    sink = RelayedSpans.from_section(OtelSettings(**settings))
    receipt = sink.deliver(events)
    sink.close()
    return receipt


def read(span: Any) -> dict[str, Any]:
    return {one.key: one.value for one in span.attributes}


def test_a_span_says_what_its_event_says(collector: Collector) -> None:
    assert not deliver(EVENT, content=True).retry
    [span] = collector.spans()
    found = read(span)
    assert span.name == "chat gpt-4.1"
    assert (span.end_time_unix_nano - span.start_time_unix_nano, span.parent_span_id) == (1_500_000_000, b"")
    assert span.start_time_unix_nano == round(
        datetime(2026, 11, 1, 12, tzinfo=timezone.utc).timestamp() * 1e9
    )
    assert found[names.INPUT_TOKENS].int_value == 12
    assert found[names.REQUEST_MODEL].string_value == "gpt-4.1"
    assert found["gen_ai.request.top_p"].double_value == 0.5
    assert found[names.FINISH_REASONS].array_value.values[0].string_value == "stop"
    assert found["payi.use_case.name"].string_value == "bot"
    assert found["gen_ai.usage.cost"].double_value == pytest.approx(12 * 2e-6 + 3 * 8e-6)
    assert "Hello" in found[names.INPUT_MESSAGES].string_value


def test_content_stays_out_unless_it_is_asked_for(collector: Collector) -> None:
    deliver(EVENT)
    assert b"Hello" not in b"".join(one.body for one in collector.origin.received)


def test_an_error_is_one(collector: Collector) -> None:
    deliver(replace(EVENT, http_status_code=429, units={}))
    [span] = collector.spans()
    assert (span.status.message, read(span)[names.ERROR_TYPE].string_value) == ("429", "429")


def test_an_event_that_comes_again_makes_the_same_span_and_another_one_another(collector: Collector) -> None:
    deliver(EVENT)
    deliver(EVENT, replace(EVENT, provider_response_id="chatcmpl-2"))
    first, again, other = collector.spans()
    assert (first.trace_id, first.span_id) == (again.trace_id, again.span_id)
    assert {len({first.trace_id, other.trace_id}), len({first.span_id, other.span_id})} == {2}


def test_the_ids_of_a_span_are_the_same_in_every_version(collector: Collector) -> None:
    deliver(EVENT, replace(EVENT, category="system.anthropic"))
    ids = [(span.trace_id.hex(), span.span_id.hex()) for span in collector.spans()]
    assert ids == [
        ("a3c8dfb37350177ea555fae63a46548b", "c27fc5ec0d66bdd1"),
        ("a843898a6385395f3542b1a6af9b1a85", "89f0fe5e6f4ce85d"),
    ]


def test_a_span_that_the_program_has_reported_is_not_made_again(collector: Collector) -> None:
    traced = replace(EVENT, properties={"trace_id": "1" * 32, "span_id": "2" * 16})
    assert deliver(traced) == deliver()
    assert collector.origin.received == []


def test_the_service_is_that_of_the_program_or_else_the_relays(collector: Collector) -> None:
    deliver(replace(EVENT, properties={"service.name": "checkout"}), EVENT)
    assert {resource["service.name"] for resource in collector.resources()} == {"checkout", "shop"}


def test_what_a_collector_does_not_take_is_sent_again(collector: Collector) -> None:
    collector.origin.responses = [CannedResponse([b"no"], status=400)]
    receipt = deliver(EVENT, EVENT)
    assert (list(receipt.retry), receipt.problem) == ([0, 1], "the spans could not be exported")


def test_an_event_that_cannot_be_encoded_is_rejected_alone(collector: Collector) -> None:
    receipt = deliver(EVENT, TOO_LONG)
    assert (receipt.rejected, list(receipt.retry)) == ({1: "otel_failed"}, [])
    assert len(collector.spans()) == 1


def test_beside_one_that_cannot_be_encoded_the_others_are_sent_again(collector: Collector) -> None:
    collector.origin.responses = [CannedResponse([b"no"], status=400)]
    receipt = deliver(EVENT, TOO_LONG)
    assert (receipt.rejected, list(receipt.retry)) == ({1: "otel_failed"}, [0])


@pytest.mark.parametrize("switch", ["settings", "variable"])
def test_nothing_is_exported_where_traces_are_off(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    if switch == "variable":
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert deliver(EVENT, traces=switch == "variable") == deliver(traces=False)
    assert collector.origin.received == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_call_is_described_as_in_the_process_that_made_it(case: Any) -> None:
    path = REGISTRY.operations[case.operation].example
    uri = f"https://api.openai.com{path}"
    route = ROUTE._replace(**{"operation": case.operation, "uri": uri, **case.route})
    event = decode_case(case, route=route)
    here, there = (
        {
            # The model that counts may have been asked for by another name. Times of events are in ms.
            name: value
            for name, value in describe_call(exchange, event).items()
            if name not in (names.REQUEST_MODEL, names.FIRST_CHUNK)
        }
        for exchange in (make_exchange(case, route=route), rebuild_exchange(event))
    )
    assert there == here


def test_a_call_is_rebuilt_from_its_event() -> None:
    exchange = rebuild_exchange(replace(EVENT, time_to_first_token_ms=250))
    assert (exchange.started, exchange.first_byte, exchange.ended) == (0.0, 0.25, 1.5)
    assert (exchange.status, exchange.route.operation, exchange.route.resource) == (
        *(200, "openai.chat", "gpt-4.1"),
    )
    assert exchange.request_body is not None and exchange.log_content
    bare = rebuild_exchange(Event(category="c", units={}, provider_response_id="id"))
    assert (bare.request_body, bare.log_content, bare.chunks, bare.first_byte) == (None, False, [], None)
    assert abs(bare.timestamp - time.time()) < 60
    late = rebuild_exchange(replace(EVENT, event_timestamp=None, end_to_end_latency_ms=3_600_000))
    assert 3500 < time.time() - late.timestamp < 3700


@pytest.mark.parametrize(
    ("properties", "made"),
    [
        ({"trace_id": "1" * 32}, 1),
        ({"span_id": "2" * 16}, 1),
        ({"trace_id": "1", "span_id": "2"}, 0),
        (None, 1),
    ],
)
def test_both_ids_of_a_span_say_that_it_was_reported(
    properties: dict[str, str] | None, made: int, collector: Collector
) -> None:
    deliver(replace(EVENT, properties=properties))
    assert len(collector.spans()) == made


def test_the_cost_has_the_attribute_that_is_configured(collector: Collector) -> None:
    deliver(EVENT, cost_attribute="my.cost", content=True, content_limit=2)
    [span] = collector.spans()
    found = read(span)
    assert "my.cost" in found and "gen_ai.usage.cost" not in found
    assert '"content":"He"' in found[names.INPUT_MESSAGES].string_value


def test_a_request_of_aws_is_named() -> None:
    headers = (
        Header("X-Amzn-RequestId", "r-1"),
        Header("content-type", "application/vnd.amazon.eventstream"),
    )
    event = replace(EVENT, provider_response_headers=headers)
    assert describe_call(rebuild_exchange(event), event)[names.AWS_REQUEST_ID] == "r-1"


@pytest.mark.parametrize("uri", [None, "", "https://[", "https://gw.example.org:port/ask", "odd"])
def test_an_address_that_tells_no_operation_is_a_call(uri: str | None) -> None:
    event = replace(EVENT, provider_uri=uri)
    assert describe_call(rebuild_exchange(event), event)[names.OPERATION] == "call"


anything = st.none() | st.text() | st.sampled_from(["https://api.openai.com/v1/responses", "{}", "[", "null"])


@given(
    st.builds(
        Event,
        category=st.text(),
        resource=anything,
        units=st.dictionaries(
            st.text(), st.builds(Units, st.none() | st.integers(), st.none() | st.integers())
        ),
        provider_response_id=st.text(),
        event_timestamp=st.none() | st.datetimes(timezones=st.just(timezone.utc)),
        end_to_end_latency_ms=st.none() | st.integers(),
        time_to_first_token_ms=st.none() | st.integers(),
        http_status_code=st.none() | st.integers(),
        provider_uri=anything,
        provider_request_json=anything,
        provider_response_json=anything | st.lists(st.text()).map(tuple),
        properties=st.none() | st.dictionaries(st.text(), st.text()),
    )
)
def test_an_event_of_any_shape_is_accepted_or_rejected(event: Event) -> None:
    sink = RelayedSpans.from_section(OtelSettings(traces=False))
    receipt = sink.deliver([event])
    assert set(receipt.rejected.values()) <= {"otel_failed"}
    assert not receipt.retry
