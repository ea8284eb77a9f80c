"""Providers of an application, and a collector on loopback that decodes what it gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.sinks.otel.application import Application, Collector
from tests.support.origin import Origin, serve


@pytest.fixture(autouse=True)
def no_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the providers of other tests, which OpenTelemetry lets a process set only once."""
    internal: Any = metrics._internal
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(internal, "_METER_PROVIDER", None)
    for name in ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_METRIC_EXPORT_INTERVAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch, no_providers: None) -> Iterator[Application]:
    internal: Any = metrics._internal
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    monkeypatch.setattr(internal, "_METER_PROVIDER", meters)
    yield Application(provider, spans, reader)
    provider.shutdown()
    meters.shutdown()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with serve() as origin:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", origin.url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
        yield Collector(origin)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running
