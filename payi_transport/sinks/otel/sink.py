"""The sink that makes a span and metrics of each call.

A span needs an id before its event is delivered anywhere, because the event has the ids as properties. So
the span is started when the call is decoded, by `trace_call`, and ended when the event reaches this sink.
On the caller's thread only the current context is remembered.

Beside another library's span for the same call, ours carries no usage, and links to it. The other one may
have no usage either, as for a stream that did not ask for it. Then ours has it after all.
"""

from __future__ import annotations

import atexit
import contextvars
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from opentelemetry import context as otel_context
from opentelemetry import trace

from payi_transport.capture.exchange import Exchange
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.attributes import (
    Attributes,
    describe_call,
    describe_usage,
    find_cost,
    name_span,
)
from payi_transport.sinks.otel.content import describe_content
from payi_transport.sinks.otel.foreign import carries_usage, find_foreign
from payi_transport.sinks.otel.meters import CallMetrics, observe_health
from payi_transport.sinks.otel.providers import Meters, Tracers
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event
from payi_transport.values.traced import call_of, trace_event

__all__ = ["OtelSink"]

# What a sampler may want to know.
_AT_START = (names.OPERATION, names.PROVIDER, names.REQUEST_MODEL, names.SERVER_ADDRESS, names.SERVER_PORT)
# Why an event is counted as lost: it went through a file, or code of the application's raised.
_UNTRACED, _FAILED = "otel_untraced", "otel_failed"
# How long after the end of a call another library may end its span of it.
_TWIN_NS = 500_000_000


class _Call(msgspec.Struct):
    """What `trace_call` leaves for `deliver`. `span` is None where none is wanted. Times are in ns."""

    attributes: Attributes
    started: int
    ended: int
    seconds: float | None
    span: Any = None
    foreign: Any = None
    is_done: bool = False


