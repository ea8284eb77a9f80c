"""What FOCUS calls the services behind our categories: who sells, who hosts, and who publishes a model."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Service", "find_publisher", "find_service"]


class Service(NamedTuple):
    """A service, and the company that sells and hosts it."""

    name: str
    provider: str


_SERVICES = {
    "system.openai": Service("OpenAI API", "OpenAI"),
    "system.azureopenai": Service("Azure OpenAI Service", "Microsoft"),
    "system.azure": Service("Azure AI Foundry Models", "Microsoft"),
    "system.anthropic": Service("Anthropic API", "Anthropic"),
    "system.aws.bedrock": Service("Amazon Bedrock", "AWS"),
    "system.google.vertex": Service("Vertex AI", "Google Cloud"),
    "system.databricks.azure": Service("Databricks Model Serving", "Databricks"),
    "system.databricks.aws": Service("Databricks Model Serving", "Databricks"),
    "system.databricks.google": Service("Databricks Model Serving", "Databricks"),
}
# By a part of a model's name, who made it.
_PUBLISHERS = {
    "claude": "Anthropic",
    "gpt": "OpenAI",
    "gemini": "Google",
    "llama": "Meta",
    "mistral": "Mistral AI",
    "command": "Cohere",
    "nova": "Amazon",
    "titan": "Amazon",
    "deepseek": "DeepSeek",
    "qwen": "Alibaba Cloud",
}


def find_service(category: str) -> Service:
    """Return the service of a category; one of the user's own names both."""
    return _SERVICES.get(category) or Service(category or "unknown", category or "unknown")


def find_publisher(resource: str | None, service: Service) -> str:
    """Return who publishes a model: its maker where the name tells, or else who sells it."""
    name = (resource or "").lower()
    return next((publisher for part, publisher in _PUBLISHERS.items() if part in name), service.provider)
