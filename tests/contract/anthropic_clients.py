"""The real Anthropic SDK on every HTTP stack it runs on, and its clients for every host, sync and async.

What the SDK's major version offers is found out, so the same table serves each version that is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import anthropic
import httpx
import httpx2

from payi_transport import payi_async_httpx_client, payi_httpx_client
from tests.contract.clients import Install

__all__ = ["HOSTS", "SETUPS", "Host", "Setup"]

MAJOR = int(anthropic.__version__.split(".")[0])
_library: Any = httpx2 if MAJOR >= 1 else httpx
_family: Literal["httpx", "httpx2"] = "httpx2" if MAJOR >= 1 else "httpx"


@dataclass(frozen=True)
class Setup:
    """One way to have an SDK client whose calls are recorded."""

    name: str
    make: Callable[..., Any]
    install: Install = "global"
    backend: str = "asyncio"

    def client(self, url: str, **options: Any) -> Any:
        return self.make(base_url=url, api_key="sk-secret", **{"max_retries": 0, **options})


@dataclass(frozen=True)
class Host:
    """A host of Anthropic's models: the SDK's clients for it, and where calls of these go.

    `case` is the beginning of the names of recorded calls, `base` the path of the address that a client gets,
    `paths` those of a request that asks for a document, and for a stream.
    """

    name: str
    sync: Callable[..., Any]
    asynchronous: Callable[..., Any]
    case: str
    base: str
    paths: tuple[str, str]
    options: Mapping[str, Any] = field(default_factory=lambda: {"api_key": "sk-secret"})

    def setup(self, asynchronous: bool) -> Setup:
        make = self.asynchronous if asynchronous else self.sync
        options = dict(self.options)

        def make_client(base_url: str, api_key: str, **more: Any) -> Any:
            return make(base_url=f"{base_url}{self.base}", **options, **more)

        return Setup(self.name, make_client)


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
    Setup("explicit-sync", _with(_SYNC, lambda: payi_httpx_client(family=_family)), "explicit"),
    Setup("explicit-async", _with(_ASYNC, lambda: payi_async_httpx_client(family=_family)), "explicit"),
    Setup("both-sync", _with(_SYNC, lambda: payi_httpx_client(family=_family)), "both"),
    Setup("both-async", _with(_ASYNC, lambda: payi_async_httpx_client(family=_family)), "both"),
    Setup("mounts", _with(_SYNC, _mounted)),
]
_VERTEX = "/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001"
_BEDROCK = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HOSTS = [
    Host(
        "vertex",
        anthropic.AnthropicVertex,
        anthropic.AsyncAnthropicVertex,
        "anthropic/vertex",
        "/v1",
        (f"{_VERTEX}:rawPredict", f"{_VERTEX}:streamRawPredict"),
        {"region": "us-east5", "project_id": "my-project", "access_token": "sk-secret"},
    ),
    Host(
        "bedrock",
        anthropic.AnthropicBedrock,
        anthropic.AsyncAnthropicBedrock,
        "bedrock/anthropic",
        "",
        (f"{_BEDROCK}/invoke", f"{_BEDROCK}/invoke-with-response-stream"),
        {"aws_access_key": "AKIA", "aws_secret_key": "sk-secret", "aws_region": "us-east-1"},
    ),
    Host(
        "foundry",
        anthropic.AnthropicFoundry,
        anthropic.AsyncAnthropicFoundry,
        "anthropic/foundry",
        "/anthropic/",
        ("/anthropic/v1/messages",) * 2,
    ),
    Host(
        "mantle",
        anthropic.AnthropicBedrockMantle,
        anthropic.AsyncAnthropicBedrockMantle,
        "anthropic/mantle",
        "/anthropic",
        ("/anthropic/v1/messages",) * 2,
        {"api_key": "sk-secret", "aws_region": "us-east-1"},
    ),
    Host(
        "databricks",
        _SYNC,
        _ASYNC,
        "anthropic/databricks",
        "/serving-endpoints/anthropic",
        ("/serving-endpoints/anthropic/v1/messages",) * 2,
        {"auth_token": "sk-secret", "api_key": None},
    ),
]
