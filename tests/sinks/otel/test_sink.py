"""Each call is a span with the right parent, times, status, and attributes."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from payi_transport import (
    MemorySink,
    PayiConfigError,
    payi_flush,
    payi_instrument,
    payi_stats,
    track_context,
)
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.sinks import configured
from payi_transport.sinks.otel.sink import OtelSink
from tests.sinks.otel.application import Application, start
from tests.support.calls import URL, call
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, UNARY


def test_a_call_is_a_span_below_the_one_that_was_current(application: Application) -> None:
    memory = start()
    with application.tracer.start_as_current_span("page") as page, track_context(user_id="u-1"):
        call()
    assert payi_flush()
    [span] = application.ours()
    [event] = memory.events
    assert (span.name, span.kind) == ("chat gpt-4.1", SpanKind.CLIENT)
    assert span.parent is not None and span.parent.span_id == page.get_span_context().span_id
    assert span.context is not None and event.properties is not None
    assert event.properties["trace_id"] == f"{page.get_span_context().trace_id:032x}"
    assert event.properties["span_id"] == f"{span.context.span_id:016x}"
    assert page.start_time <= span.start_time and span.end_time <= page.end_time
    assert span.status.status_code is StatusCode.UNSET
    shown = dict(span.attributes or {})
    assert shown["gen_ai.usage.input_tokens"] == sum(unit.input or 0 for unit in event.units.values())
    assert shown["gen_ai.usage.output_tokens"] == sum(unit.output or 0 for unit in event.units.values())
    assert (shown["gen_ai.operation.name"], shown["gen_ai.provider.name"]) == ("chat", "openai")
    assert (shown["server.address"], shown["server.port"]) == ("api.openai.com", 443)
    assert str(shown["gen_ai.response.model"]).startswith("gpt-4.1-")
    assert (shown["payi.use_case.name"], shown["payi.user.id"]) == ("bot", "u-1")
    assert "gen_ai.input.messages" not in shown


def test_tasks_and_threads_have_the_parents_of_their_own(application: Application) -> None:
    start()

    async def task(name: str) -> None:
        with application.tracer.start_as_current_span(name):
            await asyncio.sleep(0)
            call()

    async def main() -> None:
        await asyncio.gather(*(task(f"task {number}") for number in range(5)))

    asyncio.run(main())
    thread = threading.Thread(target=lambda: asyncio.run(task("thread")))
    thread.start()
    thread.join()
    call()
    assert payi_flush()
    parents = {span.context.span_id: span.name for span in application.exporter.get_finished_spans()}
    found = [parents[span.parent.span_id] if span.parent else None for span in application.ours()]
    assert sorted(found, key=str) == [None, *(f"task {number}" for number in range(5)), "thread"]


def test_a_stream_that_is_read_late_keeps_the_parent_of_its_request(
    application: Application, origin: Origin
) -> None:
    origin.responses = [CannedResponse([STREAM.response], headers={"content-type": "text/event-stream"})]
    config: Any = {"otel": {}, "host_mappings": {origin.url: {"price_as_category": "system.openai"}}}
    payi_instrument(sink=[MemorySink(), "otel"], config=config)
    with httpx.Client() as client:
        with application.tracer.start_as_current_span("page") as page:
            request = client.build_request(
                "POST", f"{origin.url}/v1/chat/completions", content=STREAM.request
            )
            response = client.send(request, stream=True)
        with application.tracer.start_as_current_span("later"):
            response.read()
    assert payi_flush()
    [span] = application.ours()
    assert span.parent is not None and span.parent.span_id == page.get_span_context().span_id
    shown = dict(span.attributes or {})
    assert shown["gen_ai.request.stream"] is True
    assert 0 < shown["gen_ai.response.time_to_first_chunk"] < 60  # type: ignore[operator]
    assert "gen_ai.client.operation.time_to_first_chunk" in application.metrics()


def test_a_prompt_logger_and_spans_go_together(application: Application) -> None:
    payi_instrument(
        sink=[MemorySink(), "otel"], config={"otel": {}}, prompt_and_response_logger=lambda *_: None
    )
    with application.tracer.start_as_current_span("page") as page:
        call()
    assert payi_flush()
    [span] = application.ours()
    assert span.parent is not None and span.parent.span_id == page.get_span_context().span_id
    assert payi_stats().faults == 0


def test_errors_have_a_status_and_a_type(application: Application) -> None:
    start()
    refusal = httpx.Response(429, json={"error": {"message": "slow down", "type": "rate", "code": "limit"}})

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("too late")

    for handler in (lambda request: refusal, fail):
        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            with contextlib.suppress(httpx.ConnectTimeout):
                client.post(URL, content=UNARY.request)
    assert payi_flush()
    refused, failed = application.ours()
    assert refused.status.status_code is failed.status.status_code is StatusCode.ERROR
    assert (refused.attributes or {})["error.type"] == "rate"
    assert (failed.attributes or {})["error.type"] == "ConnectTimeout"
    assert "gen_ai.usage.input_tokens" not in (refused.attributes or {})
    points = application.metrics()["gen_ai.client.operation.duration"]
    assert {point.attributes["error.type"] for point in points} == {"rate", "ConnectTimeout"}


@pytest.mark.parametrize("logs", [True, False])
@pytest.mark.parametrize("content", [True, False])
def test_content_needs_both_switches(application: Application, logs: bool, content: bool) -> None:
    config: Any = {"otel": {"content": content, "content_limit": 4}, "log_prompt_and_response": logs}
    payi_instrument(sink=[MemorySink(), "otel"], config=config)
    call()
    assert payi_flush()
    [span] = application.ours()
    shown = dict(span.attributes or {})
    assert ("gen_ai.output.messages" in shown) == ("gen_ai.input.messages" in shown) == (logs and content)
    if logs and content:
        [message] = json.loads(str(shown["gen_ai.output.messages"]))
        assert len(message["parts"][0]["content"]) == 4


def test_a_parent_that_is_not_sampled_gives_no_span_but_metrics(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = start()
    unsampled = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    with unsampled.get_tracer("other").start_as_current_span("page"):
        call()
    # And one that the sampler of the provider in force leaves out.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", unsampled)
    call()
    assert payi_flush()
    assert application.ours() == []
    assert not [event for event in memory.events if "span_id" in (event.properties or {})]
    assert application.metrics()["gen_ai.client.operation.duration"][0].count == 2
    assert payi_stats().sinks["otel"].delivered == 2


class Broken(SpanProcessor):
    """Raises where the application's code does."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        if span.name.endswith("start"):
            raise RuntimeError("start")

    def on_end(self, span: Any) -> None:
        raise RuntimeError("end")


