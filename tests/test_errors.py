"""Errors are told apart by their class."""

from __future__ import annotations

import pytest

from payi_transport import errors
from payi_transport.errors import PayiConfigError, PayiError


def test_a_config_error_is_one_of_ours_and_a_value_error() -> None:
    assert issubclass(PayiConfigError, PayiError)
    assert issubclass(PayiConfigError, ValueError)
    assert not issubclass(PayiError, ValueError)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_stands_in_the_tree_and_says_when_it_is_raised(name: str) -> None:
    assert name in (errors.__doc__ or "")
    assert getattr(errors, name).__doc__
