"""Each operation has its dialect; a provider speaks another's in its own way at its own hosts alone."""

from __future__ import annotations

import pytest

from payi_transport.providers.registry import ACCENTS, DIALECTS, find_dialect
from payi_transport.routing.examples import EXAMPLES


def test_every_operation_has_a_dialect_and_an_example() -> None:
    assert set(EXAMPLES) == set(DIALECTS)


@pytest.mark.parametrize("operation", DIALECTS)
def test_a_dialect_is_that_of_the_operation(operation: str) -> None:
    assert find_dialect(operation, "my.category") is DIALECTS[operation]


@pytest.mark.parametrize(("category", "operation"), ACCENTS)
def test_a_provider_may_have_an_accent(category: str, operation: str) -> None:
    assert find_dialect(operation, category) is ACCENTS[category, operation] is not DIALECTS[operation]
