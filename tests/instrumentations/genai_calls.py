"""Calls of SDKs, in the forms that the libraries of `genai_tracers` trace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from tests.instrumentations.calls import MESSAGES
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import by_name

__all__ = ["GENAI_CALLS", "GenaiProvider"]

# Takes the provider's address.
Call = Callable[[str], Any]
_OPTIONS: dict[str, Any] = {"api_key": "k", "max_retries": 0, "timeout": 60}
_CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": MESSAGES}
_STREAM: dict[str, Any] = {**_CHAT, "stream": True, "stream_options": {"include_usage": True}}
_CLAUDE: dict[str, Any] = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": MESSAGES}
_GEMINI: dict[str, Any] = {"model": "gemini-2.5-flash", "contents": "Hello"}
# By the end of the path, for responses that stream and for others.
_CASES = {
    ("/chat/completions", False): "openai/chat_unary",
    ("/chat/completions", True): "openai/chat_stream",
    ("/responses", False): "openai/responses_unary",
    ("/v1/messages", False): "anthropic/message_unary",
    ("/v1/messages", True): "anthropic/message_stream",
    (":generateContent", False): "google/gemini_unary",
    (":streamGenerateContent", True): "google/gemini_stream",
}
_ID = re.compile(rb'("(?:id|responseId)": ?)"(\w)')


class GenaiProvider(Origin):
    """Responds as the API at the path of the request does."""

    def next_response(self) -> CannedResponse:
        request = self.received[-1]
        path = request.path.partition("?")[0]
        streams = b'"stream":true' in request.body.replace(b" ", b"") or "streamGenerateContent" in path
        name = next(
            name for (end, is_stream), name in _CASES.items() if path.endswith(end) and is_stream == streams
        )
        case = by_name[name]
        # Libraries skip responses that they have seen.
        number = b'"%d-' % len(self.received)
        body = _ID.sub(lambda match: match[1] + number + match[2], case.response)
        return CannedResponse([body], headers=case.headers)


def _openai(url: str, **create: Any) -> None:
    import openai

    with openai.OpenAI(base_url=f"{url}/v1", **_OPTIONS) as client:
        _read(client.chat.completions.create(**{**_CHAT, **create}))


def _openai_responses(url: str) -> None:
    import openai

    with openai.OpenAI(base_url=f"{url}/v1", **_OPTIONS) as client:
        client.responses.create(model="gpt-4.1", input="Hello")


def _openai_async(url: str, **create: Any) -> None:
    import openai

    async def send() -> None:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", **_OPTIONS) as client:
            created = await client.chat.completions.create(**{**_CHAT, **create})
            if create:
                [_ async for _ in created]

    asyncio.run(send())


def _anthropic(url: str, **create: Any) -> None:
    import anthropic

    with anthropic.Anthropic(base_url=url, **_OPTIONS) as client:
        _read(client.messages.create(**_CLAUDE, **create))


def _anthropic_async(url: str) -> None:
    import anthropic

    async def send() -> None:
        async with anthropic.AsyncAnthropic(base_url=url, **_OPTIONS) as client:
            await client.messages.create(**_CLAUDE)

    asyncio.run(send())


def _google(url: str, method: str = "generate_content") -> None:
    from google import genai

    options: Any = {"base_url": url}
    client = genai.Client(api_key="k", http_options=options)
    _read(getattr(client.models, method)(**_GEMINI))
    client.close()


def _pydantic_ai(url: str, name: str) -> None:
    from importlib import import_module

    agent: Any = import_module("pydantic_ai").Agent
    folder = name.lower()
    provider = getattr(import_module(f"pydantic_ai.providers.{folder}"), f"{name}Provider")
    model = getattr(
        import_module(f"pydantic_ai.models.{folder}"),
        "OpenAIChatModel" if name == "OpenAI" else "AnthropicModel",
    )
    base_url = f"{url}/v1" if name == "OpenAI" else url
    agent(model("gpt-4.1", provider=provider(api_key="k", base_url=base_url))).run_sync("Hello")


def _langfuse(url: str, **create: Any) -> None:
    from importlib import import_module

    openai: Any = import_module("langfuse.openai").openai
    with openai.OpenAI(base_url=f"{url}/v1", **_OPTIONS) as client:
        _read(client.chat.completions.create(**{**_CHAT, **create}))


def _read(created: Any) -> None:
    """Read a stream to its end."""
    if not hasattr(created, "model_dump"):
        list(created)


GENAI_CALLS: dict[str, Call] = {
    "openai": _openai,
    "openai async": _openai_async,
    "openai stream": lambda url: _openai(url, **_STREAM),
    "openai async stream": lambda url: _openai_async(url, **_STREAM),
    "openai responses": _openai_responses,
    "anthropic": _anthropic,
    "anthropic async": _anthropic_async,
    "anthropic stream": lambda url: _anthropic(url, stream=True),
    "google": _google,
    "google stream": lambda url: _google(url, "generate_content_stream"),
    "pydantic_ai openai": lambda url: _pydantic_ai(url, "OpenAI"),
    "pydantic_ai anthropic": lambda url: _pydantic_ai(url, "Anthropic"),
    "langfuse openai": _langfuse,
    "langfuse openai stream": lambda url: _langfuse(url, **_STREAM),
}
