"""A bill in another currency needs the user's rate, and then is in US dollars."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.reports.bills.currencies import convert, find_currency, read_rates
from payi_transport.reports.bills.line import BillLine


def line(cost: str | None, currency: str = "EUR") -> BillLine:
    return BillLine(
        provider="azure",
        start=datetime(2026, 10, 5, tzinfo=timezone.utc),
        cost=None if cost is None else Decimal(cost),
        currency=currency,
    )


def test_amounts_are_converted_and_keep_what_their_last_digit_was_worth() -> None:
    lines = [line("2.50"), line("0.00"), line("3"), line("4", "USD"), line(None)]
    made = convert(lines, {"EUR": Decimal("1.08")})
    assert [(one.cost, one.currency, one.step) for one in made] == [
        (Decimal("2.7"), "USD", Decimal("0.0108")),
        (Decimal(0), "USD", Decimal("0.0108")),
        (Decimal("3.24"), "USD", Decimal("1.08")),
        (Decimal(4), "USD", None),
        (None, "EUR", None),
    ]


def test_a_missing_rate_is_an_error_that_names_the_currency() -> None:
    with pytest.raises(PayiError, match=r"the bill is in GBP, .* such as --rate GBP=1\.08"):
        convert([line("1", "GBP")], {"EUR": Decimal(1)})


def test_rates_are_read() -> None:
    assert read_rates(["EUR=1.08", " jpy = 0.0067"]) == {"EUR": Decimal("1.08"), "JPY": Decimal("0.0067")}


@pytest.mark.parametrize("text", ["EUR", "EUR=", "=1", "EUR=0", "EUR=-1", "EUR=x", "EUR=1,08", ""])
def test_a_wrong_rate_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(PayiError, match="--rate: expected a currency"):
        read_rates([text])


@pytest.mark.parametrize(
    ("lines", "currency"),
    [
        ([line("1"), line("2")], "EUR"),
        ([line("1"), line("1", "USD")], None),
        ([line(None)], "USD"),
        ([], "USD"),
    ],
)
def test_the_currency_of_a_bill(lines: Any, currency: str | None) -> None:
    assert find_currency(lines) == currency


def test_errors_say_what_is_expected() -> None:
    with pytest.raises(PayiError) as caught:
        read_rates(["EUR=1", "usd"])
    assert str(caught.value) == (
        "--rate: expected a currency and what one of it is in US dollars, such as EUR=1.08, got 'usd'"
    )
    with pytest.raises(PayiError) as caught:
        convert([line("1", "GBP")], {})
    assert str(caught.value) == (
        "the bill is in GBP, and estimates are in US dollars; say what one GBP is in US dollars, such as"
        " --rate GBP=1.08"
    )
