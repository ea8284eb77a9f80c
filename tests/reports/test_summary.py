"""What calls add up to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.prices import Estimate, Line
from payi_transport.reports.summary import Summary, counts_tokens
from tests.reports.calls import make_estimate, make_event, unpriced


def add(*latencies: float) -> Summary:
    summary = Summary()
    for latency in latencies:
        summary.add(make_event(end_to_end_latency_ms=latency), make_estimate())
    return summary


@pytest.mark.parametrize(
    ("latencies", "p50", "p95"),
    [([], None, None), ([7], 7, 7), ([2, 1], 1, 2), (list(range(1, 21)), 10, 19), ([1234.5], 1230, 1230)],
)
def test_percentiles_are_latencies_that_calls_had(
    latencies: list[float], p50: int | None, p95: int | None
) -> None:
    summary = add(*latencies)
    summary.add(make_event(), make_estimate())
    assert (summary.find_latency(50), summary.find_latency(95)) == (p50, p95)


def test_every_call_counts_and_says_what_its_cost_lacks() -> None:
    summary = Summary()
    summary.add(make_event(http_status_code=500), make_estimate("2", note="cache read at the input rate"))
    summary.add(make_event(properties={"system.stream": "partial"}), unpriced("a"))
    summary.add(make_event(properties={"system.units": "missing"}), unpriced("a", tokens=5))
    line = Line(unit="guardrail_topic", direction="input", count=3)
    priced = make_estimate("0.5").lines
    partly = Estimate(
        total=priced[0].amount, status="partial", source="list", lines=(*priced, line), notes=("b",)
    )
    summary.add(make_event(), partly)
    covered = Line(unit="text", direction="input", count=7)
    summary.add(make_event(), Estimate(total=None, status="included", source="config", lines=(covered,)))
    found = (summary.calls, summary.errors, summary.unpriced, summary.partial, summary.missing, summary.cut)
    assert found == (5, 1, 2, 1, 1, 1)
    assert summary.included == 1
    assert str(summary.cost) == "2.5"
    assert {name: str(amount) for name, amount in summary.sources.items()} == {"list": "2.5", "config": "0"}
    assert {note: str(amount) for note, amount in summary.assumed.items()} == {
        "cache read at the input rate": "2"
    }
    assert summary.reasons == {"a": 2, "guardrail_topic input: no rate is known": 1}
    assert summary.count_tokens("input") == 10 + 10 + 5 + 10 + 7
    # A guardrail has no tokens, and a call that is covered needs no price.
    assert summary.count_unpriced_tokens() == 15
    assert summary.units["guardrail_topic", "input"].unpriced == 3


def test_a_figure_for_the_whole_call_is_no_unit() -> None:
    summary = Summary()
    call = Line(unit="call", direction="total", count=1, amount=make_estimate().total)
    summary.add(make_event(), Estimate(total=call.amount, status="priced", source="payi", lines=(call,)))
    assert summary.units == {}
    assert summary.cost == 1


@given(st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), max_size=12), st.integers(0, 12))
def test_parts_that_are_merged_are_the_whole(calls: list[tuple[int, bool]], cut: int) -> None:
    whole, left, right = Summary(), Summary(), Summary()
    for number, (latency, has_price) in enumerate(calls):
        event = make_event(end_to_end_latency_ms=latency)
        estimate = make_estimate(f"0.{latency}", note="n") if has_price else unpriced(str(latency % 2))
        whole.add(event, estimate)
        (left if number < cut else right).add(event, estimate)
    left.merge(right)
    for name in Summary.__slots__:
        if name != "units":
            assert getattr(left, name) == getattr(whole, name)
    for unit, sums in whole.units.items():
        found = left.units[unit]
        assert (found.count, found.cost, found.unpriced) == (sums.count, sums.cost, sums.unpriced)


def test_searches_are_no_tokens() -> None:
    assert [counts_tokens(name) for name in ("text", "audio", "web_search_request", "guardrail_topic")] == [
        True,
        True,
        False,
        False,
    ]
