"""A server with the streams and the consumer of a fleet, and Pay-i by its rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from payi_transport.relay.setup import Limits, set_up
from tests.support.ingest import BY_RULES, Ingest
from tests.support.nats_server import NatsServer, make_settings, serve_nats


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with serve_nats(tmp_path, stream=False) as running:
        list(set_up(make_settings(running.url), Limits(max_bytes=10**9, ack_wait=2.0)))
        yield running


@pytest.fixture
def payi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingest]:
    ingest = Ingest(lambda events: BY_RULES)
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", ingest.url)
    yield ingest
    ingest.stop()
