"""Decide when a sink is called again, and which events are dropped instead of being sent again.

Which events may be sent again is the sink's decision, and its receipt says so (for Pay-i, see
`sinks/payi_response.py` and `client/retry.py`). When that happens is decided here, from those receipts and
a clock that is passed in. Nothing in this module sleeps, sends, or logs.

There are two policies, because there are two kinds of callers. The worker waits on a thread of its own, so it
can wait as long as it takes: `Backoff` doubles the pause after each failed batch up to `queue_interval`, with
full jitter, so that a fleet of processes does not come back all at once. Inline delivery keeps a user's call
waiting, so it makes only the configured number of short retries (`find_inline_pauses`). When Pay-i asks to be
left alone, `CircuitBreaker` stops inline calls from asking at all, and lets a single one through as a probe
once the time is up.

Both honor the wait that a sink asks for (`Retry-After`), up to `LONGEST_WAIT`. Both treat a sink that denies
everything, as Pay-i does when it rejects the API key, as something to probe now and then with one event.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from payi_transport.config.schema import IngestRetrySettings
from payi_transport.runtime.own_random import own_random
from payi_transport.sinks.protocol import LONGEST_WAIT, Receipt

__all__ = ["FIRST_PAUSE", "PROBE_SECONDS", "Backoff", "CircuitBreaker", "find_inline_pauses", "find_wait"]

# The lowest upper bound of the pause after a failure, and the pause after a fault of our own. Seconds.
FIRST_PAUSE = 0.25
# Until the next attempt of a sink that denies everything, and for how long a probe may take. Seconds.
PROBE_SECONDS = 60.0
# Whole batches that are tried before smaller ones. After this many failures, one of the events may be the
# cause.
_WHOLE_TRIES = 4
_LARGEST_BATCH = 1 << 16
# How often the pause doubles. Enough to reach any `queue_interval`, and few enough not to overflow a float.
_MAX_DOUBLINGS = 20


class Backoff:
    """When a worker calls its sink again. For one thread. `jitter` returns a number between two others."""

    def __init__(
        self, retry: IngestRetrySettings, jitter: Callable[[float, float], float] = own_random.uniform
    ) -> None:
        # Batches in a row that the sink took nothing from.
        self.failures = 0
        self._failing_since = 0.0
        # The earliest time of the next delivery.
        self.not_before = 0.0
        # The sink takes nothing from this sender, whatever the events are.
        self.is_denied = False
        self._retry = retry
        self._jitter = jitter

    def update(self, receipt: Receipt, now: float, *, failed: bool) -> None:
        """Take a delivery into account; `failed` if all of its events are to be sent again."""
        self.failures = self.failures + 1 if failed else 0
        if self.failures == 1:
            self._failing_since = now
        self.is_denied = receipt.denied
        pause = self._jitter(0, self._find_longest_pause()) if failed else 0.0
        self.not_before = now + max(pause, min(receipt.wait or 0.0, LONGEST_WAIT))

    def _find_longest_pause(self) -> float:
        first = max(self._retry.inline_retry_initial_delay, FIRST_PAUSE)
        doubled: float = first * 2 ** min(self.failures - 1, _MAX_DOUBLINGS)
        return min(doubled, self._retry.queue_interval)

    def pause_after_fault(self, now: float) -> None:
        """Keep an error in this library from becoming a busy loop."""
        self.not_before = now + FIRST_PAUSE

    def allows(self, now: float, *, flushing: bool) -> bool:
        """Return whether the sink may be called now.

        A flush overrides a wait that a working sink asked for: its caller may be about to exit. It never
        overrides the pause after a failure.
        """
        return now >= self.not_before or (flushing and not self.failures)

    def outlasts(self, deadline: float) -> bool:
        """Return whether a failed sink will not be called again before `deadline`."""
        return self.failures > 0 and self.not_before > deadline

    @property
    def is_halving(self) -> bool:
        """Whether so many batches failed that smaller ones are tried."""
        return self.failures >= _WHOLE_TRIES

    def limit_batch(self, limit: int | None) -> int | None:
        """Return how many events the next batch may have; one, as a probe, while the sink denies all.

        A batch that always fails is halved, so that an event which the sink fails at keeps no others back.
        """
        if self.is_denied:
            return 1
        if not self.is_halving:
            return limit
        halvings = self.failures - _WHOLE_TRIES + 1
        return max(1, (limit or _LARGEST_BATCH) >> halvings)

    @property
    def keeps_all(self) -> bool:
        """Whether events may be sent again any number of times."""
        return self._retry.queue_enabled

    def measure_failing(self, now: float) -> float:
        """Return for how many seconds the sink has taken nothing, 0.0 if it took the last batch."""
        return now - self._failing_since if self.failures else 0.0

    def find_drop_reason(self, attempts: int, ahead: int) -> str | None:
        """Return why an event is dropped instead of being sent again, or None if it is sent again.

        `attempts` is how often the event was retried before, `ahead` how many events of the same batch
        already go back to the queue.
        """
        retry = self._retry
        if not retry.queue_enabled:
            return "retry_disabled" if attempts >= retry.max_inline_retries else None
        is_full = 0 < retry.queue_max_size <= ahead
        return "retry_queue_full" if is_full else None


class CircuitBreaker:
    """Whether inline calls may contact Pay-i at all. Any thread may use it.

    It is closed until Pay-i asks for a wait, open while the wait lasts, and then half-open: the first call
    becomes the probe, and the others stay out until the probe has come back.
    """

    def __init__(self) -> None:
        # Reentrant, because a signal handler may make a call on the thread that holds it.
        self._lock = threading.RLock()
        # When the wait ends. 0.0 means closed.
        self._open_until = 0.0

    def allows_call(self, now: float) -> bool:
        """Return whether this call may contact Pay-i; the first one after a wait becomes the probe."""
        with self._lock:
            if now < self._open_until:
                return False
            if self._open_until:
                # Bounded, in case the probe never comes back.
                self._open_until = now + PROBE_SECONDS
            return True

    def update(self, receipt: Receipt, now: float) -> None:
        """Open for as long as a receipt asks to be left alone, or close."""
        wait = find_wait(receipt)
        # One assignment, which is atomic and needs no lock. The last receipt wins.
        self._open_until = now + wait if wait else 0.0


def find_wait(receipt: Receipt) -> float:
    """Return for how many seconds the sink wants no calls, 0.0 if it accepts them."""
    default = PROBE_SECONDS if receipt.denied else 0.0
    return min(default if receipt.wait is None else receipt.wait, LONGEST_WAIT)


def find_inline_pauses(retry: IngestRetrySettings) -> Iterator[float]:
    """Return the pause before each retry of an inline delivery, each twice as long as the last. Seconds."""
    return (retry.inline_retry_initial_delay * 2**number for number in range(retry.max_inline_retries))
