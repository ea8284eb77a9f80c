"""A worker that NATS does not let in says so in one line, goes on trying, and delivers once it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.relay.test_worker import Running, publish, take_all
from tests.support.nats_server import NatsServer, serve_nats
from tests.support.polling import wait_until

LOGIN = "authorization { user: relay, password: right }"


def test_a_wrong_password_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serve_nats(tmp_path, LOGIN, stream=False) as server:
        with Running(server.url.replace("//", "//relay:wrong@"), take_all) as running:
            wait_until(lambda: running.counts.failures > 2)
        assert not running.faults
    [line] = [record.getMessage() for record in caplog.records]
    assert "refuses this client: Authorization Violation; check config.nats" in line
    assert "wrong" not in line


def test_a_missing_consumer_is_one_line_until_it_is_made(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    config = server.call("CONSUMER.INFO.PAYI.payi-relay")["config"]
    server.call("CONSUMER.DELETE.PAYI.payi-relay")
    publish(server, 1)
    with Running(server.url, take_all) as running:
        wait_until(lambda: running.counts.failures > 2)
        assert len(caplog.records) == 1
        assert "make it with: payi-transport nats init" in caplog.records[0].getMessage()
        server.call("CONSUMER.DURABLE.CREATE.PAYI.payi-relay", {"stream_name": "PAYI", "config": config})
        wait_until(lambda: running.ids() == {"id-1"})
    assert not running.faults
