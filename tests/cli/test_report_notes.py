"""What is said next to the figures of a report."""

from __future__ import annotations

from datetime import timezone
from decimal import Decimal
from typing import Any

from payi_transport.cli.report_notes import LeftOut, Reading, list_notes, make_title, name_zone
from payi_transport.prices import Estimate, Line
from payi_transport.reports.dimensions import find_dimensions
from payi_transport.reports.report import make_report
from payi_transport.reports.window import ALWAYS
from payi_transport.values.file_counts import FileCounts
from payi_transport.values.zones import find_local_name, find_zone
from tests.cli.reports import READING, make_full_report
from tests.reports.calls import make_estimate, make_event, unpriced


def test_every_gap_and_every_assumption_is_said() -> None:
    assert list_notes(make_full_report("tag"), READING) == [
        "Costs are estimates, in US dollars: the price list ($1,237). The list is genai-prices 1.2.3.",
        "Changes are since the period before, 2026-10-31 12:00 to 2026-11-01 12:00: $1,000 for 1 call.",
        "Not in the costs: 4 calls without a price and 1 call with a price for some units only, 40 tokens in"
        " all.",
        "  1 call: r0",
        "  1 call: r1",
        "  1 call: r2",
        "  and 1 more reason",
        "1 response had no usage that could be read.",
        "1 call had no user_id, which the configuration requires.",
        "1 stream ended early, and cost at least what is shown.",
        "1 call is covered by a subscription or a commitment.",
        "Rates that were not its own: n ($2.00).",
        "Calls with several tags stand in each of their rows. The total counts every call once.",
        "Left out 2 events that had been read before.",
        "Skipped 1 item that isn't an event.",
        "Left out 1 call without a time, which no period has.",
    ]


def test_figures_of_pay_i_are_no_estimates() -> None:
    line = Line(unit="call", direction="total", count=1, amount=make_estimate().total)
    paid = Estimate(total=line.amount, status="priced", source="payi", lines=(line,))
    made = make_report([(make_event(), paid)], find_dimensions("resource", timezone.utc))
    assert list_notes(made, READING._replace(skipped=2, repeats=0)) == [
        "Costs are Pay-i's own figures, in US dollars: Pay-i's own figures ($1.00).",
        "Skipped 2 items that aren't events.",
    ]


def test_the_title_says_the_grouping_the_period_and_the_zone() -> None:
    assert make_title(make_full_report("use_case,user"), READING) == (
        "Calls by use case and user, 2026-11-01 12:00 to 2026-11-02 12:00 (UTC)"
    )
    always = make_full_report(window=ALWAYS)
    local = make_title(always, Reading(find_zone("Asia/Kathmandu"), "Asia/Kathmandu"))
    assert local == "Calls by resource, 2026-11-01 16:45 to 2026-11-01 17:45 (Asia/Kathmandu)"
    untimed = make_report(
        [(make_event(event_timestamp=None), make_estimate())], find_dimensions("user", timezone.utc)
    )
    assert make_title(untimed, READING) == "Calls by user, without times"
    of_here = make_title(always, Reading(find_zone(None)))
    assert of_here.endswith(f" ({find_local_name()}, the zone of this machine)")
    assert name_zone(Reading(timezone.utc)) == find_local_name()


def test_what_the_files_do_not_have_is_reported() -> None:
    counts = FileCounts(lost={"full": 1200, "invalid": 1}, unobserved={"grpc": 1, "unread": 0})
    notes = " ".join(list_notes(make_full_report(), READING._replace(counts=counts)))
    lost = "1,201 events that were lost before they could be written (full 1,200, invalid 1)."
    unobserved = "1 request that was not recorded, and may have cost something (grpc 1)."
    assert f"Not in the figures: {lost} Not in the figures: {unobserved}" in notes
    one = list_notes(make_full_report(), READING._replace(counts=FileCounts(lost={"full": 1})))
    assert "Not in the figures: 1 event that was lost before it could be written (full 1)." in one


def list_gaps(*calls: Any) -> list[str]:
    made = make_report(calls, find_dimensions("resource", timezone.utc))
    return list_notes(made, Reading(timezone.utc, "UTC"))


def test_three_reasons_are_all_that_is_said_the_most_frequent_first() -> None:
    calls = [(make_event(), unpriced(reason)) for reason in ("b", "a", "c", "c")]
    assert list_gaps(*calls) == [
        "Not in the costs: 4 calls without a price, 40 tokens in all.",
        "  2 calls: c",
        "  1 call: a",
        "  1 call: b",
    ]
    more = [*calls, *((make_event(), unpriced(reason)) for reason in "de")]
    assert list_gaps(*more)[-1] == "  and 2 more reasons"


def test_several_of_each_gap_are_in_the_plural() -> None:
    odd = {"system.units": "missing", "system.missing_fields": "user_id"}
    free = Estimate(total=Decimal(0), status="included", source="config")
    calls = [
        (make_event(properties=odd), make_estimate("0")),
        (make_event(properties={"system.stream": "partial"}), free),
    ]
    assert list_gaps(*calls, *calls) == [
        "2 responses had no usage that could be read.",
        "2 calls had no user_id, which the configuration requires.",
        "2 streams ended early, and cost at least what is shown.",
        "2 calls are covered by a subscription or a commitment.",
    ]


def test_costs_are_told_by_their_sources_in_one_order() -> None:
    calls = []
    for source, amount in (("list", 1), ("provider", 2), ("config", 3), ("payi", 4)):
        line = Line(unit="text", direction="input", count=1, amount=Decimal(amount))
        priced = Estimate(total=line.amount, status="priced", source=source, lines=(line,))  # type: ignore[arg-type]
        calls.append((make_event(), priced))
    assert list_gaps(*calls) == [
        "Costs are estimates, in US dollars: Pay-i's own figures ($4.00), prices of your own ($3.00), the"
        " providers' figures ($2.00), the price list ($1.00)."
    ]
    own = make_report(calls[2:3], find_dimensions("resource", timezone.utc))
    assert list_notes(own, READING._replace(skipped=0, repeats=0)) == [
        "Costs are estimates, in US dollars: prices of your own ($3.00)."
    ]


def test_assumed_rates_are_in_the_order_of_what_they_cost() -> None:
    calls = [
        (make_event(), make_estimate(amount, note=note))
        for amount, note in (("1", "b"), ("1", "a"), ("2", "z"))
    ]
    assert list_gaps(*calls)[-1] == "Rates that were not its own: z ($2.00); a ($1.00); b ($1.00)."


def test_one_of_what_was_left_out_is_in_the_singular() -> None:
    assert [*LeftOut(skipped=1, untimed=2).list_notes()] == [
        "Skipped 1 item that isn't an event.",
        "Left out 2 calls without a time, which no period has.",
    ]
    assert [*LeftOut().list_notes()] == []
    empty = make_report([], find_dimensions("resource", timezone.utc))
    assert list_notes(empty, Reading(timezone.utc, repeats=1)) == [
        "Left out 1 event that had been read before."
    ]
