"""Which known name was meant by a wrong one."""

from __future__ import annotations

import pytest

from payi_transport.values.near_names import find_near, measure_likeness


@pytest.mark.parametrize(
    ("name", "near"), [("opnai", "openai"), ("openai", "openai"), ("zzz", None), ("", None)]
)
def test_the_name_that_is_most_alike_is_found_if_any_is(name: str, near: str | None) -> None:
    assert find_near(name, {"azure": 1, "openai": 2}) == near


def test_equal_names_are_alike_and_others_less() -> None:
    assert measure_likeness("openai", "openai") == 1.0
    assert 0.0 < measure_likeness("openai", "opnai") < 1.0


def test_of_several_names_the_most_alike_is_found() -> None:
    assert find_near("opena", ["opens", "openai", "open"]) == "openai"
    assert measure_likeness("abcd", "abxy") == 0.5
