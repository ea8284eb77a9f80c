"""The rows of a report."""

from __future__ import annotations

import json
from datetime import timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.cli.report_files import write_json
from payi_transport.cli.report_notes import Reading
from payi_transport.cli.report_rows import (
    find_cost,
    list_columns,
    list_commitment_rows,
    list_rows,
    list_unit_rows,
    make_cells,
)
from payi_transport.prices import Estimate, Line
from payi_transport.reports.commitments import Commitment
from payi_transport.reports.dimensions import find_dimensions
from payi_transport.reports.report import make_report
from payi_transport.reports.window import ALWAYS
from tests.cli.reports import make_full_report
from tests.reports.calls import make_estimate, make_event


def test_columns_that_would_say_nothing_are_left_out() -> None:
    plain = make_report([(make_event(), make_estimate())], find_dimensions("resource", timezone.utc))
    usual = ["Cost", "Calls", "Errors", "Input", "Output", "p50 ms", "p95 ms"]
    assert list_columns(plain) == usual
    assert list_columns(make_full_report()) == ["Cost", "Included", "Unpriced", "Change", *usual[1:]]


def test_each_group_has_its_figures_and_what_is_unknown_is_a_dash() -> None:
    made = make_full_report()
    columns = list_columns(made)
    rows = {
        row.name: dict(zip(columns, make_cells(row.group, columns), strict=True)) for row in list_rows(made)
    }
    assert rows["gpt-5"] == {
        "Cost": "$1,234",
        "Included": "0",
        "Unpriced": "0",
        "Change": "+23%",
        "Calls": "1",
        "Errors": "0",
        "Input": "10",
        "Output": "0",
        "p50 ms": "1,500",
        "p95 ms": "1,500",
    }
    assert rows["=1+1"]["Cost"] == "<$0.0001"
    assert rows["ptu"]["Cost"] == "included"
    assert (rows["x|y\x1b[2J"]["Cost"], rows["x|y\x1b[2J"]["Unpriced"]) == ("-", "4")
    assert list(rows)[-1] == "Total"


def test_groups_inside_a_group_follow_it() -> None:
    names = [
        (row.name, row.depth) for row in list_rows(make_full_report("user,resource", top=1, window=ALWAYS))
    ]
    assert names == [("u", 0), ("gpt-5", 1), ("(2 others)", 0), ("Total", 0)]


def test_a_group_without_calls_costs_nothing() -> None:
    empty = make_report([], find_dimensions("resource", timezone.utc)).total
    assert find_cost(empty.summary) == 0


def test_units_are_listed_with_what_they_cost() -> None:
    made = make_full_report()
    assert list(list_unit_rows(made.total.summary)) == [("text", "70", "-", "$1,237")]
    unknown = next(group for group in made.groups if group.name == "x|y\x1b[2J")
    assert list(list_unit_rows(unknown.summary)) == [("text", "40", "-", "-")]


def test_the_most_expensive_unit_is_first_and_equal_ones_are_in_the_order_of_their_names() -> None:
    lines = [
        Line(unit=unit, direction="output", count=1, amount=Decimal(amount))
        for unit, amount in (("b", 1), ("a", 1), ("z", 2))
    ]
    estimate = Estimate(total=Decimal(4), status="priced", source="list", lines=tuple(lines))
    made = make_report([(make_event(), estimate)], find_dimensions("resource", timezone.utc))
    assert list(list_unit_rows(made.total.summary)) == [
        ("z", "-", "1", "$2.00"),
        ("a", "-", "1", "$1.00"),
        ("b", "-", "1", "$1.00"),
    ]


def test_what_nobody_used_of_a_commitment_has_tokens_if_its_capacity_is_known() -> None:
    used = Commitment("ptu", Decimal(1), Decimal(4), {"a": 30}, {"a": Decimal(3)}, Decimal(1), 100)
    unused = ("(not used)", "70", "$1.00")
    total = ("Total of 1 hour", "", "$4.00")
    assert list(list_commitment_rows(used))[1:] == [unused, total]
    unknown = used._replace(capacity=None)
    assert list(list_commitment_rows(unknown))[1:] == [("(not used)", "-", "$1.00"), total]
    # Provisioned throughput can be exceeded.
    beyond = used._replace(capacity=10, unused=Decimal(0))
    assert list(list_commitment_rows(beyond))[1:] == [("(not used)", "-", "$0"), total]
    assert list(list_commitment_rows(used._replace(hours=Decimal("0.501"))))[-1][0] == "Total of 0.5 hours"


def test_the_parts_of_a_commitment_are_in_the_order_of_their_cost_then_their_name() -> None:
    parts: dict[str | None, Decimal] = {"b": Decimal(1), "a": Decimal(1), None: Decimal(1), "c": Decimal(2)}
    used = Commitment("ptu", Decimal(1), Decimal(5), dict.fromkeys(parts, 1), parts, Decimal(0), None)
    assert [name for name, _, _ in list_commitment_rows(used)] == ["c", "(none)", "a", "b", "Total of 1 hour"]


def test_a_commitment_that_is_used_up_has_no_row_for_what_nobody_used() -> None:
    half = Decimal(10)
    used = Commitment("ptu", Decimal(2), 2 * half, {"a": 3, "b": 4}, {"a": half, "b": half}, Decimal(0), None)
    rows = [("a", "3", "$10.00"), ("b", "4", "$10.00"), ("Total of 2 hours", "", "$20.00")]
    assert list(list_commitment_rows(used)) == rows


def test_latencies_are_those_of_half_and_of_95_of_100_calls() -> None:
    calls = [(make_event(end_to_end_latency_ms=number), make_estimate()) for number in range(1, 101)]
    made = make_report(calls, find_dimensions("resource", timezone.utc))
    assert make_cells(made.total, ["p50 ms", "p95 ms"]) == ["50", "95"]
    written = json.loads(write_json(made, Reading(timezone.utc)))["total"]
    assert (written["latency_p50_ms"], written["latency_p95_ms"]) == (50, 95)


@pytest.mark.parametrize("status", ["unpriced", "partial", "included"])
def test_each_gap_has_its_column_and_no_other(status: Any) -> None:
    line = Line(unit="text", direction="input", count=3, amount=Decimal(0))
    estimate = Estimate(total=Decimal(0), status=status, source="config", lines=(line,))
    made = make_report([(make_event(), estimate)], find_dimensions("resource", timezone.utc))
    name = "Included" if status == "included" else "Unpriced"
    assert list_columns(made)[:3] == ["Cost", name, "Calls"]
    assert make_cells(made.total, [name, "Calls"]) == ["1", "1"]


def test_a_group_of_included_and_other_calls_has_the_cost_of_the_others() -> None:
    free = Estimate(total=Decimal(0), status="included", source="config")
    calls = [(make_event(), free), (make_event(), make_estimate("2"))]
    made = make_report(calls, find_dimensions("resource", timezone.utc))
    assert make_cells(made.total, ["Cost", "Included"]) == ["$2.00", "1"]
