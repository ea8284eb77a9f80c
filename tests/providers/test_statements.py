"""What each provider states: which requests are its calls, and which hosts are its own."""

from __future__ import annotations

import pytest

from payi_transport.providers.anthropic import PROVIDER as ANTHROPIC
from payi_transport.providers.azure import PROVIDER as AZURE
from payi_transport.providers.bedrock import PROVIDER as BEDROCK
from payi_transport.providers.cohere import PROVIDER as COHERE
from payi_transport.providers.compatible import PROVIDER as COMPATIBLE
from payi_transport.providers.databricks import PROVIDER as DATABRICKS
from payi_transport.providers.google import PROVIDER as GOOGLE
from payi_transport.providers.mistral import PROVIDER as MISTRAL
from payi_transport.providers.ollama import PROVIDER as OLLAMA
from payi_transport.providers.openai import PROVIDER as OPENAI
from payi_transport.providers.provider import GRPC, WEBSOCKET, Provider
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.providers.xai import PROVIDER as XAI
from payi_transport.routing.hosts import HostTable, find_known
from payi_transport.routing.paths import find_operation
from payi_transport.routing.routes import Routes
from tests.routing.test_hosts import KNOWN, LOOKALIKES
from tests.routing.test_paths import OPERATIONS, RPCS, SOCKETS

PROVIDERS = (
    *(ANTHROPIC, AZURE, BEDROCK, COHERE, COMPATIBLE, DATABRICKS, GOOGLE, MISTRAL, OLLAMA, OPENAI, XAI),
)
CALLS = [
    *(("POST", path, name) for path, name in OPERATIONS.items()),
    *((WEBSOCKET, path, name) for path, name in SOCKETS.items()),
    *((GRPC, path, name) for path, name in RPCS.items()),
    ("POST", "/v1/conversations", "mistral.conversations"),
    ("POST", "/v1/conversations/conv_1", "mistral.conversations"),
    ("GET", "/v1/responses/resp_1", "openai.responses.again"),
    ("GET", "/v1/batches/batch_1", "openai.batch.again"),
    ("GET", "/v1/videos/video_1", "openai.video.again"),
    ("GET", "/v1beta/interactions/v1_a", "google.interactions.again"),
    ("POST", "/v1/fim/completions", "openai.completions"),
    ("POST", "/beta/completions", "openai.completions"),
]
_OPENAI, _GOOGLE, _BEDROCK = "system.openai", "system.google.vertex", "system.aws.bedrock"
CATEGORIES = {
    "anthropic.messages": "system.anthropic",
    "anthropic.vertex": _GOOGLE,
    "databricks.invocations": "system.databricks.aws",
    **{name: _OPENAI for name in REGISTRY.operations if name.startswith("openai.")},
    **{name: _GOOGLE for name in REGISTRY.operations if name.startswith("google.")},
    **{name: _BEDROCK for name in REGISTRY.operations if name.startswith("bedrock.")},
    **{
        name: name.partition(".")[0]
        for name in REGISTRY.operations
        if name.startswith(("cohere.", "mistral.", "ollama.", "xai."))
    },
}
HOSTS = {
    **KNOWN,
    "mine.openai.azure.us": "system.azureopenai",
    "mine.openai.azure.cn": "system.azureopenai",
    "mine.cognitiveservices.azure.us": "system.azureopenai",
    "mine.cognitiveservices.azure.cn": "system.azureopenai",
    "aws-external-anthropic.us-east-1.api.aws": "system.anthropic",
    "claude.googleapis.com": "system.anthropic",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "ollama.com": "ollama",
    "dashscope.aliyuncs.com": "dashscope",
    "mine.dashscope.aliyuncs.com": "dashscope",
    "dashscope-intl.aliyuncs.com": "dashscope",
    "dashscope-us.aliyuncs.com": "dashscope",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "router.huggingface.co": "huggingface",
    "api.jina.ai": "jina",
    "api.mistral.ai": "mistral",
    "codestral.mistral.ai": "mistral",
    "api.moonshot.ai": "moonshot",
    "api.moonshot.cn": "moonshot",
    "openrouter.ai": "openrouter",
    "api.perplexity.ai": "perplexity",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.voyageai.com": "voyage",
    "api.x.ai": "xai",
    "us-east-1.api.x.ai": "xai",
    "bedrock-agent-runtime.us-east-1.amazonaws.com": _BEDROCK,
    "bedrock.us-east-1.amazonaws.com": _BEDROCK,
    "runtime.sagemaker.us-east-1.amazonaws.com": "sagemaker",
    "runtime.sagemaker-fips.us-gov-west-1.amazonaws.com": "sagemaker",
}
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


