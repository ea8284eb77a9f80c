"""Claude Code's and Codex's requests, replayed by the SDKs of their providers through the proxy paths."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from anthropic import Anthropic
from openai import OpenAI
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from payi_transport.serve.app import make_app
from payi_transport.serve.proxy_targets import Targets, read_proxy_path
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.views import CallDetail
from tests.serve.clis import (
    CLAUDE_HEADERS,
    CLAUDE_REQUEST,
    CODEX_EVENTS,
    CODEX_HEADERS,
    CODEX_REQUEST,
    MESSAGE_EVENTS,
)
from tests.serve.conftest import Serve
from tests.serve.test_proxy import find_calls
from tests.support.origin import CannedResponse, Origin

SSE = {"content-type": "text/event-stream; charset=utf-8"}
CHATGPT = {**CODEX_HEADERS, "chatgpt-account-id": "0a1b2c3d"}
# 1000 tokens at $5, 2000 read from a cache at $0.50, and 100 at $25 a million.
CLAUDE_PRICE = "0.0085"
# 800 tokens at $1.25, 200 cached at $0.125, and 500 at $10 a million.
CODEX_PRICE = "0.006025"
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


@pytest.fixture
def proxy(serve: Serve, origin: Origin) -> tuple[str, Service]:
    # As with the providers: Anthropic's SDK states the version in its paths, and OpenAI's in its base URL.
    return serve(upstreams={"openai": origin.url, "anthropic": origin.url})


class Recorded:
    """What an SDK sent and received, byte for byte."""

    def __init__(self) -> None:
        self.request: httpx.Request | Any = None
        self.body = b""

    def client(self, library: Any) -> Any:
        """Return a client of httpx or its fork that records."""

        class Recording(library.HTTPTransport):  # type: ignore[misc]
            def handle_request(transport, request: Any) -> Any:
                self.request = request
                response = super().handle_request(request)
                self.body = b"".join(response.stream)
                shown = library.ByteStream(self.body)
                return library.Response(response.status_code, headers=response.headers.raw, stream=shown)

        return library.Client(transport=Recording())


def ask_claude(address: str, recorded: Recorded, **credentials: Any) -> str:
    base = f"{address}/api/v1/run/coding/proxy/anthropic"
    with Anthropic(
        base_url=base, http_client=recorded.client(find_library(Anthropic)), **credentials
    ) as client:
        with client.messages.stream(**CLAUDE_REQUEST, extra_headers=CLAUDE_HEADERS) as stream:
            return "".join(stream.text_stream)


def ask_codex(address: str, recorded: Recorded, key: str, headers: dict[str, str]) -> list[str]:
    base = f"{address}/api/v1/run/coding/proxy/openai/v1"
    with OpenAI(api_key=key, base_url=base, http_client=recorded.client(find_library(OpenAI))) as client:
        with client.responses.create(**CODEX_REQUEST, stream=True, extra_headers=headers) as events:
            return [event.type for event in events]


def find_library(sdk: Any) -> Any:
    """Return the HTTP library that an SDK is built on."""
    with sdk(api_key="k") as client:
        names = [kind.__module__.partition(".")[0] for kind in type(client._client).__mro__]
    return importlib.import_module(next(name for name in names if name in ("httpx", "httpx2")))


def check_untouched(recorded: Recorded, origin: Origin, chunks: list[bytes], path: str) -> None:
    """Assert that the provider got what the SDK sent, and the SDK what the provider sent."""
    [received] = origin.received
    sent = recorded.request
    assert (received.path, received.body) == (path, sent.read())
    # These are of the connection, which is another.
    ours = {name.lower(): value for name, value in sent.headers.items() if name != "host"}
    theirs = {name.lower(): value for name, value in received.headers.items() if name.lower() != "host"}
    assert {name: theirs.get(name) for name in ours if name != "connection"} == {
        name: value for name, value in ours.items() if name != "connection"
    }
    assert theirs.keys() - ours.keys() <= {"connection"}
    assert recorded.body == b"".join(chunks)


@pytest.mark.parametrize(
    ("credentials", "status", "cost"),
    [
        ({"api_key": None, "auth_token": "sk-ant-oat01-x"}, "included", "0"),
        ({"api_key": "sk-ant-api03-x"}, "priced", CLAUDE_PRICE),
        # A gateway's token, as ANTHROPIC_AUTH_TOKEN has one, says nothing of a subscription.
        ({"api_key": None, "auth_token": "gateway-key"}, "priced", CLAUDE_PRICE),
    ],
    ids=["subscription", "key", "token"],
)
def test_claude_codes_stream_passes_untouched_and_is_metered(
    credentials: dict[str, Any], status: str, cost: str, proxy: tuple[str, Service], origin: Origin
) -> None:
    address, service = proxy
    origin.responses = [CannedResponse(MESSAGE_EVENTS, headers=SSE)]
    recorded = Recorded()
    assert ask_claude(address, recorded, **credentials) == "Dönë ✓"
    check_untouched(recorded, origin, MESSAGE_EVENTS, "/v1/messages")
    [found] = find_calls(service)
    check_call(found, "msg_cli", status, cost)
    assert {name: units.input for name, units in found.detail.units.items()} == {
        "text": 1000,
        "text_cache_read": 2000,
    }


@pytest.mark.parametrize(
    ("headers", "status", "cost"),
    [(CHATGPT, "included", "0"), (CODEX_HEADERS, "priced", CODEX_PRICE)],
    ids=["signed in with ChatGPT", "key"],
)
def test_codexs_stream_passes_untouched_and_is_metered(
    headers: dict[str, str], status: str, cost: str, proxy: tuple[str, Service], origin: Origin
) -> None:
    address, service = proxy
    origin.responses = [CannedResponse(CODEX_EVENTS, headers=SSE)]
    recorded = Recorded()
    assert ask_codex(address, recorded, "eyJhbGciOi.x.y", headers)[-1] == "response.completed"
    check_untouched(recorded, origin, CODEX_EVENTS, "/v1/responses")
    [found] = find_calls(service)
    check_call(found, "resp_cli", status, cost)
    assert found.detail.units["reasoning"].output == 100


def check_call(found: CallDetail, response_id: str, status: str, cost: str) -> None:
    assert (found.call.use_case, found.response_id) == ("coding", response_id)
    assert (found.call.price_status, found.call.cost) == (status, Decimal(cost))


def test_a_compressed_request_passes_untouched_and_is_metered(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    # Codex compresses what it sends to ChatGPT.
    address, service = proxy
    origin.responses = [CannedResponse(CODEX_EVENTS, headers=SSE)]
    packed = gzip.compress(json.dumps({**CODEX_REQUEST, "stream": True}).encode())
    kind = {"content-type": "application/json", "content-encoding": "gzip"}
    response = httpx.post(
        f"{address}/api/v1/proxy/openai/v1/responses", content=packed, headers={**CHATGPT, **kind}
    )
    assert response.content == b"".join(CODEX_EVENTS)
    assert origin.received[0].body == packed
    [found] = find_calls(service)
    assert (found.call.model, found.call.price_status, found.call.output) == ("gpt-5", "included", 500)


def test_what_is_included_is_apart_from_what_is_billed(proxy: tuple[str, Service], origin: Origin) -> None:
    address, _ = proxy
    origin.responses = [
        CannedResponse(MESSAGE_EVENTS, headers=SSE),
        CannedResponse(CODEX_EVENTS, headers=SSE),
    ]
    ask_claude(address, Recorded(), api_key=None, auth_token="sk-ant-oat01-x")
    ask_codex(address, Recorded(), "sk-x", CODEX_HEADERS)
    asked = httpx.get(f"{address}/page/api/figures").json()["now"]
    assert (asked["calls"], asked["included"], Decimal(str(asked["cost"]))) == (2, 1, Decimal(CODEX_PRICE))


@pytest.mark.parametrize(
    ("headers", "path", "url"),
    [
        (CHATGPT, "openai/v1/responses", "https://chatgpt.com/backend-api/codex/responses"),
        (CHATGPT, "openai/v1/models", "https://chatgpt.com/backend-api/codex/models"),
        (CODEX_HEADERS, "openai/v1/responses", "https://api.openai.com/v1/responses"),
        (CHATGPT, "anthropic/v1/messages", "https://api.anthropic.com/v1/messages"),
    ],
)
def test_a_login_with_chatgpt_goes_to_chatgpt(
    headers: dict[str, str], path: str, url: str, tmp_path: Any
) -> None:
    targets = Targets(ServeSettings(file=tmp_path / "x"))
    found = targets.find("POST", read_proxy_path(f"/api/v1/proxy/{path}"), headers)
    assert found.url == url
    assert (found.route is None) == path.endswith("models")


@pytest.mark.parametrize("path", ["proxy/openai/v1/responses", "run/coding/proxy/openai/v1/responses"])
def test_codex_is_told_to_use_http_when_it_asks_for_a_websocket(
    path: str, proxy: tuple[str, Service], origin: Origin
) -> None:
    # As Codex asks before its first request; 426 is the status after which it uses HTTP.
    address, service = proxy
    headers = {**CODEX_HEADERS, "authorization": "Bearer sk-x"}
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{address.replace('http', 'ws')}/api/v1/{path}", additional_headers=headers)
    response = refused.value.response
    assert response.status_code == 426
    error = json.loads(response.body or b"")["xproxy_error"]
    assert error["code"] == "websocket_not_supported" and "supports_websockets = false" in error["message"]
    assert (origin.received, find_calls(service)) == ([], [])
    origin.responses = [CannedResponse(CODEX_EVENTS, headers=SSE)]
    ask_codex(address, Recorded(), "sk-x", CODEX_HEADERS)
    assert len(find_calls(service)) == 1


def test_a_server_without_websockets_says_the_same(proxy: tuple[str, Service], origin: Origin) -> None:
    _, service = proxy
    app = make_app(service)
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/proxy/openai/v1/responses",
        "raw_path": b"/api/v1/proxy/openai/v1/responses",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"upgrade", b"WebSocket"), (b"connection", b"Upgrade")],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert (sent[0]["status"], origin.received) == (426, [])
