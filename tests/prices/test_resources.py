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
        # Where the model names its seller, it isn't the path that does.
        (
            "huggingface",
            "meta/Llama:groq",
            "https://router.huggingface.co/together/v1/x",
            [("huggingface_groq", "meta/Llama:groq"), ("huggingface_groq", "meta/Llama")],
        ),
        # A colon alone is part of a version, and a slash alone of a name.
        ("system.aws.bedrock", "amazon.nova-pro-v1:0", None, [("aws", "amazon.nova-pro-v1:0")]),
        ("groq", "openai/gpt-oss", "https://api.groq.com/openai/v1/x", [("groq", "openai/gpt-oss")]),
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


@pytest.mark.parametrize(
    ("category", "provider"),
    [
        ("system.openai", "openai"),
        ("system.azureopenai", "azure"),
        ("system.azure", "azure"),
        ("system.anthropic", "anthropic"),
        ("system.aws.bedrock", "aws"),
        ("system.google.vertex", "google"),
        ("system.databricks.azure", "databricks"),
        ("system.databricks.aws", "databricks"),
        ("system.databricks.google", "databricks"),
        ("cohere", "cohere"),
        ("deepseek", "deepseek"),
        ("fireworks", "fireworks"),
        ("groq", "groq"),
        ("mistral", "mistral"),
        ("moonshot", "moonshotai"),
        ("openrouter", "openrouter"),
        ("perplexity", "perplexity"),
        ("together", "together"),
        ("voyage", "voyageai"),
        ("xai", "x-ai"),
    ],
)
def test_a_category_has_a_provider_of_the_price_list(category: str, provider: str) -> None:
    place = find_place(category, "m", None)
    assert place is not None
    assert [*list_providers(place)] == [(provider, "m")]


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.deepseek.com", "deepseek"),
        ("api.fireworks.ai", "fireworks"),
        ("api.groq.com", "groq"),
        ("api.mistral.ai", "mistral"),
        ("api.moonshot.ai", "moonshotai"),
        ("api.moonshot.cn", "moonshotai"),
        ("api.novita.ai", "novita"),
        ("api.perplexity.ai", "perplexity"),
        ("api.together.ai", "together"),
        ("api.together.xyz", "together"),
        ("api.voyageai.com", "voyageai"),
        ("api.x.ai", "x-ai"),
        ("api.z.ai", "zai"),
        ("inference.baseten.co", "baseten"),
        ("api.cerebras.ai", "cerebras"),
        ("open.bigmodel.cn", "zhipuai"),
        ("openrouter.ai", "openrouter"),
    ],
)
def test_a_host_that_speaks_the_api_of_openai_has_a_price_list_of_its_own(host: str, provider: str) -> None:
    place = find_place("system.openai", "m", f"https://{host}/v1/chat/completions")
    assert place is not None
    assert [*list_providers(place)] == [(provider, "m"), ("openai", "m")]


def test_calls_of_one_seller_have_one_place_whatever_their_path() -> None:
    one = find_place("system.openai", "m", "https://api.openai.com/v1/responses")
    assert one == find_place("system.openai", "m", "https://api.openai.com/v2/chat/completions")
    assert one == ("system.openai", "m", "api.openai.com", "")
