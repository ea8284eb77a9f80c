"""Which headers of a request reach the provider, and which of its response come back."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from payi_transport.serve.app import make_app
from payi_transport.serve.proxy import Proxy
from payi_transport.serve.service import Service
from tests.serve.conftest import Serve
from tests.serve.test_proxy import COMPLETION, MESSAGE, find_calls
from tests.support.origin import CannedResponse, Origin

CHAT = "/api/v1/proxy/openai/v1/chat/completions"
BODY = json.dumps(COMPLETION).encode()


@pytest.fixture
def proxy(serve: Serve, origin: Origin) -> tuple[str, Service]:
    origin.responses = [CannedResponse([BODY])]
    return serve(upstreams={"openai": origin.url, "anthropic": origin.url})


def post(proxy: tuple[str, Service], headers: dict[str, str], body: Any = None) -> httpx.Response:
    return httpx.post(f"{proxy[0]}{CHAT}", json=body or {"model": "gpt-4.1"}, headers=headers)


def test_headers_of_the_caller_reach_the_provider(proxy: tuple[str, Service], origin: Origin) -> None:
    sent = {
        "authorization": "Bearer sk-1",
        "x-custom": "a",
        "user-agent": "cli",
        "accept-encoding": "gzip",
        "xProxy-Forward-X-Team": "red",
        "Referer": "r",
    }
    assert post(proxy, sent).status_code == 200
    [received] = origin.received
    expected = {"authorization": "Bearer sk-1", "x-custom": "a", "user-agent": "cli", "referer": "r"}
    assert expected.items() <= dict(received.headers).items()
    assert (received.headers["x-team"], received.headers["accept-encoding"]) == ("red", "gzip")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connection", "close"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "x"),
        ("proxy-authorization", "x"),
        ("proxy-connection", "x"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("upgrade", "h2c"),
        ("cookie", "a=b"),
        ("xproxy-usecase-name", "chat"),
        ("xproxy-anything", "x"),
        ("xproxy-forward-cookie", "a=b"),
    ],
)
def test_headers_of_a_connection_or_of_pay_i_do_not(
    name: str, value: str, proxy: tuple[str, Service], origin: Origin
) -> None:
    assert post(proxy, {name: value}).status_code == 200
    [received] = origin.received
    assert received.headers.get(name.removeprefix("xproxy-forward-")) != value


def test_each_header_that_a_connection_names_is_its_own(proxy: tuple[str, Service], origin: Origin) -> None:
    assert post(proxy, {"Connection": "X-One, x-two", "X-One": "1", "X-Two": "2", "X-Three": "3"}).is_success
    [received] = origin.received
    assert not {"x-one", "x-two"} & received.headers.keys()
    assert received.headers["x-three"] == "3"


@pytest.mark.parametrize(("headers", "coding"), [({}, "gzip"), ({"xproxy-api-key": "k"}, "identity")])
def test_what_is_changed_on_its_way_back_is_not_compressed(
    headers: dict[str, str], coding: str, proxy: tuple[str, Service], origin: Origin
) -> None:
    assert post(proxy, {**headers, "accept-encoding": "gzip"}).status_code == 200
    [received] = origin.received
    assert received.headers["accept-encoding"] == coding


def test_headers_of_the_provider_come_back(proxy: tuple[str, Service], origin: Origin) -> None:
    headers = {
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "x-request-id": "r-1",
        "retry-after": "7",
        "set-cookie": "a=b",
        "keep-alive": "timeout=9",
        "trailer": "x",
    }
    origin.responses = [CannedResponse([BODY], headers=headers)]
    response = post(proxy, {})
    assert (response.headers["x-request-id"], response.headers["retry-after"]) == ("r-1", "7")
    assert response.headers["content-length"] == str(len(BODY))
    assert not {"set-cookie", "keep-alive", "trailer"} & response.headers.keys()
    assert len(response.headers.get_list("date")) == 1
    assert "server" not in response.headers
    changed = post(proxy, {"xproxy-api-key": "k"})
    assert changed.json()["xproxy_result"]
    assert changed.headers.get("content-length") in (None, str(len(changed.content)))


def test_a_query_is_forwarded_as_it_is(proxy: tuple[str, Service], origin: Origin) -> None:
    address, _ = proxy
    for query in ("", "?a=1&b=%2F%20x"):
        assert httpx.post(f"{address}{CHAT}{query}", json={"model": "m"}).status_code == 200
        assert origin.received[-1].path == f"/v1/chat/completions{query}"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/v1/proxy", "/api/v1/run/app/proxy"])
def test_each_method_is_forwarded(method: str, path: str, proxy: tuple[str, Service], origin: Origin) -> None:
    response = httpx.request(method, f"{proxy[0]}{path}/openai/v1/files/f-1")
    if method == "PATCH":
        # The origin of the tests refuses it, and the service does not.
        assert "Unsupported method" in response.text
        return
    assert response.status_code == 200
    [received] = origin.received
    assert (received.method, received.path, received.body) == (method, "/v1/files/f-1", b"")


def test_a_request_for_a_websocket_is_told_to_use_http(proxy: tuple[str, Service], origin: Origin) -> None:
    refused = httpx.get(f"{proxy[0]}{CHAT}", headers={"upgrade": "WebSocket"})
    assert (refused.status_code, refused.json()["xproxy_error"]["code"]) == (426, "websocket_not_supported")
    assert "supports_websockets = false" in refused.json()["message"]
    with TestClient(make_app(proxy[1]), base_url="http://localhost") as client:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/v1/nowhere"):
            """It is refused."""
    assert origin.received == []


def test_a_block_limit_names_itself_where_it_refuses(proxy: tuple[str, Service], origin: Origin) -> None:
    headers = {"xproxy-api-key": "k", "xproxy-limit-ids": "a,b"}
    for name, most in (("a", 1), ("b", 0.001)):
        body = {"limit_name": name, "limit_id": name, "max": most, "limit_type": "block"}
        assert httpx.post(f"{proxy[0]}/api/v1/limits", json=body, headers=headers).status_code == 200
    assert post(proxy, headers).status_code == 200
    refused = post(proxy, headers)
    assert (refused.status_code, len(origin.received)) == (424, 1)
    assert refused.json() == {
        "message": "limit b is overrun, so the request was not sent",
        "statusCode": 424,
        "xproxy_error": {
            "code": "limit_blocked",
            "message": "limit b is overrun, so the request was not sent",
        },
        "xproxy_result": {"blocked_limit_ids": ["b"], "limits": {"b": {"state": "blocked"}}},
    }


def test_a_provider_that_cannot_be_reached_is_said_by_its_error(serve: Serve, closed_port: int) -> None:
    address, service = serve(upstreams={"openai": f"http://127.0.0.1:{closed_port}"})
    refused = post((address, service), {})
    assert refused.json()["message"] == "the provider can't be reached: ConnectError"
    [found] = find_calls(service)
    assert found.detail.properties["system.failure"]


def test_a_provider_has_ten_minutes_to_think(service: Service) -> None:
    timeout = Proxy(service)._client.timeout
    assert (timeout.connect, timeout.read, timeout.write, timeout.pool) == (10, 600, 60, 60)


def test_a_body_that_comes_in_parts_is_read_as_a_whole(proxy: tuple[str, Service], origin: Origin) -> None:
    body = json.dumps({**MESSAGE, "content": [{"type": "text", "text": "x" * 50_000}]}).encode()
    size = 7001
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    origin.responses = [CannedResponse(parts)]
    address, service = proxy
    response = httpx.post(f"{address}/api/v1/proxy/anthropic/v1/messages", json={"model": "claude-opus-4-5"})
    assert response.content == body
    [found] = find_calls(service)
    assert (found.call.input, found.call.output, found.response) == (1000, 100, body.decode())
