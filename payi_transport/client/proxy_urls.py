"""Base URLs that make a provider's SDK send its requests through Pay-i (proxy mode).

Each function accepts Pay-i's own base URL; without it, that of the environment variable `PAYI_BASE_URL` is
used, else Pay-i's public one. Source of the paths: the public `payi` SDK.
"""

from __future__ import annotations

import os

from payi_transport.values.names import DEFAULT_BASE_URL

__all__ = [
    "payi_anthropic_url",
    "payi_aws_bedrock_url",
    "payi_azure_anthropic_url",
    "payi_azure_openai_url",
    "payi_openai_url",
]


# Only OpenAI's path ends in `/v1`: its SDK expects that in the base URL, and the others add all of theirs.
def payi_openai_url(payi_base_url: str | None = None) -> str:
    """Return the base URL for an OpenAI client that calls through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/openai/v1")


def payi_azure_openai_url(payi_base_url: str | None = None) -> str:
    """Return the endpoint for an Azure OpenAI client that calls through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/azure.openai")


def payi_anthropic_url(payi_base_url: str | None = None) -> str:
    """Return the base URL for an Anthropic client that calls through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/anthropic")


def payi_azure_anthropic_url(payi_base_url: str | None = None) -> str:
    """Return the base URL for an Anthropic client for Azure that calls through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/azure.anthropic")


def payi_aws_bedrock_url(payi_base_url: str | None = None) -> str:
    """Return the endpoint for a Bedrock client that calls through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/aws.bedrock")


def _join(payi_base_url: str | None, path: str) -> str:
    # `or`, because an empty environment variable means that none is set.
    base = payi_base_url or os.environ.get("PAYI_BASE_URL") or DEFAULT_BASE_URL
    return base.rstrip("/") + path
