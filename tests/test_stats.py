"""What `payi_stats()` answers."""

from __future__ import annotations

import msgspec
import pytest

from payi_transport.stats import PayiStats


def test_stats_start_from_nothing() -> None:
    assert not any(msgspec.structs.astuple(PayiStats()))


def test_stats_are_a_snapshot() -> None:
    stats = PayiStats(captured=3, delivered=1, queued=1, lost={"overload": 1})
    with pytest.raises(AttributeError):
        stats.captured = 4  # type: ignore[misc]  # that is the point
    assert stats.captured == stats.delivered + stats.queued + sum(stats.lost.values())
