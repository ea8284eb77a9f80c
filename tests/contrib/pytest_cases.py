"""Tests as a user of the plugin writes them, which `test_pytest_plugin.py` runs with pytest."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import aioresponses
import httpx
import pytest
import pytest_httpx
import requests
import responses
import respx
import vcr  # type: ignore[import-untyped, unused-ignore]

from payi_transport import PayiInstrumentConfig, payi_instrument, payi_stats, track_context
from payi_transport.contrib.pytest_plugin import PayiEvents
from tests.instrumentations.mocks import make_response_class

URL = "https://api.openai.com/v1/chat/completions"
QUESTION: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
COMPLETION: dict[str, Any] = {"id": "c1", "model": "gpt-4.1", "choices": [], "usage": USAGE}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def payi_events_config() -> PayiInstrumentConfig:
    return {
        "host_mappings": {"localhost": {"price_as_category": "system.openai"}},
        # Of no effect in a test.
        "delivery": {"mode": "inline"},
        "proxy": True,
    }


def check(events: PayiEvents, count: int = 1) -> None:
    assert len(events) == count
    assert {(event.use_case_name, event.units["text"].input) for event in events} == {("pytest_cases", 5)}


def test_pytest_httpx(payi_events: PayiEvents, httpx_mock: pytest_httpx.HTTPXMock) -> None:
    httpx_mock.add_response(json=COMPLETION)
    httpx.post(URL, json=QUESTION)
    check(payi_events)


def test_pytest_httpx_first(httpx_mock: pytest_httpx.HTTPXMock, payi_events: PayiEvents) -> None:
    httpx_mock.add_response(json=COMPLETION)
    httpx.post(URL, json=QUESTION)
    check(payi_events)


def test_respx(payi_events: PayiEvents) -> None:
    with respx.mock:
        respx.post(URL).respond(json=COMPLETION)
        httpx.post(URL, json=QUESTION)
    check(payi_events)


def test_respx_first(respx_mock: respx.MockRouter, payi_events: PayiEvents) -> None:
    respx_mock.post(URL).respond(json=COMPLETION)
    httpx.post(URL, json=QUESTION)
    check(payi_events)


@pytest.mark.anyio
async def test_respx_async(payi_events: PayiEvents) -> None:
    with respx.mock:
        respx.post(URL).respond(json=COMPLETION)
        async with httpx.AsyncClient() as client:
            await client.post(URL, json=QUESTION)
    check(payi_events)


@responses.activate
def test_responses(payi_events: PayiEvents) -> None:
    responses.post(URL, json=COMPLETION)
    requests.post(URL, json=QUESTION, timeout=10)
    check(payi_events)


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def test_responses_first(mocked: responses.RequestsMock, payi_events: PayiEvents) -> None:
    mocked.post(URL, json=COMPLETION)
    requests.post(URL, json=QUESTION, timeout=10)
    check(payi_events)


@pytest.mark.anyio
async def test_aioresponses(payi_events: PayiEvents) -> None:
    with aioresponses.aioresponses() as mock:
        mock.post(URL, payload=COMPLETION, response_class=make_response_class())
        async with aiohttp.ClientSession() as session:
            await session.post(URL, json=QUESTION)
    check(payi_events)


def test_nothing_is_left_of_the_mocks() -> None:
    assert requests.adapters.HTTPAdapter.send.__module__ == "requests.adapters"
    assert aiohttp.ClientSession._request.__module__ == "aiohttp.client"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(COMPLETION).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


async def post_with_aiohttp(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.post(url, json={**QUESTION, "n": 2}) as response:
        assert (await response.json(content_type=None))["id"] == "c1"


def test_vcr(payi_events: PayiEvents, tmp_path: Path) -> None:
    cassette = str(tmp_path / "cassette.yaml")
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://localhost:{server.server_port}/v1/chat/completions"
        with vcr.use_cassette(cassette):
            httpx.post(url, json=QUESTION)
            requests.post(url, json={**QUESTION, "n": 1}, timeout=10)
            asyncio.run(post_with_aiohttp(url))
        server.shutdown()
        thread.join()
    with vcr.use_cassette(cassette, record_mode="none", match_on=["method", "uri", "body"]):
        httpx.post(url, json=QUESTION)
        requests.post(url, json={**QUESTION, "n": 1}, timeout=10)
        asyncio.run(post_with_aiohttp(url))
    check(payi_events, 6)


def test_events_are_a_list_that_grows(payi_events: PayiEvents) -> None:
    assert payi_events == []
    with respx.mock, track_context(use_case_name="greeting", user_id="ada"):
        respx.post(URL).respond(json=COMPLETION)
        httpx.post(URL, json=QUESTION)
    assert [event.user_id for event in payi_events] == ["ada"]
    assert payi_events == list(payi_events)
    assert payi_events == payi_events[:]
    assert "greeting" in repr(payi_events)
    payi_events.clear()
    assert payi_events == []


def test_the_program_may_instrument_itself(payi_events: PayiEvents) -> None:
    payi_instrument()
    with respx.mock:
        respx.post(URL).respond(json=COMPLETION)
        httpx.post(URL, json=QUESTION)
    check(payi_events)


@pytest.mark.anyio
async def test_a_stream_that_is_still_read_is_no_event_yet(payi_events: PayiEvents) -> None:
    async def chunks() -> Any:
        yield b'data: {"id": "c1", "choices": [], "usage": ' + json.dumps(USAGE).encode() + b"}\n\n"
        yield b"data: [DONE]\n\n"

    with respx.mock:
        respx.post(URL).respond(stream=chunks(), content_type="text/event-stream")
        async with httpx.AsyncClient() as client:
            async with client.stream("POST", URL, json={**QUESTION, "stream": True}) as response:
                assert len(payi_events) == 0
                await response.aread()
    check(payi_events)


def test_without_the_fixture_nothing_is_recorded() -> None:
    with respx.mock:
        respx.post(URL).respond(json=COMPLETION)
        httpx.post(URL, json=QUESTION)
    assert not hasattr(httpx.Client._send_single_request, "__wrapped__")
    assert payi_stats().captured <= 1
