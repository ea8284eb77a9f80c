"""A text is a number of the store, or none."""

from __future__ import annotations

import pytest

from payi_transport.serve.stored_numbers import read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("-5", -5), ("007", 7), ("9" * 18, 10**18 - 1)),
        *(
            (text, None)
            for text in ("", "-", "x", "1.5", "1e3", " 1", "1\n", "1_0", "٣", "9" * 19, "9" * 5000)
        ),
    ],
)
def test_only_digits_that_sqlite_can_have_are_a_number(text: str, number: int | None) -> None:
    assert read_number(text) == number
