"""Calls through the proxy that are odd: repeated, abandoned before a response, or not storable."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from payi_transport.routing.hosts import HostMapping, parse_host
from payi_transport.serve import command
from payi_transport.serve.app import make_app
from payi_transport.serve.command import open_service, serve_in_thread
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.values.event import Event
from payi_transport.values.names import RESPONSE_ID_PROPERTY
from tests.serve.conftest import Serve
from tests.serve.events import item, make_items
from tests.serve.test_proxy import COMPLETION, find_calls
from tests.support.origin import CannedResponse, Origin
from tests.support.polling import wait_until

CHAT = "/api/v1/proxy/openai/v1/chat/completions"
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-4.1",
    "output": [],
    "usage": {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500},
}


@pytest.fixture
def proxy(serve: Serve, origin: Origin) -> tuple[str, Service]:
    return serve(upstreams={"openai": origin.url})


def test_a_response_that_is_fetched_again_counts_once(proxy: tuple[str, Service], origin: Origin) -> None:
    address, service = proxy
    origin.responses = [CannedResponse([json.dumps(RESPONSE).encode()])]
    made = httpx.post(f"{address}/api/v1/proxy/openai/v1/responses", json={"model": "gpt-4.1"})
    for _ in range(2):
        again = httpx.get(f"{address}/api/v1/proxy/openai/v1/responses/resp_1")
        assert again.json() == made.json() == RESPONSE
    [found] = find_calls(service)
    assert found.call.input == 1000


def stream_of(body: dict[str, Any]) -> CannedResponse:
    chunk = {**body, "object": "chat.completion.chunk", "choices": []}
    lines = [f"data: {json.dumps(chunk)}\n\n".encode(), b"data: [DONE]\n\n"]
    return CannedResponse(lines, headers={"content-type": "text/event-stream"})


WAYS = {"unary": CannedResponse([json.dumps(COMPLETION).encode()]), "streaming": stream_of(COMPLETION)}


def start_here(origin: Origin, tmp_path: Path) -> AbstractContextManager[tuple[str, Service]]:
    """Start a service on the same file each time."""
    return serve_in_thread(ServeSettings(file=tmp_path / "s", port=0, upstreams={"openai": origin.url}))


def read_result(response: httpx.Response) -> dict[str, Any]:
    lines = [line.removeprefix("data: ") for line in response.text.splitlines()]
    [result] = [json.loads(line)["xproxy_result"] for line in lines if "xproxy_result" in line]
    return dict(result)


@pytest.mark.parametrize("way", WAYS)
def test_each_call_counts_although_a_server_gives_every_response_one_id_also_after_a_restart(
    origin: Origin, tmp_path: Path, way: str
) -> None:
    origin.responses = [WAYS[way]]
    body = {"model": "gpt-4.1", "stream": way == "streaming"}
    headers = {"xproxy-api-key": "k", "xproxy-limit-ids": "L"}
    results: list[dict[str, Any]] = []
    for first in (True, False):
        with start_here(origin, tmp_path) as (address, service):
            if first:
                limit = {"limit_name": "n", "limit_id": "L", "max": 1}
                assert httpx.post(f"{address}/api/v1/limits", json=limit, headers=headers).status_code == 200
            results += [
                read_result(httpx.post(f"{address}{CHAT}", json=body, headers=headers)) for _ in range(3)
            ]
            found = find_calls(service)
            [budget] = service.queries.budgets()
    assert [result["request_id"] for result in results] == [f"local-{number + 1}" for number in range(6)]
    assert not [result for result in results if "duplicate_request" in result]
    assert (budget.spent, budget.calls) == (6 * Decimal("0.006"), {"ok": 6})
    ids = [call.response_id for call in found]
    assert len(set(ids)) == 6 and ids[0] == COMPLETION["id"]
    assert all(id_.startswith(f"{COMPLETION['id']}_") for id_ in ids[1:])
    own = [call.detail.properties.get(RESPONSE_ID_PROPERTY) for call in found]
    assert own == [None, *[COMPLETION["id"]] * 5]


def test_two_servers_of_a_provider_may_give_the_same_ids(serve: Serve, origin: Origin) -> None:
    origin.responses = [WAYS["unary"]]
    mappings = {parse_host(url): HostMapping("system.openai", None) for url in hosts_of(origin)}
    address, service = serve(mappings=mappings)
    for url in hosts_of(origin):
        response = httpx.post(f"{address}{CHAT}", json={}, headers={"xproxy-provider-baseuri": url})
        assert response.status_code == 200
    assert len({call.response_id for call in find_calls(service)}) == 2


def hosts_of(origin: Origin) -> list[str]:
    return [origin.url, origin.url.replace("127.0.0.1", "localhost")]


def test_an_event_with_the_id_of_a_call_that_passed_is_a_repeat(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    address, service = proxy
    origin.responses = [WAYS["unary"]]
    assert httpx.post(f"{address}{CHAT}", json={"model": "gpt-4.1"}).status_code == 200
    [sent] = make_items(item(provider_response_id=COMPLETION["id"]))
    assert service.ingest(sent).result()["xproxy_result"]["duplicate_request"]
    assert len(find_calls(service)) == 1


def test_a_response_that_is_fetched_after_a_restart_counts_once(origin: Origin, tmp_path: Path) -> None:
    origin.responses = [CannedResponse([json.dumps(RESPONSE).encode()])]
    with start_here(origin, tmp_path) as (address, _):
        httpx.post(f"{address}/api/v1/proxy/openai/v1/responses", json={"model": "gpt-4.1"})
    with start_here(origin, tmp_path) as (address, service):
        fetched = httpx.get(
            f"{address}/api/v1/proxy/openai/v1/responses/resp_1", headers={"xproxy-api-key": "k"}
        )
        assert fetched.json()["xproxy_result"]["duplicate_request"]
        [found] = find_calls(service)
        assert (found.response_id, found.call.input) == ("resp_1", 1000)


def test_a_call_that_can_not_be_stored_passes_and_is_logged(
    proxy: tuple[str, Service],
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address, service = proxy
    origin.responses = [CannedResponse([json.dumps(COMPLETION).encode()])]

    def fail(event: Event, *, is_fetch: bool) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(service, "ingest_proxied", fail)
    with caplog.at_level(logging.ERROR, "payi_transport"):
        for headers in ({}, {"xproxy-api-key": "k"}):
            response = httpx.post(f"{address}{CHAT}", json={"model": "gpt-4.1"}, headers=headers)
            assert response.json()["id"] == "chatcmpl-1"
    assert caplog.text.count("could not store a call that it forwarded") == 2


def test_a_caller_that_leaves_before_the_response_is_an_event(
    proxy: tuple[str, Service], origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, service = proxy
    left, stored = threading.Event(), threading.Event()
    ingest = service.ingest_proxied

    def note(event: Event, *, is_fetch: bool) -> Any:
        future = ingest(event, is_fetch=is_fetch)
        stored.set()
        return future

    monkeypatch.setattr(service, "ingest_proxied", note)
    # The origin sends nothing until the caller has left.
    origin.responses = [CannedResponse(hold=left)]
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{address}{CHAT}", json={"model": "gpt-4.1"}, timeout=httpx.Timeout(30, read=0.5))
    left.set()
    assert stored.wait(30)
    service.store.write(lambda writing: None)
    [found] = find_calls(service)
    assert found.call.status in (299, 200)


@pytest.mark.anyio
async def test_a_request_that_is_canceled_is_an_event(
    origin: Origin, tmp_path: Path, anyio_backend_name: str
) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("the server runs on asyncio")
    hold = threading.Event()
    origin.responses = [CannedResponse(hold=hold)]
    settings = ServeSettings(file=tmp_path / "s", upstreams={"openai": origin.url})
    with open_service(settings) as service:
        transport = httpx.ASGITransport(make_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            task = asyncio.ensure_future(client.post(CHAT, json={"model": "gpt-4.1"}))
            free = asyncio.ensure_future(client.get("/api/v1/proxy/openai/v1/models"))
            while len(origin.received) < 2:
                await asyncio.sleep(0.01)
            for each in (task, free):
                each.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await each
        hold.set()
        [found] = find_calls(service)
        assert found.call.status == 299


@pytest.mark.parametrize("chunks", [(), (b'{"id": "chatcmpl-1", ',)], ids=["no-head", "in-the-body"])
def test_a_call_that_is_open_when_the_service_ends_is_canceled_and_an_event(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunks: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr(command, "_GRACE", 0.2)
    hold = threading.Event()
    origin.responses = [CannedResponse(chunks, hold=hold)]
    settings = ServeSettings(file=tmp_path / "s", port=0, upstreams={"openai": origin.url})
    with ThreadPoolExecutor() as pool:
        with serve_in_thread(settings) as (address, _):
            call = pool.submit(httpx.post, f"{address}{CHAT}", json={"model": "gpt-4.1"}, timeout=60)
            wait_until(lambda: origin.received)
        # The service has ended, although the provider has not answered.
        assert not hold.is_set()
        hold.set()
        with suppress(httpx.HTTPError):
            assert call.result().status_code >= 500
    with open_service(settings) as service:
        [found] = find_calls(service)
        assert found.call.status == (299 if not chunks else 200)


def test_a_provider_that_is_away_is_refused_without_an_event_for_what_is_free(serve: Serve) -> None:
    address, service = serve(upstreams={"openai": "http://127.0.0.1:1"})
    response = httpx.get(f"{address}/api/v1/proxy/openai/v1/models")
    assert (response.status_code, find_calls(service)) == (502, [])


def test_names_that_pay_i_refuses_are_refused_before_the_call(
    proxy: tuple[str, Service], origin: Origin
) -> None:
    address, _ = proxy
    for headers, code in (
        ({"xproxy-usecase-name": "two words"}, "invalid_use_case_name"),
        ({"xproxy-user-id": "a b"}, "invalid_user_id"),
    ):
        refused = httpx.post(f"{address}{CHAT}", json={}, headers=headers)
        assert refused.json()["xproxy_error"]["code"] == code
    assert origin.received == []


def test_the_services_own_token_does_not_reach_a_provider(serve: Serve, origin: Origin) -> None:
    address, _ = serve(token="secret", upstreams={"openai": origin.url})
    origin.responses = [CannedResponse([json.dumps(COMPLETION).encode()])]
    for headers, kept in (
        ({"authorization": "Bearer secret"}, None),
        ({"authorization": "Bearer sk-1", "xproxy-api-key": "secret"}, "Bearer sk-1"),
    ):
        assert httpx.post(f"{address}{CHAT}", json={}, headers=headers).status_code == 200
        received = origin.received[-1].headers
        assert received.get("authorization") == kept
        assert "secret" not in str(received)


@pytest.mark.parametrize("path", ["/api/v1/proxy/openai", "/api/v1/run/x/proxy/", "/api/v1/proxy/"])
def test_a_path_without_a_provider_is_refused(proxy: tuple[str, Service], path: str) -> None:
    response = httpx.post(f"{proxy[0]}{path}", json={}, headers={"xproxy-api-key": "k"})
    assert (response.status_code, response.json()["xproxy_error"]["code"]) == (404, "not_found")
