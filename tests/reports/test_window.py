"""The period of a report, and the one before it, by the clocks of a zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from payi_transport.errors import PayiError
from payi_transport.reports.window import ALWAYS, Window, read_window
from payi_transport.values.zones import find_zone

NOW = datetime(2026, 11, 15, 9, 30, tzinfo=timezone.utc)


def read(since: str | None, until: str | None, zone: str = "UTC") -> Window:
    return read_window(since, until, find_zone(zone), NOW)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=find_zone(zone)).astimezone(timezone.utc)


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("2026-11-01", "2026-11-01", "2026-11-01", "2026-11-02"),
        ("2026-11", "2026-11", "2026-11-01", "2026-12-01"),
        ("2026", "2026", "2026-01-01", "2027-01-01"),
        ("2026-11-01T09:00", "2026-11-01T10:30", "2026-11-01T09:00", "2026-11-01T10:30"),
        ("2026-11-01T09:00Z", "2026-11-01T10:30+00:00", "2026-11-01T09:00", "2026-11-01T10:30"),
        ("yesterday", "today", "2026-11-14", "2026-11-16"),
        ("36h", None, "2026-11-13T21:30", None),
        ("2w", "7d", "2026-11-01T09:30", "2026-11-08T09:30"),
        ("1h", None, "2026-11-15T08:30", None),
        (" 2026-11-01 ", " 2d ", "2026-11-01", "2026-11-13T09:30"),
        ("2026-11-01T09:00+02:00", None, "2026-11-01T07:00", None),
        ("today", None, "2026-11-15", None),
        (None, "2026-11-01", None, "2026-11-02"),
        (None, None, None, None),
    ],
)
def test_days_and_months_are_included_whole(
    since: str | None, until: str | None, start: str | None, end: str | None
) -> None:
    window = read(since, until)
    assert (window.start, window.end) == (start and at(start), end and at(end))


@pytest.mark.parametrize(
    ("zone", "since", "until", "before"),
    [
        # Whole months: February is before March, whatever its length.
        ("UTC", "2026-03", "2026-03", "2026-02-01"),
        ("UTC", "2026-03", "2026-04", "2026-01-01"),
        # Whole days, over both ends of daylight saving time.
        ("America/Los_Angeles", "2026-03-08", "2026-03-08", "2026-03-07"),
        ("America/Los_Angeles", "2026-11-01", "2026-11-02", "2026-10-30"),
        # Anything else: just as long.
        ("UTC", "2026-11-02T10:00", "2026-11-02T12:00", "2026-11-02T08:00"),
    ],
)
def test_the_period_before_is_of_the_same_kind(zone: str, since: str, until: str, before: str) -> None:
    assert read(since, until, zone).before == at(before, zone)


def test_moments_are_of_the_period_of_the_one_before_or_of_neither() -> None:
    window = read("2026-11-02", "2026-11-02")
    assert window.start is not None
    hours = {hour: window.place(window.start + timedelta(hours=hour)) for hour in (-25, -24, -1, 0, 23, 24)}
    assert hours == {-25: None, -24: -1, -1: -1, 0: 0, 23: 0, 24: None}
    assert window.place(None) is None
    assert ALWAYS.place(None) == ALWAYS.place(NOW) == 0
    until = read(None, "2026-11-02")
    assert until.before is None
    assert until.place(NOW - timedelta(days=30)) == 0
    assert until.place(None) is None


def test_times_and_days_without_an_offset_are_of_the_zone() -> None:
    zone = "America/Los_Angeles"
    assert read("2026-11-02T09:00", "2026-11-03", zone)[:2] == (
        at("2026-11-02T09:00", zone),
        at("2026-11-04", zone),
    )
    # Half past nine in UTC is half past one there.
    assert read("yesterday", "today", zone)[:2] == (at("2026-11-14", zone), at("2026-11-16", zone))


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        # Whole days that are no whole months, and the other way round.
        ("2026-11-01", "2026-11-29", "2026-10-03"),
        ("2026-11-02", "2026-11-30", "2026-10-04"),
        ("2026-11-01", "2026-11-30", "2026-10-01"),
        ("2025", "2025", "2024-01-01"),
        # It ends at a midnight, or starts at one, but not both.
        ("2026-11-02T12:00", "2026-11-03", "2026-11-01"),
        ("2026-11-02", "2026-11-02T12:00", "2026-11-01T12:00"),
        # Hours ago, of which one is a midnight.
        ("2026-11-14T09:30", None, "2026-11-13T09:30"),
    ],
)
def test_the_period_before_ends_where_the_period_begins(since: str, until: str | None, before: str) -> None:
    assert read(since, until).before == at(before)


def test_a_period_that_is_still_open_is_compared_up_to_now() -> None:
    window = read("2026-11-14", None)
    assert window == (at("2026-11-14"), None, at("2026-11-12T14:30"))


@pytest.mark.parametrize(
    ("zone", "since", "until", "start"),
    [
        ("UTC", "99999w", None, "0110-05-11T09:30"),
        ("UTC", "0001-01-01", None, "0001-01-01"),
        ("UTC", "0001", "0001", "0001-01-01"),
        ("Asia/Tokyo", "0001-01-02", "0001-01-02", "0001-01-02"),
        ("UTC", "2026", "9999-12-31T23:59", "2026-01-01"),
    ],
)
def test_before_the_first_year_there_is_no_period(
    zone: str, since: str, until: str | None, start: str
) -> None:
    window = read(since, until, zone)
    assert window.start == at(start, zone)
    assert window.before is None


@pytest.mark.parametrize("text", ["soon", "2026-13", "2026-02-30", "9999999w", "5m", "-1d", ""])
def test_what_is_not_a_time_says_what_is_accepted(text: str) -> None:
    with pytest.raises(PayiError, match="--since: expected a day"):
        read(text, None)


@pytest.mark.parametrize(
    ("zone", "since"),
    [
        ("UTC", "105000w"),
        ("Asia/Tokyo", "0001-01-01"),
        ("Asia/Tokyo", "0001-01-01T00:00"),
        ("America/Los_Angeles", "0001-01-01T00:00Z"),
        ("UTC", "9999-12-31"),
    ],
)
def test_what_is_in_no_year_of_the_zone_is_no_time(zone: str, since: str) -> None:
    with pytest.raises(PayiError, match="--since: expected a day"):
        read(since, None, zone)


def test_a_period_must_have_a_length() -> None:
    with pytest.raises(PayiError, match="'2026-11-02' is not before 2026-11-01"):
        read("2026-11-02", "2026-11-01")
    with pytest.raises(PayiError, match="'2027' is not before now"):
        read("2027", None)


def test_a_period_needs_more_than_a_moment() -> None:
    with pytest.raises(PayiError) as caught:
        read("2026-11-15T09:30", None)
    assert str(caught.value) == "--since: '2026-11-15T09:30' is not before now"
    with pytest.raises(PayiError, match=r"^--since: '2d' is not before 2d$"):
        read("2d", "2d")


def test_an_error_names_the_option_and_what_was_written() -> None:
    with pytest.raises(PayiError) as caught:
        read("2026", "soon")
    assert str(caught.value) == (
        "--until: expected a day (2026-11-01), a month (2026-11), a year (2026), a time (2026-11-01T09:00),"
        " today, yesterday, or how long ago (36h, 7d, 2w), got 'soon'"
    )
