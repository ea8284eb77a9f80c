"""The real Google SDK on every HTTP stack it runs on, sync and async, behind one async face."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import google.oauth2.credentials
import httpx
import httpx2
from google import genai
from google.genai import types

from payi_transport import payi_async_httpx_client, payi_httpx_client
from tests.contract.clients import result

__all__ = ["ACCESSES", "FAMILY", "GOOGLE_SETUPS", "GoogleSetup"]

# Up to its version 2, the SDK can make interactions with this one alone.
FAMILY = "httpx2" if int(genai.__version__.split(".")[0]) >= 3 else "httpx"

Mode = Literal["sync", "async"]
# How a client proves who it is, by what it talks to. Each secret is told by its name.
ACCESSES: dict[str, Callable[[], dict[str, Any]]] = {
    "gemini": lambda: {"api_key": "sk-secret"},
    "vertex": lambda: {
        "vertexai": True,
        "project": "p",
        "location": "us-central1",
        "credentials": google.oauth2.credentials.Credentials("sk-secret"),  # type: ignore[no-untyped-call]
    },
    "express": lambda: {"vertexai": True, "api_key": "sk-secret"},
}


@dataclass(frozen=True)
class GoogleSetup:
    """One way to have an SDK client whose calls are recorded.

    `make_http` makes the HTTP client that is handed to the SDK, if any. `hooked`: whether the hooks record,
    and not the HTTP client alone. The environment is that of the SDK's making.
    """

    name: str
    mode: Mode
    make_http: Callable[[], Any] | None = None
    hooked: bool = True
    environment: dict[str, str] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def client(self, url: str, access: str = "gemini") -> AsyncIterator[Any]:
        """The sync or the async side of a client; what it leaves open is closed."""
        http = self.make_http() if self.make_http else None
        place = "httpx_client" if self.mode == "sync" else "httpx_async_client"
        options: dict[str, Any] = {place: http} if http is not None else {}
        once = types.HttpRetryOptions(attempts=1)
        client = genai.Client(
            http_options=types.HttpOptions(base_url=url, retry_options=once, **options), **ACCESSES[access]()
        )
        try:
            yield client if self.mode == "sync" else client.aio
        finally:
            await client.aio.aclose()
            client.close()
            if http is not None:
                await result(http.close() if self.mode == "sync" else http.aclose())


GOOGLE_SETUPS = [
    GoogleSetup("own-sync", "sync"),
    GoogleSetup("own-sync-httpx", "sync", environment={"GOOGLE_GENAI_HTTP_CLIENT": "httpx"}),
    GoogleSetup("own-sync-httpx2", "sync", environment={"GOOGLE_GENAI_HTTP_CLIENT": "httpx2"}),
    # Where aiohttp can be imported, this is what it runs on.
    GoogleSetup("own-async", "async"),
    GoogleSetup("async-httpx", "async", httpx.AsyncClient),
    GoogleSetup("async-httpx2", "async", httpx2.AsyncClient),
    GoogleSetup("explicit-sync", "sync", lambda: payi_httpx_client(family="httpx2"), hooked=False),
    GoogleSetup("explicit-async", "async", lambda: payi_async_httpx_client(family="httpx"), hooked=False),
    GoogleSetup("both-sync", "sync", lambda: payi_httpx_client(family="httpx")),
    GoogleSetup("both-async", "async", lambda: payi_async_httpx_client(family="httpx2")),
]
