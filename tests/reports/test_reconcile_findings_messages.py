"""What is said of each finding, with the names and numbers in it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.reconcile import compare
from payi_transport.reports.reconcile_findings import find_findings
from tests.reports.support import NOON, exact, make_call
from tests.reports.test_reconcile_findings import COST, KINDS, OURS, call, find, line, same

CACHED = {"text_cache_read": (400, 0)}


def input_of(quantity: int, cost: str, **fields: Any) -> list[BillLine]:
    return [*(row for row in same() if row.kind != "input"), line("input", quantity, cost, **fields)]


def at(share: str, quantity: bool = True) -> list[BillLine]:
    """What the bill has at a share of our prices."""
    return [
        line(kind, count if quantity else None, Decimal(COST[kind]) * Decimal(share))
        for kind, count in KINDS.items()
    ]


CASES: dict[str, tuple[list[BillLine], list[Any], str, str]] = {
    "not seen": (
        [*same(), line("input", 5, 3, model="gpt-9"), line("input", 5, 3, 2, model="gpt-9")],
        [call()],
        "not seen",
        "gpt-9: billed on 2 days, and no call of it was seen here; is its service instrumented?",
    ),
    "no model": (
        [*same(), BillLine(provider="openai", start=NOON, cost=Decimal(2))],
        [call()],
        "not seen",
        "charges that belong to no model, such as taxes, credits, and fees",
    ),
    "account": (
        [*same(account="one"), *input_of(500, "1", account="two")[-1:]],
        [call()],
        "account",
        "two: none of this account's calls was seen here; is its service instrumented?",
    ),
    "lines": (
        [line("input", 500, 1), line("input", 500, 1), line("input", 400, "0.8")],
        [call(units={"text": (900, 0)})],
        "counted twice",
        "gpt-4.1: some lines are in the bill twice, which explains the excess; was it exported twice?",
    ),
    "bill": (
        same(0, 2),
        [call()],
        "counted twice",
        "gpt-4.1: the bill has exactly twice our quantity on some days; billed or exported twice?",
    ),
    "ours": (
        same(),
        [call(), call()],
        "counted twice",
        "gpt-4.1: we have exactly twice the bill's quantity on some days; were events imported twice?",
    ),
    "cache as input": (
        [line("input", 1400, "2.8"), *(row for row in same() if row.kind in ("output", "cache_write"))],
        [call()],
        "cache",
        "gpt-4.1: cached tokens are billed as uncached input",
    ),
    "cache": (
        [line("cache_read", 400, "0.30")],
        [call(units=CACHED)],
        "cache",
        "gpt-4.1: cached tokens are billed at 150 % of our price for them",
    ),
    "batch": (
        [line("output", 60, "0.24", tier="batch"), line("output", 40, "0.32")],
        [call(units={"text": (0, 100)})],
        "batch",
        "gpt-4.1: batches are billed at 50 % of our price; our calls of them aren't marked as batch",
    ),
    "rounding": (
        [*(row for row in same() if row.kind != "cache_write"), line("cache_write", 50, "0.13")],
        [call()],
        "rounding",
        "gpt-4.1: amounts are rounded in the bill",
    ),
    "no price": (
        [line("input", 10, 7)],
        [make_call({"text": (10, 0)}, {"text input": None})],
        "rate",
        "gpt-4.1: we have no price for it; add one under [[prices.own]]",
    ),
    "half": (
        at("0.5"),
        [call()],
        "rate",
        "gpt-4.1: billed at half our price, which is what batches cost, or a negotiated rate",
    ),
    "rate": (
        at("0.853"),
        [call()],
        "rate",
        "gpt-4.1: billed at 85.3 % of our price, as under a negotiated rate; add it under [[prices.own]]",
    ),
    "hidden rate": (
        at("0.85", quantity=False),
        [call()],
        "rate",
        "gpt-4.1: billed at 85 % of our price, as under a negotiated rate; add it under [[prices.own]]",
    ),
    "retry": (
        input_of(1300, "2.6"),
        [call(), *[call(units={}, http_status_code=504)] * 1200],
        "failed calls",
        "gpt-4.1: 1,200 calls failed or were sent again, and more was billed on those days; retries?",
    ),
    "one retry": (
        input_of(1300, "2.6"),
        [call(), call(units={}, http_status_code=504)],
        "failed calls",
        "gpt-4.1: 1 call failed or was sent again, and more was billed on those days; retries?",
    ),
    "quantity": (
        input_of(1300, "2.6"),
        [call()],
        "another quantity",
        "gpt-4.1: another quantity, for no reason known",
    ),
    "neither": (
        [line("input", None, 7)],
        [call(units={"text": (1000, 0)})],
        "another quantity or price",
        "gpt-4.1: another quantity or price, for no reason known",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_finding_says_what_it_is(name: str) -> None:
    lines, calls, kind, text = CASES[name]
    (found,) = find(lines, *calls)
    assert (found.kind, found.text, found.in_difference) == (kind, text, True)
    expected = {"not seen": "gpt-9", "no model": "(no model)", "account": None}
    assert found.model == expected.get(name, "gpt-4.1")


@pytest.mark.parametrize(("tokens", "is_double"), [(999, False), (1000, True)])
def test_one_kind_of_tokens_is_twice_by_chance_if_it_is_small(tokens: int, is_double: bool) -> None:
    for bill, ours in ((2 * tokens, tokens), (tokens, 2 * tokens)):
        (found,) = find([line("input", bill, Decimal(bill) / 500)], call(units={"text": (ours, 0)}))
        assert found.kind == ("counted twice" if is_double else "another quantity")


@pytest.mark.parametrize(("kinds", "kind"), [(4, "rate"), (3, "another quantity or price")])
def test_a_share_of_few_amounts_may_be_by_chance(kinds: int, kind: str) -> None:
    names = [*KINDS][:kinds]
    units = {unit: OURS[unit] for unit in ("text", "text_cache_read", "text_cache_write")[: kinds - 1]}
    lines = [row for row in at("0.85", quantity=False) if row.kind in names]
    assert {found.kind for found in find(lines, call(units=units))} == {kind}


def test_one_account_is_no_reason_for_more() -> None:
    assert {found.kind for found in find(same(0, 3, account="one"), call())} == {"another quantity"}


def test_the_largest_amounts_are_first_and_what_was_set_right_is_last() -> None:
    lines = [*same(), line("input", 5, -3, model="gpt-9"), line("input", 5, 2, model="o3")]
    found = find(lines, call(), repeats=(1, Decimal(9)), twice=same()[:1])
    rows: Any = [(one.kind, one.model, one.money, one.text) for one in found]
    assert rows == [
        ("not seen", "gpt-9", -3, found[0].text),
        ("not seen", "o3", 2, found[1].text),
        ("duplicate events", None, 9, "1 event was in the files more than once, and count once"),
        ("duplicate bill", None, 2, "1 line of the bill was in two files, and count once"),
    ]
    several = find(lines, call(), repeats=(1200, Decimal(9)), twice=same())
    assert [one.text for one in several[2:]] == [
        "1,200 events were in the files more than once, and count once",
        "4 lines of the bill were in two files, and count once",
    ]


def test_another_zone_is_said_with_the_money_that_changed_its_day() -> None:
    start = NOON.replace(hour=8)
    bill = Bill([line("input", 9, 18, start=start, end=start + timedelta(days=1))], [])
    calls = [
        make_call({"text": (count, 0)}, {"text input": "2"}, event_timestamp=start + timedelta(hours=hours))
        for count, hours in ((4, 1), (5, 20))
    ]
    (found,) = find_findings(compare(bill, calls), bill, (0, Decimal(0)))
    assert found.text == (
        "the bill's days start at midnight of UTC-08:00, and our calls are cut in the same way: this much"
        " changed its day"
    )
    assert exact(found.kind, found.money, found.model, found.in_difference) == ("time zone", 10, None, False)
