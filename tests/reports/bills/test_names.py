"""What bills call models, kinds of tokens, and tiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.bills.names import find_kind, find_tier, make_model_key, split_meter


@pytest.mark.parametrize(
    ("text", "model", "kind", "tier"),
    [
        ("gpt-4.1-2025-04-14, input", "gpt-4.1-2025-04-14", "input", ""),
        ("gpt-4o-2024-08-06, cached input", "gpt-4o-2024-08-06", "cache_read", ""),
        ("gpt-4o-audio-preview, audio output", "gpt-4o-audio-preview", "audio_output", ""),
        ("gpt-4o-audio-preview, audio input", "gpt-4o-audio-preview", "audio_input", ""),
        ("text-embedding-3-large, input", "text-embedding-3-large", "input", ""),
        ("gpt-image-1, image output", "gpt-image-1", "image_output", ""),
        ("gpt-4o-mini batch, output", "gpt-4o-mini", "output", "batch"),
        ("web search tool calls", "", "web_search", ""),
        ("gpt 4o 0806 Inp glbl Tokens", "gpt 4o 0806", "input", ""),
        ("gpt-4o-0806-Outp-glbl", "gpt-4o-0806", "output", ""),
        ("gpt 4.1 cached Inp glbl Tokens", "gpt 4.1", "cache_read", ""),
        ("gpt 4.1 cchd Inp Data Zone Tokens", "gpt 4.1", "cache_read", ""),
        ("gpt 4.1 mini Batch Inp glbl Tokens", "gpt 4.1 mini", "input", "batch"),
        ("text-embedding-3-large Tokens", "text-embedding-3-large", "input", ""),
        ("Input", "", "input", ""),
        ("code interpreter sessions", "code interpreter sessions", "other", ""),
        ("gpt-5 flex, input", "gpt-5", "input", "flex"),
        ("gpt-5 Priority output", "gpt-5", "output", "priority"),
    ],
)
def test_line_items_and_meters(text: str, model: str, kind: str, tier: str) -> None:
    assert (split_meter(text), find_kind(text), find_tier(text)) == (model, kind, tier)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("cache-write-input-token-count", "cache_write"),
        ("cache_creation.ephemeral_1h_input_tokens", "cache_write_1h"),
        ("uncached_input_tokens", "input"),
    ],
)
def test_types_of_tokens(text: str, kind: str) -> None:
    assert find_kind(text) == kind


@pytest.mark.parametrize(
    "names",
    [
        ("gpt-4.1", "gpt-4.1-2025-04-14", "openai/gpt-4.1", "gpt 4.1"),
        ("claude-3-5-sonnet-20240620", "anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude3.5Sonnet"),
        ("claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude4.5Sonnet"),
        (
            "claude-sonnet-4@20250514",
            "anthropic.claude-sonnet-4",
            "Claude Sonnet 4",
            "claude-sonnet-4-latest",
        ),
        ("gpt-35-turbo", "gpt-3.5-turbo", "gpt 35 turbo"),
        ("gpt-4o", "gpt 4o 0806", "gpt-4o-2024-08-06", "gpt 4o glbl"),
        ("google.gemini-2.5-pro", "gemini-2.5-pro"),
    ],
)
def test_all_names_of_a_model_have_one_key(names: tuple[str, ...]) -> None:
    assert len({make_model_key(name) for name in names}) == 1


def test_models_that_differ_have_different_keys() -> None:
    names = [
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-4",
        "gpt-5",
        "o3",
        "o3-mini",
    ]
    names += [
        "claude-sonnet-4",
        "claude-sonnet-4-5",
        "claude-opus-4",
        "claude-3-5-haiku",
        "gpt-3.5-turbo-16k",
    ]
    assert len({make_model_key(name) for name in names}) == len(names)


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    assert isinstance(find_kind(text), str)
    assert isinstance(make_model_key(split_meter(text) + find_tier(text)), str)
