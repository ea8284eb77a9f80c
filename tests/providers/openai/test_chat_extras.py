"""What chat completions report besides token counts: the tier, costs, and other properties."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.openai.chat import describe_extras, find_extras
from tests.providers.completions import COMPLETION, chunk, read, usage_of


@pytest.mark.parametrize("tier", [None, "default", "auto", ""])
def test_a_usual_tier_is_not_a_property(tier: Any) -> None:
    assert read({**COMPLETION, "service_tier": tier}).properties == {}


def test_the_last_tier_is_the_one_that_is_billed() -> None:
    parsed = read(chunk(service_tier="auto"), chunk(service_tier="flex"), chunk(service_tier=None))
    assert parsed.properties == {"provider.service_tier": "flex"}


def test_what_a_usage_reports_besides_token_counts_are_extras() -> None:
    counted = {**usage_of(), "prompt_cache_hit_tokens": 1, "cached_tokens": 1, "input_tokens": 3}
    extras = {"cost": 0.01, "is_byok": True, "cost_details": {"upstream": None}, "queue": "x"}
    assert (
        find_extras({**counted, **extras, "num_sources_used": 0, "prompt_time": 0.0, "no": False}) == extras
    )
    assert read({**COMPLETION, "usage": {**counted, **extras}}).properties == {
        "provider.cost": "0.01",
        "provider.is_byok": "True",
        "provider.queue": "x",
    }


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
