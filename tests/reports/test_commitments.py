"""The hours of a commitment are spread over who used it, and add up to what they cost."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.config.validation import check_config
from payi_transport.prices import Pricer
from payi_transport.reports.commitments import Commitment, CommitmentBuilder
from payi_transport.reports.dimensions import find_dimensions
from payi_transport.reports.stored_event import StoredEvent
from payi_transport.reports.window import ALWAYS, Window
from payi_transport.values.names import BILLING_PROPERTY
from tests.reports.calls import make_event
from tests.reports.support import exact

DAY = datetime(2026, 11, 2, tzinfo=timezone.utc)
PTU = {"resource": "ptu", "cost_per_hour": 50.0, "tokens_per_hour": 1000}


def build(
    *events: StoredEvent, rows: Any = (PTU,), by: str = "use_case", window: Window = ALWAYS
) -> list[Commitment]:
    pricer = Pricer(check_config({"prices": {"own": list(rows)}}).prices)
    (dimension,) = find_dimensions(by, timezone.utc)
    builder = CommitmentBuilder(pricer.own, dimension, window)
    for event in events:
        builder.add(event, pricer.estimate(event))
    return builder.build()


def call(tokens: int, use_case: str | None = None, hour: float = 0, **fields: Any) -> StoredEvent:
    values = {"resource": "ptu", "use_case_name": use_case, **fields}
    return make_event({"text": (tokens, 0)}, event_timestamp=DAY + timedelta(hours=hour), **values)


def test_the_hours_are_spread_by_tokens_and_the_unused_part_stays_apart() -> None:
    (made,) = build(call(600, "bot", 0.01), call(200, "mail", 1.999), call(9, "x", 1, resource="other"))
    assert exact(made.hours, made.cost, made.capacity) == (2, 100, 2000)
    assert made.tokens == {"bot": 600, "mail": 200}
    assert made.parts == {"bot": Decimal(30), "mail": Decimal(10)}
    assert made.unused == 60


def test_more_than_the_capacity_and_none_at_all_leave_nothing_unused() -> None:
    (made,) = build(call(9000, "bot"), call(3000))
    assert made.parts == {"bot": Decimal("37.5"), None: Decimal("12.5")}
    (made,) = build(call(3, "bot"), call(1), rows=[{"resource": "ptu", "cost_per_hour": 1.0}])
    assert exact(made.parts, made.unused) == ({"bot": Decimal("0.75"), None: Decimal("0.25")}, 0)


def test_nobody_used_it() -> None:
    (made,) = build(call(5, resource="other"))
    assert exact(made.parts, made.unused, made.cost) == ({}, 50, 50)


def test_it_costs_for_the_whole_period_and_only_while_it_was_there() -> None:
    week = Window(DAY, DAY + timedelta(days=7), None)
    (made,) = build(call(5), window=week)
    assert made.hours == 7 * 24
    row = {**PTU, "from": "2026-11-03", "until": "2026-11-05T12:00Z"}
    (made,) = build(call(5, hour=30), rows=[row], window=week)
    assert exact(made.hours, list(made.parts)) == (60, [None])
    assert build(call(5), rows=[{**PTU, "until": "2026-10-01"}], window=week) == []


def test_calls_outside_the_period_and_without_a_time_count_for_nobody() -> None:
    window = Window(DAY, DAY + timedelta(hours=1), None)
    (made,) = build(call(5, "bot"), call(5, "late", 2), make_event(event_timestamp=None), window=window)
    assert list(made.parts) == ["bot"]
    assert build() == []


def test_calls_that_a_subscription_includes_are_of_no_commitment() -> None:
    included = make_event(
        {"text": (5, 0)}, event_timestamp=DAY, properties={BILLING_PROPERTY: "subscription"}
    )
    (made,) = build(included, call(5, "bot"))
    assert list(made.parts) == ["bot"]


def test_without_commitments_there_are_none() -> None:
    assert build(call(5), rows=[]) == []


def test_a_call_with_several_tags_used_its_tokens_once() -> None:
    (made,) = build(call(10, request_tags=("a", "b")), call(10, request_tags=("a",)), by="tag")
    assert made.tokens == {"a, b": 10, "a": 10}


@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.sampled_from(["a", "b", None]), st.integers(0, 800)), max_size=8
    ),
    st.decimals("0.001", 10**4, places=3),
    st.none() | st.integers(1, 10**7),
)
def test_the_parts_add_up_to_the_cost(calls: Any, rate: Decimal, capacity: int | None) -> None:
    row: dict[str, Any] = {"resource": "ptu", "cost_per_hour": str(rate)}
    row |= {} if capacity is None else {"tokens_per_hour": capacity}
    for made in build(*(call(*each) for each in calls), rows=[row]):
        assert sum(made.parts.values()) + made.unused == made.cost
        assert made.unused >= 0


def test_only_tokens_use_a_commitment() -> None:
    units = {"text": (300, 100), "web_search_request": (0, 500)}
    (made,) = build(make_event(units, event_timestamp=DAY, resource="ptu", use_case_name="bot"))
    assert made.tokens == {"bot": 400}
    assert exact(made.parts["bot"], made.unused) == (20, 30)


def test_amounts_are_in_millionths_of_a_dollar() -> None:
    row = {"resource": "ptu", "cost_per_hour": "0.000001", "tokens_per_hour": 4}
    (made,) = build(call(3, "bot"), rows=[row])
    assert exact(made.cost, made.parts, made.unused) == (
        Decimal("0.000001"),
        {"bot": Decimal("0.000001")},
        0,
    )
    (made,) = build(call(1, "a"), call(1, "b"), call(1, "c"), rows=[{**PTU, "cost_per_hour": "0.1"}])
    assert [*made.parts.values(), made.unused] == [Decimal("0.0001")] * 3 + [Decimal("0.0997")]


def test_hours_go_from_the_first_calls_hour_to_the_last_ones_in_whatever_order() -> None:
    (made,) = build(call(1, hour=2.5), call(1, hour=0.9), call(1, hour=1))
    assert exact(made.hours, made.capacity) == (3, 3000)
    (made,) = build(call(1, hour=2.5), call(1, hour=0.9), window=Window(DAY, None, None))
    assert made.hours == 3
    (made,) = build(call(1, hour=2.5), call(1, hour=0.9), window=Window(None, DAY + timedelta(hours=4), None))
    assert made.hours == 4


def test_a_commitment_that_is_there_for_no_time_costs_nothing() -> None:
    limits = {"until": (DAY + timedelta(minutes=30)).isoformat()}
    window = Window(DAY + timedelta(minutes=30), DAY + timedelta(hours=1), None)
    assert build(call(5, hour=0.6), rows=[{**PTU, **limits}], window=window) == []
    (made,) = build(call(5, hour=0.6), rows=[PTU], window=window)
    assert exact(made.hours, made.cost, made.capacity, made.name) == (Decimal("0.5"), 25, 500, "ptu")


def test_capacity_is_unknown_where_the_configuration_does_not_say() -> None:
    (made,) = build(call(5), rows=[{"resource": "ptu", "cost_per_hour": 50}])
    assert made.capacity is None
