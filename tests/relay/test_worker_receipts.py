"""What a worker believes of a sink, what it counts and logs, and when it asks again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from payi_transport import Event, Receipt
from payi_transport.relay.consumer import Consumer
from payi_transport.sinks.nats_servers import NatsError
from tests.relay.test_worker import Running, publish, put, take_all
from tests.support.nats_server import NatsServer
from tests.support.polling import wait_until

WRONG = [Receipt(retry=[2]), Receipt(rejected={-1: "x"}), Receipt(retry=[0, 0])]


@pytest.mark.parametrize("wrong", WRONG, ids=["beyond", "before", "twice"])
def test_a_receipt_that_cannot_be_right_is_a_fault_and_the_events_come_again(
    wrong: Receipt, server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    receipts = [wrong]
    publish(server, 1, 2)
    with Running(server.url, lambda batch: receipts.pop() if receipts else Receipt()) as running:
        wait_until(lambda: server.count() == 0)
        assert len(running.faults) == running.counts.faults == 1
        assert (running.counts.batches, running.counts.given_back["refused"]) == (2, 2)
        assert running.counts.delivered == 2
    [line] = [record.getMessage() for record in caplog.records]
    assert line == f"payi_transport: delivery failed ({type(running.faults[0]).__name__})"


def test_a_sink_that_denies_all_is_reported_as_such_until_it_takes_something(server: NatsServer) -> None:
    publish(server, 1)
    denials: list[bool] = []

    def reply(batch: Sequence[Event]) -> Receipt:
        denials.append(running.worker.is_denied)
        return Receipt(retry=[0], denied=True) if len(denials) < 3 else Receipt()

    with Running(server.url, reply) as running:
        wait_until(lambda: server.count() == 0)
        assert (denials, running.worker.is_denied) == ([False, True, True], False)


def test_each_notice_of_a_sink_is_logged(server: NatsServer, caplog: pytest.LogCaptureFixture) -> None:
    publish(server, 1)
    with Running(server.url, lambda batch: Receipt(notices=["one notice", "another"])):
        wait_until(lambda: server.count() == 0)
    assert [line for line in ("one notice", "another") if line not in caplog.text] == []


def test_what_cannot_be_kept_as_rejected_is_asked_for_again_after_a_minute(server: NatsServer) -> None:
    server.call("STREAM.DELETE.PAYI_REJECTED")
    put(server, (b"junk", {}))
    with Running(server.url, take_all) as running:
        wait_until(lambda: running.counts.given_back["no_rejected_stream"])
        # A later event goes through meanwhile, and what is junk does not come again with it.
        publish(server, 1)
        wait_until(lambda: running.ids() == {"id-1"})
        assert (running.counts.taken, running.counts.delivered) == (2, 1)
        assert running.counts.given_back == {"no_rejected_stream": 1}
    assert server.count() == 1


def test_failures_and_faults_are_counted_one_by_one(
    server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = Consumer.bind, [NatsError("away"), ValueError("ours")]

    def bind(consumer: Consumer) -> None:
        if failures:
            raise failures.pop()
        real(consumer)

    monkeypatch.setattr(Consumer, "bind", bind)
    publish(server, 1)
    with Running(server.url, take_all) as running:
        wait_until(lambda: server.count() == 0)
        assert (running.counts.failures, running.counts.faults, running.counts.batches) == (1, 1, 1)
