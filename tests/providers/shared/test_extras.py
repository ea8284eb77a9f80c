"""What a provider reports besides units: which properties it becomes, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.shared.extras import describe_extras


@pytest.mark.parametrize(
    ("tier", "extras", "properties"),
    [
        ("scale", {}, {"provider.service_tier": "scale"}),
        (3, {}, {"provider.service_tier": "3"}),
        ([1], {}, {}),
        (None, {"a": {"b": {"c": 1}}}, {"provider.a.b.c": "1"}),
        (None, {"a": {"b": {"c": {"d": {"e": 1}}}}}, {}),
        (
            None,
            {"a": [1], "b": None, "c": "", "d": 10**400},
            {"provider.c": "", "provider.d": "1" + "0" * 199},
        ),
        (None, {"a": "x" * 500}, {"provider.a": "x" * 200}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_extras_are_properties_within_bounds(
    tier: Any, extras: dict[str, Any], properties: dict[str, str]
) -> None:
    assert describe_extras(tier, extras) == properties


def test_of_very_many_extras_some_are_kept() -> None:
    assert len(describe_extras(None, {str(number): number for number in range(500)})) == 32
