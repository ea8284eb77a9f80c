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
        ("2.0000002", ("1.0000001", "1.0000001"), ["$2.00", "$1.00", "$1.00"]),
        ("1.00002", ("0.50001", "0.50001"), ["$1.00", "$0.5000", "$0.5000"]),
        ("0.00010100008", ("0.00005050004",) * 2, ["$0.000101000", *["$0.000050500"] * 2]),
        ("0.00010100100008", ("0.00005050050004",) * 2, ["$0.000101001000", *["$0.000050500500"] * 2]),
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


def test_all_totals_of_a_sentence_have_the_same_decimals() -> None:
    show = choose_format(
        [(Decimal(3), (Decimal(1), Decimal(2))), (Decimal("0.00008"), (Decimal("0.00004"),) * 2)]
    )
    assert [show(amount) for amount in (Decimal(3), Decimal("0.00008"))] == ["$3.000000", "$0.000080"]
