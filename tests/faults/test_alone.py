"""An event that is refused, and was read alone, stops no other, with and without a spool."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from payi_transport import payi_flush, payi_stats, payi_uninstrument
from payi_transport.sinks import payi_response
from tests.faults.steps import WELL, call, check_account, either_way, flush
from tests.support.ingest import Ingest, make_reply


@pytest.fixture(autouse=True)
def probes_are_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payi_response, "_PROBE_INTERVAL", 0.02)


def refuse(ingest: Ingest, reply: Any, *names: str) -> None:
    ingest.reply = lambda events: reply if any(e["provider_response_id"] in names for e in events) else WELL


def recover(ingest: Ingest) -> None:
    """Accept everything from now on, and wait until all is delivered."""
    ingest.reply = lambda events: WELL
    assert flush()


def flush_until(done: Callable[[], bool], seconds: float) -> None:
    until = monotonic() + seconds
    while monotonic() < until and not done():
        payi_flush(0.1)


@either_way
@pytest.mark.parametrize("count", [1, 3])
def test_a_read_of_refused_events_alone_stops_no_other(
    count: int, spooled: bool, ingest: Ingest, instrument: Callable[..., None]
) -> None:
    refuse(ingest, make_reply(403), *(f"id-{number}" for number in range(10, 10 + count)))
    instrument(spooled)
    call(count, first=10)
    # Each of them was a probe.
    flush_until(lambda: ingest.asked > 2 * count, 10)
    call(5, first=2)
    flush_until(lambda: sum(payi_stats().lost.values()) == count, 20)
    stats = check_account(count + 5)
    assert (stats.delivered, stats.lost) == (5, {"status_403": count})
    assert set(ingest.taken.values()) == {1}


def test_what_an_earlier_process_left_stops_nothing(ingest: Ingest, instrument: Callable[..., None]) -> None:
    refuse(ingest, make_reply(403), "id-10")
    instrument(True)
    call(1, first=10)
    payi_flush(0.3)
    payi_uninstrument()
    instrument(True)
    call(5, first=2)
    flush_until(lambda: payi_stats().delivered == 5, 20)
    assert payi_stats().delivered == 5
    recover(ingest)
    assert set(ingest.taken.values()) == {1}


@either_way
@pytest.mark.parametrize(
    "reply",
    [make_reply(500, b'{"message":"m","statusCode":500}'), make_reply(502, b"<html>")],
    ids=["own", "gateway"],
)
def test_an_event_that_pay_i_fails_at_stops_no_other(
    reply: Any, spooled: bool, ingest: Ingest, instrument: Callable[..., None]
) -> None:
    refuse(ingest, reply, "id-1")
    instrument(spooled)
    call(1, first=1)
    flush_until(lambda: ingest.asked > 3, 10)
    call(5, first=2)
    flush_until(lambda: payi_stats().delivered == 5, 20)
    assert payi_stats().delivered == 5
    recover(ingest)
    assert check_account(6).delivered == 6
    assert set(ingest.taken.values()) == {1}
