"""What is said next to the figures of a report."""

from __future__ import annotations

from datetime import timezone

from payi_transport.cli.report_notes import Reading, list_notes, make_title, name_zone
from payi_transport.prices import Estimate, Line
from payi_transport.reports.dimensions import find_dimensions
from payi_transport.reports.report import make_report
from payi_transport.reports.window import ALWAYS
from payi_transport.values.file_counts import FileCounts
from payi_transport.values.zones import find_local_name, find_zone
from tests.cli.reports import READING, make_full_report
from tests.reports.calls import make_estimate, make_event


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


def test_what_the_files_do_not_have_is_told() -> None:
    counts = FileCounts(lost={"full": 1200, "invalid": 1}, unobserved={"grpc": 1, "unread": 0})
    notes = " ".join(list_notes(make_full_report(), READING._replace(counts=counts)))
    lost = "1,201 events that were lost before they could be written (full 1,200, invalid 1)."
    unobserved = "1 request that was not recorded, and may have cost something (grpc 1)."
    assert f"Not in the figures: {lost} Not in the figures: {unobserved}" in notes
    one = list_notes(make_full_report(), READING._replace(counts=FileCounts(lost={"full": 1})))
    assert "Not in the figures: 1 event that was lost before it could be written (full 1)." in one
