"""What goes to Pay-i and what becomes of it, blocking and awaited, on both families of httpx."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
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
from tests.origin import CannedResponse, Origin

CONTEXT = ssl.create_default_context()
LIMIT = b'{"limit":{"limit_id":"L1"},"request_id":"r1"}'
NOW = {"content-type": "application/json", "retry-after-ms": "0"}
Ask = Callable[..., Any]


def ask_blocking(module: Any, url: str, options: Mapping[str, Any], **call: Any) -> Any:
    with Payi(api_key="k", base_url=url, http_client=module.Client(verify=CONTEXT), **options) as client:
        return client.limits.with_raw_response.retrieve("L1", **call)


def ask_awaited(module: Any, url: str, options: Mapping[str, Any], **call: Any) -> Any:
    async def main() -> Any:
        http = module.AsyncClient(verify=CONTEXT)
        async with AsyncPayi(api_key="k", base_url=url, http_client=http, **options) as client:
            return await client.limits.with_raw_response.retrieve("L1", **call)

    return anyio.run(main, backend="trio" if module is httpx2 else "asyncio")


@pytest.fixture(params=["blocking", "awaited"])
def ask(request: pytest.FixtureRequest, family: Any) -> Ask:
    """Makes one call: the URL of a server, options of the client, options of the call."""
    chosen = ask_blocking if request.param == "blocking" else ask_awaited
    return lambda url, options=None, **call: chosen(family, url, options or {}, **call)


@pytest.fixture(params=["httpx", "httpx2"])
def family(request: pytest.FixtureRequest) -> Any:
    return httpx if request.param == "httpx" else httpx2


@pytest.fixture
def closed_port() -> Iterator[str]:
    """An address where nobody listens, and nobody will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_may_pass_is_tried_twice_more(status: int, ask: Ask, origin: Origin) -> None:
    origin.answers = [
        CannedResponse([b"{}"], status, NOW),
        CannedResponse([b"{}"], status, NOW),
        CannedResponse([LIMIT]),
    ]
    response = ask(origin.url)
    assert (response.status_code, response.retries_taken, len(origin.received)) == (200, 2, 3)


def test_then_the_last_answer_is_the_error(ask: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse([b'{"message":"Busy"}'], 503, NOW)]
    with pytest.raises(errors.InternalServerError, match="503 - Busy") as caught:
        ask(origin.url)
    assert (caught.value.status_code, len(origin.received)) == (503, 3)


@pytest.mark.parametrize(("retries", "sent"), [(0, 1), (1, 2), (4, 5)])
def test_max_retries_says_how_often(retries: int, sent: int, ask: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse([b"{}"], 429, NOW)]
    with pytest.raises(errors.RateLimitError):
        ask(origin.url, {"max_retries": retries})
    assert len(origin.received) == sent


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
def test_what_will_not_pass_is_an_error_at_once(status: int, ask: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse([b"{}"], status, {**NOW, "location": "/elsewhere"})]
    with pytest.raises(errors.APIStatusError) as caught:
        ask(origin.url)
    assert (caught.value.status_code, len(origin.received)) == (status, 1)


def test_a_broken_connection_is_tried_again(ask: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse(end="reset"), CannedResponse([LIMIT])]
    assert ask(origin.url).retries_taken == 1


def test_an_answer_that_breaks_off_is_tried_again(ask: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse([LIMIT[:9]], end="cut"), CannedResponse([LIMIT])]
    assert ask(origin.url).retries_taken == 1


def test_nobody_there_is_a_connection_error_with_its_cause(ask: Ask, family: Any, closed_port: str) -> None:
    with pytest.raises(errors.APIConnectionError, match="Pay-i can not be reached") as caught:
        ask(closed_port, {"max_retries": 0})
    assert isinstance(caught.value.__cause__, family.ConnectError)
    assert (caught.value.body, caught.value.request_id) == (None, None)
    assert caught.value.request.url.path == "/api/v1/limits/L1"


@pytest.mark.parametrize("where", ["client", "call", "call with a Timeout"])
def test_no_answer_in_time_is_a_timeout_error(where: str, ask: Ask, family: Any, origin: Origin) -> None:
    hold = threading.Event()
    origin.answers = [CannedResponse(hold=hold)]
    options = {"max_retries": 0, "timeout": 0.05 if where == "client" else 30}
    call: dict[str, Any] = {
        "client": {},
        "call": {"timeout": 0.05},
        "call with a Timeout": {"timeout": Timeout(0.05)},
    }
    try:
        with pytest.raises(errors.APITimeoutError, match="in time") as caught:
            ask(origin.url, options, **call[where])
    finally:
        hold.set()
    assert isinstance(caught.value.__cause__, family.ReadTimeout)


def test_an_error_of_the_callers_own_transport_is_theirs() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise KeyError("mine")

    with Payi(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(fail))) as client:
        with pytest.raises(KeyError, match="mine"):
            client.limits.retrieve("L1")


