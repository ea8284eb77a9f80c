"""Where Pay-i takes the requests of each provider in proxy mode, as a base URL for the provider's SDK.

Source: the public `payi` SDK. Each function takes Pay-i's own base URL, else it is that of the environment
variable `PAYI_BASE_URL`, else Pay-i's public one.
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


def payi_openai_url(payi_base_url: str | None = None) -> str:
    """The base URL of an OpenAI client whose calls go through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/openai/v1")


def payi_azure_openai_url(payi_base_url: str | None = None) -> str:
    """The endpoint of an Azure OpenAI client whose calls go through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/azure.openai")


def payi_anthropic_url(payi_base_url: str | None = None) -> str:
    """The base URL of an Anthropic client whose calls go through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/anthropic")


def payi_azure_anthropic_url(payi_base_url: str | None = None) -> str:
    """The base URL of an Anthropic client for Azure whose calls go through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/azure.anthropic")


def payi_aws_bedrock_url(payi_base_url: str | None = None) -> str:
    """The endpoint of a Bedrock client whose calls go through Pay-i."""
    return _join(payi_base_url, "/api/v1/proxy/aws.bedrock")


def _join(payi_base_url: str | None, path: str) -> str:
    base = payi_base_url or os.environ.get("PAYI_BASE_URL") or DEFAULT_BASE_URL
    return base.rstrip("/") + path
