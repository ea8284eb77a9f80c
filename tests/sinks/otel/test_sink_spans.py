"""The times, the attributes, and the end of a span, and what a sampler is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from msgspec.structs import replace
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler, SamplingResult

from payi_transport.config.otel_settings import OtelSettings
from payi_transport.sinks.otel.sink import OtelSink
from payi_transport.values.event import Event
from tests.sinks.otel.application import Application
from tests.support.exchanges import decode_case, make_exchange
from tests.support.wire_cases import UNARY

EVENT = decode_case(UNARY)
NOON = datetime(2026, 11, 28, 12, tzinfo=timezone.utc).timestamp()


def trace_call(sink: OtelSink, event: Event = EVENT, seconds: float = 1.5) -> Event:
    exchange = make_exchange(UNARY)
    exchange.timestamp, exchange.started, exchange.ended = NOON, 100.0, 100.0 + seconds
    return sink.trace_call(exchange, event)


@pytest.mark.parametrize(("seconds", "length"), [(1.5, 1_500_000_000), (-3.0, 0)])
def test_a_span_has_the_times_of_its_call(seconds: float, length: int, application: Application) -> None:
    sink = OtelSink(OtelSettings())
    receipt = sink.deliver([trace_call(sink, seconds=seconds)])
    assert (receipt.rejected, list(receipt.retry), receipt.problem) == ({}, [], None)
    [span] = application.ours()
    assert (span.start_time, span.end_time) == (round(NOON * 1e9), round(NOON * 1e9) + length)
    [point] = application.metrics()["gen_ai.client.operation.duration"]
    assert point.sum == max(0.0, seconds)


def test_a_call_that_was_not_timed_has_no_duration(application: Application) -> None:
    sink = OtelSink(OtelSettings())
    sink.deliver([trace_call(sink, replace(EVENT, end_to_end_latency_ms=None))])
    assert "gen_ai.client.operation.duration" not in application.metrics()


def test_a_sampler_is_told_what_it_may_want_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    class Telling(Sampler):
        def should_sample(
            self, parent_context: Any, trace_id: int, name: str, *args: Any, **more: Any
        ) -> SamplingResult:
            attributes: Any = more["attributes"] if "attributes" in more else args[1]
            told.append((name, dict(attributes)))
            return ALWAYS_ON.should_sample(parent_context, trace_id, name, *args, **more)

        def get_description(self) -> str:
            return "tells"

    provider = TracerProvider(sampler=Telling(), shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    trace_call(OtelSink(OtelSettings(metrics=False)))
    assert told == [
        (
            "chat gpt-4.1",
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4.1",
                "server.address": "api.openai.com",
                "server.port": 443,
            },
        )
    ]


def test_an_error_is_the_description_of_the_status(application: Application) -> None:
    sink = OtelSink(OtelSettings())
    sink.deliver([trace_call(sink, replace(EVENT, http_status_code=429, units={}))])
    [span] = application.ours()
    assert span.status.description == "429"


@pytest.mark.parametrize("name", ["gen_ai.usage.cost", "my.cost"])
def test_the_cost_has_the_attribute_that_is_configured(name: str, application: Application) -> None:
    sink = OtelSink(OtelSettings(cost_attribute=name))
    sink.deliver([trace_call(sink)])
    [span] = application.ours()
    costs = [key for key in span.attributes or {} if key.endswith("cost")]
    assert costs == [name]
    assert (span.attributes or {})[name] == application.metrics()["payi.cost"][0].value


def test_without_metrics_there_are_spans_only(application: Application) -> None:
    sink = OtelSink(OtelSettings(metrics=False))
    sink.deliver([trace_call(sink)])
    assert len(application.ours()) == 1
    assert application.metrics() == {}


def test_an_event_that_comes_again_is_recorded_once(application: Application) -> None:
    sink = OtelSink(OtelSettings())
    traced = trace_call(sink)
    for _ in range(2):
        assert sink.deliver([traced, EVENT]).rejected == {1: "otel_untraced"}
    assert len(application.ours()) == 1
    assert application.metrics()["gen_ai.client.operation.duration"][0].count == 1


def test_what_was_not_exported_is_sent_again_without_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    sink = OtelSink(OtelSettings(metrics=False))
    exported: list[bool] = [False, True]
    monkeypatch.setattr(sink._tracers, "export", lambda: exported.pop(0))
    batch: Sequence[Event] = [EVENT, trace_call(sink), EVENT, trace_call(sink)]
    receipt = sink.deliver(batch)
    assert (list(receipt.retry), receipt.rejected) == ([1, 3], {0: "otel_untraced", 2: "otel_untraced"})
    assert receipt.problem == "the spans could not be exported"
    assert list(sink.deliver([batch[1], batch[3]]).retry) == []
    sink.close()