def test_code_of_the_application_that_raises_costs_its_span_only(application: Application) -> None:
    application.provider.add_span_processor(Broken())
    memory = start()
    for model in ("gpt-start", "gpt-end"):
        with httpx.Client(
            transport=httpx.MockTransport(lambda request: httpx.Response(200, json={}))
        ) as http:
            http.post(URL, json={"model": model})
    assert payi_flush() is False
    assert len(memory.events) == 2
    stats = payi_stats()
    assert stats.sinks["otel"].lost == {"otel_untraced": 1, "otel_failed": 1}
    assert stats.faults == 0


def test_a_provider_that_is_set_later_is_used_and_flushed_at_exit(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[Callable[[], None]] = []
    later = trace.get_tracer_provider()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    start()
    monkeypatch.setattr(atexit, "register", registered.append)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", later)
    call()
    assert payi_flush()
    assert len(application.ours()) == 1
    call()
    for function in registered:
        function()
    assert len(application.ours()) == 2


def test_without_traces_nothing_is_remembered(application: Application) -> None:
    assert OtelSink(OtelSettings(traces=False)).remember is None
    start(traces=False)
    call()
    assert payi_flush()
    assert application.ours() == []
    assert "gen_ai.client.token.usage" in application.metrics()


def test_a_missing_package_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "payi_transport.sinks.otel.sink", None)
    with pytest.raises(PayiConfigError, match=r'pip install "payi-transport\[otel\]"'):
        configured._load_otel()


def test_at_exit_a_sink_that_is_gone_or_not_in_use_is_left_alone(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[Any] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    sink = OtelSink(OtelSettings())
    [flush] = registered
    flush()
    flushed: list[None] = []
    sink.observe(dict, lambda: flushed.append(None))
    flush()
    assert flushed == [None]
    del sink
    collect_garbage()
    flush()
    assert flushed == [None]


def test_a_sink_outside_a_pipeline_records_metrics_without_an_account(application: Application) -> None:
    sink = OtelSink(OtelSettings())
    metrics = sink._get_metrics()
    assert sink._get_metrics() is metrics
    assert "payi.events.captured" not in application.metrics()
    sink.close()
