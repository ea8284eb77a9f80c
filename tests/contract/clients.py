"""The real OpenAI SDK on every HTTP stack it runs on, sync and async, behind one async face.

What the SDK's major version offers is found out, so the same table serves each version that is installed.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import httpx2
import openai

from payi_transport import payi_async_httpx_client, payi_httpx_client

__all__ = ["SETUPS", "Install", "Setup", "each", "entered", "result"]

MAJOR = int(openai.__version__.split(".")[0])
Install = Literal["global", "explicit", "both"]


@dataclass(frozen=True)
class Setup:
    """One way to have an SDK client whose calls are recorded."""

    name: str
    install: Install
    make: Callable[..., Any]
    backend: str = "asyncio"

    def client(self, url: str, **options: Any) -> Any:
        return self.make(base_url=f"{url}/v1", api_key="sk-secret", **{"max_retries": 0, **options})


async def result(value: Any) -> Any:
    """What a call of either kind of client responses."""
    return await value if inspect.isawaitable(value) else value


async def each(stream: Any) -> AsyncGenerator[Any, None]:
    """The items of a stream of either kind."""
    if hasattr(stream, "__aiter__"):
        async for item in stream:
            yield item
    else:
        for item in stream:
            yield item


@contextlib.asynccontextmanager
async def entered(manager: Any) -> AsyncGenerator[Any, None]:
    """What a context manager of either kind gives."""
    if hasattr(manager, "__aenter__"):
        async with manager as given:
            yield given
    else:
        with manager as given:
            yield given


def _with(sdk: Any, make_http: Callable[[], Any]) -> Callable[..., Any]:
    return lambda **options: sdk(http_client=make_http(), **options)


def _family() -> Any:
    return "httpx2" if MAJOR >= 3 else "httpx"


def _setups() -> list[Setup]:
    sync, asynchronous = openai.OpenAI, openai.AsyncOpenAI
    found = [
        Setup("own-sync", "global", sync),
        Setup("own-async", "global", asynchronous),
        Setup("own-trio", "global", asynchronous, backend="trio"),
        Setup("own-aiohttp", "global", _with(asynchronous, openai.DefaultAioHttpClient)),
        Setup("explicit-sync", "explicit", _with(sync, lambda: payi_httpx_client(family=_family()))),
        Setup(
            "explicit-async",
            "explicit",
            _with(asynchronous, lambda: payi_async_httpx_client(family=_family())),
        ),
        Setup("both-sync", "both", _with(sync, lambda: payi_httpx_client(family=_family()))),
        Setup("both-async", "both", _with(asynchronous, lambda: payi_async_httpx_client(family=_family()))),
    ]
    if MAJOR >= 3:
        found += [
            Setup("legacy-sync", "global", _with(sync, httpx.Client)),
            Setup("legacy-async", "global", _with(asynchronous, httpx.AsyncClient)),
            Setup("legacy-explicit", "explicit", _with(sync, lambda: payi_httpx_client(family="httpx"))),
            Setup(
                "mounts",
                "global",
                _with(sync, lambda: httpx2.Client(mounts={"http://": httpx2.HTTPTransport()})),
            ),
        ]
    else:
        mounted = _with(sync, lambda: httpx.Client(mounts={"http://": httpx.HTTPTransport()}))
        found.append(Setup("mounts", "global", mounted))
    return found


SETUPS = _setups()
