"""Providers made from the variables of OpenTelemetry, where the application has none."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.sinks.otel.providers import Meters, Tracers
from tests.sinks.otel.application import Application, Collector


def test_with_exporters_turned_off_nothing_is_sent(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    tracers, meters = Tracers(lambda: None), Meters()
    tracers.get().start_span("a").end()
    assert tracers.export()
    meters.get().get_meter("m").create_counter("c").add(1)
    meters.close()
    tracers.close()
    assert collector.origin.received == []


@pytest.mark.parametrize("interval", ["10", "never"])
def test_metrics_are_exported_at_an_interval_and_at_the_end(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, interval: str
) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", interval)
    meters = Meters()
    meters.get().get_meter("m").create_counter("c").add(1)
    if interval == "10":
        assert collector.arrived.wait(30)
    meters.close()
    meters.close()
    assert collector.metric_names() == {"c"}


def test_the_provider_of_the_application_replaces_ours(
    application: Application, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry import metrics

    internal: Any = metrics._internal
    theirs = internal._METER_PROVIDER
    monkeypatch.setattr(internal, "_METER_PROVIDER", None)
    meters = Meters()
    own = meters.get()
    assert meters.get() is own
    monkeypatch.setattr(internal, "_METER_PROVIDER", theirs)
    assert meters.get() is theirs


def test_a_provider_that_two_threads_meet_at_once_is_met_once(application: Application) -> None:
    met: list[str] = []
    tracers = Tracers(lambda: met.append("met"))
    for _ in range(2):
        tracers._meet(application.provider)
    assert met == ["met"]


def test_a_provider_without_processors_makes_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry import trace

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", trace.NoOpTracerProvider())
    assert Tracers(lambda: None).find() is not None


def test_a_span_that_is_recorded_but_not_sampled_is_not_exported(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.sdk.trace import sampling

    class RecordOnly(sampling.StaticSampler):
        def __init__(self) -> None:
            super().__init__(sampling.Decision.RECORD_ONLY)

    monkeypatch.setattr(sampling, "_get_from_env_or_default", RecordOnly)
    tracers = Tracers(lambda: None)
    for name in ("a", "b"):
        span = tracers.get().start_span(name)
        assert span.is_recording()
        span.end()
    assert tracers.export()
    tracers.close()
    assert collector.origin.received == []
