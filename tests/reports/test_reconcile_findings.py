"""Each pattern is named with its money, what nothing explains is listed, and all of it adds up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.reconcile import compare
from payi_transport.reports.reconcile_findings import Finding, find_findings
from payi_transport.reports.reconcile_left import format_share
from tests.reports.support import NOON, make_call

RATES = {
    "text input": "0.002",
    "text output": "0.008",
    "text_cache_read input": "0.0005",
    "text_cache_write input": "0.0025",
}
UNITS = {
    "input": "text",
    "output": "text",
    "cache_read": "text_cache_read",
    "cache_write": "text_cache_write",
}
OURS = {"text": (1000, 100), "text_cache_read": (400, 0), "text_cache_write": (50, 0)}
KINDS = {"input": 1000, "output": 100, "cache_read": 400, "cache_write": 50}
COST = {"input": "2", "output": "0.8", "cache_read": "0.2", "cache_write": "0.125"}


def line(kind: str, quantity: Any, cost: Any, day: int = 0, **fields: Any) -> BillLine:
    return BillLine(
        **{"provider": "openai", "start": NOON + timedelta(days=day), "model": "gpt-4.1", **fields},
        kind=kind,
        quantity=None if quantity is None else Decimal(quantity),
        cost=None if cost is None else Decimal(cost),
    )


def same(day: int = 0, factor: int = 1, **fields: Any) -> list[BillLine]:
    """What the bill has if it agrees with `OURS`, or has `factor` times as much."""
    return [
        line(kind, count * factor, Decimal(COST[kind]) * factor, day, **fields)
        for kind, count in KINDS.items()
    ]


def find(
    lines: list[BillLine], *calls: Any, repeats: Any = (0, Decimal(0)), twice: Any = ()
) -> list[Finding]:
    bill = Bill(lines, list(twice))
    comparison = compare(bill, calls)
    found = find_findings(comparison, bill, repeats)
    inside = sum((finding.money for finding in found if finding.in_difference), Decimal(0))
    assert inside == comparison.parts.total
    return found


def call(day: int = 0, units: Any = OURS, **fields: Any) -> Any:
    return make_call(units, RATES, event_timestamp=NOON + timedelta(days=day), **fields)


def kinds(found: list[Finding]) -> dict[str, Decimal]:
    return {finding.kind: finding.money.normalize() for finding in found}


def test_a_bill_that_agrees_has_no_findings() -> None:
    assert find(same(), call()) == []


def test_a_model_that_was_never_seen() -> None:
    found = find([*same(), line("input", 5, 3, model="gpt-9")], call())
    assert kinds(found) == {"not seen": 3}
    assert (
        found[0].text
        == "gpt-9: billed on 1 day, and no call of it was seen here; is its service instrumented?"
    )


def test_charges_without_a_model() -> None:
    found = find([*same(), BillLine(provider="openai", start=NOON, cost=Decimal(2))], call())
    assert "charges that belong to no model" in found[0].text


def test_an_account_that_was_never_seen() -> None:
    found = find([*same(account="one"), *same(account="two")], call())
    # Which of two equal accounts it is, nobody knows.
    assert kinds(found) == {"account": Decimal("3.125")}
    assert "none of this account's calls was seen here" in found[0].text


def test_days_that_are_billed_twice() -> None:
    found = find([*same(0, 2), *same(1)], call(0), call(1))
    assert kinds(found) == {"counted twice": Decimal("3.125")}
    assert "the bill has exactly twice our quantity" in found[0].text


def test_days_that_we_have_twice() -> None:
    found = find([*same(0), *same(1)], call(0), call(0), call(1))
    assert kinds(found) == {"counted twice": Decimal("-3.125")}
    assert "we have exactly twice" in found[0].text


def test_cached_tokens_that_are_billed_as_input() -> None:
    lines = [line("input", 1400, "2.8"), line("output", 100, "0.8"), line("cache_write", 50, "0.125")]
    found = find(lines, call())
    assert kinds(found) == {"cache": Decimal("0.6")}
    assert "billed as uncached input" in found[0].text


def test_cached_tokens_at_another_price() -> None:
    lines = [row for row in same() if row.kind != "cache_read"]
    found = find([*lines, line("cache_read", 400, "0.4")], call())
    assert kinds(found) == {"cache": Decimal("0.2")}
    assert "billed at 200 % of our price for them" in found[0].text


def test_a_model_with_caches_alone() -> None:
    found = find([line("cache_read", 400, "0.4")], call(units={"text_cache_read": (400, 0)}))
    assert kinds(found) == {"cache": Decimal("0.2")}


def test_a_rate_for_everything_is_no_finding_about_caches() -> None:
    lines = [line(kind, count, Decimal(COST[kind]) * Decimal("0.85")) for kind, count in KINDS.items()]
    found = find(lines, call())
    assert kinds(found) == {"rate": Decimal("-0.46875")}
    assert "billed at 85 % of our price" in found[0].text


def test_a_rate_that_is_hidden_in_a_bill_without_quantities() -> None:
    lines = [line(kind, None, Decimal(COST[kind]) * Decimal("0.85")) for kind in KINDS]
    assert kinds(find(lines, call())) == {"rate": Decimal("-0.46875")}


def test_batches_at_half_the_price() -> None:
    lines = [row for row in same() if row.kind != "output"]
    lines += [line("output", 60, "0.24", tier="batch"), line("output", 40, "0.32")]
    found = find(lines, call())
    assert kinds(found) == {"batch": Decimal("-0.24")}
    assert "batches are billed at 50 % of our price" in found[0].text


def test_batches_at_our_price_are_no_finding() -> None:
    lines = [row for row in same() if row.kind != "output"]
    lines += [line("output", 60, "0.48", tier="batch"), line("output", 40, "0.40")]
    assert kinds(find(lines, call())) == {"rate": Decimal("0.08")}


def test_amounts_that_are_rounded() -> None:
    lines = [row for row in same() if row.kind != "cache_write"]
    assert kinds(find([*lines, line("cache_write", 50, "0.13")], call())) == {"rounding": Decimal("0.005")}


def test_digits_that_a_float_has_lost_are_no_price() -> None:
    lines = [row for row in same() if row.kind != "input"]
    assert kinds(find([*lines, line("input", 1000, "2.0000000001")], call())) == {
        "rounding": Decimal("1E-10")
    }


def test_a_model_without_a_price_of_ours() -> None:
    ours = make_call({"text": (10, 0)}, {"text input": None})
    found = find([line("input", 10, 7)], ours)
    assert kinds(found) == {"rate": 7}
    assert "we have no price for it" in found[0].text


def test_calls_that_failed_here_and_were_billed() -> None:
    lines = [row for row in same() if row.kind != "input"]
    found = find([*lines, line("input", 1300, "2.6")], call(), call(units={}, http_status_code=504))
    assert kinds(found) == {"failed calls": Decimal("0.6")}
    assert "1 call failed or was sent again" in found[0].text


def test_another_quantity_for_no_reason() -> None:
    lines = [row for row in same() if row.kind != "input"]
    found = find([*lines, line("input", 1300, "2.6")], call())
    assert kinds(found) == {"another quantity": Decimal("0.6")}


def test_a_day_of_a_known_model_that_was_not_seen_is_another_quantity() -> None:
    assert kinds(find([*same(0), *same(1)], call(0))) == {"another quantity": Decimal("3.125")}


def test_costs_that_are_neither() -> None:
    lines = [line(kind, None, Decimal(COST[kind]) * (index + 1)) for index, kind in enumerate(KINDS)]
    assert "another quantity or price" in kinds(find(lines, call()))


def test_what_was_set_right_beforehand_is_not_in_the_difference() -> None:
    found = find(same(), call(), repeats=(3, Decimal("1.5")), twice=same())
    assert [(one.kind, one.money, one.in_difference) for one in found] == [
        ("duplicate events", Decimal("1.5"), False),
        ("duplicate bill", Decimal("3.125"), False),
    ]


@pytest.mark.parametrize(
    ("part", "whole", "text"), [("1", "3", "33.3 %"), ("1", "2", "50 %"), ("1", "0", "")]
)
def test_shares(part: str, whole: str, text: str) -> None:
    assert format_share(Decimal(part), Decimal(whole)) == text
