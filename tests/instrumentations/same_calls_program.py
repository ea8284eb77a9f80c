"""A program that makes the same 40 calls with one library that makes spans. Prints the spans of each.

python -m tests.instrumentations.same_calls_program LIBRARY
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from payi_transport import MemorySink, payi_flush, payi_instrument
from tests.instrumentations.same_calls import SAME_CALLS, respond
from tests.support.origin import serve

_CATEGORIES = {
    "openai": "system.openai",
    "anthropic": "system.anthropic",
    "google": "system.google.vertex",
    "bedrock": "system.aws.bedrock",
}


def _instrument_ours(url: str) -> None:
    mappings: Any = {f"{url}/{name}": {"price_as_category": value} for name, value in _CATEGORIES.items()}
    config: Any = {"host_mappings": mappings, "otel": {"metrics": False}}
    payi_instrument(sink=[MemorySink(), "otel"], config=config)


def _instrument(*instrumentors: tuple[str, str]) -> Callable[[str], None]:
    def instrument(url: str) -> None:
        for module, name in instrumentors:
            getattr(importlib.import_module(module), name)().instrument()

    return instrument


LIBRARIES: dict[str, Callable[[str], None]] = {
    "payi_transport": _instrument_ours,
    "OpenLLMetry": _instrument(
        ("opentelemetry.instrumentation.openai", "OpenAIInstrumentor"),
        ("opentelemetry.instrumentation.anthropic", "AnthropicInstrumentor"),
        ("opentelemetry.instrumentation.google_generativeai", "GoogleGenerativeAiInstrumentor"),
        ("opentelemetry.instrumentation.bedrock", "BedrockInstrumentor"),
    ),
    "OpenInference": _instrument(
        ("openinference.instrumentation.openai", "OpenAIInstrumentor"),
        ("openinference.instrumentation.anthropic", "AnthropicInstrumentor"),
        ("openinference.instrumentation.google_genai", "GoogleGenAIInstrumentor"),
        ("openinference.instrumentation.bedrock", "BedrockInstrumentor"),
    ),
}


def describe(span: ReadableSpan) -> dict[str, Any]:
    return {
        "name": span.name,
        "kind": span.kind.name,
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes or {}),
    }


def main(library: str) -> list[list[dict[str, Any]]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    found = []
    with serve() as origin:
        LIBRARIES[library](origin.url)
        for call in SAME_CALLS:
            origin.responses = [respond(call.case)]
            call.send(f"{origin.url}/{call.case.name.partition('/')[0]}")
            payi_flush(30)
            found.append([describe(span) for span in exporter.get_finished_spans()])
            exporter.clear()
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
