"""Which span of another library is about the same call."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
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


USAGES: list[dict[str, Any]] = [
    {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4},
    {"llm.request.type": "chat", "gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": 4},
    {"openinference.span.kind": "LLM", "llm.token_count.prompt": 3, "llm.token_count.completion": 4},
    {
        "langfuse.observation.type": "generation",
        "langfuse.observation.usage_details": '{"prompt_tokens": 3, "completion_tokens": 4}',
    },
]


def make_tracer() -> tuple[KnownSpans, Any]:
    known = KnownSpans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(known)
    return known, provider.get_tracer("t")


def end_span(tracer: Any, attributes: dict[str, Any], parent: Any = None) -> Any:
    span = tracer.start_span("theirs", trace.set_span_in_context(parent) if parent else Context())
    span.set_attributes(attributes)
    span.end()
    return span


@pytest.mark.parametrize("usage", USAGES)
def test_a_span_with_the_same_tokens_stands_for_one_call(usage: dict[str, Any]) -> None:
    known, tracer = make_tracer()
    root = tracer.start_span("root")
    ours = tracer.start_span("ours", trace.set_span_in_context(root))
    theirs = end_span(tracer, usage, root)
    assert known.has_twins
    assert known.find_twin(ours, 0, None, (3, 5)) is None
    assert known.find_twin(ours, time.time_ns() + 10**9, None, (3, 4)) is None
    assert known.find_twin(ours, 0, None, (3, 4)) == theirs.get_span_context()
    assert known.find_twin(ours, 0, None, (3, 4)) is None


def test_the_id_of_a_response_says_more_than_its_tokens() -> None:
    known, tracer = make_tracer()
    ours = tracer.start_span("ours")
    end_span(tracer, USAGES[0] | {"gen_ai.response.id": "r1"})
    assert known.find_twin(ours, 0, "r2", (3, 4)) is None
    assert known.find_twin(ours, 0, "r1", (3, 9)) is not None
    # Bedrock's id of a call is in a header, and another library may report the model's own.
    end_span(tracer, USAGES[0] | {"gen_ai.response.id": "msg_bdrk_1"})
    assert known.find_twin(ours, 0, None, (3, 4)) is not None


def test_a_call_in_a_trace_has_its_twin_there() -> None:
    known, tracer = make_tracer()
    inside = tracer.start_span("ours", trace.set_span_in_context(tracer.start_span("root")))
    end_span(tracer, USAGES[0])
    assert known.find_twin(inside, 0, None, (3, 4)) is None
    assert known.find_twin(tracer.start_span("ours", Context()), 0, None, (3, 4)) is not None


def test_a_span_that_stood_above_a_call_stands_for_no_other() -> None:
    known, tracer = make_tracer()
    other = end_span(tracer, USAGES[0])
    theirs = end_span(tracer, USAGES[0])
    known.take(theirs)
    ours = tracer.start_span("ours", Context())
    assert known.find_twin(ours, 0, None, (3, 4)) == other.get_span_context()
    assert known.find_twin(ours, 0, None, (3, 4)) is None


@pytest.mark.parametrize("details", ["", "[1]", "\ud800", "[" * 5000, 7])
def test_usage_that_is_not_json_has_no_tokens(details: Any) -> None:
    known, tracer = make_tracer()
    end_span(
        tracer, {"langfuse.observation.type": "generation", "langfuse.observation.usage_details": details}
    )
    assert known.find_twin(tracer.start_span("ours", Context()), 0, None, (3, 4)) is None


def test_spans_without_usage_and_our_own_are_not_remembered() -> None:
    known, tracer = make_tracer()
    end_span(tracer, {"gen_ai.operation.name": "chat"})
    end_span(tracer, {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 3})
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(known)
    end_span(provider.get_tracer("payi_transport"), USAGES[0])
    assert not known.has_twins
