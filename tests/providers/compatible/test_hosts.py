"""Hosts of providers that Pay-i has no category for, and addresses of those that it has one for."""

from __future__ import annotations

import logging

import pytest

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.exchange_decoder import ExchangeDecoder
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.routing.hosts import HostMapping, HostPattern, HostTable, parse_host
from payi_transport.routing.routes import Routes
from tests.support.exchanges import ROUTE, make_exchange
from tests.support.wire_cases import UNARY

CHAT = "/v1/chat/completions"
CALLS = {
    "https://api.cohere.com/v2/chat": ("cohere.chat", "cohere"),
    "https://api.cohere.ai/v1/rerank": ("cohere.search", "cohere"),
    "https://api.mistral.ai/v1/chat/completions": ("openai.chat", "mistral"),
    "https://codestral.mistral.ai/v1/fim/completions": ("openai.completions", "mistral"),
    "https://api.groq.com/openai/v1/chat/completions": ("openai.chat", "groq"),
    "https://api.together.xyz/v1/completions": ("openai.completions", "together"),
    "https://api.fireworks.ai/inference/v1/chat/completions": ("openai.chat", "fireworks"),
    "https://api.x.ai/v1/responses": ("openai.responses", "xai"),
    "https://us-east-1.api.x.ai/v1/chat/completions": ("openai.chat", "xai"),
    "https://api.deepseek.com/chat/completions": ("openai.chat", "deepseek"),
    "https://api.deepseek.com/anthropic/v1/messages": ("anthropic.messages", "deepseek"),
    "https://openrouter.ai/api/v1/chat/completions": ("openai.chat", "openrouter"),
    "https://api.perplexity.ai/chat/completions": ("openai.chat", "perplexity"),
    "https://api.voyageai.com/v1/embeddings": ("openai.embeddings", "voyage"),
    "https://api.voyageai.com/v1/rerank": ("cohere.search", "voyage"),
    "https://api.jina.ai/v1/rerank": ("cohere.search", "jina"),
    "https://router.huggingface.co/v1/chat/completions": ("openai.chat", "huggingface"),
    "https://api.moonshot.ai/v1/chat/completions": ("openai.chat", "moonshot"),
    "https://api.moonshot.cn/v1/chat/completions": ("openai.chat", "moonshot"),
    "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions": ("openai.chat", "dashscope"),
    "https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1/chat/completions": (
        "openai.chat",
        "dashscope",
    ),
    "http://localhost:11434/api/chat": ("ollama.generation", "ollama"),
    "http://127.0.0.1:11434/v1/chat/completions": ("openai.chat", "ollama"),
    "http://[::1]:11434/api/embed": ("ollama.generation", "ollama"),
    "https://ollama.com/api/chat": ("ollama.generation", "ollama"),
    "https://mine.openai.azure.us/openai/deployments/d/chat/completions": (
        "openai.chat",
        "system.azureopenai",
    ),
    "https://mine.openai.azure.cn/openai/v1/responses": ("openai.responses", "system.azureopenai"),
    "https://mine.cognitiveservices.azure.us/openai/v1/chat/completions": (
        "openai.chat",
        "system.azureopenai",
    ),
    "https://aws-external-anthropic.us-east-1.api.aws/v1/messages": (
        "anthropic.messages",
        "system.anthropic",
    ),
    "https://claude.googleapis.com/v1/projects/p/locations/l/workspaces/w/invoke/v1/messages": (
        "anthropic.messages",
        "system.anthropic",
    ),
    "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/mistralai/"
    "models/mistral-small-2503:rawPredict": ("google.mistral", "system.google.vertex"),
}


@pytest.mark.parametrize(("url", "expected"), CALLS.items(), ids=CALLS)
def test_a_known_host_is_recorded_without_a_mapping(url: str, expected: tuple[str, str]) -> None:
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    # As the hooks have it, which is the lower-case name without brackets.
    host, port = parse_host(authority)
    route = Routes(HostTable()).find("POST", scheme, host, port, f"/{path}")
    assert route is not None
    assert (route.operation, route.category, route.known) == (*expected, True)


@pytest.mark.parametrize("address", ["localhost:8000", "localhost", "ollama.test:11434"])
def test_only_ollamas_port_on_this_machine_is_known(address: str) -> None:
    assert Routes(HostTable()).find("POST", "http", *parse_host(address), CHAT) is None


def test_a_mapping_overrides_the_plain_name() -> None:
    table = HostTable({parse_host("api.groq.com"): HostMapping("system.openai", None)})
    route = Routes(table).find("POST", "https", "api.groq.com", None, CHAT)
    assert route is not None
    assert (route.category, route.known) == ("system.openai", True)


def test_claude_at_aws_is_signed_for_its_host_so_pay_is_proxy_does_not_forward_it() -> None:
    routes = Routes(HostTable())
    for host, forwarded in {
        "aws-external-anthropic.us-east-1.api.aws": False,
        "api.anthropic.com": True,
    }.items():
        route = routes.find("POST", "https", host, None, "/v1/messages")
        assert route is not None
        assert route.forwarded is forwarded


def decode_at(host: str, category: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.WARNING)
    decoder = ExchangeDecoder(DecodeOptions(), OneTimeWarnings(logging.getLogger("tests.hosts"), ()))
    route = ROUTE._replace(host=HostPattern(host, None), category=category, known=True)
    for _ in range(2):
        exchange: Exchange = make_exchange(UNARY, route=route)
        decoder.decode(exchange)
    return [record.getMessage() for record in caplog.records]


def test_a_plain_name_is_warned_about_once_with_the_mapping_that_changes_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (message,) = decode_at("api.groq.com", "groq", caplog)
    assert "with the category 'groq'" in message
    assert '{"host_mappings": {"api.groq.com": {"price_as_category": "<category>"}}}' in message


@pytest.mark.parametrize(
    ("host", "category"),
    [("api.openai.com", "system.openai"), ("api.groq.com", "my.models"), ("own.test", "my.models")],
)
def test_a_category_of_pay_is_or_of_the_users_own_is_not_warned_about(
    host: str, category: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert decode_at(host, category, caplog) == []
