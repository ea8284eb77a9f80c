"""The counts that `payi_stats()` returns."""

from __future__ import annotations

import operator

import msgspec
import pytest

from payi_transport.delivery.stats import PayiStats, SinkStats
from payi_transport.values.file_counts import FileCounts


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


def test_a_sink_that_has_counted_nothing_makes_no_difference() -> None:
    assert PayiStats(sinks={"payi": SinkStats()}) == PayiStats()
    assert PayiStats(sinks={"payi": SinkStats(captured=1)}) != PayiStats()
    assert PayiStats() != PayiStats(captured=1)
    assert not operator.ne(PayiStats(sinks={"payi": SinkStats()}), PayiStats())
    assert PayiStats() != 0
    assert not operator.eq(PayiStats(), 0)


def test_the_account_of_a_sink_adds_up_and_can_be_read_by_name() -> None:
    stats = SinkStats(captured=1, queued=1).add(
        captured=5, delivered=1, lost={"overload": 1, "none": 0}, skipped={"pending": 1}, bytes_sent=7
    )
    expected = SinkStats(
        captured=6, delivered=1, queued=3, lost={"overload": 1}, skipped={"pending": 1}, bytes_sent=7
    )
    assert stats == expected
    assert stats["queued"] == 3
    with pytest.raises(KeyError, match="nonsense"):
        stats["nonsense"]


def test_what_is_written_beside_a_file_counts_losses_and_what_is_not_recorded_by_reason_and_by_host() -> None:
    unobserved = {"a.test": {"unmapped": 2, "unread": 3}, "b.test": {"unmapped": 4}}
    stats = PayiStats(captured=1, lost={"overload": 1}, unobserved=unobserved)
    assert stats.to_file_counts() == FileCounts(
        lost={"overload": 1}, unobserved={"unmapped": 6, "unread": 3}, hosts={"a.test": 5, "b.test": 4}
    )
