"""A relay that delivers to a bucket writes each event once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.relay.relays import RelayProcess, publish
from tests.support.ingest import Ingest
from tests.support.nats_server import NatsServer
from tests.support.polling import wait_until


def test_a_relay_writes_to_a_bucket(
    server: NatsServer, payi: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.setenv("PAYI_TRANSPORT_BUCKET__URL", str(tmp_path / "bucket"))
    publish(server, 0, 700)
    relay = RelayProcess(server, payi, tmp_path, "--to", "bucket", "--batch", "100", "--linger", "0.1")
    wait_until(lambda: server.count() == 0)
    assert relay.end() == 0, relay.log
    files = str(tmp_path / "bucket" / "**" / "*.parquet")
    query = "select count(*), count(distinct id) from read_parquet(?)"
    with duckdb.connect() as database:
        assert database.execute(query, [files]).fetchall() == [(700, 700)], relay.log
