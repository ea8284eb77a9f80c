"""The sink that writes events to the spool."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from payi_transport import Event, Receipt, Units
from payi_transport.delivery.spool.sink import SpoolSink
from payi_transport.delivery.spool.spool import Spool
from payi_transport.runtime.wake_event import WakeEvent

EVENTS = [
    Event(category="c", units={"text": Units(input=1)}, provider_response_id=str(number), user_id="ü")
    for number in range(3)
]


def test_a_batch_is_on_the_disk_when_it_is_delivered(tmp_path: Path) -> None:
    spool, written = Spool(tmp_path, 1 << 20), WakeEvent()
    sink = SpoolSink(spool, 10, written)
    assert not sink.deliver(EVENTS).retry
    assert written.is_set()
    records, own = spool.read(9)
    assert own
    assert [msgspec.json.decode(record, type=Event) for record in records] == EVENTS
    sink.fork()
    sink.close()
    spool.close()


def test_what_is_written_after_the_spool_was_closed_is_left_for_the_next_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    sink = SpoolSink(spool, 10, WakeEvent())
    spool.close()
    assert not sink.deliver(EVENTS).retry
    later = Spool(tmp_path, 1 << 20)
    assert later.read(9) == ([], True)
    sink.close()
    later = Spool(tmp_path, 1 << 20)
    records, own = later.read(9)
    assert (len(records), own) == (len(EVENTS), False)
    later.close()


@pytest.mark.parametrize(
    ("folder", "room", "problem"),
    [
        ("", 10, "the spool is full (delivery.spool_max_bytes)"),
        ("nowhere", 1 << 20, "the spool cannot be written (No such file or directory)"),
    ],
)
def test_what_the_disk_does_not_accept_is_kept_in_memory_one_batch_at_a_time(
    folder: str, room: int, problem: str, tmp_path: Path
) -> None:
    spool, written = Spool(tmp_path / folder, room), WakeEvent()
    sink = SpoolSink(spool, 10, written)
    assert sink.deliver(EVENTS) == Receipt(problem=problem)
    assert written.is_set()
    later = sink.deliver(EVENTS[:2])
    assert (list(later.retry), later.problem) == ([0, 1], problem)
    assert [msgspec.json.decode(record, type=Event) for record in spool.read(9)[0]] == EVENTS
    spool.acknowledge()
    assert not sink.deliver(EVENTS).retry
