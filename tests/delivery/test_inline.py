"""Reporting a call while its caller waits: retried as configured, counted once, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from payi_transport.capture.exchange import Exchange, Listener, Outcome
from payi_transport.config.schema import IngestRetrySettings
from payi_transport.context.results import ResultSlot
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.inline import InlineDelivery
from payi_transport.delivery.stats import PayiStats
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES

EVENT = Event(category="system.openai", units={}, provider_response_id="r")
RESULT = {"request_id": "q"}
TAKEN = Receipt(results={0: {"request_id": "q", "xproxy_result": RESULT}}, bytes_sent=7)
FAILED = Receipt(retry=[0], problem="Pay-i answered 503", bytes_sent=7)


class Desk:
    """A sink that answers with each receipt in turn, the last one again and again; None is an exception."""

    batch_limit = None

    def __init__(self, *receipts: Receipt | None, decoded: Event | str | None = EVENT, **retry: Any) -> None:
        self._receipts = list(receipts)
        self._decoded = decoded
        self.taken = 0
        self.queued: list[Exchange] = []
        self.faults: list[Exception] = []
        self.problems: list[str] = []
        self.on_delivery: Callable[[], object] | None = None
        self.listener: Listener | None = None
        self.inline = InlineDelivery(
            self,
            IngestRetrySettings(inline_retry_initial_delay=0.001, **retry),
            decode=self.decode,
            queue=self.queued.append,
            on_fault=self.faults.append,
            on_problem=self.problems.append,
        )

    def decode(self, exchange: Exchange) -> Decoded | str:
        if self._decoded is None:
            raise ValueError("no")
        return self._decoded if isinstance(self._decoded, str) else Decoded(self._decoded, self.listener)

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        assert batch == [EVENT]
        self.taken += 1
        if self.on_delivery is not None:
            self.on_delivery()
        receipt = self._receipts.pop(0) if len(self._receipts) > 1 else self._receipts[0]
        if receipt is None:
            raise OSError("no")
        return receipt

    def fork(self) -> None: ...

    def close(self) -> None: ...

    def end(self, outcome: Outcome = Outcome.EXHAUSTED) -> Exchange:
        exchange = make_exchange(CASES[0], outcome=outcome, result_slot=ResultSlot())
        self.inline.deliver(exchange)
        return exchange


def test_the_call_has_the_answer_to_its_event_and_is_delivered() -> None:
    desk = Desk(TAKEN, max_inline_retries=3)
    exchange = desk.end()
    assert (exchange.result, desk.taken) == (RESULT, 1)
    assert (desk.inline.counts.delivered, desk.inline.counts.bytes_sent) == (1, 7)
    assert not exchange.chunks
    assert not desk.queued


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize("failure", [FAILED, None])
def test_a_passing_failure_is_tried_as_often_as_configured_and_then_queued(
    retries: int, failure: Receipt | None
) -> None:
    desk = Desk(failure, max_inline_retries=retries)
    exchange = desk.end()
    assert desk.taken == retries + 1
    assert [queued.event for queued in desk.queued] == [EVENT]
    assert (exchange.result, desk.inline.counts.captured) == (None, 0)
    assert len(desk.problems) == 1
    assert len(desk.faults) == (desk.taken if failure is None else 0)


DENIED = Receipt(retry=[0], problem="Pay-i answered 401", denied=True)
LEFT_ALONE = {
    "denied": DENIED,
    "denied for so long": Receipt(retry=[0], wait=60.0, denied=True),
    "asked to wait": Receipt(retry=[0], wait=5.0),
}


@pytest.mark.parametrize("receipt", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
@pytest.mark.parametrize("queue_enabled", [True, False])
def test_a_destination_that_wants_to_be_left_alone_is_and_calls_are_reported_behind_it(
    receipt: Receipt, queue_enabled: bool
) -> None:
    desk = Desk(receipt, max_inline_retries=3, queue_enabled=queue_enabled)
    exchanges = [desk.end() for _ in range(5)]
    assert desk.taken == 1
    assert [queued.event for queued in desk.queued] == [EVENT] * (5 if queue_enabled else 4)
    assert all(exchange.result is None for exchange in exchanges)
    assert desk.inline.counts.lost.total() == (0 if queue_enabled else 1)


@pytest.mark.parametrize("denied", [True, False])
def test_when_the_time_is_over_one_call_asks_and_the_next_do_if_it_had_an_answer(denied: bool) -> None:
    desk = Desk(Receipt(retry=[0], wait=0.05, denied=denied), TAKEN)
    desk.end()
    meanwhile: list[Exchange] = []
    desk.on_delivery = lambda: meanwhile.append(desk.end())
    last = desk.end()
    while desk.taken < 2:
        last = desk.end()
    assert last.result == RESULT
    assert [exchange.started for exchange in meanwhile] == [desk.queued[-1].started]
    desk.on_delivery = None
    assert desk.end().result == RESULT
    assert desk.taken == 3


@pytest.mark.parametrize(("queue_enabled", "told"), [(True, []), (False, ["Pay-i answered 401"])])
def test_of_a_key_that_is_not_accepted_tells_whoever_delivers_last(
    queue_enabled: bool, told: list[str]
) -> None:
    desk = Desk(DENIED, queue_enabled=queue_enabled)
    desk.end()
    assert desk.problems == told


def test_retrying_ends_with_success() -> None:
    desk = Desk(FAILED, FAILED, TAKEN, max_inline_retries=5)
    assert desk.end().result == RESULT
    assert (desk.taken, desk.queued) == (3, [])


def test_without_a_queue_what_was_not_taken_is_lost_and_counted() -> None:
    desk = Desk(FAILED, queue_enabled=False)
    assert desk.end().result is None
    assert (desk.queued, dict(desk.inline.counts.lost)) == ([], {"retry_disabled": 1})


def test_what_is_refused_for_good_is_not_tried_again() -> None:
    desk = Desk(Receipt(rejected={0: "status_400"}), max_inline_retries=3)
    desk.end()
    assert (desk.taken, dict(desk.inline.counts.lost)) == (1, {"status_400": 1})


@pytest.mark.parametrize("outcome", [Outcome.CLOSED, Outcome.FAILED, Outcome.ABANDONED])
def test_an_answer_that_was_left_early_is_reported_in_the_background(outcome: Outcome) -> None:
    desk = Desk(TAKEN)
    exchange = desk.end(outcome)
    assert (desk.queued, desk.taken) == ([exchange], 0)


def test_what_needs_no_event_is_skipped() -> None:
    desk = Desk(TAKEN, decoded="pending")
    desk.end()
    assert (desk.taken, dict(desk.inline.counts.skipped), desk.inline.counts.captured) == (
        0,
        {"pending": 1},
        1,
    )


def test_a_fault_in_decoding_is_counted_and_not_felt() -> None:
    desk = Desk(TAKEN, decoded=None)
    desk.end()
    assert [type(fault) for fault in desk.faults] == [ValueError]
    assert dict(desk.inline.counts.lost) == {"decode_fault": 1}


@pytest.mark.parametrize("receipt", [True, Receipt(retry=[1]), Receipt(rejected={5: "x"})])
def test_a_receipt_that_makes_no_sense_is_a_fault_and_the_event_is_sent_again(receipt: Any) -> None:
    desk = Desk(receipt)
    exchange = desk.end()
    assert ([queued.event for queued in desk.queued], exchange.result) == ([EVENT], None)
    assert len(desk.faults) == 1


def test_an_answer_without_a_result_gives_none() -> None:
    desk = Desk(Receipt())
    assert (desk.end().result, desk.inline.counts.delivered) == (None, 1)


def test_who_listens_hears_the_whole_answer() -> None:
    heard: list[Any] = []
    desk = Desk(TAKEN)
    desk.listener = heard.append
    desk.inline.deliver(make_exchange(CASES[0]))
    assert heard == [{"request_id": "q", "xproxy_result": RESULT}]


def test_its_counts_join_those_of_the_rest() -> None:
    desk = Desk(TAKEN)
    desk.end()
    stats = desk.inline.counts.add_to(PayiStats(captured=3, delivered=1, lost={"overload": 2}, bytes_sent=5))
    assert (stats.captured, stats.delivered, stats.lost, stats.bytes_sent) == (4, 2, {"overload": 2}, 12)
