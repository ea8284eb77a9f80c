"""Which mapping a host that is not known probably needs, for warnings and explanations.

The path of a request names the API, and OpenAI's is spoken by many. Who is asked is in the name of the host,
such as `groq.internal`, or in the path of a gateway, such as `/v1/account/name/groq/chat/completions`. A
gateway serves several providers, so the mapping that is proposed there is for this path alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["UsualMapping", "find_usual_mapping"]

_AZURE_HOST = lazy_compile(r"(^|\.)(azure\.(com|us|cn)|azure-api\.(net|us|cn)|windows\.net)$")
_AZURE_OPENAI_PATH = lazy_compile(r"/deployments/[^/]+/|(^|/)azure[-_.]?openai/")
# What providers are called besides the plain names of their categories.
_NAMES = {
    "openai": PayiCategories.openai,
    "azure-openai": PayiCategories.azure_openai,
    "openai-azure": PayiCategories.azure_openai,
    "azureopenai": PayiCategories.azure_openai,
    "anthropic": PayiCategories.anthropic,
    "claude": PayiCategories.anthropic,
    "bedrock": PayiCategories.aws_bedrock,
    "bedrock-runtime": PayiCategories.aws_bedrock,
    "gemini": PayiCategories.google_vertex,
    "vertex": PayiCategories.google_vertex,
    "vertexai": PayiCategories.google_vertex,
    "vertex-ai": PayiCategories.google_vertex,
    "google-ai-studio": PayiCategories.google_vertex,
    "aiplatform": PayiCategories.google_vertex,
    "fireworks-ai": "fireworks",
    "fireworksai": "fireworks",
    "grok": "xai",
    "hf": "huggingface",
    "kimi": "moonshot",
    "mistralai": "mistral",
    "perplexity-ai": "perplexity",
    "qwen": "dashscope",
    "together-ai": "together",
    "togetherai": "together",
    "voyageai": "voyage",
    "x-ai": "xai",
}


class UsualMapping(NamedTuple):
    """A key of `host_mappings`, and the category to price its calls as; None where nothing hints at one."""

    key: str
    category: str | None


def find_usual_mapping(
    host: str, path: str, operation: str | None, registry: Registry = REGISTRY
) -> UsualMapping:
    """Return the mapping to propose for a request; `host` may have a port."""
    path = path.lower()
    name = host.partition(":")[0].lower()
    if _AZURE_OPENAI_PATH.search(path):
        return UsualMapping(host, PayiCategories.azure_openai)
    if _AZURE_HOST.search(name):
        is_openai = "/openai/" in path or "openai" in name
        return UsualMapping(host, PayiCategories.azure_openai if is_openai else PayiCategories.azure)
    category = _find_name(name, registry)
    if category is not None:
        return UsualMapping(host, category)
    # The last two segments are the API itself, as in `/cohere/v2/rerank`.
    segments = path.split("/")
    for number, segment in enumerate(segments[:-1]):
        category = _find_name(segment, registry)
        if category is not None:
            return UsualMapping(host + "/".join(segments[: number + 1]), category)
    return UsualMapping(host, registry.operations[operation].category if operation else None)


def _find_name(text: str, registry: Registry) -> str | None:
    """Return the category of the provider that a text names, by up to three words in a row."""
    words = re.split(r"[^a-z0-9]+", text)
    runs = ["-".join(words[at : at + size]) for size in (3, 2, 1) for at in range(len(words) - size + 1)]
    for name in runs:
        if name in _NAMES:
            return _NAMES[name]
        if name in registry.instruments:
            return name
    return None