class OtelSink:
    """Report each call to the application's providers of OpenTelemetry, or to ones made from `OTEL_*`."""

    config_section = "otel"
    batch_limit = None
    # A span belongs to this process and to its memory.
    spools = False

    @classmethod
    def from_section(cls, section: OtelSettings) -> OtelSink:
        """Return the sink that a section of `config` asks for."""
        return cls(section)

    def __init__(self, settings: OtelSettings) -> None:
        self._settings = settings
        self._read_stats: Callable[[], Any] | None = None
        self._flush: Callable[[], object] | None = None
        self._tracers = Tracers(self._flush_before_application)
        self.remember: Callable[[], Any] | None = self._tracers.remember if settings.traces else None
        self._meters = Meters()
        # Those of the provider that was seen last.
        self._provider: Any = None
        self._metrics: CallMetrics | None = None
        # The application may be about to start spans, and each has to be known.
        if settings.traces:
            self._tracers.find()

    def observe(self, read_stats: Callable[[], Any], flush: Callable[[], object]) -> None:
        """Report the library's own account, which `read_stats` returns. `flush` delivers what waits."""
        self._read_stats, self._flush = read_stats, flush

    def _flush_before_application(self) -> None:
        """Flush at exit before a provider ends that the application set after `payi_instrument()`."""
        reference = weakref.ref(self)

        def flush() -> None:
            sink = reference()
            if sink is not None and sink._flush is not None:
                sink._flush()

        # These functions run in reverse order, and the provider has registered its own already.
        atexit.register(flush)

    def trace_call(self, exchange: Exchange, event: Event) -> Event:
        """Start the span of a call; return the event with the ids of the span, and what `deliver` needs."""
        started = round(exchange.timestamp * 1e9)
        seconds = max(0.0, exchange.ended - exchange.started)
        measured = None if event.end_to_end_latency_ms is None else seconds
        call = _Call({}, started, started + round(seconds * 1e9), measured)
        try:
            call.attributes = describe_call(exchange, event)
            if self._settings.traces:
                self._start_span(call, _find_context(exchange.caller))
        except Exception:
            # From a sampler or a processor of the application's. `deliver` counts it.
            return event
        if call.span is None:
            return trace_event(event, call)
        ids = call.span.get_span_context()
        joined = {names.TRACE_ID: f"{ids.trace_id:032x}", names.SPAN_ID: f"{ids.span_id:016x}"}
        return trace_event(event, call, joined)

    def _start_span(self, call: _Call, context: Any) -> None:
        tracer = self._tracers.get()
        parent = trace.get_current_span(context)
        parent_context = parent.get_span_context()
        # Whatever the sampler would say to a child of it.
        if parent_context.is_valid and not parent_context.trace_flags.sampled:
            return
        call.foreign = find_foreign(parent, self._tracers.known)
        span = tracer.start_span(
            name_span(call.attributes),
            context=context,
            kind=trace.SpanKind.CLIENT,
            attributes={name: call.attributes[name] for name in _AT_START if name in call.attributes},
            links=[] if call.foreign is None else [trace.Link(call.foreign.get_span_context())],
            start_time=call.started,
        )
        if span.is_recording():
            call.span = span

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """End the spans of a batch and record its metrics, and export what our own provider has."""
        rejected: dict[int, str] = {}
        self._wait_for_twins(batch)
        for index, event in enumerate(batch):
            reason = self._finish_once(event)
            if reason is not None:
                rejected[index] = reason
        if self._tracers.export():
            return Receipt(rejected=rejected)
        # The spans wait at their exporter. What is sent again are these, and no event is recorded twice.
        again = [index for index in range(len(batch)) if index not in rejected]
        return Receipt(retry=again, rejected=rejected, problem="the spans could not be exported")

    def _wait_for_twins(self, batch: Sequence[Event]) -> None:
        """Wait until other libraries have read the responses, too, and ended their spans."""
        calls = [call for event in batch if (call := call_of(event)) is not None and call.span is not None]
        if calls and self._tracers.known.has_twins:
            newest = max(call.ended for call in calls)
            # A clock that was set back would make this long.
            time.sleep(min(max(0, newest + _TWIN_NS - time.time_ns()), _TWIN_NS) / 1e9)

    def _finish_once(self, event: Event) -> str | None:
        """Finish a call. Return why that is not possible, None if it is."""
        call = call_of(event)
        if call is None:
            return _UNTRACED
        if not call.is_done:
            call.is_done = True
            try:
                self._finish(call, event)
            except Exception:
                # From a processor or a reader of the application's.
                return _FAILED
        return None

    def _finish(self, call: _Call, event: Event) -> None:
        usage = describe_usage(event)
        cost = find_cost(event)
        if self._settings.metrics:
            self._get_metrics().record(call.attributes, usage, call.seconds, cost)
        if call.span is not None:
            self._end_span(call, event, usage, cost)

    def _end_span(self, call: _Call, event: Event, usage: Attributes, cost: float | None) -> None:
        span, foreign = call.span, call.foreign
        # The span of a caller is not kept alive for longer than needed.
        call.span = call.foreign = None
        attributes = dict(call.attributes)
        if not self._is_counted_elsewhere(call, span, foreign, usage):
            attributes.update(usage)
            if cost is not None:
                attributes[self._settings.cost_attribute] = cost
        if self._settings.content:
            attributes.update(describe_content(event, attributes, self._settings.content_limit))
        span.set_attributes(attributes)
        if names.ERROR_TYPE in attributes:
            span.set_status(trace.Status(trace.StatusCode.ERROR, attributes[names.ERROR_TYPE]))
        span.end(call.ended)

    def _is_counted_elsewhere(self, call: _Call, span: Any, foreign: Any, usage: Attributes) -> bool:
        """Whether another library's span has the usage of a call."""
        if foreign is not None and carries_usage(foreign):
            self._tracers.known.take(foreign)
            return True
        if not usage:
            return False
        tokens = usage.get(names.INPUT_TOKENS), usage.get(names.OUTPUT_TOKENS)
        response_id = call.attributes.get(names.RESPONSE_ID)
        twin = self._tracers.known.find_twin(span, call.started, response_id, tokens)
        if twin is not None:
            span.add_link(twin)
        return twin is not None

    def _get_metrics(self) -> CallMetrics:
        provider = self._meters.get()
        if self._metrics is None or provider is not self._provider:
            self._provider = provider
            meter = provider.get_meter(names.SCOPE)
            self._metrics = CallMetrics(meter, self._settings)
            if self._read_stats is not None:
                observe_health(provider, meter, self._read_stats)
        return self._metrics

    def fork(self) -> None:
        self._tracers.fork()
        self._meters.fork()
        self._metrics = None

    def close(self) -> None:
        """Export the metrics of our own provider for the last time, and end what exports."""
        self._meters.close()
        self._tracers.close()


def _find_context(caller: Any) -> Any:
    """Return OpenTelemetry's context of a caller, an empty one if nothing is known of it."""
    if isinstance(caller, contextvars.Context):
        # All of its variables were remembered, for the user's logger.
        return caller.run(otel_context.get_current)
    return otel_context.Context() if caller is None else caller
