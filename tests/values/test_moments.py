"""Times that a call can have."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from payi_transport.values.moments import find_moment


@pytest.mark.parametrize("year", [1, 1970, 9999])
def test_a_time_that_no_call_can_have_is_none(year: int) -> None:
    assert find_moment(datetime(year, 12, 31, tzinfo=timezone.utc)) is None
    assert find_moment(None) is None


def test_a_time_without_an_offset_is_utc() -> None:
    assert find_moment(datetime(2026, 10, 5)) == datetime(2026, 10, 5, tzinfo=timezone.utc)
    aware = datetime(2026, 10, 5, tzinfo=timezone(timedelta(hours=2)))
    assert find_moment(aware) is aware


@pytest.mark.parametrize(("year", "is_moment"), [(1970, False), (1971, True), (8999, True), (9000, False)])
def test_a_call_is_of_these_years(year: int, is_moment: bool) -> None:
    moment = datetime(year, 1, 1, tzinfo=timezone.utc)
    assert find_moment(moment) == (moment if is_moment else None)
