"""The providers of tracers and meters: the application's own, or ours, made from the variables `OTEL_*`.

The application may set its providers at any time, so they are looked up again and again. Our tracer
provider has no processor that exports in the background. What a batch of events has made is exported in one
request when they are delivered, so that its outcome is that of the delivery.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from opentelemetry import context, metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from payi_transport.runtime.process_lock import ProcessLock
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.foreign import KnownSpans

__all__ = ["Meters", "Tracers", "is_exported", "suppress_tracing"]

_SUPPRESSIONS = ("suppress_instrumentation", "suppress_http_instrumentation")
_CLOSE_MS = 5000
# Seconds.
_INTERVAL, _LONGEST_INTERVAL = 60.0, 86400.0


@contextlib.contextmanager
def suppress_tracing() -> Iterator[None]:
    """Keep our own exports out of everyone's traces."""
    values = context.get_current()
    for name in _SUPPRESSIONS:
        values = context.set_value(getattr(context, f"_{name.upper()}_KEY", name), True, values)
    token = context.attach(values)
    try:
        yield
    finally:
        context.detach(token)


def is_exported(variable: str) -> bool:
    """Return whether one of the variables for exporters leaves OTLP on, as it is by default."""
    return os.environ.get(variable, "otlp").strip().lower() != "none"


class _EndedSpans(SpanProcessor):
    """Keep the spans that have ended since the last export."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self.spans.append(span)


class Tracers:
    """Return the tracer for a call, and export what ours has made.

    `on_application` is called for each provider that the application sets.
    """

    def __init__(self, on_application: Callable[[], None]) -> None:
        self.known = KnownSpans()
        self._on_application = on_application
        # The application's provider that was seen last, by any thread.
        self._seen: Any = None
        # Also while it has set none.
        self._seen_by_callers: Any = None
        self._lock = ProcessLock()
        self._own: TracerProvider | None = None
        self._ended = _EndedSpans()
        self._exporter: SpanExporter | None = None

    def find(self) -> trace.Tracer | None:
        """Return the tracer of the application's provider, None if it has set none."""
        provider = trace.get_tracer_provider()
        if isinstance(provider, trace.ProxyTracerProvider):
            return None
        if provider is not self._seen:
            self._meet(provider)
        return provider.get_tracer(names.SCOPE)

    def _meet(self, provider: Any) -> None:
        with self._lock:
            if provider is self._seen:
                return
            self._seen = provider
        # Providers of other SDKs have no processors, and their spans can't be read either.
        if hasattr(provider, "add_span_processor"):
            provider.add_span_processor(self.known)
        self._on_application()

    def remember(self) -> context.Context:
        """Return the context of a caller. Runs on its thread.

        The application may have set its provider just now, and another library may be about to end its span
        of this call.
        """
        provider = trace.get_tracer_provider()
        if provider is not self._seen_by_callers:
            self._seen_by_callers = provider
            self.find()
        return context.get_current()

    def get(self) -> trace.Tracer:
        """Return the application's tracer, or ours."""
        return self.find() or self._get_own().get_tracer(names.SCOPE)

    def _get_own(self) -> TracerProvider:
        if self._own is None:
            self._exporter = OTLPSpanExporter() if is_exported("OTEL_TRACES_EXPORTER") else None
            # The sink ends it, once the last events are delivered.
            self._own = TracerProvider(shutdown_on_exit=False)
            self._own.add_span_processor(self._ended)
        return self._own

    def export(self) -> bool:
        """Export what our own provider has made. Return False if that has to be tried again."""
        spans, exporter = self._ended.spans, self._exporter
        if spans and exporter is not None:
            with suppress_tracing():
                if exporter.export(spans) is not SpanExportResult.SUCCESS:
                    return False
        self._ended.spans = []
        return True

    def fork(self) -> None:
        """Start over in a forked child: the spans that wait are the parent's."""
        self._ended = _EndedSpans()
        self._own = self._exporter = None

    def close(self) -> None:
        if self._exporter is not None:
            self._exporter.shutdown()


class Meters:
    """Return the meter provider: the application's, if it has set one by now, or ours."""

    def __init__(self) -> None:
        self._own: _OwnMeters | None = None

    def get(self) -> metrics.MeterProvider:
        provider = metrics.get_meter_provider()
        # There is no public way to ask.
        if type(provider).__name__ == "_ProxyMeterProvider":
            self._own = self._own or _OwnMeters()
            return self._own.provider
        # What was recorded before the application has set its own stays with ours.
        self.close()
        return provider

    def fork(self) -> None:
        """Start over in a forked child: what was counted is the parent's."""
        self._own = None

    def close(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            own.close()


class _OwnMeters:
    """A meter provider that exports every `OTEL_METRIC_EXPORT_INTERVAL` milliseconds, and at the end.

    The SDK's reader would start its thread again in a forked child, and export there what the parent has
    counted. So its own thread is off, and this one belongs to one process.
    """

    def __init__(self) -> None:
        self._reader = (
            PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=math.inf)
            if is_exported("OTEL_METRICS_EXPORTER")
            else None
        )
        self.provider = MeterProvider([self._reader] if self._reader else [], shutdown_on_exit=False)
        self._stopped = False
        self._wake = WakeEvent()
        if self._reader is not None:
            threading.Thread(target=self._export, name="payi-transport-metrics", daemon=True).start()

    def _export(self) -> None:
        while True:
            self._wake.wait(_find_interval())
            if self._stopped:
                return
            self._collect()

    def _collect(self) -> None:
        if self._reader is not None:
            with suppress_tracing():
                self._reader.collect()

    def close(self) -> None:
        self._stopped = True
        self._wake.set()
        self._collect()
        self.provider.shutdown(timeout_millis=_CLOSE_MS)


def _find_interval() -> float:
    """Return the seconds between two exports."""
    try:
        seconds = float(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", "")) / 1000
    except ValueError:
        return _INTERVAL
    return seconds if 0 < seconds < _LONGEST_INTERVAL else _INTERVAL
