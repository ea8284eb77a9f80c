"""Colors stay with their names, and a step that is not whole says so."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.charts import Colors, find_partial
from payi_transport.serve.periods import choose_step, step_starts
from payi_transport.serve.views import Series, Span

NOON = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
charts = st.lists(st.lists(st.sampled_from([None, "", *"abcdefghijklmno"]), max_size=7, unique=True))


@given(charts)
def test_no_chart_has_a_color_twice(shown: list[list[str | None]]) -> None:
    colors = Colors()
    for names in shown:
        used = colors.assign("model", names)
        assert set(used) == {name for name in names if name}
        assert len(set(used.values())) == len(used)


def test_a_name_keeps_its_color_on_every_screen() -> None:
    colors = Colors()
    first = colors.assign("model", ["a", "b", None])
    assert colors.assign("model", ["c", "b"])["b"] == first["b"]
    assert colors.assign("account", ["b"]) == {"b": first["a"]}
    assert colors.assign("model", ["a"]) == {"a": first["a"]}


def test_a_new_name_takes_the_color_of_the_one_that_was_shown_longest_ago() -> None:
    colors = Colors()
    first = colors.assign("model", list("abcdefg")) | colors.assign("model", list("bcdefgh"))
    assert colors.assign("model", ["i", "c"]) == {"i": first["a"], "c": first["c"]}


def partial(start: datetime, end: datetime, zone: str = "UTC") -> dict[int, str]:
    span = Span(start, end, zone)
    step = choose_step(span)
    return find_partial(Series(step, zone, step_starts(span, step), []), span, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (NOON - timedelta(days=6, hours=12), NOON, {6: "so far"}),
        (NOON - timedelta(days=6, hours=12), NOON + timedelta(hours=12), {}),
        (NOON - timedelta(days=1), NOON, {}),
        (NOON - timedelta(days=1, minutes=30), NOON, {0: "in part"}),
        (NOON - timedelta(hours=23, minutes=30), NOON + timedelta(minutes=5), {0: "in part", 24: "so far"}),
    ],
)
def test_a_step_that_the_span_has_only_a_part_of_says_so(
    start: datetime, end: datetime, expected: dict[int, str]
) -> None:
    assert partial(start, end) == expected


def test_a_day_of_23_hours_is_whole_when_it_is_over() -> None:
    # The clock changed on March 29.
    midnight = datetime(2026, 3, 23, 23, tzinfo=timezone.utc)
    over = datetime(2026, 3, 29, 22, tzinfo=timezone.utc)
    assert partial(midnight, over, "Europe/Berlin") == {}
    assert partial(midnight, over - timedelta(minutes=1), "Europe/Berlin") == {5: "so far"}
