"""Hosts that serve the APIs of other providers: mostly OpenAI's, some of them Anthropic's or Cohere's too.

Pay-i has no categories for them, so each has its provider's plain name. A mapping of the host overrides it.
Source: the base URLs in each provider's API reference.
"""

from __future__ import annotations

from typing import Final

from payi_transport.providers.provider import HostRule, Provider
from payi_transport.values.patterns import lazy_compile

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

# Paths that are called at each, the usual one first. Source: each provider's API reference.
_EXAMPLES: Final = {
    "dashscope": ("/compatible-mode/v1/chat/completions", "/compatible-mode/v1/embeddings"),
    "deepseek": ("/chat/completions", "/beta/completions", "/anthropic/v1/messages"),
    "fireworks": ("/inference/v1/chat/completions", "/inference/v1/embeddings"),
    "groq": ("/openai/v1/chat/completions", "/openai/v1/responses", "/openai/v1/audio/transcriptions"),
    "huggingface": ("/v1/chat/completions", "/v1/responses"),
    "jina": ("/v1/embeddings", "/v1/rerank"),
    "mistral": (
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/fim/completions",
        "/v1/conversations",
        "/v1/ocr",
    ),
    "moonshot": ("/v1/chat/completions",),
    "openrouter": ("/api/v1/chat/completions", "/api/v1/responses", "/api/v1/embeddings"),
    "perplexity": ("/chat/completions",),
    "together": ("/v1/chat/completions", "/v1/embeddings", "/v1/rerank"),
    "voyage": ("/v1/embeddings", "/v1/rerank"),
    "xai": ("/v1/chat/completions", "/v1/responses"),
}
# What costs nothing elsewhere. A conversation at Mistral calls a model.
_NEVER_FREE: Final = {"mistral": lazy_compile("/conversations(/[^/]+(/restart)?)?$")}
# Servers that have no host of their own.
_SERVERS: Final = ("litellm", "vllm")
_APIS: Final = {
    "chat": "openai.chat",
    "completions": "openai.completions",
    "embeddings": "openai.embeddings",
    "rerank": "cohere.rerank",
    "responses": "openai.responses",
    "transcription": "openai.transcription",
}

PROVIDER = Provider(
    name="compatible",
    hosts=tuple(
        HostRule(host, category, never_free=_NEVER_FREE.get(category))
        for category, hosts in _HOSTS.items()
        for host in hosts
    ),
    examples=_EXAMPLES,
    formats={f"{name}.{api}": operation for name in (*_HOSTS, *_SERVERS) for api, operation in _APIS.items()},
)
