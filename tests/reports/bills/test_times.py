"""Times of a bill: in every form that spreadsheets write, they are right, and anything else is absent."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.bills.times import list_dates, read_time

ANYTHING: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-05",
        "2026-10-05T00:00:00Z",
        "2026-10-05T00:00:00.000Z",
        "2026-10-05 00:00:00 UTC",
        "2026-10-05T02:00:00+02:00",
        "2026-10-05 0:00",
        "2026-10-05 0:00:00",
        "2026-10-05 12:00 AM",
        "2026-10-05 12:00:00\N{NARROW NO-BREAK SPACE}am",
        "2026/10/05",
        "2026/10/5 0:00:00",
        "20261005",
        " 5 Oct 2026",
        "05 October 2026",
        "5-Oct-2026",
        "5-Oct-26",
        "Oct 5, 2026",
        "October 5, 2026",
        1791158400,
        date(2026, 10, 5),
        datetime(2026, 10, 5),
        datetime(2026, 10, 5, tzinfo=timezone.utc),
    ],
)
def test_times_are_read_in_every_form_that_bills_have(value: object) -> None:
    assert read_time(value) == datetime(2026, 10, 5, tzinfo=timezone.utc)


# Whether the day or the month is first in numbers alone is for the whole column to say.
@pytest.mark.parametrize(
    "value", [None, True, "", "soon", "10/05/2026", "2026-13-45", 1e300, float("nan"), [1]]
)
def test_what_is_no_time_is_absent(value: object) -> None:
    assert read_time(value) is None


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("10/05/2026", {"day": "2026-05-10", "month": "2026-10-05"}),
        ("5.10.2026", {"day": "2026-10-05", "month": "2026-05-10"}),
        ("31-10-2026", {"day": "2026-10-31"}),
        ("10/31/2026 0:00", {"month": "2026-10-31 0:00"}),
        ("10/31/2026, 12:00 AM", {"month": "2026-10-31 12:00 AM"}),
        ("12/31/2026", {"month": "2026-12-31"}),
        ("31/12/2026", {"day": "2026-12-31"}),
        ("1/1/2026", {"day": "2026-01-01", "month": "2026-01-01"}),
        ("1/0/2026", {}),
        (" 10/31/2026 13:05 ", {"month": "2026-10-31 13:05"}),
        ("0/5/2026", {}),
        ("32/1/2026", {}),
        ("13/13/2026", {}),
        ("10/5.2026", {}),
        ("2026-10-05", {}),
        ("soon", {}),
    ],
)
def test_the_dates_that_numbers_may_be(text: str, dates: dict[str, str]) -> None:
    assert list_dates(text) == dates


@given(ANYTHING)
def test_nothing_is_an_error(value: Any) -> None:
    read_time(value)
    list_dates(str(value))


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-10-05 13:07", (13, 7, 0)),
        ("2026/10/5 13:07:09", (13, 7, 9)),
        ("2026-10-05 1:07 PM", (13, 7, 0)),
        ("2026/10/05 1:07:09 PM", (13, 7, 9)),
        ("2026-10-05 13:07:09 UTC", (13, 7, 9)),
        ("2026-10-05T13:07:09", (13, 7, 9)),
        ("2026-10-05T15:07:09+02:00", (13, 7, 9)),
        (1791158400 + 13 * 3600 + 7 * 60 + 9, (13, 7, 9)),
        (datetime(2026, 10, 5, 13, 7, 9), (13, 7, 9)),
    ],
)
def test_a_time_of_the_day_is_read(value: object, moment: tuple[int, int, int]) -> None:
    assert read_time(value) == datetime(2026, 10, 5, *moment, tzinfo=timezone.utc)
