"""SDKs of providers that speak OpenAI's wire format, behind one face.

They are imported when they are called, since which of them can be installed together changes from release to
release.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import anyio
import openai

from tests.contract.clients import each, result

__all__ = ["INSTALLED", "SDKS", "Sdk", "Seen"]


@dataclass(frozen=True)
class Seen:
    """What a caller saw of a response: its text, and all that the SDK says of it."""

    text: str
    parts: list[Any]


# Makes the request that is given as JSON to the origin at a URL; whether with the SDK's async side.
Ask = Callable[[str, dict[str, Any], bool], Awaitable[Seen]]


@dataclass(frozen=True)
class Sdk:
    """An SDK, by the name that it is installed by, and what its calls are to be recorded as.

    `path` is what it sends its requests to, with the model where the path names it. `unary` and `stream` are
    the recorded calls that the origin responds with.
    """

    name: str
    module: str
    ask: Ask
    category: str
    path: str
    unary: str
    stream: str

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None


async def _create(
    make: Callable[[str, bool], Any], url: str, request: dict[str, Any], asynchronous: bool
) -> Seen:
    """A call of a client that is generated as OpenAI's is."""
    client = make(url, asynchronous)
    try:
        response = await result(client.chat.completions.create(**request))
        if not request.get("stream"):
            return Seen(response.choices[0].message.content, [response.model_dump()])
        chunks = [chunk async for chunk in each(response)]
        return Seen(_join(chunks), [chunk.model_dump() for chunk in chunks])
    finally:
        await result(client.close())


def _join(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def _azure(url: str, asynchronous: bool) -> Any:
    make: Any = openai.AsyncAzureOpenAI if asynchronous else openai.AzureOpenAI
    return make(azure_endpoint=url, api_key="secret", api_version="2024-10-21", max_retries=0)


def _groq(url: str, asynchronous: bool) -> Any:
    sdk = importlib.import_module("groq")
    make = sdk.AsyncGroq if asynchronous else sdk.Groq
    return make(base_url=url, api_key="secret", max_retries=0)


def _together(url: str, asynchronous: bool) -> Any:
    sdk = importlib.import_module("together")
    make = sdk.AsyncTogether if asynchronous else sdk.Together
    return make(base_url=url, api_key="secret", max_retries=0)


def _databricks(url: str, asynchronous: bool) -> Any:
    sdk = importlib.import_module("databricks_openai")
    workspace = importlib.import_module("databricks.sdk").WorkspaceClient(host=url, token="secret")
    make = sdk.AsyncDatabricksOpenAI if asynchronous else sdk.DatabricksOpenAI
    return make(workspace_client=workspace, max_retries=0)


async def _ask_mistral(url: str, request: dict[str, Any], asynchronous: bool) -> Seen:
    options = {name: value for name, value in request.items() if name != "stream"}
    async with AsyncExitStack() as stack:
        sdk = importlib.import_module("mistralai.client").Mistral(api_key="secret", server_url=url)
        # Each side has an HTTP client of its own to close.
        await stack.enter_async_context(sdk)
        stack.enter_context(sdk)
        chat = sdk.chat
        if not request.get("stream"):
            response = await result((chat.complete_async if asynchronous else chat.complete)(**options))
            return Seen(response.choices[0].message.content, [response.model_dump()])
        stream = await result((chat.stream_async if asynchronous else chat.stream)(**options))
        chunks = [event.data async for event in each(stream)]
        return Seen(_join(chunks), [chunk.model_dump() for chunk in chunks])


async def _ask_litellm(url: str, request: dict[str, Any], asynchronous: bool) -> Seen:
    sdk = importlib.import_module("litellm")
    complete = sdk.acompletion if asynchronous else sdk.completion
    options = {**request, "model": f"openai/{request['model']}"}
    try:
        response = await result(complete(**options, api_base=f"{url}/v1", api_key="secret", max_retries=0))
        if not request.get("stream"):
            return Seen(response.choices[0].message.content, [response.usage.model_dump()])
        # Its streams have both faces, whichever side made them.
        chunks = [chunk async for chunk in response] if asynchronous else list(response)
        return Seen(_join(chunks), [choice.finish_reason for chunk in chunks for choice in chunk.choices])
    finally:
        # What it writes down of a call waits in a queue of the event loop's, which is about to end.
        worker = importlib.import_module("litellm.litellm_core_utils.logging_worker").GLOBAL_LOGGING_WORKER
        await anyio.sleep(0)
        await worker.flush()
        await worker.stop()
        await sdk.close_litellm_async_clients()


async def _ask_langchain(url: str, request: dict[str, Any], asynchronous: bool) -> Seen:
    sdk = importlib.import_module("langchain_openai")
    model = sdk.ChatOpenAI(
        model=request["model"],
        base_url=f"{url}/v1",
        api_key="secret",
        max_retries=0,
        stream_usage=True,
        # Clients with a timeout of this type are not kept for later, when their event loop is closed.
        timeout=openai.Timeout(30),
    )
    messages = request["messages"]
    try:
        if not request.get("stream"):
            response = await result((model.ainvoke if asynchronous else model.invoke)(messages))
            return Seen(response.text, [response.usage_metadata, response.response_metadata])
        stream = (model.astream if asynchronous else model.stream)(messages)
        chunks = [chunk async for chunk in each(stream)]
        return Seen("".join(chunk.text for chunk in chunks), [chunk.usage_metadata for chunk in chunks])
    finally:
        model.root_client.close()
        await model.root_async_client.close()


SDKS = [
    Sdk(
        "openai",
        "openai",
        functools.partial(_create, _azure),
        "system.azureopenai",
        "/openai/deployments/{model}/chat/completions",
        "compatible/azure_deployment",
        "openai/chat_stream",
    ),
    Sdk(
        "groq",
        "groq",
        functools.partial(_create, _groq),
        "my.groq",
        "/openai/v1/chat/completions",
        "compatible/groq_unary",
        "compatible/groq_stream_x_groq",
    ),
    Sdk(
        "together",
        "together",
        functools.partial(_create, _together),
        "my.together",
        "/v1/chat/completions",
        "compatible/together_unary",
        "compatible/mistral_stream",
    ),
    Sdk(
        "mistralai",
        "mistralai",
        _ask_mistral,
        "my.mistral",
        "/v1/chat/completions",
        "compatible/mistral_unary",
        "compatible/mistral_stream",
    ),
    Sdk(
        "litellm",
        "litellm",
        _ask_litellm,
        "my.litellm",
        "/v1/chat/completions",
        "compatible/litellm_unary",
        "openai/chat_stream",
    ),
    Sdk(
        "langchain-openai",
        "langchain_openai",
        _ask_langchain,
        "system.openai",
        "/v1/chat/completions",
        "openai/chat_unary",
        "openai/chat_stream",
    ),
    Sdk(
        "databricks-openai",
        "databricks_openai",
        functools.partial(_create, _databricks),
        "system.databricks.azure",
        "/serving-endpoints/chat/completions",
        "compatible/databricks_chat",
        "openai/chat_stream",
    ),
]
INSTALLED = [sdk for sdk in SDKS if sdk.installed]
