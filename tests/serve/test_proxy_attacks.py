"""What a request to a proxy path can't do: reach another address, be two requests, or run a script."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from payi_transport.serve.app import make_app
from payi_transport.serve.command import open_service
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from tests.serve.conftest import Serve
from tests.serve.test_proxy import COMPLETION, find_calls
from tests.support.origin import CannedResponse, Origin

PATH = "/api/v1/proxy/openai/v1/chat/completions"
AZURE = "/api/v1/proxy/azure.openai/openai/v1/chat/completions"
# Other ways to write addresses and hosts, most of them of this machine.
BASES = [
    *("https://0x7f000001", "https://0177.0.0.1", "https://127.1", "https://0", "https://[::ffff:127.0.0.1]"),
    *(
        "https://[::]",
        "https://[fe80::1%25eth0]",
        "https://127.0.0.1.nip.io",
        "https://metadata.google.internal",
    ),
    *("https://a.openai.azure.com\\@evil.example", "https://evil.example\\.openai.azure.com"),
    *("https://a.openai.azure.com:@evil.example", "https://evil.example#@a.openai.azure.com"),
    *("https://evil.example/.openai.azure.com", "https://evil.example?.openai.azure.com"),
    *("https://a.openai.azure.com:443@evil.example", "https://@evil.example", "https://a.openai.azure.com:0"),
    *(
        "https://evil%2eexample",
        "https://a.openai.azure.com%2f@evil.example",
        "https://openai.azure.com.evil.example",
    ),
    *("https:evil.example", "https:/evil.example", "https:///evil.example", "unix:/run/docker.sock"),
    *(
        "https://a.openai.azure.com:99999",
        "https://a.openai.azure.com:8o",
        "https://xn--openai.example",
        "https://.",
    ),
    *("https://[bad", "https://a.openai.azure.com]", "https://xn--a.openai.azure.com"),
    *("https://\xb2.openai.azure.com", "https://a\xad.openai.azure.com"),
]


@pytest.fixture
def proxy(serve: Serve, origin: Origin) -> tuple[str, Service]:
    origin.responses = [CannedResponse([json.dumps(COMPLETION).encode()])]
    return serve(upstreams={"openai": origin.url})


def test_no_way_to_write_an_address_leads_elsewhere(serve: Serve) -> None:
    address, service = serve()
    for base in BASES:
        headers = {b"xproxy-provider-baseuri": base.encode("latin-1")}
        response = httpx.post(f"{address}{AZURE}", json={}, headers=headers)
        assert response.json()["xproxy_error"]["code"] == "invalid_provider_base_uri", base
    assert find_calls(service) == []


@pytest.mark.anyio
@pytest.mark.parametrize("query", [b"a=\x00", b"a=\x7f", b"a=" + b"x" * 70_000], ids=["null", "del", "long"])
async def test_a_query_that_no_request_can_have_is_refused_before_the_call(
    tmp_path: Path, query: bytes, anyio_backend_name: str
) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("the server runs on asyncio")
    settings = ServeSettings(file=tmp_path / "s", upstreams={"openai": "http://127.0.0.1:1"})
    with open_service(settings) as service:
        status, body = await ask(make_app(service), query)
        assert (status, body["xproxy_error"]["code"]) == (400, "invalid_url")
        assert find_calls(service) == []


async def ask(app: ASGIApp, query: bytes) -> tuple[int, Any]:
    """Make a request with any query, also one that no client sends."""
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "POST", "path": PATH, "query_string": query, "headers": headers}
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_passed_on_and_not_followed(
    status: int, proxy: tuple[str, Service], origin: Origin
) -> None:
    address, _ = proxy
    headers = {"location": "http://169.254.169.254/latest", "content-length": "0"}
    origin.responses = [CannedResponse(status=status, headers=headers)]
    response = httpx.post(f"{address}{PATH}", json={"model": "gpt-4.1"})
    assert (response.status_code, response.headers["location"]) == (status, headers["location"])
    assert len(origin.received) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"xProxy-Forward-Host": "evil.example"},
        {"xProxy-Forward-Content-Length": "1"},
        {"xProxy-Forward-Transfer-Encoding": "chunked"},
        {"xProxy-Forward-Connection": "close"},
        {"xProxy-Forward-Cookie": "a=b"},
        {"xProxy-Forward-": "x"},
        {"xProxy-Forward-xProxy-API-Key": "k"},
        {"Connection": "X-Hop", "X-Hop": "1"},
        {"Proxy-Authorization": "Basic eA=="},
        {"Cookie": "payi_serve_token=secret"},
        {"TE": "trailers"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_no_header_makes_another_request_of_it(
    headers: dict[str, str], proxy: tuple[str, Service], origin: Origin
) -> None:
    address, _ = proxy
    body = json.dumps({"model": "gpt-4.1"}).encode()
    assert httpx.post(f"{address}{PATH}", content=body, headers=headers).status_code == 200
    [received] = origin.received
    assert (received.body, received.headers["host"]) == (body, origin.netloc)
    assert received.headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in received.headers
    assert not {"cookie", "x-hop", "proxy-authorization", "te", ""} & received.headers.keys()
    assert not [name for name in received.headers if name.startswith("xproxy")]
    assert received.headers.get("connection") in (None, "keep-alive")


@pytest.mark.parametrize("line", ["X-A: b\r\n evil: 1", "xProxy-Forward-X-A: b\rEvil: 1", "X\x00A: b"])
def test_a_header_with_a_line_break_is_no_second_header(
    line: str, proxy: tuple[str, Service], origin: Origin
) -> None:
    address, _ = proxy
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 0), timeout=30) as raw:
        raw.sendall(f"POST {PATH} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n{line}\r\n".encode())
        raw.sendall(b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
        status = raw.makefile("rb").readline()
    assert status.split()[1] in (b"200", b"400")
    assert not [received for received in origin.received if "evil" in received.headers]


def test_two_lengths_are_no_second_request(proxy: tuple[str, Service], origin: Origin) -> None:
    address, _ = proxy
    url = httpx.URL(address)
    inner = b"POST /admin HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection((url.host, url.port or 0), timeout=30) as raw:
        raw.sendall(f"POST {PATH} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n".encode())
        raw.sendall(
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n\r\n0\r\n\r\n" + inner
        )
        raw.makefile("rb").read()
    assert "/admin" not in {received.path for received in origin.received}


def test_a_body_over_the_limit_never_reaches_the_provider(serve: Serve, origin: Origin) -> None:
    address, _ = serve(upstreams={"openai": origin.url}, max_body=1000)
    stated = httpx.post(f"{address}{PATH}", content=b"x" * 1001)
    chunked = httpx.post(f"{address}{PATH}", content=(b"x" * 600 for _ in range(2)))
    assert [stated.status_code, chunked.status_code] == [413, 413]
    assert origin.received == []


def test_a_page_of_a_provider_runs_nothing_here_and_sets_no_cookie(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    address, _ = proxy
    headers = {
        "content-type": "text/html",
        "content-security-policy": "script-src *",
        "x-frame-options": "ALLOWALL",
        "set-cookie": "payi_serve_token=x",
    }
    origin.responses = [CannedResponse([b"<script>alert(1)</script>"], status=404, headers=headers)]
    response = httpx.get(f"{address}/api/v1/proxy/openai/v1/nothing")
    assert response.content == b"<script>alert(1)</script>"
    assert response.headers.get_list("content-security-policy")[0].startswith("default-src 'none'")
    assert len(response.headers.get_list("content-security-policy")) == 1
    assert response.headers["x-frame-options"] == "DENY" and "set-cookie" not in response.headers


def test_the_token_never_reaches_the_provider(serve: Serve, origin: Origin) -> None:
    address, _ = serve(token="secret", upstreams={"openai": origin.url})
    origin.responses = [CannedResponse([json.dumps(COMPLETION).encode()])]
    refused = httpx.post(f"{address}{PATH}", json={})
    assert (refused.status_code, origin.received) == (401, [])
    for headers in (
        {"authorization": "Bearer secret"},
        {"xproxy-api-key": "secret", "authorization": "Bearer sk-x"},
        {"cookie": "payi_serve_token=secret", "authorization": "Bearer sk-x"},
    ):
        sent: dict[str, Any] = {"model": "gpt-4.1"}
        assert httpx.post(f"{address}{PATH}", json=sent, headers=headers).status_code == 200
    assert not [received for received in origin.received if "secret" in str(received.headers)]
