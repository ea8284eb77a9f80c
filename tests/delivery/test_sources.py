"""What a worker takes events from: the ring with its exchanges."""

from __future__ import annotations

from functools import partial
from time import perf_counter

import pytest

from payi_transport import Event
from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.capture.session import SessionWork
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sources import RingSource
from tests.support.exchanges import make_exchange
from tests.support.waiting import wait_for_the_interpreter
from tests.support.wire_cases import CASES

CASE = next(case for case in CASES if case.name == "openai/chat_unary")


def make_event(number: int) -> Event:
    return Event(category="c", units={}, provider_response_id=str(number))


class RingHarness:
    """A source over a ring, whose exchanges decode to `outcomes` in turn."""

    def __init__(self, *outcomes: Event | str | Exception) -> None:
        self.faults: list[Exception] = []
        self.ring: Ring[Exchange | SessionWork] = Ring(100, 1 << 20, 2, lambda: None)
        self.outcomes = list(outcomes)
        self.listeners: dict[str, Listener] = {}
        self.exchanges = [make_exchange(CASE) for _ in outcomes]
        for exchange in self.exchanges:
            assert self.ring.push(exchange, exchange.weight)
        self.source = RingSource(self.ring, self.decode, self.faults.append, max_batch=10)

    def decode(self, exchange: Exchange) -> Decoded | str:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, str):
            return outcome
        listener = self.listeners.get(outcome.provider_response_id)
        return Decoded(outcome, listener)


def test_exchanges_become_queued_events_until_they_are_settled() -> None:
    harness = RingHarness(make_event(1), make_event(2))
    assert harness.source.is_ready()
    first, second = harness.source.take()
    assert not harness.source.is_ready()
    assert harness.source.is_batch_full()
    assert (first.event, second.event) == (make_event(1), make_event(2))
    assert first.ticket < second.ticket < harness.source.take_ticket()
    assert harness.ring.in_flight == 2
    harness.source.settle(first, None, {})
    harness.source.settle(second, "status_400", {})
    assert harness.ring.in_flight == 0
    assert not harness.source.is_batch_full()
    assert (harness.source.counts.delivered, harness.source.counts.lost) == (1, {"status_400": 1})
    harness.source.close()


def test_the_lag_is_for_how_long_the_oldest_call_of_a_batch_has_waited() -> None:
    harness = RingHarness(make_event(1), make_event(2))
    harness.exchanges[0].ended = perf_counter() - 300
    harness.source.take()
    assert 300 <= harness.source.counts.lag < 600


@pytest.mark.parametrize(("waiting", "gets_in"), [(0, True), (10, False)], ids=["in time", "behind"])
def test_callers_get_the_gil_during_a_batch_unless_the_worker_is_behind(waiting: int, gets_in: bool) -> None:
    harness = RingHarness(*map(make_event, range(10 + waiting)))
    with wait_for_the_interpreter() as caller:

        def decode(exchange: Exchange) -> Decoded | str:
            caller.compute()
            return harness.decode(exchange)

        RingSource(harness.ring, decode, harness.faults.append, max_batch=10).take()
        assert caller.got_in == gets_in


def test_a_listener_is_called_only_for_the_delivery_of_its_own_exchange() -> None:
    harness = RingHarness(*map(make_event, range(3)))
    received: list[tuple[int, object]] = []
    for number in range(2):
        harness.listeners[str(number)] = partial(
            lambda number, response: received.append((number, response)), number
        )
    first, second, third = harness.source.take()
    harness.source.settle(first, "status_400", {})
    harness.source.settle(second, None, {"request_id": "r"})
    harness.source.settle(third, None, {})
    assert received == [(1, {"request_id": "r"})]


def test_an_exchange_without_an_event_is_settled_at_once_and_holds_no_content() -> None:
    harness = RingHarness("pending", RuntimeError("no"), "repeated")
    assert harness.source.take() == []
    assert harness.ring.in_flight == 0
    assert harness.source.counts.skipped == {"pending": 1, "repeated": 1}
    assert harness.source.counts.lost == {"decode_fault": 1}
    assert [str(fault) for fault in harness.faults] == ["no"]
    assert not any(exchange.chunks or exchange.request_body for exchange in harness.exchanges)
