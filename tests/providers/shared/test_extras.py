"""What a provider reports besides units: which properties it becomes, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.shared.extras import describe_extras

# No provider's keys are shorter than 20 characters.
_KEY = "sk-proj-0123456789abcdef"


@pytest.mark.parametrize(
    ("tier", "extras", "properties"),
    [
        ("scale", {}, {"provider.service_tier": "scale"}),
        (3, {}, {"provider.service_tier": "3"}),
        ([1], {}, {}),
        (None, {"a": {"b": {"c": 1}}}, {"provider.a.b.c": "1"}),
        (None, {"a": {"b": {"c": {"d": 1}}}}, {"provider.a.b.c.d": "1"}),
        (None, {"a": {"b": {"c": {"d": {"e": 1}}}}}, {}),
        ("default", {}, {}),
        ("auto", {"a": 0}, {"provider.a": "0"}),
        ("", {}, {}),
        (None, {}, {}),
        ("Default", {}, {"provider.service_tier": "Default"}),
        (None, {"a": [1], "b": None, "c": "", "d": 10**400}, {"provider.d": "1" + "0" * 199}),
        (None, {"a": "x" * 100, "c": "x" * 101}, {"provider.a": "x" * 100}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_extras_are_properties_within_bounds(
    tier: Any, extras: dict[str, Any], properties: dict[str, str]
) -> None:
    assert describe_extras(tier, extras) == properties


def test_of_very_many_extras_some_are_kept() -> None:
    assert len(describe_extras(None, {str(number): number for number in range(500)})) == 32


@pytest.mark.parametrize(
    "code",
    [
        *("1024x1024", "standard", "hd", "ON_DEMAND_PRIORITY", "2026-11-28T09:30:00Z", "0.00014", "svg-1"),
        *("us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic/claude-sonnet-4.5"),
    ],
)
def test_a_text_that_looks_like_a_code_is_a_property(code: str) -> None:
    assert describe_extras(code, {"a": code}) == {"provider.service_tier": code, "provider.a": code}


@pytest.mark.parametrize("text", ["my PROMPT", "Grüße", "你好世界", "a\nb", "{}", "50%", " ", '"'])
def test_any_other_text_may_be_content_and_is_no_property(text: str) -> None:
    assert describe_extras(text, {"a": text, text: 1, "b": {text: 1}, "c": {text: {"d": 1}}}) == {}


@pytest.mark.parametrize(
    ("text", "kept"),
    [(_KEY, "<removed>"), (f"x/{_KEY}", "x/<removed>"), (_KEY[:20], "<removed>"), (_KEY[:19], _KEY[:19])],
)
def test_a_key_that_looks_like_a_code_is_removed(text: str, kept: str) -> None:
    assert describe_extras(None, {"a": text}) == {"provider.a": kept}
