"""Values of a bill: whatever somebody's spreadsheet made of them, they are right or absent."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.bills.line import BillLine, find_multiplier, find_step, read_currency, read_text

ANYTHING: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("1K tokens", 1000),
        ("1K", 1000),
        ("1M", 1_000_000),
        ("1,000 Thousand Tokens", 1000),
        ("Million Tokens", 1_000_000),
        ("1 M Tokens", 1_000_000),
        ("1Mtokens", 1_000_000),
        ("Millions", 1_000_000),
        ("1 K", 1000),
        ("Thousands", 1000),
        ("1000 Tokens", 1000),
        ("1 Month", 1),
        ("1 Minute", 1),
        ("1 MB", 1),
        ("1 Hour", 1),
        ("1000000 Tokens", 1_000_000),
        ("Tokens", 1),
        ("", 1),
        (None, 1),
    ],
)
def test_units_say_how_many_tokens_they_are(unit: object, factor: int) -> None:
    assert find_multiplier(unit) == factor


@given(ANYTHING)
def test_nothing_is_an_error(value: Any) -> None:
    read_currency(value, value)
    find_multiplier(value)
    assert isinstance(read_text(value), str)


@pytest.mark.parametrize(
    ("cost", "step"),
    [
        ("1.25", "0.01"),
        ("1.20", "0.01"),
        ("1.250000", "0.01"),
        ("1.000", "0.01"),
        ("1.234500", "0.0001"),
        ("0.00", "0.01"),
        ("3", "1"),
        ("300", "1"),
        ("0", "1"),
        ("1.5", "0.1"),
        ("nan", "1"),
    ],
)
def test_the_last_digit_that_says_something(cost: str, step: str) -> None:
    assert find_step(Decimal(cost)) == Decimal(step)


@pytest.mark.parametrize(
    ("named", "amount", "currency"),
    [
        ("eur", "$5", "EUR"),
        ("€", None, "EUR"),
        ("", "5,00 €", "EUR"),
        (None, "GBP 5", "GBP"),
        ("$", None, "USD"),
        ("us$", None, "USD"),
        ("£", None, "GBP"),
        ("¥", None, "JPY"),
        ("₹", None, "INR"),
        (" chf ", "€5", "CHF"),
        (None, "US$5", "USD"),
        (None, 5, "USD"),
        (None, None, "USD"),
    ],
)
def test_the_currency_is_the_named_one_or_that_beside_the_amount(
    named: object, amount: object, currency: str
) -> None:
    assert read_currency(named, amount) == currency


def test_a_line_says_only_what_its_bill_says() -> None:
    start = datetime(2026, 11, 5, tzinfo=timezone.utc)
    assert msgspec.structs.asdict(BillLine(provider="openai", start=start)) == {
        "provider": "openai",
        "start": start,
        "end": None,
        **dict.fromkeys(("model", "kind", "tier", "account"), ""),
        **dict.fromkeys(("quantity", "cost", "step"), None),
        "currency": "USD",
        "requests": 0,
    }


@pytest.mark.parametrize(("value", "text"), [(" a b ", "a b"), ("", ""), (None, ""), (5, "")])
def test_a_text_is_without_space_around_it(value: object, text: str) -> None:
    assert read_text(value) == text
