"""The sink of a relay for OpenTelemetry: a span of each event that another process has recorded.

Such an event comes without its call, so the call is rebuilt from it. The span has no parent, because only the
process that made the call knew its trace. Its ids are derived from the event's id, so an event that comes
again makes the same span. An event with the ids of a span was already reported by the program itself, and
makes no other one. There are no metrics: they have no ids, and what comes again would count twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.context.frame import Frame
from payi_transport.providers.provider import GRPC, WEBSOCKET
from payi_transport.routing.hosts import HostPattern
from payi_transport.routing.paths import find_operation
from payi_transport.routing.routes import Route
from payi_transport.runtime.clock import time
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.attributes import (
    describe_call,
    describe_usage,
    find_cost,
    name_span,
    split_address,
)
from payi_transport.sinks.otel.content import describe_content
from payi_transport.sinks.otel.providers import is_exported, suppress_tracing
from payi_transport.sinks.otel.responses import strip_prefixes
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event
from payi_transport.values.names import UNKNOWN_RESOURCE

__all__ = ["RelayedSpans", "rebuild_exchange"]

_SCOPE = InstrumentationScope(names.SCOPE)
# Why an event can't be delivered: it holds something that OTLP can't encode.
_FAILED = "otel_failed"


class RelayedSpans:
    """Export a span of each event to where the variables `OTEL_*` say."""

    config_section = "otel"
    batch_limit = None

    @classmethod
    def from_section(cls, section: OtelSettings) -> RelayedSpans:
        """Return the sink that a section of `config` asks for."""
        return cls(section)

    def __init__(self, settings: OtelSettings) -> None:
        self._settings = settings
        is_wanted = settings.traces and is_exported("OTEL_TRACES_EXPORTER")
        self._exporter = OTLPSpanExporter() if is_wanted else None

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Export the spans of a batch, which are sent again unless they were taken."""
        spans: dict[int, ReadableSpan] = {}
        rejected: dict[int, str] = {}
        for index, event in enumerate(batch):
            if _is_traced(event):
                continue
            try:
                spans[index] = self._make_span(event)
                encode_spans([spans[index]])
            except Exception:
                # It must not hold up the others, and it would: the exporter doesn't say which span failed.
                spans.pop(index, None)
                rejected[index] = _FAILED
        if self._export([*spans.values()]):
            return Receipt(rejected=rejected)
        return Receipt(retry=[*spans], rejected=rejected, problem="the spans could not be exported")

    def _export(self, spans: Sequence[ReadableSpan]) -> bool:
        if not spans or self._exporter is None:
            return True
        with suppress_tracing():
            return self._exporter.export(spans) is SpanExportResult.SUCCESS

    def _make_span(self, event: Event) -> ReadableSpan:
        exchange = rebuild_exchange(event)
        attributes = {**describe_call(exchange, event), **describe_usage(event)}
        cost = find_cost(event)
        if cost is not None:
            attributes[self._settings.cost_attribute] = cost
        if self._settings.content:
            attributes.update(describe_content(event, attributes, self._settings.content_limit))
        error = attributes.get(names.ERROR_TYPE)
        started = round(exchange.timestamp * 1e9)
        return ReadableSpan(
            name_span(attributes),
            context=_make_context(event),
            resource=_make_resource((event.properties or {}).get(SERVICE_NAME)),
            attributes=attributes,
            kind=SpanKind.CLIENT,
            status=Status(StatusCode.ERROR, error) if error else Status(),
            start_time=started,
            end_time=started + round(exchange.ended * 1e9),
            instrumentation_scope=_SCOPE,
        )

    def fork(self) -> None:
        """Do nothing: a relay starts no children."""

    def close(self) -> None:
        """End what exports."""
        exporter: Any = self._exporter
        if exporter is not None:
            exporter.shutdown()


def _is_traced(event: Event) -> bool:
    """Whether the program that recorded an event has reported its span."""
    properties = event.properties or {}
    return names.TRACE_ID in properties and names.SPAN_ID in properties


def _make_context(event: Event) -> SpanContext:
    identity = f"{event.category}\0{event.provider_response_id}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(identity, digest_size=24).digest()
    # Zero is not a valid id, so the last bit is set.
    trace_id, span_id = int.from_bytes(digest[:16], "big") | 1, int.from_bytes(digest[16:], "big") | 1
    return SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@lru_cache(maxsize=256)
def _make_resource(service: str | None) -> Resource:
    """Return the resource of a service, which is the relay's own where an event names none."""
    return Resource.create({} if service is None else {SERVICE_NAME: service})


def rebuild_exchange(event: Event) -> Exchange:
    """Return the call that an event reports, as far as the event tells. Its times count from its start."""
    uri = event.provider_uri or ""
    chunks = event.provider_response_json or ()
    texts = [chunks] if isinstance(chunks, str) else [f"\ndata:{chunk}" for chunk in chunks]
    body = [_encode(text) for text in texts]
    seconds = (event.end_to_end_latency_ms or 0) / 1000
    at = event.event_timestamp
    request = event.provider_request_json
    first = event.time_to_first_token_ms
    return Exchange(
        route=Route(_find_operation(uri), event.category, uri, HostPattern("", None), _find_model(event)),
        context=Frame(),
        log_content=request is not None,
        request_headers=(),
        request_body=None if request is None else _encode(request),
        body_limit=0,
        status=event.http_status_code,
        response_headers=_select_headers(event),
        decoded=True,
        chunks=body,
        tail=None,
        size=sum(map(len, body)),
        outcome=Outcome.EXHAUSTED,
        error=None,
        timestamp=time() - seconds if at is None else at.timestamp(),
        started=0.0,
        first_byte=None if first is None else first / 1000,
        ended=seconds,
    )


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _find_operation(uri: str) -> str:
    address = split_address(uri)
    path = "" if address is None else address.path
    # An event doesn't have the method. OpenTelemetry calls all operations of one path the same.
    found = (find_operation(method, path) for method in ("POST", "GET", WEBSOCKET, GRPC))
    return next((name for name in found if name is not None), names.UNKNOWN_OPERATION)


def _find_model(event: Event) -> str | None:
    return None if event.resource in (None, UNKNOWN_RESOURCE) else strip_prefixes(event.resource)


def _select_headers(event: Event) -> tuple[bytes, ...]:
    # The others describe a body that is no longer as it was sent.
    return tuple(
        part
        for header in event.provider_response_headers or ()
        if header.name.lower() == names.AWS_REQUEST_HEADER
        for part in (_encode(header.name), _encode(header.value))
    )
