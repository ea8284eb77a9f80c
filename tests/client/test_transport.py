"""How requests are built, sent, retried and turned into exceptions, on httpx and httpx2."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport import (
    AsyncPayi,
    MemorySink,
    Payi,
    Timeout,
    errors,
    payi_flush,
    payi_instrument,
    payi_stats,
)
from tests.support.origin import CannedResponse, Origin

CONTEXT = ssl.create_default_context()
LIMIT = b'{"limit":{"limit_id":"L1"},"request_id":"r1"}'
RETRY_NOW = {"content-type": "application/json", "retry-after-ms": "0"}
Retrieve = Callable[..., Any]


def retrieve_sync(library: Any, url: str, client_options: Mapping[str, Any], **options: Any) -> Any:
    http = library.Client(verify=CONTEXT)
    with Payi(api_key="k", base_url=url, http_client=http, **client_options) as client:
        return client.limits.with_raw_response.retrieve("L1", **options)


def retrieve_async(library: Any, url: str, client_options: Mapping[str, Any], **options: Any) -> Any:
    async def main() -> Any:
        http = library.AsyncClient(verify=CONTEXT)
        async with AsyncPayi(api_key="k", base_url=url, http_client=http, **client_options) as client:
            return await client.limits.with_raw_response.retrieve("L1", **options)

    return anyio.run(main, backend="trio" if library is httpx2 else "asyncio")


@pytest.fixture(params=["sync", "async"])
def retrieve(request: pytest.FixtureRequest, library: Any) -> Retrieve:
    """Makes one call, from the URL of a server, options of the client and options of the call."""
    chosen = retrieve_sync if request.param == "sync" else retrieve_async
    return lambda url, client_options=None, **options: chosen(library, url, client_options or {}, **options)


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    return httpx if request.param == "httpx" else httpx2


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_temporary_failure_is_retried_twice(status: int, retrieve: Retrieve, origin: Origin) -> None:
    origin.responses = [
        CannedResponse([b"{}"], status, RETRY_NOW),
        CannedResponse([b"{}"], status, RETRY_NOW),
        CannedResponse([LIMIT]),
    ]
    response = retrieve(origin.url)
    assert (response.status_code, response.retries_taken, len(origin.received)) == (200, 2, 3)


def test_the_last_response_becomes_the_exception_when_retries_are_used_up(
    retrieve: Retrieve, origin: Origin
) -> None:
    origin.responses = [CannedResponse([b'{"message":"Busy"}'], 503, RETRY_NOW)]
    with pytest.raises(errors.InternalServerError, match="503 - Busy") as caught:
        retrieve(origin.url)
    assert (caught.value.status_code, len(origin.received)) == (503, 3)


@pytest.mark.parametrize(("retries", "sent"), [(0, 1), (1, 2), (4, 5)])
def test_max_retries_limits_the_number_of_requests(
    retries: int, sent: int, retrieve: Retrieve, origin: Origin
) -> None:
    origin.responses = [CannedResponse([b"{}"], 429, RETRY_NOW)]
    with pytest.raises(errors.RateLimitError):
        retrieve(origin.url, {"max_retries": retries})
    assert len(origin.received) == sent


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
def test_a_permanent_failure_raises_without_a_retry(status: int, retrieve: Retrieve, origin: Origin) -> None:
    origin.responses = [CannedResponse([b"{}"], status, {**RETRY_NOW, "location": "/elsewhere"})]
    with pytest.raises(errors.APIStatusError) as caught:
        retrieve(origin.url)
    assert (caught.value.status_code, len(origin.received)) == (status, 1)


def test_a_broken_connection_is_retried(retrieve: Retrieve, origin: Origin) -> None:
    origin.responses = [CannedResponse(end="reset"), CannedResponse([LIMIT])]
    assert retrieve(origin.url).retries_taken == 1


def test_an_incomplete_response_is_retried(retrieve: Retrieve, origin: Origin) -> None:
    origin.responses = [CannedResponse([LIMIT[:9]], end="cut"), CannedResponse([LIMIT])]
    assert retrieve(origin.url).retries_taken == 1


def test_a_refused_connection_raises_with_the_library_s_error_as_cause(
    retrieve: Retrieve, library: Any, closed_port: int
) -> None:
    with pytest.raises(errors.APIConnectionError, match="Could not reach Pay-i") as caught:
        retrieve(f"http://127.0.0.1:{closed_port}", {"max_retries": 0})
    assert isinstance(caught.value.__cause__, library.ConnectError)
    assert (caught.value.body, caught.value.request_id) == (None, None)
    assert caught.value.request.url.path == "/api/v1/limits/L1"


@pytest.mark.parametrize("where", ["client", "call", "call with a Timeout"])
def test_no_response_in_time_raises_a_timeout_error(
    where: str, retrieve: Retrieve, library: Any, origin: Origin
) -> None:
    hold = threading.Event()
    origin.responses = [CannedResponse(hold=hold)]
    options = {"max_retries": 0, "timeout": 0.5 if where == "client" else 30}
    call: dict[str, Any] = {
        "client": {},
        # Long enough to connect on a busy machine, or that would be what takes too long.
        "call": {"timeout": 0.5},
        "call with a Timeout": {"timeout": Timeout(30, read=0.05)},
    }
    try:
        with pytest.raises(errors.APITimeoutError, match="timed out; pass timeout=") as caught:
            retrieve(origin.url, options, **call[where])
    finally:
        hold.set()
    assert isinstance(caught.value.__cause__, library.ReadTimeout)


def test_an_exception_of_a_custom_transport_is_raised_unchanged() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise KeyError("mine")

    with Payi(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(fail))) as client:
        with pytest.raises(KeyError, match="mine"):
            client.limits.retrieve("L1")


def test_options_of_a_call_override_the_headers_and_query_of_the_client(
    retrieve: Retrieve, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_CUSTOM_HEADERS", "X-From: environment\nX-Kept: yes")
    origin.responses = [CannedResponse([LIMIT])]
    options = {
        "default_headers": {"x-from": "client", "x-team": "blue"},
        "default_query": {"a": 1, "b": [1, 2]},
    }
    retrieve(
        origin.url, options, extra_headers={"X-TEAM": "red", "User-Agent": "mine"}, extra_query={"a": "2"}
    )
    [received] = origin.received
    assert received.path == "/api/v1/limits/L1?a=2&b=1%2C2"
    assert received.headers["x-from"] == "client"
    assert received.headers["x-kept"] == "yes"
    assert received.headers["x-team"] == "red"
    assert received.headers["user-agent"] == "mine"


def test_none_removes_a_default_header_from_one_call(retrieve: Retrieve, origin: Origin) -> None:
    origin.responses = [CannedResponse([LIMIT])]
    options = {"default_headers": {"X-Team": "blue", "X-Kept": "yes"}}
    retrieve(origin.url, options, extra_headers={"x-team": None, "X-Stainless-Lang": None})
    [received] = origin.received
    assert not {"x-team", "x-stainless-lang"} & set(received.headers)
    assert received.headers["x-kept"] == "yes"


def test_none_as_a_default_header_removes_one_of_the_environment(
    retrieve: Retrieve, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_CUSTOM_HEADERS", "X-From: environment")
    origin.responses = [CannedResponse([LIMIT])]
    retrieve(origin.url, {"default_headers": {"x-from": None}})
    assert "x-from" not in origin.received[0].headers


def test_extra_body_adds_a_body_where_there_is_none(retrieve: Retrieve, origin: Origin) -> None:
    origin.responses = [CannedResponse([LIMIT])]
    retrieve(origin.url, extra_body={"new_field": [1]})
    assert origin.received[0].body == b'{"new_field":[1]}'


def test_the_next_page_is_fetched_with_the_same_request_and_the_cursor(library: Any, origin: Origin) -> None:
    origin.responses = [
        CannedResponse([b'{"items":[{"limit_id":"L1"}],"cursor":"c1"}']),
        CannedResponse([b'{"items":[{"limit_id":"L2"}]}']),
    ]
    http = library.Client(verify=CONTEXT)
    with Payi(api_key="k", base_url=origin.url, http_client=http, default_query={"q": 1}) as client:
        limits = client.limits.list(limit=1, limit_name="x", extra_headers={"x-team": "blue"})
        assert [limit.limit_id for limit in limits] == ["L1", "L2"]
    first, second = origin.received
    assert first.path == "/api/v1/limits?q=1&limit=1&limit_name=x"
    assert second.path == "/api/v1/limits?q=1&cursor=c1&limit=1&limit_name=x"
    assert first.headers["x-team"] == second.headers["x-team"] == "blue"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_list_fetches_the_next_page(backend: str, library: Any, origin: Origin) -> None:
    origin.responses = [
        CannedResponse([b'{"items":[{"limit_id":"L1"}],"cursor":"c1"}']),
        CannedResponse([b'{"items":[{"limit_id":"L2"}]}']),
    ]

    async def main() -> list[str]:
        http = library.AsyncClient(verify=CONTEXT)
        async with AsyncPayi(api_key="k", base_url=origin.url, http_client=http) as client:
            return [limit.limit_id async for limit in client.limits.list()]

    assert anyio.run(main, backend=backend) == ["L1", "L2"]
    assert origin.received[1].path == "/api/v1/limits?cursor=c1"


@pytest.mark.parametrize("surface", ["sync", "async"])
def test_requests_to_pay_i_are_never_recorded(
    surface: str, sink: MemorySink, library: Any, origin: Origin
) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping})
    origin.responses = [CannedResponse([LIMIT])]
    # Host and path are those of a call to a provider, so only the mark tells that this is none.
    path, body = "/v1/chat/completions", {"model": "gpt-4.1"}

    async def create() -> None:
        http = library.AsyncClient(verify=CONTEXT)
        async with AsyncPayi(api_key="k", base_url=origin.url, http_client=http) as client:
            await client.post(path, cast_to=dict, body=body)

    if surface == "async":
        anyio.run(create)
    else:
        with Payi(api_key="k", base_url=origin.url, http_client=library.Client(verify=CONTEXT)) as client:
            client.post(path, cast_to=dict, body=body)
    [received] = origin.received
    assert (received.method, received.path) == ("POST", "/v1/chat/completions")
    assert payi_flush()
    assert (sink.events, payi_stats().captured) == ([], 0)


def stream_sync(url: str) -> tuple[bool, bytes]:
    with Payi(api_key="k", base_url=url, http_client=httpx.Client(verify=CONTEXT)) as client:
        with client.limits.with_streaming_response.retrieve("L1") as response:
            return response.http_response.is_stream_consumed, response.read()


def stream_async(url: str) -> tuple[bool, bytes]:
    async def main() -> tuple[bool, bytes]:
        http = httpx.AsyncClient(verify=CONTEXT)
        async with AsyncPayi(api_key="k", base_url=url, http_client=http) as client:
            async with client.limits.with_streaming_response.retrieve("L1") as response:
                return response.http_response.is_stream_consumed, await response.read()

    return anyio.run(main)


@pytest.mark.parametrize("stream", [stream_sync, stream_async])
def test_a_streaming_response_is_not_read_until_its_caller_does(stream: Retrieve, origin: Origin) -> None:
    origin.responses = [CannedResponse([b"{}"], 503, RETRY_NOW), CannedResponse([LIMIT])]
    assert stream(origin.url) == (False, LIMIT)


@pytest.mark.parametrize("stream", [stream_sync, stream_async])
def test_a_streaming_error_response_is_read_for_its_message(stream: Retrieve, origin: Origin) -> None:
    origin.responses = [CannedResponse([b'{"message":"None of that id"}'], 404)]
    with pytest.raises(errors.NotFoundError, match="None of that id"):
        stream(origin.url)
