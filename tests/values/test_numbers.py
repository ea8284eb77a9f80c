"""Texts from outside are a number, or None: reading them never raises."""

from __future__ import annotations

import pytest

from payi_transport.values.numbers import read_number


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("501", 501), ("0000000501", 501), ("9" * 18, 10**18 - 1)]
)
def test_digits_are_the_number_that_they_state(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1_0", "1.0", "0x1", "x", "\u00b2", "\u0663", "9" * 19, "0" * 5000]
)
def test_any_other_text_is_no_number(text: str) -> None:
    assert read_number(text) is None
