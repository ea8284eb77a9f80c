"""Mappings of single paths, and mappings that name the format of a host."""

from __future__ import annotations

import pytest

from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.validation import check_config
from payi_transport.routing.hosts import HostTable
from payi_transport.routing.routes import Routes

CHAT = "/v1/chat/completions"
GATEWAY: dict[str, dict[str, object]] = {
    "https://gw.test/anthropic/": {"price_as_category": "system.anthropic"},
    "gw.test/openai": {"price_as_category": "system.openai", "include_usage": True},
    "gw.test/openai/eu": {"price_as_category": "eu"},
    "gw.test/rank": {"price_as_category": "voyage", "format": "voyage.rerank"},
    "gw.test:8443/openai": {"price_as_category": "port"},
    "*.gw.test/openai": {"price_as_category": "below"},
    "x.gw.test": {"price_as_category": "whole"},
    "x.gw.test/v1": {"price_as_category": "part"},
    "api.openai.com/v1/beta": {"price_as_category": "beta"},
    "*.services.ai.azure.com/mine": {"include_usage": True},
}


def make_routes(mappings: dict[str, dict[str, object]], reported: list[str] | None = None) -> Routes:
    table = HostTable(collect_host_mappings(check_config({"host_mappings": mappings})))
    found = [] if reported is None else reported
    return Routes(table, on_unmapped=lambda host, operation, path: found.append(f"{host} {path}"))


@pytest.mark.parametrize(
    ("address", "path", "category"),
    [
        (("gw.test", None), "/anthropic/v1/messages", "system.anthropic"),
        (("GW.test.", None), "/Anthropic//v1/messages", "system.anthropic"),
        (("gw.test", None), "/openai/v1/chat/completions", "system.openai"),
        (("gw.test", None), "/openai/eu/v1/chat/completions", "eu"),
        (("gw.test", None), "/openai/eux/v1/chat/completions", "system.openai"),
        (("gw.test", None), "/openai2/v1/chat/completions", None),
        (("gw.test", None), CHAT, None),
        (("gw.test", None), "/anthropic", None),
        (("gw.test", 8443), "/openai/v1/chat/completions", "port"),
        (("gw.test", 8443), "/anthropic/v1/messages", "system.anthropic"),
        (("gw.test", 9000), "/openai/v1/chat/completions", "system.openai"),
        (("a.gw.test", None), "/openai/v1/chat/completions", "below"),
        (("x.gw.test", None), "/openai/v1/chat/completions", "whole"),
        (("x.gw.test", None), CHAT, "part"),
        (("api.openai.com", None), CHAT, "system.openai"),
        (("api.openai.com", None), "/v1/beta/responses", "beta"),
        (("r.services.ai.azure.com", None), "/openai/v1/chat/completions", "system.azureopenai"),
        (("r.services.ai.azure.com", None), "/mine/chat/completions", "system.azure"),
    ],
)
def test_the_longest_path_that_is_mapped_decides(
    address: tuple[str, int | None], path: str, category: str | None
) -> None:
    route = make_routes(GATEWAY).find("POST", "https", *address, path)
    assert (route and route.category) == category


def test_include_usage_of_a_path_is_for_that_path() -> None:
    routes = make_routes(GATEWAY)
    for path, asks in (("/openai/v1/chat/completions", True), ("/openai/eu/v1/chat/completions", False)):
        route = routes.find("POST", "https", "gw.test", None, path)
        assert route is not None
        assert route.asks_usage is asks


def test_calls_beside_the_mapped_paths_are_reported_and_counted() -> None:
    reported: list[str] = []
    routes = make_routes(GATEWAY, reported)
    for _ in range(3):
        assert routes.find("POST", "https", "gw.test", None, f"/groq{CHAT}") is None
        assert routes.find("POST", "https", "gw.test", None, "/orders") is None
    assert reported == [f"gw.test /groq{CHAT}"]
    assert routes.unobserved.read() == {"gw.test": {"unmapped": 3}}


@pytest.mark.parametrize(
    ("format_", "method", "path", "operation"),
    [
        ("openai.chat", "POST", "/ask", "openai.chat"),
        ("openai.chat", "POST", "/", "openai.chat"),
        ("openai.chat", "POST", "/v1/messages", "openai.chat"),
        ("openai.chat", "GET", "/ask", None),
        ("openai.chat", "GET", "/models", None),
        ("openai.chat", "POST", "/v1/files", None),
        ("openai.chat", "POST", "/tokenize", None),
        ("openai.responses", "POST", "/ask", "openai.responses"),
        ("openai.responses", "GET", "/v1/responses/resp_1", "openai.responses.again"),
        ("openai.responses", "GET", "/ask/resp_1", None),
        ("anthropic.messages", "POST", CHAT, "anthropic.messages"),
        ("voyage.rerank", "POST", "/rank/it", "cohere.rerank"),
        ("voyage.rerank", "POST", "/v1/embeddings", "cohere.rerank"),
        ("cohere.rerank", "POST", "/v2/rerank", "cohere.rerank"),
        ("mistral.conversations", "POST", "/v1/conversations/conv_1", "mistral.conversations"),
        ("mistral.documents", "POST", "/pages", "mistral.documents"),
        ("xai.chat", "POST", "/ask", "openai.chat"),
        ("xai.chat", "GRPC", "/xai_api.Chat/GetCompletion", "xai.chat"),
        ("openai.realtime", "WEBSOCKET", "/live", "openai.realtime"),
        ("anthropic", "POST", "/a/v1/messages", "anthropic.messages"),
        ("anthropic", "POST", CHAT, None),
        ("anthropic", "POST", "/ask", None),
        ("openai", "POST", CHAT, "openai.chat"),
        ("openai", "POST", "/v1/messages", None),
    ],
)
def test_a_format_says_what_the_requests_of_a_mapping_are(
    format_: str, method: str, path: str, operation: str | None
) -> None:
    routes = make_routes({"h.test": {"price_as_category": "c", "format": format_}})
    route = routes.find(method, "https", "h.test", None, path)
    assert (route and route.operation) == operation


@pytest.mark.parametrize(
    "path", ["/v1/conversations", "/v1/conversations/c1", "/v1/conversations/c1/restart"]
)
def test_a_conversation_calls_a_model_at_mistral_alone(path: str) -> None:
    routes = make_routes(
        {"api.mistral.ai": {"price_as_category": "mine"}, "gw.test": {"price_as_category": "mistral"}}
    )
    for host, category in (("api.mistral.ai", "mine"), ("gw.test", "mistral")):
        route = routes.find("POST", "https", host, None, path)
        assert route is not None
        assert (route.operation, route.category) == ("mistral.conversations", category)
    assert routes.find("POST", "https", "api.openai.com", None, path) is None
    assert routes.unobserved.read().keys() <= {"api.openai.com"}
