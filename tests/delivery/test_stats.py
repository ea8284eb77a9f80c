"""The counts that `payi_stats()` returns."""

from __future__ import annotations

import msgspec
import pytest

from payi_transport.delivery.stats import PayiStats


def test_stats_start_at_zero() -> None:
    assert not any(msgspec.structs.astuple(PayiStats()))


def test_stats_are_a_snapshot() -> None:
    stats = PayiStats(captured=3, delivered=1, queued=1, lost={"overload": 1})
    with pytest.raises(AttributeError):
        stats.captured = 4  # type: ignore[misc]  # that is the point
    assert stats.captured == stats.delivered + stats.queued + sum(stats.lost.values())


def test_stats_can_be_read_by_name() -> None:
    stats = PayiStats(captured=3, faults=2, lost={"overload": 1})
    assert (stats["captured"], stats["faults"], stats["lost"]) == (3, 2, {"overload": 1})
    for name in ("nonsense", "__class__"):
        with pytest.raises(KeyError, match=name):
            stats[name]
