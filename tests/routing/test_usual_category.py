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


@pytest.mark.parametrize(
    ("names", "category"),
    [
        (["openai"], "system.openai"),
        (["azure-openai", "openai-azure", "azureopenai"], AZURE),
        (["anthropic", "claude"], "system.anthropic"),
        (["bedrock", "bedrock-runtime"], "system.aws.bedrock"),
        (
            ["gemini", "vertex", "vertexai", "vertex-ai", "google-ai-studio", "aiplatform"],
            "system.google.vertex",
        ),
        (["fireworks", "fireworks-ai", "fireworksai"], "fireworks"),
        (["xai", "x-ai", "grok"], "xai"),
        (["huggingface", "hf"], "huggingface"),
        (["moonshot", "kimi"], "moonshot"),
        (["mistral", "mistralai"], "mistral"),
        (["perplexity", "perplexity-ai"], "perplexity"),
        (["dashscope", "qwen"], "dashscope"),
        (["together", "together-ai", "togetherai"], "together"),
        (["voyage", "voyageai"], "voyage"),
    ],
)
def test_a_provider_is_recognized_by_what_people_call_it(names: list[str], category: str) -> None:
    for name in names:
        assert find_usual_mapping(f"{name}.test", CHAT, None) == UsualMapping(f"{name}.test", category)
        # A path of Azure's says so by itself, wherever it begins.
        key = "gw.test" if name.startswith("azure") else f"gw.test/x/{name}"
        assert find_usual_mapping("gw.test", f"/x/{name}/v1/chat", None) == UsualMapping(key, category)


@pytest.mark.parametrize(
    ("host", "is_azure"),
    [
        *[(f"x.azure.{end}", True) for end in ("com", "us", "cn")],
        *[(f"x.azure-api.{end}", True) for end in ("net", "us", "cn")],
        ("AZURE.com:8443", True),
        ("x.windows.net", True),
        ("x.azure.com.test", False),
        ("xazure.com", False),
        ("x.windows.com", False),
    ],
)
def test_a_host_is_azures_by_its_domain(host: str, is_azure: bool) -> None:
    assert find_usual_mapping(host, "/v1/x", None).category == ("system.azure" if is_azure else None)


@pytest.mark.parametrize(
    "path",
    [
        "/deployments/d/chat/completions",
        "/OpenAI/Deployments/d/chat/completions",
        "/azure.openai/v1/x",
        "/azure_openai/v1/x",
        "/azureopenai/v1/x",
    ],
)
def test_a_path_of_azure_openai_says_so_at_any_host(path: str) -> None:
    # A name in the host says less than the path.
    assert find_usual_mapping("anthropic.test", path, "openai.chat") == UsualMapping("anthropic.test", AZURE)


@pytest.mark.parametrize("path", ["/v1/openai", "/v1/groq", "/deployments"])
def test_the_end_of_a_path_names_no_provider(path: str) -> None:
    assert find_usual_mapping("gw.test", path, None).key == "gw.test"


def test_two_words_say_more_than_one() -> None:
    host = "azure-openai-claude.test"
    assert find_usual_mapping(host, CHAT, None) == UsualMapping(host, AZURE)
    assert find_usual_mapping("claude-groq.test", CHAT, None).category == "system.anthropic"
