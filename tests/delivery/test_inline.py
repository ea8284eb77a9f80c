"""Reporting a call while its caller waits: retried as configured, counted once, and never raising."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from payi_transport.capture.exchange import Exchange, Listener, Outcome
from payi_transport.config.schema import IngestRetrySettings
from payi_transport.context.results import ResultSlot
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.inline import InlineDelivery
from payi_transport.delivery.stats import PayiStats, SinkStats
from payi_transport.sinks.protocol import Receipt, UncertainEvent, mark_uncertain
from payi_transport.values.event import Event
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES

EVENT = Event(category="system.openai", units={}, provider_response_id="r")
RESULT = {"request_id": "q"}
TAKEN = Receipt(results={0: {"request_id": "q", "xproxy_result": RESULT}}, bytes_sent=7)
FAILED = Receipt(retry=[0], problem="Pay-i answered 503", bytes_sent=7)


class Harness:
    """A sink that returns each receipt in turn, and the last one forever; None raises an exception."""

    batch_limit = None

    def __init__(self, *receipts: Receipt | None, decoded: Event | str | None = EVENT, **retry: Any) -> None:
        self._receipts = list(receipts)
        self._decoded = decoded
        self.taken = 0
        self.tried: list[type[Event]] = []
        self.queued: list[Exchange] = []
        self.faults: list[Exception] = []
        self.problems: list[str] = []
        self.reported: list[tuple[Decoded, float]] = []
        self.on_decoding: Callable[[], object] | None = None
        self.on_delivery: Callable[[], object] | None = None
        self.listener: Listener | None = None
        self.inline = InlineDelivery(
            self,
            IngestRetrySettings(inline_retry_initial_delay=0.001, **retry),
            decode=self.decode,
            queue=self.queued.append,
            on_fault=self.faults.append,
            on_problem=self.problems.append,
            on_notice=self.problems.append,
            on_reported=lambda decoded, weight, ended: self.reported.append((decoded, ended)),
        )

    def decode(self, exchange: Exchange) -> Decoded | str:
        if self.on_decoding is not None:
            self.on_decoding()
        if self._decoded is None:
            raise ValueError("no")
        return self._decoded if isinstance(self._decoded, str) else Decoded(self._decoded, self.listener)

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        assert [mark_uncertain(event) for event in batch] == [mark_uncertain(EVENT)]
        self.tried.append(type(batch[0]))
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


def test_a_call_gets_the_result_of_its_event_and_counts_as_delivered() -> None:
    harness = Harness(TAKEN, max_inline_retries=3)
    exchange = harness.end()
    assert (exchange.result, harness.taken) == (RESULT, 1)
    assert (harness.inline.counts.delivered, harness.inline.counts.bytes_sent) == (1, 7)
    assert not exchange.chunks
    assert not harness.queued


def test_a_call_that_interrupts_the_report_of_another_is_queued() -> None:
    """As where a signal handler makes a call while its thread holds locks of the HTTP client."""
    harness = Harness(TAKEN)
    harness.on_delivery = harness.end
    exchange = harness.end()
    assert (exchange.result, harness.taken, len(harness.queued)) == (RESULT, 1, 1)
    assert harness.queued[0].result is None
    harness.on_delivery = None
    assert harness.end().result == RESULT


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize("failure", [FAILED, None])
def test_after_a_temporary_failure_an_event_is_retried_as_configured_and_then_queued(
    retries: int, failure: Receipt | None
) -> None:
    harness = Harness(failure, max_inline_retries=retries)
    exchange = harness.end()
    assert harness.taken == retries + 1
    # What the sink had taken before it raised is unknown.
    event = EVENT if failure else mark_uncertain(EVENT)
    assert [queued.event for queued in harness.queued] == [event]
    assert (exchange.result, harness.inline.counts.captured) == (None, 0)
    assert len(harness.problems) == 1
    assert len(harness.faults) == (harness.taken if failure is None else 0)


DENIED = Receipt(retry=[0], problem="Pay-i answered 401", denied=True)
LEFT_ALONE = {
    "denied": DENIED,
    "denied for so long": Receipt(retry=[0], wait=60.0, denied=True),
    "asked to wait": Receipt(retry=[0], wait=5.0),
}


@pytest.mark.parametrize("receipt", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
@pytest.mark.parametrize("queue_enabled", [True, False])
def test_while_a_sink_wants_to_be_left_alone_calls_go_to_the_queue(
    receipt: Receipt, queue_enabled: bool
) -> None:
    harness = Harness(receipt, max_inline_retries=3, queue_enabled=queue_enabled)
    exchanges = [harness.end() for _ in range(5)]
    assert harness.taken == 1
    assert [queued.event for queued in harness.queued] == [EVENT] * (5 if queue_enabled else 4)
    assert all(exchange.result is None for exchange in exchanges)
    assert harness.inline.counts.lost.total() == (0 if queue_enabled else 1)


@pytest.mark.parametrize("denied", [True, False])
def test_after_the_wait_one_call_is_the_probe_and_its_success_lets_the_others_through(denied: bool) -> None:
    harness = Harness(Receipt(retry=[0], wait=0.05, denied=denied), TAKEN)
    harness.end()
    meanwhile: list[Exchange] = []
    harness.on_delivery = lambda: meanwhile.append(harness.end())
    last = harness.end()
    while harness.taken < 2:
        last = harness.end()
    assert last.result == RESULT
    assert [exchange.started for exchange in meanwhile] == [harness.queued[-1].started]
    harness.on_delivery = None
    assert harness.end().result == RESULT
    assert harness.taken == 3


@pytest.mark.parametrize(("queue_enabled", "logged"), [(True, []), (False, ["Pay-i answered 401"])])
def test_a_rejected_key_is_logged_here_only_if_no_worker_will_log_it(
    queue_enabled: bool, logged: list[str]
) -> None:
    harness = Harness(DENIED, queue_enabled=queue_enabled)
    harness.end()
    assert harness.problems == logged


def test_retrying_ends_with_the_first_success() -> None:
    harness = Harness(FAILED, FAILED, TAKEN, max_inline_retries=5)
    assert harness.end().result == RESULT
    assert (harness.taken, harness.queued) == (3, [])


def test_after_a_try_of_unknown_outcome_the_event_is_marked_for_the_next_and_in_the_queue() -> None:
    unknown = Receipt(retry=[0], uncertain=[0])
    harness = Harness(unknown, max_inline_retries=1)
    harness.end()
    assert harness.tried == [Event, UncertainEvent]
    assert [type(queued.event) for queued in harness.queued] == [UncertainEvent]


def test_without_a_queue_an_event_that_failed_is_counted_as_lost() -> None:
    harness = Harness(FAILED, queue_enabled=False)
    assert harness.end().result is None
    assert (harness.queued, dict(harness.inline.counts.lost)) == ([], {"retry_disabled": 1})


def test_a_rejected_event_is_not_retried() -> None:
    harness = Harness(Receipt(rejected={0: "status_400"}), max_inline_retries=3)
    harness.end()
    assert (harness.taken, dict(harness.inline.counts.lost)) == (1, {"status_400": 1})


@pytest.mark.parametrize("receipt", [FAILED, DENIED], ids=["failed", "denied"])
def test_while_its_event_waits_in_the_queue_the_call_holds_no_content(receipt: Receipt) -> None:
    harness = Harness(receipt)
    exchange = harness.end()
    assert (exchange.request_body, exchange.chunks, exchange.tail) == (None, [], None)
    # Its event holds as much, and takes its place under the ring's bound.
    assert harness.queued[0].weight > 0


@pytest.mark.parametrize("outcome", [Outcome.CLOSED, Outcome.FAILED, Outcome.ABANDONED])
def test_a_response_left_before_its_end_is_reported_in_the_background(outcome: Outcome) -> None:
    harness = Harness(TAKEN)
    exchange = harness.end(outcome)
    assert (harness.queued, harness.taken) == ([exchange], 0)


def test_a_call_that_needs_no_event_is_counted_as_skipped() -> None:
    harness = Harness(TAKEN, decoded="pending")
    harness.end()
    assert (harness.taken, dict(harness.inline.counts.skipped), harness.inline.counts.captured) == (
        0,
        {"pending": 1},
        1,
    )


def test_a_fault_in_decoding_is_counted_and_not_raised() -> None:
    harness = Harness(TAKEN, decoded=None)
    harness.end()
    assert [type(fault) for fault in harness.faults] == [ValueError]
    assert dict(harness.inline.counts.lost) == {"decode_fault": 1}


@pytest.mark.parametrize("moment", ["on_decoding", "on_delivery"])
def test_an_interruption_reaches_the_program_and_the_next_call_is_reported(moment: str) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    harness = Harness(TAKEN)
    setattr(harness, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        harness.end()
    # It is in the queue, or counted as lost.
    assert len(harness.queued) + harness.inline.counts.lost["decode_fault"] == 1
    setattr(harness, moment, None)
    assert harness.end().result == RESULT
    assert not harness.faults


@pytest.mark.parametrize("receipt", [True, Receipt(retry=[1]), Receipt(rejected={5: "x"})])
def test_an_invalid_receipt_is_a_fault_and_the_event_is_queued(receipt: Any) -> None:
    harness = Harness(receipt)
    exchange = harness.end()
    assert ([queued.event for queued in harness.queued], exchange.result) == ([mark_uncertain(EVENT)], None)
    assert len(harness.faults) == 1


def test_a_receipt_without_a_result_leaves_the_call_without_one() -> None:
    harness = Harness(Receipt())
    assert (harness.end().result, harness.inline.counts.delivered) == (None, 1)


def test_the_listener_receives_the_whole_response() -> None:
    received: list[Any] = []
    harness = Harness(TAKEN)
    harness.listener = received.append
    harness.inline.deliver(make_exchange(CASES[0]))
    assert received == [{"request_id": "q", "xproxy_result": RESULT}]


def test_its_counts_are_added_to_those_of_background_delivery() -> None:
    harness = Harness(TAKEN)
    harness.end()
    background = SinkStats(captured=3, delivered=1, lost={"overload": 2}, bytes_sent=5)
    stats = harness.inline.counts.add_to(PayiStats(captured=3, sinks={"payi": background}))
    assert (stats.captured, stats.delivered, stats.lost, stats.bytes_sent) == (4, 2, {"overload": 2}, 12)


def test_the_counts_of_other_sinks_than_the_inline_one_say_what_waits_for_them() -> None:
    harness = Harness(TAKEN)
    harness.end()
    harness._decoded = "pending"
    harness.end()
    harness._decoded = None
    harness.end()
    stats = harness.inline.counts.add_to(PayiStats(sinks={"payi": SinkStats(), "file": SinkStats()}))
    first, other = stats.sinks.values()
    assert (first.captured, first.delivered, first.queued) == (3, 1, 0)
    assert (other.captured, other.delivered, other.queued) == (3, 0, 1)
    assert first.lost == other.lost == {"decode_fault": 1}
    assert first.skipped == other.skipped == {"pending": 1}


def test_an_event_that_was_reported_is_passed_to_the_other_sinks_whatever_became_of_it() -> None:
    for receipt in (TAKEN, Receipt(rejected={0: "status_400"})):
        harness = Harness(receipt)
        exchange = harness.end()
        assert harness.reported == [(Decoded(EVENT), exchange.ended)]


def test_a_notice_of_the_sink_is_logged_though_the_event_was_delivered() -> None:
    harness = Harness(Receipt(notices=["this deployment lacks a call"]))
    harness.end()
    assert harness.problems == ["this deployment lacks a call"]
    assert harness.inline.counts.delivered == 1
