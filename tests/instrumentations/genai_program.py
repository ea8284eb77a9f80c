"""A program whose calls to models are traced by a library and by this one. Prints the spans of each call.

    python -m tests.instrumentations.genai_program TRACER ORDER PROVIDER

ORDER is "theirs" or "ours": who starts first. The same calls without the other one are in the output as well.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_uninstrument
from tests.instrumentations.genai_calls import GENAI_CALLS
from tests.instrumentations.genai_tracers import GENAI_TRACERS

_exporter = InMemorySpanExporter()


def instrument(url: str) -> None:
    category = {"anthropic": "system.anthropic", "google": "system.google.vertex"}
    mappings: Any = {
        f"{url}/v1/messages": {"price_as_category": category["anthropic"]},
        f"{url}/v1beta": {"price_as_category": category["google"]},
        url: {"price_as_category": "system.openai"},
    }
    payi_instrument(sink=[MemorySink(), "otel"], config={"host_mappings": mappings})


def make_calls(names: tuple[str, ...], url: str) -> dict[str, list[dict[str, Any]]]:
    """Make each call in a trace of its own, and return the spans of each."""
    tracer = trace.get_tracer("program")
    traces = {}
    for name in names:
        with tracer.start_as_current_span(name) as root:
            GENAI_CALLS[name](url)
        payi_flush(30)
        number = root.get_span_context().trace_id
        spans = [span for span in _exporter.get_finished_spans() if span.context.trace_id == number]
        traces[name] = [describe(span) for span in spans if span.name != name]
        _exporter.clear()
    return traces


def describe(span: ReadableSpan) -> dict[str, Any]:
    scope = span.instrumentation_scope
    return {
        "name": span.name,
        "scope": scope.name if scope else None,
        "links": len(span.links),
        "attributes": {
            name: value for name, value in (span.attributes or {}).items() if isinstance(value, (int, str))
        },
    }


def main(name: str, order: str, url: str) -> dict[str, Any]:
    tracer, processor = GENAI_TRACERS[name], SimpleSpanProcessor(_exporter)
    if order == "ours":
        instrument(url)
        tracer.start(processor)
        # At its first calls, a library imports more than it takes time to end a span.
        make_calls(tracer.calls, url)
        together = make_calls(tracer.calls, url)
        payi_uninstrument()
        return {"together": together, "alone": make_calls(tracer.calls, url)}
    tracer.start(processor)
    alone = make_calls(tracer.calls, url)
    instrument(url)
    return {"together": make_calls(tracer.calls, url), "alone": alone}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
