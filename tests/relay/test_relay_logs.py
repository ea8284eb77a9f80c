"""What a relay logs of the problems of its workers, and what its parts are called."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.relay.relay import Relay, RelayOptions
from payi_transport.relay.worker import Options
from tests.relay.relays import publish
from tests.support.nats_server import NatsServer, make_settings
from tests.support.polling import wait_until

LOGGER = logging.getLogger("payi.relay")


class FailingSink(MemorySink):
    """Fail at first, and say what is wrong afterwards."""

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.batches.append(len(batch))
        if len(self.batches) == 1:
            raise ZeroDivisionError("a secret")
        return Receipt(retry=range(len(batch)), problem="busy")


def test_workers_share_one_log_of_each_kind_of_problem(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    publish(server, 0, 40)
    sinks: list[FailingSink] = []

    def make_sink() -> FailingSink:
        sinks.append(FailingSink())
        return sinks[-1]

    worker = Options(batch=10, linger=0.1, longest_pause=0.05)
    relay = Relay(make_settings(server.url), make_sink, RelayOptions(2, 5.0, None, worker), LOGGER)
    assert (len(sinks), relay.status, relay.find_illness()) == (2, None, "")
    thread = threading.Thread(target=relay.run)
    thread.start()
    wait_until(lambda: all(len(sink.batches) > 2 for sink in sinks))
    names = {each.name for each in threading.enumerate()}
    assert {"payi-relay-0", "payi-relay-1"} <= names
    counts = relay.sum_counts()
    assert (counts["connections"], counts["faults"]) == (2, 2)
    assert counts["batches"] >= 6
    relay.stop()
    thread.join(60)
    assert relay.find_unreadiness() == "stopping"
    messages = [record.getMessage() for record in caplog.records]
    # Which worker logs first is up to their threads.
    assert len([line for line in messages if "an error of the relay: ZeroDivisionError" in line]) == 1
    # The problem of a sink is one line for all workers, whatever it is.
    assert len([line for line in messages if "delivery failed" in line or "busy" in line]) == 1
    assert relay.sum_counts()["held"] == 0
