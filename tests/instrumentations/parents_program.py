"""A program whose HTTP requests are traced by a library, and whose calls are spans of this one.

    python -m tests.instrumentations.parents_program LIBRARY ORDER PROVIDER

ORDER is "theirs" or "ours", who starts first, or "alone". Prints the name of each span and of its parent, by
call.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from payi_transport import MemorySink, payi_flush, payi_instrument
from tests.instrumentations.calls import HTTP_CALLS, SDK_CALLS

__all__ = ["LIBRARIES"]

_CALLS = {name: {**HTTP_CALLS, **SDK_CALLS}[name] for name in ("httpx", "httpx async", "thread", "openai")}


class _Span(NamedTuple):
    name: str
    id: int
    parent: int | None


_ended: list[_Span] = []


def _set_provider(provider: Any) -> None:
    # Not at the top: who imports OpenTelemetry first is a part of the order.
    from opentelemetry import trace

    trace.set_tracer_provider(provider)


def _make_processor() -> Any:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

    class Collect(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            _ended.append(_Span(span.name, span.context.span_id, span.parent and span.parent.span_id))

    return Collect()


def _start_opentelemetry() -> None:
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    provider.add_span_processor(_make_processor())
    _set_provider(provider)
    for module, name in (("httpx", "HTTPXClientInstrumentor"), ("threading", "ThreadingInstrumentor")):
        getattr(importlib.import_module(f"opentelemetry.instrumentation.{module}"), name)().instrument()


def _start_logfire() -> None:
    logfire: Any = importlib.import_module("logfire")
    logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[_make_processor()])
    logfire.instrument_httpx()


def _start_ddtrace() -> None:
    dd: Any = importlib.import_module("ddtrace")
    traces: Any = importlib.import_module("ddtrace.trace")

    class Collect(traces.TraceFilter):  # type: ignore[misc]
        def process_trace(self, spans: Any) -> None:
            _ended.extend(_Span(span.resource, span.span_id, span.parent_id) for span in spans)

    traces.tracer.configure(trace_processors=[Collect()])
    _set_provider(importlib.import_module("ddtrace.opentelemetry").TracerProvider())
    dd.patch(httpx=True, futures=True)


LIBRARIES: dict[str, Callable[[], None]] = {
    "opentelemetry.instrumentation.httpx": _start_opentelemetry,
    "logfire": _start_logfire,
    "ddtrace": _start_ddtrace,
}


def _start_ours(url: str) -> None:
    mappings: Any = {url: {"price_as_category": "system.openai"}}
    config: Any = {"host_mappings": mappings, "otel": {"metrics": False}}
    payi_instrument(sink=[MemorySink(), "otel"], config=config)


def main(library: str, order: str, url: str) -> dict[str, list[tuple[str, str | None]]]:
    starts: dict[str, Callable[[], None]] = {"theirs": LIBRARIES[library], "ours": lambda: _start_ours(url)}
    for who in {"theirs": ("theirs", "ours"), "ours": ("ours", "theirs"), "alone": ("theirs",)}[order]:
        starts[who]()
    from opentelemetry import trace

    told = {}
    for name, call in _CALLS.items():
        _ended.clear()
        # It has to wait for ours, since a trace of ddtrace's is complete with its root.
        with trace.get_tracer("program").start_as_current_span("root"):
            call(url)
            payi_flush(30)
        names = {span.id: span.name for span in _ended}
        told[name] = sorted((span.name, names.get(span.parent or 0)) for span in _ended)
    return told


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
