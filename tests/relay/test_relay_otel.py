"""A relay that delivers to OpenTelemetry makes a span of each event."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.relay.relays import RelayProcess, publish
from tests.support.ingest import Ingest
from tests.support.nats_server import NatsServer
from tests.support.origin import CannedResponse, serve
from tests.support.polling import wait_until


def test_a_relay_exports_a_span_of_each_event(
    server: NatsServer, payi: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = pytest.importorskip("tests.sinks.otel.application")
    with serve() as origin:
        collector = application.Collector(origin)
        # The first batch comes again.
        origin.responses.insert(0, CannedResponse([b"no"], status=400))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", origin.url)
        publish(server, 0, 300)
        relay = RelayProcess(server, payi, tmp_path, "--to", "otel", "--batch", "100", "--linger", "0.1")
        wait_until(lambda: server.count() == 0)
        assert relay.end() == 0, relay.log
        spans = collector.spans()
    assert len({span.span_id for span in spans}) == 300, relay.log
    assert 300 <= len(spans) <= 400
    assert "the spans could not be exported" in relay.log
