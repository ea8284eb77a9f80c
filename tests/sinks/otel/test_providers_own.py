"""What our own providers export, where the application has set none."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from opentelemetry import trace

from payi_transport.sinks.otel.providers import Meters, Tracers
from tests.sinks.otel.application import Application, Collector
from tests.support.origin import CannedResponse


def end_span(tracers: Tracers, name: str) -> None:
    tracers.get().start_span(name).end()


def test_what_has_ended_is_exported_once(collector: Collector) -> None:
    tracers = Tracers(lambda: None)
    assert tracers.find() is None
    end_span(tracers, "a")
    end_span(tracers, "b")
    assert collector.spans() == []
    assert tracers.export() and tracers.export()
    end_span(tracers, "c")
    assert tracers.export()
    tracers.close()
    assert [span.name for span in collector.spans()] == ["a", "b", "c"]
    assert {resource["service.name"] for resource in collector.resources()} == {"shop"}


def test_what_was_refused_is_exported_again_with_what_has_ended_since(collector: Collector) -> None:
    taken = collector.origin.responses[0]
    collector.origin.responses = [CannedResponse([b"no"], status=400), taken]
    tracers = Tracers(lambda: None)
    end_span(tracers, "a")
    assert not tracers.export()
    end_span(tracers, "b")
    assert tracers.export()
    tracers.close()
    assert [span.name for span in collector.spans()] == ["a", "a", "b"]


def test_what_waits_at_a_fork_is_the_parents(collector: Collector) -> None:
    tracers = Tracers(lambda: None)
    end_span(tracers, "parent's")
    tracers.fork()
    end_span(tracers, "child's")
    assert tracers.export()
    tracers.close()
    assert [span.name for span in collector.spans()] == ["child's"]


def test_each_provider_of_the_application_is_met_once_by_whoever_comes_first(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[str] = []
    theirs = trace.get_tracer_provider()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    tracers = Tracers(lambda: met.append("met"))
    tracers.remember()
    assert met == []
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", theirs)
    for _ in range(2):
        tracers.remember()
        assert tracers.find() is not None
    assert met == ["met"]
    # Its spans are known from then on.
    with application.tracer.start_as_current_span("theirs") as span:
        child: Any = application.tracer.start_span("child")
        found: object = tracers.known.find_parent(child)
        assert found is span


def test_the_thread_that_exports_metrics_ends_with_its_provider(collector: Collector) -> None:
    def find_threads() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "payi-transport-metrics"]

    meters = Meters()
    meters.get()
    [thread] = find_threads()
    assert thread.daemon
    meters.close()
    thread.join(30)
    assert not thread.is_alive()


def test_metrics_that_were_counted_before_a_fork_are_the_parents(collector: Collector) -> None:
    meters = Meters()
    parents: Any = meters.get()
    meters.fork()
    own = meters.get()
    assert own is not parents
    own.get_meter("m").create_counter("childs").add(1)
    meters.close()
    assert collector.metric_names() == {"childs"}
    parents.shutdown()
