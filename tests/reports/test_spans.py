"""Periods as users write them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from payi_transport.errors import PayiError
from payi_transport.reports.spans import read_span
from payi_transport.values.zones import find_zone


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", (2026, 1, 1), (2027, 1, 1)),
        ("2026-Q3", (2026, 7, 1), (2026, 10, 1)),
        ("2026-10", (2026, 10, 1), (2026, 11, 1)),
        ("2026-Q1", (2026, 1, 1), (2026, 4, 1)),
        ("2026-Q2..2026-Q4", (2026, 4, 1), (2027, 1, 1)),
        ("2026-10-05..2026-10-05", (2026, 10, 5), (2026, 10, 6)),
        ("2026-10..2026-10-03", (2026, 10, 1), (2026, 10, 4)),
        ("2026-10-05", (2026, 10, 5), (2026, 10, 6)),
        ("2026-10-05..2026-10-07", (2026, 10, 5), (2026, 10, 8)),
        ("2026-09 .. 2026-10", (2026, 9, 1), (2026, 11, 1)),
    ],
)
def test_a_period_is_named(text: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    found = read_span(text, timezone.utc)
    assert found == (datetime(*start, tzinfo=timezone.utc), datetime(*end, tzinfo=timezone.utc))


def test_days_are_of_the_zone() -> None:
    found = read_span("2026-10-25", find_zone("Europe/Berlin"))
    assert found.start == datetime(2026, 10, 24, 22, tzinfo=timezone.utc)
    assert found.end == datetime(2026, 10, 25, 23, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text", ["", "october", "2026-13", "2026-02-30", "0000-01", "2026-Q5", "2026..", "20261"]
)
def test_what_names_no_period_is_an_error_that_says_what_does(text: str) -> None:
    with pytest.raises(PayiError, match="is not a period; expected a period such as 2026-10"):
        read_span(text, timezone.utc)


def test_a_period_that_ends_before_it_starts() -> None:
    with pytest.raises(PayiError, match="ends before it starts"):
        read_span("2026-10..2026-09", timezone.utc)


def test_the_end_of_time_is_no_period() -> None:
    with pytest.raises(PayiError, match="is not a period"):
        read_span("9999-12", timezone.utc)


def test_an_error_shows_what_was_written() -> None:
    accepted = "expected a period such as 2026-10, 2026-10-05, 2026-Q3, 2026, or 2026-10-01..2026-10-15"
    with pytest.raises(PayiError) as caught:
        read_span("2026..soon", timezone.utc)
    assert str(caught.value) == f"'2026..soon' is not a period; {accepted}"
    with pytest.raises(PayiError) as caught:
        read_span("2026-10..2026-09-30", timezone.utc)
    assert str(caught.value) == f"'2026-10..2026-09-30' ends before it starts; {accepted}"
    with pytest.raises(PayiError) as caught:
        read_span("2026-13", timezone.utc)
    assert str(caught.value) == f"'2026-13' is not a period; {accepted}"
