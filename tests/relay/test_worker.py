"""What a worker does with each message of a batch, by what the sink says."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.relay.consumer import Consumer, Held
from payi_transport.relay.stranded import Sweep
from payi_transport.relay.worker import Options, RelayWorker, Settled
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.nats_protocol import Message, encode_headers, encode_message
from payi_transport.sinks.protocol import UncertainEvent
from tests.sinks.events import event
from tests.support.nats_server import NatsServer, make_settings
from tests.support.polling import wait_until

Reply = Callable[[Sequence[Event]], Receipt]


class ScriptedSink(MemorySink):
    """Say about each batch what the test says, and keep the events that are taken."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply
        self.is_closed = False

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.batches.append(len(batch))
        receipt = self.reply(batch)
        left = {*receipt.retry, *receipt.rejected}
        self.events += [one for index, one in enumerate(batch) if index not in left]
        return receipt

    def close(self) -> None:
        self.is_closed = True


class Running:
    """A worker on a thread of its own."""

    def __init__(
        self,
        url: str,
        reply: Reply,
        settled: Settled | None = None,
        sweep: Sweep | None = None,
        **options: Any,
    ) -> None:
        self.stop = threading.Event()
        self.faults: list[BaseException] = []
        self.sink = ScriptedSink(reply)
        logger = logging.getLogger("payi.relay")
        logs: dict[str, RateLimitedLogger] = {}
        consumer = Consumer(make_settings(url, timeout=2.0), "test")
        self.worker = RelayWorker(
            consumer,
            self.sink,
            Options(**{"linger": 0.1, "longest_pause": 0.2, **options}),
            settled or Settled(),
            sweep=sweep or Sweep(),
            stop=self.stop,
            log=lambda kind: logs.setdefault(kind, RateLimitedLogger(logger, 3600)),
            on_fault=self.faults.append,
        )
        self.counts = self.worker.counts
        self._thread = threading.Thread(target=self.worker.run)
        self._thread.start()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self._thread.join(30)
        assert self.sink.is_closed
        assert not self.worker.consumer.connection.is_open

    def ids(self) -> set[str]:
        return {one.provider_response_id for one in self.sink.events}


def take_all(batch: Sequence[Event]) -> Receipt:
    return Receipt(bytes_sent=len(batch))


def publish(server: NatsServer, *numbers: int) -> None:
    sink = NatsSink.from_section(make_settings(server.url))
    assert not sink.deliver([event(number) for number in numbers]).retry
    sink.close()


def put(server: NatsServer, *messages: tuple[bytes, dict[str, str]]) -> None:
    connection = server.connect()
    for body, headers in messages:
        command = encode_message("payi.events", body, head=encode_headers(headers))
        connection.send(command, monotonic() + 20)
    connection.request("$JS.API.INFO", b"", monotonic() + 20)
    connection.drop()


def test_what_the_sink_takes_leaves_the_stream(server: NatsServer) -> None:
    publish(server, *range(50))
    with Running(server.url, take_all) as running:
        wait_until(lambda: server.count() == 0)
        assert running.ids() == {f"id-{number}" for number in range(50)}
        assert (running.counts.taken, running.counts.delivered) == (50, 50)
        assert running.counts.bytes_sent == 50
        # Merged: all were there at once.
        assert running.sink.batches == [50]
        # They were there before this relay, and another one may have delivered them.
        assert all(isinstance(one, UncertainEvent) for one in running.sink.events)


