"""What tests of explanations share: a call, a mapping, and the explanation of a URL beside mappings."""

from __future__ import annotations

from typing import Any

from payi_transport.cli.explain import Explanation, explain_url
from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.validation import check_config

__all__ = ["CHAT", "OPENAI", "explain"]

CHAT = "/v1/chat/completions"
OPENAI = {"price_as_category": "system.openai"}


def explain(url: str, host_mappings: dict[str, Any] | None = None, **more: Any) -> Explanation:
    settings = check_config({"host_mappings": host_mappings or {}})
    return explain_url(url, mappings=collect_host_mappings(settings), **more)
