"""Amounts of one sentence add up as they are shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from payi_transport.reports.sentences import choose_format


@pytest.mark.parametrize(
    ("total", "parts", "shown"),
    [
        ("5.70", ("2", "3.70"), ["$5.70", "$2.00", "$3.70"]),
        ("15.161", ("15.50", "-0.339"), ["$15.16", "$15.50", "-$0.3390"]),
        ("2.934", ("1.2654", "1.6686"), ["$2.9340", "$1.2654", "$1.6686"]),
        ("0.00008", ("0.00004", "0.00004"), ["$0.000080", "$0.000040", "$0.000040"]),
        ("0", (), ["$0.00"]),
    ],
)
def test_a_total_is_the_sum_of_its_parts_as_shown(
    total: str, parts: tuple[str, ...], shown: list[str]
) -> None:
    amounts = [Decimal(total), *map(Decimal, parts)]
    show = choose_format([(amounts[0], amounts[1:])])
    assert [show(amount) for amount in amounts] == shown


def test_parts_that_never_add_up_have_twelve_decimals() -> None:
    show = choose_format([(Decimal(2), (Decimal(1),))])
    assert show(Decimal(1)) == "$1.000000000000"
