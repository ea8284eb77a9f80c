"""A month with a bill that differs in eight known ways: all eight are found, with their money."""

from __future__ import annotations

from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from payi_transport.budgets.owners import read_event_field
from payi_transport.reports.allocation import Shares, allocate
from payi_transport.reports.bills.reading import read_bills
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.reports.reconciliation import Reconciliation, reconcile
from tests.reports.made_up_bills import BILLS, MadeUpBill
from tests.reports.made_up_month import OPENAI, RATES, Month, make_month, write_focus_bill
from tests.reports.support import price_with

UTC = timezone.utc


def price(month: Month) -> tuple[list[PricedCall], list[PricedCall]]:
    """The month's calls, and those that are in it once more."""
    seen: set[str] = set()
    once: list[PricedCall] = []
    repeats: list[PricedCall] = []
    for event in month.events:
        call = PricedCall(event, price_with(RATES, event))
        (repeats if event.provider_response_id in seen else once).append(call)
        seen.add(event.provider_response_id)
    return once, repeats


def check_findings(made: Reconciliation, month: Month) -> None:
    found = {finding.kind: finding for finding in made.findings}
    assert {kind: finding.money.normalize() for kind, finding in found.items() if kind != "time zone"} == {
        kind: money.normalize() for kind, money in month.money.items()
    }
    assert found["time zone"].money > 0
    inside = sum((finding.money for finding in made.findings if finding.in_difference), Decimal(0))
    assert inside == made.difference == made.billed - made.estimated


@pytest.mark.parametrize("calls", [7_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_all_eight_differences_are_found_with_their_money(calls: int, tmp_path: Path) -> None:
    month = make_month(calls)
    write_focus_bill(tmp_path / "bill.csv", month)
    once, repeats = price(month)
    bill = read_bills([tmp_path / "bill.csv"])
    made = reconcile(bill, once, repeats)
    check_findings(made, month)
    (zone,) = (finding for finding in made.findings if finding.kind == "time zone")
    assert "UTC-07:00" in zone.text
    shares = Shares(["account_name", "use_case_name"], read_event_field)
    for call in once:
        shares.add(call)
    paid = allocate(bill.lines, shares)
    assert sum(paid.values()) == round(made.billed, 2)


@pytest.mark.parametrize("name", BILLS)
def test_they_are_found_in_the_bills_of_every_provider(name: str, tmp_path: Path) -> None:
    made_up: MadeUpBill = BILLS[name]
    month = make_month(1_400, made_up.seller, zone=timezone(timedelta(hours=5, minutes=30)))
    bill = read_bills(made_up.write(tmp_path, month))
    once, repeats = price(month)
    made = reconcile(bill, once, repeats, made_up.rates)
    check_findings(made, month)
    assert made.rates == made_up.rates
    shares = Shares(["account_name"], read_event_field)
    for call in once:
        shares.add(call)
    currency = {line.currency for line in bill.lines if line.cost is not None}
    invoice = sum((line.cost for line in bill.lines if line.cost is not None), Decimal(0))
    assert len(currency) == 1
    assert sum(allocate(bill.lines, shares).values()) == round(invoice, 2)


@pytest.mark.parametrize(
    ("zone", "text"),
    [(ZoneInfo("Asia/Kathmandu"), "UTC+05:45"), (ZoneInfo("Europe/Berlin"), "UTC+02:00, then UTC+01:00")],
)
def test_the_days_may_be_those_of_any_zone(zone: tzinfo, text: str, tmp_path: Path) -> None:
    month = make_month(1_400, zone=zone)
    write_focus_bill(tmp_path / "bill.csv", month)
    made = reconcile(read_bills([tmp_path / "bill.csv"]), *price(month))
    check_findings(made, month)
    (finding,) = (finding for finding in made.findings if finding.kind == "time zone")
    assert text in finding.text


def test_the_days_of_one_model_may_be_cut_otherwise_than_the_rest(tmp_path: Path) -> None:
    month = make_month(1_400, zone=UTC, own=timezone(timedelta(hours=-8)))
    write_focus_bill(tmp_path / "bill.csv", month)
    made = reconcile(read_bills([tmp_path / "bill.csv"]), *price(month))
    check_findings(made, month)
    (finding,) = (finding for finding in made.findings if finding.kind == "time zone")
    assert finding.model == OPENAI.models["shifted"]
    assert "UTC-08:00" in finding.text
