"""Prices that differ are told apart: roundings, caches, batches, and rates, with quantities and without."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.line import BillLine
from tests.reports.support import NOON, make_call
from tests.reports.test_reconcile_findings import RATES, find

CENT = Decimal("0.01")
INPUTS = (1210, 1480, 990, 1660, 1340)
COUNTS = {"input": ("text", 0), "output": ("text", 1), "cache_read": ("text_cache_read", 0)}


def call(day: int, tokens: int) -> Any:
    units = {"text": (tokens, tokens // 10), "text_cache_read": (tokens // 4, 0)}
    return make_call(units, RATES, event_timestamp=NOON + timedelta(days=day))


CALLS = [call(day, tokens) for day, tokens in enumerate(INPUTS)]


def bill(change: Any, *, quantities: bool = False, tier: str = "") -> list[BillLine]:
    """Lines for each day and kind. `change` returns the amount, or None for no line."""
    lines = []
    for day, made in enumerate(CALLS):
        for kind, (unit, index) in COUNTS.items():
            count = made.event.units[unit].output if index else made.event.units[unit].input
            ours = Decimal(RATES[f"{unit} {'output' if index else 'input'}"]) * count
            cost = change(kind, day, ours)
            if cost is not None:
                lines.append(
                    BillLine(
                        provider="openai",
                        start=NOON + timedelta(days=day),
                        model="gpt-4.1",
                        kind=kind,
                        tier=tier,
                        quantity=Decimal(count) if quantities else None,
                        cost=cost,
                    )
                )
    return lines


def kinds(lines: list[BillLine], *calls: Any) -> dict[str, Decimal]:
    found = find(lines, *(calls or CALLS))
    assert len({finding.kind for finding in found}) == len(found)
    return {finding.kind: finding.money.normalize() for finding in found}


@pytest.mark.parametrize("quantities", [True, False])
@pytest.mark.parametrize("way", [ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP])
def test_amounts_that_are_all_rounded_in_one_way_are_roundings(way: str, quantities: bool) -> None:
    found = kinds(bill(lambda kind, day, ours: ours.quantize(CENT, way), quantities=quantities))
    assert set(found) == {"rounding"}


def test_amounts_of_nothing_are_another_rate_and_no_rounding() -> None:
    assert set(kinds(bill(lambda kind, day, ours: Decimal(0) * day, quantities=True))) == {"rate"}


def test_a_cache_at_another_price_is_found_without_quantities() -> None:
    found = kinds(bill(lambda kind, day, ours: ours * 2 if kind == "cache_read" else ours))
    assert set(found) == {"cache"}


def test_cached_tokens_billed_as_input_are_found_without_quantities() -> None:
    def change(kind: str, day: int, ours: Decimal) -> Decimal | None:
        cached = Decimal(INPUTS[day] // 4) * Decimal(RATES["text input"])
        return None if kind == "cache_read" else ours + cached if kind == "input" else ours

    found = kinds(bill(change))
    cached = sum(tokens // 4 for tokens in INPUTS)
    assert found == {"cache": (cached * Decimal("0.0015")).normalize()}


def test_a_batch_at_half_the_price_is_found_without_quantities() -> None:
    whole = bill(lambda kind, day, ours: ours / 2)
    half = bill(lambda kind, day, ours: ours / 4, tier="batch")
    found = kinds([*whole, *half])
    assert found == {"batch": -sum((line.cost or Decimal(0) for line in half), Decimal(0)).normalize()}


def test_half_the_price_everywhere_may_be_batches() -> None:
    (finding,) = find(bill(lambda kind, day, ours: ours / 2, quantities=True), *CALLS)
    assert (finding.kind, "which is what batches cost" in finding.text) == ("rate", True)


def test_amounts_without_quantities_that_differ_by_no_one_share_are_not_explained() -> None:
    shares = ("1.5", "0.7", "2.1", "1.1", "0.4")
    found = kinds(bill(lambda kind, day, ours: ours * Decimal(shares[day])))
    assert set(found) == {"another quantity or price"}


def test_caches_at_the_same_share_as_all_else_are_no_finding_of_their_own() -> None:
    found = kinds(bill(lambda kind, day, ours: ours * Decimal("1.25"), quantities=True))
    assert set(found) == {"rate"}
    cheaper = kinds(bill(lambda kind, day, ours: ours * (2 if kind == "cache_read" else 1), quantities=True))
    assert set(cheaper) == {"cache"}


@pytest.mark.parametrize(("days", "kind"), [(4, "rounding"), (3, "rate")])
def test_a_few_amounts_that_are_all_rounded_up_may_be_another_rate(days: int, kind: str) -> None:
    # At $0.002, each is 0.2 cents above a whole cent, and the next cent is billed.
    tokens = [1001 + 200 * day for day in range(days)]
    lines = [
        BillLine(
            provider="openai",
            start=NOON + timedelta(days=day),
            model="gpt-4.1",
            kind="input",
            quantity=Decimal(count),
            cost=(count * Decimal("0.002")).quantize(CENT, ROUND_CEILING),
        )
        for day, count in enumerate(tokens)
    ]
    calls = [
        make_call({"text": (count, 0)}, RATES, event_timestamp=NOON + timedelta(days=day))
        for day, count in enumerate(tokens)
    ]
    assert set(kinds(lines, *calls)) == {kind}


def test_many_amounts_may_be_off_by_more_than_few() -> None:
    def find_with(days: int, off: str) -> set[str]:
        lines = [
            line
            for line in bill(lambda kind, day, ours: ours.quantize(CENT) + Decimal(off), quantities=True)
            if line.kind == "input"
        ]
        calls = [
            make_call({"text": (tokens, 0)}, RATES, event_timestamp=NOON + timedelta(days=day))
            for day, tokens in enumerate(INPUTS)
        ]
        return set(kinds(lines[:days], *calls[:days]))

    # A cent for one, the square root of two for two, and so on.
    assert find_with(1, "0.01") == {"rounding"}
    assert find_with(2, "0.01") == {"rate"}
    assert find_with(1, "0.02") == {"rate"}