@each_provider
def test_a_provider_knows_its_own_calls_by_itself(provider: Provider) -> None:
    registry = Registry([provider])
    own = [row for row in CALLS if row[2] in registry.operations]
    assert {name for _, _, name in own} == set(registry.operations)
    assert {path.rule for rows in registry.paths.values() for path in rows} <= {
        rule
        for method, path, name in own
        for rule in registry.operations[name].paths
        if rule.method == method and rule.pattern.fullmatch(path)
    }
    for method, path, name in CALLS:
        found = find_operation(method, path, registry)
        assert found == name if name in registry.operations else found in (None, "cohere.rerank")


@each_provider
def test_a_provider_knows_its_own_hosts_by_itself(provider: Provider) -> None:
    registry = Registry([provider])
    categories = {rule.category for rule in provider.hosts}
    for host, category in HOSTS.items():
        match = find_known(host, registry=registry)
        assert match is None or match.category == category
        assert (match is not None) == (category in categories and host in _list_hosts(provider))
    assert not any(find_known(host, registry=registry) for host in LOOKALIKES if "agent" not in host)


def _list_hosts(provider: Provider) -> set[str]:
    return {
        host
        for host in HOSTS
        if any(
            (host == rule.host or (rule.host.startswith("*.") and host.endswith(rule.host[1:])))
            if isinstance(rule.host, str)
            else rule.host.fullmatch(host)
            for rule in provider.hosts
        )
    }


@pytest.mark.parametrize(("host", "category"), HOSTS.items())
def test_the_host_of_a_provider_has_its_category(host: str, category: str) -> None:
    match = find_known(host)
    assert match is not None
    assert match.category == category
    assert match.accepts_usage == host.endswith("api.openai.com")
    # Requests there are signed for the host.
    assert match.forwarded == (not host.startswith("aws-external-anthropic."))


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_ollama_is_known_at_its_port_of_this_machine(address: str) -> None:
    match = find_known(address, 11434)
    assert match is not None
    assert match.category == "ollama"
    assert find_known(address, 11435) is None


def test_an_operation_is_usually_priced_by_the_category_of_its_provider() -> None:
    assert {name: operation.category for name, operation in REGISTRY.operations.items()} == CATEGORIES


def test_streams_of_completions_alone_report_usage_when_asked() -> None:
    asked = {name for name, operation in REGISTRY.operations.items() if operation.has_usage_chunk}
    assert asked == {"openai.chat", "openai.completions"}


def is_reported(method: str, path: str, port: int | None = None) -> bool:
    """Return whether a request to a host that nobody knows looks like a call."""
    reported: list[str] = []
    routes = Routes(HostTable(), on_unmapped=lambda host, operation, _: reported.append(operation))
    assert routes.find(method, "https", "llm.test", port, path) is None
    return bool(reported)


# Any program's own server may have such paths, and nobody pays for the fetch of a result.
QUIET = {
    *("openai.decisions", "openai.live.again", "openai.video", "cohere.chat", "cohere.search"),
    *("cohere.rerank", "ollama.generation", "mistral.conversations", "mistral.documents"),
    *(name for name in REGISTRY.operations if name.endswith(".again")),
}


@pytest.mark.parametrize("name", REGISTRY.operations)
def test_what_looks_like_a_call_at_an_unknown_host(name: str) -> None:
    operation = REGISTRY.operations[name]
    assert is_reported(operation.method, operation.example) == (name not in QUIET)


@pytest.mark.parametrize(
    ("method", "path", "port", "is_call"),
    [
        (WEBSOCKET, "/v1/realtime", None, True),
        (WEBSOCKET, "/openai/realtime", None, True),
        (WEBSOCKET, "/chat/realtime", None, False),
        ("POST", "/v1/rerank", None, True),
        ("POST", "/v2/embed", None, False),
        ("POST", "/api/generate", 11434, True),
        ("POST", "/api/generate", 8080, False),
    ],
)
def test_the_end_of_a_path_or_a_port_makes_a_call_of_some_requests(
    method: str, path: str, port: int | None, is_call: bool
) -> None:
    assert is_reported(method, path, port) == is_call


