"""Where the application has no providers, spans and metrics go to a collector."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from payi_transport import (
    MemorySink,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
)
from tests.sinks.otel.application import Collector, start
from tests.support.calls import call
from tests.support.origin import CannedResponse, Origin


def test_without_providers_spans_and_metrics_go_to_the_collector(collector: Collector) -> None:
    memory = start()
    call()
    assert payi_flush()
    [span], [resource] = collector.spans(), collector.resources()
    [event] = memory.events
    assert event.properties is not None and event.properties["span_id"] == span.span_id.hex()
    assert resource["service.name"] == "shop"
    assert payi_shutdown()
    assert {"gen_ai.client.token.usage", "payi.events.captured"} <= collector.metric_names()


@pytest.mark.parametrize("mode", ["bulk", "inline"])
def test_with_only_no_event_goes_to_pay_i(collector: Collector, ingest: Origin, mode: Any) -> None:
    config: Any = {"otel": {"only": True, "metrics": False}, "delivery": {"mode": mode}}
    payi_instrument(config=config)
    call()
    assert payi_flush()
    assert (len(collector.spans()), ingest.received) == (1, [])
    assert list(payi_stats().sinks) == ["otel"]


def test_a_spool_is_not_for_spans(collector: Collector, tmp_path: Any) -> None:
    config: Any = {"otel": {"metrics": False}, "delivery": {"spool_directory": str(tmp_path)}}
    payi_instrument(sink=[MemorySink(), "otel"], config=config)
    call()
    assert payi_flush()
    assert len(collector.spans()) == 1
    assert {stats.delivered for stats in payi_stats().sinks.values()} == {1}


def test_a_collector_that_hangs_holds_up_no_other_sink_and_no_exit(collector: Collector) -> None:
    release = threading.Event()
    collector.origin.responses = [CannedResponse([], hold=release)]
    memory = start(metrics=False)
    call()
    assert not payi_flush(1)
    assert len(memory.events) == 1
    assert not payi_shutdown(0.1)
    stats = payi_stats().sinks
    assert (stats["MemorySink"].delivered, stats["otel"].queued) == (1, 1)
    release.set()


def test_a_collector_that_refuses_is_asked_again_and_no_span_is_sent_twice(collector: Collector) -> None:
    accepted = collector.origin.responses[0]
    collector.origin.responses = [CannedResponse([b"no"], status=400), accepted]
    config: Any = {"otel": {}, "ingest_retry": {"queue_interval": 0.01}}
    payi_instrument(sink=[MemorySink(), "otel"], config=config)
    call()
    assert payi_flush()
    assert len({span.span_id for span in collector.spans()}) == 1
    assert payi_stats().sinks["otel"].retried == 1
    assert payi_stats().sinks["otel"].delivered == 1


def test_a_child_exports_its_own_spans_only(collector: Collector) -> None:
    start()
    call()
    assert payi_flush()
    pid = os.fork()
    if not pid:
        call()
        os._exit(0 if payi_flush() and payi_shutdown() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert len({span.span_id for span in collector.spans()}) == 2
