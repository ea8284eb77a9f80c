"""What a worker takes events from: the ring with its exchanges, and the spool."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport import Event
from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sources import RingSource, SpoolSource
from payi_transport.delivery.spool.spool import REJECTED_FILE, Spool
from payi_transport.runtime.wake_event import WakeEvent
from tests.support.exchanges import make_exchange
from tests.support.waiting import wait_for_the_interpreter
from tests.support.wire_cases import CASES

CASE = next(case for case in CASES if case.name == "openai/chat_unary")


def make_event(number: int) -> Event:
    return Event(category="c", units={}, provider_response_id=str(number))


class RingBench:
    """A source over a ring, whose exchanges decode to `answers` in turn."""

    def __init__(self, *answers: Event | str | Exception) -> None:
        self.faults: list[Exception] = []
        self.ring: Ring[Exchange] = Ring(100, 1 << 20, 2, lambda: None)
        self.answers = list(answers)
        self.listeners: dict[str, Listener] = {}
        self.exchanges = [make_exchange(CASE) for _ in answers]
        for exchange in self.exchanges:
            assert self.ring.push(exchange, exchange.weight)
        self.source = RingSource(self.ring, self.decode, self.faults.append, max_batch=10)

    def decode(self, exchange: Exchange) -> Decoded | str:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            return answer
        listener = self.listeners.get(answer.provider_response_id)
        return Decoded(answer, listener)


def test_exchanges_become_events_in_line_until_they_are_settled() -> None:
    bench = RingBench(make_event(1), make_event(2))
    assert bench.source.is_ready()
    first, second = bench.source.take()
    assert not bench.source.is_ready()
    assert bench.source.is_batch_full()
    assert (first.event, second.event) == (make_event(1), make_event(2))
    assert first.ticket < second.ticket < bench.source.take_ticket()
    assert bench.ring.in_flight == 2
    bench.source.settle(first, None, {})
    bench.source.settle(second, "status_400", {})
    assert bench.ring.in_flight == 0
    assert not bench.source.is_batch_full()
    assert (bench.source.counts.delivered, bench.source.counts.lost) == (1, {"status_400": 1})
    assert bench.source.counts.lag > 0
    bench.source.close()


@pytest.mark.parametrize(("behind", "gives_way"), [(0, True), (10, False)], ids=["in time", "behind"])
def test_callers_do_not_wait_for_all_of_a_batch_to_be_decoded(behind: int, gives_way: bool) -> None:
    bench = RingBench(*map(make_event, range(10 + behind)))
    with wait_for_the_interpreter() as caller:

        def decode(exchange: Exchange) -> Decoded | str:
            caller.compute()
            return bench.decode(exchange)

        RingSource(bench.ring, decode, bench.faults.append, max_batch=10).take()
        assert caller.got_in == gives_way


def test_the_listener_of_an_exchange_is_told_of_its_delivery_alone() -> None:
    bench = RingBench(*map(make_event, range(3)))
    told: list[tuple[int, object]] = []
    for number in range(2):
        bench.listeners[str(number)] = partial(lambda number, answer: told.append((number, answer)), number)
    first, second, third = bench.source.take()
    bench.source.settle(first, "status_400", {})
    bench.source.settle(second, None, {"request_id": "r"})
    bench.source.settle(third, None, {})
    assert told == [(1, {"request_id": "r"})]


def test_what_makes_no_event_is_settled_at_once_and_holds_no_content() -> None:
    bench = RingBench("pending", RuntimeError("no"), "repeated")
    assert bench.source.take() == []
    assert bench.ring.in_flight == 0
    assert bench.source.counts.skipped == {"pending": 1, "repeated": 1}
    assert bench.source.counts.lost == {"decode_fault": 1}
    assert [str(fault) for fault in bench.faults] == ["no"]
    assert not any(exchange.chunks or exchange.request_body for exchange in bench.exchanges)


class SpoolBench:
    """A source over a spool."""

    def __init__(self, directory: Path) -> None:
        self.faults: list[Exception] = []
        self.wake = WakeEvent()
        self.spool = Spool(directory, 1 << 20)
        self.heard: list[Any] = []
        self.source = SpoolSource(self.spool, 2, self.wake, self.faults.append, self.heard.append)

    def write(self, *numbers: int) -> None:
        assert self.spool.append([msgspec.json.encode(make_event(number)) for number in numbers])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SpoolBench]:
    bench = SpoolBench(tmp_path)
    yield bench
    bench.source.close()


def test_the_next_events_are_read_when_all_before_are_settled(bench: SpoolBench) -> None:
    assert not bench.source.is_ready()
    bench.write(1, 2, 3)
    mark = bench.source.take_ticket()
    assert bench.source.is_ready() and bench.source.is_ready()
    first, second = bench.source.take()
    assert [first.event, second.event] == [make_event(1), make_event(2)]
    assert first.ticket < second.ticket < mark
    bench.source.settle(first, None, {})
    assert not bench.source.is_ready()
    assert not bench.wake.is_set()
    assert bench.source.is_batch_full()
    bench.source.settle(second, None, {})
    assert not bench.source.is_batch_full()
    assert bench.wake.is_set() and bench.source.is_ready()
    assert bench.source.has_before(mark)
    [third] = bench.source.take()
    bench.source.settle(third, None, {})
    assert not bench.source.has_before(mark)
    assert bench.source.counts.delivered == 3


def test_nobody_has_to_listen_to_what_is_delivered(bench: SpoolBench) -> None:
    bench.write(1)
    source = SpoolSource(bench.spool, 2, bench.wake, bench.faults.append)
    assert source.is_ready()
    [pending] = source.take()
    source.settle(pending, None, {"request_id": "r"})
    assert (source.counts.delivered, bench.heard) == (1, [])


def test_an_event_that_is_refused_is_counted_and_kept_aside(bench: SpoolBench, tmp_path: Path) -> None:
    bench.write(1)
    assert bench.source.is_ready()
    [pending] = bench.source.take()
    bench.source.settle(pending, "status_400", {})
    assert bench.source.counts.lost == {"status_400": 1}
    [line] = (tmp_path / REJECTED_FILE).read_text().splitlines()
    assert json.loads(line) == {
        "reason": "status_400",
        "event": {"category": "c", "units": {}, "provider_response_id": "1"},
    }


def test_a_record_that_is_no_event_is_counted_and_kept_aside(bench: SpoolBench, tmp_path: Path) -> None:
    bench.spool.append([b'{"of": "another version"}', b"\xff"])
    assert bench.source.is_ready()
    assert bench.source.take() == []
    assert bench.source.counts.lost == {"spool_unreadable": 2}
    assert len((tmp_path / REJECTED_FILE).read_text().splitlines()) == 2
    assert not bench.source.is_ready()
    assert not bench.source.has_before(bench.source.take_ticket())


def test_records_that_the_disk_lost_are_counted(bench: SpoolBench, tmp_path: Path) -> None:
    bench.write(1)
    [segment] = tmp_path.glob("*.events")
    segment.write_bytes(b"")
    assert not bench.source.is_ready()
    assert bench.source.counts.lost == {"spool_damaged": 1}
    assert not bench.source.has_before(bench.source.take_ticket())


def test_events_that_others_left_are_counted_apart_and_no_flush_waits_for_them(tmp_path: Path) -> None:
    left = SpoolBench(tmp_path)
    left.write(1, 2)
    left.source.close()
    bench = SpoolBench(tmp_path)
    mark = bench.source.take_ticket()
    assert bench.source.is_ready()
    first, second = bench.source.take()
    assert first.ticket > mark
    assert not bench.source.has_before(mark)
    bench.source.settle(first, None, {"request_id": "r"})
    bench.source.settle(second, "status_400", {})
    assert bench.heard == [{"request_id": "r"}]
    counts = bench.source.counts
    assert (counts.replayed, counts.delivered, counts.lost) == (1, 0, {})
    assert counts.replay_lost == {"status_400": 1}
    assert len((tmp_path / REJECTED_FILE).read_text().splitlines()) == 1
    bench.source.close()


def test_a_journal_of_another_process_that_can_not_be_read_is_a_fault_once(tmp_path: Path) -> None:
    left = SpoolBench(tmp_path)
    left.write(1)
    left.source.close()
    [segment] = tmp_path.glob("*.events")
    segment.unlink()
    # A directory can't be opened as a file, whoever asks.
    segment.mkdir()
    bench = SpoolBench(tmp_path)
    assert not bench.source.is_ready()
    assert not bench.source.is_ready()
    assert [type(fault) for fault in bench.faults] == [IsADirectoryError]
    bench.source.close()


def test_a_disk_that_fails_loses_no_account(bench: SpoolBench, tmp_path: Path) -> None:
    bench.write(1)
    assert bench.source.is_ready()
    [pending] = bench.source.take()
    (tmp_path / REJECTED_FILE).mkdir()
    bench.source.settle(pending, "status_400", {})
    assert bench.source.counts.lost == {"status_400": 1}
    assert [type(fault) for fault in bench.faults] == [IsADirectoryError]
    assert not bench.source.is_ready()
