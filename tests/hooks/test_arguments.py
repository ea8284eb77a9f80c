"""What a hook reads of an argument, the library can read as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport.hooks.arguments import UnreadableError, peek, read

PAIRS = [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("value", [None, PAIRS, dict(PAIRS), tuple(PAIRS), 7])
def test_what_can_be_read_again_stays_the_same_object(value: Any) -> None:
    options = {"headers": value}
    assert peek(options, "headers") is options["headers"] is value


def test_a_missing_option_stays_missing() -> None:
    options: dict[str, Any] = {}
    assert peek(options, "headers") is None
    assert options == {}


@pytest.mark.parametrize(
    "value", [iter(PAIRS), zip("ab", "12", strict=True), (pair for pair in PAIRS), iter(())]
)
def test_an_iterator_is_left_for_the_library_and_can_still_be_read_once(value: Any) -> None:
    options = {"headers": value}
    items = peek(options, "headers")
    assert peek(options, "headers") == items
    assert list(options["headers"]) == items
    assert list(options["headers"]) == []


def fail_after_one() -> Iterator[tuple[str, str]]:
    yield PAIRS[0]
    raise RuntimeError("the program's own")


def test_an_iterator_that_raises_does_so_at_the_same_item() -> None:
    options = {"headers": fail_after_one()}
    for _ in range(2):
        with pytest.raises(UnreadableError):
            peek(options, "headers")
    assert next(options["headers"]) == PAIRS[0]
    with pytest.raises(RuntimeError, match="the program's own"):
        next(options["headers"])


def test_what_cannot_be_read_is_the_programs_own_mistake() -> None:
    assert read(dict, PAIRS) == dict(PAIRS)
    for value in (7, [("a", "b", "c")]):
        with pytest.raises(UnreadableError):
            read(dict, value)


def test_a_fault_of_another_kind_stays_one() -> None:
    def fail() -> None:
        raise AttributeError

    with pytest.raises(AttributeError):
        read(fail)
