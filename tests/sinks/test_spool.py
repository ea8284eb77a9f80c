"""Events to the disk."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from payi_transport import Event, Units
from payi_transport.delivery.spool import Spool
from payi_transport.sinks.spool import SpoolSink

EVENTS = [
    Event(category="c", units={"text": Units(input=1)}, provider_response_id=str(number), user_id="ü")
    for number in range(3)
]


def test_a_batch_is_on_the_disk_when_it_is_delivered(tmp_path: Path) -> None:
    spool, written = Spool(tmp_path, 1 << 20), threading.Event()
    sink = SpoolSink(spool, 10, written)
    assert not sink.deliver(EVENTS).retry
    assert written.is_set()
    records, own = spool.read(9)
    assert own
    assert [msgspec.json.decode(record, type=Event) for record in records] == EVENTS
    sink.fork()
    sink.close()
    spool.close()


def test_a_full_spool_keeps_the_batch_waiting(tmp_path: Path) -> None:
    sink = SpoolSink(Spool(tmp_path, 10), 10, threading.Event())
    receipt = sink.deliver(EVENTS)
    assert (list(receipt.retry), receipt.problem) == ([0, 1, 2], "the spool is full")


def test_a_disk_that_can_not_be_written_keeps_the_batch_waiting(tmp_path: Path) -> None:
    sink = SpoolSink(Spool(tmp_path / "nowhere", 1 << 20), 10, threading.Event())
    receipt = sink.deliver(EVENTS)
    assert list(receipt.retry) == [0, 1, 2]
    assert receipt.problem == "the spool can not be written (No such file or directory)"
