"""Time that a test has stopped stops no delivery, and events are the same."""

from __future__ import annotations

import datetime
import importlib
import threading
import time
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_shutdown, payi_stats
from payi_transport.runtime import clock
from tests.support.calls import call

freezegun = pytest.importorskip("freezegun")
FROZEN = "2020-01-01"
# In a tuple, where freezegun does not replace it.
REAL = (datetime.datetime,)


def in_a_thread(function: Any) -> Any:
    """Return what a function returns, which would never end on this thread if it waited forever."""
    returned: list[Any] = []
    thread = threading.Thread(target=lambda: returned.append(function()), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    return returned[0]


@pytest.mark.parametrize("mode", ["bulk", "inline"])
def test_a_flush_ends_while_pay_i_is_away(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "k")
    monkeypatch.setenv("PAYI_BASE_URL", "http://127.0.0.1:9")
    config: Any = {"delivery": {"mode": mode}}
    payi_instrument(config=config)
    with freezegun.freeze_time(FROZEN):
        call()
        assert in_a_thread(lambda: payi_flush(0.2)) is False
        assert in_a_thread(lambda: payi_shutdown(0.2)) is False
    assert (payi_stats().queued, payi_stats().faults) == (1, 0)


def test_events_have_a_real_time_and_a_real_latency(sink: MemorySink) -> None:
    before = time.time()
    with freezegun.freeze_time(FROZEN):
        payi_instrument(sink=sink)
        call()
        assert payi_flush(10)
    (event,) = sink.events
    assert type(event.event_timestamp) in REAL
    assert event.event_timestamp is not None
    assert before - 1 <= event.event_timestamp.timestamp() <= time.time()
    assert event.end_to_end_latency_ms is not None and event.end_to_end_latency_ms < 60_000


def test_clocks_that_are_imported_while_time_stands_still_go_on() -> None:
    try:
        with freezegun.freeze_time(FROZEN):
            importlib.reload(clock)
            assert clock.monotonic() != clock.monotonic()
            assert type(clock.to_utc(0.0)) in REAL
        assert clock.time() == pytest.approx(time.time(), abs=60)
        assert clock.time_ns() / 1e9 == pytest.approx(time.time(), abs=60)
        assert clock.perf_counter() == pytest.approx(time.perf_counter(), abs=60)
    finally:
        importlib.reload(clock)


def test_times_are_in_utc() -> None:
    assert clock.to_utc(86400.5) == datetime.datetime(1970, 1, 2, 0, 0, 0, 500_000, datetime.timezone.utc)
