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
        ("no_cache input", "input"),
        ("ephemeral_5m_input_tokens", "cache_write"),
        ("ephemeral_1h_input_tokens", "cache_write_1h"),
        ("cache wrt 1h", "cache_write_1h"),
        ("1h cache write", "cache_write_1h"),
        ("cache wrt", "cache_write"),
        ("creation of a cache", "cache_write"),
        ("Grounding input", "web_search"),
        ("search queries of the input", "web_search"),
        ("search tool call", "web_search"),
        ("input of a session", "other"),
        ("input hosting", "other"),
        ("training input", "other"),
        ("file search input", "other"),
        ("gpt cchd inp", "cache_read"),
        ("gpt cd inp", "cache_read"),
        ("audio completion", "audio_output"),
        ("output audio", "audio_output"),
        ("prompt audio", "audio_input"),
        ("input audio", "audio_input"),
        ("output image", "image_output"),
        ("image output", "image_output"),
        ("opt tokens", "output"),
        ("completion", "output"),
        ("reasoning", "output"),
        ("tokens generated", "output"),
        ("gpt inp", "input"),
        ("prompt", "input"),
        ("embed", "input"),
        ("storage", "other"),
        ("something else", "other"),
        ("", "other"),
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


@pytest.mark.parametrize(
    ("text", "tier"),
    [("Batch API", "batch"), ("FLEX", "flex"), ("prioritized", "priority"), ("standard", ""), ("", "")],
)
def test_tiers(text: str, tier: str) -> None:
    assert find_tier(text) == tier


@pytest.mark.parametrize(
    "word",
    [
        *("glbl", "global", "regnl", "regional", "data", "zone", "dz", "dzone", "std", "standard", "model"),
        "edition",
    ],
)
def test_words_for_where_and_how_a_model_is_sold_are_no_part_of_its_key(word: str) -> None:
    assert make_model_key(f"gpt 4o {word}") == make_model_key("gpt-4o")
    assert make_model_key(f"gpt 4o {word}x") != make_model_key("gpt-4o")


@pytest.mark.parametrize("region", ["us", "eu", "apac", "global", "jp", "au", "ca", "sa", "us-gov"])
@pytest.mark.parametrize(
    "vendor",
    [
        *("anthropic", "amazon", "meta", "google", "cohere", "mistral", "ai21", "deepseek", "openai", "qwen"),
        *("stability", "writer"),
    ],
)
def test_a_region_and_a_maker_before_a_name_are_no_part_of_its_key(region: str, vendor: str) -> None:
    assert make_model_key(f"{region}.{vendor}.m-7-v1:0") == make_model_key("m-7")


@pytest.mark.parametrize(
    "suffix", ["-v1", "-v2:0", "-v1:0:18k", "@20250101", "-2025-01-01", "-latest", "-0806"]
)
def test_a_version_and_a_date_behind_a_name_are_no_part_of_its_key(suffix: str) -> None:
    assert make_model_key(f"model-x-7{suffix}") == make_model_key("model-x-7")


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("gpt-5 completions", "gpt-5"),
        ("gpt-5 prompts", "gpt-5"),
        ("gpt-5 opt", "gpt-5"),
        ("gpt-5 mantle", "gpt-5"),
        ("gpt-5 web search", "gpt-5"),
        ("gpt-5 embeddings", "gpt-5"),
        ("gpt-audio", "gpt-audio"),
        ("gpt-image-1 image", "gpt-image-1"),
        ("gpt-5 (batch), input", "gpt-5"),
        ("Priority API: gpt-5, input", "gpt-5"),
        ("Flex gpt-5, input", "gpt-5"),
        ("gpt-5, batch", "gpt-5"),
        ("Cached tokens", ""),
        ("Web Search", ""),
        ("audio", ""),
        ("", ""),
    ],
)
def test_the_model_of_a_meter_stands_before_its_kind(text: str, model: str) -> None:
    assert split_meter(text) == model
