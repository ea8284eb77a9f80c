"""Libraries that make a span of each call to a model: how to start each, and the calls that it covers.

Each function gets the processor that collects spans, and makes it part of the process's tracer provider.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

__all__ = ["GENAI_TRACERS", "GenaiTracer"]


class GenaiTracer(NamedTuple):
    """`module` is what has to be installed; `calls` are names in `tests.instrumentations.genai_calls`."""

    module: str
    start: Callable[[SpanProcessor], object]
    calls: tuple[str, ...]


OPENAI = ("openai", "openai async", "openai stream", "openai async stream", "openai responses")
ANTHROPIC = ("anthropic", "anthropic async", "anthropic stream")
GOOGLE = ("google", "google stream")


def _set_provider(processor: SpanProcessor) -> None:
    provider = TracerProvider()
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)


def _instrumentor(module: str, name: str) -> Callable[[SpanProcessor], object]:
    def start(processor: SpanProcessor) -> object:
        _set_provider(processor)
        return getattr(importlib.import_module(module), name)().instrument()

    return start


def _logfire(method: str) -> Callable[[SpanProcessor], object]:
    def start(processor: SpanProcessor) -> object:
        logfire: Any = importlib.import_module("logfire")
        logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[processor])
        return getattr(logfire, method)()

    return start


def _pydantic_ai(processor: SpanProcessor) -> object:
    _set_provider(processor)
    return importlib.import_module("pydantic_ai").Agent.instrument_all()


def _langfuse(processor: SpanProcessor) -> object:
    _set_provider(processor)
    langfuse: Any = importlib.import_module("langfuse")
    return langfuse.Langfuse(public_key="pk", secret_key="sk", base_url="http://127.0.0.1:9")


_CONTRIB = "opentelemetry.instrumentation"
GENAI_TRACERS = {
    "OpenLLMetry OpenAI": GenaiTracer(
        f"{_CONTRIB}.openai", _instrumentor(f"{_CONTRIB}.openai", "OpenAIInstrumentor"), OPENAI
    ),
    "OpenLLMetry Anthropic": GenaiTracer(
        f"{_CONTRIB}.anthropic", _instrumentor(f"{_CONTRIB}.anthropic", "AnthropicInstrumentor"), ANTHROPIC
    ),
    "OpenLLMetry Google": GenaiTracer(
        f"{_CONTRIB}.google_generativeai",
        _instrumentor(f"{_CONTRIB}.google_generativeai", "GoogleGenerativeAiInstrumentor"),
        GOOGLE,
    ),
    "OpenInference OpenAI": GenaiTracer(
        "openinference.instrumentation.openai",
        _instrumentor("openinference.instrumentation.openai", "OpenAIInstrumentor"),
        OPENAI,
    ),
    "OpenInference Anthropic": GenaiTracer(
        "openinference.instrumentation.anthropic",
        _instrumentor("openinference.instrumentation.anthropic", "AnthropicInstrumentor"),
        ANTHROPIC,
    ),
    "OpenInference Google": GenaiTracer(
        "openinference.instrumentation.google_genai",
        _instrumentor("openinference.instrumentation.google_genai", "GoogleGenAIInstrumentor"),
        GOOGLE,
    ),
    "OpenTelemetry OpenAI": GenaiTracer(
        f"{_CONTRIB}.genai.openai", _instrumentor(f"{_CONTRIB}.genai.openai", "OpenAIInstrumentor"), OPENAI
    ),
    "OpenTelemetry Anthropic": GenaiTracer(
        f"{_CONTRIB}.genai.anthropic",
        _instrumentor(f"{_CONTRIB}.genai.anthropic", "AnthropicInstrumentor"),
        ANTHROPIC,
    ),
    "Logfire OpenAI": GenaiTracer("logfire", _logfire("instrument_openai"), OPENAI),
    "Logfire Anthropic": GenaiTracer("logfire", _logfire("instrument_anthropic"), ANTHROPIC),
    "Pydantic AI": GenaiTracer("pydantic_ai", _pydantic_ai, ("pydantic_ai openai", "pydantic_ai anthropic")),
    "Langfuse": GenaiTracer("langfuse", _langfuse, ("langfuse openai", "langfuse openai stream")),
    # Version 2 of its SDK makes spans by itself.
    "Anthropic": GenaiTracer("anthropic", _set_provider, ANTHROPIC),
}
