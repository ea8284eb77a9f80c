"""Routes: the path decides the operation, the host the category, and `instruments` what is observed."""

from __future__ import annotations

import pytest

from payi_transport.routing.hosts import HostMapping, HostPattern, HostTable, parse_host
from payi_transport.routing.routes import Route, Routes
from payi_transport.values.names import PROXY_CATEGORY

CHAT = "/v1/chat/completions"


def make_routes(mappings: dict[str, HostMapping] | None = None, *instruments: str) -> Routes:
    table = HostTable({parse_host(key): value for key, value in (mappings or {}).items()})
    return Routes(table, frozenset(instruments) or None)


def test_a_known_host_and_a_known_path_make_a_route() -> None:
    assert make_routes().find("POST", "https", "api.openai.com", None, CHAT) == Route(
        "openai.chat",
        "system.openai",
        "https://api.openai.com/v1/chat/completions",
        HostPattern("api.openai.com", None),
        asks_usage=True,
        known=True,
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
        ("a.services.ai.azure.com", "/api/projects/p/openai/v1/responses", "system.azureopenai"),
        ("a.services.ai.azure.com", "/api/projects/p%2Fq/openai/responses", "system.azureopenai"),
        ("a.services.ai.azure.com", "/api/projects/p/q/openai/v1/responses", "system.azure"),
        ("a.services.ai.azure.com", "/api/projects/openai/v1/responses", "system.azure"),
        ("a.services.ai.azure.com", "/models/chat/completions", "system.azure"),
        ("a.services.ai.azure.com", "/openaix/chat/completions", "system.azure"),
        ("a.models.ai.azure.com", "/chat/completions", "system.azure"),
        ("a.services.ai.azure.com", "/anthropic/v1/messages", "system.azure"),
        ("api.openai.com", "/openai/v1/chat/completions", "system.openai"),
        ("dbc-1.cloud.databricks.com", "/openai/v1/chat/completions", "system.databricks.aws"),
    ],
)
def test_openais_paths_at_azures_hosts_are_azure_openai(host: str, path: str, category: str) -> None:
    route = make_routes().find("POST", "https", host, None, path)
    assert route is not None
    assert route.category == category


def test_a_mapped_category_applies_to_every_path() -> None:
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


@pytest.mark.parametrize(
    ("host", "path", "asks"),
    [
        ("mine.openai.azure.com", "/openai/v1/chat/completions", True),
        ("mine.services.ai.azure.com", "/openai/v1/chat/completions", True),
        ("mine.services.ai.azure.com", "/api/projects/p/openai/v1/chat/completions", True),
        ("mine.services.ai.azure.com", "/api/projects/p/openai/deployments/d/chat/completions", False),
        ("mine.services.ai.azure.com", "/api/projects/p/v1/chat/completions", False),
        ("mine.openai.azure.com", "/openai/v1/responses", False),
        ("mine.openai.azure.com", "/openai/deployments/d/chat/completions", False),
        ("mine.openai.azure.com", "/openai/v12/chat/completions", False),
        ("mine.services.ai.azure.com", "/models/chat/completions", False),
        ("a.azuredatabricks.net", "/openai/v1/chat/completions", False),
        ("api.openai.com", "/v1/completions", True),
        ("api.openai.com", "/v1/responses", False),
        ("api.openai.com", "/v1/embeddings", False),
    ],
)
def test_a_stream_is_asked_for_usage_where_host_and_path_are_known_to_accept_it(
    host: str, path: str, asks: bool
) -> None:
    route = make_routes().find("POST", "https", host, None, path)
    assert route is not None
    assert route.asks_usage is asks


@pytest.mark.parametrize("include_usage", [True, False])
def test_the_config_wins_over_what_is_known(include_usage: bool) -> None:
    routes = Routes(HostTable(), include_usage=include_usage)
    for host in ("api.openai.com", "a.azuredatabricks.net"):
        route = routes.find("POST", "https", host, None, CHAT)
        assert route is not None
        assert route.asks_usage is include_usage


