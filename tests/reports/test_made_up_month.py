"""A month with a bill that differs in eight known ways: all eight are found, with their money."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from payi_transport.budgets.owners import read_event_field
from payi_transport.reports.allocation import Shares, allocate
from payi_transport.reports.bills.reading import read_bills
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.reports.reconciliation import reconcile
from tests.reports.made_up_month import RATES, make_month, write_focus_bill
from tests.reports.support import price_with


@pytest.mark.parametrize("calls", [7_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_all_eight_differences_are_found_with_their_money(calls: int, tmp_path: Path) -> None:
    month = make_month(calls)
    write_focus_bill(tmp_path / "bill.csv", month)
    seen: set[str] = set()
    once: list[PricedCall] = []
    repeats: list[PricedCall] = []
    for event in month.events:
        (repeats if event.provider_response_id in seen else once).append(
            PricedCall(event, price_with(RATES, event))
        )
        seen.add(event.provider_response_id)
    bill = read_bills([tmp_path / "bill.csv"])
    made = reconcile(bill, once, repeats)
    found = {finding.kind: finding for finding in made.findings}
    assert {kind: finding.money.normalize() for kind, finding in found.items() if kind != "time zone"} == {
        kind: money.normalize() for kind, money in month.money.items()
    }
    zone = found["time zone"]
    assert "UTC-07:00" in zone.text
    assert zone.money > 0
    inside = sum((finding.money for finding in made.findings if finding.in_difference), Decimal(0))
    assert inside == made.difference == made.billed - made.estimated
    shares = Shares(["account_name", "use_case_name"], read_event_field)
    for call in once:
        shares.add(call)
    paid = allocate(bill.lines, shares)
    assert sum(paid.values()) == round(made.billed, 2)
