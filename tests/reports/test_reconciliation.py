"""The result of a reconciliation: its sentence, its amounts, and its rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.bills.values import Unread
from payi_transport.reports.reconciliation import Line, Reconciliation, reconcile, sum_rows
from tests.reports.support import NOON, exact, make_call

RATES = {"text input": "2", "text output": "8"}


def line(quantity: Any, cost: Any, **fields: Any) -> BillLine:
    return BillLine(
        **{"provider": "openai", "start": NOON, "model": "gpt-4.1", "kind": "input", **fields},
        quantity=None if quantity is None else Decimal(quantity),
        cost=None if cost is None else Decimal(cost),
    )


def make(*lines: BillLine, calls: Any = ({"text": (10, 0)},), **options: Any) -> Reconciliation:
    rates = options.pop("prices", RATES)
    return reconcile(Bill([*lines], []), [make_call(units, rates) for units in calls], **options)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            [line(10, 20)],
            "The bill of $20.00 is exactly the estimate of the calls seen here, $20.00.",
        ),
        (
            [line(12, 36)],
            "The bill of $36.00 is $16.00 more (44.4 %) than the estimate of the calls seen here, $20.00:"
            " $12.00 other price, $4.00 other quantity.",
        ),
        (
            [line(10, 16), line(1, 1, model="o3")],
            "The bill of $17.00 is $3.00 less (17.6 %) than the estimate of the calls seen here, $20.00:"
            " -$4.00 other price, $1.00 not seen here.",
        ),
        (
            [line(None, 25)],
            "The bill of $25.00 is $5.00 more (20.0 %) than the estimate of the calls seen here, $20.00:"
            " $5.00 other quantity or price, which a bill without quantities does not tell apart.",
        ),
        (
            [line(12, None)],
            "The bill has no amounts. At our prices, its quantities are worth $4.00 more than the calls seen"
            " here, $20.00.",
        ),
        (
            [line(9, None)],
            "The bill has no amounts. At our prices, its quantities are worth $2.00 less than the calls seen"
            " here, $20.00.",
        ),
    ],
)
def test_the_sentence_has_the_difference_and_its_parts(lines: list[BillLine], sentence: str) -> None:
    assert make(*lines).sentence == sentence


def test_amounts_of_the_bill_and_ours_stand_beside_their_difference() -> None:
    bill = [line(12, 36), line(1, 1, model="o3", start=NOON + timedelta(days=1))]
    made = make(*bill, calls=[{"text": (10, 3)}], prices={"text input": "2", "text output": None})
    parts = {"not_seen": 1, "quantity": 4, "price": 12, "undivided": 0}
    amounts: Any = {name: Decimal(value) for name, value in {"billed": 37, "estimated": 20, **parts}.items()}
    assert made.total == Line(**amounts, unpriced=3)
    assert exact(made.billed, made.estimated, made.difference, made.unpriced) == (37, 20, 17, 3)
    assert (made.first_day, made.last_day) == (date(2026, 11, 5), date(2026, 11, 6))
    found: Any = [
        (row.day, row.model, row.kind, row.billed, row.estimated, row.unpriced) for row in made.rows
    ]
    assert found == [
        (date(2026, 11, 5), "gpt-4.1", "input", 36, 20, 0),
        (date(2026, 11, 5), "gpt-4.1", "output", 0, 0, 3),
        (date(2026, 11, 6), "o3", "input", 1, 0, 0),
    ]
    assert (made.currency, made.rates, made.unread) == ("USD", {}, [])
    assert [finding.kind for finding in made.findings if finding.kind == "not seen"] == ["not seen"]


def test_rows_add_up_by_day_in_their_order_and_else_the_largest_differences_first() -> None:
    bill = [
        line(10, 20, start=NOON + timedelta(days=1)),
        line(10, 25),
        line(1, 90, model="o3"),
        line(1, 9, kind="output"),
    ]
    made = make(*bill)
    by_day = sum_rows(made.rows, "day")
    days: Any = [(row.day, row.billed, row.estimated, row.model) for row in by_day]
    assert days == [
        (date(2026, 11, 5), 124, 20, None),
        (date(2026, 11, 6), 20, 0, None),
    ]
    by_model = sum_rows(made.rows, "model")
    models: Any = [(row.model, row.billed, row.price, row.not_seen, row.day) for row in by_model]
    assert models == [
        ("o3", 90, 0, 90, None),
        ("gpt-4.1", 54, 5, 29, None),
    ]
    by_kind = sum_rows(made.rows, "kind")
    differences: Any = [(row.kind, row.billed - row.estimated) for row in by_kind]
    assert differences == [("input", 115), ("output", 9)]
    for rows in (by_day, by_model, by_kind):
        assert sum(row.billed for row in rows) == made.billed
        assert sum(row.unpriced for row in rows) == made.unpriced


def test_a_bill_in_another_currency_is_converted_and_says_at_which_rate() -> None:
    rates = {"EUR": Decimal("1.25"), "GBP": Decimal("1.5")}
    made = make(line(10, 20, currency="EUR"), line(10, 5, kind="output"), rates=rates)
    assert exact(made.billed, made.rates) == (30, {"EUR": Decimal("1.25")})
    with pytest.raises(PayiError, match="--rate EUR="):
        make(line(10, 20, currency="EUR"))
    # Usage in a currency has no amount to convert.
    assert make(line(10, None, currency="GBP"), rates=rates).rates == {}


def test_events_and_lines_that_were_left_out_are_findings() -> None:
    twice = line(10, 20, currency="EUR")
    calls = [make_call({"text": (10, 0)}, RATES)]
    unread = Unread(file="bill", kind="number", count=1, first="?")
    made = reconcile(
        Bill([line(10, 20)], [twice], [unread]),
        calls,
        repeats=[*calls, make_call({"text": (1, 0)}, {"text input": None})],
        rates={"EUR": Decimal(2)},
    )
    found: Any = [(finding.kind, finding.money) for finding in made.findings]
    assert found == [
        ("duplicate events", 20),
        ("duplicate bill", 40),
    ]
    assert made.unread == [unread]
