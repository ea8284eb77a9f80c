"""The mapping that is proposed for a host: by the name of the host, the path of a gateway, or the API."""

from __future__ import annotations

import pytest

from payi_transport.routing.usual_category import UsualMapping, find_usual_mapping

CHAT = "/v1/chat/completions"
AZURE = "system.azureopenai"


@pytest.mark.parametrize(
    ("host", "path", "operation", "key", "category"),
    [
        ("llm.test", CHAT, "openai.chat", "llm.test", "system.openai"),
        ("llm.test:8000", "/v1/messages", "anthropic.messages", "llm.test:8000", "system.anthropic"),
        ("apim.azure-api.net", "/openai/deployments/d/chat/completions", "openai.chat", None, AZURE),
        ("gw.test", "/x/openai/deployments/d/embeddings", "openai.embeddings", None, AZURE),
        ("gw.test", "/azure-openai/v1/chat/completions", "openai.chat", None, AZURE),
        ("my.azure.com", CHAT, "openai.chat", None, "system.azure"),
        ("my.azure.com", "/openai/v1/chat/completions", "openai.chat", None, AZURE),
        ("my-openai.azure.us", CHAT, "openai.chat", None, AZURE),
        ("groq.corp:8443", "/openai/v1/chat/completions", "openai.chat", "groq.corp:8443", "groq"),
        ("eu-voyageai-proxy.test", "/v1/rerank", "cohere.rerank", None, "voyage"),
        ("azure-openai.corp.test", CHAT, "openai.chat", None, AZURE),
        ("google-vertex.test", CHAT, "openai.chat", None, "system.google.vertex"),
        ("gateway.test", "/v1/a/b/groq/chat/completions", "openai.chat", "gateway.test/v1/a/b/groq", "groq"),
        ("gw.test", "/Anthropic/v1/messages", "anthropic.messages", "gw.test/anthropic", "system.anthropic"),
        ("gw.test", "/together-ai/v1/rerank", "cohere.rerank", "gw.test/together-ai", "together"),
        ("gw.test", "/cohere/v2/rerank", "cohere.search", "gw.test/cohere", "cohere"),
        ("localhost", "/api/make", None, "localhost", None),
    ],
)
def test_the_mapping_of_a_host_names_the_provider_that_it_probably_is(
    host: str, path: str, operation: str | None, key: str | None, category: str | None
) -> None:
    assert find_usual_mapping(host, path, operation) == UsualMapping(key or host, category)
