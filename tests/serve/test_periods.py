"""Blocks of rollups, and the steps of charts in zones."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.serve.faults import Refusal
from payi_transport.serve.periods import Block, choose_step, in_ms, split_into_blocks, step_starts
from payi_transport.serve.rollups import DAY_MS, QUARTER_MS
from payi_transport.serve.views import StepName
from tests.serve.events import DAY, NOON, span

QUARTERS = st.integers(0, 1000)


@given(QUARTERS, QUARTERS)
def test_blocks_cover_a_time_once_in_order(first: int, last: int) -> None:
    start, end = first * QUARTER_MS, last * QUARTER_MS
    blocks = split_into_blocks(start, end)
    covered = [at for block in blocks for at in range(block.start, block.end, QUARTER_MS)]
    assert covered == list(range(start, end, QUARTER_MS))
    assert all(block.start % DAY_MS == block.end % DAY_MS == 0 for block in blocks if block.level)
    # No more quarters of an hour than two days have.
    assert sum(block.end - block.start for block in blocks if not block.level) < 2 * DAY_MS


def test_a_whole_day_is_one_block() -> None:
    assert split_into_blocks(0, DAY_MS) == [Block(1, 0, DAY_MS)]


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(minutes=1), "15m"),
        (timedelta(hours=12), "15m"),
        (timedelta(hours=13), "hour"),
        (timedelta(days=4), "hour"),
        (timedelta(days=5), "day"),
        (timedelta(days=120), "day"),
        (timedelta(days=121), "week"),
    ],
)
def test_a_chart_has_about_a_hundred_steps(length: timedelta, step: StepName) -> None:
    chosen = choose_step(span(NOON - length, NOON))
    assert chosen == step
    assert len(step_starts(span(NOON - length, NOON), chosen)) <= 121


@pytest.mark.parametrize(
    ("step", "zone", "expected"),
    [
        ("15m", "Asia/Kathmandu", ["12:00", "12:15", "12:30", "12:45"]),
        # Kathmandu is 5:45 ahead, so its hours start at a quarter past.
        ("hour", "Asia/Kathmandu", ["11:15", "12:15"]),
        ("hour", "UTC", ["12:00"]),
    ],
)
def test_hours_begin_as_the_clock_of_the_zone_shows(step: StepName, zone: str, expected: list[str]) -> None:
    starts = step_starts(span(NOON, NOON + timedelta(minutes=59), zone), step)
    assert [f"{start:%H:%M}" for start in starts] == expected


def test_weeks_begin_on_monday() -> None:
    starts = step_starts(span(NOON, NOON + 20 * DAY, "Europe/Berlin"), "week")
    assert starts[0] == datetime(2026, 3, 8, 23, tzinfo=timezone.utc)
    # Summer time begins on March 29.
    assert starts[-1] == datetime(2026, 3, 29, 22, tzinfo=timezone.utc)


def test_days_have_23_or_25_hours_where_clocks_change() -> None:
    for month, day, hours in ((3, 29, 23), (10, 25, 25)):
        middle = datetime(2026, month, day, 12, tzinfo=timezone.utc)
        starts = step_starts(span(middle, middle + DAY, "Europe/Berlin"), "day")
        assert starts[1] - starts[0] == timedelta(hours=hours)


def test_too_many_steps_and_unknown_zones_are_refused() -> None:
    with pytest.raises(Refusal, match="'15m' is too short a step for 30 days"):
        step_starts(span(NOON - 30 * DAY, NOON), "15m")
    for name in ("Mars/Phobos", "../etc/passwd", "/etc/passwd", "", "a\0b"):
        with pytest.raises(Refusal, match="is not a zone"):
            step_starts(span(zone=name), "day")


def test_a_chart_has_up_to_800_steps() -> None:
    longest = 800 * timedelta(minutes=15)
    assert len(step_starts(span(NOON - longest, NOON), "15m")) == 800
    with pytest.raises(Refusal) as raised:
        step_starts(span(NOON - longest, NOON + timedelta(seconds=1)), "15m")
    assert raised.value.code == "invalid_step"


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(hours=12, seconds=1), "hour"),
        (timedelta(days=4, seconds=1), "day"),
        (timedelta(days=120, seconds=1), "week"),
    ],
)
def test_a_longer_span_has_longer_steps(length: timedelta, step: StepName) -> None:
    assert choose_step(span(NOON - length, NOON)) == step


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 0, (0, 0)),
        (1, 1, (0, 1)),
        (14 * 60, 15 * 60, (0, 1)),
        (15 * 60, 15 * 60 + 1, (1, 2)),
        (15 * 60 - 0.001, 15 * 60 + 0.001, (0, 2)),
    ],
)
def test_a_span_is_widened_to_whole_quarters_of_an_hour(
    start: float, end: float, expected: tuple[int, int]
) -> None:
    first, last = (datetime.fromtimestamp(second, timezone.utc) for second in (start, end))
    assert in_ms(span(first, last)) == tuple(quarter * QUARTER_MS for quarter in expected)


@pytest.mark.parametrize(
    ("start", "end", "blocks"),
    [
        (5, 5, []),
        (6, 5, []),
        (0, 95, [(0, 0, 95)]),
        (0, 96, [(1, 0, 96)]),
        (1, 96, [(0, 1, 96)]),
        (1, 191, [(0, 1, 191)]),
        (1, 192, [(0, 1, 96), (1, 96, 192)]),
        (1, 193, [(0, 1, 96), (1, 96, 192), (0, 192, 193)]),
        (96, 193, [(1, 96, 192), (0, 192, 193)]),
    ],
)
def test_only_whole_days_are_read_as_days(start: int, end: int, blocks: list[tuple[int, int, int]]) -> None:
    found = split_into_blocks(start * QUARTER_MS, end * QUARTER_MS)
    assert found == [Block(level, first * QUARTER_MS, last * QUARTER_MS) for level, first, last in blocks]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("15m", [NOON + timedelta(minutes=15 * n) for n in range(1, 4)]),
        ("hour", [NOON]),
        ("day", [NOON - timedelta(hours=12)]),
        # March 10, 2026 is a Tuesday.
        ("week", [NOON - timedelta(hours=36)]),
    ],
)
def test_a_step_begins_at_or_before_the_span_and_none_after_it(
    step: StepName, expected: list[datetime]
) -> None:
    start = NOON + timedelta(minutes=16, seconds=5, microseconds=7)
    assert step_starts(span(start, NOON + timedelta(hours=1)), step) == expected
