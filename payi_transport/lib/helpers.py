"""The names of `payi.lib.helpers`."""

from __future__ import annotations

from payi_transport import (
    PayiCategories,
    PayiHeaderNames,
    PayiPropertyNames,
    PayiResourceScopes,
    create_headers,
    create_limit_header_from_ids,
    increment_kpi_score,
    increment_kpi_score_async,
    payi_anthropic_url,
    payi_aws_bedrock_url,
    payi_azure_anthropic_url,
    payi_azure_openai_url,
    payi_openai_url,
)

__all__ = [
    "PayiCategories",
    "PayiHeaderNames",
    "PayiPropertyNames",
    "PayiResourceScopes",
    "create_headers",
    "create_limit_header_from_ids",
    "increment_kpi_score",
    "increment_kpi_score_async",
    "payi_anthropic_url",
    "payi_aws_bedrock_url",
    "payi_azure_anthropic_url",
    "payi_azure_openai_url",
    "payi_openai_url",
]
