"""Under which provider and name a resource is in the price list."""

from __future__ import annotations

import re

import pytest

from payi_transport.prices.resources import find_place, list_providers


@pytest.mark.parametrize(
    ("category", "resource", "uri", "providers"),
    [
        ("system.openai", "gpt-5", "https://api.openai.com/v1/responses", [("openai", "gpt-5")]),
        # A seller that speaks OpenAI's API, and was mapped to OpenAI's category.
        ("system.openai", "m", "https://api.groq.com/openai/v1/x", [("groq", "m"), ("openai", "m")]),
        ("openrouter", "openai/gpt-5", None, [("openrouter", "openai/gpt-5")]),
        (
            "system.google.vertex",
            "google.gemini-2.5-pro",
            None,
            [("google", "google.gemini-2.5-pro"), ("google", "gemini-2.5-pro")],
        ),
        (
            "huggingface",
            "meta/Llama:groq",
            "https://router.huggingface.co/v1/chat/completions",
            [("huggingface_groq", "meta/Llama:groq"), ("huggingface_groq", "meta/Llama")],
        ),
        (
            "huggingface",
            "Llama",
            "https://router.huggingface.co/together/v1/x",
            [("huggingface_together", "Llama")],
        ),
        ("acme", "m", "https://llm.acme.test/v1", []),
        ("acme", "m", "https://[", []),
    ],
)
def test_the_most_likely_seller_comes_first(
    category: str, resource: str, uri: str | None, providers: list[tuple[str, str]]
) -> None:
    place = find_place(category, resource, uri)
    assert place is not None
    assert [*list_providers(place)] == providers


@pytest.mark.parametrize(
    "resource",
    [
        "google.gemma-3",
        "anthropic.claude-x",
        "meta.llama-4",
        "mistralai.codestral-2",
        "databricks-gpt-oss-20b",
    ],
)
def test_the_maker_of_a_model_may_stand_before_its_name(resource: str) -> None:
    place = find_place("system.google.vertex", resource, None)
    assert place is not None
    bare = re.split(r"\.|databricks-", resource, maxsplit=1)[1]
    assert ("google", bare) in list_providers(place)


@pytest.mark.parametrize("resource", [None, "", "system.unknown_model"])
def test_a_call_without_a_model_has_no_place(resource: str | None) -> None:
    assert find_place("system.openai", resource, None) is None
