"""Money and counts as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.formats import (
    format_change,
    format_count,
    format_exact,
    format_money,
    format_rounded,
    format_share,
    say_count,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "-"),
        ("0", "$0"),
        ("0.0000001", "<$0.0001"),
        ("0.00009", "<$0.0001"),
        ("0.0042", "$0.0042"),
        ("0.5", "$0.50"),
        ("0.99999", "$1.00"),
        ("1.374", "$1.37"),
        ("999.994", "$999.99"),
        ("999.999", "$1,000"),
        ("1043.834", "$1,044"),
        ("1234567.8", "$1,234,568"),
        ("-0.5", "-$0.50"),
        ("0.0001", "$0.0001"),
        ("0.01", "$0.01"),
        ("0.1001", "$0.1001"),
        ("0.99994", "$0.9999"),
        ("0.99995", "$1.00"),
        ("1.0049", "$1.00"),
        # Halves are rounded to the even digit.
        ("1.005", "$1.00"),
        ("1.015", "$1.02"),
        ("999.99", "$999.99"),
        ("999.995", "$1,000"),
        ("1000", "$1,000"),
        ("-0.00001", "-<$0.0001"),
    ],
)
def test_money_has_the_digits_that_matter(amount: str | None, text: str) -> None:
    assert format_money(None if amount is None else Decimal(amount)) == text


@given(st.decimals(min_value=0, max_value=10**9, places=12))
def test_money_that_is_not_zero_is_never_shown_as_zero(amount: Decimal) -> None:
    text = format_money(amount)
    assert (text == "$0") == (amount == 0)
    # A dot beside a comma could be read either way.
    assert not ("." in text and "," in text)
    shown = Decimal(text.strip("<$").replace(",", ""))
    assert abs(shown - amount) <= max(Decimal("0.5"), Decimal("0.01")) if amount >= 1000 else Decimal("0.01")


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (None, 1, "-"),
        (1, None, "-"),
        (0, 0, "-"),
        (1, 0, "new"),
        (0, 1, "-100%"),
        (2, 2, "="),
        (Decimal("1.123"), 1, "+12%"),
        (1001, 1000, "<+1%"),
        (999, 1000, ">-1%"),
        (50, 1, "+4,900%"),
        (None, None, "-"),
        (0, None, "-"),
        (101, 100, "+1%"),
        (99, 100, "-1%"),
        (Decimal("1.0099"), 1, "<+1%"),
    ],
)
def test_a_change_is_in_percent_of_the_period_before(now: Decimal, before: Decimal, text: str) -> None:
    assert format_change(now, before) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (99_940, "99.9k"),
        (99_960, "100k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (99_940_000, "99.9M"),
        (100_400_000, "100M"),
        (999_499_999, "999M"),
        (999_500_000, "1G"),
        (12_340_000_000, "12.3G"),
        (12_340, "12.3k"),
        (436_400, "436k"),
        (999_999, "1M"),
        (25_200_000, "25.2M"),
        (7_000_000_000_000, "7,000G"),
    ],
)
def test_large_counts_are_rounded_where_there_is_no_room(count: int | None, text: str) -> None:
    assert format_rounded(count) == text


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (1, ("call",), "1 call"),
        (0, ("call",), "0 calls"),
        (2, ("call",), "2 calls"),
        (1, ("call was", "calls were"), "1 call was"),
        (1200, ("call was", "calls were"), "1,200 calls were"),
    ],
)
def test_a_count_is_said_with_what_it_counts(number: int, words: tuple[str, ...], text: str) -> None:
    assert say_count(number, *words) == text


def test_exact_amounts_have_all_their_digits_and_no_exponent() -> None:
    assert format_exact(Decimal("1E-7")) == "0.0000001"
    assert format_exact(Decimal("100.00")) == "100"
    assert format_exact(Decimal("0.000")) == "0"
    assert format_exact(None) == ""
    assert format_count(1234) == "1,234"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        *(
            ("1", "0", "-"),
            ("0", "3", "0.0 %"),
            ("1", "3", "33.3 %"),
            ("-1", "3", "-33.3 %"),
            ("3", "3", "100.0 %"),
        ),
        *(("1", "10000", "<0.1 %"), ("-1", "10000", ">-0.1 %"), ("-0", "3", "0.0 %")),
        *(("1", "2000", "<0.1 %"), ("-1", "2000", ">-0.1 %"), ("1", "1999", "0.1 %"), ("1", "200", "0.5 %")),
        *(("999.94", "100", "999.9 %"), ("999.95", "100", "1,000 %"), ("-1000", "100", "-1,000 %")),
        ("16019.07", "35.51", "45,111 %"),
    ],
)
def test_a_share_has_the_digits_that_matter(part: str, whole: str, text: str) -> None:
    assert format_share(Decimal(part), Decimal(whole)) == text
