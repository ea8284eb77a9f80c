"""Routes: the path tells the wire format, the host the category, and `instruments` what of it is observed."""

from __future__ import annotations

import pytest

from payi_transport.hosts import HostMapping, HostPattern, HostTable, parse_host
from payi_transport.routes import Route, Routes, find_operation

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "chat/completions",
        "/openai/deployments/my-gpt/chat/completions",
        "/openai/deployments/my%2Fgpt%20x/chat/completions",
        "/openai/v1/chat/completions",
        "/serving-endpoints/chat/completions",
        "/models/chat/completions",
        "/api/v1/proxy/chat/completions/v1/chat/completions",
        "//chat/completions",
    ],
)
def test_chat_completions_are_told_by_the_end_of_the_path(path: str) -> None:
    assert find_operation("POST", path) == "openai.chat"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", CHAT),
        ("DELETE", CHAT),
        ("post", CHAT),
        ("GET", "/v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/chat/completions/"),
        ("POST", "/v1/xchat/completions"),
        ("POST", "/v1/chat/Completions"),
        ("POST", "/v1/chat%2Fcompletions"),
        ("POST", "/v1/chat/completionsx"),
        ("POST", "/v1/chat/xcompletions"),
        ("POST", "/v1/models"),
        ("POST", "/"),
        ("POST", ""),
    ],
)
def test_no_other_request_is_a_call(method: str, path: str) -> None:
    assert find_operation(method, path) is None


def make_routes(mappings: dict[str, HostMapping] | None = None, *instruments: str) -> Routes:
    table = HostTable({parse_host(key): value for key, value in (mappings or {}).items()})
    return Routes(table, frozenset(instruments) or None)


def test_a_known_host_and_a_known_path_make_a_route() -> None:
    assert make_routes().find("POST", "https", "api.openai.com", None, CHAT) == Route(
        "openai.chat",
        "system.openai",
        "https://api.openai.com/v1/chat/completions",
        HostPattern("api.openai.com", None),
        None,
        True,
    )


def test_a_mapped_host_makes_a_route_as_its_mapping_says() -> None:
    routes = make_routes({"h.test:8000": HostMapping("system.databricks", True)})
    assert routes.find("POST", "https", "h.test", 8000, CHAT) == Route(
        "openai.chat",
        "system.databricks",
        "https://h.test:8000/v1/chat/completions",
        HostPattern("h.test", 8000),
        None,
        True,
    )
    assert routes.find("POST", "https", "h.test", 8001, CHAT) is None


@pytest.mark.parametrize(
    ("host", "path"),
    [("api.openai.com", "/v1/models"), ("api.openai.com.evil.org", CHAT), ("example.com", CHAT)],
)
def test_an_unknown_host_or_path_is_not_observed(host: str, path: str) -> None:
    assert make_routes().find("POST", "https", host, None, path) is None


@pytest.mark.parametrize(
    ("host", "path", "category"),
    [
        ("a.services.ai.azure.com", "/openai/v1/chat/completions", "system.azureopenai"),
        ("a.services.ai.azure.com", "/openai/deployments/d/chat/completions", "system.azureopenai"),
        ("a.models.ai.azure.com", "/openai/v1/chat/completions", "system.azureopenai"),
        ("a.services.ai.azure.com", "/models/chat/completions", "system.azure"),
        ("a.services.ai.azure.com", "/openaix/chat/completions", "system.azure"),
        ("a.models.ai.azure.com", "/chat/completions", "system.azure"),
        ("api.openai.com", "/openai/v1/chat/completions", "system.openai"),
        ("dbc-1.cloud.databricks.com", "/openai/v1/chat/completions", "system.databricks.aws"),
    ],
)
def test_openais_shapes_on_azures_hosts_are_azure_openai(host: str, path: str, category: str) -> None:
    route = make_routes().find("POST", "https", host, None, path)
    assert route is not None
    assert route.category == category


def test_a_category_that_was_mapped_is_for_every_path() -> None:
    routes = make_routes({"a.services.ai.azure.com": HostMapping("system.azure", None)})
    route = routes.find("POST", "https", "a.services.ai.azure.com", None, "/openai/v1/chat/completions")
    assert route is not None
    assert route.category == "system.azure"


HOSTS = {
    "openai": ("api.openai.com", CHAT),
    "azure openai": ("a.openai.azure.com", "/openai/v1/chat/completions"),
    "azure": ("a.services.ai.azure.com", "/models/chat/completions"),
    "openai on azure": ("a.services.ai.azure.com", "/openai/v1/chat/completions"),
    "databricks on azure": ("a.azuredatabricks.net", "/serving-endpoints/chat/completions"),
    "databricks on aws": ("a.cloud.databricks.com", "/serving-endpoints/chat/completions"),
    "databricks on google": ("a.gcp.databricks.com", "/serving-endpoints/chat/completions"),
    "databricks, mapped": ("bricks.test", CHAT),
    "a category of one's own": ("own.test", CHAT),
}
MAPPINGS = {
    "bricks.test": HostMapping("system.databricks", None),
    "own.test": HostMapping("my.models", None),
}
BRICKS = {name for name in HOSTS if name.startswith("databricks")}


@pytest.mark.parametrize(
    ("instruments", "observed"),
    [
        ([], set(HOSTS)),
        (["system.openai"], {"openai"}),
        (["system.azure"], {"azure", "azure openai", "openai on azure"}),
        (["system.azureopenai"], {"azure openai", "openai on azure"}),
        (["system.databricks"], BRICKS),
        (["system.databricks.aws"], {"databricks on aws"}),
        (["system.openai", "system.databricks"], {"openai"} | BRICKS),
        (["system.anthropic"], set()),
        (["my.models"], {"a category of one's own"}),
    ],
)
def test_instruments_limit_what_is_observed(instruments: list[str], observed: set[str]) -> None:
    routes = make_routes(MAPPINGS, *instruments)
    found = {name for name, (host, path) in HOSTS.items() if routes.find("POST", "https", host, None, path)}
    assert found == observed