def test_these_hosts_give_each_request_an_id_and_these_report_the_usage_of_batches() -> None:
    assert REGISTRY.names_requests == {
        *(_OPENAI, _GOOGLE, _BEDROCK, "system.anthropic", "system.azure", "system.azureopenai", "sagemaker"),
    }
    assert REGISTRY.reads_batches == {_OPENAI, "system.azure", "system.azureopenai"}


@pytest.mark.parametrize("category", REGISTRY.examples)
def test_the_examples_of_a_host_are_calls(category: str) -> None:
    assert category in REGISTRY.instruments
    assert REGISTRY.examples[category]
    for path in REGISTRY.examples[category]:
        assert find_operation("POST", path) is not None


def test_every_host_that_serves_apis_of_others_alone_has_examples() -> None:
    own = {operation.category for operation in REGISTRY.operations.values()} - {"mistral", "xai"}
    served = {rule.category for provider in PROVIDERS for rule in provider.hosts} - own - {"sagemaker"}
    assert served | {"system.databricks", "system.databricks.aws"} == set(REGISTRY.examples)


APIS = {
    "chat": ("openai.chat",),
    "completions": ("openai.completions",),
    "embeddings": ("openai.embeddings",),
    "rerank": ("cohere.rerank",),
    "responses": ("openai.responses", "openai.responses.again"),
    "transcription": ("openai.transcription",),
}


@pytest.mark.parametrize("name", ["groq", "mistral", "litellm", "vllm", "together"])
def test_the_format_of_a_host_may_be_named_by_its_server(name: str) -> None:
    assert {api: REGISTRY.formats[f"{name}.{api}"] for api in APIS} == APIS


@pytest.mark.parametrize(
    ("category", "path", "forwarded"),
    [
        (_OPENAI, "/v1/chat/completions", True),
        (_OPENAI, "/v1/responses", True),
        (_OPENAI, "/v1/embeddings", True),
        (_OPENAI, "/v1/images/generations", True),
        (_OPENAI, "/v1/audio/speech", False),
        (_OPENAI, "/chat/completions", False),
        ("system.anthropic", "/v1/messages", True),
        ("system.anthropic", "/v1/messages/batches", False),
        ("system.azureopenai", "/openai/v1/responses", True),
        ("system.azureopenai", "/openai/deployments/d/embeddings", True),
        ("system.azureopenai", "/api/projects/p/openai/images/generations", True),
        ("system.azureopenai", "/openai/deployments/d/audio/speech", False),
        ("system.azure", "/anthropic/v1/messages", True),
        ("system.azure", "/api/projects/p/anthropic/v1/messages", True),
        ("system.azure", "/models/chat/completions", False),
        (_BEDROCK, "/model/m/converse", True),
        (_BEDROCK, "/model/m/converse-stream", True),
        (_BEDROCK, "/model/m/invoke", True),
        (_BEDROCK, "/model/m/invoke-with-response-stream", True),
        (_BEDROCK, "/guardrail-checks/invoke", False),
        (_GOOGLE, "/v1/projects/p/locations/l/publishers/google/models/m:generateContent", True),
        (_GOOGLE, "/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent", True),
        (_GOOGLE, "/v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict", True),
        (_GOOGLE, "/v1beta1/projects/p/locations/l/publishers/x/models/m:streamRawPredict", True),
        (_GOOGLE, "/v1/projects/p/locations/l/publishers/google/models/m:predict", False),
        (_GOOGLE, "/v1beta/models/m:generateContent", False),
    ],
)
def test_pay_is_proxy_forwards_the_paths_that_it_documents(category: str, path: str, forwarded: bool) -> None:
    assert bool(REGISTRY.forwarded[category].paths.fullmatch(path)) == forwarded


def test_pay_is_proxy_knows_the_host_of_two_providers() -> None:
    hosts = {category: row.host for category, row in REGISTRY.forwarded.items() if row.host}
    assert hosts == {_OPENAI: "api.openai.com", "system.anthropic": "api.anthropic.com"}
