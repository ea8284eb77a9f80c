"""What inline delivery passes on, counts, and says, for calls that succeed and for those that don't."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.inline import InlineCounts
from payi_transport.delivery.stats import PayiStats, SinkStats
from payi_transport.sinks.protocol import Receipt
from tests.delivery.test_inline import EVENT, FAILED, RESULT, TAKEN, Harness
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES


def test_every_count_is_added_to_that_of_the_first_sink_and_of_all() -> None:
    counts = InlineCounts()
    counts.add(bytes_sent=10)
    counts.add(lost="status_400", bytes_sent=5)
    counts.add(skipped="pending")
    counts.add_undecoded()
    background = {
        "payi": SinkStats(captured=9, delivered=5, queued=4, bytes_sent=100, skipped={"pending": 1}),
        "file": SinkStats(captured=9, delivered=9),
    }
    stats = counts.add_to(PayiStats(captured=9, delivered=5, queued=4, sinks=background))
    first = SinkStats(
        captured=13,
        delivered=6,
        queued=4,
        lost={"status_400": 1, "decode_fault": 1},
        skipped={"pending": 2},
        bytes_sent=115,
    )
    # What was sent inline comes to the other sinks through their queues, whatever became of it.
    other = SinkStats(captured=13, delivered=9, queued=2, lost={"decode_fault": 1}, skipped={"pending": 1})
    assert stats.sinks == {"payi": first, "file": other}
    assert (stats.captured, stats.delivered, stats.queued) == (13, 6, 4)
    assert (stats.lost, stats.skipped, stats.bytes_sent) == (first.lost, first.skipped, 115)


@pytest.mark.parametrize(
    ("receipt", "received"),
    [
        (TAKEN, [{"request_id": "q", "xproxy_result": RESULT}]),
        (Receipt(), [{}]),
        (Receipt(rejected={0: "status_400"}, results={0: {"request_id": "q"}}), []),
        (Receipt(retry=[0]), []),
    ],
)
def test_the_listener_is_called_for_what_was_delivered(receipt: Receipt, received: list[Any]) -> None:
    responses: list[Any] = []
    harness = Harness(receipt, queue_enabled=False)
    harness.listener = responses.append
    harness.inline.deliver(make_exchange(CASES[0]))
    assert responses == received


@pytest.mark.parametrize("result", [None, "blocked", [RESULT]])
def test_a_result_that_is_no_object_is_none(result: Any) -> None:
    harness = Harness(Receipt(results={0: {"request_id": "q", "xproxy_result": result}}))
    assert harness.end().result is None
    assert harness.inline.counts.delivered == 1


def test_other_sinks_get_an_event_with_the_weight_of_its_call() -> None:
    harness = Harness(TAKEN)
    passed: list[tuple[Decoded, int]] = []
    harness.inline._on_reported = lambda decoded, weight, ended: passed.append((decoded, weight))
    exchange = make_exchange(CASES[0])
    weight = exchange.weight
    harness.inline.deliver(exchange)
    assert passed == [(Decoded(EVENT), weight)]


def test_what_a_sink_has_raised_is_logged_by_its_kind_alone() -> None:
    harness = Harness(None)
    harness.end()
    assert harness.problems == ["delivery failed (OSError)"]


@pytest.mark.parametrize(("receipt", "lost"), [(TAKEN, {}), (FAILED, {"retry_disabled": 1})])
def test_bytes_count_whatever_became_of_the_event(receipt: Receipt, lost: dict[str, int]) -> None:
    harness = Harness(receipt, queue_enabled=False)
    harness.end()
    assert (harness.inline.counts.bytes_sent, dict(harness.inline.counts.lost)) == (7, lost)
