"""How long the transports wait between two attempts, measured by the sleeps that they ask for."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx
import pytest

from payi_transport import errors
from payi_transport.client.request import RequestSpec
from payi_transport.client.settings import make_settings
from payi_transport.client.transport import AsyncTransport, SyncTransport

SETTINGS = make_settings(api_key="k", max_retries=3)
SPEC = RequestSpec("GET", "/api/v1/limits/L1", dict)
Send = Callable[[httpx.MockTransport], list[float]]


def send_sync(mock: httpx.MockTransport) -> list[float]:
    """Send one request, which must fail, and return the sleeps between its attempts."""
    sleeps: list[float] = []
    with httpx.Client(transport=mock) as http:
        with pytest.raises(errors.APIError):
            SyncTransport(SETTINGS, http, sleep=sleeps.append).send(SPEC)
    return sleeps


def send_async(mock: httpx.MockTransport) -> list[float]:
    sleeps: list[float] = []

    async def record(seconds: float) -> None:
        sleeps.append(seconds)

    async def main() -> None:
        async with httpx.AsyncClient(transport=mock) as http:
            with pytest.raises(errors.APIError):
                await AsyncTransport(SETTINGS, http, sleep=record).send(SPEC)

    anyio.run(main)
    return sleeps


@pytest.fixture(params=[send_sync, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    return request.param  # type: ignore[no-any-return]


def respond(status: int, headers: Mapping[str, str] | None = None) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, headers=headers))


@pytest.mark.parametrize("status", [408, 429, 500])
def test_each_retry_waits_longer_than_the_one_before(status: int, send: Send) -> None:
    first, second, third = send(respond(status))
    assert 0.375 <= first <= 0.5
    assert 0.75 <= second <= 1.0
    assert 1.5 <= third <= 2.0


def test_a_retry_after_a_failed_connection_waits_too(send: Send) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    sleeps = send(httpx.MockTransport(fail))
    assert len(sleeps) == 3 and min(sleeps) >= 0.375


def test_a_retry_waits_as_long_as_the_server_asks(send: Send) -> None:
    assert send(respond(503, {"retry-after": "7"})) == [7.0, 7.0, 7.0]


def test_the_transports_really_sleep_unless_another_sleep_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspect.signature(SyncTransport).parameters["sleep"].default is time.sleep
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(anyio, "sleep", note)
    anyio.run(inspect.signature(AsyncTransport).parameters["sleep"].default, 7.0)
    assert slept == [7.0]


@pytest.mark.parametrize("body", [{}, {"a": 1}])
def test_a_request_says_who_sends_it_and_what_it_takes(body: dict[str, Any]) -> None:
    with httpx.Client() as http:
        request = SyncTransport(SETTINGS, http).build_request(RequestSpec("POST", "/x", dict, body=body))
    sent = {name: request.headers.get(name) for name in ("accept", "user-agent", "x-stainless-lang")}
    assert sent == {
        "accept": "application/json",
        "user-agent": "payi_transport",
        "x-stainless-lang": "python",
    }
    assert (request.headers["content-type"], request.headers["xproxy-api-key"]) == ("application/json", "k")


def test_a_permanent_failure_does_not_wait(send: Send) -> None:
    assert send(respond(404)) == []
