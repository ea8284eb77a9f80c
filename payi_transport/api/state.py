"""What a program may read of the active pipeline: its counts, and the limits that Pay-i reported."""

from __future__ import annotations

from payi_transport.delivery.stats import PayiStats
from payi_transport.pipeline.active import get_active, get_last

__all__ = ["payi_limits", "payi_stats"]


def payi_limits() -> dict[str, str]:
    """Return the last reported state of each limit by its id: "ok", "blocked", "exceeded", …

    Pay-i reports limits in single and inline delivery and in proxy mode, but not in bulk delivery, which is
    the default. `on_limit` and `enforce_limits` turn bulk delivery into single delivery.
    """
    pipeline = get_active()
    return {} if pipeline is None else pipeline.limits.snapshot()


def payi_stats() -> PayiStats:
    """Return where all captured calls are now, and how many were lost for which reason.

    The counts start at `payi_instrument()` and stay readable after `payi_uninstrument()`.
    """
    pipeline = get_last()
    return PayiStats() if pipeline is None else pipeline.stats()
