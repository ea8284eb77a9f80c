"""Calls through the proxy paths: forwarded as they are, streamed, metered, and stopped by limits."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from decimal import Decimal
from typing import Any

import httpx
import pytest
from anthropic import Anthropic
from openai import OpenAI

from payi_transport.routing.hosts import HostMapping, parse_host
from payi_transport.serve.service import Service
from payi_transport.serve.views import CallDetail
from payi_transport.values.event import Event
from tests.serve.conftest import Serve
from tests.support.origin import CannedResponse, Origin

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-5",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1000, "output_tokens": 100},
}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4.1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500},
}
STREAM: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}},
    {"type": "message_stop"},
]
EVENTS = [f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode() for data in STREAM]
QUESTION: Any = {
    "model": "claude-opus-4-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hi"}],
}


@pytest.fixture
def proxy(serve: Serve, origin: Origin) -> tuple[str, Service]:
    return serve(upstreams={"openai": origin.url, "anthropic": origin.url})


def find_calls(service: Service) -> list[CallDetail]:
    ids = [id_ for [id_] in service.store.reader.execute("SELECT id FROM events ORDER BY id")]
    return [call for id_ in ids if (call := service.queries.call(id_)) is not None]


def test_a_stream_of_a_cli_is_forwarded_byte_for_byte_and_metered(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    address, service = proxy
    origin.responses = [CannedResponse(EVENTS, headers={"content-type": "text/event-stream"})]
    body = json.dumps({**QUESTION, "stream": True}).encode()
    headers = {"authorization": "Bearer sk-ant-oat01-x", "anthropic-beta": "oauth-2025-04-20", "x-app": "cli"}
    response = httpx.post(
        f"{address}/api/v1/run/coding/proxy/anthropic/v1/messages?beta=true", content=body, headers=headers
    )
    assert response.content == b"".join(EVENTS)
    [received] = origin.received
    assert (received.path, received.body) == ("/v1/messages?beta=true", body)
    assert received.headers["authorization"] == "Bearer sk-ant-oat01-x"
    assert received.headers["x-app"] == "cli" and received.headers["host"] == origin.netloc
    [found] = find_calls(service)
    assert (found.call.use_case, found.call.price_status) == ("coding", "included")
    assert found.call.cost == 0
    assert found.detail.units["text"].input == 1000 and found.call.output == 100
    assert found.response_id == "msg_1" and found.request == body.decode()


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")
def test_an_sdk_whose_base_url_points_here_is_metered(proxy: tuple[str, Service], origin: Origin) -> None:
    address, service = proxy
    origin.responses = [CannedResponse([json.dumps(MESSAGE).encode()])]
    with Anthropic(api_key="k", base_url=f"{address}/api/v1/proxy/anthropic") as client:
        message = client.messages.create(**QUESTION, extra_headers={"xProxy-Account-Name": "acme"})
    assert message.usage.output_tokens == 100 and not hasattr(message, "xproxy_result")
    [received] = origin.received
    assert not [name for name in received.headers if name.startswith("xproxy")]
    [found] = find_calls(service)
    # 1000 tokens at $5 and 100 at $25 a million.
    assert (found.call.account, str(found.call.cost), found.call.price_status) == ("acme", "0.0075", "priced")


def test_proxy_mode_adds_the_result_to_the_body(proxy: tuple[str, Service], origin: Origin) -> None:
    address, service = proxy
    origin.responses = [CannedResponse([json.dumps(COMPLETION).encode()])]
    properties = base64.b64encode(b'{"team":"blue"}').decode()
    headers = {"xProxy-Api-Key": "k", "xProxy-Request-Properties": properties, "xProxy-Forward-X-Team": "red"}
    with OpenAI(api_key="k", base_url=f"{address}/api/v1/proxy/openai/v1", default_headers=headers) as client:
        completion: Any = client.chat.completions.create(
            model="gpt-4.1", messages=[{"role": "user", "content": "Hi"}]
        )
    assert completion.xproxy_result["cost"]["total"] == {"base": 0.006}
    assert origin.received[0].headers["x-team"] == "red"
    [found] = find_calls(service)
    assert found.detail.properties["team"] == "blue"


def test_a_compressed_response_passes_as_it_is(proxy: tuple[str, Service], origin: Origin) -> None:
    address, service = proxy
    packed = gzip.compress(json.dumps(MESSAGE).encode())
    origin.responses = [
        CannedResponse([packed], headers={"content-type": "application/json", "content-encoding": "gzip"})
    ]
    with httpx.stream("POST", f"{address}/api/v1/proxy/anthropic/v1/messages", json=QUESTION) as response:
        assert b"".join(response.iter_raw()) == packed
    assert find_calls(service)[0].call.output == 100


def test_a_request_that_costs_nothing_is_forwarded_and_not_metered(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    address, service = proxy
    origin.responses = [CannedResponse([b'{"data":[]}'])]
    assert httpx.get(f"{address}/api/v1/proxy/openai/v1/models").json() == {"data": []}
    assert find_calls(service) == []


def test_an_error_of_the_provider_passes_and_is_an_event(proxy: tuple[str, Service], origin: Origin) -> None:
    address, service = proxy
    origin.responses = [CannedResponse([b'{"error":{"type":"rate_limit"}}'], status=429)]
    response = httpx.post(f"{address}/api/v1/proxy/openai/v1/chat/completions", json={"model": "gpt-4.1"})
    assert (response.status_code, response.json()["error"]["type"]) == (429, "rate_limit")
    [found] = find_calls(service)
    assert found.call.failed and found.call.status == 429


def test_a_provider_that_can_not_be_reached_is_an_event_with_status_299(serve: Serve) -> None:
    address, service = serve(upstreams={"openai": "http://127.0.0.1:9"})
    response = httpx.post(f"{address}/api/v1/proxy/openai/v1/chat/completions", json={"model": "gpt-4.1"})
    assert response.status_code == 502
    assert response.json()["xproxy_error"]["code"] == "provider_unreachable"
    [found] = find_calls(service)
    assert found.call.status == 299 and found.call.failed


def test_a_body_that_breaks_off_is_metered_as_far_as_it_came(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    address, service = proxy
    origin.responses = [CannedResponse(EVENTS[:3], headers={"content-type": "text/event-stream"}, end="cut")]
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{address}/api/v1/proxy/anthropic/v1/messages", json={**QUESTION, "stream": True})
    [found] = find_calls(service)
    assert found.call.input == 1000


def make_limit(address: str, limit_type: str, most: float) -> None:
    body = {"limit_name": "n", "limit_id": "L", "max": most, "limit_type": limit_type, "threshold": 0.5}
    created = httpx.post(f"{address}/api/v1/limits", json=body, headers={"xproxy-api-key": "k"})
    assert created.status_code == 200


def ask(address: str) -> httpx.Response:
    headers = {"xproxy-api-key": "k", "xproxy-limit-ids": "L"}
    url = f"{address}/api/v1/proxy/openai/v1/chat/completions"
    return httpx.post(url, json={"model": "gpt-4.1"}, headers=headers)


def test_a_block_limit_that_is_overrun_is_told_by_424_and_the_provider_is_not_called(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    address, service = proxy
    numbered = [json.dumps({**COMPLETION, "id": f"c{n}"}).encode() for n in range(3)]
    origin.responses = [CannedResponse([body]) for body in numbered]
    make_limit(address, "block", 0.013)
    states = [ask(address).json()["xproxy_result"]["limits"]["L"]["state"] for _ in range(3)]
    assert states == ["ok", "exceeded", "overrun"]
    refused = ask(address)
    assert (refused.status_code, len(origin.received)) == (424, 3)
    assert refused.json()["xproxy_result"]["blocked_limit_ids"] == ["L"]
    [budget] = service.queries.budgets()
    assert (budget.calls, budget.state) == ({"ok": 1, "exceeded": 1, "overrun": 1, "blocked": 1}, "overrun")
    assert budget.spent == Decimal("0.018")


def test_a_limit_that_does_not_exist_is_refused_before_the_call(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    assert ask(proxy[0]).json()["xproxy_error"]["code"] == "invalid_limit_ids"
    assert origin.received == []


FORBIDDEN: list[tuple[str, dict[str, str]]] = [
    ("azure.openai/openai/v1/chat/completions", {"xproxy-provider-baseuri": base})
    for base in (
        *("http://127.0.0.1:1", "https://127.0.0.1", "http://169.254.169.254", "https://localhost"),
        *("https://evil.example", "http://a.openai.azure.com", "https://a.openai.azure.com:8443"),
        *("https://a.openai.azure.com@evil.example", "https://u:p@a.openai.azure.com", "file:///etc/passwd"),
        *("https://a.openai.azure.com/x", "https://a.openai.azure.com?x", "https://a.openai.azure.com#x"),
        *("https://api.openai.com", "https://a.openai.azure.com.evil.example", "gopher://a.openai.azure.com"),
        *(
            "//evil.example",
            "a.openai.azure.com",
            "https://[::1]",
            "https://2130706433",
            "nonsense",
            "https://",
        ),
    )
] + [
    ("openai/v1/chat/completions", {"xproxy-provider-baseuri": "http://localhost:11434"}),
    ("azure.openai/openai/v1/chat/completions", {}),
    ("elsewhere/v1/chat/completions", {}),
    ("openai/v1/%2e%2e/%2e%2e/admin", {}),
    ("openai/v1/%252e%252e/admin", {}),
    ("openai/v1/..%5cadmin", {}),
    ("openai/v1/a%0d%0aHost:evil", {}),
    ("openai/v1/a%20b", {}),
]


def test_an_address_that_is_no_provider_is_refused(serve: Serve) -> None:
    address, service = serve()
    for path, headers in FORBIDDEN:
        url = httpx.URL(address).copy_with(raw_path=f"/api/v1/proxy/{path}".encode())
        code = httpx.post(url, json={}, headers=headers).json()["xproxy_error"]["code"]
        assert code in ("invalid_provider_base_uri", "header_is_missing", "not_found"), (path, headers)
    assert find_calls(service) == []


def test_a_host_that_the_config_names_is_called(serve: Serve, origin: Origin) -> None:
    mapping = {parse_host(origin.url): HostMapping("system.azureopenai", None)}
    address, service = serve(mappings=mapping)
    origin.responses = [CannedResponse([json.dumps(COMPLETION).encode()])]
    response = httpx.post(
        f"{address}/api/v1/proxy/azure.openai/openai/v1/chat/completions",
        json={"model": "gpt-4.1"},
        headers={"xproxy-provider-baseuri": origin.url},
    )
    assert response.status_code == 200 and find_calls(service)[0].call.category == "system.azureopenai"


def test_strict_forwards_what_pay_i_forwards_alone(serve: Serve, origin: Origin) -> None:
    address, _ = serve(strict=True, upstreams={"openai": origin.url})
    assert httpx.get(f"{address}/api/v1/proxy/openai/v1/models").status_code == 404


def test_a_stream_that_the_caller_leaves_is_metered(
    proxy: tuple[str, Service], origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, service = proxy
    left, stored = threading.Event(), threading.Event()
    ingest = service.ingest_proxied

    def note(event: Event, *, is_fetch: bool) -> Any:
        stored.set()
        return ingest(event, is_fetch=is_fetch)

    monkeypatch.setattr(service, "ingest_proxied", note)
    # The origin waits after its first chunk until the caller has left.
    kind = {"content-type": "text/event-stream"}
    origin.responses = [CannedResponse(EVENTS, headers=kind, hold=left)]
    body = {**QUESTION, "stream": True}
    with httpx.stream("POST", f"{address}/api/v1/proxy/anthropic/v1/messages", json=body) as response:
        next(response.iter_raw())
    assert stored.wait(30)
    left.set()
    service.store.write(lambda writing: None)
    [found] = find_calls(service)
    assert (found.call.input, found.detail.waste) == (1000, "abandoned")
