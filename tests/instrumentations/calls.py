"""Calls of every hooked library, each to an API of a provider and to an address that is not one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import UNARY, by_name

__all__ = ["HTTP_CALLS", "SDK_CALLS", "Call", "Provider"]

# Takes the provider's address, makes calls, and returns what a program sees of the responses.
Call = Callable[[str], Any]

CHAT, PLAIN = "/v1/chat/completions", "/plain"
MESSAGES: list[Any] = [{"role": "user", "content": "Hello"}]
HELLO: list[Any] = [{"role": "user", "content": [{"text": "Hello"}]}]
_BODIES = {
    CHAT: UNARY.response,
    "/v1/messages": by_name["anthropic/message_unary"].response,
    "generateContent": by_name["google/gemini_latest_alias"].response,
    "/converse": by_name["bedrock/converse_unary"].response,
}


# Generous, because tracing libraries import much at the first call.
_SECONDS = 60


class Provider(Origin):
    """Responds as the API at the path of the request does, and with a word elsewhere."""

    def next_response(self) -> CannedResponse:
        path = self.received[-1].path
        body = next((body for end, body in _BODIES.items() if end in path), b'"plain"')
        return CannedResponse([body])


def _sync(module: str) -> Call:
    def call(url: str) -> Any:
        library = __import__(module)
        with library.Client(timeout=_SECONDS) as client:
            return [client.post(url + path, content=UNARY.request).text for path in (CHAT, PLAIN)]

    return call


def _async(module: str) -> Call:
    async def send(url: str) -> Any:
        library = __import__(module)
        async with library.AsyncClient(timeout=_SECONDS) as client:
            return [(await client.post(url + path, content=UNARY.request)).text for path in (CHAT, PLAIN)]

    return lambda url: asyncio.run(send(url))


def _requests(url: str) -> Any:
    import requests

    with requests.Session() as session:
        return [session.post(url + path, data=UNARY.request, timeout=_SECONDS).text for path in (CHAT, PLAIN)]


def _aiohttp(url: str) -> Any:
    import aiohttp

    async def send() -> Any:
        async with aiohttp.ClientSession() as session:
            return [
                await (await session.post(url + path, data=UNARY.request)).text() for path in (CHAT, PLAIN)
            ]

    return asyncio.run(send())


def _boto3(url: str) -> Any:
    import boto3

    options: Any = {"endpoint_url": url, "region_name": "us-east-1"}
    keys: Any = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    bedrock = boto3.client("bedrock-runtime", **options, **keys)
    output = bedrock.converse(modelId="amazon.nova-lite-v1:0", messages=HELLO)["output"]
    bedrock.close()
    return output


def _thread(url: str) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_sync("httpx"), url).result(_SECONDS)


def _openai(url: str) -> Any:
    import openai

    with openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client:
        return client.chat.completions.create(model="gpt-4.1", messages=MESSAGES).id


def _openai_async(url: str) -> Any:
    import openai

    async def send() -> Any:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client:
            return (await client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)).id

    return asyncio.run(send())


def _anthropic(url: str) -> Any:
    import anthropic

    with anthropic.Anthropic(api_key="k", base_url=url, max_retries=0) as client:
        return client.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=MESSAGES).id


def _google(url: str) -> Any:
    from google import genai

    options: Any = {"base_url": url}
    client = genai.Client(api_key="k", http_options=options)
    text = client.models.generate_content(model="gemini-2.5-flash", contents="Hello").text
    client.close()
    return json.dumps(text)


# Each makes one call that is recorded.
HTTP_CALLS: dict[str, Call] = {
    "httpx": _sync("httpx"),
    "httpx async": _async("httpx"),
    "httpx2": _sync("httpx2"),
    "httpx2 async": _async("httpx2"),
    "requests": _requests,
    "aiohttp": _aiohttp,
    "boto3": _boto3,
    "thread": _thread,
}
SDK_CALLS: dict[str, Call] = {
    "openai": _openai,
    "openai async": _openai_async,
    "anthropic": _anthropic,
    "google": _google,
}
