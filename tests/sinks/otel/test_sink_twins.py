"""Beside the span of another library for the same call, ours links to it and counts nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from payi_transport import payi_flush
from payi_transport.sinks.otel import sink as module
from tests.sinks.otel.application import Application, start
from tests.support.calls import call


def test_beside_the_span_of_another_library_ours_links_and_counts_nothing(application: Application) -> None:
    start()
    tracer = application.tracer
    with tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}) as other:
        with tracer.start_as_current_span("POST"):
            call()
        other.set_attribute("gen_ai.usage.input_tokens", 19)
    # One that never got the usage.
    with tracer.start_as_current_span("chat", attributes={"llm.request.type": "chat"}):
        call()
    assert payi_flush()
    with_usage, without = application.ours()
    assert [link.context.span_id for link in with_usage.links] == [other.get_span_context().span_id]
    assert not [name for name in with_usage.attributes or {} if "usage" in name]
    assert (without.attributes or {})["gen_ai.usage.input_tokens"] == 19
    assert sum(point.sum for point in application.metrics()["gen_ai.client.token.usage"]) == 2 * 29


def test_a_span_that_another_library_makes_when_the_call_is_over_counts_too(application: Application) -> None:
    start()
    tracer = application.tracer
    with tracer.start_as_current_span("page"):
        call()
        with tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}) as other:
            other.set_attributes({"gen_ai.usage.input_tokens": 19, "gen_ai.usage.output_tokens": 10})
        call()
    assert payi_flush()
    first, second = application.ours()
    assert [link.context.span_id for link in first.links] == [other.get_span_context().span_id]
    assert "gen_ai.usage.input_tokens" not in (first.attributes or {})
    assert (second.attributes or {})["gen_ai.usage.input_tokens"] == 19


@pytest.mark.parametrize(("now", "pause"), [(0, 0.5), (2**62, 0.0)])
def test_spans_of_other_libraries_are_waited_for_at_most_half_a_second_whatever_the_clock_says(
    application: Application, monkeypatch: pytest.MonkeyPatch, now: int, pause: float
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=pauses.append, time_ns=lambda: now))
    start()
    with application.tracer.start_as_current_span(
        "chat", attributes={"gen_ai.operation.name": "chat"}
    ) as other:
        other.set_attributes({"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 1})
    call()
    assert payi_flush()
    assert pauses == [pause]
