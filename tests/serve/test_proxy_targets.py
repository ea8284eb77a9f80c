"""Where a request to a proxy path goes, and which addresses are refused, without a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport.routing.hosts import HostMapping, parse_host
from payi_transport.serve.faults import Refusal
from payi_transport.serve.proxy_targets import ProxyPath, Target, Targets, make_url, read_proxy_path
from payi_transport.serve.settings import ServeSettings

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
AZURE_CHAT = "/openai/v1/chat/completions"
GATEWAY = "https://gw.example.org"


def find(path: str, headers: dict[str, str] | None = None, method: str = "POST", **settings: Any) -> Target:
    targets = Targets(ServeSettings(file=Path("s"), **settings))
    return targets.find(method, read_proxy_path(f"/api/v1/proxy/{path}"), headers or {})


def refusal_of(path: str, headers: dict[str, str] | None = None, **settings: Any) -> tuple[str, str]:
    with pytest.raises(Refusal) as raised:
        find(path, headers, **settings)
    return raised.value.code, raised.value.message


@pytest.mark.parametrize(
    ("raw_path", "expected"),
    [
        ("/api/v1/proxy/openai/v1/models", ProxyPath("openai", "/v1/models", None)),
        ("/api/v1/proxy/openai/", ProxyPath("openai", "/", None)),
        ("/api/v1/proxy/openai/a%2Fb", ProxyPath("openai", "/a%2Fb", None)),
        ("/api/v1/run/my%20app/proxy/openai/v1", ProxyPath("openai", "/v1", "my app")),
        ("/api/v1/proxy/openai/v1/..a/.b/c.", ProxyPath("openai", "/v1/..a/.b/c.", None)),
        # An exclamation mark is the first character after the space.
        ("/api/v1/proxy/openai/v1/%21", ProxyPath("openai", "/v1/%21", None)),
    ],
)
def test_a_path_names_a_provider_a_path_there_and_a_use_case(raw_path: str, expected: ProxyPath) -> None:
    assert read_proxy_path(raw_path) == expected


@pytest.mark.parametrize("path", ["/api/v1/proxy/openai", "/api/v1/proxy//x", "/x/api/v1/proxy/openai/x"])
def test_a_path_without_a_provider_is_refused_with_the_form_of_one(path: str) -> None:
    with pytest.raises(Refusal) as raised:
        read_proxy_path(path)
    expected = f"{path} names no provider: expected /api/v1/proxy/<provider>/<path>"
    assert (raised.value.code, raised.value.message) == ("not_found", expected)


@pytest.mark.parametrize(
    "rest",
    ["..", ".", "a/..", "%2e%2e/a", "%252e%252e", "a%5c..", "a%5cb", "a%255cb", "a%00", "a%20b", "a%2520b"],
)
def test_a_path_that_leads_elsewhere_is_refused(rest: str) -> None:
    assert refusal_of(f"openai/{rest}") == ("not_found", "the path has segments that lead elsewhere")


@pytest.mark.parametrize(
    ("path", "url", "category"),
    [
        (f"openai{CHAT}", f"https://api.openai.com{CHAT}", "system.openai"),
        (f"anthropic{MESSAGES}", f"https://api.anthropic.com{MESSAGES}", "system.anthropic"),
        ("openai/v1/models", "https://api.openai.com/v1/models", None),
    ],
)
def test_a_request_goes_to_the_provider_itself(path: str, url: str, category: str | None) -> None:
    target = find(path)
    assert target.url == url
    assert (target.route.category if target.route else None) == category


def test_what_is_free_is_known_by_its_method() -> None:
    assert find(f"openai{CHAT}").route is not None
    assert find(f"openai{CHAT}", method="DELETE").route is None


def test_a_provider_that_there_is_not_is_refused_with_those_there_are() -> None:
    code, message = refusal_of("opnai/v1")
    assert code == "not_found"
    assert message.startswith("'opnai' is not a provider of the proxy: anthropic, ")
    assert "openai" in message


def test_the_strict_mode_forwards_what_pay_i_forwards_alone() -> None:
    assert find(f"openai{CHAT}", strict=True).url.endswith(CHAT)
    expected = ("not_found", "Pay-i does not forward /v1/models to openai")
    assert refusal_of("openai/v1/models", strict=True) == expected


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (GATEWAY, f"{GATEWAY}{CHAT}"),
        (f"{GATEWAY}/tenant", f"{GATEWAY}/tenant{CHAT}"),
        (f"{GATEWAY}/tenant/", f"{GATEWAY}/tenant{CHAT}"),
        (f"{GATEWAY}:8443", f"{GATEWAY}:8443{CHAT}"),
        (f"{GATEWAY}:443", f"{GATEWAY}:443{CHAT}"),
        ("http://127.0.0.1:80", f"http://127.0.0.1:80{CHAT}"),
        ("http://127.0.0.1:11434", f"http://127.0.0.1:11434{CHAT}"),
    ],
)
def test_an_upstream_stands_for_a_provider_and_is_metered_as_that(base: str, url: str) -> None:
    target = find(f"openai{CHAT}", upstreams={"openai": base})
    assert target.url == url
    assert target.route is not None and target.route.category == "system.openai"


def test_one_gateway_may_stand_for_two_providers() -> None:
    upstreams = {"openai": GATEWAY, "anthropic": GATEWAY}
    routes = [find(path, upstreams=upstreams).route for path in (f"openai{CHAT}", f"anthropic{MESSAGES}")]
    assert [route and route.category for route in routes] == ["system.openai", "system.anthropic"]


@pytest.mark.parametrize(
    "base", ["https://a.openai.azure.com", "https://a.openai.azure.com/", " https://a.openai.azure.com "]
)
def test_a_header_may_name_a_host_of_the_provider(base: str) -> None:
    target = find(f"azure.openai{AZURE_CHAT}", {"xproxy-provider-baseuri": base})
    assert target.url == f"https://a.openai.azure.com{AZURE_CHAT}"
    assert target.route is not None and target.route.category == "system.azureopenai"


def test_a_header_wins_over_an_upstream_of_its_provider() -> None:
    headers = {"xproxy-provider-baseuri": "https://api.openai.com"}
    target = find(f"openai{CHAT}", headers, upstreams={"openai": GATEWAY})
    assert target.url == f"https://api.openai.com{CHAT}"
    assert target.route is not None and target.route.category == "system.openai"


@pytest.mark.parametrize("base", [GATEWAY, f"http://gw.example.org{'/tenant'}", f"{GATEWAY}:443/x"])
def test_a_header_may_name_a_host_that_is_mapped_also_by_plain_http_and_with_a_path(base: str) -> None:
    mappings = {parse_host("gw.example.org"): HostMapping("system.openai", None)}
    target = find(f"openai{CHAT}", {"xproxy-provider-baseuri": base}, mappings=mappings)
    assert target.url == f"{base}{CHAT}"
    assert target.route is not None and target.route.category == "system.openai"


def test_where_the_header_has_to_name_the_host_its_lack_is_named() -> None:
    expected = ("header_is_missing", "azure.openai needs the header xProxy-Provider-BaseUri")
    assert refusal_of(f"azure.openai{AZURE_CHAT}") == expected
    assert refusal_of(f"azure.openai{AZURE_CHAT}", {"xproxy-provider-baseuri": "  "}) == expected


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("https://[bad", "is not an address"),
        ("https://h:x", "is not an address"),
        # A URL alone takes it.
        ("https://xn--a.openai.azure.com", "is not an address"),
        ("https://evil.example", "is neither a host of azure.openai nor mapped in the service's config"),
        ("ftp://gw.example.org", "is not an address"),
        ("wss://gw.example.org", "is neither a host"),
        ("//gw.example.org", "is neither a host"),
        ("https://u@gw.example.org", "is neither a host"),
        ("https://:p@gw.example.org", "is neither a host"),
        ("https://gw.example.org?x=1", "is neither a host"),
        ("https://gw.example.org#x", "is neither a host"),
        ("http://a.openai.azure.com", "is neither a host"),
        ("https://a.openai.azure.com:8443", "is neither a host"),
        ("https://a.openai.azure.com/path", "is neither a host"),
        # A provider's host, and another one's.
        ("https://api.openai.com", "is neither a host"),
    ],
)
def test_another_address_is_refused_with_the_reason(base: str, reason: str) -> None:
    mappings = {parse_host("gw.example.org"): HostMapping("system.azureopenai", None)}
    headers = {"xproxy-provider-baseuri": base}
    code, message = refusal_of(f"azure.openai{AZURE_CHAT}", headers, mappings=mappings)
    assert code == "invalid_provider_base_uri"
    assert message.startswith(f"{base!r} {reason}")


@pytest.mark.parametrize(
    ("headers", "settings", "url"),
    [
        ({"chatgpt-account-id": "a"}, {}, "https://chatgpt.com/backend-api/codex/responses"),
        ({}, {}, "https://api.openai.com/v1/responses"),
        ({"chatgpt-account-id": "a"}, {"upstreams": {"openai": GATEWAY}}, f"{GATEWAY}/v1/responses"),
    ],
    ids=["signed in", "with a key", "through a gateway"],
)
def test_requests_of_codex_go_where_it_would_send_them(
    headers: dict[str, str], settings: dict[str, Any], url: str
) -> None:
    target = find("openai/v1/responses", headers, **settings)
    assert target.url == url
    assert target.route is not None and target.route.category == "system.openai"


def test_an_address_that_no_request_can_have_is_an_error() -> None:
    assert str(make_url("https://h/x?y=1")) == "https://h/x?y=1"
    with pytest.raises(ValueError, match="Invalid"):
        make_url("https://h/\x00")
