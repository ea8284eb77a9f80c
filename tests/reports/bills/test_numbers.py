"""Numbers of a bill: in every form that spreadsheets write, they are right, and anything else is absent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.bills.numbers import find_symbol, list_marks, read_decimal, swap_marks

ANYTHING: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, "1"),
        (0.06, "0.06"),
        (Decimal("2.5"), "2.5"),
        (1e-30, "0E-20"),
        ("£5", "5"),
        ("¥5", "5"),
        ("1E-7", "1E-7"),
        ("1.5E-05", "0.000015"),
        ("2e+3", "2E+3"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+1.5", "1.5"),
        # Groups of thousands, as countries separate them, and as India counts them.
        ("1,234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1 234.56", "1234.56"),
        ("1\N{NO-BREAK SPACE}234.56", "1234.56"),
        ("1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567.8", "1234567.8"),
        ("1'234.56", "1234.56"),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234.56", "1234.56"),
        ("₹1,50,000.25", "150000.25"),
        # Currencies on either side.
        (" $3.5 ", "3.5"),
        ("€5.00", "5.00"),
        ("5.00\N{NO-BREAK SPACE}€", "5.00"),
        ("USD 1,234.56", "1234.56"),
        ("5 EUR", "5"),
        ("US$ 5", "5"),
        # Losses, such as credits.
        ("-5", "-5"),
        ("-$20.00", "-20.00"),
        ("$-20.00", "-20.00"),
        ("(1,234.56)", "-1234.56"),
        ("($20)", "-20"),
        ("\N{MINUS SIGN}5.00", "-5.00"),
        ("\N{MINUS SIGN} $5.00", "-5.00"),
    ],
)
def test_numbers_are_exact(value: object, number: str) -> None:
    assert read_decimal(value) == Decimal(number)
    assert str(read_decimal(value)) == str(Decimal(number))


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, "", " ", "n/a", "NaN", "Infinity", float("nan"), float("inf"), 10**16, [1], {}, b"1"),
        # A comma that groups no thousands may be a decimal one.
        *("1,50", "0,123", "1234,567", "12,34,56", "1,234.567,8", "1,234 567"),
        *("--5", "-$-5", "(5", "5)", "$", "1E", "1e99999999999999999999", "5 %", "5 tokens", "1_000", "5-"),
        *("1" * 100, "1 " * 100_000),
    ],
)
def test_what_is_no_number_is_absent(value: object) -> None:
    assert read_decimal(value) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        # The largest number, the smallest digit, and the longest text.
        (10**15, "1E15"),
        (-(10**15), "-1E15"),
        ("1000000000000000.00", "1E15"),
        (10**15 + 1, None),
        ("-1000000000000000.01", None),
        ("1e-20", "1E-20"),
        ("1.6e-20", "2E-20"),
        ("6e-21", "1E-20"),
        ("4e-21", "0"),
        ("123456789.123456789012345678901", "123456789.12345678901234567890"),
        (Decimal("999999999999999.999999999999999999999"), "1E15"),
        (f"{'0' * 59}7", "7"),
        (f"{'0' * 60}7", None),
    ],
)
def test_numbers_that_no_bill_has_are_absent(value: object, number: str | None) -> None:
    found = read_decimal(value)
    assert found == (None if number is None else Decimal(number))


def test_a_text_has_marks_up_to_the_same_length() -> None:
    assert list_marks(f"{'0' * 57}7,5") == {","}
    assert list_marks(f"{'0' * 58}7,5") == set()


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("1,50", {","}),
        ("0,123", {","}),
        ("1.234,50 €", {","}),
        ("1.234.567", {","}),
        ("1,5E-05", {","}),
        ("+1,5", {","}),
        ("$1,50", {","}),
        ("(1,50)", {","}),
        ("1.5", {"."}),
        ("1,234.5", {"."}),
        ("1,23,456", {"."}),
        ("1,234", {".", ","}),
        ("1.234", {".", ","}),
        ("1234", {".", ","}),
        ("1.23.456", set()),
        ("1,2,3", set()),
        ("x,5", set()),
        ("9" * 100, set()),
    ],
)
def test_the_decimal_marks_that_a_number_may_have(text: str, marks: set[str]) -> None:
    assert list_marks(text) == marks


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,50", "1.50"),
        ("-1.234,50 €", "-1234.50"),
        ("1 234,5", "1234.5"),
        ("1,5E-05", "0.000015"),
        ("1.234", "1234"),
    ],
)
def test_a_number_with_a_decimal_comma_is_read_with_swapped_marks(text: str, number: str) -> None:
    assert read_decimal(swap_marks(text)) == Decimal(number)


@pytest.mark.parametrize(
    ("value", "symbol"), [("€5", "€"), ("5 GBP", "GBP"), ("US$5", "US$"), ("1E-5", ""), (5, ""), (None, "")]
)
def test_the_currency_beside_a_number(value: object, symbol: str) -> None:
    assert find_symbol(value) == symbol


@given(ANYTHING)
def test_nothing_is_an_error(value: Any) -> None:
    read_decimal(value)
    find_symbol(value)
    list_marks(str(value))


@given(st.decimals(-(10**14), 10**14, places=6), st.sampled_from([",", " ", "'"]))
def test_every_number_is_read_back_with_and_without_groups(number: Decimal, gap: str) -> None:
    assert read_decimal(f"{number:f}") == number
    grouped = f"{number:,f}".replace(",", gap)
    assert read_decimal(grouped) == number
    german = f"{number:,f}".translate(str.maketrans(",.", ".,"))
    assert list_marks(german) == {","}
    assert read_decimal(swap_marks(german)) == number
