"""Which span of another library is about the same call."""

from __future__ import annotations

import gc

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from payi_transport.sinks.otel.foreign import KnownSpans, carries_usage, find_foreign


def test_the_nearest_span_of_a_request_counts_and_that_of_an_agent_does_not() -> None:
    known = KnownSpans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(known)
    tracer = provider.get_tracer("t")
    with tracer.start_as_current_span("agent", attributes={"gen_ai.operation.name": "invoke_agent"}) as agent:
        assert find_foreign(agent, known) is None
        with tracer.start_as_current_span("m", attributes={"gen_ai.request.model": "m"}) as model:
            with tracer.start_as_current_span("POST") as post:
                found: object = find_foreign(post, known)
                assert found is model
    assert find_foreign(trace.INVALID_SPAN, known) is None
    assert find_foreign(None, known) is None


def test_spans_are_not_kept_alive() -> None:
    known = KnownSpans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(known)
    parent = provider.get_tracer("t").start_span("gone", attributes={"gen_ai.request.model": "m"})
    context = trace.set_span_in_context(parent)
    child = provider.get_tracer("t").start_span("POST", context=context)
    del parent, context
    gc.collect()
    assert find_foreign(child, known) is None


def test_a_span_that_is_open_may_still_get_its_usage() -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    span = tracer.start_span("chat")
    assert carries_usage(span)  # type: ignore[arg-type]
    span.end()
    assert not carries_usage(span)  # type: ignore[arg-type]


def test_a_span_that_is_too_far_away_is_about_something_else() -> None:
    known = KnownSpans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(known)
    tracer = provider.get_tracer("t")
    spans = [tracer.start_span("chat", attributes={"gen_ai.request.model": "m"})]
    for _ in range(16):
        spans.append(tracer.start_span("step", context=trace.set_span_in_context(spans[-1])))
    found: object = find_foreign(spans[-2], known)
    assert found is spans[0]
    assert find_foreign(spans[-1], known) is None
