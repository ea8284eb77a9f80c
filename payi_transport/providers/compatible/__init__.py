"""Hosts that serve the APIs of other providers: mostly OpenAI's, some of them Anthropic's or Cohere's too.

Pay-i has no categories for them, so each has its provider's plain name. A mapping of the host overrides it.
Source: the base URLs in each provider's API reference.
"""

from __future__ import annotations

from typing import Final

from payi_transport.providers.provider import HostRule, Provider

__all__ = ["PROVIDER"]

_HOSTS: Final = {
    "dashscope": (
        "dashscope.aliyuncs.com",
        "*.dashscope.aliyuncs.com",
        "dashscope-intl.aliyuncs.com",
        "dashscope-us.aliyuncs.com",
    ),
    "deepseek": ("api.deepseek.com",),
    "fireworks": ("api.fireworks.ai",),
    "groq": ("api.groq.com",),
    "huggingface": ("router.huggingface.co",),
    "jina": ("api.jina.ai",),
    "mistral": ("api.mistral.ai", "codestral.mistral.ai"),
    "moonshot": ("api.moonshot.ai", "api.moonshot.cn"),
    "openrouter": ("openrouter.ai",),
    "perplexity": ("api.perplexity.ai",),
    "together": ("api.together.xyz", "api.together.ai"),
    "voyage": ("api.voyageai.com",),
    # Regional endpoints are below the main one, such as `us-east-1.api.x.ai`.
    "xai": ("api.x.ai", "*.api.x.ai"),
}

PROVIDER = Provider(
    name="compatible",
    hosts=tuple(HostRule(host, category) for category, hosts in _HOSTS.items() for host in hosts),
)