Reports = list[tuple[str, str]]


@pytest.fixture
def reported() -> Reports:
    return []


@pytest.fixture
def routes(reported: Reports) -> Routes:
    table = HostTable({parse_host("mapped.test:8000"): HostMapping("c", None)})
    return Routes(table, on_unmapped=lambda host, operation, path: reported.append((host, operation)))


def test_an_unknown_host_that_gets_llm_calls_is_reported_once(routes: Routes, reported: Reports) -> None:
    for path in ("/v1/models", CHAT, CHAT, "/v1/embeddings"):
        assert routes.find("POST", "https", "llm.test", 8443, path) is None
    assert routes.find("POST", "https", "other.test", None, "/v1/responses") is None
    assert reported == [("llm.test:8443", "openai.chat"), ("other.test", "openai.responses")]


@pytest.mark.parametrize(
    ("host", "path", "is_counted"),
    [
        ("llm.test", "/v1/chat/completions", True),
        ("llm.test", "/v1/orders", False),
        ("api.openai.com", "/v1/models", False),
        ("api.openai.com", "/v1/chat/completions", False),
    ],
)
def test_it_says_whether_a_request_was_counted(
    host: str, path: str, is_counted: bool, routes: Routes
) -> None:
    request = ("POST", "https", host, None, path)
    assert not routes.is_counted(*request)
    routes.find(*request)
    assert routes.is_counted(*request) == is_counted
    assert bool(routes.unobserved.read()) == is_counted


def test_a_near_miss_of_a_mapping_is_reported(routes: Routes, reported: Reports) -> None:
    assert routes.find("POST", "https", "mapped.test", 8001, CHAT) is None
    assert reported == [("mapped.test:8001", "openai.chat")]


@pytest.mark.parametrize("path", [CHAT, "/v1/models", "/"])
@pytest.mark.parametrize(("host", "port"), [("api.openai.com", None), ("mapped.test", 8000)])
def test_a_known_host_is_never_reported(
    routes: Routes, reported: Reports, host: str, port: int | None, path: str
) -> None:
    routes.find("POST", "https", host, port, path)
    assert reported == []


@pytest.mark.parametrize(
    "path", ["/", "/v1/models", "/v1/moderations", "/orders/1/cancel", "/api/chat", "/decisions"]
)
def test_requests_that_do_not_look_like_llm_calls_are_not_reported(
    routes: Routes, reported: Reports, path: str
) -> None:
    routes.find("POST", "https", "shop.test", None, path)
    assert reported == []


def test_the_number_of_reported_hosts_is_limited(routes: Routes, reported: Reports) -> None:
    for number in range(5000):
        routes.find("POST", "https", f"h{number}.test", None, CHAT)
    assert len(reported) == 4096


def test_routes_are_remembered_and_their_number_is_limited() -> None:
    routes = make_routes()
    for number in range(10_000):
        assert routes.find("GET", "https", "api.openai.com", None, f"/v1/responses/resp_{number}") is not None
    assert 0 < len(routes.found) <= 4096
    first, again = (routes.find("POST", "https", "api.openai.com", None, CHAT) for _ in range(2))
    assert first is again


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("/api/v1/proxy/openai/v1/chat/completions", "system.openai"),
        ("/gateway/api/v1/proxy/azure.openai/openai/deployments/d/chat/completions", "system.azureopenai"),
        ("/api/v1/proxy/aws.bedrock/model/m/converse", "system.aws.bedrock"),
        ("/api/v1/proxy/unknown/v1/chat/completions", None),
        ("/v1/chat/completions", None),
        ("/api/v1/ingest", None),
    ],
)
def test_at_pay_is_own_host_the_path_decides_the_provider(path: str, category: str | None) -> None:
    route = make_routes({"pay-i.test": HostMapping(PROXY_CATEGORY, None)}).find(
        "POST", "https", "pay-i.test", None, path
    )
    assert (route.category if route else None) == category
    assert route is None or route.proxied
