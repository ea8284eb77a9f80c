"""Headers that say whom a call is for, through the SDKs that send them: read, and kept from the provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import anthropic
import httpx
import openai
import pytest
import requests
from google import genai
from google.genai import types

from payi_transport import MemorySink, create_headers, payi_flush, payi_instrument, payi_stats, track_context
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES

by_name = {case.name: case for case in CASES}
CHAT, MESSAGES, CONTENT = (
    by_name[name] for name in ("openai/chat_unary", "anthropic/cache_unary", "google/gemini_unary")
)
QUESTION: Any = [{"role": "user", "content": "Why?"}]

# Of the client, and of the call, in another case. The call's own wins.
CLIENT = create_headers(user_id="client", account_name="Zoë & 山", limit_ids=["a", "b,c"])
CALL = {name.upper(): value for name, value in create_headers(user_id="José").items()}
CALL |= create_headers(use_case_name="Büro", request_properties={"tier": "größer"}, request_tags=[])


def ask_openai(url: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="sk", default_headers=CLIENT)
    client.chat.completions.create(model="gpt-4.1", messages=QUESTION, extra_headers=CALL)


async def ask_openai_later(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk", default_headers=CLIENT) as client:
        await client.chat.completions.create(model="gpt-4.1", messages=QUESTION, extra_headers=CALL)


def stream_openai(url: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="sk", default_headers=CLIENT)
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4.1", messages=QUESTION, extra_headers=CALL
    ) as response:
        response.read()


def ask_anthropic(url: str) -> None:
    client = anthropic.Anthropic(base_url=url, api_key="sk", default_headers=CLIENT)
    client.messages.create(model="claude-opus-4", messages=QUESTION, max_tokens=9, extra_headers=CALL)


def ask_google(url: str) -> None:
    options = types.HttpOptions(base_url=url, headers=dict(CLIENT))
    client = genai.Client(api_key="key", http_options=options)
    config = types.GenerateContentConfig(http_options=types.HttpOptions(headers=dict(CALL)))
    client.models.generate_content(model="gemini-2.5-pro", contents="Why?", config=config)
    client.close()


def ask_requests(url: str) -> None:
    with requests.Session() as session:
        session.headers.update(CLIENT)
        session.post(f"{url}/v1/chat/completions", json={"model": "gpt-4.1"}, headers=CALL)


async def ask_aiohttp(url: str) -> None:
    async with aiohttp.ClientSession(headers=CLIENT) as session:
        async with session.post(f"{url}/v1/chat/completions", json={}, headers=CALL) as response:
            await response.read()


ASK: dict[str, tuple[Any, Any]] = {
    "openai": (ask_openai, CHAT),
    "openai, async": (ask_openai_later, CHAT),
    "openai, streaming response": (stream_openai, CHAT),
    "anthropic": (ask_anthropic, MESSAGES),
    "google-genai": (ask_google, CONTENT),
    "requests": (ask_requests, CHAT),
    "aiohttp": (ask_aiohttp, CHAT),
}


@pytest.mark.parametrize(("ask", "case"), ASK.values(), ids=ASK.keys())
def test_headers_of_client_and_call_are_read_and_reach_no_provider(
    ask: Callable[[str], Any], case: Any, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [CannedResponse([case.response])]
    payi_instrument(
        sink=sink,
        config={
            "host_mappings": {origin.netloc: {"price_as_category": "system.openai"}},
            "use_case_name": "base",
            "use_case_version": 3,
            "request_tags": ["base"],
        },
    )
    with track_context(user_id="scope", request_properties={"scope": "1"}):
        asked = ask(origin.url)
        if asked is not None:
            asyncio.run(asked)
    assert payi_flush(10)
    assert payi_stats().faults == 0
    [received] = origin.received
    assert not [name for name in received.headers if name.startswith("xproxy-")]
    [event] = sink.events
    assert (event.user_id, event.account_name) == ("José", "Zoë & 山")
    assert (event.use_case_name, event.use_case_id, event.use_case_version) == ("Büro", None, None)
    assert (event.limit_ids, event.request_tags) == (("a", "b,c"), None)
    assert (event.properties or {})["tier"] == "größer"
    assert "scope" not in (event.properties or {})


def post_httpx(url: str, headers: dict[str, str]) -> None:
    httpx.post(url, headers=headers, json={}, trust_env=False)


def post_requests(url: str, headers: dict[str, str]) -> None:
    requests.post(url, headers=headers, json={}, timeout=60)


def post_aiohttp(url: str, headers: dict[str, str]) -> None:
    async def post() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, headers=headers, json={}) as response,
        ):
            await response.read()

    asyncio.run(post())


@pytest.mark.parametrize("post", [post_httpx, post_requests, post_aiohttp])
def test_of_a_gateway_only_mapped_paths_lose_the_headers(
    post: Callable[[str, dict[str, str]], None], origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [CannedResponse([b"{}"])]
    mapping: Any = {f"{origin.netloc}/llm": {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping})
    for path in ("/llm/v1/chat/completions", "/llm/v1/models", "/own/service", "/llms/v1/chat/completions"):
        post(f"{origin.url}{path}", create_headers(user_id="ann"))
    kept = [received.path for received in origin.received if "xproxy-user-id" in received.headers]
    # The user's own services pass them on.
    assert kept == ["/own/service", "/llms/v1/chat/completions"]
    assert payi_flush(10)
    assert [event.user_id for event in sink.events] == ["ann"]
