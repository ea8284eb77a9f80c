"""When a sink is called again and what is dropped, decided from receipts and a clock that the test sets."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from payi_transport.config.schema import IngestRetrySettings
from payi_transport.delivery.retry import Backoff, CircuitBreaker, find_inline_pauses, find_wait
from payi_transport.sinks.protocol import Receipt

FAILED = Receipt(retry=[0])
DENIED = Receipt(retry=[0], denied=True)


def longest(low: float, high: float) -> float:
    return high


def shortest(low: float, high: float) -> float:
    return low


def make_backoff(jitter: Any = longest, **retry: Any) -> Backoff:
    return Backoff(IngestRetrySettings(**{"queue_interval": 60.0, **retry}), jitter)


def fail(backoff: Backoff, times: int, now: float = 0.0) -> list[float]:
    """The pause after each of some failures in a row."""
    pauses = []
    for _ in range(times):
        backoff.update(FAILED, now, failed=True)
        pauses.append(backoff.not_before - now)
    return pauses


def test_each_pause_is_up_to_twice_the_last_until_the_queue_interval() -> None:
    backoff = make_backoff(inline_retry_initial_delay=1.0, queue_interval=10.0)
    assert fail(backoff, 6) == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert backoff.failures == 6


def test_a_pause_may_be_as_short_as_nothing() -> None:
    assert fail(make_backoff(shortest), 3) == [0.0] * 3


def test_jitter_spreads_the_pauses_over_the_whole_range() -> None:
    pauses = [fail(Backoff(IngestRetrySettings(inline_retry_initial_delay=1.0)), 1)[0] for _ in range(200)]
    assert 0 <= min(pauses) < 0.25 and 0.75 < max(pauses) <= 1.0


def test_the_first_pause_has_a_lowest_upper_bound() -> None:
    assert fail(make_backoff(inline_retry_initial_delay=0.0), 2) == [0.25, 0.5]


def test_failing_for_days_overflows_nothing() -> None:
    backoff = make_backoff()
    backoff.failures = sys.maxsize
    assert fail(backoff, 1) == [60.0]


def test_a_success_starts_over() -> None:
    backoff = make_backoff(inline_retry_initial_delay=1.0)
    fail(backoff, 3)
    backoff.update(Receipt(), 5.0, failed=False)
    assert (backoff.failures, backoff.not_before) == (0, 5.0)
    assert fail(backoff, 1) == [1.0]


@pytest.mark.parametrize(
    ("wait", "pause"),
    [(None, 1.0), (0.1, 1.0), (20.0, 20.0), (300.0, 300.0), (600.0, 600.0), (601.0, 600.0)],
    ids=str,
)
def test_after_a_failure_the_longer_of_pause_and_requested_wait_counts(
    wait: float | None, pause: float
) -> None:
    backoff = make_backoff(inline_retry_initial_delay=1.0)
    backoff.update(Receipt(retry=[0], wait=wait), 100.0, failed=True)
    assert backoff.not_before == 100.0 + pause


def test_a_wait_is_kept_after_a_success_too_except_by_a_flush() -> None:
    backoff = make_backoff()
    backoff.update(Receipt(wait=20.0), 100.0, failed=False)
    assert not backoff.allows(119.0, flushing=False)
    assert backoff.allows(119.0, flushing=True)
    assert backoff.allows(120.0, flushing=False)
    assert not backoff.outlasts(101.0)


def test_not_even_a_flush_overrides_the_pause_after_a_failure() -> None:
    backoff = make_backoff(inline_retry_initial_delay=1.0)
    fail(backoff, 1, now=100.0)
    assert not backoff.allows(100.9, flushing=True)
    assert backoff.allows(101.0, flushing=True)


def test_a_pause_that_outlasts_a_deadline_is_known_in_advance() -> None:
    backoff = make_backoff(inline_retry_initial_delay=1.0)
    fail(backoff, 1, now=100.0)
    assert backoff.outlasts(100.9)
    assert not backoff.outlasts(101.0)


def test_a_fault_makes_a_pause_and_counts_as_no_failure_of_the_sink() -> None:
    backoff = make_backoff()
    backoff.pause_after_fault(100.0)
    assert (backoff.failures, backoff.not_before) == (0, 100.25)


def test_a_sink_that_denies_everything_is_probed_with_one_event_until_it_accepts() -> None:
    backoff = make_backoff()
    assert backoff.limit_batch(None) is None
    assert backoff.limit_batch(5) == 5
    backoff.update(DENIED, 0.0, failed=True)
    assert backoff.is_denied
    assert backoff.limit_batch(None) == 1
    backoff.update(Receipt(), 1.0, failed=False)
    assert backoff.limit_batch(5) == 5


def test_it_is_known_whether_batches_are_halved_and_whether_events_wait_forever() -> None:
    backoff = make_backoff()
    fail(backoff, 3)
    assert (backoff.is_halving, backoff.keeps_all) == (False, True)
    fail(backoff, 1)
    assert backoff.is_halving
    assert not make_backoff(queue_enabled=False).keeps_all


@pytest.mark.parametrize(
    ("retry", "attempts", "ahead", "reason"),
    [
        ({}, 10_000, 10_000, None),
        ({"queue_max_size": 2}, 0, 1, None),
        ({"queue_max_size": 2}, 0, 2, "retry_queue_full"),
        ({"queue_enabled": False}, 0, 0, "retry_disabled"),
        ({"queue_enabled": False, "max_inline_retries": 2}, 1, 9, None),
        ({"queue_enabled": False, "max_inline_retries": 2}, 2, 0, "retry_disabled"),
    ],
)
def test_an_event_is_dropped_where_the_settings_leave_no_room_or_no_retry(
    retry: dict[str, Any], attempts: int, ahead: int, reason: str | None
) -> None:
    assert make_backoff(**retry).find_drop_reason(attempts, ahead) == reason


@pytest.mark.parametrize(
    ("receipt", "wait"),
    [
        (Receipt(), 0.0),
        (FAILED, 0.0),
        (Receipt(retry=[0], wait=5.0), 5.0),
        (Receipt(retry=[0], wait=601.0), 600.0),
        (Receipt(retry=[0], wait=300.0), 300.0),
        (DENIED, 60.0),
        (Receipt(retry=[0], wait=5.0, denied=True), 5.0),
        (Receipt(retry=[0], wait=0.0, denied=True), 0.0),
    ],
)
def test_a_sink_is_left_alone_for_as_long_as_it_asks_or_the_longest_wait_if_it_denies_all(
    receipt: Receipt, wait: float
) -> None:
    assert find_wait(receipt) == wait


def test_a_breaker_stays_closed_while_nobody_asks_for_a_wait() -> None:
    breaker = CircuitBreaker()
    for now in (0.0, 1.0, 2.0):
        assert breaker.allows_call(now)
        breaker.update(FAILED, now)


def test_an_open_breaker_lets_one_probe_through_after_the_wait() -> None:
    breaker = CircuitBreaker()
    breaker.update(Receipt(retry=[0], wait=5.0), 100.0)
    assert not breaker.allows_call(104.9)
    assert [breaker.allows_call(105.0) for _ in range(3)] == [True, False, False]
    breaker.update(Receipt(), 106.0)
    assert [breaker.allows_call(106.0) for _ in range(3)] == [True] * 3


def test_a_probe_that_fails_opens_the_breaker_again() -> None:
    breaker = CircuitBreaker()
    breaker.update(DENIED, 100.0)
    assert breaker.allows_call(160.0)
    breaker.update(DENIED, 161.0)
    assert not breaker.allows_call(220.9)
    assert breaker.allows_call(221.0)


def test_a_probe_that_never_comes_back_is_replaced() -> None:
    breaker = CircuitBreaker()
    breaker.update(Receipt(retry=[0], wait=5.0), 100.0)
    assert breaker.allows_call(105.0)
    assert not breaker.allows_call(164.9)
    assert breaker.allows_call(165.0)


def test_of_many_threads_one_is_the_probe() -> None:
    breaker = CircuitBreaker()
    breaker.update(Receipt(retry=[0], wait=5.0), 100.0)
    start = threading.Barrier(8)
    allowed: list[bool] = []

    def call() -> None:
        start.wait(10)
        allowed.append(breaker.allows_call(105.0))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(allowed) == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("retries", "pauses"), [(0, []), (1, [0.5]), (4, [0.5, 1.0, 2.0, 4.0])], ids=["none", "one", "four"]
)
def test_inline_pauses_double_and_are_as_many_as_configured(retries: int, pauses: list[float]) -> None:
    retry = IngestRetrySettings(max_inline_retries=retries, inline_retry_initial_delay=0.5)
    assert list(find_inline_pauses(retry)) == pauses


def test_a_batch_that_always_fails_is_halved_until_it_is_one_event() -> None:
    backoff = make_backoff()
    sizes = []
    for _ in range(8):
        sizes.append(backoff.limit_batch(8))
        fail(backoff, 1)
    assert sizes == [8, 8, 8, 8, 4, 2, 1, 1]
    assert backoff.limit_batch(None) == 2048
    fail(backoff, 99)
    assert backoff.limit_batch(None) == 1
    backoff.update(Receipt(), 1.0, failed=False)
    assert backoff.limit_batch(8) == 8


def test_it_is_known_for_how_long_a_sink_has_failed() -> None:
    backoff = make_backoff()
    assert backoff.measure_failing(100.0) == 0.0
    fail(backoff, 1, now=100.0)
    fail(backoff, 1, now=150.0)
    assert backoff.measure_failing(400.0) == 300.0
    backoff.update(Receipt(), 500.0, failed=False)
    assert backoff.measure_failing(600.0) == 0.0
