"""How many calls one delivery has captured, and how many it has dropped before any queue."""

from __future__ import annotations

from typing import Final

from payi_transport.runtime.counter import Counter
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger

__all__ = ["LOST_AT_RING", "Account"]

LOST_AT_RING: Final = "overload"
_LOST_AFTER_SHUTDOWN: Final = "shutdown"
_LATE = (
    "payi_instrument() was called again while calls were in flight; those that ended later are not reported,"
    " and are counted as lost"
)


class Account:
    """Counters that take no lock, because they are used on callers' threads and in finalizers.

    A call may end after its delivery was closed and another one was started. Nobody reads the counts of the
    first any more, so the call counts for its `successor`, as captured and lost. It is not delivered there,
    because that may be to somewhere else. `log` says so.
    """

    def __init__(self, log: RateLimitedLogger) -> None:
        self.captured = Counter()
        self.dropped = {LOST_AT_RING: Counter(), _LOST_AFTER_SHUTDOWN: Counter()}
        self.successor: Account | None = None
        self._log = log

    def count_late(self, *, may_log: bool) -> None:
        """Count a call that has ended after the close."""
        account = self
        while account.successor is not None:
            account = account.successor
        account.captured.add()
        account.dropped[_LOST_AFTER_SHUTDOWN].add()
        # After `payi_shutdown()` alone, every call ends here, and is expected to.
        if account is not self and may_log:
            self._log.warning(_LATE)