def test_headers_and_query_of_the_client_go_with_every_call_and_those_of_a_call_win(
    ask: Ask, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_CUSTOM_HEADERS", "X-From: environment\nX-Kept: yes")
    origin.answers = [CannedResponse([LIMIT])]
    options = {
        "default_headers": {"x-from": "client", "x-team": "blue"},
        "default_query": {"a": 1, "b": [1, 2]},
    }
    ask(origin.url, options, extra_headers={"X-TEAM": "red", "User-Agent": "mine"}, extra_query={"a": "2"})
    [received] = origin.received
    assert received.path == "/api/v1/limits/L1?a=2&b=1%2C2"
    assert received.headers["x-from"] == "client"
    assert received.headers["x-kept"] == "yes"
    assert received.headers["x-team"] == "red"
    assert received.headers["user-agent"] == "mine"


def test_extra_body_makes_a_body(ask: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse([LIMIT])]
    ask(origin.url, extra_body={"new_field": [1]})
    assert origin.received[0].body == b'{"new_field":[1]}'


def test_a_list_goes_on_with_the_same_call(family: Any, origin: Origin) -> None:
    origin.answers = [
        CannedResponse([b'{"items":[{"limit_id":"L1"}],"cursor":"c1"}']),
        CannedResponse([b'{"items":[{"limit_id":"L2"}]}']),
    ]
    http = family.Client(verify=CONTEXT)
    with Payi(api_key="k", base_url=origin.url, http_client=http, default_query={"q": 1}) as client:
        limits = client.limits.list(limit=1, limit_name="x", extra_headers={"x-team": "blue"})
        assert [limit.limit_id for limit in limits] == ["L1", "L2"]
    first, second = origin.received
    assert first.path == "/api/v1/limits?q=1&limit=1&limit_name=x"
    assert second.path == "/api/v1/limits?q=1&cursor=c1&limit=1&limit_name=x"
    assert first.headers["x-team"] == second.headers["x-team"] == "blue"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_awaited_list_goes_on_too(backend: str, family: Any, origin: Origin) -> None:
    origin.answers = [
        CannedResponse([b'{"items":[{"limit_id":"L1"}],"cursor":"c1"}']),
        CannedResponse([b'{"items":[{"limit_id":"L2"}]}']),
    ]

    async def main() -> list[str]:
        http = family.AsyncClient(verify=CONTEXT)
        async with AsyncPayi(api_key="k", base_url=origin.url, http_client=http) as client:
            return [limit.limit_id async for limit in client.limits.list()]

    assert anyio.run(main, backend=backend) == ["L1", "L2"]
    assert origin.received[1].path == "/api/v1/limits?cursor=c1"


def test_calls_to_pay_i_are_never_recorded(sink: MemorySink, ask: Ask, origin: Origin) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping})
    origin.answers = [CannedResponse([LIMIT])]
    ask(f"{origin.url}/v1/chat/completions")
    assert payi_flush()
    assert (sink.events, payi_stats().captured) == ([], 0)


@pytest.mark.parametrize(
    ("kind", "http"),
    [
        (Payi, 3),
        (Payi, httpx.AsyncClient),
        (Payi, httpx2.AsyncClient),
        (AsyncPayi, httpx.Client),
        (AsyncPayi, httpx2.Client),
    ],
)
def test_an_http_client_of_the_other_world_is_an_error_at_once(kind: Any, http: Any) -> None:
    given = http(verify=CONTEXT) if isinstance(http, type) else http
    expected = "Client" if kind is Payi else "AsyncClient"
    with pytest.raises(TypeError, match=f"http_client: expected a {expected} of httpx or httpx2, got"):
        kind(api_key="k", http_client=given)


def stream_blocking(url: str) -> tuple[bool, bytes]:
    with Payi(api_key="k", base_url=url, http_client=httpx.Client(verify=CONTEXT)) as client:
        with client.limits.with_streaming_response.retrieve("L1") as response:
            return response.http_response.is_stream_consumed, response.read()


def stream_awaited(url: str) -> tuple[bool, bytes]:
    async def main() -> tuple[bool, bytes]:
        http = httpx.AsyncClient(verify=CONTEXT)
        async with AsyncPayi(api_key="k", base_url=url, http_client=http) as client:
            async with client.limits.with_streaming_response.retrieve("L1") as response:
                return response.http_response.is_stream_consumed, await response.read()

    return anyio.run(main)


@pytest.mark.parametrize("stream", [stream_blocking, stream_awaited])
def test_the_body_of_a_streamed_answer_is_left_to_its_reader(stream: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse([b"{}"], 503, NOW), CannedResponse([LIMIT])]
    assert stream(origin.url) == (False, LIMIT)


@pytest.mark.parametrize("stream", [stream_blocking, stream_awaited])
def test_the_body_of_a_streamed_error_is_read(stream: Ask, origin: Origin) -> None:
    origin.answers = [CannedResponse([b'{"message":"None of that id"}'], 404)]
    with pytest.raises(errors.NotFoundError, match="None of that id"):
        stream(origin.url)
