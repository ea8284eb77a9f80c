"""The real Anthropic SDK on every HTTP stack it runs on, and its clients for every host, sync and async.

What the SDK's major version offers is found out, so the same table serves each version that is installed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import anthropic
import anyio
import httpx
import httpx2

from payi_transport import payi_async_httpx_client, payi_httpx_client
from tests.contract.clients import result

__all__ = ["HOSTS", "SETUPS", "Host", "Setup", "run"]

MAJOR = int(anthropic.__version__.split(".")[0])
_library: Any = httpx2 if MAJOR >= 1 else httpx
_family: Literal["httpx", "httpx2"] = "httpx2" if MAJOR >= 1 else "httpx"


@dataclass(frozen=True)
class Setup:
    """One way to have an SDK client whose calls are recorded; `hooked`: by hooks on every client."""

    name: str
    make: Callable[..., Any]
    hooked: bool = True
    backend: str = "asyncio"

    def client(self, url: str, **options: Any) -> Any:
        return self.make(base_url=url, api_key="sk-secret", **{"max_retries": 0, **options})


@dataclass(frozen=True)
class Host:
    """A host of Anthropic's models: the SDK's clients for it, and what calls of these are recorded as.

    `base` and `path` stand before and behind the origin's address.
    """

    name: str
    sync: Callable[..., Any]
    asynchronous: Callable[..., Any]
    case: str
    base: str
    path: str
    options: Mapping[str, Any] = field(default_factory=lambda: {"api_key": "sk-secret"})

    def setup(self, asynchronous: bool) -> Setup:
        make = self.asynchronous if asynchronous else self.sync
        options = dict(self.options)

        def make_client(base_url: str, api_key: str, **more: Any) -> Any:
            return make(base_url=f"{base_url}{self.base}", **options, **more)

        return Setup(self.name, make_client)


def run(setup: Setup, url: str, scenario: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    """What a scenario makes of a client of the setup."""

    async def main() -> Any:
        client = setup.client(url, **options)
        try:
            return await scenario(client)
        finally:
            await result(client.close())

    return anyio.run(main, backend=setup.backend)


def _with(sdk: Any, make_http: Callable[[], Any]) -> Callable[..., Any]:
    return lambda **options: sdk(http_client=make_http(), **options)


def _mounted() -> Any:
    return _library.Client(mounts={"http://": _library.HTTPTransport()})


_SYNC, _ASYNC = anthropic.Anthropic, anthropic.AsyncAnthropic
SETUPS = [
    Setup("own-sync", _SYNC),
    Setup("own-async", _ASYNC),
    Setup("own-trio", _ASYNC, backend="trio"),
    Setup("own-aiohttp", _with(_ASYNC, anthropic.DefaultAioHttpClient)),
    Setup("explicit-sync", _with(_SYNC, lambda: payi_httpx_client(family=_family)), hooked=False),
    Setup("explicit-async", _with(_ASYNC, lambda: payi_async_httpx_client(family=_family)), hooked=False),
    Setup("both-sync", _with(_SYNC, lambda: payi_httpx_client(family=_family))),
    Setup("both-async", _with(_ASYNC, lambda: payi_async_httpx_client(family=_family))),
    Setup("mounts", _with(_SYNC, _mounted)),
]
_PROJECT = "/projects/my-project/locations/us-east5/publishers/anthropic/models"
HOSTS = [
    Host(
        "vertex",
        anthropic.AnthropicVertex,
        anthropic.AsyncAnthropicVertex,
        "vertex",
        "/v1",
        f"/v1{_PROJECT}/claude-haiku-4-5@20251001:{{verb}}",
        {"region": "us-east5", "project_id": "my-project", "access_token": "sk-secret"},
    ),
    Host(
        "foundry",
        anthropic.AnthropicFoundry,
        anthropic.AsyncAnthropicFoundry,
        "foundry",
        "/anthropic/",
        "/anthropic/v1/messages",
    ),
    Host(
        "mantle",
        anthropic.AnthropicBedrockMantle,
        anthropic.AsyncAnthropicBedrockMantle,
        "mantle",
        "/anthropic",
        "/anthropic/v1/messages",
        {"api_key": "sk-secret", "aws_region": "us-east-1"},
    ),
    Host(
        "databricks",
        _SYNC,
        _ASYNC,
        "databricks",
        "/serving-endpoints/anthropic",
        "/serving-endpoints/anthropic/v1/messages",
        {"auth_token": "sk-secret", "api_key": None},
    ),
]
