"""What calls add up to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.config.validation import check_config
from payi_transport.prices import Estimate, Line, Pricer
from payi_transport.prices.counts import BILLED
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


@pytest.mark.parametrize("unit", ["text", "text_cache_read", "reasoning", "audio", "audio_seconds", "image"])
def test_what_stands_for_tokens_counts_as_such(unit: str) -> None:
    assert counts_tokens(unit)


@pytest.mark.parametrize("unit", ["web_search_request", "request", "call", "guardrail_topic"])
def test_searches_and_requests_are_no_tokens(unit: str) -> None:
    assert not counts_tokens(unit)


def test_of_what_is_billed_besides_units_only_some_are_tokens() -> None:
    billed = {unit for unit, _ in BILLED.values()}
    assert {unit for unit in billed if counts_tokens(unit)} == {"citation", "hosted_image_tokens"}


def test_pages_and_calls_of_tools_are_in_no_sum_of_tokens() -> None:
    summary = Summary()
    properties = {"provider.pages": "30", "provider.file_search_calls": "2", "provider.containers": "1"}
    event = make_event({"text": (10, 5)}, properties=properties)
    summary.add(event, Pricer(check_config({"prices": {"own": [{"free": True}]}}).prices).estimate(event))
    assert (summary.count_tokens("input"), summary.count_tokens("output")) == (10, 5)


@pytest.mark.parametrize(
    ("latency", "shown"),
    [
        (-5, 0),
        (0.4, 0),
        (0.6, 1),
        (999, 999),
        (999.6, 1000),
        (1000, 1000),
        (1004, 1000),
        (1006, 1010),
        (9994, 9990),
        (12_345, 12_300),
        (12_351, 12_400),
        (99_960, 100_000),
        (123_456, 123_000),
    ],
)
def test_latencies_have_three_digits(latency: float, shown: int) -> None:
    assert add(latency).find_latency(50) == shown


@pytest.mark.parametrize(("percent", "latency"), [(0, 1), (10, 1), (11, 2), (90, 9), (91, 10), (100, 10)])
def test_a_percentile_is_of_the_nearest_rank(percent: int, latency: int) -> None:
    assert add(*range(1, 11)).find_latency(percent) == latency


def test_fields_that_are_missing_are_counted_by_name() -> None:
    summary, other = Summary(), Summary()
    for sums in (summary, summary, other):
        sums.add(make_event(properties={"system.missing_fields": "account_name,user_id"}), make_estimate())
    other.add(make_event(properties={"system.missing_fields": "user_id"}), make_estimate())
    summary.merge(other)
    assert summary.missing_fields == {"account_name": 3, "user_id": 4}


def test_a_part_without_a_price_says_which_and_why() -> None:
    lines = (
        *make_estimate("0.5").lines,
        Line(unit="audio", direction="output", count=3, note="the price list has no rate for it"),
        Line(unit="video", direction="input", count=4),
        Line(unit="video", direction="input", count=5),
    )
    summary = Summary()
    summary.add(make_event(), Estimate(total=lines[0].amount, status="partial", source="list", lines=lines))
    # Each reason once for a call.
    assert summary.reasons == {
        "audio output: the price list has no rate for it": 1,
        "video input: no rate is known": 1,
    }
    assert summary.units["audio", "output"].unpriced == 3
    assert summary.units["video", "input"].unpriced == 9
    assert (summary.units["text", "input"].unpriced, summary.unpriced, summary.partial) == (0, 0, 1)
    assert summary.assumed == {}


def test_of_a_call_that_has_no_price_the_first_note_is_the_reason() -> None:
    summary = Summary()
    summary.add(make_event(), Estimate(total=None, status="unpriced", notes=("first", "second")))
    summary.add(make_event(), Estimate(total=None, status="unpriced"))
    assert (summary.reasons, summary.unpriced, summary.sources) == ({"first": 1}, 2, {})


def test_tokens_of_a_priced_call_that_have_no_amount_of_their_own_lack_no_price() -> None:
    lines = (
        Line(unit="text", direction="input", count=7),
        Line(unit="call", direction="total", count=1, amount=make_estimate().total),
    )
    summary = Summary()
    summary.add(
        make_event(), Estimate(total=make_estimate().total, status="priced", source="payi", lines=lines)
    )
    assert summary.count_unpriced_tokens() == 0
    assert summary.count_tokens("input") == 7
