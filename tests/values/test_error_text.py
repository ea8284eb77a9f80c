"""Exceptions as text."""

from __future__ import annotations

import pytest

from payi_transport.values.error_text import describe_error


class Rude(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (ValueError("a b"), ("ValueError", "a b")),
        (KeyboardInterrupt(), ("KeyboardInterrupt", "")),
        (RuntimeError("Grüße \udcff"), ("RuntimeError", "Grüße ?")),
        (Rude(), ("Rude", "")),
    ],
)
def test_an_exception_is_its_type_and_its_text(error: BaseException, described: tuple[str, str]) -> None:
    assert describe_error(error) == described
