"""Errors as one line."""

from __future__ import annotations

import pytest

from payi_transport.cli.short_errors import Refusal, short_errors
from payi_transport.errors import PayiError


def test_an_error_of_this_library_is_a_refusal_of_one_line() -> None:
    with pytest.raises(Refusal, match="wrong") as caught, short_errors():
        raise PayiError("wrong")
    assert caught.value.exit_code == 2


def test_other_errors_are_refused_where_users_can_correct_them() -> None:
    with pytest.raises(Refusal, match="expected 1"), short_errors(ValueError):
        raise ValueError("expected 1")


def test_any_other_error_stays_what_it_is() -> None:
    with pytest.raises(KeyError), short_errors():
        raise KeyError("a fault")
