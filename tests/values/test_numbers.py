"""Texts from outside are a number, or None: reading them never raises."""

from __future__ import annotations

import pytest

from payi_transport.values.numbers import read_number


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("501", 501), ("0000000501", 501), ("9" * 18, 10**18 - 1)]
)
def test_digits_are_the_number_that_they_state(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(("text", "number"), [("-5", -5), ("5", 5), ("-" + "9" * 18, 1 - 10**18)])
def test_a_number_may_have_a_sign_where_that_is_allowed(text: str, number: int) -> None:
    assert read_number(text, signed=True) == number


@pytest.mark.parametrize("text", ["", "-", "--5", "+5", "- 5", "-1.5", "5-", "-" + "9" * 19])
def test_any_other_text_is_no_number_with_a_sign(text: str) -> None:
    assert read_number(text, signed=True) is None


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1_0", "1.0", "0x1", "x", "\u00b2", "\u0663", "9" * 19, "0" * 5000]
)
def test_any_other_text_is_no_number(text: str) -> None:
    assert read_number(text) is None
