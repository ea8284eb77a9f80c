"""Who sells, hosts, and publishes a model."""

from __future__ import annotations

import pytest

from payi_transport.providers.registry import REGISTRY
from payi_transport.reports.focus_services import Service, find_publisher, find_service


@pytest.mark.parametrize(
    "category", sorted(name for name in REGISTRY.names if name.count(".") and name != "system.databricks")
)
def test_every_category_of_ours_has_a_service(category: str) -> None:
    service = find_service(category)
    assert service.name != category


def test_an_unnamed_category_is_unknown() -> None:
    assert find_service("") == Service("unknown", "unknown")


def test_an_unknown_model_is_published_by_its_seller() -> None:
    service = Service("S", "Seller")
    assert find_publisher("x-1", service) == "Seller"
    assert find_publisher(None, service) == "Seller"
    assert find_publisher("us.meta.llama3-1-70b", service) == "Meta"


@pytest.mark.parametrize(
    ("category", "name", "provider"),
    [
        ("system.openai", "OpenAI API", "OpenAI"),
        ("system.azureopenai", "Azure OpenAI Service", "Microsoft"),
        ("system.azure", "Azure AI Foundry Models", "Microsoft"),
        ("system.anthropic", "Anthropic API", "Anthropic"),
        ("system.aws.bedrock", "Amazon Bedrock", "AWS"),
        ("system.google.vertex", "Vertex AI", "Google Cloud"),
        ("system.databricks.azure", "Databricks Model Serving", "Databricks"),
        ("system.databricks.aws", "Databricks Model Serving", "Databricks"),
        ("system.databricks.google", "Databricks Model Serving", "Databricks"),
        ("groq", "groq", "groq"),
    ],
)
def test_a_category_has_the_names_that_its_seller_uses(category: str, name: str, provider: str) -> None:
    assert find_service(category) == (name, provider)


@pytest.mark.parametrize(
    ("resource", "publisher"),
    [
        ("us.anthropic.CLAUDE-sonnet-4-5", "Anthropic"),
        ("gpt-5", "OpenAI"),
        ("google.gemini-2.5-pro", "Google"),
        ("meta.llama3-1-70b", "Meta"),
        ("mistral-large", "Mistral AI"),
        ("cohere.command-r", "Cohere"),
        ("amazon.nova-pro", "Amazon"),
        ("amazon.titan-embed", "Amazon"),
        ("deepseek-chat", "DeepSeek"),
        ("qwen3-32b", "Alibaba Cloud"),
    ],
)
def test_the_name_of_a_model_tells_who_made_it(resource: str, publisher: str) -> None:
    assert find_publisher(resource, Service("S", "Seller")) == publisher
