"""Money in whole numbers: exact to a millionth of a nano, in any thread, also far below zero."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from payi_transport.serve.amounts import round_to_nanos, split_amount, to_dollars


@pytest.mark.parametrize(
    ("amount", "nanos", "femtos"),
    [
        (None, 0, 0),
        ("0", 0, 0),
        ("1", 1_000_000_000, 0),
        ("0.006", 6_000_000, 0),
        ("0.000000001", 1, 0),
        ("0.000000000000001", 0, 1),
        ("0.000000001234567", 1, 234_567),
        ("123456.123456789123456", 123_456_123_456_789, 123_456),
        # The rest is never below zero.
        ("-0.000000001", -1, 0),
        ("-0.000000000000001", -1, 999_999),
        # More digits than there are: to the nearest femto, and to the one below.
        ("0.0000000000000019", 0, 1),
        ("0.000000001234567" + "9" * 25, 1, 234_567),
        # More than any call costs.
        ("1000000", 10**15, 0),
        ("1000000.000000000000001", 10**15, 0),
        ("1e30", 10**15, 0),
        ("-1e30", -(10**15), 0),
    ],
)
def test_an_amount_is_two_whole_numbers(amount: str | None, nanos: int, femtos: int) -> None:
    split = split_amount(None if amount is None else Decimal(amount))
    assert split == (nanos, femtos)
    assert [type(part) for part in split] == [int, int]


def test_the_precision_of_a_thread_changes_no_amount() -> None:
    amount = Decimal("999999.123456789123456")
    with localcontext() as context:
        context.prec = 3
        split = split_amount(amount)
        assert split == (999_999_123_456_789, 123_456)
        assert to_dollars(*split) == amount
        # The largest sums that the store can hold.
        assert str(to_dollars(2**63 - 1, 2**63 - 1)) == "9223381260.226812661775807"


@pytest.mark.parametrize(
    ("nanos", "femtos", "text"),
    [
        (None, None, "0"),
        (0, 0, "0"),
        (1, 0, "1E-9"),
        (0, 1, "1E-15"),
        (6_000_000, None, "0.006"),
        (None, 500_000, "5E-10"),
        (1, 234_567, "1.234567E-9"),
        (-1, 999_999, "-1E-15"),
        # The rest of many calls is more than a nano.
        (1, 3_000_000, "4E-9"),
    ],
)
def test_what_the_store_has_is_an_amount_without_zeros_at_its_end(
    nanos: int | None, femtos: int | None, text: str
) -> None:
    assert str(to_dollars(nanos, femtos)) == text


def test_without_a_rest_there_are_nanos_alone() -> None:
    assert to_dollars(6_000_000) == Decimal("0.006")


@pytest.mark.parametrize(
    ("amount", "nanos"),
    [
        (None, 0),
        ("0.000000001499999", 1),
        ("0.0000000015", 2),
        ("0.000000001500001", 2),
        ("0.0000000005", 1),
        ("-0.0000000015", -1),
        ("-0.000000001500001", -2),
        ("0.006", 6_000_000),
    ],
)
def test_the_nearest_nanos_are_those_above_for_half_of_one(amount: str | None, nanos: int) -> None:
    assert round_to_nanos(None if amount is None else Decimal(amount)) == nanos
