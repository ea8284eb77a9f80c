"""Where a service listens, what it says if it can't, and what it cleans up."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from payi_transport.errors import PayiError
from payi_transport.serve import command
from payi_transport.serve.command import (
    find_address,
    listen,
    listens_everywhere,
    open_service,
    serve_in_thread,
)
from payi_transport.serve.settings import ServeSettings
from tests.serve.events import item, make_items


def make(tmp_path: Path, **settings: Any) -> ServeSettings:
    return ServeSettings(**{"file": tmp_path / "s", "port": 0, **settings})


def test_an_address_is_that_of_this_machine(tmp_path: Path) -> None:
    for host, everywhere in (("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)):  # noqa: S104
        with listen(make(tmp_path, host=host)) as made:
            assert listens_everywhere(made) is everywhere
            assert find_address(made) == f"http://127.0.0.1:{made.getsockname()[1]}"
            assert made.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"port": 70000}, "127.0.0.1:70000: bind(): port must be 0-65535.; choose another --port"),
        ({"host": "192.0.2.1"}, "192.0.2.1:0: Cannot assign requested address; choose another --host"),
        ({"host": "nosuch.invalid"}, "; choose another --host"),
    ],
    ids=str,
)
def test_an_address_that_cannot_be_used_is_named(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(PayiError) as raised:
        listen(make(tmp_path, **settings))
    assert str(raised.value).startswith("the local service can't listen on ")
    assert str(raised.value).endswith(message)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with listen(make(tmp_path)) as made:
        port = made.getsockname()[1]
        with pytest.raises(PayiError) as raised:
            listen(make(tmp_path, port=port))
    assert str(raised.value) == (
        f"the local service can't listen on 127.0.0.1:{port}: Address already in use; choose another --port"
    )


def test_a_server_logs_warnings_and_waits_ten_seconds_for_open_requests() -> None:
    config = command.make_server(FastAPI()).config
    assert (config.log_level, config.access_log, config.server_header) == ("warning", False, False)
    assert (config.lifespan, config.timeout_graceful_shutdown) == ("on", 10)


def test_settings_are_checked_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(PayiError, match="--token"), open_service(make(tmp_path, host="0.0.0.0")):  # noqa: S104
        """It never comes to this."""
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_ends_leaves_no_thread_and_no_socket(tmp_path: Path) -> None:
    before = {*threading.enumerate()}
    with serve_in_thread(make(tmp_path)) as (address, service):
        port = int(address.rpartition(":")[2])
        assert {thread.name for thread in {*threading.enumerate()} - before} >= {
            "payi-serve-retention",
            "payi-serve-store",
        }
        assert service.settings.file == tmp_path / "s"
    assert not [
        thread for thread in {*threading.enumerate()} - before if thread.name.startswith("payi-serve")
    ]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))


class Waits(threading.Event):
    """A stop that comes after some rounds, and that notes how long each of them would wait."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.pauses: list[float | None] = []
        self._rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        return len(self.pauses) > self._rounds


@pytest.mark.parametrize(
    ("settings", "calls", "contents", "pauses"),
    [
        ({}, 3, 3, [0, 60, 60]),
        ({"keep_days": 1}, 1, 1, [0, 0.2, 60]),
        ({"keep_content_days": 1}, 3, 1, [0, 0.2, 60]),
        ({"keep_days": 3, "keep_content_days": 1}, 2, 1, [0, 0.2, 60]),
    ],
    ids=str,
)
def test_what_is_older_than_it_is_kept_is_deleted_slice_by_slice(
    settings: dict[str, Any], calls: int, contents: int, pauses: list[float], tmp_path: Path
) -> None:
    ages = (0, 2, 4)
    with open_service(make(tmp_path)) as service:
        now = service.now()
        items = [item(now - timedelta(days=age), provider_request_json="{}") for age in ages]
        service.ingest_bulk(make_items(*items), updates=False).result()
        service.settings = make(tmp_path, **settings)
        stop = Waits(2)
        command._clean(service, stop)
        run = service.store.reader.execute
        assert run("SELECT COUNT(*) FROM events").fetchone() == (calls,)
        assert run("SELECT COUNT(*) FROM contents").fetchone() == (contents,)
    assert stop.pauses == pauses
