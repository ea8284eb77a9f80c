"""A relay as a whole: it starts, shares, reports, and ends."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.cli.fleet import init as init_command
from payi_transport.cli.fleet import relay as relay_command
from payi_transport.relay.relay import Relay, RelayOptions
from payi_transport.relay.setup import Limits
from payi_transport.relay.worker import Options
from tests.relay.relays import RelayProcess, publish
from tests.support.ingest import BY_RULES, CannedReply, Ingest, make_reply
from tests.support.nats_server import NatsServer, find_free_ports, make_settings
from tests.support.polling import wait_until

LOGGER = logging.getLogger("payi.relay")


class WaitingSink(MemorySink):
    """Take events once the test lets it."""

    def __init__(self, may_go: threading.Event, begun: threading.Event, taken: list[str]) -> None:
        super().__init__()
        self._may_go, self._begun, self._taken = may_go, begun, taken

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self._begun.set()
        self._may_go.wait(60)
        self._taken += [one.provider_response_id for one in batch]
        return Receipt()


class Running:
    """A relay on a thread, whose sinks wait."""

    def __init__(self, url: str, **options: float) -> None:
        self.may_go, self.begun = threading.Event(), threading.Event()
        self.taken: list[str] = []
        make_sink: Callable[[], WaitingSink] = lambda: WaitingSink(self.may_go, self.begun, self.taken)  # noqa: E731
        worker = Options(batch=10, linger=0.1, longest_pause=0.2)
        chosen = RelayOptions(parallel=2, listen="127.0.0.1:0", worker=worker)._replace(**options)  # type: ignore[arg-type]
        self.relay = Relay(make_settings(url, timeout=2.0), make_sink, chosen, LOGGER)
        self._thread = threading.Thread(target=self.relay.run)

    def start(self) -> None:
        self._thread.start()

    def get(self, path: str) -> tuple[int, str]:
        assert self.relay.status is not None
        response = httpx.get(f"http://127.0.0.1:{self.relay.status.port}{path}")
        return response.status_code, response.text

    def end(self) -> None:
        self.relay.stop()
        self._thread.join(60)
        assert not self._thread.is_alive()


def test_probes_follow_what_the_relay_does(server: NatsServer) -> None:
    running = Running(server.url)
    assert running.get("/readyz") == (503, "not connected to the consumer\n")
    running.start()
    wait_until(lambda: running.get("/readyz") == (200, "ok\n"))
    assert running.get("/healthz") == (200, "ok\n")
    publish(server, 0, 30)
    wait_until(running.begun.is_set)
    wait_until(lambda: "payi_relay_held 20" in running.get("/metrics")[1])
    running.may_go.set()
    wait_until(lambda: server.count() == 0)
    wait_until(lambda: "payi_relay_delivered_total 30" in running.get("/metrics")[1])
    wait_until(lambda: "payi_relay_pending 0" in running.get("/metrics")[1])
    for worker in running.relay._workers:
        worker.is_denied = True
    assert running.get("/readyz") == (503, "the sink accepts nothing\n")
    running.relay._stop.set()
    assert running.relay.find_unreadiness() == "stopping"
    running.end()
    assert running.relay.find_illness() == ""


def test_a_worker_that_is_gone_is_an_illness(server: NatsServer) -> None:
    running = Running(server.url)
    running.relay._threads = [threading.Thread(name="payi-relay-0")]
    assert running.get("/healthz") == (503, "payi-relay-0 ended\n")
    running.start()
    running.end()


def test_a_call_that_takes_longer_than_the_server_waits_is_made_once(server: NatsServer) -> None:
    publish(server, 0, 5)
    running = Running(server.url)
    running.start()
    wait_until(running.begun.is_set)
    # The consumer waits for 2 seconds.
    threading.Timer(5, running.may_go.set).start()
    wait_until(lambda: server.count() == 0)
    assert sorted(running.taken) == [f"id-{number}" for number in range(5)]
    running.end()


def test_at_the_end_a_call_that_is_being_made_is_finished(server: NatsServer) -> None:
    publish(server, 0, 5)
    running = Running(server.url)
    running.start()
    wait_until(running.begun.is_set)
    threading.Timer(0.5, running.may_go.set).start()
    running.end()
    assert len(running.taken) == 5
    assert server.count() == 0


def test_a_call_that_outlasts_the_server_at_the_end_is_made_once(server: NatsServer) -> None:
    publish(server, 0, 5)
    running, other = Running(server.url), Running(server.url)
    running.start()
    wait_until(running.begun.is_set)
    other.may_go.set()
    other.start()
    # The consumer waits for 2 seconds.
    threading.Timer(5, running.may_go.set).start()
    running.end()
    wait_until(lambda: server.count() == 0)
    other.end()
    assert len(running.taken) == 5
    assert other.taken == []


def test_after_the_grace_period_what_is_held_is_given_back(server: NatsServer) -> None:
    publish(server, 0, 5)
    running = Running(server.url, grace=0.2)
    running.start()
    wait_until(running.begun.is_set)
    running.end()
    other = Running(server.url)
    other.may_go.set()
    other.start()
    wait_until(lambda: server.count() == 0)
    assert len(other.taken) == 5
    running.may_go.set()
    other.end()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_end_a_relay(server: NatsServer, name: str) -> None:
    number = getattr(signal, name)
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    running = Running(server.url, listen=None)  # type: ignore[arg-type]
    try:
        running.relay.stop_at_signals()
        running.start()
        os.kill(os.getpid(), number)
        running.end()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_without_options_a_relay_works_as_the_command_says() -> None:
    said = {option.name: option.default for option in relay_command.params}
    usual = RelayOptions()
    assert [said[name] for name in ("parallel", "grace")] == [usual.parallel, usual.grace]
    assert [said[name] for name in ("batch", "linger")] == [usual.worker.batch, usual.worker.linger]
    assert usual.listen is None
    days: Any = {option.name: option.default for option in init_command.params}["max_age"]
    assert Limits().max_age == days * 24 * 60 * 60


def test_two_relays_share_the_work(server: NatsServer, tmp_path: Path) -> None:
    shares: dict[str, int] = {}
    ports = find_free_ports(2)
    # As slow as Pay-i, so that neither relay is kept by this machine.
    pause = threading.Event()

    def reply(events: list[dict[str, object]]) -> CannedReply:
        pause.wait(0.02)
        return BY_RULES

    payi = Ingest(reply)
    relays = [
        RelayProcess(server, payi, tmp_path, "--batch", "10", "--listen", f"127.0.0.1:{port}", name=str(port))
        for port in ports
    ]
    wait_until(lambda: all(_get(port, "/readyz") == "ok\n" for port in ports))
    publish(server, 0, 2000)
    wait_until(lambda: len(payi.taken) == 2000)
    for port in ports:
        [line] = [line for line in _get(port, "/metrics").splitlines() if line.startswith("payi_relay_deliv")]
        shares[str(port)] = int(line.split()[1])
    assert [relay.end() for relay in relays] == [0, 0]
    assert sum(shares.values()) == 2000
    assert min(shares.values()) >= 0.8 * max(shares.values()), shares
    assert set(payi.taken.values()) == {1}
    payi.stop()


def _get(port: int, path: str) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}").text
    except httpx.HTTPError:
        return ""


def test_pay_i_may_refuse_a_third_of_the_time(server: NatsServer, tmp_path: Path) -> None:
    calls = iter(range(10**9))

    def reply(events: list[dict[str, object]]) -> CannedReply:
        number = next(calls) % 6
        if number == 0:
            return make_reply(429, b'{"statusCode": 429, "message": "slow"}')
        if number == 1:
            # It takes the events, and the response is lost.
            return CannedReply(takes=True, resets=True)
        return BY_RULES

    payi = Ingest(reply)
    publish(server, 0, 3000)
    relay = RelayProcess(server, payi, tmp_path, "--batch", "100", "--linger", "0.1")
    wait_until(lambda: len(payi.taken) == 3000)
    wait_until(lambda: server.count() == 0)
    assert relay.end() == 0
    assert payi.taken == {f"id-{number}": 1 for number in range(3000)}
    assert payi.rules.violations == []
    payi.stop()
