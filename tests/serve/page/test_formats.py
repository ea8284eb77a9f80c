"""Numbers and times have the digits that matter."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page import formats


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (None, "—"),
        ("0", "$0"),
        ("0.0000042", "$0.0000042"),
        ("0.00421", "$0.0042"),
        ("0.02", "$0.02"),
        ("0.1", "$0.10"),
        ("1.366", "$1.37"),
        ("9999.99", "$9,999.99"),
        ("12400", "$12.4k"),
        ("999960", "$1.0M"),
        ("3200000000", "$3.2B"),
        ("-1.5", "-$1.50"),
    ],
)
def test_money_has_the_digits_that_matter(amount: str | None, expected: str) -> None:
    assert formats.money(None if amount is None else Decimal(amount)) == expected


def test_exact_money_has_every_digit() -> None:
    assert formats.exact_money(Decimal("0.00000000421")) == "$0.00000000421"
    assert formats.exact_money(None) == ""


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0"), (9812, "9,812"), (12_345, "12.3k"), (1_200_000, "1.2M"), (9_999_999, "10.0M")],
)
def test_counts_are_short(number: int, expected: str) -> None:
    assert formats.count(number) == expected


def test_a_long_name_keeps_its_start_and_its_end() -> None:
    assert formats.name("n" * 61) == "n" * 61
    short = formats.name("start" + "n" * 500 + "-2026-01-31")
    assert len(short) == 61 and short.startswith("startn") and short.endswith("n-2026-01-31") and "…" in short


@pytest.mark.parametrize(("number", "expected"), [(0, "0 calls"), (1, "1 call"), (12_345, "12,345 calls")])
def test_calls_are_counted_in_words(number: int, expected: str) -> None:
    assert formats.calls(number) == expected


@pytest.mark.parametrize(
    ("ms", "expected"),
    [(None, "—"), (0, "0 ms"), (850, "850 ms"), (1400, "1.4 s"), (150_000, "2.5 min"), (12_600_000, "3.5 h")],
)
def test_durations_have_the_unit_that_fits(ms: int | None, expected: str) -> None:
    assert formats.milliseconds(ms) == expected


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (112, 100, "+12%"),
        (88, 100, "-12%"),
        (100, 100, "no change"),
        (5, 0, "new"),
        (0, 0, "no change"),
        (30000, 10, "+299,900%"),
    ],
)
def test_a_change_is_against_the_time_before(now: int, before: int, expected: str) -> None:
    assert formats.change(now, before) == expected


def test_a_share_of_nothing_is_none() -> None:
    assert [formats.percent(1, 8), formats.percent(0, 8), formats.percent(1, 0)] == ["12.5%", "0.0%", "—"]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ("0.023", "0.01", "+1.3 points"),
        ("0.01", "0.023", "-1.3 points"),
        ("0.01", "0.0101", "no change"),
        ("1", "0", "+100.0 points"),
    ],
)
def test_a_change_of_a_share_is_in_points(now: str, before: str, expected: str) -> None:
    assert formats.points(Decimal(now), Decimal(before)) == expected


def test_times_are_in_the_zone_of_the_page() -> None:
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=timezone.utc)
    zone = ZoneInfo("Asia/Kathmandu")
    assert formats.time(moment, zone) == "2026-03-02 05:15:00"
    assert formats.date(moment, zone) == "Mar 2, 2026"
    assert formats.minute(moment, zone) == "Mar 2, 2026, 05:15"
    assert formats.recent(moment, zone, moment) == "Mar 2, 05:15:00"
    assert formats.recent(moment, zone, moment.replace(year=2027)) == "Mar 2, 2026, 05:15:00"
    assert formats.short_time(moment, zone, "day") == "Mar 2"
    assert formats.short_time(moment, zone, "hour") == "Mar 2 05:15"


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        *((0, 5, "0.0%"), (5, 5, "100.0%"), (1, 0, "—"), (6, 5, "120.0%"), (1, 3, "33.3%")),
        # What is not nothing does not look like nothing, and a budget that is not spent not as if it were.
        *((1, 10_000, "<0.1%"), (9999, 10_000, ">99.9%"), (1, 1000, "0.1%"), (999, 1000, "99.9%")),
    ],
)
def test_a_share_is_not_rounded_to_nothing_or_to_all(part: int, whole: int, expected: str) -> None:
    assert formats.percent(part, whole) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        *((None, "—"), ("0", "$0.00"), ("5", "$5.00"), ("0.01377", "$0.01377"), ("0.500", "$0.50")),
        *(("1234567.8", "$1,234,567.80"), ("-2.5", "-$2.50"), ("0.000000000000125", "$0.000000000000125")),
        ("1E+3", "$1,000.00"),
    ],
)
def test_an_amount_in_full_has_every_digit(amount: str | None, expected: str) -> None:
    assert formats.full_money(None if amount is None else Decimal(amount)) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        *(("0.09949", "$0.099"), ("0.0995", "$0.10"), ("0.0999", "$0.10"), ("0.1", "$0.10")),
        *(("1000", "$1,000.00"), ("9999.99", "$9,999.99"), ("10000", "$10.0k"), ("-12400", "-$12.4k")),
        *(("999949", "$999.9k"), ("999950", "$1.0M"), ("999949999", "$999.9M"), ("999950000", "$1.0B")),
        ("-0.05", "-$0.05"),
    ],
)
def test_money_changes_its_form_at_a_bound(amount: str, expected: str) -> None:
    assert formats.money(Decimal(amount)) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        *((1000, "1,000"), (9999, "9,999"), (10_000, "10.0k"), (-9999, "-9,999"), (-10_000, "-10.0k")),
        *((999_949, "999.9k"), (999_950, "1.0M")),
    ],
)
def test_a_count_is_written_out_below_ten_thousand(number: int, expected: str) -> None:
    assert formats.count(number) == expected


@pytest.mark.parametrize(
    ("ms", "expected"),
    [(999, "999 ms"), (1000, "1.0 s"), (59_900, "59.9 s"), (60_000, "1.0 min"), (3_600_000, "1.0 h")],
)
def test_a_duration_changes_its_unit_at_a_bound(ms: int, expected: str) -> None:
    assert formats.milliseconds(ms) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        *(("0", "0.0%"), ("0.0001", "<0.1%"), ("0.0005", "<0.1%"), ("0.00051", "0.1%")),
        *(("0.99949", "99.9%"), ("0.9995", ">99.9%"), ("0.99999", ">99.9%"), ("1", "100.0%")),
        ("-0.125", "-12.5%"),
    ],
)
def test_one_call_in_two_thousand_is_not_nothing(part: str, expected: str) -> None:
    assert formats.percent(Decimal(part), 1) == expected


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        *(("100.5", "100", "no change"), ("99.5", "100", "no change"), ("100.51", "100", "+1%")),
        *(("-5", "-10", "+50%"), ("5", "-10", "+150%"), ("-1", "0", "new")),
    ],
)
def test_a_change_is_never_one_of_zero_percent(now: str, before: str, expected: str) -> None:
    assert formats.change(Decimal(now), Decimal(before)) == expected


def test_the_middle_of_a_long_name_is_left_out() -> None:
    assert formats.name("a" * 44 + "b" * 2 + "c" * 16) == "a" * 44 + "…" + "c" * 16