def test_what_is_refused_for_now_comes_again_as_a_repeat(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = Counter({"id-1": 2, "id-3": 2})

    def reply(batch: Sequence[Event]) -> Receipt:
        retry = [index for index, one in enumerate(batch) if refusals[one.provider_response_id] > 0]
        refusals.subtract(batch[index].provider_response_id for index in retry)
        return Receipt(retry=retry, problem="busy" if retry else None)

    with Running(server.url, reply) as running:
        wait_until(lambda: running.worker.consumer.is_bound)
        publish(server, 1, 2, 3)
        wait_until(lambda: server.count() == 0)
        assert running.ids() == {"id-1", "id-2", "id-3"}
        repeats = {one.provider_response_id: isinstance(one, UncertainEvent) for one in running.sink.events}
        assert repeats == {"id-1": True, "id-2": False, "id-3": True}
        assert running.counts.given_back["refused"] == 4
    assert [record.getMessage() for record in caplog.records] == ["payi_transport: busy"]


def test_what_is_refused_for_good_is_kept_with_its_reason(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    publish(server, 1, 2)
    with Running(server.url, lambda batch: Receipt(rejected={0: "item_400"}, notices=["n"])) as running:
        wait_until(lambda: server.count() == 0)
        assert running.ids() == {"id-2"}
        assert dict(running.counts.rejected) == {"item_400": 1}
    assert "1 events were refused for good (item_400)" in caplog.text
    [(headers, body)] = server.read_messages("PAYI_REJECTED")
    assert headers["Payi-Reason"] == "item_400"
    assert b'"id-1"' in body


def test_messages_that_are_no_events_are_one_line_and_a_count(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    put(server, *[(b"junk", {})] * 5, (b"{}", {"Payi-Event-Version": "2"}))
    publish(server, 1)
    with Running(server.url, take_all) as running:
        wait_until(lambda: server.count() == 0)
        assert running.ids() == {"id-1"}
        assert dict(running.counts.rejected) == {"not_an_event": 5, "newer_version": 1}
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "message 1 can't be delivered: not an event; it is kept with the rejected ones",
        "message 6 can't be delivered: newer version; it is kept with the rejected ones",
    ]
    assert server.count("PAYI_REJECTED") == 6


def test_only_poison_disturbs_no_sink(server: NatsServer) -> None:
    put(server, (b"junk", {}))
    with Running(server.url, take_all) as running:
        wait_until(lambda: server.count() == 0)
        assert running.sink.batches == []


def test_without_a_place_for_rejected_messages_they_stay(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.call("STREAM.DELETE.PAYI_REJECTED")
    put(server, (b"junk", {}))
    publish(server, 1)
    with Running(server.url, take_all) as running:
        wait_until(lambda: running.counts.given_back["no_rejected_stream"])
        assert running.ids() == {"id-1"}
        assert not running.counts.rejected
    assert server.count() == 1
    expected = f"make PAYI_REJECTED with: payi-transport nats init --server {server.url}"
    assert expected in caplog.records[-1].getMessage()


def test_a_sink_that_raises_is_a_fault_and_the_events_stay(server: NatsServer) -> None:
    publish(server, 1, 2)
    failures = [ValueError("x"), None]

    def reply(batch: Sequence[Event]) -> Receipt:
        failure = failures.pop(0) if len(failures) > 1 else failures[0]
        if failure is not None:
            raise failure
        return Receipt()

    with Running(server.url, reply) as running:
        wait_until(lambda: server.count() == 0)
        assert [type(fault) for fault in running.faults] == [ValueError]
        assert running.counts.faults == 1
        assert all(isinstance(one, UncertainEvent) for one in running.sink.events)


def test_a_sink_that_denies_all_is_asked_with_one_event(server: NatsServer) -> None:
    publish(server, *range(20))
    replies = [Receipt(retry=range(20), denied=True, problem="wrong key"), Receipt(retry=[0], denied=True)]

    def reply(batch: Sequence[Event]) -> Receipt:
        return replies.pop(0) if replies else Receipt()

    with Running(server.url, reply) as running:
        wait_until(lambda: server.count() == 0)
        assert running.sink.batches[:3] == [20, 1, 1]
        assert not running.worker.is_denied


def test_a_message_that_comes_again_is_acknowledged_again_without_the_sink(server: NatsServer) -> None:
    publish(server, 1, 2)
    consumer = Consumer(make_settings(server.url), "test")
    consumer.bind()
    [first, second] = sorted(consumer.pull(2, 1 << 20, 20), key=lambda held: held.sequence)
    consumer.give_back()
    consumer.close()
    settled = Settled()
    # A message with the number of another one, as after the stream was restored, is not that message.
    settled.add([first, second._replace(stored=second.stored - 1)])
    with Running(server.url, take_all, settled) as running:
        wait_until(lambda: server.count() == 0)
        assert running.ids() == {"id-2"}
        assert running.counts.repeats == 1


def test_a_server_that_is_away_is_one_line_and_is_found_again(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    with Running(server.url, take_all) as running:
        wait_until(lambda: running.worker.consumer.is_bound)
        server.kill()
        wait_until(lambda: running.counts.failures > 2)
        server.start()
        publish(server, 1)
        wait_until(lambda: server.count() == 0)
        assert running.ids() == {"id-1"}
    assert len(caplog.records) == 1
    assert "NATS" in caplog.records[0].getMessage()


def test_a_fault_ends_a_round_and_not_the_worker(server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [ZeroDivisionError()]
    real = Settled.add

    def fail(self: Settled, settled: Iterable[Held]) -> None:
        if faults:
            raise faults.pop()
        real(self, settled)

    monkeypatch.setattr(Settled, "add", fail)
    with Running(server.url, take_all) as running:
        wait_until(lambda: running.worker.consumer.is_bound)
        publish(server, 1)
        wait_until(lambda: server.count() == 0)
        assert [type(fault) for fault in running.faults] == [ZeroDivisionError]
        assert [isinstance(one, UncertainEvent) for one in running.sink.events] == [False, True]


def test_what_is_taken_at_the_end_is_given_back(
    server: NatsServer, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, 1)
    with Running(f"nats://127.0.0.1:{closed_port}", take_all) as idle:
        worker = idle.worker
    consumer = Consumer(make_settings(server.url), "test")
    monkeypatch.setattr(worker, "consumer", consumer)
    # The signal has come while the messages did.
    worker._run_once()
    assert worker.counts.given_back["stopping"] == 1
    assert idle.sink.batches == []
    consumer.close()
    with Running(server.url, take_all) as running:
        wait_until(lambda: server.count() == 0)
        assert running.ids() == {"id-1"}


def test_what_was_settled_long_ago_is_forgotten() -> None:
    settled = Settled(3)
    held = [Held(Message("payi.events", "", b"", b""), number, number, False) for number in range(4)]
    settled.add(held[:2])
    settled.add(held[2:])
    assert [one in settled for one in held] == [False, True, True, True]
