"""Where in the price list a resource of ours may be: under which provider, and by which name.

Categories that Pay-i prices say who sells the model. Everything else has the plain name of its provider. A
host that was mapped to OpenAI's category may be another seller with a price list of its own, so the host
of the call is asked first there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from payi_transport.values.names import UNKNOWN_RESOURCE, PayiCategories

__all__ = ["Place", "find_place", "list_providers"]


class Place(NamedTuple):
    """What decides about the price of a model: its category, its name, and the host and path that sold it."""

    category: str
    resource: str
    host: str
    # The first part of the path: Hugging Face's router names the seller there.
    seller: str = ""


# Our names of providers, and those of the price list.
_PROVIDERS = {
    PayiCategories.openai: ("openai",),
    PayiCategories.azure_openai: ("azure",),
    PayiCategories.azure: ("azure",),
    PayiCategories.anthropic: ("anthropic",),
    PayiCategories.aws_bedrock: ("aws",),
    PayiCategories.google_vertex: ("google",),
    PayiCategories.databricks_azure: ("databricks",),
    PayiCategories.databricks_aws: ("databricks",),
    PayiCategories.databricks_google: ("databricks",),
    "cohere": ("cohere",),
    "deepseek": ("deepseek",),
    "fireworks": ("fireworks",),
    "groq": ("groq",),
    "mistral": ("mistral",),
    "moonshot": ("moonshotai",),
    "openrouter": ("openrouter",),
    "perplexity": ("perplexity",),
    "together": ("together",),
    "voyage": ("voyageai",),
    "xai": ("x-ai",),
}
# Hosts whose sellers a program may have mapped to the category of the API that they speak.
_HOSTS = {
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.moonshot.ai": "moonshotai",
    "api.moonshot.cn": "moonshotai",
    "api.novita.ai": "novita",
    "api.perplexity.ai": "perplexity",
    "api.together.ai": "together",
    "api.together.xyz": "together",
    "api.voyageai.com": "voyageai",
    "api.x.ai": "x-ai",
    "api.z.ai": "zai",
    "inference.baseten.co": "baseten",
    "api.cerebras.ai": "cerebras",
    "open.bigmodel.cn": "zhipuai",
    "openrouter.ai": "openrouter",
}
_HUGGINGFACE = "router.huggingface.co"
# Makers' names that stand before a model's on Vertex AI and Databricks, and that the list leaves out.
_MAKERS = ("google.", "anthropic.", "meta.", "mistralai.", "databricks-")


def find_place(category: str, resource: str | None, uri: str | None) -> Place | None:
    """Return the place of a call, None if its model is not known."""
    if not resource or resource == UNKNOWN_RESOURCE:
        return None
    host, seller = _split(uri or "")
    return Place(category, resource, host, seller if host == _HUGGINGFACE else "")


@lru_cache(maxsize=4096)
def _split(uri: str) -> tuple[str, str]:
    try:
        parts = urlsplit(uri)
        return parts.hostname or "", parts.path.strip("/").partition("/")[0]
    except ValueError:
        return "", ""


def list_providers(place: Place) -> Iterator[tuple[str, str]]:
    """Yield each provider and model under which the list may have a place, the most likely first."""
    for provider in dict.fromkeys(_list_sellers(place)):
        for model in _list_names(place.resource):
            yield provider, model


def _list_sellers(place: Place) -> Iterator[str]:
    if place.host == _HUGGINGFACE:
        # The seller may also be a suffix of the model: `meta-llama/Llama-3.3-70B-Instruct:groq`.
        yield f"huggingface_{place.resource.rpartition(':')[2] if ':' in place.resource else place.seller}"
    seller = _HOSTS.get(place.host)
    if seller is not None:
        yield seller
    yield from _PROVIDERS.get(place.category, ())


def _list_names(resource: str) -> Iterator[str]:
    yield resource
    for maker in _MAKERS:
        if resource.startswith(maker):
            yield resource.removeprefix(maker)
    if ":" in resource and "/" in resource:
        yield resource.rpartition(":")[0]
