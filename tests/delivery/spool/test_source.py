"""Events that come back from disk are settled once, whoever wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport import Event
from payi_transport.delivery.spool.source import SpoolSource
from payi_transport.delivery.spool.spool import REJECTED_FILE, Spool
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import UncertainEvent, mark_uncertain


def make_event(number: int) -> Event:
    return Event(category="c", units={}, provider_response_id=str(number))


class SpoolHarness:
    """A source over a spool."""

    def __init__(self, directory: Path) -> None:
        self.faults: list[Exception] = []
        self.wake = WakeEvent()
        self.spool = Spool(directory, 1 << 20)
        self.received: list[Any] = []
        self.source = SpoolSource(self.spool, 2, self.wake, self.faults.append, self.received.append)

    def write(self, *numbers: int) -> None:
        assert self.spool.append([msgspec.json.encode(make_event(number)) for number in numbers])


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SpoolHarness]:
    harness = SpoolHarness(tmp_path)
    yield harness
    harness.source.close()


def test_the_next_events_are_read_once_all_earlier_ones_are_settled(harness: SpoolHarness) -> None:
    assert not harness.source.is_ready()
    harness.write(1, 2, 3)
    mark = harness.source.take_ticket()
    assert harness.source.is_ready() and harness.source.is_ready()
    first, second = harness.source.take()
    assert [first.event, second.event] == [make_event(1), make_event(2)]
    assert first.ticket < second.ticket < mark
    harness.source.settle(first, None, {})
    assert not harness.source.is_ready()
    assert not harness.wake.is_set()
    assert harness.source.is_batch_full()
    harness.source.settle(second, None, {})
    assert not harness.source.is_batch_full()
    assert harness.wake.is_set() and harness.source.is_ready()
    assert harness.source.has_before(mark)
    [third] = harness.source.take()
    harness.source.settle(third, None, {})
    assert not harness.source.has_before(mark)
    assert harness.source.counts.delivered == 3


def test_events_that_are_given_back_are_read_again_and_stay_uncertain(harness: SpoolHarness) -> None:
    harness.write(1, 2)
    assert harness.source.is_ready()
    first, second = harness.source.take()
    assert harness.source.give_back([first, second._replace(event=mark_uncertain(second.event))])
    assert harness.source.is_ready()
    again = harness.source.take()
    assert [isinstance(queued.event, UncertainEvent) for queued in again] == [False, True]
    assert [queued.event.provider_response_id for queued in again] == ["1", "2"]
    for queued in again:
        harness.source.settle(queued, None, {})
    assert (harness.source.counts.delivered, harness.source.counts.replayed) == (2, 0)


def test_events_are_not_given_back_once_one_of_them_is_settled(harness: SpoolHarness) -> None:
    harness.write(1, 2)
    assert harness.source.is_ready()
    first, second = harness.source.take()
    harness.source.settle(first, None, {})
    assert not harness.source.give_back([second])
    harness.source.settle(second, None, {})
    assert harness.source.counts.delivered == 2


def test_a_listener_is_optional(harness: SpoolHarness) -> None:
    harness.write(1)
    source = SpoolSource(harness.spool, 2, harness.wake, harness.faults.append)
    assert source.is_ready()
    [pending] = source.take()
    source.settle(pending, None, {"request_id": "r"})
    assert (source.counts.delivered, harness.received) == (1, [])


def test_a_rejected_event_is_counted_and_written_to_its_own_file(
    harness: SpoolHarness, tmp_path: Path
) -> None:
    harness.write(1)
    assert harness.source.is_ready()
    [pending] = harness.source.take()
    harness.source.settle(pending, "status_400", {})
    assert harness.source.counts.lost == {"status_400": 1}
    [line] = (tmp_path / REJECTED_FILE).read_text().splitlines()
    assert json.loads(line) == {
        "reason": "status_400",
        "event": {"category": "c", "units": {}, "provider_response_id": "1"},
    }


def test_an_unreadable_record_is_counted_and_written_to_the_file_of_rejected_ones(
    harness: SpoolHarness, tmp_path: Path
) -> None:
    harness.spool.append([b'{"of": "another version"}', b"\xff"])
    assert harness.source.is_ready()
    assert harness.source.take() == []
    assert harness.source.counts.lost == {"spool_unreadable": 2}
    assert len((tmp_path / REJECTED_FILE).read_text().splitlines()) == 2
    assert not harness.source.is_ready()
    assert not harness.source.has_before(harness.source.take_ticket())


def test_records_that_the_disk_lost_are_counted(harness: SpoolHarness, tmp_path: Path) -> None:
    harness.write(1)
    [segment] = tmp_path.glob("*.events")
    segment.write_bytes(b"")
    assert not harness.source.is_ready()
    assert harness.source.counts.lost == {"spool_damaged": 1}
    assert not harness.source.has_before(harness.source.take_ticket())


def test_damage_is_counted_at_once_even_if_nothing_else_is_ever_read(
    harness: SpoolHarness, tmp_path: Path
) -> None:
    harness.write(1, 2)
    ticket = harness.source.take_ticket()
    [segment] = tmp_path.glob("*.events")
    content = segment.read_bytes()
    segment.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert harness.source.is_ready()
    [queued] = harness.source.take()
    harness.source.settle(queued, None, {})
    assert (harness.source.counts.delivered, harness.source.counts.lost) == (1, {"spool_damaged": 1})
    assert not harness.source.has_before(ticket)


def test_an_error_that_is_not_the_disks_is_raised(
    harness: SpoolHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    harness.write(1)
    assert harness.source.is_ready()
    [queued] = harness.source.take()
    monkeypatch.setattr(harness.spool, "acknowledge", fail)
    with pytest.raises(ZeroDivisionError):
        harness.source.settle(queued, None, {})


def test_events_of_earlier_processes_are_counted_apart_and_no_flush_waits_for_them(tmp_path: Path) -> None:
    left = SpoolHarness(tmp_path)
    left.write(1, 2)
    left.source.close()
    harness = SpoolHarness(tmp_path)
    mark = harness.source.take_ticket()
    assert harness.source.is_ready()
    first, second = harness.source.take()
    assert first.ticket > mark
    assert not harness.source.has_before(mark)
    harness.source.settle(first, None, {"request_id": "r"})
    harness.source.settle(second, "status_400", {})
    assert harness.received == [{"request_id": "r"}]
    counts = harness.source.counts
    assert (counts.replayed, counts.delivered, counts.lost) == (1, 0, {})
    assert counts.replay_lost == {"status_400": 1}
    assert len((tmp_path / REJECTED_FILE).read_text().splitlines()) == 1
    harness.source.close()


def test_damage_in_what_an_earlier_process_left_is_counted_and_logged(tmp_path: Path) -> None:
    left = SpoolHarness(tmp_path)
    left.write(1, 2, 3, 4)
    left.source.close()
    [segment] = tmp_path.glob("*.events")
    content = bytearray(segment.read_bytes())
    content[20] ^= 1
    segment.write_bytes(content[:-1])
    logged: list[str] = []
    spool = Spool(tmp_path, 1 << 20)
    source = SpoolSource(spool, 9, WakeEvent(), lambda exc: None, on_damage=logged.append)
    assert source.is_ready()
    for queued in source.take():
        source.settle(queued, None, {})
    assert not source.is_ready()
    assert (source.counts.replayed, source.counts.replay_lost) == (2, {"spool_damaged": 2})
    assert logged and "damaged in 2 places" in logged[-1]
    source.close()


def test_an_unreadable_journal_of_another_process_is_one_fault(tmp_path: Path) -> None:
    left = SpoolHarness(tmp_path)
    left.write(1)
    left.source.close()
    [segment] = tmp_path.glob("*.events")
    segment.unlink()
    # A directory cannot be opened as a file, not even by root.
    segment.mkdir()
    harness = SpoolHarness(tmp_path)
    assert not harness.source.is_ready()
    assert not harness.source.is_ready()
    assert [type(fault) for fault in harness.faults] == [IsADirectoryError]
    harness.source.close()


def test_counting_goes_on_when_the_disk_fails(harness: SpoolHarness, tmp_path: Path) -> None:
    harness.write(1)
    assert harness.source.is_ready()
    [pending] = harness.source.take()
    (tmp_path / REJECTED_FILE).mkdir()
    harness.source.settle(pending, "status_400", {})
    assert harness.source.counts.lost == {"status_400": 1}
    assert [type(fault) for fault in harness.faults] == [IsADirectoryError]
    assert not harness.source.is_ready()
