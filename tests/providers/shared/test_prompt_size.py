"""Models whose price depends on the size of the prompt, by all of their names."""

from __future__ import annotations

import pytest

from payi_transport.providers.shared.prompt_size import (
    describe_tier,
    find_least_prompt,
    find_suffix,
    mark_context,
    price_by_size,
)
from payi_transport.values.event import Units

_HAIKU, _SONNET, _GEMINI = 100_000, 200_000, 200_000


@pytest.mark.parametrize(
    ("model", "most"),
    [
        ("claude-haiku-5-5", _HAIKU),
        ("claude-haiku-5-5-20261001", _HAIKU),
        ("anthropic/claude-haiku-5.5", _HAIKU),
        ("us.anthropic.claude-haiku-5-5-20261001-v1:0", _HAIKU),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-haiku-5-5-v1:0", _HAIKU),
        ("claude-haiku-5-5@20261001", _HAIKU),
        ("anthropic.claude-haiku-5-5", _HAIKU),
        ("databricks-claude-haiku-5-5", _HAIKU),
        ("Claude-Haiku-5-5", _HAIKU),
        ("claude-sonnet-4", _SONNET),
        ("claude-sonnet-4-0", _SONNET),
        ("claude-sonnet-4-20250514", _SONNET),
        ("claude-sonnet-4@20250514", _SONNET),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", _SONNET),
        ("claude-4-sonnet-20250514", _SONNET),
        ("claude-sonnet-4-5", _SONNET),
        ("claude-sonnet-4.5", _SONNET),
        ("claude-sonnet-4-5-20250929", _SONNET),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", _SONNET),
        ("claude-sonnet-4-5@20250929", _SONNET),
        ("databricks-claude-sonnet-4-5", _SONNET),
        ("claude-sonnet-4-6", None),
        ("claude-sonnet-4.6", None),
        ("claude-sonnet-5", None),
        ("claude-opus-5-5", None),
        ("claude-opus-4-20250514", None),
        ("claude-haiku-5", None),
        ("claude-haiku-5-6", None),
        ("claude-haiku-4-5-20251001", None),
        ("claude-3-7-sonnet-20250219", None),
        ("gemini-2.5-pro", _GEMINI),
        ("gemini-2.5-pro-preview-06-05", _GEMINI),
        ("gemini-3-pro-preview", _GEMINI),
        ("gemini-3.1-pro-preview-customtools", _GEMINI),
        ("google/gemini-2.5-pro", _GEMINI),
        ("databricks-gemini-3-1-pro", _GEMINI),
        ("gemini-2.5-flash", None),
        ("gemini-3-flash-preview", None),
        ("gemini-1.5-pro", None),
        ("my-gemini-2.5-pro", None),
        ("gpt-5.4", None),
        ("", None),
        (None, None),
    ],
)
def test_a_prompt_over_the_limit_of_its_model_has_units_of_its_own(
    model: str | None, most: int | None
) -> None:
    assert find_suffix(most or 10**9, model) == ""
    assert find_suffix((most or 10**9) + 1, model) == ("_large_context" if most else "")
    assert find_suffix(None, model) == ""


def test_the_first_name_that_identifies_a_model_decides() -> None:
    assert find_suffix(150_000, None, "my-claude", "claude-haiku-5-5") == "_large_context"
    assert find_suffix(150_000, "claude-opus-5-5", "claude-haiku-5-5") == ""


def test_all_input_together_decides_and_every_unit_is_renamed() -> None:
    units = {"text": Units(50_000, 3), "text_cache_read": Units(50_001), "reasoning": Units(output=2)}
    assert mark_context(units, "claude-haiku-5-5") == {
        f"{name}_large_context": unit for name, unit in units.items()
    }
    assert mark_context(units, "claude-haiku-4-5") == units


@pytest.mark.parametrize(
    ("model", "tier"),
    [
        ("gpt-5.4", "over_272k"),
        ("gpt-5.4-2026-03-05", "over_272k"),
        ("gpt-5.4-mini", "over_272k"),
        ("gpt-5.4-pro-2026-03-05", "over_272k"),
        ("gpt-5.10", "over_272k"),
        ("gpt-6-astra", "over_272k"),
        ("gpt-6-2026-10-01", "over_272k"),
        ("databricks-gpt-5-4", "over_272k"),
        ("openai.gpt-5.5", "over_272k"),
        ("ft:gpt-5.4-mini:org::1", "over_272k"),
        ("grok-4.2", "over_200k"),
        ("x-ai/grok-4.20-0309-reasoning", "over_200k"),
        ("grok-4-20", "over_200k"),
        ("grok-5", "over_200k"),
        ("gpt-5", None),
        ("gpt-5-2025-08-07", None),
        ("gpt-5.3-codex", None),
        ("databricks-gpt-5-1", None),
        ("gpt-4.1", None),
        ("gpt-4-32k", None),
        ("gpt-35-turbo", None),
        ("gpt-4o", None),
        ("gpt-oss-120b", None),
        ("grok-4-0709", None),
        ("grok-4-1-fast", None),
        ("grok-4.1", None),
        ("grok-3-mini", None),
        ("o3", None),
        ("", None),
        (None, None),
    ],
)
def test_a_long_prompt_of_some_models_is_in_a_tier(model: str | None, tier: str | None) -> None:
    most = 272_000 if tier == "over_272k" else 200_000
    assert describe_tier({"text": Units(most)}, model) == {}
    above = {"text": Units(most - 9, 5), "text_cache_read": Units(10)}
    assert describe_tier(above, model) == ({"provider.context_tier": tier} if tier else {})
    assert find_least_prompt(tier) == (most + 1 if tier else 0)


def test_units_without_input_add_nothing_to_a_prompt() -> None:
    output = {"reasoning": Units(None, 5), "audio": Units(output=1)}
    assert describe_tier({"text": Units(272_000, 5), **output}, "gpt-5.4") == {}
    units = {"text": Units(100_000, 5), **output}
    assert mark_context(units, "claude-haiku-5-5") == units
    assert price_by_size(units, ["claude-haiku-5-5"]) == (units, {})


def test_the_served_model_decides_the_tier_of_a_deployment() -> None:
    assert describe_tier({"text": Units(300_000)}, None, "gpt-5.4-2026-03-05", "my-deployment")
    assert not describe_tier({"text": Units(300_000)}, None, "gpt-4.1-2025-04-14", "gpt-5.4")


@pytest.mark.parametrize("prompt", [0, 100_000, 100_001, 200_001, 272_001])
@pytest.mark.parametrize("model", ["claude-haiku-5-5", "gpt-5.4", "grok-5", "gpt-4o", None])
def test_units_and_tier_are_found_together(prompt: int, model: str | None) -> None:
    units = {"text": Units(prompt, 3)}
    found = mark_context(units, model), describe_tier(units, model)
    assert price_by_size(units, (None, model)) == found
