"""What an application and a collector have seen."""

from __future__ import annotations

import gzip
import threading
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from payi_transport import MemorySink, payi_instrument
from tests.support.origin import CannedResponse, Origin

__all__ = ["Application", "Collector", "start"]


class Application(NamedTuple):
    """An application that has set providers of its own."""

    provider: TracerProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def tracer(self) -> Any:
        return self.provider.get_tracer("application")

    def ours(self) -> list[ReadableSpan]:
        spans = self.exporter.get_finished_spans()
        return [span for span in spans if span.instrumentation_scope.name == "payi_transport"]  # type: ignore[union-attr]

    def metrics(self) -> dict[str, list[Any]]:
        """Return the data points of each metric."""
        data = self.reader.get_metrics_data()
        scopes = data.resource_metrics[0].scope_metrics if data else []
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}


class Collector:
    """A receiver of OTLP over HTTP."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        # Set once a request has come.
        self.arrived = threading.Event()
        respond = origin.next_response

        def next_response() -> CannedResponse:
            self.arrived.set()
            return respond()

        origin.next_response = next_response  # type: ignore[method-assign]
        origin.responses = [CannedResponse([b""], headers={"content-type": "application/x-protobuf"})]

    def _bodies(self, path: str) -> list[bytes]:
        return [
            gzip.decompress(one.body) if one.headers.get("content-encoding") == "gzip" else one.body
            for one in self.origin.received
            if one.path == path
        ]

    def spans(self) -> list[Any]:
        requests = map(ExportTraceServiceRequest.FromString, self._bodies("/v1/traces"))
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def resources(self) -> list[dict[str, str]]:
        requests = map(ExportTraceServiceRequest.FromString, self._bodies("/v1/traces"))
        return [
            {one.key: one.value.string_value for one in resource.resource.attributes}
            for request in requests
            for resource in request.resource_spans
        ]

    def metric_names(self) -> set[str]:
        requests = map(ExportMetricsServiceRequest.FromString, self._bodies("/v1/metrics"))
        return {
            metric.name
            for request in requests
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def start(sink: Any = None, **otel: Any) -> MemorySink:
    """Report calls to OpenTelemetry, and to a sink that keeps them."""
    memory = sink or MemorySink()
    config: Any = {"otel": otel, "use_case_name": "bot"}
    payi_instrument(sink=[memory, "otel"], config=config)
    return memory
