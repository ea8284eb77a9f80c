"""Quantities that differ are told apart: lines that a bill has twice, and calls that were sent again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from payi_transport.reports.bills.line import BillLine
from tests.reports.support import NOON, make_call
from tests.reports.test_reconcile_findings import RATES, find


def line(hour: int, quantity: int | None, *, day: int = 0, kind: str = "input") -> BillLine:
    rate = Decimal(RATES[f"text {kind}"])
    return BillLine(
        provider="openai",
        start=NOON.replace(hour=hour) + timedelta(days=day),
        model="gpt-4.1",
        kind=kind,
        quantity=None if quantity is None else Decimal(quantity),
        cost=rate * (500 if quantity is None else quantity),
    )


def call(tokens: int, day: int = 0, **fields: Any) -> Any:
    return make_call({"text": (tokens, 0)}, RATES, event_timestamp=NOON + timedelta(days=day), **fields)


@pytest.mark.parametrize("quantity", [500, None])
def test_lines_that_the_bill_has_twice_are_what_it_has_more(quantity: int | None) -> None:
    lines = [line(1, quantity), line(2, quantity), line(2, quantity)]
    (found,) = find(lines, call(1000))
    assert (found.kind, found.money.normalize()) == ("counted twice", Decimal(1))
    assert "some lines are in the bill twice" in found.text


def test_lines_without_quantities_that_are_twice_in_the_bill_may_be_something_else() -> None:
    assert {found.kind for found in find([line(1, None), line(1, None)], call(333))} == {
        "another quantity or price"
    }


def test_equal_lines_that_agree_with_us_are_two_charges() -> None:
    assert find([line(1, 500), line(1, 500)], call(1000)) == []


def test_one_kind_of_tokens_twice_is_counted_twice_if_it_is_no_chance() -> None:
    assert find([line(1, 8)], call(4))[0].kind != "counted twice"
    (found,) = find([line(1, 8000)], call(4000))
    assert (found.kind, found.money.normalize()) == ("counted twice", Decimal(8))
    (found,) = find([line(1, 4000)], call(8000))
    assert "were events imported twice" in found.text


@pytest.mark.parametrize("quantity", [500, None])
@pytest.mark.parametrize(
    "fields",
    [
        {"http_status_code": 500},
        {"properties": {"system.retry": "1"}},
        {"properties": {"system.failure": "x"}},
    ],
)
def test_what_is_billed_more_on_days_with_calls_sent_again_is_a_retry(
    quantity: int | None, fields: Any
) -> None:
    (found,) = find(
        [line(1, quantity), line(1, quantity, day=1)], call(500), call(390, 1), call(0, 1, **fields)
    )
    assert (found.kind, found.money.normalize()) == ("failed calls", Decimal("0.22"))
    assert "1 call failed or was sent again" in found.text


def test_only_what_is_billed_more_on_the_days_of_calls_that_failed_is_a_retry() -> None:
    lines = [line(1, quantity, day=day) for day, quantity in enumerate((600, 700, 450))]
    calls = [call(500), call(500, 1), call(500, 2)]
    failed = [call(0, day, http_status_code=500) for day in (0, 2)]
    found = {found.kind: found.money.normalize() for found in find(lines, *calls, *failed)}
    assert found == {"failed calls": Decimal("0.2"), "another quantity": Decimal("0.3")}
    # Without quantities, a day without one that failed says that something else is the reason.
    unknown = [line(1, None), line(1, None, day=1)]
    made = find(unknown, call(390), call(390, 1), call(0, http_status_code=500))
    assert {found.kind for found in made} == {"another quantity or price"}


def test_an_account_is_named_if_its_quantities_are_all_that_is_missing() -> None:
    lines = [
        msgspec.structs.replace(line(1, quantity, kind=kind), account=account)
        for account, kind, quantity in (
            ("one", "input", 5000),
            ("two", "input", 2300),
            ("two", "output", 400),
            ("", "output", 100),
        )
    ]

    def calls(sent: int, got: int) -> Any:
        return make_call({"text": (sent, got)}, RATES, event_timestamp=NOON)

    (found,) = find(lines, calls(5000, 100))
    assert (found.kind, found.money.normalize()) == ("account", Decimal("7.8"))
    assert found.text.startswith("two: ")
    # Of one kind, something else is missing.
    assert {found.kind for found in find(lines, calls(5000, 250))} == {"another quantity"}


def test_three_equal_lines_are_two_too_many() -> None:
    (found,) = find([line(1, 500)] * 3, call(500))
    assert (found.kind, found.money.normalize()) == ("counted twice", Decimal(2))
    assert "some lines are in the bill twice" in found.text


def test_a_day_is_twice_if_every_kind_of_tokens_is() -> None:
    twice = [line(1, 80), line(1, 16, kind="output")]
    both = make_call({"text": (40, 8)}, RATES, event_timestamp=NOON)
    (found,) = find(twice, both)
    assert (found.kind, found.money.normalize()) == ("counted twice", Decimal("0.144"))
    assert "twice our quantity" in found.text
    one = make_call({"text": (40, 9)}, RATES, event_timestamp=NOON)
    assert {found.kind for found in find(twice, one)} == {"another quantity"}
