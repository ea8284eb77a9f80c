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
        (12_340, "12.3k"),
        (436_400, "436k"),
        (999_999, "1M"),
        (25_200_000, "25.2M"),
        (7_000_000_000_000, "7,000G"),
    ],
)
def test_large_counts_are_rounded_where_there_is_no_room(count: int | None, text: str) -> None:
    assert format_rounded(count) == text


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
        ("16019.07", "35.51", "45,111 %"),
    ],
)
def test_a_share_has_the_digits_that_matter(part: str, whole: str, text: str) -> None:
    assert format_share(Decimal(part), Decimal(whole)) == text
